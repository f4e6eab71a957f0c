"""The interface `node`."""

from __future__ import annotations

from typing import Any

from jackfield import host
from jackfield.component import answered, answered_with_all
from jackfield.nodes import InputPort, running
from jackfield.registry import NODES, find
from jackfield.types import from_schema


class Instance:
    """A node of a pipeline."""

    def __init__(self, node_type: str, parameters: str) -> None:
        self._node: Any = answered_with_all(lambda: running(find(NODES, node_type, "node type"), parameters))
        self._process = self._node.process

    def bind(self, inputs: list[Any]) -> Any:
        ports = [InputPort(port.name, from_schema(port.schema)) for port in inputs]
        return answered_with_all(self._node.bound, ports)

    def process(self, port: str, input: Any, columns: list[Any]) -> Any:
        try:
            return self._process(port, input, columns)
        except host.Err:
            raise
        except Exception as error:
            return answered(_again, error)

    def resume(self) -> Any:
        return answered(self._node.resume)

    def finish(self, port: str) -> Any:
        return answered(self._node.finish, port)


def _again(error: Exception) -> None:
    raise error

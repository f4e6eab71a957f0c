"""The interface `format`."""

from __future__ import annotations

from typing import Any

from jackfield.component import answered
from jackfield.formats import Reading, Writing
from jackfield.registry import FORMATS, find


class Reader:
    """A file that is being read."""

    def __init__(self, format: str, options: str, input: Any, demand: Any) -> None:
        self._work: Any = answered(lambda: Reading(find(FORMATS, format, "format"), options, input, demand))

    def schema(self) -> Any:
        return answered(self._work.schema)

    def next(self) -> Any:
        return answered(self._work.next)


class Writer:
    """A file that is being written."""

    def __init__(self, format: str, options: str, schema: Any, output: Any) -> None:
        self._work: Any = answered(lambda: Writing(find(FORMATS, format, "format"), options, schema, output))

    def write(self, input: Any) -> None:
        answered(self._work.write, input)

    def flush(self) -> None:
        answered(self._work.flush)

    def finish(self) -> None:
        answered(self._work.finish)

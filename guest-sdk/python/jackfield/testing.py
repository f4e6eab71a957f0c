"""Runs plugins natively, for `unittest` and `pytest`: no host, no WebAssembly, ordinary debuggers work.

```python
from jackfield.testing import run
assert run(late, [{"dep_delay": 90}]).rows == [{"dep_delay": 90, "hours": 1.5}]
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import host
from .batches import Batch
from .codecs import Decoding, Encoding
from .failures import Failures, from_host
from .formats import Reading, Writing
from .nodes import InputPort, running
from .registry import CODECS, FORMATS, NODES, Declared, declared_of, find
from .types import from_schema, from_tree, to_schema

Rows = Sequence[Mapping[str, Any]]


class Result:
    """What a node gave: `ports` with the rows of each, those that were `rejected` with their reasons, and the binding."""

    def __init__(self) -> None:
        self.ports: dict[str, list[dict[str, Any]]] = {}
        self.rejected: list[tuple[dict[str, Any], str]] = []
        self.types: dict[str, str] = {}
        self.binding: Any = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the port `out`."""
        return self.ports.get("out", [])


def _declared(target: Any, known: dict[str, Declared], what: str) -> Declared:
    return find(known, target, what) if isinstance(target, str) else declared_of(target, known)


def _parameters(values: Mapping[str, Any]) -> str:
    return json.dumps({name.rstrip("_").replace("_", "-"): value for name, value in values.items()})


def run(target: Any, rows: Rows | Batch | Mapping[str, Any], schema: Mapping[str, str] | None = None, **parameters: Any) -> Result:
    """Runs a node, given by its function, class or type's name, on rows (a dict of them by port for several inputs).

    `schema` says the types where they do not follow from the rows. A failure of the node is raised.
    """
    inputs = rows if isinstance(rows, Mapping) else {"in": rows}
    batches = {port: given if isinstance(given, Batch) else Batch.of_rows(given, schema) for port, given in inputs.items()}
    result = Result()
    try:
        node = running(_declared(target, NODES, "node type"), _parameters(parameters))
        ports = [InputPort(port, batch.schema) for port, batch in batches.items()]
        result.binding = binding = node.bound(ports)
        for output in binding.outputs:
            result.ports[output.name] = []
        order = sorted(batches, key=lambda port: port not in binding.drain_first)
        for port in order:
            batch = batches[port]
            paths: list[list[int]] = next((fetch.paths for fetch in binding.prefetch if fetch.port == port), [])
            columns = [batch.handle.column(path[0]).read(path[1:]) for path in paths]
            step = node.process(port, batch.handle, columns)
            progress = _take(result, step, batch)
            while progress == "MORE":
                progress = _take(result, node.resume(), None)
            if progress == "DONE":
                return result
            progress = _take(result, node.finish(port), None)
            while progress == "MORE":
                progress = _take(result, node.resume(), None)
    except host.Err as error:
        found = error.value
        raise (Failures([from_host(record) for record in found]) if isinstance(found, list) else from_host(found)) from None
    return result


def _take(result: Result, step: Any, input: Batch | None) -> str:
    for rejected in step.rejected:
        assert input is not None
        result.rejected += [(row, rejected.reason.message) for row in Batch(input.handle.filter(rejected.rows)).to_rows()]
    for emission in step.emissions:
        given = emission.output.value
        if type(emission.output).__name__ == "Output_Batch":
            batch = Batch(given)
        else:
            assert input is not None
            batch = _changed(result.binding, emission.port, given, input)
        result.types.update((field.name, field.type.name) for field in batch.schema)
        result.ports.setdefault(emission.port, []).extend(batch.to_rows())
    name: str = step.progress.name
    return name


def _changed(binding: Any, port: str, change: Any, input: Batch) -> Batch:
    output = next(output for output in binding.outputs if output.name == port)
    made = iter(change.made)
    picked = []
    fields = []
    for column in output.columns:
        if type(column).__name__ == "OutColumn_Passed":
            field = input.schema.fields[column.value.input.index]
            picked.append(input.handle.column(column.value.input.index))
            fields.append((column.value.name or field.name, field.type))
        else:
            picked.append(next(made))
            field = from_tree(column.value)
            fields.append((field.name, field.type))
    from .types import Schema

    handle = host.data.Batch.of(to_schema(Schema(dict(fields))), len(input), picked)
    return Batch(handle if change.selection is None else handle.filter(change.selection))


def decode(target: Any, data: bytes, *, piece: int = 1 << 20, **options: Any) -> bytes:
    """What a codec makes of encoded bytes, handed over in pieces of at most so many bytes."""
    with _raised():
        declared = _declared(target, CODECS, "codec")
        decoding = Decoding(declared, _parameters(options), host.streams.Source(data, piece=piece))
        decoded = bytearray()
        while hasattr(given := decoding.read(piece), "value"):
            decoded += given.value
        return bytes(decoded)
    raise AssertionError


def encode(target: Any, data: bytes, *, piece: int = 1 << 20, **options: Any) -> bytes:
    """What a codec makes of plain bytes, handed over in pieces of at most so many bytes."""
    with _raised():
        sink = host.streams.Sink()
        encoding = Encoding(_declared(target, CODECS, "codec"), _parameters(options), sink)
        for at in range(0, len(data), piece):
            encoding.write(data[at : at + piece])
        encoding.finish()
        return bytes(sink.written)
    raise AssertionError


def read(target: Any, data: bytes, *, columns: list[str] | None = None, piece: int = 1 << 20, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows that a format reads from bytes, and why others could not be read. It is opened twice, as the host does."""
    with _raised():
        declared = _declared(target, FORMATS, "format")
        demand = host.types.Demand(None, [], None, 65_536, None, [])
        schema = from_schema(Reading(declared, _parameters(options), host.streams.Source(data, piece=piece), demand).schema())
        told = {"schema": {field.name: field.type.name for field in schema}}
        demand = host.types.Demand(columns, [], None, 65_536, None, [])
        reading = Reading(declared, json.dumps(json.loads(_parameters(options)) | told), host.streams.Source(data, piece=piece), demand)
        rows: list[dict[str, Any]] = []
        bad: list[str] = []
        while hasattr(given := reading.next(), "value"):
            rows += Batch(given.value.batch).to_rows()
            bad += [row.reason.message for row in given.value.bad]
        return rows, bad
    raise AssertionError


def write(target: Any, rows: Rows, *, schema: Mapping[str, str] | None = None, **options: Any) -> bytes:
    """What a format writes for rows."""
    with _raised():
        batch = Batch.of_rows(rows, schema)
        sink = host.streams.Sink()
        writing = Writing(_declared(target, FORMATS, "format"), _parameters(options), to_schema(batch.schema), sink)
        writing.write(batch.handle)
        writing.finish()
        return bytes(sink.written)
    raise AssertionError


class _raised:
    """Turns the host's failures into the exceptions that authors know."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, host.Err):
            raise from_host(error.value) from None


def logs() -> list[tuple[str, str]]:
    """The lines that were logged since the last call, with their levels. The first call installs the handler."""
    from . import fake  # noqa: F401
    from .fake import log
    from .logs import HostHandler

    import logging

    root = logging.getLogger()
    if not any(isinstance(handler, HostHandler) for handler in root.handlers):
        root.addHandler(HostHandler())
        root.setLevel(logging.DEBUG)
    lines, log.LINES[:] = list(log.LINES), []
    return lines

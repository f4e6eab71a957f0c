"""Formats: bytes to rows and back.

A format's class takes the options in `__init__`. `reader(source, demand)` gives an object with `schema()` and an
iterator of batches, chunks or lists of dicts; `writer(schema, sink)` one with `write(batch)` and `close()`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from . import host
from .batches import Batch
from .failures import Failure, InvalidInput, Internal, to_host
from .parameters import Signature
from .programs import column_of
from .registry import FORMATS, Declared, declare
from .streams import SinkWriter, SourceReader
from .types import Schema, Type, from_schema, to_schema

T = TypeVar("T", bound=type)


class Demand:
    """What the pipeline will use: `columns` (`None`: all), `predicates`, `limit`, `batch_rows`; and, once it is known
    or said in the pipeline, the types of columns in `schema`."""

    def __init__(self, record: Any, schema: Mapping[str, str] | None) -> None:
        self.columns: list[str] | None = record.columns
        self.predicates: list[Any] = record.predicates
        # It counts rows that satisfy all predicates, so it is of no use to readers that apply none.
        self.limit: int | None = record.limit if not record.predicates else None
        self.batch_rows: int = record.batch_rows
        self.schema: dict[str, Type] = {name: Type.of(text) for name, text in (schema or {}).items()}

    def wanted(self, schema: Schema) -> list[str]:
        """The columns to hand over, in order."""
        return schema.names if self.columns is None else self.columns


class BadRow:
    """A row that could not be read: why, its physical line from 0, and its raw bytes."""

    def __init__(self, reason: Failure | str, line: int | None = None, raw: bytes = b"") -> None:
        self.reason = InvalidInput(reason) if isinstance(reason, str) else reason
        self.line = line
        self.raw = raw


class Chunk:
    """Rows: exactly the demanded columns, in that order. `first_row` is the record number of the first; `rows`, where
    records are missing in between, the number of each."""

    def __init__(self, batch: Batch, first_row: int, bad: Sequence[BadRow] = (), rows: Sequence[int] | None = None) -> None:
        self.batch = batch
        self.first_row = first_row
        self.bad = bad
        self.rows = rows


class Reader(Protocol):
    """What a format's `reader` gives."""

    def schema(self) -> Schema:
        """All columns, whatever the demand."""

    def __iter__(self) -> Iterator[Any]:
        """Chunks, batches, or lists of rows as dicts."""


class Writer(Protocol):
    """What a format's `writer` gives."""

    def write(self, batch: Batch) -> None:
        """Writes rows."""

    def close(self) -> None:
        """Writes what is left."""


def format(id: str) -> Callable[[T], T]:
    """Declares a format. Its class may have a static `detect(name, head)` that gives a confidence from 0 to 100."""

    def decorate(target: T) -> T:
        declare(FORMATS, Declared(id, target, Signature(target.__init__, 1, target), {}))  # type: ignore[misc]
        return target

    return decorate


def detect(name: str | None, head: bytes) -> list[Any]:
    """What the plugin's formats say about the beginning of a file."""
    found = []
    for declared in FORMATS.values():
        looks = getattr(declared.target, "detect", None)
        confidence = int(looks(name, head) or 0) if looks else 0
        if confidence > 0:
            found.append(host.format.Candidate(declared.id, min(confidence, 100), f"it looks like {declared.id}"))
    return found


def chunks(rows: Iterable[Mapping[str, Any] | BadRow], schema: Schema, demand: Demand) -> Iterator[Chunk]:
    """Rows as dicts, in chunks of the size and with the columns that are wanted; bad rows are handed on between them."""
    names = demand.wanted(schema)
    types = {name: schema[name].type for name in names}
    gathered: list[Mapping[str, Any]] = []
    numbers: list[int] = []
    bad: list[BadRow] = []
    left = demand.limit
    number = -1

    def chunk() -> Chunk:
        batch = Batch.of_rows(gathered, types) if names else _without_columns(len(gathered))
        first = numbers[0] if numbers else max(number, 0)
        gaps = bool(numbers) and numbers[-1] - first + 1 != len(numbers)
        return Chunk(batch, first, list(bad), list(numbers) if gaps else None)

    for number, row in enumerate(rows):
        if left is not None and left <= 0:
            break
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            gathered.append(row)
            numbers.append(number)
            left = None if left is None else left - 1
        if len(gathered) >= demand.batch_rows or len(bad) >= 10_000:
            yield chunk()
            gathered, numbers, bad = [], [], []
    if gathered or bad:
        yield chunk()


def _without_columns(rows: int) -> Batch:
    return Batch(host.data.Batch.of(to_schema(Schema([])), rows, []), Schema([]))


class Reading:
    """Runs a format's reader."""

    def __init__(self, declared: Declared, options: str, source: Any, demand: Any) -> None:
        schema = json.loads(options).get("schema") if options.strip() else None
        written = declared.target(**declared.signature.arguments(options))
        self._demand = Demand(demand, schema)
        self._reader: Any = written.reader(SourceReader(source), self._demand)
        self._items: Iterator[Any] | None = None
        self._row = 0

    def schema(self) -> Any:
        """The host's form of the schema."""
        return to_schema(self._reader.schema())

    def next(self) -> Any:
        """The next chunk, a pause, or the end."""
        flow = host.flow
        if self._items is None:
            self._items = iter(self._reader)
        try:
            item = next(self._items)
        except StopIteration:
            return flow.Next_End()
        except BlockingIOError:
            return flow.Next_Pause()
        if not isinstance(item, Batch | Chunk):
            schema = self._reader.schema()
            names = self._demand.wanted(schema)
            item = Batch.of_rows(list(item), {name: schema[name].type for name in names})
        if isinstance(item, Batch):
            item = Chunk(item, self._row)
        self._row = item.first_row + len(item.batch)
        rows = None if item.rows is None else column_of(Type("Uint64"), item.rows)
        bad = [flow.BadRow(row.line, row.raw, to_host(row.reason)) for row in item.bad]
        return flow.Next_Chunk(flow.Chunk(item.batch.handle, item.first_row, rows, bad, b""))


class Writing:
    """Runs a format's writer."""

    def __init__(self, declared: Declared, options: str, schema: Any, sink: Any) -> None:
        written = declared.target(**declared.signature.arguments(options))
        self._schema = from_schema(schema)
        self._sink = SinkWriter(sink)
        self._writer: Any = written.writer(self._schema, self._sink)

    def write(self, handle: Any) -> None:
        """Writes a batch of the host's."""
        if self._writer is None:
            raise Internal("the writer was finished already")
        self._writer.write(Batch(handle, self._schema))

    def flush(self) -> None:
        """Hands on what can be handed on."""
        if hasattr(self._writer, "flush"):
            self._writer.flush()
        self._sink.flush()

    def finish(self) -> None:
        """Writes what is left."""
        writer, self._writer = self._writer, None
        if writer is None:
            raise Internal("the writer was finished already")
        if hasattr(writer, "close"):
            writer.close()
        self._sink.flush()

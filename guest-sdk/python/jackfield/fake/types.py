"""The interface `types`, as componentize-py spells it."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from enum import Enum
from typing import Any


class Err(Exception):
    """A call's failure."""

    def __init__(self, value: Any) -> None:
        super().__init__(getattr(value, "message", str(value)))
        self.value = value


class FailureKind(Enum):
    """Who is to blame."""

    INVALID_INPUT = 0
    INVALID_CONFIG = 1
    DENIED = 2
    LIMIT = 3
    UNAVAILABLE = 4
    CANCELLED = 5
    INTERNAL = 6
    OTHER = 7


class TimeUnit(Enum):
    """Units of times."""

    SECOND = 0
    MILLISECOND = 1
    MICROSECOND = 2
    NANOSECOND = 3


class IntervalUnit(Enum):
    """Units of intervals."""

    YEAR_MONTH = 0
    DAY_TIME = 1
    MONTH_DAY_NANO = 2


DictionaryKey = Enum("DictionaryKey", "INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64", start=0)


@dataclass
class Failure:
    """What went wrong."""

    kind: FailureKind
    code: str
    message: str
    row: int | None
    column: str | None
    parameter: str | None
    offset: int | None
    help: str | None


@dataclass
class Field:
    """A node of a type's tree."""

    name: str
    data_type: Any
    nullable: bool
    children: list[int]
    metadata: list[tuple[str, str]]


@dataclass
class Schema:
    """Columns."""

    fields: list[Field]
    columns: list[int]
    metadata: list[tuple[str, str]]


@dataclass
class Buffers:
    """One level of a column."""

    length: int
    null_count: int
    validity: bytes | None
    offsets: bytes | None
    values: bytes


@dataclass
class Predicate:
    """What holds for a column."""

    column: str
    comparison: str
    values: list[Any]


@dataclass
class Demand:
    """What is used of a source."""

    columns: list[str] | None
    predicates: list[Predicate]
    limit: int | None
    batch_rows: int
    resume: bytes | None
    extra: list[tuple[str, str]]


_PLAIN = """
Null Boolean Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Float16 Float32 Float64 Utf8 LargeUtf8 Binary
LargeBinary Date32 Date64 ListOf LargeListOf StructOf MapOf
""".split()
_VALUED = """
Decimal128 Decimal256 FixedSizeBinary Time32 Time64 Timestamp Duration Interval FixedSizeListOf DictionaryOf
Other
""".split()

for _name in _PLAIN:
    globals()[f"DataType_{_name}"] = make_dataclass(f"DataType_{_name}", [])
for _name in _VALUED:
    globals()[f"DataType_{_name}"] = make_dataclass(f"DataType_{_name}", ["value"])
Scalar_Null = make_dataclass("Scalar_Null", [])
for _name in "Boolean Int64 Uint64 Float64 Text Binary Typed".split():
    globals()[f"Scalar_{_name}"] = make_dataclass(f"Scalar_{_name}", ["value"])


def failed(kind: FailureKind, code: str, message: str, **more: Any) -> Err:
    """A failure to raise."""
    fields = [more.get(key) for key in ("row", "column", "parameter", "offset", "help")]
    return Err(Failure(kind, code, message, *fields))

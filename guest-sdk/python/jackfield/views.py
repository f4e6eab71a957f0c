"""Columns as raw Arrow buffers, without copies, and as Python values.

A `View` holds one level of a column: `values` and `offsets` are memoryviews over the bytes that came from the host.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from . import host
from .failures import InvalidInput, Unavailable
from .types import Field, Type

assert sys.byteorder == "little", "Arrow's buffers are read as they are, which takes a little-endian machine"

_CODES = {
    "Int8": "b", "Int16": "h", "Int32": "i", "Int64": "q", "Uint8": "B", "Uint16": "H", "Uint32": "I", "Uint64": "Q",
    "Float32": "f", "Float64": "d", "Date32": "i", "Date64": "q", "Time32": "i", "Time64": "q", "Timestamp": "q",
    "Duration": "q",
}  # fmt: skip
_PER_SECOND = {"SECOND": 1, "MILLISECOND": 1_000, "MICROSECOND": 1_000_000, "NANOSECOND": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_VARIABLE = {"Utf8": "i", "Binary": "i", "LargeUtf8": "q", "LargeBinary": "q", "ListOf": "i", "LargeListOf": "q", "MapOf": "i"}


class View:
    """One level of a column as raw buffers.

    `values` is a memoryview of the numbers (`bool`: of the bytes of a bitmap, least significant bit first; text and
    binary: of all bytes one after the other); `offsets`, where the type has them, are one more than the rows; `validity`
    is a bitmap, or `None` where no value is null. Values under nulls are zero.
    """

    __slots__ = ("_read", "length", "null_count", "offsets", "path", "type", "validity", "values")

    def __init__(self, type: Type, buffers: Any, read: Callable[[list[int]], Any] | None = None, path: Sequence[int] = ()) -> None:
        self.type = type
        self.length: int = buffers.length
        self.null_count: int = buffers.null_count
        self.validity = None if buffers.validity is None else memoryview(buffers.validity)
        self.values: Any = memoryview(buffers.values)
        code = _CODES.get(type.kind)
        if code:
            self.values = _cast(self.values, code)
        offsets = _VARIABLE.get(type.kind)
        self.offsets = None if buffers.offsets is None or offsets is None else _cast(memoryview(buffers.offsets), offsets)
        self._read = read
        self.path = list(path)

    def __len__(self) -> int:
        return self.length

    def is_valid(self, row: int) -> bool:
        """Whether the value of a row is not null."""
        return self.validity is None or bool(self.validity[row >> 3] >> (row & 7) & 1)

    def __getitem__(self, row: int) -> Any:
        if row < 0:
            row += self.length
        if not 0 <= row < self.length:
            raise IndexError(f"row {row} of {self.length}")
        if not self.is_valid(row):
            return None
        if self.type.kind in _CODES and self.type.kind[:3] in ("Int", "Uin", "Flo"):
            return self.values[row]
        if self.type.is_text and self.offsets is not None:
            return str(self.values[self.offsets[row] : self.offsets[row + 1]], "utf-8")
        return self.to_list()[row]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_list())

    def child(self, number: int) -> View:
        """The level of a list's items, or of a struct's field."""
        if self._read is None:
            raise Unavailable("this view has no children", code="no-children")
        path = [*self.path, number]
        return View(self.type.children[number].type, self._read(path), self._read, path)

    def to_list(self) -> list[Any]:
        """The values, `None` for nulls: numbers, text, bytes, `date`, `datetime`, `time`, `timedelta`, `Decimal`, lists, dicts."""
        values = self._decoded()
        if self.null_count:
            valid = _bits(self.validity, self.length)
            return [value if ok else None for value, ok in zip(values, valid, strict=True)]
        return values

    def _decoded(self) -> list[Any]:
        kind, argument = self.type.kind, self.type.argument
        if kind == "Null":
            return [None] * self.length
        if kind == "Boolean":
            return _bits(self.values, self.length)
        if kind in ("Utf8", "LargeUtf8", "Binary", "LargeBinary"):
            return self._pieces(kind.endswith("Utf8"))
        if kind == "FixedSizeBinary":
            raw = bytes(self.values)
            return [raw[at : at + argument] for at in range(0, self.length * argument, argument)]
        if kind.startswith("Decimal"):
            width, scale = (16 if kind == "Decimal128" else 32), argument[1]
            raw = bytes(self.values)
            whole = (int.from_bytes(raw[i : i + width], "little", signed=True) for i in range(0, len(raw), width))
            return [Decimal(number).scaleb(-scale) for number in whole]
        if kind == "Float16":
            return list(array("f", (_half(bits) for bits in self.values.cast("H"))))
        if kind in ("ListOf", "LargeListOf", "FixedSizeListOf"):
            items = self.child(0).to_list()
            if self.offsets is None:
                return [items[at * argument : (at + 1) * argument] for at in range(self.length)]
            ends = self.offsets.tolist()
            return [items[start:end] for start, end in zip(ends, ends[1:], strict=False)]
        if kind == "StructOf":
            names = [field.name for field in self.type.children]
            columns = [self.child(at).to_list() for at in range(len(names))]
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] if names else [{}] * self.length
        if kind not in _CODES:
            raise Unavailable(f"values of the type {self.type.name} cannot be read in Python", code="unsupported-type")
        numbers = self.values.tolist()
        return _times(kind, argument, numbers) if kind[0] in "DT" else numbers

    def _pieces(self, text: bool) -> list[Any]:
        ends = self.offsets.tolist() if self.offsets is not None else [0]
        raw = bytes(self.values)
        if text and raw.isascii():
            whole = raw.decode("ascii")
            return [whole[start:end] for start, end in zip(ends, ends[1:], strict=False)]
        pieces = [raw[start:end] for start, end in zip(ends, ends[1:], strict=False)]
        return [piece.decode() for piece in pieces] if text else pieces


def _cast(raw: memoryview, code: str) -> Any:
    return raw.cast(code)  # type: ignore[call-overload]


def _bits(bitmap: memoryview | None, length: int) -> list[bool]:
    if bitmap is None:
        return [True] * length
    digits = bin(int.from_bytes(bitmap, "little") | 1 << (8 * len(bitmap) + length))[:2:-1]
    return [digit == "1" for digit in digits[:length]]


def _bitmap(flags: Sequence[bool]) -> bytes:
    if not flags:
        return b""
    number = int("".join("1" if flag else "0" for flag in reversed(flags)), 2)
    return number.to_bytes((len(flags) + 7) // 8, "little")


def _half(bits: int) -> float:
    import struct

    return float(struct.unpack("<e", bits.to_bytes(2, "little"))[0])


def _times(kind: str, argument: Any, numbers: list[int]) -> list[Any]:
    if kind == "Date32":
        return [date.fromordinal(number + _EPOCH_DAY) for number in numbers]
    if kind == "Date64":
        return [date.fromordinal(number // 86_400_000 + _EPOCH_DAY) for number in numbers]
    unit = argument[0] if kind == "Timestamp" else argument
    per_second = _PER_SECOND[unit]
    spans = [timedelta(microseconds=number * 1_000_000 // per_second) for number in numbers]
    if kind == "Duration":
        return spans
    if kind == "Timestamp":
        start = _EPOCH.replace(tzinfo=timezone.utc) if argument[1] else _EPOCH
        return [start + span for span in spans]
    return [(_EPOCH + span).time() for span in spans]


def encode(type: Type, values: Sequence[Any]) -> list[Any]:
    """The host's buffers for Python values, `None` being null: one per field of the type's tree, in its order."""
    flags = [value is not None for value in values]
    nulls = len(values) - sum(flags)
    validity = _bitmap(flags) if nulls else None
    kind = type.kind
    offsets: bytes | None = None
    raw = b""
    children: list[Any] = []
    try:
        if kind == "Null":
            nulls, validity = len(values), None
        elif kind == "Boolean":
            raw = _bitmap([bool(value) for value in values])
        elif kind in ("Utf8", "LargeUtf8", "Binary", "LargeBinary"):
            pieces = [b"" if v is None else v.encode() if isinstance(v, str) else bytes(v) for v in values]
            raw = b"".join(pieces)
            offsets = _offsets(_VARIABLE[kind], map(len, pieces))
        elif kind == "FixedSizeBinary":
            raw = b"".join(bytes(type.argument) if v is None else bytes(v) for v in values)
        elif kind.startswith("Decimal"):
            width = 16 if kind == "Decimal128" else 32
            raw = b"".join(_decimal(v, type.argument[1]).to_bytes(width, "little", signed=True) for v in values)
        elif kind in ("ListOf", "LargeListOf"):
            offsets = _offsets(_VARIABLE[kind], (len(value or ()) for value in values))
            children = encode(type.children[0].type, [item for value in values for item in value or ()])
        elif kind == "StructOf":
            for field in type.children:
                children += encode(field.type, [None if value is None else value.get(field.name) for value in values])
        elif kind in _CODES:
            raw = array(_CODES[kind], [_number(type, value) for value in values] if kind[0] in "DT" or nulls else values).tobytes()
        else:
            raise Unavailable(f"columns of the type {type.name} cannot be made in Python", code="unsupported-type")
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InvalidInput(_first_wrong(type, values, error), code="type-mismatch") from error
    return [host.types.Buffers(len(values), nulls, validity, offsets, raw), *children]


def _first_wrong(type: Type, values: Sequence[Any], error: Exception) -> str:
    if len(values) == 1:
        shown = repr(values[0])
        return f"{shown if len(shown) <= 60 else shown[:57] + '...'} does not fit the type {type.name}"
    for value in values:
        try:
            encode(type, [value])
        except InvalidInput as failure:
            return failure.message
    return f"a value does not fit the type {type.name}: {error}"


def _offsets(code: str, lengths: Any) -> bytes:
    ends = array(code, [0])
    end = 0
    for length in lengths:
        end += length
        ends.append(end)
    return ends.tobytes()


def _decimal(value: Any, scale: int) -> int:
    return 0 if value is None else int((Decimal(value)).scaleb(scale).to_integral_value())


def _number(type: Type, value: Any) -> Any:
    """The number that stands in a buffer for a value: 0 under nulls, days or units since 1970-01-01 for times."""
    if value is None:
        return 0
    kind, argument = type.kind, type.argument
    if isinstance(value, datetime):
        span = value - (_EPOCH.replace(tzinfo=timezone.utc) if value.tzinfo else _EPOCH)
        if kind.startswith("Date"):
            return span.days if kind == "Date32" else span.days * 86_400_000
        return span // timedelta(microseconds=1) * _PER_SECOND[argument[0]] // 1_000_000
    if isinstance(value, date):
        days = value.toordinal() - _EPOCH_DAY
        if kind == "Timestamp":
            return days * 86_400 * _PER_SECOND[argument[0]]
        return days if kind == "Date32" else days * 86_400_000
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1) * _PER_SECOND[argument] // 1_000_000
    return value


def of_python(values: Sequence[Any]) -> Type:
    """The type that fits Python values: the first that is not null decides; none at all makes text."""
    first = next((value for value in values if value is not None), "")
    if isinstance(first, bool):
        return Type("Boolean")
    if isinstance(first, int):
        return Type("Float64") if any(isinstance(value, float) for value in values) else Type("Int64")
    if isinstance(first, float):
        return Type("Float64")
    if isinstance(first, str):
        return Type("Utf8")
    if isinstance(first, bytes | bytearray | memoryview):
        return Type("Binary")
    if isinstance(first, datetime):
        return Type("Timestamp", ("MICROSECOND", "UTC" if first.tzinfo else None))
    if isinstance(first, date):
        return Type("Date32")
    if isinstance(first, time):
        return Type("Time64", "MICROSECOND")
    if isinstance(first, timedelta):
        return Type("Duration", "MICROSECOND")
    if isinstance(first, Decimal):
        scale = max(-int(value.as_tuple().exponent) for value in values if value is not None)
        return Type("Decimal128", (38, max(scale, 0)))
    if isinstance(first, list | tuple):
        items = [item for value in values if value is not None for item in value]
        return Type("ListOf", None, [Field("item", of_python(items))])
    if isinstance(first, dict):
        names = list(dict.fromkeys(name for value in values if value is not None for name in value))
        fields = [Field(name, of_python([value.get(name) for value in values if value is not None])) for name in names]
        return Type("StructOf", None, fields)
    raise InvalidInput(f"no column holds values like {first!r}", code="type-mismatch")

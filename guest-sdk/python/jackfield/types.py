"""Arrow's types by the names that people write: `int64`, `timestamp[UTC]`, `list<utf8>`, `struct<a: int64>`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import host
from .failures import InvalidConfig, unknown_column

_WORDS = {
    "bool": "Boolean", "boolean": "Boolean",
    "int8": "Int8", "tinyint": "Int8", "int16": "Int16", "smallint": "Int16",
    "int32": "Int32", "integer": "Int32", "int": "Int32", "int64": "Int64", "bigint": "Int64",
    "uint8": "Uint8", "uint16": "Uint16", "uint32": "Uint32", "uint64": "Uint64",
    "float16": "Float16", "float32": "Float32", "real": "Float32", "float": "Float32",
    "float64": "Float64", "double": "Float64",
    "utf8": "Utf8", "text": "Utf8", "varchar": "Utf8", "string": "Utf8", "large-utf8": "LargeUtf8",
    "binary": "Binary", "blob": "Binary", "bytea": "Binary", "large-binary": "LargeBinary",
    "date": "Date32", "null": "Null",
}  # fmt: skip
_NAMES = {variant: word for word, variant in reversed(_WORDS.items())}
_UNITS = {"s": "SECOND", "ms": "MILLISECOND", "us": "MICROSECOND", "ns": "NANOSECOND"}
_UNIT_NAMES = {name: unit for unit, name in _UNITS.items()}
_DEEPEST = 32
_HELP = "types are bool, int64, float64, utf8, date, timestamp, timestamp[UTC], decimal(38,10), list<utf8>, struct<a: int64> and their like"


class Type:
    """A type: its `kind` (Arrow's name of the variant), what belongs to it in `argument`, and its `children`."""

    __slots__ = ("argument", "children", "kind")

    def __init__(self, kind: str, argument: Any = None, children: Sequence[Field] = ()) -> None:
        self.kind = kind
        self.argument = argument
        self.children = tuple(children)

    @property
    def name(self) -> str:
        """The name in the form that `Type.of` reads."""
        return _name(self)

    @staticmethod
    def of(text: str | Type) -> Type:
        """Reads a type's name."""
        return text if isinstance(text, Type) else _Parser(text).whole()

    def __eq__(self, other: object) -> bool:
        other = Type.of(other) if isinstance(other, str) else other
        return isinstance(other, Type) and (self.kind, self.argument, self.children) == (
            other.kind,
            other.argument,
            other.children,
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.argument))

    def __repr__(self) -> str:
        return self.name

    @property
    def is_text(self) -> bool:
        """Whether it is text, of any length."""
        return self.kind in ("Utf8", "LargeUtf8")

    @property
    def is_integer(self) -> bool:
        """Whether it is a whole number."""
        return self.kind in ("Int8", "Int16", "Int32", "Int64", "Uint8", "Uint16", "Uint32", "Uint64")

    @property
    def is_number(self) -> bool:
        """Whether it is a number of any kind."""
        return self.is_integer or self.kind.startswith(("Float", "Decimal"))


class Field:
    """A named type, as it stands in a schema or a struct."""

    __slots__ = ("metadata", "name", "nullable", "type")

    def __init__(
        self, name: str, type: Type | str, nullable: bool = True, metadata: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.name = name
        self.type = Type.of(type)
        self.nullable = nullable
        self.metadata = list(metadata)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and (self.name, self.type) == (other.name, other.type)

    def __hash__(self) -> int:
        return hash((self.name, self.type))

    def __repr__(self) -> str:
        return f"{self.name}: {self.type.name}"


class Schema:
    """The columns of a batch, in order; names are unique."""

    __slots__ = ("_index", "fields", "metadata")

    def __init__(self, fields: Sequence[Field] | Mapping[str, str | Type], metadata: Sequence[tuple[str, str]] = ()) -> None:
        if isinstance(fields, Mapping):
            fields = [Field(name, type) for name, type in fields.items()]
        self.fields = list(fields)
        self.metadata = list(metadata)
        self._index = {field.name: at for at, field in enumerate(self.fields)}

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [field.name for field in self.fields]

    def index(self, name: str) -> int:
        """The number of a column; `unknown-column` with the nearest names where there is none."""
        at = self._index.get(name)
        if at is None:
            raise unknown_column(name, self.names)
        return at

    def __getitem__(self, name: str) -> Field:
        return self.fields[self.index(name)]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.fields == other.fields

    def __repr__(self) -> str:
        return f"Schema({', '.join(map(repr, self.fields))})"


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Type:
        type = self.type(0)
        self.space()
        if self.at < len(self.text):
            raise self.expected("the end of the type")
        return type

    def type(self, depth: int) -> Type:
        if depth >= _DEEPEST:
            raise self.expected(f"a type that nests at most {_DEEPEST} deep")
        self.space()
        start = self.at
        word = self.match(r"[A-Za-z0-9_-]*").lower()
        if word == "list":
            self.eat("<")
            item = Field("item", self.type(depth + 1))
            self.eat(">")
            return Type("ListOf", None, [item])
        if word == "struct":
            return Type("StructOf", None, self.members(depth))
        if word in ("decimal", "numeric"):
            digits = self.match(r"\s*\(\s*\d+\s*,\s*-?\d+\s*\)")
            numbers = [int(number) for number in re.findall(r"-?\d+", digits)]
            if len(numbers) != 2 or not 1 <= numbers[0] <= 76:
                raise self.expected("a precision of 1 to 76 and a scale, as in (38,10)")
            return Type("Decimal128" if numbers[0] <= 38 else "Decimal256", (numbers[0], numbers[1]))
        if word == "timestamptz":
            return Type("Timestamp", ("MICROSECOND", "UTC"))
        if word in ("timestamp", "time", "duration"):
            return self.time(word)
        if word in _WORDS:
            return Type(_WORDS[word])
        self.at = start
        raise self.expected("a type")

    def time(self, word: str) -> Type:
        inside = self.match(r"\s*\[[^\]]*\]").strip()
        parts = [part.strip() for part in inside[1:-1].split(",", 1)] if inside else []
        unit, zone = "MICROSECOND", None
        if parts and parts[0] in _UNITS:
            unit, zone = _UNITS[parts[0]], parts[1] if len(parts) > 1 else None
        elif len(parts) == 1:
            zone = parts[0]
        elif parts:
            raise self.expected("a unit of s, ms, us or ns in front of the zone")
        if zone == "" or (zone and word != "timestamp"):
            raise self.expected("a unit of s, ms, us or ns")
        if word == "timestamp":
            return Type("Timestamp", (unit, zone))
        if word == "duration":
            return Type("Duration", unit)
        return Type("Time32" if unit in ("SECOND", "MILLISECOND") else "Time64", unit)

    def members(self, depth: int) -> list[Field]:
        self.eat("<")
        members: list[Field] = []
        while True:
            name = self.match(r'\s*(?:"(?:[^"]|"")*"|[^:,<>"]+)').strip()
            if not name:
                raise self.expected("a name")
            if name.startswith('"'):
                name = name[1:-1].replace('""', '"')
            self.eat(":")
            members.append(Field(name, self.type(depth + 1)))
            if not self.match(r"\s*,"):
                break
        self.eat(">")
        return members

    def match(self, pattern: str) -> str:
        found = re.compile(pattern).match(self.text, self.at)
        text = found.group() if found else ""
        self.at += len(text)
        return text

    def space(self) -> None:
        self.match(r"\s*")

    def eat(self, mark: str) -> None:
        if not self.match(r"\s*" + re.escape(mark)):
            raise self.expected(f"`{mark}`")

    def expected(self, what: str) -> InvalidConfig:
        rest = self.text[self.at :].split()
        found = rest[0][:40] if rest else "the end"
        offset = len(self.text[: self.at].encode())
        return InvalidConfig(f"expected {what}, found `{found}`", code="invalid-type", offset=offset, help=_HELP)


def _name(type: Type) -> str:
    kind, argument = type.kind, type.argument
    if kind.startswith("Decimal"):
        return f"decimal({argument[0]},{argument[1]})"
    if kind == "Timestamp":
        inside = [_UNIT_NAMES[argument[0]]] if argument[0] != "MICROSECOND" else []
        inside += [argument[1]] if argument[1] else []
        return f"timestamp[{', '.join(inside)}]" if inside else "timestamp"
    if kind in ("Time32", "Time64", "Duration"):
        word = "duration" if kind == "Duration" else "time"
        return word if argument == "MICROSECOND" else f"{word}[{_UNIT_NAMES[argument]}]"
    if kind in ("ListOf", "LargeListOf", "FixedSizeListOf"):
        return f"list<{_name(type.children[0].type)}>"
    if kind == "StructOf":
        plain = re.compile(r"[^\s:,<>\"]+")
        quoted = [
            field.name if plain.fullmatch(field.name) else '"' + field.name.replace('"', '""') + '"'
            for field in type.children
        ]
        return "struct<" + ", ".join(f"{n}: {_name(f.type)}" for n, f in zip(quoted, type.children, strict=True)) + ">"
    return _NAMES.get(kind) or (str(argument) if kind == "Other" else kind.lower())


def to_tree(field: Field) -> list[Any]:
    """The host's flat form of a field: item 0 is the root."""
    tree: list[Any] = []
    _flatten(field, tree)
    return tree


def _flatten(field: Field, into: list[Any]) -> int:
    at = len(into)
    into.append(None)
    children = [_flatten(child, into) for child in field.type.children]
    into[at] = host.types.Field(field.name, _to_variant(field.type), field.nullable, children, list(field.metadata))
    return at


def _to_variant(type: Type) -> Any:
    variant = getattr(host.types, f"DataType_{type.kind}")
    argument = type.argument
    if argument is None:
        return variant()
    if type.kind == "Timestamp":
        return variant((host.types.TimeUnit[argument[0]], argument[1]))
    if type.kind in ("Time32", "Time64", "Duration"):
        return variant(host.types.TimeUnit[argument])
    if type.kind == "Interval":
        return variant(host.types.IntervalUnit[argument])
    if type.kind == "DictionaryOf":
        return variant(host.types.DictionaryKey[argument])
    return variant(argument)


def from_tree(tree: Sequence[Any], at: int = 0) -> Field:
    """The field that stands at a number of the host's flat form."""
    field = tree[at]
    variant = field.data_type
    kind = type(variant).__name__.removeprefix("DataType_")
    argument = getattr(variant, "value", None)
    if kind == "Timestamp" and argument is not None:
        argument = (argument[0].name, argument[1])
    elif kind in ("Time32", "Time64", "Duration", "Interval", "DictionaryOf") and argument is not None:
        argument = argument.name
    elif isinstance(argument, list):
        argument = tuple(argument)
    children = [from_tree(tree, child) for child in field.children]
    return Field(field.name, Type(kind, argument, children), field.nullable, field.metadata)


def to_schema(schema: Schema) -> Any:
    """The host's form of a schema."""
    fields: list[Any] = []
    columns = [_flatten(field, fields) for field in schema.fields]
    return host.types.Schema(fields, columns, list(schema.metadata))


def from_schema(schema: Any) -> Schema:
    """The schema for the host's form of it."""
    return Schema([from_tree(schema.fields, at) for at in schema.columns], schema.metadata)

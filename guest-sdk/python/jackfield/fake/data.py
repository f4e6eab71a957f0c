"""The interface `data`: columns are lists of Python values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .types import FailureKind, failed


class Column:
    """Values of one type."""

    def __init__(self, type: Any, values: Sequence[Any]) -> None:
        self.type = type
        self.values = list(values)

    @classmethod
    def create(cls, of: list[Any], levels: list[Any]) -> Column:
        from jackfield.types import from_tree
        from jackfield.views import View

        numbers = _numbers(of)
        field = from_tree(of)
        return cls(field.type, View(field.type, levels[0], lambda path: levels[numbers[tuple(path)]]).to_list())

    def share(self) -> Column:
        return self

    def length(self) -> int:
        return len(self.values)

    def null_count(self) -> int:
        return sum(value is None for value in self.values)

    def tree(self) -> list[Any]:
        from jackfield.types import Field, to_tree

        return to_tree(Field("", self.type))

    def read(self, path: list[int]) -> Any:
        from jackfield.views import encode

        return encode(self.type, self.values)[_numbers(self.tree())[tuple(path)]]

    def slice(self, offset: int, length: int) -> Column:
        return Column(self.type, self.values[offset : offset + length])


def _numbers(tree: list[Any], at: int = 0, path: tuple[int, ...] = ()) -> dict[tuple[int, ...], int]:
    """Where in the tree each path leads."""
    found = {path: at}
    for number, child in enumerate(tree[at].children):
        found.update(_numbers(tree, child, (*path, number)))
    return found


@dataclass
class Pick:
    """A column by its number."""

    index: int
    name: str | None


@dataclass
class Named:
    """A column with a name."""

    name: str
    data: Column


class Batch:
    """Columns of one length, with the schema of the SDK."""

    def __init__(self, schema: Any, rows: int, columns: Sequence[Column]) -> None:
        self._schema = schema
        self._rows = rows
        self.columns = list(columns)

    @classmethod
    def of(cls, schema: Any, rows: int, columns: list[Column]) -> Batch:
        from jackfield.types import from_schema

        if any(len(column.values) != rows for column in columns):
            raise failed(FailureKind.INVALID_INPUT, "wrong-length", f"a column has not the batch's {rows} rows")
        return cls(from_schema(schema), rows, columns)

    @classmethod
    def concat(cls, parts: list[Batch]) -> Batch:
        columns = [
            Column(column.type, [value for part in parts for value in part.columns[at].values])
            for at, column in enumerate(parts[0].columns)
        ]
        return cls(parts[0]._schema, sum(part._rows for part in parts), columns)

    def share(self) -> Batch:
        return self

    def rows(self) -> int:
        return self._rows

    def schema(self) -> Any:
        from jackfield.types import to_schema

        return to_schema(self._schema)

    def column(self, index: int) -> Column:
        return self.columns[index]

    def filter(self, mask: Column) -> Batch:
        return self._rows_of([at for at, keep in enumerate(mask.values) if keep])

    def take(self, rows: Column) -> Batch:
        return self._rows_of(rows.values)

    def slice(self, offset: int, length: int) -> Batch:
        return self._rows_of(list(range(self._rows))[offset : offset + length])

    def pick(self, columns: list[Pick]) -> Batch:
        from jackfield.types import Field, Schema

        fields = [self._schema.fields[pick.index] for pick in columns]
        named = [Field(pick.name or field.name, field.type) for pick, field in zip(columns, fields, strict=True)]
        return Batch(Schema(named), self._rows, [self.columns[pick.index] for pick in columns])

    def put(self, columns: list[Named]) -> Batch:
        from jackfield.types import Field, Schema

        made = dict(zip(self._schema.names, self.columns, strict=True)) | {named.name: named.data for named in columns}
        return Batch(Schema([Field(name, column.type) for name, column in made.items()]), self._rows, list(made.values()))

    def _rows_of(self, numbers: Sequence[int | None]) -> Batch:
        columns = [Column(c.type, [None if at is None else c.values[at] for at in numbers]) for c in self.columns]
        return Batch(self._schema, len(numbers), columns)

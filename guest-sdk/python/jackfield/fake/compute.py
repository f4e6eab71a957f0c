"""The interface `compute`: the functions that plugins use most."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from enum import Enum
from typing import Any

from .data import Column
from .flow import Outcome
from .types import FailureKind, Scalar_Null, failed

Argument_Column = make_dataclass("Argument_Column", ["value"])
Argument_Scalar = make_dataclass("Argument_Scalar", ["value"])


def _type(name: str) -> Any:
    from jackfield.types import Type

    return Type.of(name)


def _unknown(function: str) -> Exception:
    return failed(
        FailureKind.UNAVAILABLE, "needs-host", f"the function `{function}` is the host's", help="test it with `jackfield plugin test`"
    )


_LOGIC: dict[str, Callable[..., Any]] = {
    "and_kleene": lambda a, b: False if a is False or b is False else None if None in (a, b) else True,
    "or_kleene": lambda a, b: True if a is True or b is True else None if None in (a, b) else False,
    "and_not_kleene": lambda a, b: _LOGIC["and_kleene"](a, None if b is None else not b),
    "invert": lambda a: None if a is None else not a,
    "coalesce": lambda a, b: b if a is None else a,
}


def result_type(function: str, arguments: list[Any], options: str) -> list[Any]:
    from jackfield.types import Field, to_tree

    if function == "cast":
        return to_tree(Field("", json.loads(options)["to_type"]))
    if function in _LOGIC:
        return arguments[0]  # type: ignore[no-any-return]
    raise _unknown(function)


def call(function: str, arguments: list[Any], options: str, only: Any) -> Outcome:
    rows = next(len(a.value.values) for a in arguments if isinstance(a, Argument_Column))
    lists = [a.value.values if isinstance(a, Argument_Column) else [getattr(a.value, "value", None)] * rows for a in arguments]
    first = next(a.value for a in arguments if isinstance(a, Argument_Column))
    if function in _LOGIC:
        return Outcome(Column(first.type, [_LOGIC[function](*row) for row in zip(*lists, strict=True)]), None, None)
    if function == "cast":
        from .evaluate import _converted

        to = _type(json.loads(options)["to_type"])
        return Outcome(Column(to, [None if v is None else _converted(v, to) for v in lists[0]]), None, None)
    raise _unknown(function)


_REDUCE: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum, "min": min, "max": max, "mean": lambda v: sum(v) / len(v), "count": len, "any": any, "all": all,
    "count_distinct": lambda v: len(set(v)), "first": lambda v: v[0], "last": lambda v: v[-1], "list": list,
}  # fmt: skip


def _reduced(function: str, values: list[Any]) -> Any:
    if function not in _REDUCE:
        raise _unknown(function)
    present = [value for value in values if value is not None]
    if not present and function not in ("count", "count_distinct", "any", "all", "list"):
        return None
    return _REDUCE[function](present)


def reduce(function: str, argument: Column, options: str) -> Any:
    from jackfield.programs import scalar_of

    value = _reduced(function, argument.values)
    return Scalar_Null() if value is None else scalar_of(value)


@dataclass
class SortKey:
    """A key to sort by."""

    column: Column
    descending: bool
    nulls_first: bool


def sort_indices(keys: list[SortKey], limit: int | None) -> Column:
    order = list(range(len(keys[0].column.values)))
    for key in reversed(keys):
        values = key.column.values
        nulls = [at for at in order if values[at] is None]
        rest = sorted((at for at in order if values[at] is not None), key=lambda at: values[at], reverse=key.descending)
        order = [*nulls, *rest] if key.nulls_first else [*rest, *nulls]
    return Column(_type("uint32"), order[:limit])


class Grouper:
    """Numbers groups."""

    def __init__(self, keys: list[Any]) -> None:
        self._types = [_of_tree(tree) for tree in keys]
        self._known: dict[tuple[Any, ...], int] = {}

    def assign(self, keys: list[Column]) -> Column:
        rows = zip(*(key.values for key in keys), strict=True)
        return Column(_type("uint32"), [self._known.setdefault(row, len(self._known)) for row in rows])

    def count(self) -> int:
        return len(self._known)

    def keys(self) -> list[Column]:
        return [Column(type, [row[at] for row in self._known]) for at, type in enumerate(self._types)]


def _of_tree(tree: list[Any]) -> Any:
    from jackfield.types import from_tree

    return from_tree(tree).type


class Accumulator:
    """Keeps all values of each group."""

    def __init__(self, function: str, inputs: list[Any], options: str) -> None:
        if function not in _REDUCE:
            raise _unknown(function)
        self._function = function
        self._input = _of_tree(inputs[0]) if inputs else None
        self._groups: list[list[Any]] = []

    def _type(self) -> Any:
        from jackfield.types import Field, Type

        if self._function in ("count", "count_distinct"):
            return _type("int64")
        if self._function == "mean":
            return _type("float64")
        if self._function == "list":
            return Type("ListOf", None, [Field("item", self._input)])
        return _type("int64") if self._function == "sum" and self._input.is_integer else self._input

    def result_type(self) -> list[Any]:
        from jackfield.types import Field, to_tree

        return to_tree(Field("", self._type()))

    def update(self, values: list[Column], groups: Column, group_count: int) -> None:
        self._groups += [[] for _ in range(group_count - len(self._groups))]
        for row, group in enumerate(groups.values):
            self._groups[group].append(values[0].values[row] if values else True)

    def state(self) -> list[Column]:
        from jackfield.types import Field, Type

        return [Column(Type("ListOf", None, [Field("item", self._input)]), self._groups)]

    def merge(self, states: list[Column], groups: Column, group_count: int) -> None:
        self._groups += [[] for _ in range(group_count - len(self._groups))]
        for row, group in enumerate(groups.values):
            self._groups[group] += states[0].values[row]

    def finish(self) -> Column:
        return Column(self._type(), [_reduced(self._function, values) for values in self._groups])


class JoinKind(Enum):
    """What becomes of rows without a partner."""

    INNER = 0
    OUTER = 1
    SEMI = 2
    ANTI = 3


class Matches:
    """Pairs of row numbers."""

    def __init__(self, pairs: list[tuple[int, int | None]], build: bool) -> None:
        self._pairs = pairs
        self._build = build

    def next(self, max_rows: int) -> tuple[Column, Column] | None:
        if not self._pairs:
            return None
        some, self._pairs = self._pairs[:max_rows], self._pairs[max_rows:]
        build = [pair[1] for pair in some] if self._build else []
        return Column(_type("uint32"), [pair[0] for pair in some]), Column(_type("uint64"), build)


class Joiner:
    """A hash join."""

    def __init__(self, keys: list[Any]) -> None:
        self._rows: dict[tuple[Any, ...], list[int]] = {}
        self._count = 0
        self._met: set[int] = set()

    def build(self, keys: list[Column]) -> None:
        for row in zip(*(key.values for key in keys), strict=True):
            if None not in row:
                self._rows.setdefault(row, []).append(self._count)
            self._count += 1

    def probe(self, keys: list[Column], kind: JoinKind) -> Matches:
        pairs: list[tuple[int, int | None]] = []
        for number, row in enumerate(zip(*(key.values for key in keys), strict=True)):
            found = self._rows.get(row, [])
            self._met.update(found)
            if kind in (JoinKind.SEMI, JoinKind.ANTI):
                pairs += [(number, None)] if bool(found) == (kind is JoinKind.SEMI) else []
            else:
                pairs += [(number, at) for at in found] or ([(number, None)] if kind is JoinKind.OUTER else [])
        return Matches(pairs, kind in (JoinKind.INNER, JoinKind.OUTER))

    def unmatched(self) -> Column:
        return Column(_type("uint64"), [at for at in range(self._count) if at not in self._met])

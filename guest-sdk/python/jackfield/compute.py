"""Whole columns: one value of them, order, groups and joins, all natively in the host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from . import host
from .batches import made
from .expressions import Column
from .failures import from_host
from .types import Field, Type, from_tree, to_tree


def _checked(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except host.Err as error:
        raise from_host(error.value) from None


def _options(options: dict[str, Any]) -> str:
    return json.dumps(options) if options else ""


def _trees(types: Sequence[Type | str]) -> list[Any]:
    return [to_tree(Field(f"k{at}", type)) for at, type in enumerate(types)]


def value_of(scalar: Any) -> Any:
    """The Python value of the host's scalar; of a type without a form of its own it is text."""
    value = getattr(scalar, "value", None)
    return value[1] if isinstance(value, tuple) else value


def reduce(column: Column, function: str, **options: Any) -> Any:
    """A whole column as one value: `sum`, `min`, `max`, `mean`, `count`, `count_distinct`, …."""
    return value_of(_checked(host.compute.reduce, function, column.handle, _options(options)))


def sort_indices(keys: Sequence[Column], *, descending: bool = False, nulls_first: bool = False, limit: int | None = None) -> Column:
    """The row numbers that sort by these keys, stably; with `limit` only the first."""
    sort_keys = [host.compute.SortKey(key.handle, descending, nulls_first) for key in keys]
    return made(_checked(host.compute.sort_indices, sort_keys, limit))


class Grouper:
    """Numbers groups of equal keys, over as many batches as it is given."""

    def __init__(self, types: Sequence[Type | str]) -> None:
        self._host = _checked(host.compute.Grouper, _trees(types))

    def assign(self, *keys: Column) -> Column:
        """A group number (uint32) for each row."""
        return made(_checked(self._host.assign, [key.handle for key in keys]))

    def __len__(self) -> int:
        return int(self._host.count())

    def keys(self) -> list[Column]:
        """The keys of the groups, in the order of their numbers."""
        return [made(column) for column in _checked(self._host.keys)]


class Accumulator:
    """An aggregate for each group: `sum`, `min`, `max`, `mean`, `count`, `count_distinct`, `quantile`, `list`, …."""

    def __init__(self, function: str, types: Sequence[Type | str], **options: Any) -> None:
        self._host = _checked(host.compute.Accumulator, function, _trees(types), _options(options))

    @property
    def type(self) -> Type:
        """The type of the results."""
        return from_tree(self._host.result_type()).type

    def update(self, values: Sequence[Column], groups: Column, count: int) -> None:
        """Takes in rows: their values, their groups' numbers, and how many groups there are."""
        _checked(self._host.update, [value.handle for value in values], groups.handle, count)

    def state(self) -> list[Column]:
        """What it holds, a row per group, for `merge`."""
        return [made(column) for column in _checked(self._host.state)]

    def merge(self, states: Sequence[Column], groups: Column, count: int) -> None:
        """Takes in what another one holds."""
        _checked(self._host.merge, [state.handle for state in states], groups.handle, count)

    def finish(self) -> Column:
        """The results, in the order of the groups."""
        return made(_checked(self._host.finish))


JoinKind = Literal["inner", "outer", "semi", "anti"]


class Joiner:
    """A hash join on row numbers: build once, probe batch by batch. Null keys match nothing."""

    def __init__(self, types: Sequence[Type | str]) -> None:
        self._host = _checked(host.compute.Joiner, _trees(types))

    def build(self, *keys: Column) -> None:
        """Takes in rows of the build side."""
        _checked(self._host.build, [key.handle for key in keys])

    def probe(self, *keys: Column, kind: JoinKind = "inner", most: int = 65_536) -> Iterator[tuple[Column, Column]]:
        """Pairs of row numbers, of the probe side and of the build side, at most `most` at a time."""
        matches = _checked(self._host.probe, [key.handle for key in keys], host.compute.JoinKind[kind.upper()])
        while (pair := _checked(matches.next, most)) is not None:
            yield made(pair[0]), made(pair[1])

    def unmatched(self) -> Column:
        """Rows of the build side that no probe has met."""
        return made(_checked(self._host.unmatched))

"""Columns: Python's operators, recorded and run by the host over whole columns at once.

`batch["dep_delay"] / 60` computes nothing yet. What was recorded becomes one expression of the host's, parsed and
type-checked when the node is bound, and evaluated natively for each batch. Nulls follow SQL: a comparison with null is
null, and `&` and `|` are Kleene's. Integers are checked: an overflow or a division by zero is a row error, and the
pipeline's `on-error` decides about the row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from .failures import InvalidConfig
from .types import Type

if TYPE_CHECKING:
    from .batches import Batch
    from .views import View


class Node:
    """A part of a recorded expression: an operation, its arguments, and what else belongs to it."""

    __slots__ = ("args", "extra", "op", "place", "text")

    def __init__(self, op: str, args: tuple[Node, ...] = (), extra: Any = None, text: bool = False) -> None:
        self.op = op
        self.args = args
        self.extra = extra
        # Whether it is known to be text, for which `+` means another function.
        self.text = text
        self.place = _author_line() if args else None


def _author_line() -> tuple[str, int] | None:
    """The file and line outside of the SDK that recorded an operation: for messages."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if "jackfield" not in file:
            return file, frame.f_lineno
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


class Column:
    """A column of a batch, or what is computed from columns. Immutable."""

    __slots__ = ("_made", "batch", "node")

    def __init__(self, node: Node, batch: Batch | None = None) -> None:
        self.node = node
        self.batch = batch
        self._made: Any = None

    # Comparisons: each gives a boolean column.
    def __eq__(self, other: object) -> Column:  # type: ignore[override]
        return self._compare("eq", other)

    def __ne__(self, other: object) -> Column:  # type: ignore[override]
        return self._compare("ne", other)

    def __lt__(self, other: Any) -> Column:
        return self._compare("lt", other)

    def __le__(self, other: Any) -> Column:
        return self._compare("le", other)

    def __gt__(self, other: Any) -> Column:
        return self._compare("gt", other)

    def __ge__(self, other: Any) -> Column:
        return self._compare("ge", other)

    __hash__ = None  # type: ignore[assignment]

    def _compare(self, op: str, other: Any) -> Column:
        if other is None:
            raise InvalidConfig("a comparison with None is null for every row", code="null-comparison", help="use .is_null() or .is_valid()")
        return _operation(op, self, other)

    # Arithmetic. `//` and `%` round down, as Python's do; `+` joins text.
    def __add__(self, other: Any) -> Column:
        return _add(self, other)

    def __radd__(self, other: Any) -> Column:
        return _add(_column(other), self)

    def __sub__(self, other: Any) -> Column:
        return _operation("sub", self, other)

    def __rsub__(self, other: Any) -> Column:
        return _operation("sub", other, self)

    def __mul__(self, other: Any) -> Column:
        return _operation("mul", self, other)

    def __rmul__(self, other: Any) -> Column:
        return _operation("mul", other, self)

    def __truediv__(self, other: Any) -> Column:
        return _operation("div", self, other)

    def __rtruediv__(self, other: Any) -> Column:
        return _operation("div", other, self)

    def __floordiv__(self, other: Any) -> Column:
        return _operation("floordiv", self, other)

    def __rfloordiv__(self, other: Any) -> Column:
        return _operation("floordiv", other, self)

    def __mod__(self, other: Any) -> Column:
        return _operation("mod", self, other)

    def __rmod__(self, other: Any) -> Column:
        return _operation("mod", other, self)

    def __pow__(self, other: Any) -> Column:
        return _operation("power", self, other)

    def __neg__(self) -> Column:
        return _operation("neg", self)

    def __abs__(self) -> Column:
        return _operation("abs", self)

    # Logic.
    def __and__(self, other: Any) -> Column:
        return _operation("and", self, other)

    def __rand__(self, other: Any) -> Column:
        return _operation("and", other, self)

    def __or__(self, other: Any) -> Column:
        return _operation("or", self, other)

    def __ror__(self, other: Any) -> Column:
        return _operation("or", other, self)

    def __invert__(self) -> Column:
        return _operation("not", self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a column has a truth value per row: use `&`, `|` and `~` with parentheses instead of and, or, not and chained comparisons")

    def is_null(self) -> Column:
        """Whether null."""
        return _operation("is_null", self)

    def is_valid(self) -> Column:
        """Whether not null."""
        return _operation("is_valid", self)

    def is_in(self, values: Iterable[Any]) -> Column:
        """Whether one of these values."""
        listed = list(values)
        return _operation("in", self, *listed) if listed else _operation("and", self.is_null() & self.is_valid(), False)

    def between(self, low: Any, high: Any) -> Column:
        """Whether from `low` to `high`, both included."""
        return (self >= low) & (self <= high)

    def coalesce(self, *others: Any) -> Column:
        """The value, or the first of the others that is not null."""
        return _operation("coalesce", self, *others)

    # Text.
    def lower(self) -> Column:
        """Text in lower case."""
        return _text("lower", self)

    def upper(self) -> Column:
        """Text in upper case."""
        return _text("upper", self)

    def strip(self) -> Column:
        """Text without spaces around it."""
        return _text("trim", self)

    def replace(self, old: str, new: str) -> Column:
        """Text with every occurrence replaced."""
        return _text("replace", self, old, new)

    def substring(self, start: int, length: int | None = None) -> Column:
        """A part of the text, by characters from 0."""
        return _text("substring", self, start + 1, *([] if length is None else [length]))

    def starts_with(self, prefix: Any) -> Column:
        """Whether the text begins so."""
        return _operation("starts_with", self, prefix)

    def ends_with(self, suffix: Any) -> Column:
        """Whether the text ends so."""
        return _operation("ends_with", self, suffix)

    def contains(self, part: Any) -> Column:
        """Whether the text has this part."""
        return _operation("contains", self, part)

    def matches(self, pattern: str) -> Column:
        """Whether a regular expression is found in the text."""
        return _operation("regexp_matches", self, pattern)

    def length(self) -> Column:
        """How many characters, or items of a list."""
        return _operation("length", self)

    # Numbers and types.
    def round(self, digits: int = 0) -> Column:
        """Rounded to so many digits, half away from zero."""
        return _operation("round", self, digits)

    def cast(self, to: str) -> Column:
        """The values as another type, by its name; a value that does not convert is a row error."""
        return _cast("cast", self, to)

    def try_cast(self, to: str) -> Column:
        """The values as another type, null where one does not convert."""
        return _cast("try_cast", self, to)

    def map(self, function: Callable[..., Any], type: str | Type, *others: Column) -> Column:
        """Calls a Python function for each row, with this column's value and those of others: a loop in the plugin.

        Rows with a null in this column stay null and are not handed over. An exception fails the row.
        """
        return _operation("map", self, *others, extra=(function, Type.of(type)), text=Type.of(type).is_text)

    def apply(self, function: Callable[..., Any], type: str | Type, *others: Column) -> Column:
        """Calls a Python function once per batch with `View`s of this column and others.

        It gives as many values as there are rows: a list, an `array.array`, or a memoryview of numbers.
        """
        return _operation("apply", self, *others, extra=(function, Type.of(type)), text=Type.of(type).is_text)

    # What needs data: within `process`, not in a recorded function.
    @property
    def type(self) -> Type:
        """The type of the values."""
        return self._scope().type_of(self.node)

    @property
    def handle(self) -> Any:
        """The host's column, computed where it was not yet."""
        if self._made is None:
            self._made = self._scope().evaluate(self)
        return self._made

    def expect(self, *types: str) -> Column:
        """The same column, if it has one of these types; else a `type-mismatch` that names it and its type."""
        if not any(self.type == Type.of(type) for type in types):
            name = self.node.extra if self.node.op == "column" else repr(self)
            wanted = " or ".join(types)
            raise InvalidConfig(f"column `{name}` is {self.type.name}, not {wanted}", code="type-mismatch", column=str(name))
        return self

    def view(self) -> View:
        """The raw buffers."""
        return self._scope().view(self)

    def to_list(self) -> list[Any]:
        """The values, `None` for nulls."""
        return self.view().to_list()

    def reduce(self, function: str, **options: Any) -> Any:
        """The whole column as one value: `sum`, `min`, `max`, `mean`, `count`, `first`, `last`, …."""
        return self._scope().reduce(self, function, options)

    def __len__(self) -> int:
        return int(self.handle.length())

    def _scope(self) -> Batch:
        if self.batch is None:
            from .batches import detached

            self.batch = detached(self)
        return self.batch

    def __repr__(self) -> str:
        from .render import shown

        return f"Column({shown(self.node)})"


def _column(value: Any) -> Column:
    return value if isinstance(value, Column) else Column(literal(value))


def literal(value: Any) -> Node:
    """The node of a Python value."""
    if value is not None and not isinstance(value, bool | int | float | str | bytes | Decimal | date | datetime | timedelta):
        raise InvalidConfig(f"{value!r} is no value that a column can be compared or computed with", code="type-mismatch")
    return Node("literal", (), value, isinstance(value, str))


def _operation(op: str, *operands: Any, extra: Any = None, text: bool = False) -> Column:
    batch: Batch | None = None
    args: list[Node] = []
    for operand in operands:
        if isinstance(operand, Column):
            if operand.batch is not None:
                if batch is None:
                    batch = operand.batch
                elif operand.batch is not batch:
                    batch = batch.together(operand.batch)
            args.append(operand.node)
        else:
            args.append(literal(operand))
    return Column(Node(op, tuple(args), extra, text), batch)


def _text(op: str, *operands: Any) -> Column:
    return _operation(op, *operands, text=True)


def _add(left: Column, right: Any) -> Column:
    other = _column(right)
    if left.node.text or other.node.text:
        return _text("join", left, other)
    return _operation("add", left, other)


def _cast(op: str, column: Column, to: str) -> Column:
    type = Type.of(to)
    return _operation(op, column, extra=type, text=type.is_text)


def when(condition: Column, then: Any, otherwise: Any = None) -> Column:
    """`then` in the rows where the condition is true, else `otherwise`; a branch that a row does not take cannot fail it."""
    text = _column(then).node.text
    return _operation("case", condition, then, otherwise, text=text)


def call(function: str, *arguments: Any, **options: Any) -> Column:
    """A function of the host by its name (docs/functions.md), SQL's or Arrow's, with its options."""
    if options:
        return _operation("kernel", *arguments, extra=(function, options))
    return _operation("function", *arguments, extra=function)


def lit(value: Any) -> Column:
    """A value as a column: the same in every row."""
    return Column(literal(value))

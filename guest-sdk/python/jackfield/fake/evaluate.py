"""Recorded expressions, evaluated row by row, with the host's meaning of nulls and types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from jackfield.expressions import Node
from jackfield.types import Field, Schema, Type, to_tree
from jackfield.views import of_python

from .data import Batch, Column
from .flow import Outcome
from .types import Err, Failure, FailureKind, Predicate, failed

_INT = Type("Int64")
_FLOAT = Type("Float64")
_BOOL = Type("Boolean")
_TEXT = Type("Utf8")

_COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "eq": ("=", lambda a, b: a == b), "ne": ("<>", lambda a, b: a != b), "lt": ("<", lambda a, b: a < b),
    "le": ("<=", lambda a, b: a <= b), "gt": (">", lambda a, b: a > b), "ge": (">=", lambda a, b: a >= b),
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "mod": lambda a, b: a % b,
    "floordiv": lambda a, b: a // b,
}  # fmt: skip
_TEXTS: dict[str, tuple[Type, Callable[..., Any]]] = {
    "lower": (_TEXT, str.lower), "upper": (_TEXT, str.upper), "trim": (_TEXT, lambda t: t.strip(" ")),
    "replace": (_TEXT, str.replace), "join": (_TEXT, lambda a, b: a + b),
    "substring": (_TEXT, lambda t, start, length=None: t[start - 1 : None if length is None else start - 1 + length]),
    "starts_with": (_BOOL, str.startswith), "ends_with": (_BOOL, str.endswith), "contains": (_BOOL, lambda t, p: p in t),
    "regexp_matches": (_BOOL, lambda t, p: re.search(p, t) is not None), "length": (_INT, len),
}  # fmt: skip
_NUMBERS: dict[str, tuple[Type | None, Callable[..., Any]]] = {
    "neg": (None, lambda a: -a), "abs": (None, abs), "power": (_FLOAT, lambda a, b: float(a) ** b),
    "round": (None, lambda a, digits=0: _rounded(a, digits)), "sqrt": (_FLOAT, lambda a: math.sqrt(a) if a >= 0 else math.nan),
    "floor": (None, lambda a: type(a)(math.floor(a))), "ceil": (None, lambda a: type(a)(math.ceil(a))),
    "ln": (_FLOAT, math.log), "log10": (_FLOAT, math.log10), "exp": (_FLOAT, math.exp),
}  # fmt: skip


def _rounded(number: Any, digits: int) -> Any:
    factor = 10**digits
    return type(number)(math.copysign(math.floor(abs(number) * factor + 0.5) / factor, number))


class Expression:
    """A recorded expression with checked types."""

    def __init__(self, node: Node, names: dict[int, str], schema: Schema) -> None:
        self._node = node
        self._names = names
        self._schema = schema
        self._read: set[str] = set()
        self._type = self._type_of(node)

    def columns(self) -> list[int]:
        return sorted(self._schema.index(name) for name in self._read)

    def result_type(self) -> list[Any]:
        return to_tree(Field("", self._type))

    def predicates(self) -> list[Predicate]:
        return list(_predicates(self._node))

    def evaluate(self, batch: Batch) -> Outcome:
        columns = dict(zip(batch._schema.names, batch.columns, strict=True))
        values: list[Any] = []
        wrong: list[bool] = []
        first: Failure | None = None
        for number in range(batch.rows()):
            try:
                value = self._value(self._node, lambda name, at=number: columns[name].values[at])
                if self._type == _INT and value is not None and not -(1 << 63) <= value < 1 << 63:
                    raise OverflowError
                if self._type == _FLOAT and value is not None:
                    value = float(value)
                values.append(value)
                wrong.append(False)
            except (ArithmeticError, ValueError) as error:
                code = "integer-overflow" if isinstance(error, OverflowError) else "division-by-zero" if isinstance(error, ZeroDivisionError) else "invalid-value"
                values.append(None)
                wrong.append(True)
                first = first or Failure(FailureKind.INVALID_INPUT, code, str(error) or code, number, None, None, None, None)
        failed_rows = Column(_BOOL, wrong) if first else None
        return Outcome(Column(self._type, values), failed_rows, first)

    def _mismatch(self, node: Node, what: str) -> Err:
        from jackfield.render import shown

        columns = [f"column `{arg.extra}` is {self._schema[arg.extra].type.name}" for arg in node.args if arg.op == "column"]
        column = next((arg.extra for arg in node.args if arg.op == "column"), None)
        told = "; ".join([f"in `{shown(node)}`", *columns])
        return failed(FailureKind.INVALID_CONFIG, "type-mismatch", f"{what} ({told})", column=column)

    def _type_of(self, node: Node) -> Type:
        name = self._names.get(id(node)) or (node.extra if node.op == "column" else None)
        if name is not None:
            self._read.add(name)
            return self._schema[name].type
        op = node.op
        if op == "literal":
            return Type("Null") if node.extra is None else of_python([node.extra])
        types = [self._type_of(arg) for arg in node.args]
        known = [type for type in types if type.kind != "Null"]
        if op in _COMPARISONS or op == "in":
            if len({_class(type) for type in known}) > 1 and not _times_as_text(known):
                raise self._mismatch(node, "the types cannot be compared")
            return _BOOL
        if op in ("and", "or", "not"):
            if any(type.kind != "Boolean" for type in known):
                raise self._mismatch(node, f"`{op}` takes truth values")
            return _BOOL
        if op in ("is_null", "is_valid"):
            return _BOOL
        if op in _ARITHMETIC or op == "div" or op in _NUMBERS:
            if not all(type.is_number for type in known) and not (op in ("add", "sub") and _times(known)):
                raise self._mismatch(node, f"`{op}` takes numbers")
            if op == "div":
                return _FLOAT
            if op in _NUMBERS:
                return _NUMBERS[op][0] or types[0]
            if _times(known):
                return Type("Duration", "MICROSECOND") if op == "sub" and len({t.kind for t in known}) == 1 else known[0]
            return _wider(known)
        if op in _TEXTS:
            if not types[0].is_text and not (op == "length" and types[0].kind == "ListOf"):
                raise self._mismatch(node, f"`{op}` takes text")
            return _TEXTS[op][0]
        if op in ("cast", "try_cast"):
            return node.extra  # type: ignore[no-any-return]
        if op == "coalesce":
            return _wider(known) if all(type.is_number for type in known) else known[0]
        if op == "case":
            branches = [type for type in types[1:] if type.kind != "Null"]
            return _wider(branches) if all(type.is_number for type in branches) else branches[0]
        if op == "function" and node.extra in _NUMBERS:
            return _NUMBERS[node.extra][0] or types[0]
        if op == "function" and node.extra in _TEXTS:
            return _TEXTS[node.extra][0]
        raise failed(
            FailureKind.UNAVAILABLE, "needs-host", f"the function `{node.extra or op}` is the host's",
            help="test it with `jackfield plugin test`",
        )  # fmt: skip

    def _value(self, node: Node, row: Callable[[str], Any]) -> Any:
        name = self._names.get(id(node)) or (node.extra if node.op == "column" else None)
        if name is not None:
            return row(name)
        op = node.op
        if op == "literal":
            return node.extra
        if op == "case":
            return self._value(node.args[1 if self._value(node.args[0], row) else 2], row)
        if op == "coalesce":
            return next((value for arg in node.args if (value := self._value(arg, row)) is not None), None)
        if op in ("and", "or"):
            decisive = op == "or"
            left = self._value(node.args[0], row)
            right = decisive if left is decisive else self._value(node.args[1], row)
            return decisive if decisive in (left, right) else None if None in (left, right) else not decisive
        args = [self._value(arg, row) for arg in node.args]
        if op in ("is_null", "is_valid"):
            return (args[0] is None) == (op == "is_null")
        if op == "in":
            return None if args[0] is None else args[0] in args[1:] or (None if None in args[1:] else False)
        if None in args:
            return None
        if op in _COMPARISONS:
            return _COMPARISONS[op][1](*_alike(*args))
        if op == "not":
            return not args[0]
        if op == "div":
            return _divided(float(args[0]), float(args[1]))
        if op in _ARITHMETIC:
            return _ARITHMETIC[op](*args)
        if op in ("cast", "try_cast"):
            try:
                return _converted(args[0], node.extra)
            except (ValueError, OverflowError):
                if op == "try_cast":
                    return None
                raise
        function = node.extra if op == "function" else op
        return (_TEXTS.get(function) or _NUMBERS[function])[1](*args)


def _class(type: Type) -> str:
    return "number" if type.is_number else "text" if type.is_text else type.kind


def _times(types: list[Type]) -> bool:
    return any(type.kind in ("Timestamp", "Date32", "Duration") for type in types)


def _times_as_text(types: list[Type]) -> bool:
    return _times(types) and all(type.is_text or _times([type]) for type in types)


def _wider(types: list[Type]) -> Type:
    if any(not type.is_integer for type in types):
        return _FLOAT
    return types[0] if len(set(types)) == 1 else _INT


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """A text beside a time is a time."""
    if isinstance(a, str) and not isinstance(b, str):
        return type(b).fromisoformat(a), b
    if isinstance(b, str) and not isinstance(a, str):
        return a, type(a).fromisoformat(b)
    return a, b


def _divided(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def _converted(value: Any, to: Type) -> Any:
    if to.is_text:
        return str(value).lower() if isinstance(value, bool) else str(value)
    if to.is_integer:
        return int(value)
    if to.kind.startswith("Float"):
        return float(value)
    if to.kind == "Boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}[str(value)] if isinstance(value, str) else bool(value)
    if to.kind in ("Date32", "Timestamp"):
        from datetime import date, datetime

        return (date if to.kind == "Date32" else datetime).fromisoformat(str(value))
    raise ValueError(f"no conversion to {to.name} in unit tests")


def _predicates(node: Node) -> list[Predicate]:
    if node.op == "and":
        return [*_predicates(node.args[0]), *_predicates(node.args[1])]
    if node.op in _COMPARISONS and node.args[0].op == "column" and node.args[1].op == "literal":
        from jackfield.programs import scalar_of

        return [Predicate(node.args[0].extra, _COMPARISONS[node.op][0], [scalar_of(node.args[1].extra)])]
    return []

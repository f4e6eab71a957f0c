"""Recorded expressions as text: SQL for the host, Python for messages."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .expressions import Node
from .failures import InvalidConfig

_SQL = {
    "eq": "({0} = {1})", "ne": "({0} <> {1})", "lt": "({0} < {1})", "le": "({0} <= {1})", "gt": "({0} > {1})",
    "ge": "({0} >= {1})", "add": "({0} + {1})", "sub": "({0} - {1})", "mul": "({0} * {1})", "div": "({0} / {1})",
    "join": "({0} || {1})", "and": "({0} AND {1})", "or": "({0} OR {1})", "not": "(NOT {0})", "neg": "(- {0})",
    "is_null": "({0} IS NULL)", "is_valid": "({0} IS NOT NULL)",
    "case": "CASE WHEN {0} THEN {1} ELSE {2} END",
    # SQL rounds towards zero, Python down: the remainder gets the divisor's sign, and the quotient follows from it.
    "mod": "((({0} % {1}) + {1}) % {1})", "floordiv": "(({0} - ((({0} % {1}) + {1}) % {1})) // {1})",
}  # fmt: skip
_PYTHON = {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "add": "+", "sub": "-", "mul": "*", "div": "/",
    "join": "+", "and": "&", "or": "|", "mod": "%", "floordiv": "//", "power": "**",
}  # fmt: skip
_FUNCTIONS = frozenset(
    "power abs coalesce lower upper trim replace substring starts_with ends_with contains regexp_matches length round".split()
)
_PLAIN_TYPE = re.compile(r"[a-z0-9]+(\(\d+,-?\d+\))?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Deeper expressions are evaluated in parts: the host bounds how deep parentheses may nest.
DEEPEST = 24


def is_sql(node: Node) -> bool:
    """Whether a node itself (its arguments aside) can be written in SQL."""
    op = node.op
    if op == "literal":
        return not isinstance(node.extra, bytes)
    if op in ("cast", "try_cast"):
        return _PLAIN_TYPE.fullmatch(node.extra.name) is not None
    return op in _SQL or op in _FUNCTIONS or op in ("column", "in", "function")


def sql(node: Node, names: dict[int, str]) -> str:
    """The text of a node; `names` holds the columns that stand for nodes which were evaluated before, by identity."""
    name = names.get(id(node))
    if name is not None:
        return quoted(name)
    op = node.op
    if op == "column":
        return quoted(node.extra)
    if op == "literal":
        return constant(node.extra)
    args = [sql(arg, names) for arg in node.args]
    if op in _SQL:
        return _SQL[op].format(*args)
    if op == "in":
        return f"({args[0]} IN ({', '.join(args[1:])}))"
    if op == "cast":
        return f"CAST({args[0]} AS {node.extra.name})"
    if op == "try_cast":
        return f"TRY_CAST({args[0]} AS {node.extra.name})"
    function = node.extra if op == "function" else op
    if not _NAME.fullmatch(function):
        raise InvalidConfig(f"there is no function `{function}`", code="unknown-function")
    return f"{function}({', '.join(args)})"


def quoted(name: str) -> str:
    """A column's name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def constant(value: Any) -> str:
    """A Python value in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, float):
        if math.isfinite(value):
            text = repr(value)
            return text if value >= 0 and not text.startswith("-") else f"({text})"
        name = "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
        return f"CAST('{name}' AS float64)"
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        scale = max(-int(exponent), 0)
        return f"CAST('{value:f}' AS decimal({max(len(digits), scale, 1)},{scale}))"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, timedelta):
        seconds = value / timedelta(seconds=1)
        return f"INTERVAL '{seconds:f} seconds'"
    return "'" + str(value).replace("'", "''") + "'"


def shown(node: Node) -> str:
    """A node as the author may have written it."""
    op = node.op
    if op == "column":
        return f'batch["{node.extra}"]'
    if op == "literal":
        return repr(node.extra)
    args = [shown(arg) for arg in node.args]
    if op in _PYTHON:
        return f"({f' {_PYTHON[op]} '.join(args)})"
    if op in ("not", "neg"):
        return f"{'~' if op == 'not' else '-'}{args[0]}"
    if op in ("function", "kernel"):
        name = node.extra if op == "function" else node.extra[0]
        return f"call({', '.join([repr(name), *args])})"
    if op in ("cast", "try_cast"):
        return f'{args[0]}.{op}("{node.extra.name}")'
    if not args:
        return op
    return f"{args[0]}.{op}({', '.join(args[1:])})"

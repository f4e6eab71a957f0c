"""Recorded expressions made ready for a schema: one expression of the host's wherever that is possible.

What SQL cannot say (a function with options, a loop in Python) is computed first and stands in the expression as a
further column of the batch.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from typing import Any

from . import host
from .expressions import Node
from .failures import Failure, InvalidConfig, InvalidInput, from_host, place_of
from .render import DEEPEST, is_sql, shown, sql
from .types import Field, Schema, Type, from_tree, to_schema, to_tree
from .views import View, encode

_LEAVES = ("column", "literal")


class Outcome:
    """Values, the rows that failed (`None`: no row did), and why the first of them did."""

    __slots__ = ("failed", "first", "values")

    def __init__(self, values: Any, failed: Any = None, first: Any = None) -> None:
        self.values = values
        self.failed = failed
        self.first = first


class Program:
    """One node of an expression, compiled for a schema."""

    __slots__ = ("columns", "expression", "index", "node", "parts", "predicates", "type")

    def __init__(self, node: Node, schema: Schema) -> None:
        self.node = node
        self.index: int | None = None
        self.expression: Any = None
        self.parts: list[tuple[str, Program]] = []
        # Names of the columns that it reads.
        self.columns: set[str] = set()
        self.predicates: list[Any] = []
        self.type: Type
        if node.op == "column":
            self.index = schema.index(node.extra)
            self.columns.add(node.extra)
            self.type = schema.fields[self.index].type
            if self.type.kind == "Boolean":
                self.expression = _expression(node, {}, schema)
                self.predicates = self.expression.predicates()
        elif node.op == "made":
            self.type = from_tree(node.extra.tree()).type
        elif is_sql(node):
            self._compile_sql(schema)
        else:
            self._compile_call(schema)

    def _compile_sql(self, schema: Schema) -> None:
        names: dict[int, str] = {}
        self._split(self.node, schema, names, 0)
        extended = schema
        if self.parts:
            extended = Schema([*schema.fields, *(Field(name, part.type) for name, part in self.parts)])
        self.expression = _expression(self.node, names, extended)
        self.type = from_tree(self.expression.result_type()).type
        read = (extended.fields[at].name for at in self.expression.columns())
        self.columns.update(name for name in read if name in schema)
        if not self.parts:
            self.predicates = self.expression.predicates()

    def _split(self, node: Node, schema: Schema, names: dict[int, str], depth: int) -> None:
        """Takes out the parts that have to be computed before the rest."""
        if node.op in _LEAVES and is_sql(node):
            return
        repeated = node.op in ("mod", "floordiv")
        for arg in node.args:
            if id(arg) in names:
                continue
            if not is_sql(arg) or arg.op not in _LEAVES and (repeated or depth >= DEEPEST):
                part = Program(arg, schema)
                name = f"\u00b7{len(self.parts)}"
                while name in schema:
                    name += "\u00b7"
                self.parts.append((name, part))
                self.columns |= part.columns
                names[id(arg)] = name
            else:
                self._split(arg, schema, names, depth + 1)

    def _compile_call(self, schema: Schema) -> None:
        node = self.node
        constants = node.op == "kernel"
        self.parts = [
            ("", Program(arg, schema)) for arg in node.args if not (constants and arg.op == "literal")
        ]
        for _, part in self.parts:
            self.columns |= part.columns
        if node.op == "literal":
            self.type = Type("Binary")
        elif node.op in ("map", "apply"):
            self.type = node.extra[1]
        else:
            function, options = _kernel(node)
            types = iter(self.parts)
            trees = [
                to_tree(Field("", _type_of(arg.extra) if arg.op == "literal" else next(types)[1].type))
                for arg in node.args
            ]
            try:
                self.type = from_tree(host.compute.result_type(function, trees, options)).type
            except host.Err as error:
                raise _located(error.value, node, schema) from None

    def run(self, batch: Any, prefetched: dict[str, Any] | None = None) -> Outcome:
        """Its value for every row of one of the host's batches."""
        if self.expression is not None:
            if self.parts:
                outcomes = [part.run(batch, prefetched) for _, part in self.parts]
                named = [host.data.Named(name, out.values) for (name, _), out in zip(self.parts, outcomes, strict=True)]
                return _joined(self.expression.evaluate(batch.put(named)), outcomes)
            return self.expression.evaluate(batch)
        if self.index is not None:
            return Outcome(batch.column(self.index))
        node = self.node
        if node.op == "made":
            return Outcome(node.extra.share())
        if node.op == "literal":
            return Outcome(column_of(self.type, [node.extra] * batch.rows()))
        if node.op in ("map", "apply"):
            return self._loop(batch, prefetched)
        outcomes = [part.run(batch, prefetched) for _, part in self.parts]
        given = iter(outcomes)
        arguments = [
            host.compute.Argument_Scalar(scalar_of(arg.extra))
            if arg.op == "literal"
            else host.compute.Argument_Column(next(given).values)
            for arg in node.args
        ]
        function, options = _kernel(node)
        return _joined(host.compute.call(function, arguments, options, None), outcomes)

    def view(self, batch: Any, prefetched: dict[str, Any] | None) -> tuple[View, Outcome | None]:
        """Its raw buffers, without a call to the host where they were fetched with the batch."""
        if self.node.op == "column" and prefetched and self.node.extra in prefetched:
            return View(self.type, prefetched[self.node.extra]), None
        outcome = self.run(batch, prefetched)
        values = outcome.values
        return View(self.type, values.read([]), values.read), outcome

    def _loop(self, batch: Any, prefetched: dict[str, Any] | None) -> Outcome:
        function, type = self.node.extra
        seen = [part.view(batch, prefetched) for _, part in self.parts]
        views = [view for view, _ in seen]
        outcomes = [outcome for _, outcome in seen if outcome is not None]
        rows = views[0].length
        if self.node.op == "apply":
            made = function(*views)
            values = _raw_column(type, made) if isinstance(made, array | memoryview) else column_of(type, made)
            if values.length() != rows:
                raise Failure(f"the function gave {values.length()} values for {rows} rows", code="wrong-length")
            return _joined(Outcome(values), outcomes)
        made, failed, first = _mapped(function, views)
        values = column_of(type, made)
        if first is None:
            return _joined(Outcome(values), outcomes)
        return _joined(Outcome(values, column_of(Type("Boolean"), failed), first), outcomes)


def _mapped(function: Any, views: Sequence[View]) -> tuple[list[Any], list[bool], Any]:
    lists = [view.to_list() for view in views]
    try:
        if len(lists) == 1:
            return [None if value is None else function(value) for value in lists[0]], [], None
        return [None if row[0] is None else function(*row) for row in zip(*lists, strict=True)], [], None
    except Exception:
        # Some row fails: go through them one by one, for those that do.
        return _mapped_singly(function, lists)


def _mapped_singly(function: Any, lists: list[list[Any]]) -> tuple[list[Any], list[bool], Any]:
    made: list[Any] = []
    failed: list[bool] = []
    first: Any = None
    for number, row in enumerate(zip(*lists, strict=True)):
        value = None
        wrong = False
        if row[0] is not None:
            try:
                value = function(*row)
            except Exception as error:
                wrong = True
                if first is None:
                    failure = error if isinstance(error, Failure) else None
                    text = failure.message if failure else f"{type(error).__name__}: {error}{place_of(error)}"
                    code = failure.code if failure else "function-failed"
                    kind = host.types.FailureKind.INVALID_INPUT
                    first = host.types.Failure(kind, code, text, number, None, None, None, failure.help if failure else None)
        made.append(value)
        failed.append(wrong)
    return made, failed, first


def column_of(type: Type, values: Any) -> Any:
    """The host's column of Python values."""
    return host.data.Column.create(to_tree(Field("", type)), encode(type, values))


def _raw_column(type: Type, values: Any) -> Any:
    raw = bytes(values)
    if type.kind in ("Boolean", "Utf8", "Binary") or len(values) == 0 and raw:
        raise InvalidInput(f"raw numbers make no column of the type {type.name}", code="type-mismatch")
    return host.data.Column.create(to_tree(Field("", type)), [host.types.Buffers(len(values), 0, None, None, raw)])


def _joined(outcome: Any, before: Sequence[Any]) -> Any:
    """The outcome, in which the rows have failed too that failed in a part."""
    for other in before:
        if other.failed is not None:
            if outcome.failed is None:
                outcome = Outcome(outcome.values, other.failed, other.first)
            else:
                either = combine("or_kleene", outcome.failed, other.failed)
                outcome = Outcome(outcome.values, either, other.first)
    return outcome


def combine(function: str, left: Any, right: Any) -> Any:
    """A function of two columns of the host that cannot fail."""
    arguments = [host.compute.Argument_Column(left), host.compute.Argument_Column(right)]
    return host.compute.call(function, arguments, "", None).values


def _kernel(node: Node) -> tuple[str, str]:
    if node.op in ("cast", "try_cast"):
        return "cast", json.dumps({"to_type": node.extra.name, "safe": node.op == "try_cast"})
    if node.op == "kernel":
        function, options = node.extra
        return function, json.dumps(options)
    raise InvalidConfig(f"`{shown(node)}` is not known here", code="unknown-function")


def _type_of(value: Any) -> Type:
    from .views import of_python

    return Type("Null") if value is None else of_python([value])


def scalar_of(value: Any) -> Any:
    """The host's form of a Python value."""
    types = host.types
    if value is None:
        return types.Scalar_Null()
    if isinstance(value, bool):
        return types.Scalar_Boolean(value)
    if isinstance(value, int):
        return types.Scalar_Int64(value) if -(1 << 63) <= value < 1 << 63 else types.Scalar_Uint64(value)
    if isinstance(value, float):
        return types.Scalar_Float64(value)
    if isinstance(value, str):
        return types.Scalar_Text(value)
    if isinstance(value, bytes):
        return types.Scalar_Binary(value)
    type = _type_of(value)
    return types.Scalar_Typed((to_tree(Field("", type))[0].data_type, str(value)))


def _expression(node: Node, names: dict[int, str], schema: Schema) -> Any:
    if host.NATIVE:
        from .fake.evaluate import Expression

        return Expression(node, names, schema)
    try:
        return host.sql.Expression(sql(node, names), to_schema(schema))
    except host.Err as error:
        raise _located(error.value, node, schema, names) from None


def _located(record: Any, node: Node, schema: Schema, names: dict[int, str] | None = None) -> Failure:
    """The host's failure about an expression, told about the part of it that is wrong, in the author's terms."""
    wrong = node
    if names is not None:
        wrong = _smallest(node, names, schema)
    failure = from_host(record)
    failure.offset = None
    read = sorted(_names(wrong))
    told = [f"column `{name}` is {schema[name].type.name}" for name in read if f"`{name}`" not in failure.message]
    place = f" at {wrong.place[0].rsplit('/', 1)[-1]}:{wrong.place[1]}" if wrong.place else ""
    about = f"in `{shown(wrong)}`{place}"
    failure.message = f"{failure.message} ({'; '.join([about, *told])})"
    failure.args = (failure.message,)
    if failure.column is None and len(read) == 1:
        failure.column = read[0]
    if failure.help and "CAST(" in failure.help:
        failure.help = "convert it, as in .cast(\"int64\")"
    return failure


def _smallest(node: Node, names: dict[int, str], schema: Schema) -> Node:
    """The innermost part that fails by itself."""
    for arg in node.args:
        if arg.args and id(arg) not in names:
            try:
                host.sql.Expression(sql(arg, names), to_schema(schema))
            except host.Err:
                return _smallest(arg, names, schema)
    return node


def _names(node: Node) -> set[str]:
    found = {node.extra} if node.op == "column" else set()
    return found.union(*(_names(arg) for arg in node.args)) if node.args else found

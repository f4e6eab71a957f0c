"""Batches: columns of the same length. `Batch` holds data; `Recorded` is what a decorated function gets when it is bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import host
from .expressions import Column, Node, literal
from .failures import Failure, InvalidConfig, from_host
from .programs import Program, column_of
from .types import Schema, Type, from_schema, from_tree, to_schema
from .views import View, of_python

if TYPE_CHECKING:
    from collections.abc import Iterator


class Batch:
    """Rows of named columns that stay in the host. Immutable: each method gives another batch."""

    __slots__ = ("_programs", "_schema", "handle", "prefetched")

    def __init__(
        self,
        handle: Any,
        schema: Schema | None = None,
        programs: dict[Any, Program] | None = None,
        prefetched: dict[str, Any] | None = None,
    ) -> None:
        self.handle = handle
        self._schema = schema
        self._programs = {} if programs is None else programs
        self.prefetched = prefetched

    @staticmethod
    def of(columns: Mapping[str, Any], types: Mapping[str, str | Type] | None = None) -> Batch:
        """A batch of lists or columns. A list's type follows from its values unless `types` says it."""
        types = types or {}
        handles = []
        fields: dict[str, str | Type] = {}
        rows = 0
        for name, values in columns.items():
            if isinstance(values, Column):
                fields[name] = values.type
                handles.append(values.handle)
                rows = handles[-1].length()
            else:
                listed = list(values)
                kind = Type.of(types[name]) if name in types else of_python(listed)
                fields[name] = kind
                handles.append(column_of(kind, listed))
                rows = len(listed)
        schema = Schema(fields)
        try:
            return Batch(host.data.Batch.of(to_schema(schema), rows, handles), schema)
        except host.Err as error:
            raise from_host(error.value) from None

    @staticmethod
    def of_rows(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str | Type] | Schema | None = None) -> Batch:
        """A batch of dicts; a missing key is null. The columns are those of `types`, else all that appear."""
        if isinstance(types, Schema):
            types = {field.name: field.type for field in types}
        names = list(types) if types else list(dict.fromkeys(name for row in rows for name in row))
        return Batch.of({name: [row.get(name) for row in rows] for name in names}, types)

    @staticmethod
    def concat(parts: Sequence[Batch]) -> Batch:
        """The rows of batches with the same columns, one after the other."""
        try:
            return Batch(host.data.Batch.concat([part.handle for part in parts]))
        except host.Err as error:
            raise from_host(error.value) from None

    @property
    def schema(self) -> Schema:
        """The columns and their types."""
        if self._schema is None:
            self._schema = from_schema(self.handle.schema())
        return self._schema

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.schema.names

    def __len__(self) -> int:
        return int(self.handle.rows())

    def __contains__(self, name: object) -> bool:
        return name in self.schema

    def __getitem__(self, name: str) -> Column:
        self.schema.index(name)
        return Column(_ref(name, self.schema), self)

    def filter(self, mask: Column) -> Batch:
        """The rows where a boolean column is true."""
        return self._with(self._handle_call("filter", self._own(mask)), self._schema)

    def take(self, rows: Column | Sequence[int]) -> Batch:
        """Rows by number; a null number gives a row of nulls."""
        numbers = self._own(rows) if isinstance(rows, Column) else column_of(Type("Uint32"), list(rows))
        return self._with(self._handle_call("take", numbers), self._schema)

    def slice(self, offset: int, length: int) -> Batch:
        """A run of rows."""
        return self._with(self._handle_call("slice", offset, length), self._schema)

    def select(self, *names: str) -> Batch:
        """These columns, in this order."""
        return self._pick([(name, None) for name in names])

    def drop(self, *names: str) -> Batch:
        """All columns but these."""
        for name in names:
            self.schema.index(name)
        return self.select(*(name for name in self.columns if name not in names))

    def rename(self, names: Mapping[str, str]) -> Batch:
        """Columns with other names: `{"old": "new"}`."""
        for name in names:
            self.schema.index(name)
        return self._pick([(name, names.get(name)) for name in self.columns])

    def with_column(self, name: str, values: Any) -> Batch:
        """With a further column, or with another one in the place of that name."""
        return self.with_columns({name: values})

    def with_columns(self, columns: Mapping[str, Any]) -> Batch:
        """With further columns, or others in the places of their names."""
        named = []
        for name, values in columns.items():
            if not isinstance(values, Column):
                values = Column(literal(values), self)
            named.append(host.data.Named(name, self._own(values)))
        return self._with(self._handle_call("put", named), None)

    def sort(self, *keys: str | Column, descending: bool = False, limit: int | None = None) -> Batch:
        """The rows in another order, stably; with `limit` only the first of them."""
        from .compute import sort_indices

        columns = [self[key] if isinstance(key, str) else key for key in keys]
        return self.take(sort_indices(columns, descending=descending, limit=limit))

    def reject(self, rows: Column, message: str, *, code: str = "rejected", column: str | None = None, help: str | None = None) -> Batch:
        """In a decorated function: rows for which a column is true leave by the pipeline's error policy."""
        raise InvalidConfig("a batch in `process` has no policy of its own", code="needs-step", help="use Step().reject(rows, failure)")

    def keep(self) -> Batch:
        """The same batch, to hold beyond this call."""
        return self._with(self.handle.share(), self._schema)

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows as dicts: for tests and small batches."""
        names = self.columns
        values = [self[name].to_list() for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)] if names else [{}] * len(self)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_rows())

    def __repr__(self) -> str:
        return f"Batch({len(self)} rows, {self.schema!r})"

    # What columns ask of the batch that they belong to.
    def program(self, node: Node) -> Program:
        """A node compiled for this batch's schema; kept, for the next batch of the same node."""
        key: Any = id(node)
        program = self._programs.get(key)
        if program is None or program.node is not node:
            key = _key(node)
            program = self._programs.get(key)
            if program is None:
                program = self._programs[key] = Program(node, self.schema)
        return program

    def type_of(self, node: Node) -> Type:
        """The type of a node's values."""
        return self.program(node).type

    def evaluate(self, column: Column) -> Any:
        """The host's column for a recorded one; the first row that fails is raised."""
        if column.node.op == "made":
            return column.node.extra
        try:
            outcome = self.program(column.node).run(self.handle, self.prefetched)
        except host.Err as error:
            raise from_host(error.value) from None
        if outcome.failed is not None and outcome.first is not None:
            raise from_host(outcome.first)
        return outcome.values

    def view(self, column: Column) -> View:
        """The raw buffers of a column."""
        program = self.program(column.node)
        try:
            if column._made is None and column.node.op == "column":
                return program.view(self.handle, self.prefetched)[0]
            handle = column.handle
            return View(program.type, handle.read([]), handle.read)
        except host.Err as error:
            raise from_host(error.value) from None

    def reduce(self, column: Column, function: str, options: Mapping[str, Any]) -> Any:
        """A whole column as one value."""
        from .compute import reduce

        return reduce(column, function, **options)

    def together(self, other: Batch) -> Batch:
        """The batch that columns of both belong to: there is none, unless one of them is nobody's."""
        if isinstance(other, Detached):
            return self
        raise InvalidConfig("columns of two batches cannot be computed with each other", code="two-batches")

    def _own(self, column: Column) -> Any:
        return column.handle if column.batch is not None else self.evaluate(Column(column.node, self))

    def _pick(self, picks: Sequence[tuple[str, str | None]]) -> Batch:
        numbers = [host.data.Pick(self.schema.index(name), new) for name, new in picks]
        return self._with(self._handle_call("pick", numbers), None)

    def _handle_call(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self.handle, method)(*arguments)
        except host.Err as error:
            raise from_host(error.value) from None

    def _with(self, handle: Any, schema: Schema | None) -> Batch:
        return Batch(handle, schema, self._programs if schema is self._schema and schema is not None else None)


class Detached(Batch):
    """A batch for columns that stand in none: made ones, and what is computed from them."""

    __slots__ = ()

    def together(self, other: Batch) -> Batch:
        return other


def detached(column: Column) -> Batch:
    """The batch for a column that stands in none; it has as many rows as the made columns in it."""
    made = _made(column.node)
    rows = made.length() if made is not None else 1
    return Detached(host.data.Batch.of(to_schema(Schema([])), rows, []), Schema([]))


def _made(node: Node) -> Any:
    if node.op == "made":
        return node.extra
    return next((found for arg in node.args if (found := _made(arg)) is not None), None)


def made(handle: Any) -> Column:
    """A column of the host's that stands in no batch yet."""
    text = type(handle.tree()[0].data_type).__name__ == "DataType_Utf8"
    column = Column(Node("made", (), handle, text))
    column._made = handle
    return column


def column(values: Sequence[Any], type: str | Type | None = None) -> Column:
    """A column of Python values, `None` being null."""
    listed = list(values)
    return made(column_of(of_python(listed) if type is None else Type.of(type), listed))


def raw_column(type: str | Type, levels: Sequence[Any]) -> Column:
    """A column of raw buffers (`jackfield.Buffers`), one per field of the type's tree: the host checks them."""
    from .types import Field, to_tree

    try:
        return made(host.data.Column.create(to_tree(Field("", Type.of(type))), list(levels)))
    except host.Err as error:
        raise from_host(error.value) from None


def _ref(name: str, schema: Schema) -> Node:
    return Node("column", (), name, schema[name].type.is_text)


def _key(node: Node) -> Any:
    extra = node.extra
    if node.op == "made" or not isinstance(extra, str | int | float | bool | Type | None.__class__):
        extra = id(extra) if node.op in ("made", "map", "apply") else repr(extra)
    return (node.op, type(extra), extra, tuple(_key(arg) for arg in node.args))


class Recorded(Batch):
    """The input of a decorated function: it has a schema and no rows, and notes what is done with it."""

    __slots__ = ("mask", "nodes", "rejects")

    def __init__(self, schema: Schema, nodes: dict[str, Node] | None = None) -> None:
        super().__init__(None, schema)
        # The columns that leave, by name; at first those that came.
        self.nodes = {name: _ref(name, schema) for name in schema.names} if nodes is None else nodes
        self.mask: Node | None = None
        self.rejects: list[tuple[Node, Failure]] = []

    @property
    def columns(self) -> list[str]:
        return list(self.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __getitem__(self, name: str) -> Column:
        node = self.nodes.get(name)
        if node is None:
            from .failures import unknown_column

            raise unknown_column(name, self.nodes)
        return Column(node, self)

    def together(self, other: Batch) -> Batch:
        # All batches that come of one input have its rows until the node is done.
        if isinstance(other, Recorded) and other.schema is self.schema or isinstance(other, Detached):
            return self
        return super().together(other)

    def filter(self, mask: Column) -> Batch:
        return self._changed(mask=mask.node if self.mask is None else Node("and", (self.mask, mask.node)))

    def reject(self, rows: Column, message: str, *, code: str = "rejected", column: str | None = None, help: str | None = None) -> Batch:
        from .failures import InvalidInput

        failure = InvalidInput(message, code=code, column=column, help=help)
        return self._changed(rejects=[*self.rejects, (rows.node, failure)])

    def select(self, *names: str) -> Batch:
        return self._changed(nodes={name: self[name].node for name in names})

    def drop(self, *names: str) -> Batch:
        for name in names:
            self[name]
        return self.select(*(name for name in self.nodes if name not in names))

    def rename(self, names: Mapping[str, str]) -> Batch:
        for name in names:
            self[name]
        return self._changed(nodes={names.get(name, name): node for name, node in self.nodes.items()})

    def with_columns(self, columns: Mapping[str, Any]) -> Batch:
        nodes = dict(self.nodes)
        for name, values in columns.items():
            nodes[name] = values.node if isinstance(values, Column) else literal(values)
        return self._changed(nodes=nodes)

    def _changed(self, **changes: Any) -> Recorded:
        other = Recorded(self.schema, self.nodes)
        other.mask, other.rejects = self.mask, self.rejects
        for name, value in changes.items():
            setattr(other, name, value)
        return other

    def _needs_data(self, what: str) -> Failure:
        return InvalidConfig(
            f"{what} needs rows, and a decorated function runs once, before there are any",
            code="needs-data",
            help="use .map() or .apply() for a loop over values, or write a class with `process`",
        )

    def __len__(self) -> int:
        raise self._needs_data("len(batch)")

    def __bool__(self) -> bool:
        return True

    def take(self, rows: Any) -> Batch:
        raise self._needs_data("take")

    def slice(self, offset: int, length: int) -> Batch:
        raise self._needs_data("slice")

    def sort(self, *keys: Any, descending: bool = False, limit: int | None = None) -> Batch:
        raise self._needs_data("sort")

    def keep(self) -> Batch:
        raise self._needs_data("keep")

    def to_rows(self) -> list[dict[str, Any]]:
        raise self._needs_data("reading rows")

    def evaluate(self, column: Column) -> Any:
        raise self._needs_data("reading values")

    def view(self, column: Column) -> View:
        raise self._needs_data("reading values")

    def reduce(self, column: Column, function: str, options: Mapping[str, Any]) -> Any:
        raise self._needs_data(function)

    def __repr__(self) -> str:
        return f"Recorded({', '.join(self.nodes)})"

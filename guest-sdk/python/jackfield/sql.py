"""The pipeline's SQL, for plugins that take expressions as parameters. It needs the host: there is none in unit tests."""

from __future__ import annotations

from typing import Any

from . import host
from .batches import Batch, made
from .expressions import Column
from .failures import Unavailable, from_host
from .types import Schema, Type, from_tree, to_schema


class Expression:
    """A parsed and type-checked expression over the columns of a schema."""

    def __init__(self, text: str, schema: Schema) -> None:
        if host.NATIVE:
            raise Unavailable("SQL is the host's", code="needs-host", help="test it with `jackfield plugin test`")
        self._schema = schema
        try:
            self._host: Any = host.sql.Expression(text, to_schema(schema))
        except host.Err as error:
            raise from_host(error.value) from None

    @property
    def columns(self) -> list[str]:
        """The columns that it reads: for the binding's `needs`."""
        return [self._schema.fields[at].name for at in self._host.columns()]

    @property
    def type(self) -> Type:
        """The type of its values."""
        return from_tree(self._host.result_type()).type

    @property
    def predicates(self) -> list[Any]:
        """What a reader could make of it: for the binding's `predicates`."""
        return list(self._host.predicates())

    def on(self, batch: Batch) -> Column:
        """Its values for the rows of a batch; the first row that fails is raised."""
        try:
            outcome = self._host.evaluate(batch.handle)
        except host.Err as error:
            raise from_host(error.value) from None
        if outcome.failed is not None and outcome.first is not None:
            raise from_host(outcome.first)
        return made(outcome.values)

"""Nodes: the decorator, and the long way of bindings and steps.

The short way is a function over a batch. It runs once, when the node is bound, over the input's columns without rows;
what it did is then done by the host, batch by batch. The long way is a class with `bind` and `process`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from . import host
from .batches import Batch, Recorded
from .expressions import Column
from .failures import Failure, InvalidConfig, to_host
from .parameters import Signature
from .programs import Outcome, Program, combine
from .registry import NODES, Declared, declare
from .types import Field, Schema, Type, to_tree

T = TypeVar("T", bound=Callable[..., Any])

#: Rows that a batch should have where the host does the work: a call into Python costs the same for any number.
BATCH_ROWS = 262_144


def node(type: str, *, row_wise: bool = True, batch_rows: int | None = None) -> Callable[[T], T]:
    """Declares a node type: a function from batch to batch, or a class with `bind` and `process`.

    The parameters behind the batch (a class: of `__init__`) are the node's parameters. `row_wise=False` says that a row's
    fate depends on other rows: a function given to `apply` that looks at its neighbours. `batch_rows` is what the node
    would like to get at a time; a function without loops of its own asks for many by itself.
    """

    def decorate(target: T) -> T:
        function = target.__init__ if isinstance(target, type_) else target  # type: ignore[misc]
        signature = Signature(function, 1, target)
        declare(NODES, Declared(type, target, signature, {"row_wise": row_wise, "batch_rows": batch_rows}))
        return target

    return decorate


type_ = type


class InputPort:
    """An input: its port's name, and the columns that it will have."""

    __slots__ = ("name", "schema")

    def __init__(self, name: str, schema: Schema) -> None:
        self.name = name
        self.schema = schema


class OutputPort:
    """An output and its columns, in order: passed ones of an input, and made ones."""

    def __init__(self, name: str = "out") -> None:
        self.name = name
        self.columns: list[Any] | None = []

    @staticmethod
    def unknown(name: str = "out") -> OutputPort:
        """A port whose columns are known with its first batch only."""
        port = OutputPort(name)
        port.columns = None
        return port

    def passing(self, input: InputPort, names: Iterable[str] | None = None) -> OutputPort:
        """All columns of an input, or these."""
        for name in input.schema.names if names is None else names:
            self.passed(input, name)
        return self

    def passed(self, input: InputPort, name: str, rename: str | None = None) -> OutputPort:
        """The next column is one of an input."""
        origin = host.node.Origin(input.name, input.schema.index(name))
        assert self.columns is not None
        self.columns.append(host.node.OutColumn_Passed(host.node.Passed(origin, rename)))
        return self

    def made(self, name: str, type: str | Type) -> OutputPort:
        """The next column is made by the node."""
        assert self.columns is not None
        self.columns.append(host.node.OutColumn_Made(to_tree(Field(name, type))))
        return self


class Binding:
    """What a node says before data flows. Without `needs` its inputs are needed whole."""

    def __init__(self, *outputs: OutputPort) -> None:
        self.outputs = list(outputs)
        self._needs: dict[str, Any] = {}
        self._prefetch: dict[str, list[str]] = {}
        self._drain_first: list[str] = []
        self._row_wise = False
        self._extra: dict[str, str] = {}

    def needs(self, port: str, columns: Iterable[str]) -> Binding:
        """The columns of an input that the node itself reads."""
        self._need(port).columns = list(columns)
        return self

    def predicates(self, port: str, predicates: Sequence[Any]) -> Binding:
        """What holds for every row that leaves by the first output."""
        self._need(port).predicates = list(predicates)
        return self

    def limit(self, port: str, rows: int) -> Binding:
        """How many rows of an input are of use."""
        self._need(port).limit = rows
        return self

    def prefetch(self, port: str, columns: Iterable[str]) -> Binding:
        """Columns whose raw buffers come with every batch: `batch[name].view()` then costs no call."""
        self._prefetch[port] = list(columns)
        return self

    def drain_first(self, port: str) -> Binding:
        """This input is read to its end before the others."""
        self._drain_first.append(port)
        return self

    def row_wise(self) -> Binding:
        """Each row's fate depends on that row alone: several instances may share the work."""
        self._row_wise = True
        return self

    def keeps_rows(self) -> Binding:
        """Every input row leaves by the first output."""
        self._extra["keeps-rows"] = "true"
        return self

    def batch_rows(self, rows: int) -> Binding:
        """How many rows the node would like to get at a time."""
        self._extra["batch-rows"] = str(rows)
        return self

    def _need(self, port: str) -> Any:
        if port not in self._needs:
            self._needs[port] = host.node.Need(port, None, [], None)
        return self._needs[port]

    def to_host(self, inputs: Sequence[InputPort]) -> Any:
        """The host's form of it."""
        schemas = {port.name: port.schema for port in inputs}
        outputs = [host.node.OutputPort(port.name, port.columns) for port in self.outputs]
        prefetch = [
            host.node.Prefetch(port, [[schemas[port].index(name)] for name in names]) for port, names in self._prefetch.items()
        ]
        needs = list(self._needs.values())
        return host.node.Binding(outputs, needs, prefetch, self._drain_first, self._row_wise, list(self._extra.items()))


class Step:
    """What a call of a node gives: rows by its ports, rows that are rejected, and how it goes on."""

    def __init__(self) -> None:
        self.emissions: list[Any] = []
        self.rejected: list[Any] = []
        self.progress = "READY"

    def change(self, keep: Column | None = None, made: Sequence[Column] = (), port: str = "out") -> Step:
        """The rows of the input where `keep` is true (`None`: all), with the columns that the binding calls made."""
        return self.change_handles(None if keep is None else keep.handle, [column.handle for column in made], port)

    def change_handles(self, keep: Any, made: list[Any], port: str = "out") -> Step:
        """The same with the host's columns."""
        self.emissions.append(host.flow.Emission(port, host.flow.Output_Change(host.flow.Change(keep, made))))
        return self

    def emit(self, batch: Batch, port: str = "out") -> Step:
        """A batch of the node's own."""
        self.emissions.append(host.flow.Emission(port, host.flow.Output_Batch(batch.handle)))
        return self

    def reject(self, rows: Column, failure: Failure) -> Step:
        """The rows of the input where a column is true leave by the pipeline's error policy."""
        return self.reject_handle(rows.handle, to_host(failure))

    def reject_handle(self, rows: Any, record: Any) -> Step:
        """The same with the host's column and record."""
        self.rejected.append(host.flow.Rejected(rows, record))
        return self

    def more(self) -> Step:
        """There is more: `resume` is called."""
        self.progress = "MORE"
        return self

    def done(self) -> Step:
        """Nothing more is needed of any input."""
        self.progress = "DONE"
        return self

    def to_host(self) -> Any:
        """The host's form of it."""
        return host.flow.Step(self.emissions, self.rejected, host.flow.Progress[self.progress])


class Node:
    """A node written the long way. Parameters are those of `__init__`."""

    def bind(self, inputs: Sequence[InputPort]) -> Binding:
        """Called once, before data flows, with every connected input."""
        raise NotImplementedError(f"{type(self).__name__} has no `bind`")

    def process(self, batch: Batch, port: str) -> Step | Batch | Mapping[str, Batch] | None:
        """Works on a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no `process`")

    def resume(self) -> Step | Batch | Mapping[str, Batch] | None:
        """After a step that said `more`."""
        return None

    def finish(self, port: str) -> Step | Batch | Mapping[str, Batch] | None:
        """After the last batch of an input."""
        return None


class Running:
    """A node at work. A failure of `bind` about a column that a parameter names points to that parameter."""

    def __init__(self, declared: Declared, arguments: dict[str, Any]) -> None:
        self.declared = declared
        self.arguments = arguments

    def bound(self, inputs: Sequence[InputPort]) -> Any:
        """`bind`, with failures that say which parameter is to blame."""
        try:
            return self.bind(inputs)
        except Failure as failure:
            if failure.column is not None and failure.parameter is None:
                failure.parameter = self.declared.signature.place(self.arguments, failure.column)
            raise

    def bind(self, inputs: Sequence[InputPort]) -> Any:
        """The binding, in the host's form."""
        raise NotImplementedError


class WrittenNode(Running):
    """Runs a node of the long way."""

    def __init__(self, declared: Declared, arguments: dict[str, Any]) -> None:
        super().__init__(declared, arguments)
        self.written = declared.target(**arguments)
        self.schemas: dict[str, Schema] = {}
        self.programs: dict[str, dict[Any, Program]] = {}
        self.prefetched: dict[str, list[str]] = {}

    def bind(self, inputs: Sequence[InputPort]) -> Any:
        self.schemas = {port.name: port.schema for port in inputs}
        self.programs = {port.name: {} for port in inputs}
        binding = self.written.bind(inputs)
        if not isinstance(binding, Binding):
            raise TypeError(f"`bind` gives a Binding, not {type(binding).__name__}")
        rows = self.declared.hints["batch_rows"]
        if rows is not None:
            binding._extra.setdefault("batch-rows", str(rows))
        self.prefetched = binding._prefetch
        return binding.to_host(inputs)

    def process(self, port: str, handle: Any, columns: Sequence[Any]) -> Any:
        names = self.prefetched.get(port)
        prefetched = dict(zip(names, columns, strict=True)) if names else None
        batch = Batch(handle, self.schemas[port], self.programs[port], prefetched)
        return _step(self.written.process(batch, port))

    def resume(self) -> Any:
        return _step(self.written.resume())

    def finish(self, port: str) -> Any:
        return _step(self.written.finish(port))


def _step(given: Any) -> Any:
    if isinstance(given, Step):
        return given.to_host()
    step = Step()
    if isinstance(given, Batch):
        step.emit(given)
    elif isinstance(given, Mapping):
        for port, batch in given.items():
            step.emit(batch, port)
    elif given is not None:
        raise TypeError(f"`process` gives a Step, a Batch, a dict of them by port, or None, not {type(given).__name__}")
    return step.to_host()


class RecordedOutput:
    """One output of a decorated function, compiled."""

    def __init__(self, name: str, recorded: Recorded, input: InputPort) -> None:
        self.name = name
        schema = input.schema
        self.mask = None if recorded.mask is None else Program(recorded.mask, schema)
        if self.mask is not None and self.mask.type.kind != "Boolean":
            raise InvalidConfig(f"`filter` takes a boolean column, and this one is {self.mask.type.name}", code="type-mismatch")
        self.made: list[Program] = []
        port = OutputPort(name)
        for shown, part in recorded.nodes.items():
            if part.op == "column":
                port.passed(input, part.extra, shown if shown != part.extra else None)
            else:
                program = Program(part, schema)
                self.made.append(program)
                port.made(shown, program.type)
        self.port = port

    def programs(self) -> list[Program]:
        """All that is computed for it."""
        return [*([] if self.mask is None else [self.mask]), *self.made]


class RecordedNode(Running):
    """Runs a decorated function."""

    def __init__(self, declared: Declared, arguments: dict[str, Any]) -> None:
        super().__init__(declared, arguments)
        self.outputs: list[RecordedOutput] = []
        self.rejects: list[tuple[Program, Any]] = []
        self.prefetched: list[str] = []
        self.ready: Any = None

    def bind(self, inputs: Sequence[InputPort]) -> Any:
        if len(inputs) != 1:
            raise InvalidConfig(f"a decorated function has one input, not {len(inputs)}", code="inputs", help="write a class with `bind` and `process`")
        input = inputs[0]
        given = self.declared.target(Recorded(input.schema), **self.arguments)
        by_port: Mapping[str, Any] = given if isinstance(given, Mapping) else {"out": given}
        rejects: dict[int, tuple[Any, Failure]] = {}
        for name, recorded in by_port.items():
            if not isinstance(recorded, Recorded):
                raise TypeError(f"{self.declared.target.__name__} gives a batch, or a dict of them by port, not {type(recorded).__name__}")
            self.outputs.append(RecordedOutput(name, recorded, input))
            rejects.update((id(rows), (rows, failure)) for rows, failure in recorded.rejects)
        self.rejects = [(Program(rows, input.schema), to_host(failure)) for rows, failure in rejects.values()]
        return self._binding(input).to_host(inputs)

    def _binding(self, input: InputPort) -> Binding:
        binding = Binding(*(output.port for output in self.outputs))
        programs = [program for output in self.outputs for program in output.programs()]
        programs += [program for program, _ in self.rejects]
        read = set[str]().union(*(program.columns for program in programs))
        binding.needs(input.name, [name for name in input.schema.names if name in read])
        self.prefetched = sorted(_looped(programs))
        if self.prefetched:
            binding.prefetch(input.name, self.prefetched)
        mask = self.outputs[0].mask
        if mask is not None and not self.rejects:
            binding.predicates(input.name, mask.predicates)
        if self.declared.hints["row_wise"]:
            binding.row_wise()
            if mask is None and not self.rejects:
                binding.keeps_rows()
        self.ready = host.flow.Progress.READY
        rows = self.declared.hints["batch_rows"]
        if rows is None and not _loops(programs):
            rows = BATCH_ROWS
        return binding if rows is None else binding.batch_rows(rows)

    def process(self, port: str, handle: Any, columns: Sequence[Any]) -> Any:
        flow = host.flow
        prefetched = dict(zip(self.prefetched, columns, strict=True)) if columns else None
        emissions = []
        rejected: list[Any] = []
        for program, record in self.rejects:
            outcome = program.run(handle, prefetched)
            if outcome.failed is not None:
                rejected.append((outcome.failed, outcome.first))
            rejected.append((outcome.values, record))
        for output in self.outputs:
            keep = None
            if output.mask is not None:
                outcome = output.mask.run(handle, prefetched)
                keep = outcome.values
                if outcome.failed is not None:
                    rejected.append((outcome.failed, outcome.first))
            made = []
            for program in output.made:
                outcome = program.run(handle, prefetched)
                made.append(outcome.values)
                if outcome.failed is not None:
                    # A row that is filtered away cannot fail.
                    failed = outcome.failed if keep is None else combine("and_kleene", outcome.failed, keep)
                    rejected.append((failed, outcome.first))
            emissions.append(flow.Emission(output.name, flow.Output_Change(flow.Change(keep, made))))
        if rejected:
            return self._rejecting(emissions, rejected)
        return flow.Step(emissions, [], self.ready)

    def _rejecting(self, emissions: list[Any], rejected: list[Any]) -> Any:
        """The step without the rejected rows: each is rejected once, for the first reason, and leaves by no port."""
        flow = host.flow
        gone: Any = None
        parts = []
        for rows, record in rejected:
            rows = _whether(rows)
            if gone is None:
                gone = rows
            else:
                rows, gone = combine("and_not_kleene", rows, gone), combine("or_kleene", gone, rows)
            if host.compute.reduce("any", rows, "") == host.types.Scalar_Boolean(True):
                parts.append(flow.Rejected(rows, record))
        if not parts:
            return flow.Step(emissions, [], self.ready)
        stays = host.compute.call("invert", [host.compute.Argument_Column(gone)], "", None).values
        for emission in emissions:
            change = emission.output.value
            change.selection = stays.share() if change.selection is None else combine("and_kleene", change.selection, stays)
        return flow.Step(emissions, parts, self.ready)

    def resume(self) -> Any:
        return Step().to_host()

    def finish(self, port: str) -> Any:
        return Step().to_host()


def _whether(rows: Any) -> Any:
    """A boolean column in which null counts as false."""
    compute = host.compute
    if rows.null_count() == 0:
        return rows
    false = compute.Argument_Scalar(host.types.Scalar_Boolean(False))
    return compute.call("coalesce", [compute.Argument_Column(rows), false], "", None).values


def _loops(programs: Sequence[Program]) -> bool:
    """Whether any of it is a loop in Python."""
    return any(program.node.op in ("map", "apply") or _loops([part for _, part in program.parts]) for program in programs)


def _looped(programs: Sequence[Program]) -> set[str]:
    """Columns that Python functions read directly: their buffers come with the batch."""
    names: set[str] = set()
    for program in programs:
        parts = [part for _, part in program.parts]
        if program.node.op in ("map", "apply"):
            names.update(part.node.extra for part in parts if part.node.op == "column" and not part.type.children)
        names |= _looped(parts)
    return names


def running(declared: Declared, parameters: str) -> RecordedNode | WrittenNode:
    """A node of a declared type, with the parameters that the host hands over as JSON."""
    arguments = declared.signature.arguments(parameters)
    if isinstance(declared.target, type_):
        return WrittenNode(declared, arguments)
    return RecordedNode(declared, arguments)


__all__ = ["BATCH_ROWS", "Binding", "InputPort", "Node", "Outcome", "OutputPort", "Step", "node"]

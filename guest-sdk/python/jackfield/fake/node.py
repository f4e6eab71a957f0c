"""The records of the interface `node`."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Any

Origin = make_dataclass("Origin", ["port", "index"])
Passed = make_dataclass("Passed", ["input", "name"])
OutColumn_Passed = make_dataclass("OutColumn_Passed", ["value"])
OutColumn_Made = make_dataclass("OutColumn_Made", ["value"])
OutputPort = make_dataclass("OutputPort", ["name", "columns"])
Prefetch = make_dataclass("Prefetch", ["port", "paths"])


@dataclass
class Need:
    """What a node reads of an input."""

    port: str
    columns: list[str] | None
    predicates: list[Any]
    limit: int | None


@dataclass
class Binding:
    """What a node says before data flows."""

    outputs: list[Any]
    needs: list[Need]
    prefetch: list[Any]
    drain_first: list[str]
    row_wise: bool
    extra: list[tuple[str, str]]

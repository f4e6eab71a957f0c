"""The interface `flow`."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from enum import Enum
from typing import Any


@dataclass
class Outcome:
    """What an expression gives."""

    values: Any
    failed: Any
    first: Any


@dataclass
class Rejected:
    """Rows that leave by the error policy."""

    rows: Any
    reason: Any


@dataclass
class Change:
    """What a node did to its input."""

    selection: Any
    made: list[Any]


Output_Change = make_dataclass("Output_Change", ["value"])
Output_Batch = make_dataclass("Output_Batch", ["value"])


@dataclass
class Emission:
    """What leaves by a port."""

    port: str
    output: Any


class Progress(Enum):
    """How it goes on."""

    READY = 0
    MORE = 1
    DONE = 2


@dataclass
class Step:
    """What a call gives."""

    emissions: list[Emission]
    rejected: list[Rejected]
    progress: Progress


@dataclass
class BadRow:
    """A row that never became one."""

    line: int | None
    raw: bytes
    reason: Any


@dataclass
class Chunk:
    """Rows of a source."""

    batch: Any
    first_row: int
    rows: Any
    bad: list[BadRow]
    position: bytes


Next_Chunk = make_dataclass("Next_Chunk", ["value"])
Next_Pause = make_dataclass("Next_Pause", [])
Next_End = make_dataclass("Next_End", [])

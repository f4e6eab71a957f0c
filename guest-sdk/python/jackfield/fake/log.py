"""The interface `log`: lines are kept."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """How much a line matters."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


LINES: list[tuple[str, str]] = []


def write(level: Level, message: str, fields: list[tuple[str, str]]) -> None:
    LINES.append((level.name.lower(), message))

"""Python's `logging` and `print`, handed to the host's log."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

from . import host

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class HostHandler(logging.Handler):
    """Hands records to the host; what `extra` holds becomes fields."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = [(key, str(value)) for key, value in vars(record).items() if key not in _STANDARD]
            if record.name != "root":
                fields.append(("logger", record.name))
            text = record.getMessage()
            if record.exc_info:
                text += "\n" + logging.Formatter().formatException(record.exc_info)
            host.log.write(host.log.Level[_level(record.levelno)], text, fields)
        except Exception:
            self.handleError(record)


def _level(number: int) -> str:
    for least, name in ((40, "ERROR"), (30, "WARN"), (20, "INFO"), (10, "DEBUG")):
        if number >= least:
            return name
    return "TRACE"


class _Printed(io.TextIOBase):
    """Lines that were printed, as lines of the log."""

    def __init__(self, level: str) -> None:
        self._level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line:
                host.log.write(host.log.Level[self._level], line, [])
        return len(text)

    def flush(self) -> None:
        if self._rest:
            self.write("\n")


def install() -> None:
    """Sends the log and what is printed to the host. Components do it by themselves."""
    root = logging.getLogger()
    if not any(isinstance(handler, HostHandler) for handler in root.handlers):
        root.addHandler(HostHandler())
        root.setLevel(logging.DEBUG)
    printed: Any = _Printed("INFO")
    sys.stdout = printed
    sys.stderr = _Printed("WARN")

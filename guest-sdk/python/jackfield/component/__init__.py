"""What a component exports: the host's calls, answered by what the plugin declares.

componentize-py looks for a module named after each exported interface, so this folder is on its path.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from jackfield import formats, host, logs
from jackfield.component import still
from jackfield.failures import Failure, Failures, to_host


def prepare() -> None:
    """What comes before the plugin's own module: its log goes to the host, and clocks stand still."""
    logs.install()
    still.hold()


class Format:
    """The interface `format`'s own function."""

    def detect(self, name: str | None, head: bytes) -> list[Any]:
        """What the plugin's formats say about the beginning of a file."""
        return formats.detect(name, head)


def answered(call: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of a call that fails with one failure."""
    try:
        return call(*arguments)
    except host.Err:
        raise
    except Failures as several:
        raise host.Err(to_host(several.failures[0])) from None
    except Exception as error:
        _trace(error)
        raise host.Err(to_host(error)) from None


def answered_with_all(call: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of a call that fails with all that is wrong."""
    try:
        return call(*arguments)
    except host.Err as error:
        found = error.value
        raise host.Err(found if isinstance(found, list) else [found]) from None
    except Failures as several:
        raise host.Err([to_host(failure) for failure in several.failures]) from None
    except Exception as error:
        _trace(error)
        raise host.Err([to_host(error)]) from None


def _trace(error: Exception) -> None:
    """Says in the log where a defect came from: the message has its last line only."""
    if not isinstance(error, Failure | EOFError | BlockingIOError):
        logging.getLogger("jackfield").debug("%s", error, exc_info=error)

"""What went wrong, for a person (`message`, `help`) and for a program (`code`).

Raise these: the host shows the very place in the pipeline. Any other exception counts as a defect of the plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from . import host


class Failure(Exception):
    """A failure with a stable kebab-case `code` and a `message` in lower case without a full stop.

    `row` counts from 0 in the batch of this call; `parameter` is a JSON pointer such as `/columns/x`, and `offset` the
    byte in the text found there.
    """

    kind: ClassVar[str] = "OTHER"
    default_code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        row: int | None = None,
        column: str | None = None,
        parameter: str | None = None,
        offset: int | None = None,
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.row = row
        self.column = column
        self.parameter = parameter
        self.offset = offset
        self.help = help

    def __str__(self) -> str:
        return f"{self.message} (help: {self.help})" if self.help else self.message


class InvalidInput(Failure):
    """The data is wrong; the row may be skipped or dead-lettered."""

    kind = "INVALID_INPUT"
    default_code = "invalid-data"


class InvalidConfig(Failure):
    """Parameters, options or configuration are wrong; retrying will not help."""

    kind = "INVALID_CONFIG"
    default_code = "invalid-parameter"


class Denied(Failure):
    """A permission said no."""

    kind = "DENIED"
    default_code = "denied"


class LimitReached(Failure):
    """A limit said no."""

    kind = "LIMIT"
    default_code = "limit"


class Unavailable(Failure):
    """Something outside is not there now; retrying may help."""

    kind = "UNAVAILABLE"
    default_code = "unavailable"


class Cancelled(Failure):
    """The run was stopped."""

    kind = "CANCELLED"
    default_code = "cancelled"


class Internal(Failure):
    """A defect in the plugin."""

    kind = "INTERNAL"
    default_code = "internal"


class Failures(Exception):
    """Several failures at once: a node's constructor and `bind` tell all that is wrong."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__("; ".join(failure.message for failure in failures))
        self.failures = list(failures)


_KINDS: dict[str, type[Failure]] = {
    kind.kind: kind for kind in (InvalidInput, InvalidConfig, Denied, LimitReached, Unavailable, Cancelled, Internal)
}


def unknown_column(name: str, names: Iterable[str]) -> InvalidConfig:
    """The column `name` does not exist; the nearest of `names` become the help."""
    known = list(names)
    near = nearest(name, known)
    if near:
        help = f"did you mean {' or '.join(near)}?"
    elif not known:
        help = "the input has no columns"
    elif len(known) <= 30:
        help = f"the columns are {', '.join(known)}"
    else:
        help = f"the columns begin with {', '.join(known[:30])}"
    return InvalidConfig(f"there is no column `{name}`", code="unknown-column", column=name, help=help)


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """The up to three names that are nearest to a word, nearest first."""
    lower = word.lower()
    most = max(len(lower) // 3, 1)
    found = sorted((_distance(lower, name.lower()), at, name) for at, name in enumerate(names))
    return [name for distance, _, name in found if distance <= most][:3]


def _distance(a: str, b: str) -> int:
    """Levenshtein's distance, where two swapped neighbours cost one."""
    a, b = a[:100], b[:100]
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            best = min(last[j] + (x != y), last[j + 1] + 1, row[j] + 1)
            if i > 0 and j > 0 and a[i - 1] == y and x == b[j - 1]:
                best = min(best, before[j - 1] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


def to_host(error: BaseException) -> Any:
    """The host's record for an exception. What is no `Failure` is a defect, named with the line that raised it."""
    if not isinstance(error, Failure):
        if isinstance(error, EOFError):
            error = InvalidInput(str(error) or "the data ends too early", code="truncated")
        else:
            error = Internal(f"{type(error).__name__}: {error}{place_of(error)}")
    kind = host.types.FailureKind[error.kind]
    return host.types.Failure(
        kind, error.code, error.message, error.row, error.column, error.parameter, error.offset, error.help
    )


def from_host(record: Any) -> Failure:
    """The exception for the host's record."""
    kind = _KINDS.get(record.kind.name, Failure)
    return kind(
        record.message,
        code=record.code,
        row=record.row,
        column=record.column,
        parameter=record.parameter,
        offset=record.offset,
        help=record.help,
    )


def place_of(error: BaseException) -> str:
    """Where an exception was raised, as ` (plugin.py:12)`: the last line that is the author's, not the SDK's."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename.replace("\\", "/")
        if "/jackfield/" not in file:
            place = f" ({file.rsplit('/', 1)[-1]}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place

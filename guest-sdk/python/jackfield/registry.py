"""What a plugin declares: node types, formats and codecs, by their ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .failures import InvalidConfig, nearest
from .parameters import Signature


class Declared:
    """A declared kind: what to call, and what it takes."""

    def __init__(self, id: str, target: Callable[..., Any], signature: Signature, hints: dict[str, Any]) -> None:
        self.id = id
        self.target = target
        self.signature = signature
        self.hints = hints


NODES: dict[str, Declared] = {}
FORMATS: dict[str, Declared] = {}
CODECS: dict[str, Declared] = {}


def declare(into: dict[str, Declared], declared: Declared) -> None:
    """Adds a declaration; two of one id are an error of the plugin's author."""
    if declared.id in into:
        raise ValueError(f"`{declared.id}` is declared twice")
    into[declared.id] = declared


def find(known: dict[str, Declared], id: str, what: str) -> Declared:
    """The declaration of an id."""
    found = known.get(id)
    if found is None:
        near = nearest(id, known)
        help = f"did you mean {' or '.join(near)}?" if near else f"it declares {', '.join(known) or 'none'}"
        raise InvalidConfig(f"the plugin's code declares no {what} `{id}`", code="not-declared", help=help)
    return found


def declared_of(target: Any, known: dict[str, Declared]) -> Declared:
    """The declaration of a decorated function or class."""
    return next(declared for declared in known.values() if declared.target is target)

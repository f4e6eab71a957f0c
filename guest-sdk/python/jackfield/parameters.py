"""Parameters from signatures: a node's, format's or codec's JSON Schema, and the keyword arguments for a call.

The schema goes into plugin.toml, where the host reads it without running anything; `plugin build` compares the two.
"""

from __future__ import annotations

import inspect
import json
import re
import types as python_types
import typing
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin

from .failures import Failures, InvalidConfig

_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array"}


class Param:
    """More about a parameter, as in `Annotated[int, Param(minimum=1)]`: keys of JSON Schema, and `ui`."""

    def __init__(self, **keys: Any) -> None:
        self.keys = {key.replace("_", "-") if key == "main_parameter" else key: value for key, value in keys.items()}


class Signature:
    """What a callable takes, after its first `skip` parameters."""

    def __init__(self, function: Callable[..., Any], skip: int, documented: Any) -> None:
        self.names: dict[str, str] = {}
        self.schema: dict[str, Any] = {"type": "object", "additionalProperties": False}
        self.description, told = described(documented)
        hints = typing.get_type_hints(function, include_extras=True)
        properties: dict[str, Any] = {}
        required: list[str] = []
        for parameter in list(inspect.signature(function).parameters.values())[skip:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            shown = parameter.name.rstrip("_").replace("_", "-")
            self.names[shown] = parameter.name
            schema = _schema(hints.get(parameter.name, Any), f"parameter `{parameter.name}` of {function.__qualname__}")
            if parameter.name in told:
                schema.setdefault("description", told[parameter.name])
            if parameter.default is parameter.empty:
                required.append(shown)
            elif parameter.default is not None:
                schema["default"] = parameter.default
            properties[shown] = schema
        if properties:
            self.schema["properties"] = properties
        if required:
            self.schema["required"] = required

    def place(self, arguments: dict[str, Any], column: str) -> str | None:
        """The parameter that names a column, as a JSON pointer."""
        for shown, name in self.names.items():
            value = arguments.get(name)
            if value == column:
                return f"/{shown}"
            if isinstance(value, list) and column in value:
                return f"/{shown}/{value.index(column)}"
        return None

    def arguments(self, text: str) -> dict[str, Any]:
        """Keyword arguments for the JSON text that the host hands over; all that is wrong with it at once."""
        given = json.loads(text) if text.strip() else {}
        problems = []
        for name in given:
            if name not in self.names and name != "schema":
                problems.append(InvalidConfig(f"there is no parameter `{name}`", code="unknown-parameter", parameter=f"/{name}"))
        for name in self.schema.get("required", []):
            if name not in given:
                problems.append(InvalidConfig(f"the parameter `{name}` is missing", code="missing-parameter", parameter=""))
        properties = self.schema.get("properties", {})
        for name, value in given.items():
            wrong = name in properties and _wrong(properties[name], value)
            if wrong:
                problems.append(InvalidConfig(f"`{name}` must be {wrong}, not {json.dumps(value)}", parameter=f"/{name}"))
        if problems:
            raise Failures(problems)
        return {self.names[name]: value for name, value in given.items() if name in self.names}


def _schema(hint: Any, what: str) -> dict[str, Any]:
    if hint is Any:
        return {}
    origin, args = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        schema = _schema(args[0], what)
        for extra in args[1:]:
            if isinstance(extra, Param):
                schema.update(extra.keys)
            elif isinstance(extra, str):
                schema["description"] = extra
        return schema
    if origin is Literal:
        kinds = {type(value) for value in args}
        schema = {"type": _SIMPLE[kinds.pop()]} if len(kinds) == 1 else {}
        return {**schema, "enum": list(args)}
    if origin in (Union, python_types.UnionType):
        members = [_schema(arg, what) for arg in args if arg is not type(None)]
        return members[0] if len(members) == 1 else {"anyOf": members}
    if origin is list:
        return {"type": "array", "items": _schema(args[0], what)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(args[1], what)}
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    raise TypeError(f"{what} has the type {hint!r}; parameters are str, int, float, bool, list, dict, Literal or Annotated")


def _wrong(schema: dict[str, Any], value: Any) -> str | None:
    """What a value should be, if it is not that. (bool counts as int in Python, and not in JSON.)"""
    if "enum" in schema and value not in schema["enum"]:
        return "one of " + ", ".join(f"`{choice}`" for choice in schema["enum"])
    expected: tuple[Any, str] | None = {
        "string": (str, "text"), "integer": (int, "a whole number"), "number": ((int, float), "a number"),
        "boolean": (bool, "true or false"), "array": (list, "a list"), "object": (dict, "a table"),
    }.get(schema.get("type", ""))  # fmt: skip
    if expected is None:
        return None
    kind, words = expected
    if not isinstance(value, kind) or isinstance(value, bool) and kind is not bool:
        return words
    return None


def described(documented: Any) -> tuple[str, dict[str, str]]:
    """A docstring's first paragraph, and what it says about each parameter (`name: text` below `Args:`, or `:param name: text`)."""
    text = inspect.getdoc(documented) or ""
    told = {name: " ".join(words.split()) for name, words in re.findall(r"^:param (\w+):\s*(.+?)(?=^:|\Z)", text, re.M | re.S)}
    section = re.search(r"^(?:Args|Arguments|Parameters):\n(.+?)(?=^\S|\Z)", text, re.M | re.S)
    if section:
        entries = re.findall(r"^ {2,4}(\w+)(?: \([^)]*\))?:\s*(.+?)(?=^ {2,4}\w+(?: \([^)]*\))?:|\Z)", section.group(1), re.M | re.S)
        told.update((name, " ".join(words.split())) for name, words in entries)
    first = " ".join(text.split("\n\n", 1)[0].split()).removesuffix(".")
    return ("" if re.match(r"(Args|Arguments|Parameters):|:param", first) else first), told

"""What a plugin's code declares, as the manifest should say it: `python -m jackfield MODULE [--json]`."""

from __future__ import annotations

import json
from typing import Any

from .registry import CODECS, FORMATS, NODES, Declared


def declared() -> dict[str, list[dict[str, Any]]]:
    """Everything that was declared, with the JSON Schema of its parameters or options."""
    return {
        "node": [_entry(entry, "type", "parameters") for entry in NODES.values()],
        "format": [_entry(entry, "id", "options") for entry in FORMATS.values()],
        "codec": [_entry(entry, "id", "options") for entry in CODECS.values()],
    }


def _entry(entry: Declared, key: str, schema: str) -> dict[str, Any]:
    described = {"description": entry.signature.description} if entry.signature.description else {}
    return {key: entry.id, **described, schema: entry.signature.schema}


def as_toml(found: dict[str, list[dict[str, Any]]]) -> str:
    """The tables `[[provides.…]]` for plugin.toml."""
    lines: list[str] = []
    for kind, entries in found.items():
        for entry in entries:
            lines.append(f"[[provides.{kind}]]")
            tables = []
            for key, value in entry.items():
                if isinstance(value, dict):
                    tables.append((f"provides.{kind}.{key}", value))
                else:
                    lines.append(f"{key} = {_value(value)}")
            for name, table in tables:
                _table(lines, name, table)
            lines.append("")
    return "\n".join(lines)


def _table(lines: list[str], name: str, table: dict[str, Any]) -> None:
    lines += ["", f"[{name}]"]
    properties = table.get("properties", {})
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if key != "properties"]
    for key, schema in properties.items():
        lines += ["", f"[{name}.properties.{_key(key)}]"]
        lines += [f"{_key(inner)} = {_value(value)}" for inner, value in schema.items()]


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)

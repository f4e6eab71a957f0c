"""Prints what a module declares, for plugin.toml: `python -m jackfield MODULE [--json]`."""

import importlib
import json
import sys

from .declared import as_toml, declared


def main(words: list[str]) -> int:
    """0, or 2 where the command line is wrong."""
    modules = [word for word in words if word != "--json"]
    if len(modules) != 1:
        print("usage: python -m jackfield MODULE [--json]", file=sys.stderr)
        return 2
    sys.path.insert(0, "")
    importlib.import_module(modules[0].removesuffix(".py"))
    found = declared()
    print(json.dumps(found) if "--json" in words else as_toml(found))
    return 0


sys.exit(main(sys.argv[1:]))

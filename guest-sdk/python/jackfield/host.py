"""The one seam between the SDK and the host.

In a component these are the bindings that componentize-py makes of the interfaces; natively, in unit tests, they are the
pure-Python stand-ins of `jackfield.fake`. A plugin's world may leave interfaces out, which are `None` then.
"""

from __future__ import annotations

import importlib
from typing import Any

try:
    importlib.import_module("wit_world")
    NATIVE = False
except ImportError:
    NATIVE = True


def _interface(name: str, direction: str = "imports") -> Any:
    path = f"jackfield.fake.{name}" if NATIVE else f"wit_world.{direction}.{name}"
    try:
        return importlib.import_module(path)
    except ImportError:
        return None


Err: Any = (importlib.import_module("jackfield.fake.types" if NATIVE else "componentize_py_types")).Err

if not NATIVE and not hasattr(importlib.import_module("componentize_py_types").Ok, "finalizer"):
    # componentize-py 0.25 takes what a constructor gave for the resource itself, also where it is a result.
    def _raised(error: Any) -> Any:
        raise error

    _results: Any = importlib.import_module("componentize_py_types")
    _results.Ok.finalizer = property(lambda result: result.value.finalizer)
    _results.Ok.handle = property(lambda result: result.value.handle)
    _results.Err.finalizer = property(_raised)

types: Any = _interface("types")
data: Any = _interface("data")
flow: Any = _interface("flow")
compute: Any = _interface("compute")
sql: Any = _interface("sql")
exchange: Any = _interface("exchange")
streams: Any = _interface("streams")
checksums: Any = _interface("checksums")
log: Any = _interface("log")
config: Any = _interface("config")
node: Any = _interface("node", "exports")
format: Any = _interface("format", "exports")

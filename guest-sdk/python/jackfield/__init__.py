"""Plugins for Jackfield in Python. See docs/authoring/python.md in Jackfield's repository.

The short way is a decorated function over a batch, whose operators run in the host:

```python
from jackfield import Batch, node

@node("late")
def late(batch: Batch, minutes: int = 60) -> Batch:
    return batch.filter(batch["dep_delay"] > minutes).with_column("hours", batch["dep_delay"] / 60)
```
"""

from .batches import Batch, column, raw_column
from .codecs import codec
from .compute import Accumulator, Grouper, Joiner, sort_indices
from .expressions import Column, call, lit, when
from .failures import (
    Cancelled,
    Denied,
    Failure,
    Failures,
    Internal,
    InvalidConfig,
    InvalidInput,
    LimitReached,
    Unavailable,
    unknown_column,
)
from .formats import BadRow, Chunk, Demand, Reader, Writer, chunks, format
from .nodes import Binding, InputPort, Node, OutputPort, Step, node
from .parameters import Param
from .streams import SinkWriter, SourceReader
from .types import Field, Schema, Type
from .views import View

__all__ = [
    "Accumulator",
    "BadRow",
    "Batch",
    "Binding",
    "Cancelled",
    "Chunk",
    "Column",
    "Demand",
    "Denied",
    "Failure",
    "Failures",
    "Field",
    "Grouper",
    "InputPort",
    "Internal",
    "InvalidConfig",
    "InvalidInput",
    "Joiner",
    "LimitReached",
    "Node",
    "OutputPort",
    "Param",
    "Reader",
    "Schema",
    "SinkWriter",
    "SourceReader",
    "Step",
    "Type",
    "Unavailable",
    "View",
    "Writer",
    "call",
    "chunks",
    "codec",
    "column",
    "format",
    "lit",
    "node",
    "raw_column",
    "sort_indices",
    "unknown_column",
    "when",
]

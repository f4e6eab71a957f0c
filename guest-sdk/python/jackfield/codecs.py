"""Codecs: ordinary Python over files.

```python
@codec("gzip")
class Gzip:
    def __init__(self, level: int = 6): ...
    def decoder(self, source): return gzip.GzipFile(fileobj=source)
    def encoder(self, sink): return gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=self.level)
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from . import host
from .failures import Internal
from .parameters import Signature
from .registry import CODECS, Declared, declare
from .streams import SinkWriter, SourceReader

T = TypeVar("T", bound=type)

#: The most that is handed out at a time, in bytes, whatever the host asks for.
MOST = 16 << 20


def codec(id: str) -> Callable[[T], T]:
    """Declares a codec: a class whose `__init__` takes the options.

    `decoder(source)` gives something to read from, or an iterator over pieces of bytes (so it may be a generator);
    `encoder(sink)` gives something with `write` and `close`, or a generator that is sent pieces and closed at the end.
    """

    def decorate(target: T) -> T:
        declare(CODECS, Declared(id, target, Signature(target.__init__, 1, target), {}))  # type: ignore[misc]
        return target

    return decorate


class Decoding:
    """Reads what a codec's decoder gives, in the pieces that the host asks for."""

    def __init__(self, declared: Declared, options: str, source: Any) -> None:
        written = declared.target(**declared.signature.arguments(options))
        given = written.decoder(SourceReader(source))
        self._read: Any = getattr(given, "read", None)
        self._pieces: Iterator[bytes] | None = None if self._read else iter(given)
        self._rest = memoryview(b"")

    def read(self, most: int) -> Any:
        """At most so many bytes; as many as there are before a pause."""
        wanted = min(most, MOST)
        try:
            piece = self._read(wanted) if self._pieces is None else self._gather(wanted)
        except BlockingIOError:
            return host.streams.Piece_Pause()
        if not piece and wanted:
            return host.streams.Piece_End()
        return host.streams.Piece_Data(bytes(piece))

    def _gather(self, wanted: int) -> bytes:
        gathered: list[Any] = []
        size = 0
        while size < wanted:
            if not self._rest:
                try:
                    piece = next(self._pieces) if self._pieces else None
                except BlockingIOError:
                    if not size:
                        raise
                    break
                except StopIteration:
                    self._pieces = iter(())
                    break
                if piece is None:
                    break
                self._rest = memoryview(piece)
            part = self._rest[: wanted - size]
            self._rest = self._rest[len(part) :]
            gathered.append(part)
            size += len(part)
        return b"".join(gathered)


class Encoding:
    """Writes to what a codec's encoder gives."""

    def __init__(self, declared: Declared, options: str, sink: Any) -> None:
        written = declared.target(**declared.signature.arguments(options))
        self._sink = SinkWriter(sink)
        self._encoder: Any = written.encoder(self._sink)
        self._sends = hasattr(self._encoder, "send")
        if self._sends:
            next(self._encoder)

    def write(self, data: bytes) -> None:
        """Encodes bytes."""
        if self._encoder is None:
            raise Internal("the encoder was finished already")
        if self._sends:
            self._encoder.send(data)
        else:
            self._encoder.write(data)

    def flush(self) -> None:
        """Hands on what can be handed on."""
        if not self._sends and hasattr(self._encoder, "flush"):
            self._encoder.flush()
        self._sink.flush()

    def finish(self) -> None:
        """Writes what is left."""
        encoder, self._encoder = self._encoder, None
        if encoder is None:
            raise Internal("the encoder was finished already")
        encoder.close()
        self._sink.flush()

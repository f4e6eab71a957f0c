"""The host's byte streams as ordinary Python files."""

from __future__ import annotations

import io
from typing import Any

from . import host
from .failures import from_host

#: What is asked of the host at a time, in bytes.
PIECE = 256 << 10


class SourceReader(io.RawIOBase):
    """A source of bytes, to be read like a file: `read`, `readline`, iteration over lines.

    A source with nothing to give for now (a tailed file) raises `BlockingIOError`; where that leaves a codec's or a
    format's reader, the host asks again later.
    """

    def __init__(self, source: Any) -> None:
        self.source = source
        self._piece = memoryview(b"")
        self._at = 0
        self._ended = False
        self._taken = 0

    @property
    def name(self) -> str | None:
        """The name of the file, where it has one."""
        name: str | None = self.source.name()
        return name

    @property
    def size(self) -> int | None:
        """Its size in bytes, where that is known."""
        size: int | None = self.source.size()
        return size

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._taken

    def _fill(self) -> bool:
        while self._at == len(self._piece) and not self._ended:
            try:
                piece = self.source.read(PIECE)
            except host.Err as error:
                raise from_host(error.value) from None
            kind = type(piece).__name__
            if kind == "Piece_Data":
                self._piece, self._at = memoryview(piece.value), 0
            elif kind == "Piece_Pause":
                raise BlockingIOError("nothing to read now")
            else:
                self._ended = True
        return self._at < len(self._piece)

    def read1(self, size: int = -1, /) -> bytes:
        """What there is, up to `size` bytes; empty at the end."""
        if not self._fill():
            return b""
        end = len(self._piece) if size < 0 else min(len(self._piece), self._at + size)
        piece = bytes(self._piece[self._at : end])
        self._at = end
        self._taken += len(piece)
        return piece

    def read(self, size: int = -1, /) -> bytes:
        """`size` bytes, less only at the end; all of them without a size."""
        pieces = []
        left = size
        while left != 0:
            piece = self.read1(left)
            if not piece:
                break
            pieces.append(piece)
            if size >= 0:
                left -= len(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Any, /) -> int:
        piece = self.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def readline(self, size: int | None = -1, /) -> bytes:
        pieces = []
        while self._fill():
            raw = self._piece.obj
            found = raw.find(b"\n", self._at) if isinstance(raw, bytes) else -1
            piece = self.read1(found + 1 - self._at if found >= 0 else -1)
            pieces.append(piece)
            if found >= 0:
                break
        return b"".join(pieces)

    def read_at(self, offset: int, size: int) -> bytes:
        """Bytes from anywhere, where the source is a plain file."""
        try:
            found: bytes = self.source.read_at(offset, size)
        except host.Err as error:
            raise from_host(error.value) from None
        return found


class SinkWriter(io.RawIOBase):
    """A sink of bytes, to be written like a file. Small writes are gathered."""

    def __init__(self, sink: Any) -> None:
        self.sink = sink
        self._gathered: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        """Bytes in front of what is written next: more than none at the start where a file is appended to."""
        return int(self.sink.position()) + self._size

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        self._gathered.append(piece)
        self._size += len(piece)
        if self._size >= PIECE:
            self.hand_over()
        return len(piece)

    def hand_over(self) -> None:
        """Hands what was gathered to the host."""
        if self._size:
            gathered, self._gathered, self._size = b"".join(self._gathered), [], 0
            try:
                self.sink.write(gathered)
            except host.Err as error:
                raise from_host(error.value) from None

    def flush(self) -> None:
        self.hand_over()
        try:
            self.sink.flush()
        except host.Err as error:
            raise from_host(error.value) from None

    def close(self) -> None:
        # The sink is the host's: it is not over with the file object that stands for it.
        self.hand_over()

"""The interface `streams`, over bytes in memory."""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import Any

Piece_Data = make_dataclass("Piece_Data", ["value"])
Piece_Pause = make_dataclass("Piece_Pause", [])
Piece_End = make_dataclass("Piece_End", [])


class Source:
    """Bytes to read, at most `piece` of them at a time."""

    def __init__(self, data: bytes, name: str | None = None, piece: int = 1 << 20) -> None:
        self._data = data
        self._name = name
        self._piece = piece
        self._at = 0

    def name(self) -> str | None:
        return self._name

    def size(self) -> int | None:
        return len(self._data)

    def read(self, most: int) -> Any:
        piece = self._data[self._at : self._at + min(most, self._piece)]
        self._at += len(piece)
        return Piece_Data(piece) if piece else Piece_End()

    def read_at(self, offset: int, most: int) -> bytes:
        return self._data[offset : offset + most]


class Sink:
    """Bytes that were written."""

    def __init__(self, position: int = 0) -> None:
        self.written = bytearray()
        self._position = position

    def position(self) -> int:
        return self._position + len(self.written)

    def write(self, data: bytes) -> None:
        self.written += data

    def flush(self) -> None:
        pass

"""Base64 in lines of 76 characters, as RFC 4648 (section 4) has it, piece by piece."""

import base64
import binascii
from collections.abc import Iterator
from typing import BinaryIO

from jackfield import InvalidInput

_DIGITS = {byte: value for value, byte in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
_LINE = 57
_PIECE = 1 << 18


def wrong(offset: int) -> InvalidInput:
    """The failure for a byte that cannot stand where it does."""
    return InvalidInput(f"this is no base64 at byte {offset}", code="invalid-base64", offset=offset)


class LineWriter:
    """Writes bytes as lines; what does not fill one waits."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._rest = b""

    def write(self, data: bytes) -> None:
        data = self._rest + data
        full = len(data) // _LINE * _LINE
        self._rest = data[full:]
        self._sink.write(b"".join(binascii.b2a_base64(data[at : at + _LINE]) for at in range(0, full, _LINE)))

    def close(self) -> None:
        if self._rest:
            self._sink.write(base64.b64encode(self._rest) + b"\n")


def decoded(source: BinaryIO) -> Iterator[bytes]:
    """The bytes that stand in base64. Only a group that is not complete waits for the next piece."""
    group = Group()
    at = 0
    while piece := source.read(_PIECE):
        digits = piece.translate(None, b"\r\n")
        plain = None
        # Whole groups without padding are the rule, and Python has a decoder for them; all else is looked at byte by byte.
        if group.is_empty and len(digits) % 4 == 0 and b"=" not in digits:
            try:
                plain = binascii.a2b_base64(digits, strict_mode=True)
            except binascii.Error:
                plain = None
        if plain is None:
            plain = bytes(byte for place, digit in enumerate(piece, at) for byte in group.take(digit, place))
        at += len(piece)
        yield plain
    group.finish(at)


class Group:
    """Up to four digits, and whether padding has ended it all."""

    def __init__(self) -> None:
        self._bits = 0
        self._count = 0
        self._padding = 0
        self._ended = False
        self._last = 0

    @property
    def is_empty(self) -> bool:
        """Whether it stands between two groups, with more to come."""
        return self._count == 0 and not self._ended

    def take(self, byte: int, place: int) -> bytes:
        """Takes in the byte at a place, and gives what it completes."""
        if byte in b"\r\n":
            return b""
        if byte == ord("=") and not self._ended:
            return self._pad(place)
        value = _DIGITS.get(byte)
        if value is None or self._padding or self._ended:
            raise wrong(place)
        self._bits = self._bits << 6 | value
        self._count += 1
        self._last = place
        if self._count < 4:
            return b""
        whole, self._bits, self._count = self._bits, 0, 0
        return whole.to_bytes(3, "big")

    def _pad(self, place: int) -> bytes:
        if self._count < 2:
            raise wrong(place)
        left = 4 if self._count == 2 else 2
        if self._bits & (1 << left) - 1:
            raise wrong(self._last)
        self._padding += 1
        if self._count + self._padding < 4:
            return b""
        self._ended = True
        return (self._bits >> left).to_bytes(self._count - 1, "big")

    def finish(self, length: int) -> None:
        """The input is over."""
        if self._count and not self._ended:
            raise wrong(length)

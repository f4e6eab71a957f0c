"""{{title}}: bytes as hexadecimal digits, 32 bytes a line. Both ways a stream."""

from collections.abc import Generator, Iterator

from jackfield import InvalidInput, SinkWriter, SourceReader, codec

LINE = 32
PIECE = 1 << 16


@codec("{{name}}")
class {{pascal}}:
    """Bytes as hexadecimal digits, 32 bytes a line."""

    def decoder(self, source: SourceReader) -> Iterator[bytes]:
        high = ""
        offset = 0
        while piece := source.read(PIECE):
            digits = high + "".join(piece.decode("latin-1").split())
            high = digits[-1:] if len(digits) % 2 else ""
            try:
                yield bytes.fromhex(digits[: len(digits) - len(high)])
            except ValueError:
                raise wrong(piece, offset) from None
            if high and high not in "0123456789abcdefABCDEF":
                raise wrong(piece, offset)
            offset += len(piece)
        if high:
            raise InvalidInput("the input ends in the middle of a byte", code="truncated")

    def encoder(self, sink: SinkWriter) -> Generator[None, bytes, None]:
        """Is sent pieces of bytes, and closed at the end."""
        rest = b""
        try:
            while True:
                data = rest + (yield)
                full = len(data) // LINE * LINE
                rest = data[full:]
                sink.write(b"".join(data[at : at + LINE].hex().encode() + b"\n" for at in range(0, full, LINE)))
        finally:
            if rest:
                sink.write(rest.hex().encode() + b"\n")


def wrong(piece: bytes, offset: int) -> InvalidInput:
    """The failure for the first byte of a piece that is no digit."""
    good = b"0123456789abcdefABCDEF \t\r\n\v\f"
    at = offset + next(at for at, byte in enumerate(piece) if byte not in good)
    return InvalidInput(f"no hexadecimal digit at byte {at}", code="invalid-digit", offset=at)

"""The interface `codec`."""

from __future__ import annotations

from typing import Any

from jackfield.codecs import Decoding, Encoding
from jackfield.component import answered
from jackfield.registry import CODECS, find


class Decoder:
    """A stream that is being decoded."""

    def __init__(self, codec: str, options: str, input: Any) -> None:
        self._work: Any = answered(lambda: Decoding(find(CODECS, codec, "codec"), options, input))

    def read(self, max: int) -> Any:
        return answered(self._work.read, max)


class Encoder:
    """A stream that is being encoded."""

    def __init__(self, codec: str, options: str, output: Any) -> None:
        self._work: Any = answered(lambda: Encoding(find(CODECS, codec, "codec"), options, output))

    def write(self, data: bytes) -> None:
        answered(self._work.write, data)

    def flush(self) -> None:
        answered(self._work.flush)

    def finish(self) -> None:
        answered(self._work.finish)

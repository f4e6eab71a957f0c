"""The interface `checksums`."""

import zlib


def crc32(before: int, bytes: bytes) -> int:
    return zlib.crc32(bytes, before)

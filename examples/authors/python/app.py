"""The plugin `phonetic-python`: a node and a codec."""

from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

from jackfield import Batch, Param, codec, node

from keys import metaphone, soundex
from lines import LineWriter, decoded


@node("phonetic")
def phonetic(
    batch: Batch,
    column: Annotated[str, Param(title="Column", description="The text to take the keys of", ui="column")],
    algorithm: Annotated[Literal["soundex", "metaphone"], Param(description="How the key is made")] = "soundex",
    into: Annotated[str | None, Param(description="The new column; without it the column's name and `_phonetic`")] = None,
    length: Annotated[int, Param(description="Letters and digits of a key", minimum=1, maximum=32)] = 4,
) -> Batch:
    """Adds a phonetic key: names that sound alike have the same."""
    key = soundex if algorithm == "soundex" else metaphone
    keys = batch[column].expect("utf8").map(lambda text: key(text, length), "utf8")
    return batch.with_column(into or f"{column}_phonetic", keys)


@codec("base64")
class Base64:
    """Base64 in lines of 76 characters (RFC 4648)."""

    def decoder(self, source: BinaryIO) -> Iterator[bytes]:
        return decoded(source)

    def encoder(self, sink: BinaryIO) -> LineWriter:
        return LineWriter(sink)

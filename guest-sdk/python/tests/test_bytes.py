"""Codecs, formats and streams, in the stand-in for the host."""

import gzip
import unittest

import jackfield as jf
from jackfield.fake.streams import Sink, Source
from jackfield.testing import decode, encode, read, write


@jf.codec("gzip")
class Gzip:
    def __init__(self, level: int = 6) -> None:
        self.level = level

    def decoder(self, source):
        return gzip.GzipFile(fileobj=source)

    def encoder(self, sink):
        return gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=self.level, mtime=0)


@jf.codec("doubled")
class Doubled:
    """Each byte twice, with generators."""

    def decoder(self, source):
        while pair := source.read(2):
            if len(pair) < 2 or pair[0] != pair[1]:
                raise jf.InvalidInput("a byte does not stand twice", code="not-doubled", offset=source.tell() - len(pair))
            yield pair[:1]

    def encoder(self, sink):
        count = 0
        try:
            while True:
                piece = yield
                count += len(piece)
                sink.write(bytes(byte for byte in piece for _ in range(2)))
        finally:
            sink.write(b"" if count else b"")


@jf.format("words")
class Words:
    """A line of words separated by blanks per row, named by the first line."""

    def __init__(self, skip: int = 0) -> None:
        self.skip = skip

    @staticmethod
    def detect(name, head):
        return 90 if (name or "").endswith(".words") else 0

    def reader(self, source, demand):
        return WordsReader(source, demand, self.skip)

    def writer(self, schema, sink):
        return WordsWriter(schema, sink)


class WordsReader:
    def __init__(self, source, demand, skip):
        self.source, self.demand = source, demand
        for _ in range(skip):
            source.readline()
        self.names = source.readline().decode().split()

    def schema(self):
        return jf.Schema({name: "utf8" for name in self.names})

    def __iter__(self):
        return jf.chunks(self.rows(), self.schema(), self.demand)

    def rows(self):
        for number, line in enumerate(self.source, 1):
            words = line.decode().split()
            if len(words) == len(self.names):
                yield dict(zip(self.names, words, strict=True))
            else:
                yield jf.BadRow(f"{len(words)} words for {len(self.names)} columns", number, line)


class WordsWriter:
    def __init__(self, schema, sink):
        self.sink = sink
        if sink.tell() == 0:
            sink.write(" ".join(schema.names).encode() + b"\n")

    def write(self, batch):
        for row in batch.to_rows():
            self.sink.write(" ".join("-" if value is None else str(value) for value in row.values()).encode() + b"\n")


class Bytes(unittest.TestCase):
    def test_codecs_over_files(self):
        plain = b"again and again " * 1000
        for piece in (1, 7, 1 << 20):
            self.assertEqual(decode(Gzip, encode(Gzip, plain, level=9), piece=piece), plain)

    def test_codecs_as_generators(self):
        self.assertEqual(encode("doubled", b"ab", piece=1), b"aabb")
        self.assertEqual(decode("doubled", b"aabb", piece=3), b"ab")
        with self.assertRaises(jf.InvalidInput) as caught:
            decode("doubled", b"aab")
        self.assertEqual((caught.exception.code, caught.exception.offset), ("not-doubled", 2))

    def test_a_format_reads_and_writes(self):
        text = b"a b\n1 2\nbad\n3 4\n"
        self.assertEqual(read(Words, text), ([{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], ["1 words for 2 columns"]))
        self.assertEqual(read(Words, b"#\n" + text, columns=["b"], skip=1, piece=1)[0], [{"b": "2"}, {"b": "4"}])
        self.assertEqual(write(Words, [{"a": 1, "b": None}]), b"a b\n1 -\n")

    def test_sources_are_files(self):
        source = jf.SourceReader(Source(b"one\ntwo\nthree", piece=2))
        self.assertEqual([source.readline(), source.read(3), source.tell()], [b"one\n", b"two", 7])
        self.assertEqual(list(source), [b"\n", b"three"])
        self.assertEqual(source.read_at(4, 3), b"two")
        sink = Sink(position=5)
        with jf.SinkWriter(sink) as writer:
            writer.write(b"xy")
            self.assertEqual((writer.tell(), bytes(sink.written)), (7, b""))
        self.assertEqual(bytes(sink.written), b"xy")


if __name__ == "__main__":
    unittest.main()

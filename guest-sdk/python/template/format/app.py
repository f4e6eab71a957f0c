"""{{title}}: lines of key=value pairs with blanks between them. A key that a line lacks is null there."""

from collections.abc import Iterator
from itertools import chain, islice

from jackfield import BadRow, Batch, Chunk, Demand, InvalidInput, Schema, SinkWriter, SourceReader, chunks, format

LOOKED_AT = 1000


@format("{{name}}")
class {{pascal}}:
    """Lines of key=value pairs with blanks between them."""

    @staticmethod
    def detect(name: str | None, head: bytes) -> int:
        if name and name.endswith(".{{name}}"):
            return 90
        line, end, _ = head.partition(b"\n")
        return 10 if end and b"=" in line else 0

    def reader(self, source: SourceReader, demand: Demand) -> "Reader":
        return Reader(source, demand)

    def writer(self, schema: Schema, sink: SinkWriter) -> "Writer":
        return Writer(schema, sink)


def pairs(line: str) -> dict[str, str]:
    """The pairs of a line."""
    found = {}
    for word in line.split(" "):
        key, equals, value = word.partition("=")
        if word and not (key and equals):
            raise InvalidInput(f"`{word}` is no key=value", code="invalid-pair")
        if word:
            found[key] = value
    return found


class Reader:
    """Reads a file: its keys are those of the first lines."""

    def __init__(self, source: SourceReader, demand: Demand) -> None:
        self.demand = demand
        lines = ((number, raw, raw.rstrip(b"\r\n")) for number, raw in enumerate(source))
        self.lines = (line for line in lines if line[2])
        self.first = list(islice(self.lines, LOOKED_AT))
        keys = dict.fromkeys(demand.schema)
        for _, _, line in self.first:
            keys.update(dict.fromkeys(word.partition("=")[0] for word in line.decode(errors="replace").split(" ") if word.find("=") > 0))
        self.names = list(keys)

    def schema(self) -> Schema:
        return Schema({name: "utf8" for name in self.names})

    def __iter__(self) -> Iterator[Chunk]:
        return chunks(self.rows(), self.schema(), self.demand)

    def rows(self) -> Iterator[dict[str, str] | BadRow]:
        for number, raw, line in chain(self.first, self.lines):
            try:
                row = pairs(line.decode())
                unknown = next((key for key in row if key not in self.names), None)
                if unknown is not None:
                    raise InvalidInput(f"the key `{unknown}` is not among those of the first {LOOKED_AT} lines", code="invalid-pair")
                yield row
            except UnicodeDecodeError:
                yield BadRow(InvalidInput("the line is not UTF-8", code="invalid-utf8"), number, raw)
            except InvalidInput as failure:
                yield BadRow(failure, number, raw)


class Writer:
    """Writes rows as lines."""

    def __init__(self, schema: Schema, sink: SinkWriter) -> None:
        self.names = schema.names
        self.sink = sink

    def write(self, batch: Batch) -> None:
        columns = [batch[name].cast("utf8").to_list() for name in self.names]
        lines = []
        for row in range(len(batch)):
            found = [(name, column[row]) for name, column in zip(self.names, columns) if column[row] is not None]
            for name, value in found:
                if " " in value or "\n" in value:
                    raise InvalidInput(f"a value with a blank or a line end cannot be written: `{value}`", code="invalid-value", row=row, column=name)
            lines.append(" ".join(f"{name}={value}" for name, value in found) + "\n")
        self.sink.write("".join(lines).encode())

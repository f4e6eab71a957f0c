/** {{title}}: lines of key=value pairs with blanks between them. A key that a line lacks is null there. */
import { BadRow, Failure, Schema, type SourceReader, chunks, format, invalidInput } from "@jackfield/sdk";

const LOOKED_AT = 1000;
const decoder = new TextDecoder("utf-8", { fatal: true });

interface Line {
  number: number;
  raw: Uint8Array;
  text: string | undefined;
}

/** The lines that are not empty; `text` is missing where a line is no UTF-8. */
function* lines(source: SourceReader): Generator<Line> {
  for (let number = 0; ; number++) {
    const raw = source.line();
    if (!raw) return;
    let text: string | undefined;
    try {
      text = decoder.decode(raw).replace(/\r?\n$/, "");
    } catch {
      text = undefined;
    }
    if (text !== "") yield { number, raw, text };
  }
}

/** The pairs of a line. */
function pairs(text: string): [string, string][] {
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => {
      const equals = word.indexOf("=");
      if (equals <= 0) throw invalidInput(`\`${word}\` is no key=value`, { code: "invalid-pair" });
      return [word.slice(0, equals), word.slice(equals + 1)];
    });
}

/** The row of a line. */
function rowOf({ number, raw, text }: Line, names: Set<string>): Record<string, string> | BadRow {
  if (text === undefined) return new BadRow(invalidInput("the line is not UTF-8", { code: "invalid-utf8" }), number, raw);
  try {
    const found = pairs(text);
    const unknown = found.find(([key]) => !names.has(key));
    if (unknown) {
      throw invalidInput(`the key \`${unknown[0]}\` is not among those of the first ${LOOKED_AT} lines`, { code: "invalid-pair" });
    }
    return Object.fromEntries(found);
  } catch (error) {
    if (error instanceof Failure) return new BadRow(error, number, raw);
    throw error;
  }
}

format("{{name}}", {
  description: "Lines of key=value pairs with blanks between them",

  detect(name, head) {
    if (name?.endsWith(".{{name}}")) return 90;
    const end = head.indexOf(10);
    return end >= 0 && head.subarray(0, end).includes(61) ? 10 : 0;
  },

  read(source, demand) {
    const all = lines(source);
    const first: Line[] = [];
    const names = new Set(Object.keys(demand.schema));
    for (let next = all.next(); !next.done; next = all.next()) {
      first.push(next.value);
      for (const word of (next.value.text ?? "").split(" ")) {
        if (word.indexOf("=") > 0) names.add(word.slice(0, word.indexOf("=")));
      }
      if (first.length === LOOKED_AT) break;
    }
    const schema = new Schema(Object.fromEntries([...names].map((name) => [name, "utf8"])));
    function* rows(): Generator<Record<string, string> | BadRow> {
      for (const line of first) yield rowOf(line, names);
      for (let next = all.next(); !next.done; next = all.next()) yield rowOf(next.value, names);
    }
    return { schema: () => schema, [Symbol.iterator]: () => chunks(rows(), schema, demand) };
  },

  write(sink, { names }) {
    return {
      write(batch) {
        const columns = names.map((name) => batch.col(name).cast("utf8").toArray() as (string | null)[]);
        for (let row = 0; row < batch.rows; row++) {
          const found: string[] = [];
          names.forEach((column, at) => {
            const value = columns[at][row];
            if (value === null) return;
            if (/[ \n]/.test(value)) {
              const message = `a value with a blank or a line end cannot be written: \`${value}\``;
              throw invalidInput(message, { code: "invalid-value", row, column });
            }
            found.push(`${column}=${value}`);
          });
          sink.write(`${found.join(" ")}\n`);
        }
      },
    };
  },
});

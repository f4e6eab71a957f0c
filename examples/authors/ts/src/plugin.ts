/** The plugin `phonetic-ts`: a node and a codec. */
import { choice, codec, integer, node, optional, text } from "@jackfield/sdk";
import { metaphone, soundex } from "./keys.ts";
import { LineWriter, decoded } from "./lines.ts";

node(
  "phonetic",
  {
    description: "Adds a phonetic key: names that sound alike have the same",
    parameters: {
      column: text({ title: "Column", description: "The text to take the keys of", ui: "column" }),
      algorithm: choice(["soundex", "metaphone"], { description: "How the key is made", default: "soundex" }),
      into: optional(text({ description: "The new column; without it the column's name and `_phonetic`" })),
      length: integer({ description: "Letters and digits of a key", minimum: 1, maximum: 32, default: 4 }),
    },
  },
  (batch, { column, algorithm, into, length }) => {
    const key = algorithm === "soundex" ? soundex : metaphone;
    // Names repeat: each is worked out once.
    const known = new Map<string, string>();
    const keyOf = (name: string): string => {
      let found = known.get(name);
      if (found === undefined) {
        if (known.size > 100_000) known.clear();
        known.set(name, (found = key(name, length)));
      }
      return found;
    };
    return batch.withColumn(into ?? `${column}_phonetic`, batch.col(column).expect("utf8").map(keyOf, "utf8"));
  },
);

codec("base64", {
  description: "Base64 in lines of 76 characters (RFC 4648)",
  decode: (source) => decoded(source),
  encode: (sink) => new LineWriter(sink),
});

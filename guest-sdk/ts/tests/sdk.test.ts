import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as jf from "../src/index.ts";
import { decode, encode, live, logs, read, run, write } from "../src/testing.ts";
import { schemaOf } from "../src/params.ts";
import { Recorded } from "../src/batch.ts";
import { sql } from "../src/render.ts";
import { sourceOf } from "../src/place.ts";

jf.node("late", { description: "Keeps late flights", parameters: { minutes: jf.integer({ default: 60 }) } }, (batch, { minutes }) =>
  batch.filter(batch.col("dep_delay").gt(minutes)).withColumn("hours", batch.col("dep_delay").div(60)),
);
jf.node("shapes", {}, (batch) =>
  batch
    .withColumns({
      label: jf.when(batch.col("n").rem(2).eq(0), "even", "odd"),
      half: batch.col("n").intDiv(2),
      joined: batch.col("t").upper().concat("-").concat(batch.col("t")),
    })
    .drop("t")
    .rename({ n: "number" }),
);
jf.node("looped", {}, (batch) => batch.withColumn("back", batch.col("t").map((text: string) => [...text].reverse().join(""), "utf8").upper()));
jf.node("doubled", {}, (batch) =>
  batch.withColumn("twice", batch.col("n").apply((view) => (view.values as BigInt64Array).map((value) => 2n * value), "int64")),
);
jf.node("strict", {}, (batch) => {
  const sound = batch.reject(batch.col("n").lt(0), "it is negative", { code: "negative" });
  return { out: sound.filter(batch.col("n").gt(10)), small: sound.filter(batch.col("n").le(10)).select("n") };
});
jf.node("inverse", {}, (batch) => batch.withColumn("i", batch.col("n").map((n: bigint) => Number(1000n / n), "float64")));
jf.node("overflowing", {}, (batch) => batch.filter(batch.col("n").gt(1)).withColumn("big", batch.col("n").mul(2n ** 62n)));
jf.node("eager", {}, (batch) => batch.filter(batch.col("n").gt(batch.rows)));

jf.node(
  "counted",
  { parameters: { by: jf.text(), "at-least": jf.integer({ default: 0, minimum: 0 }) } },
  class implements jf.Node {
    private groups!: jf.Grouper;
    private counts!: jf.Accumulator;
    private readonly by: string;
    private readonly atLeast: number;
    constructor(values: { by: string; "at-least": number }) {
      this.by = values.by;
      this.atLeast = values["at-least"];
    }
    bind([input]: readonly jf.InputPort[]): jf.Binding {
      const type = input.schema.type(this.by);
      this.groups = new jf.Grouper([type]);
      this.counts = new jf.Accumulator("count", [type]);
      return new jf.Binding(new jf.OutputPort().made(this.by, type).made("n", "int64")).needs(input.name, [this.by]);
    }
    process(batch: jf.Batch): void {
      const groups = this.groups.assign(batch.col(this.by));
      this.counts.update([batch.col(this.by)], groups, this.groups.count);
    }
    finish(): jf.Batch {
      const counted = jf.Batch.of({ [this.by]: this.groups.keys()[0], n: this.counts.finish() });
      return counted.filter(counted.col("n").ge(this.atLeast));
    }
  },
);

describe("the short way", () => {
  test("a filter and a derived column", () => {
    const result = run("late", [{ dep_delay: 90 }, { dep_delay: 10 }, { dep_delay: null }]);
    assert.deepEqual(result.rows, [{ dep_delay: 90n, hours: 1.5 }]);
    assert.deepEqual(result.types, { dep_delay: "int64", hours: "float64" });
  });
  test("the binding says what is needed", () => {
    const { binding } = run("late", [{ carrier: "UA", dep_delay: 90 }], { minutes: 30 });
    assert.deepEqual(binding.needs[0].columns, ["dep_delay"]);
    assert.deepEqual(binding.needs[0].predicates, [{ column: "dep_delay", comparison: ">", values: [{ tag: "int64", val: 30n }] }]);
    assert.deepEqual([binding.rowWise, binding.extra], [true, [["batch-rows", "262144"]]]);
  });
  test("columns are passed, renamed and made in order", () => {
    const { rows } = run("shapes", [{ n: 3, t: "a" }, { n: -3, t: null }]);
    assert.deepEqual(rows, [
      { number: 3n, label: "odd", half: 1n, joined: "A-a" },
      { number: -3n, label: "odd", half: -1n, joined: null },
    ]);
  });
  test("loops over values and over buffers", () => {
    assert.equal(run("looped", [{ t: "ab" }, { t: null }]).rows[0].back, "BA");
    assert.deepEqual(run("doubled", [{ n: 4 }, { n: 5 }]).rows.map((row) => row.twice), [8n, 10n]);
  });
  test("rows that fail leave by the policy", () => {
    const result = run("strict", [{ n: -1 }, { n: 5 }, { n: 50 }]);
    assert.deepEqual([result.rows, result.ports.small], [[{ n: 50n }], [{ n: 5n }]]);
    assert.deepEqual(result.rejected, [{ row: { n: -1n }, message: "it is negative" }]);
    const inverse = run("inverse", [{ n: 2 }, { n: 0 }]);
    assert.deepEqual(inverse.rows, [{ n: 2n, i: 500 }]);
    assert.match(inverse.rejected[0].message, /RangeError: .*zero/i);
  });
  test("a row that is filtered away cannot fail", () => {
    const result = run("overflowing", [{ n: 1 }, { n: 2 }]);
    assert.deepEqual([result.rows, result.rejected.length], [[], 1]);
  });
  test("a type error names the column and its type", () => {
    assert.throws(() => run("late", [{ dep_delay: "x" }]), (error: jf.Failure) => {
      assert.match(error.message, /column `dep_delay` is utf8/);
      assert.equal(error.column, "dep_delay");
      return error.code === "type-mismatch";
    });
  });
  test("an unknown column names the nearest", () => {
    assert.throws(() => run("late", [{ dep_dealy: 1 }]), { code: "unknown-column", help: "did you mean dep_dealy?" });
  });
  test("rows are not there while recording", () => {
    assert.throws(() => run("eager", [{ n: 1 }]), { code: "needs-data" });
  });
  test("wrong parameters are told all at once", () => {
    assert.throws(() => run("late", [], { minutes: "ten", other: 1 }), (error: jf.Failures) => {
      assert.deepEqual(error.failures.map((failure) => failure.parameter), ["/other", "/minutes"]);
      return true;
    });
  });
  test("what is recorded becomes SQL", () => {
    const batch = new Recorded(new jf.Schema({ 'a "b"': "int64", t: "utf8" }));
    const text = (column: jf.Column): string => sql(column.node, new Map());
    assert.equal(text(batch.col('a "b"').add(-1).gt(1.5)), '(("a ""b""" + (-1)) > 1.5)');
    assert.equal(text(batch.col("t").eq("it's").and(batch.col("t").isIn(["x", null]).not())), `(("t" = 'it''s') AND (NOT ("t" IN ('x', NULL))))`);
    assert.equal(text(jf.lit(Number.NaN).cast("decimal(10,2)")), "CAST(CAST('NaN' AS float64) AS decimal(10,2))");
    assert.equal(text(jf.lit(1e21)), "1e+21");
  });
});

describe("the long way", () => {
  test("groups and accumulators", () => {
    const rows = [{ k: "a" }, { k: "b" }, { k: "a" }];
    assert.deepEqual(run("counted", rows, { by: "k" }).rows, [{ k: "a", n: 2n }, { k: "b", n: 1n }]);
    assert.deepEqual(run("counted", rows, { by: "k", "at-least": 2 }).rows, [{ k: "a", n: 2n }]);
  });
  test("batches compute at once", () => {
    const batch = jf.Batch.of({ n: [1, 2, null], t: ["a", "b", "c"] });
    assert.deepEqual(batch.col("n").add(1).toArray(), [2n, 3n, null]);
    assert.deepEqual(batch.filter(batch.col("n").gt(1)).toRows(), [{ n: 2n, t: "b" }]);
    assert.equal(batch.col("n").reduce("sum"), 3n);
    assert.deepEqual(batch.sort(["n"], { descending: true }).col("t").toArray(), ["b", "a", "c"]);
    assert.deepEqual(batch.withColumn("m", jf.column([7, 8, 9]).add(batch.col("n"))).col("m").toArray(), [8n, 10n, null]);
  });
  test("joins by row numbers", () => {
    const joiner = new jf.Joiner(["utf8"]);
    joiner.build(jf.column(["a", "b"]));
    const pairs = [...joiner.probe([jf.column(["b", "x"])], "outer")].map(([a, b]) => [a.toArray(), b.toArray()]);
    assert.deepEqual(pairs, [[[0, 1], [1n, null]]]);
  });
  test("handles that a call leaves behind are dropped", () => {
    jf.node("untidy", {}, class implements jf.Node {
      bind([input]: readonly jf.InputPort[]): jf.Binding {
        return new jf.Binding(new jf.OutputPort().passing(input));
      }
      process(batch: jf.Batch): jf.Batch {
        batch.col("n").add(1).toArray();
        batch.filter(batch.col("n").gt(1)).sort(["n"]);
        return batch.filter(batch.col("n").lt(3));
      }
    });
    const input = jf.Batch.of({ n: [1, 2, 3] });
    const before = { ...live };
    run("untidy", input);
    // What is left is the batch that was handed over, and what the test itself read of it.
    assert.ok(live.batches - before.batches <= 2, `${live.batches - before.batches} batches`);
    assert.ok(live.columns - before.columns <= 2, `${live.columns - before.columns} columns`);
  });
});

describe("columns", () => {
  test("values of all types come back", () => {
    const cases: [string, unknown[]][] = [
      ["bool", [true, null, false]], ["int64", [1n, null]], ["uint8", [255, null]], ["float64", [0.5, null]],
      ["date", [new Date("2013-01-02"), null]], ["timestamp[UTC]", [new Date("2013-01-02T03:04:05.678Z")]],
      ["list<int64>", [[1n, 2n], null, []]], ["struct<a: int64, b: utf8>", [{ a: 1n, b: "x" }, { a: null, b: null }]],
      ["binary", [new Uint8Array([0, 255]), null]], ["utf8", ["ä", "", null, "b"]],
    ];
    for (const [type, values] of cases) assert.deepEqual(jf.column(values, type).toArray(), values, type);
    assert.throws(() => jf.column([1, "x"], "int64"), { message: '"x" does not fit the type int64' });
    assert.throws(() => jf.column([300], "uint8"), { code: "type-mismatch" });
  });
  test("views are typed arrays", () => {
    const view = jf.column([1, null, 3], "int64").view();
    assert.ok(view.values instanceof BigInt64Array);
    assert.deepEqual([[...view.values], view.isValid(1), view.nullCount], [[1n, 0n, 3n], false, 1]);
    assert.equal(jf.column(["ä", "b"]).view().text(1), "b");
  });
  test("types are read and written", () => {
    for (const name of ["int64", "timestamp[UTC]", "timestamp[ns, Europe/Paris]", 'list<struct<a: utf8, "b c": date>>', "decimal(38,10)", "time[ms]"]) {
      assert.equal(jf.Type.of(name).name, name);
    }
    assert.throws(() => jf.Type.of("list<nope>"), { message: "expected a type, found `nope>`" });
  });
});

jf.codec("rot13", {
  options: { by: jf.integer({ default: 13 }) },
  *decode(source, { by }) {
    for (const piece of source) yield turned(piece, 26 - by);
  },
  encode: (sink, { by }) => ({ write: (data) => sink.write(turned(data, by)), finish() {} }),
});
function turned(bytes: Uint8Array, by: number): Uint8Array {
  return bytes.map((byte) => (byte >= 97 && byte <= 122 ? ((byte - 97 + by) % 26) + 97 : byte));
}
jf.format("words", {
  options: { skip: jf.integer({ default: 0 }) },
  detect: (name) => (name?.endsWith(".words") ? 90 : 0),
  read(source, demand, { skip }) {
    const lines = source.lines();
    for (let line = 0; line < skip; line++) lines.next();
    const names = String(lines.next().value ?? "").split(" ");
    const schema = new jf.Schema(Object.fromEntries(names.map((name) => [name, "utf8"])));
    function* rows(): Generator<Record<string, string> | jf.BadRow> {
      let number = 0;
      for (const line of lines) {
        number++;
        const words = line.split(" ");
        if (words.length === names.length) yield Object.fromEntries(names.map((name, at) => [name, words[at]]));
        else yield new jf.BadRow(`${words.length} words for ${names.length} columns`, number, line);
      }
    }
    return { schema: () => schema, [Symbol.iterator]: () => jf.chunks(rows(), schema, demand) };
  },
  write(sink, schema) {
    if (sink.position === 0) sink.write(`${schema.names.join(" ")}\n`);
    return { write: (batch) => batch.toRows().forEach((row) => sink.write(`${Object.values(row).map((value) => value ?? "-").join(" ")}\n`)) };
  },
});

describe("bytes", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  test("codecs", () => {
    for (const piece of [1, 3, 100]) {
      assert.deepEqual(decode("rot13", encode("rot13", bytes("hello there"), { by: 4 }, piece), { by: 4 }, piece), bytes("hello there"));
    }
  });
  test("formats", () => {
    const text = "a b\n1 2\nbad\n3 4\n";
    assert.deepEqual(read("words", text), { rows: [{ a: "1", b: "2" }, { a: "3", b: "4" }], bad: ["1 words for 2 columns"] });
    assert.deepEqual(read("words", `#\n${text}`, { skip: 1 }, ["b"], 1).rows, [{ b: "2" }, { b: "4" }]);
    assert.equal(new TextDecoder().decode(write("words", [{ a: 1, b: null }])), "a b\n1 -\n");
  });
});

test("parameters have schemas", () => {
  assert.deepEqual(schemaOf({ unit: jf.choice(["km", "miles"], { default: "km" }), by: jf.list(jf.text()) }), {
    type: "object",
    additionalProperties: false,
    properties: { unit: { type: "string", enum: ["km", "miles"], default: "km" }, by: { type: "array", items: { type: "string" } } },
    required: ["by"],
  });
});

test("places in a bundle are places in sources", () => {
  // Two sources: line 1 of the bundle is line 3 of b.ts, line 3 is line 1 and, from column 4, line 2 of a.ts.
  const map = { sources: ["b.ts", "a.ts"], mappings: "AAEA;;ACFA,IACA" };
  assert.deepEqual(sourceOf(map, 1, 7), { source: "b.ts", line: 3 });
  assert.equal(sourceOf(map, 2, 0), undefined);
  assert.deepEqual(sourceOf(map, 3, 3), { source: "a.ts", line: 1 });
  assert.deepEqual(sourceOf(map, 3, 9), { source: "a.ts", line: 2 });
});

test("logging arrives", () => {
  logs();
  jf.log.warn("careful", { rows: 3 });
  assert.deepEqual(logs(), [["warn", "careful"]]);
});

/** Unit tests without the host. The golden cases of all languages are in ../../suite. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, run } from "@jackfield/sdk/testing";
import "../src/plugin.ts";

test("keys", () => {
  const { rows } = run("phonetic", [{ name: "Robert" }, { name: null }, { name: "1" }], { column: "name" });
  assert.deepEqual(rows.map((row) => row.name_phonetic), ["R163", null, ""]);
  const metaphone = run("phonetic", [{ name: "Thompson" }], { column: "name", algorithm: "metaphone", into: "key" });
  assert.deepEqual(metaphone.rows, [{ name: "Thompson", key: "0MPS" }]);
});

test("wrong columns", () => {
  for (const [column, code] of [["nmae", "unknown-column"], ["id", "type-mismatch"]]) {
    assert.throws(() => run("phonetic", [{ name: "a", id: 1 }], { column }), { code, parameter: "/column" });
  }
});

test("lines there and back in any pieces", () => {
  const plain = Uint8Array.from({ length: 768 }, (_, at) => at % 256);
  for (const piece of [1, 5, 57, 4096]) {
    const text = encode("base64", plain, {}, piece);
    assert.ok(new TextDecoder().decode(text).split("\n").every((line) => line.length <= 76));
    assert.deepEqual(decode("base64", text, {}, piece), plain);
  }
});

test("wrong bytes are named", () => {
  const cases: [string, number][] = [["Zm9v*mFy", 4], ["Z===", 1], ["Zg==Zg==", 4], ["Zh==", 1], ["Zm9vYg", 6], ["Zg=a", 3], ["Zm9v=", 4]];
  for (const [text, offset] of cases) {
    for (const piece of [1, 3, 100]) {
      const message = `this is no base64 at byte ${offset}`;
      assert.throws(() => decode("base64", new TextEncoder().encode(text), {}, piece), { code: "invalid-base64", message, offset });
    }
  }
});

/** Unit tests without the host: `npm test`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { read, write } from "@jackfield/sdk/testing";
import "../src/plugin.ts";

test("lines are rows", () => {
  const { rows, bad } = read("{{name}}", "a=1 b=2\n\nb=3\noops\n", {}, undefined, 3);
  assert.deepEqual(rows, [{ a: "1", b: "2" }, { a: null, b: "3" }]);
  assert.deepEqual(bad, ["`oops` is no key=value"]);
});

test("only what is demanded is read", () => {
  assert.deepEqual(read("{{name}}", "a=1 b=2\n", {}, ["b"]).rows, [{ b: "2" }]);
});

test("rows are lines", () => {
  const bytes = write("{{name}}", [{ a: "1", n: 2 }, { a: null, n: null }]);
  assert.equal(new TextDecoder().decode(bytes), "a=1 n=2\n\n");
});

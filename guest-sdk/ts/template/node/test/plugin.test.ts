/** Unit tests without the host: `npm test`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "@jackfield/sdk/testing";
import "../src/plugin.ts";

test("rows at or below the number are dropped", () => {
  const { rows } = run("{{name}}", [{ delay: 90 }, { delay: 60 }, { delay: null }], { column: "delay" });
  assert.deepEqual(rows, [{ delay: 90n, hours: 1.5 }]);
});

test("a column that is not there", () => {
  assert.throws(() => run("{{name}}", [{ delay: 90 }], { column: "dealy" }), { help: "did you mean delay?" });
});

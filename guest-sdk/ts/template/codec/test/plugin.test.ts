/** Unit tests without the host: `npm test`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@jackfield/sdk/testing";
import "../src/plugin.ts";

test("there and back in any pieces", () => {
  const plain = Uint8Array.from({ length: 256 }, (_, at) => at);
  for (const piece of [1, 7, 1000]) {
    const text = encode("{{name}}", plain, {}, piece);
    assert.equal(text.length, 2 * 256 + 8);
    assert.deepEqual(decode("{{name}}", text, {}, piece), plain);
  }
});

test("wrong digits are named", () => {
  for (const piece of [1, 3, 100]) {
    const wrong = new TextEncoder().encode("4a 6x");
    assert.throws(() => decode("{{name}}", wrong, {}, piece), { code: "invalid-digit", offset: 4 });
  }
});

/** {{title}}: bytes as hexadecimal digits, 32 bytes a line. Both ways a stream. */
import { codec, invalidInput } from "@jackfield/sdk";

const LINE = 32;
const DIGITS = new TextEncoder().encode("0123456789abcdef");
const LINE_FEED = 10;

/** The value of a digit; -1 for white space, `undefined` for anything else. */
function valueOf(byte: number): number | undefined {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  if (letter >= 97 && letter <= 102) return letter - 87;
  return byte === 32 || (byte >= 9 && byte <= 13) ? -1 : undefined;
}

codec("{{name}}", {
  description: "Bytes as hexadecimal digits, 32 bytes a line",

  *decode(source) {
    let high = -1;
    let offset = 0;
    for (const piece of source) {
      const plain = new Uint8Array((piece.length + 1) >> 1);
      let count = 0;
      for (const byte of piece) {
        const value = valueOf(byte);
        if (value === undefined) {
          throw invalidInput(`no hexadecimal digit at byte ${offset}`, { code: "invalid-digit", offset });
        }
        offset++;
        if (value < 0) continue;
        if (high < 0) {
          high = value;
        } else {
          plain[count++] = (high << 4) | value;
          high = -1;
        }
      }
      if (count > 0) yield plain.subarray(0, count);
    }
    if (high >= 0) throw invalidInput("the input ends in the middle of a byte", { code: "truncated" });
  },

  encode(sink) {
    let column = 0;
    return {
      write(data) {
        const digits = new Uint8Array(data.length * 2 + Math.floor((column + data.length) / LINE));
        let count = 0;
        for (const byte of data) {
          digits[count++] = DIGITS[byte >> 4];
          digits[count++] = DIGITS[byte & 15];
          if (++column === LINE) {
            digits[count++] = LINE_FEED;
            column = 0;
          }
        }
        sink.write(digits);
      },
      finish() {
        if (column > 0) sink.write("\n");
      },
    };
  },
});

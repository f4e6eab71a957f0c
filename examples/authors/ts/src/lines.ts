/** Base64 in lines of 76 characters, as RFC 4648 (section 4) has it, piece by piece. */
import { type Encoder, type Failure, type SinkWriter, type SourceReader, invalidInput, joined } from "@jackfield/sdk";

const ALPHABET = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const VALUES = new Int8Array(256).fill(-1);
ALPHABET.forEach((byte, value) => {
  VALUES[byte] = value;
});
const [LF, CR, PAD] = [10, 13, 61];
/** Bytes of a line. */
const LINE = 57;

const wrong = (offset: number): Failure => invalidInput(`this is no base64 at byte ${offset}`, { code: "invalid-base64", offset });

/** Writes bytes as lines; what does not fill one waits. */
export class LineWriter implements Encoder {
  private rest: Uint8Array = new Uint8Array();
  private readonly sink: SinkWriter;

  constructor(sink: SinkWriter) {
    this.sink = sink;
  }
  write(data: Uint8Array): void {
    const all = this.rest.length > 0 ? joined([this.rest, data]) : data;
    const full = all.length - (all.length % LINE);
    this.rest = all.slice(full);
    this.sink.write(encoded(all.subarray(0, full)));
  }
  finish(): void {
    this.sink.write(encoded(this.rest));
  }
}

function encoded(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4 + Math.ceil(bytes.length / LINE));
  let to = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text[to++] = ALPHABET[group >> 18];
    text[to++] = ALPHABET[(group >> 12) & 63];
    text[to++] = at + 1 < bytes.length ? ALPHABET[(group >> 6) & 63] : PAD;
    text[to++] = at + 2 < bytes.length ? ALPHABET[group & 63] : PAD;
    if ((at + 3) % LINE === 0 || at + 3 >= bytes.length) text[to++] = LF;
  }
  return text;
}

/** The bytes that stand in base64. Only a group that is not complete waits for the next piece. */
export function* decoded(source: SourceReader): Generator<Uint8Array> {
  let [bits, digits, padding, last, place] = [0, 0, 0, 0, 0];
  let ended = false;
  for (const piece of source) {
    const plain = new Uint8Array(Math.ceil((piece.length + 3) / 4) * 3);
    let to = 0;
    for (const byte of piece) {
      const at = place++;
      const value = VALUES[byte];
      if (value >= 0 && padding === 0) {
        bits = (bits << 6) | value;
        last = at;
        if (++digits < 4) continue;
        plain[to++] = bits >> 16;
        plain[to++] = bits >> 8;
        plain[to++] = bits;
        [bits, digits] = [0, 0];
      } else if (byte === PAD && !ended) {
        if (digits < 2) throw wrong(at);
        const left = digits === 2 ? 4 : 2;
        if ((bits & ((1 << left) - 1)) !== 0) throw wrong(last);
        if (digits + ++padding < 4) continue;
        ended = true;
        bits >>= left;
        if (digits === 3) plain[to++] = bits >> 8;
        plain[to++] = bits;
      } else if (byte !== LF && byte !== CR) {
        throw wrong(at);
      }
    }
    if (to > 0) yield plain.subarray(0, to);
  }
  if (digits > 0 && !ended) throw wrong(place);
}

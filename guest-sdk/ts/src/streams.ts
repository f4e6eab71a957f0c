/** The host's byte streams as readers and writers of pieces. */
import { asked } from "./failure.ts";
import { bytesOf } from "./views.ts";
import type { SinkHandle, SourceHandle } from "./wit.ts";

/** What is asked of the host at a time, in bytes. */
const PIECE = 256 << 10;

/** Thrown by a source with nothing to give for now (a tailed file); the host asks again later. */
export class Pause extends Error {
  constructor() {
    super("nothing to read now");
    this.name = "Pause";
  }
}

/** A source of bytes. Iterate over it for its pieces, or `read` and `line` as with a file. */
export class SourceReader implements Iterable<Uint8Array> {
  /** The host's source. */
  readonly source: SourceHandle;
  private piece: Uint8Array = new Uint8Array();
  private ended = false;
  private taken = 0;

  constructor(source: SourceHandle) {
    this.source = source;
  }
  /** The name of the file, where it has one. */
  get name(): string | undefined {
    return this.source.name();
  }
  /** Its size in bytes, where that is known. */
  get size(): bigint | undefined {
    return this.source.size();
  }
  /** Number of bytes consumed so far. */
  get position(): number {
    return this.taken;
  }
  /** What there is, up to `most` bytes; `undefined` at the end. */
  some(most = Number.MAX_SAFE_INTEGER): Uint8Array | undefined {
    while (this.piece.length === 0 && !this.ended) {
      const piece = asked(() => this.source.read(PIECE));
      if (piece.tag === "data") this.piece = piece.val;
      else if (piece.tag === "pause") throw new Pause();
      else this.ended = true;
    }
    if (this.piece.length === 0) return undefined;
    const found = this.piece.subarray(0, most);
    this.piece = this.piece.subarray(found.length);
    this.taken += found.length;
    return found;
  }
  /** `size` bytes, less only at the end; all of them without a size. */
  read(size = Number.MAX_SAFE_INTEGER): Uint8Array {
    const pieces: Uint8Array[] = [];
    let found = 0;
    while (found < size) {
      const piece = this.some(size - found);
      if (!piece) break;
      pieces.push(piece);
      found += piece.length;
    }
    return pieces.length === 1 ? pieces[0] : joined(pieces);
  }
  /** The next line with its line break; `undefined` at the end. */
  line(): Uint8Array | undefined {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const piece = this.some(0);
      if (!piece) break;
      const end = this.piece.indexOf(10);
      pieces.push(this.some(end < 0 ? undefined : end + 1) as Uint8Array);
      if (end >= 0) break;
    }
    return pieces.length === 0 ? undefined : pieces.length === 1 ? pieces[0] : joined(pieces);
  }
  *[Symbol.iterator](): Generator<Uint8Array> {
    for (let piece = this.some(); piece; piece = this.some()) yield piece;
  }
  /** The lines as text, without line breaks. */
  *lines(): Generator<string> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for (let line = this.line(); line; line = this.line()) yield decoder.decode(line).replace(/\r?\n$/, "");
  }
  /** Bytes from anywhere, where the source is a plain file. */
  readAt(offset: number | bigint, size: number): Uint8Array {
    return asked(() => this.source.readAt(BigInt(offset), size));
  }
}

/** A sink of bytes. Small writes are gathered. */
export class SinkWriter {
  /** The host's sink. */
  readonly sink: SinkHandle;
  private gathered: Uint8Array[] = [];
  private size = 0;

  constructor(sink: SinkHandle) {
    this.sink = sink;
  }
  /** Bytes in front of what is written next: more than none at the start where a file is appended to. */
  get position(): number {
    return Number(this.sink.position()) + this.size;
  }
  /** Writes bytes, or text in UTF-8. */
  write(data: Uint8Array | ArrayBufferView | string): void {
    const piece = typeof data === "string" ? new TextEncoder().encode(data) : bytesOf(data);
    this.gathered.push(piece);
    this.size += piece.length;
    if (this.size >= PIECE) this.handOver();
  }
  /** Hands what was gathered to the host. */
  handOver(): void {
    if (this.size === 0) return;
    const whole = joined(this.gathered);
    this.gathered = [];
    this.size = 0;
    asked(() => this.sink.write(whole));
  }
  flush(): void {
    this.handOver();
    asked(() => this.sink.flush());
  }
}

/** Pieces one after the other. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Codecs: bytes to bytes and back, with generators. */
import { internal } from "./failure.ts";
import type { Params, ValuesOf } from "./params.ts";
import { valuesOf } from "./params.ts";
import { type Declared, Registry } from "./registry.ts";
import { Pause, SinkWriter, SourceReader } from "./streams.ts";
import type { Piece, SinkHandle, SourceHandle } from "./wit.ts";

/** Takes bytes in and writes them encoded. */
export interface Encoder {
  write(data: Uint8Array): void;
  /** Hands on what can be handed on. */
  flush?(): void;
  /** Writes what is left. */
  finish(): void;
}

/** What is said of a codec. */
export interface CodecAbout<P extends Params> {
  description?: string;
  options?: P;
  /** The decoded bytes, piece by piece: usually a generator. */
  decode(source: SourceReader, options: ValuesOf<P>): Iterable<Uint8Array>;
  encode(sink: SinkWriter, options: ValuesOf<P>): Encoder;
}

/** The declared codecs. */
export const CODECS = new Registry<CodecAbout<Params>>("codec");

/** Declares a codec. */
export function codec<const P extends Params = Record<never, never>>(id: string, about: CodecAbout<P>): void {
  CODECS.declare({ id, description: about.description, parameters: about.options ?? {}, target: about as unknown as CodecAbout<Params> });
}

/** The most that is handed out at a time, in bytes, whatever the host asks for. */
const MOST = 16 << 20;

/** Reads what a codec decodes, in the pieces that the host asks for. */
export class Decoding {
  private readonly pieces: Iterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array();

  constructor(declared: Declared<CodecAbout<Params>>, options: string, source: SourceHandle) {
    const values = valuesOf(declared.parameters, options);
    this.pieces = declared.target.decode(new SourceReader(source), values)[Symbol.iterator]();
  }
  /** At most so many bytes. */
  read(most: number): Piece {
    try {
      while (this.rest.length === 0) {
        const { done, value } = this.pieces.next();
        if (done) return { tag: "end" };
        this.rest = value;
      }
    } catch (error) {
      if (error instanceof Pause) return { tag: "pause" };
      throw error;
    }
    const piece = this.rest.subarray(0, Math.min(most, MOST));
    this.rest = this.rest.subarray(piece.length);
    return { tag: "data", val: piece };
  }
}

/** Writes to what a codec encodes with. */
export class Encoding {
  private readonly sink: SinkWriter;
  private encoder: Encoder | undefined;

  constructor(declared: Declared<CodecAbout<Params>>, options: string, sink: SinkHandle) {
    this.sink = new SinkWriter(sink);
    this.encoder = declared.target.encode(this.sink, valuesOf(declared.parameters, options));
  }
  private get open(): Encoder {
    if (!this.encoder) throw internal("the encoder was finished already");
    return this.encoder;
  }
  write(data: Uint8Array): void {
    this.open.write(data);
  }
  flush(): void {
    this.open.flush?.();
    this.sink.flush();
  }
  finish(): void {
    const encoder = this.open;
    this.encoder = undefined;
    encoder.finish();
    this.sink.flush();
  }
}

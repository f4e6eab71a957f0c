/** Formats: bytes to rows and back. */
import { Batch, type Row, type Types, handOver } from "./batch.ts";
import { type Failure, internal, invalidInput } from "./failure.ts";
import { scoped } from "./host.ts";
import type { Params, ValuesOf } from "./params.ts";
import { valuesOf } from "./params.ts";
import { columnOf } from "./program.ts";
import { type Declared, Registry } from "./registry.ts";
import { Pause, SinkWriter, SourceReader } from "./streams.ts";
import { type Schema, Type, fromSchema, toSchema } from "./types.ts";
import type { BatchHandle, ChunkRecord, DemandRecord, Predicate, SchemaRecord, SinkHandle, SourceHandle } from "./wit.ts";

/** What the pipeline will use of a source, so that a reader need not parse the rest. */
export class Demand {
  /** The columns, in order; `undefined`: all. */
  readonly columns: string[] | undefined;
  readonly predicates: readonly Predicate[];
  /** Rows that are enough. It counts those that satisfy all predicates, so it is of no use to readers that apply none. */
  readonly limit: number | undefined;
  readonly batchRows: number;
  /** Types that are known already, or that the pipeline says. */
  readonly schema: Record<string, Type>;

  constructor(record: DemandRecord, schema: Types) {
    this.columns = record.columns;
    this.predicates = record.predicates;
    this.limit = record.predicates.length === 0 && record.limit !== undefined ? Number(record.limit) : undefined;
    this.batchRows = record.batchRows;
    this.schema = Object.fromEntries(Object.entries(schema).map(([name, text]) => [name, Type.of(text)]));
  }
  /** The columns to hand over, in order. */
  wanted(schema: Schema): string[] {
    return this.columns ?? schema.names;
  }
}

/** A row that could not be read: why, its physical line from 0, and its raw bytes. */
export class BadRow {
  readonly reason: Failure;
  readonly line: number | undefined;
  readonly raw: Uint8Array;

  constructor(reason: Failure | string, line?: number, raw: Uint8Array | string = "") {
    this.reason = typeof reason === "string" ? invalidInput(reason) : reason;
    this.line = line;
    this.raw = typeof raw === "string" ? new TextEncoder().encode(raw) : raw;
  }
}

/** Rows: exactly the demanded columns, in that order. */
export interface Chunk {
  batch: Batch;
  /** Record number of the first row. */
  firstRow: number;
  /** Where records are missing in between, the number of each. */
  rows?: readonly number[];
  bad?: readonly BadRow[];
}

/** Reads a file. Iterating gives chunks or batches. */
export interface Reader extends Iterable<Chunk | Batch> {
  /** All columns, whatever the demand. */
  schema(): Schema;
}

/** Writes a file. */
export interface Writer {
  write(batch: Batch): void;
  flush?(): void;
  /** Writes what is left. */
  finish?(): void;
}

/** What is said of a format. */
export interface FormatAbout<P extends Params> {
  description?: string;
  options?: P;
  /** How sure it is, from 0 to 100, by a file's name and first bytes. */
  detect?(name: string | undefined, head: Uint8Array): number;
  read(source: SourceReader, demand: Demand, options: ValuesOf<P>): Reader;
  write(sink: SinkWriter, schema: Schema, options: ValuesOf<P>): Writer;
}

/** The declared formats. */
export const FORMATS = new Registry<FormatAbout<Params>>("format");

/** Declares a format. */
export function format<const P extends Params = Record<never, never>>(id: string, about: FormatAbout<P>): void {
  FORMATS.declare({ id, description: about.description, parameters: about.options ?? {}, target: about as unknown as FormatAbout<Params> });
}

/** What the plugin's formats say about the beginning of a file. */
export function detect(name: string | undefined, head: Uint8Array): { format: string; confidence: number; reason: string }[] {
  return FORMATS.all
    .map(({ id, target }) => ({ format: id, confidence: Math.min(target.detect?.(name, head) ?? 0, 100), reason: `it looks like ${id}` }))
    .filter(({ confidence }) => confidence > 0);
}

/** Rows as objects, in chunks of the size and with the columns that are wanted; bad rows are handed on between them. */
export function* chunks(rows: Iterable<Record<string, unknown> | BadRow>, schema: Schema, demand: Demand): Generator<Chunk> {
  const names = demand.wanted(schema);
  const types = Object.fromEntries(names.map((name) => [name, schema.type(name)]));
  let gathered: Record<string, unknown>[] = [];
  let numbers: number[] = [];
  let bad: BadRow[] = [];
  let left = demand.limit ?? Number.POSITIVE_INFINITY;
  let number = -1;
  const chunk = (): Chunk => {
    const batch = names.length > 0 ? Batch.ofRows(gathered, types) : Batch.withoutColumns(gathered.length);
    const firstRow = numbers[0] ?? Math.max(number, 0);
    const gaps = numbers.length > 0 && numbers[numbers.length - 1] - firstRow + 1 !== numbers.length;
    const made: Chunk = { batch, firstRow, bad, rows: gaps ? numbers : undefined };
    [gathered, numbers, bad] = [[], [], []];
    return made;
  };
  for (const row of rows) {
    if (left <= 0) break;
    number++;
    if (row instanceof BadRow) {
      bad.push(row);
    } else {
      gathered.push(row);
      numbers.push(number);
      left--;
    }
    if (gathered.length >= demand.batchRows || bad.length >= 10_000) yield chunk();
  }
  if (gathered.length > 0 || bad.length > 0) yield chunk();
}

/** Runs a format's reader. */
export class Reading {
  private readonly reader: Reader;
  private items: Iterator<Chunk | Batch> | undefined;
  private row = 0;

  constructor(declared: Declared<FormatAbout<Params>>, options: string, source: SourceHandle, demand: DemandRecord) {
    const { schema = {} } = (options.trim() ? JSON.parse(options) : {}) as { schema?: Types };
    this.reader = declared.target.read(new SourceReader(source), new Demand(demand, schema), valuesOf(declared.parameters, options));
  }
  schema(): SchemaRecord {
    return toSchema(this.reader.schema());
  }
  /** The next chunk, a pause, or the end. */
  next(): { tag: "chunk"; val: ChunkRecord } | { tag: "pause" } | { tag: "end" } {
    return scoped(() => {
      try {
        this.items ??= this.reader[Symbol.iterator]();
        const { done, value } = this.items.next();
        if (done) return { tag: "end" };
        return { tag: "chunk", val: this.chunk(value instanceof Batch ? { batch: value, firstRow: this.row } : value) };
      } catch (error) {
        if (error instanceof Pause) return { tag: "pause" };
        throw error;
      }
    });
  }
  private chunk(chunk: Chunk): ChunkRecord {
    this.row = chunk.firstRow + chunk.batch.rows;
    const rows = chunk.rows && columnOf(new Type("uint64"), chunk.rows);
    const bad = (chunk.bad ?? []).map(({ line, raw, reason }) => ({ line: line === undefined ? undefined : BigInt(line), raw, reason: reason.record }));
    return { batch: handOver(chunk.batch), firstRow: BigInt(chunk.firstRow), rows, bad, position: new Uint8Array() };
  }
}

/** Runs a format's writer. */
export class Writing {
  private readonly sink: SinkWriter;
  private readonly schema: Schema;
  private writer: Writer | undefined;

  constructor(declared: Declared<FormatAbout<Params>>, options: string, schema: SchemaRecord, sink: SinkHandle) {
    this.schema = fromSchema(schema);
    this.sink = new SinkWriter(sink);
    this.writer = declared.target.write(this.sink, this.schema, valuesOf(declared.parameters, options));
  }
  private get open(): Writer {
    if (!this.writer) throw internal("the writer was finished already");
    return this.writer;
  }
  write(handle: BatchHandle): void {
    scoped(() => this.open.write(new Batch(handle, this.schema)));
  }
  flush(): void {
    this.open.flush?.();
    this.sink.flush();
  }
  finish(): void {
    const writer = this.open;
    this.writer = undefined;
    writer.finish?.();
    this.sink.flush();
  }
}

export type { Row };

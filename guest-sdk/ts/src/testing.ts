/** Runs plugins natively, for node's test runner: no host, no WebAssembly, ordinary debuggers work. */
import { Batch, type Row, type Types } from "./batch.ts";
import { CODECS, Decoding, Encoding } from "./codec.ts";
import { Failure, Failures, failureOf, recordOf } from "./failure.ts";
import { FORMATS, Reading, Writing } from "./format.ts";
import { FakeExpression } from "./fake/evaluate.ts";
import { FakeBatch, type FakeColumn, FakeSink, FakeSource, fake, lines, refused } from "./fake/host.ts";
import { install } from "./host.ts";
import { NODES, running } from "./node.ts";
import { joined } from "./streams.ts";
import { Schema, Type, fromSchema, fromTree, toSchema } from "./types.ts";
import type { BindingRecord, Change, DemandRecord, FailureRecord, StepRecord } from "./wit.ts";

export { live } from "./fake/host.ts";

install(fake, (node, names, schema) => {
  try {
    return new FakeExpression(node, names, schema);
  } catch (error) {
    throw error instanceof Failure ? refused(error) : error;
  }
});

/** What a node gave. */
export class Result {
  /** The rows of each port. */
  readonly ports: Record<string, Row[]> = {};
  /** Rows that left by the error policy, with their reasons. */
  readonly rejected: { row: Row; message: string }[] = [];
  /** The types of the columns of all ports. */
  readonly types: Record<string, string> = {};
  binding!: BindingRecord;

  /** The rows of the port `out`. */
  get rows(): Row[] {
    return this.ports.out ?? [];
  }
}

/** Rows as objects, or a batch. */
export type Input = readonly Record<string, unknown>[] | Batch;

function raised<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const record = recordOf(error);
    if (Array.isArray(record)) throw new Failures(record.map((one) => Failure.of(one as FailureRecord)));
    throw record === undefined ? error : failureOf(error);
  }
}

/** Runs a node on rows, or on rows by port for several inputs; `types` says those that do not follow from the rows. */
export function run(type: string, input: Input | Record<string, Input>, parameters: Record<string, unknown> = {}, types: Types = {}): Result {
  return raised(() => {
    const inputs = Array.isArray(input) || input instanceof Batch ? { in: input as Input } : (input as Record<string, Input>);
    const batches = Object.entries(inputs).map(([port, rows]): [string, Batch] => [port, rows instanceof Batch ? rows : Batch.ofRows(rows, types)]);
    const result = new Result();
    const node = running(NODES.find(type), JSON.stringify(parameters));
    const binding = node.bind(batches.map(([name, { schema }]) => ({ name, schema })));
    result.binding = binding;
    for (const { name } of binding.outputs) result.ports[name] = [];
    batches.sort(([a], [b]) => Number(binding.drainFirst.includes(b)) - Number(binding.drainFirst.includes(a)));
    const more = (step: StepRecord): boolean => {
      let progress = take(result, step);
      while (progress === "more") progress = take(result, node.resume());
      return progress !== "done";
    };
    for (const [port, batch] of batches) {
      const paths = binding.prefetch.find((one) => one.port === port)?.paths ?? [];
      const handle = batch.handle as FakeBatch;
      const columns = paths.map(([index, ...path]) => handle.columns[index].read(path));
      const step = node.process(port, handle, columns);
      take(result, { ...step, progress: "ready" }, batch);
      if (!more({ emissions: [], rejected: [], progress: step.progress }) || !more(node.finish(port))) break;
    }
    return result;
  });
}

function take(result: Result, step: StepRecord, input?: Batch): StepRecord["progress"] {
  for (const { rows, reason } of step.rejected) {
    const left = (input as Batch).handle.filter(rows);
    for (const row of new Batch(left).toRows()) result.rejected.push({ row, message: reason.message });
  }
  for (const { port, output } of step.emissions) {
    const batch = new Batch(output.tag === "batch" ? output.val : changed(result.binding, port, output.val, input as Batch));
    for (const { name, type } of batch.schema.fields) result.types[name] = type.name;
    (result.ports[port] ??= []).push(...batch.toRows());
  }
  return step.progress;
}

function changed(binding: BindingRecord, port: string, { selection, made }: Change, input: Batch): FakeBatch {
  const given = [...made];
  const handle = input.handle as FakeBatch;
  const columns: FakeColumn[] = [];
  const fields = (binding.outputs.find(({ name }) => name === port)?.columns ?? []).map((column) => {
    if (column.tag === "passed") {
      const { index } = column.val.input;
      columns.push(handle.columns[index]);
      return { name: column.val.name ?? handle.known.names[index], type: handle.known.fields[index].type };
    }
    columns.push(given.shift() as FakeColumn);
    return { name: column.val[0].name, type: fromTree(column.val) };
  });
  const whole = FakeBatch.of(toSchema(new Schema(fields)), handle.rows(), columns);
  return selection ? whole.filter(selection) : whole;
}

/** What a codec makes of encoded bytes, handed over in pieces of at most so many bytes. */
export function decode(id: string, data: Uint8Array, options: Record<string, unknown> = {}, piece = 1 << 20): Uint8Array {
  return raised(() => {
    const decoding = new Decoding(CODECS.find(id), JSON.stringify(options), new FakeSource(data, piece));
    const pieces: Uint8Array[] = [];
    for (let given = decoding.read(piece); given.tag === "data"; given = decoding.read(piece)) pieces.push(given.val);
    return joined(pieces);
  });
}

/** What a codec makes of plain bytes, handed over in pieces of at most so many bytes. */
export function encode(id: string, data: Uint8Array, options: Record<string, unknown> = {}, piece = 1 << 20): Uint8Array {
  return raised(() => {
    const sink = new FakeSink();
    const encoding = new Encoding(CODECS.find(id), JSON.stringify(options), sink);
    for (let at = 0; at < data.length; at += piece) encoding.write(data.subarray(at, at + piece));
    encoding.finish();
    return joined(sink.pieces);
  });
}

/** The rows that a format reads from bytes, and why others could not be read. It is opened twice, as the host does. */
export function read(id: string, data: Uint8Array | string, options: Record<string, unknown> = {}, columns?: string[], piece = 1 << 20): { rows: Row[]; bad: string[] } {
  return raised(() => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const declared = FORMATS.find(id);
    const demand: DemandRecord = { predicates: [], batchRows: 65_536, extra: [] };
    const schema = fromSchema(new Reading(declared, JSON.stringify(options), new FakeSource(bytes, piece), demand).schema());
    const told = { ...options, schema: Object.fromEntries(schema.fields.map(({ name, type }) => [name, type.name])) };
    const reading = new Reading(declared, JSON.stringify(told), new FakeSource(bytes, piece), { ...demand, columns });
    const rows: Row[] = [];
    const bad: string[] = [];
    for (let given = reading.next(); given.tag === "chunk"; given = reading.next()) {
      rows.push(...new Batch(given.val.batch).toRows());
      bad.push(...given.val.bad.map(({ reason }) => reason.message));
    }
    return { rows, bad };
  });
}

/** What a format writes for rows. */
export function write(id: string, rows: readonly Record<string, unknown>[], options: Record<string, unknown> = {}, types: Types = {}): Uint8Array {
  return raised(() => {
    const batch = Batch.ofRows(rows, types);
    const sink = new FakeSink();
    const writing = new Writing(FORMATS.find(id), JSON.stringify(options), toSchema(batch.schema), sink);
    writing.write(batch.handle);
    writing.finish();
    return joined(sink.pieces);
  });
}

/** The lines that were logged since the last call, with their levels. */
export const logs = (): [string, string][] => lines.splice(0);

export { Type };

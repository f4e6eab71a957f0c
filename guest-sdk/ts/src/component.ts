/** What a component exports: the host's calls, answered by what the plugin declares. `plugin build` makes the entry. */
import { CODECS, Decoding, Encoding } from "./codec.ts";
import { Failure, Failures, failureOf, recordOf } from "./failure.ts";
import { FORMATS, Reading, Writing, detect } from "./format.ts";
import { install } from "./host.ts";
import { captureConsole, log } from "./log.ts";
import { NODES, type Running, running } from "./node.ts";
import { sql } from "./render.ts";
import { fromSchema, toSchema } from "./types.ts";
import type { BatchHandle, BindingRecord, Buffers, DemandRecord, Host, Piece, SchemaRecord, SinkHandle, SourceHandle, StepRecord } from "./wit.ts";

/** Says what the host offers, and sends the console to its log. */
export function start(host: Partial<Host>): void {
  install(host as Host, (node, names, schema) => new (host as Host).sql.Expression(sql(node, names), toSchema(schema)));
  captureConsole();
}

/** The answer of a call that fails with one failure. */
function answered<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw told(error).record;
  }
}

/** The failure for what was thrown; of a defect the log gets the whole trace. */
function told(error: unknown): Failure {
  if (error instanceof Error && !(error instanceof Failure) && recordOf(error) === undefined) log.debug(`${error.message}\n${error.stack ?? ""}`);
  return failureOf(error);
}

/** The answer of a call that fails with all that is wrong. */
function answeredWithAll<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const record = recordOf(error);
    if (Array.isArray(record)) throw record;
    throw error instanceof Failures ? error.failures.map((failure) => failure.record) : [told(error).record];
  }
}

class Instance {
  private readonly node: Running;

  constructor(nodeType: string, parameters: string) {
    this.node = answeredWithAll(() => running(NODES.find(nodeType), parameters));
  }
  bind(inputs: { name: string; schema: SchemaRecord }[]): BindingRecord {
    return answeredWithAll(() => this.node.bind(inputs.map(({ name, schema }) => ({ name, schema: fromSchema(schema) }))));
  }
  process(port: string, input: BatchHandle, columns: Buffers[]): StepRecord {
    try {
      return this.node.process(port, input, columns);
    } catch (error) {
      throw told(error).record;
    }
  }
  resume(): StepRecord {
    return answered(() => this.node.resume());
  }
  finish(port: string): StepRecord {
    return answered(() => this.node.finish(port));
  }
}

class Decoder {
  private readonly work: Decoding;

  constructor(id: string, options: string, input: SourceHandle) {
    this.work = answered(() => new Decoding(CODECS.find(id), options, input));
  }
  read(max: number): Piece {
    return answered(() => this.work.read(max));
  }
}

class Encoder {
  private readonly work: Encoding;

  constructor(id: string, options: string, output: SinkHandle) {
    this.work = answered(() => new Encoding(CODECS.find(id), options, output));
  }
  write(data: Uint8Array): void {
    answered(() => this.work.write(data));
  }
  flush(): void {
    answered(() => this.work.flush());
  }
  finish(): void {
    answered(() => this.work.finish());
  }
}

class Reader {
  private readonly work: Reading;

  constructor(id: string, options: string, input: SourceHandle, demand: DemandRecord) {
    this.work = answered(() => new Reading(FORMATS.find(id), options, input, demand));
  }
  schema(): SchemaRecord {
    return answered(() => this.work.schema());
  }
  next(): ReturnType<Reading["next"]> {
    return answered(() => this.work.next());
  }
}

class Writer {
  private readonly work: Writing;

  constructor(id: string, options: string, schema: SchemaRecord, output: SinkHandle) {
    this.work = answered(() => new Writing(FORMATS.find(id), options, schema, output));
  }
  write(input: BatchHandle): void {
    answered(() => this.work.write(input));
  }
  flush(): void {
    answered(() => this.work.flush());
  }
  finish(): void {
    answered(() => this.work.finish());
  }
}

/** The interfaces. A component exports those that its manifest provides. */
export const node = { Instance };
export const codec = { Decoder, Encoder };
export const format = { detect, Reader, Writer };

/** Everything that the plugin declares, for comparing it with the manifest. */
export const declared = (): Record<string, unknown> => ({
  node: NODES.told("type", "parameters"),
  format: FORMATS.told("id", "options"),
  codec: CODECS.told("id", "options"),
});

/**
 * Nodes: the short way, and the long way of bindings and steps.
 *
 * The short way is a function over a batch. It runs once, when the node is bound, over the input's columns without rows;
 * what it did is then done by the host, batch by batch. The long way is a class with `bind` and `process`.
 */
import { Batch, Recorded, handOver } from "./batch.ts";
import type { Column } from "./expression.ts";
import { Failure, invalidConfig } from "./failure.ts";
import { drop, given, host, scoped } from "./host.ts";
import type { Params, ValuesOf } from "./params.ts";
import { valuesOf } from "./params.ts";
import { type Prefetched, Program, combined } from "./program.ts";
import { type Declared, Registry } from "./registry.ts";
import { type Schema, Type, toTree } from "./types.ts";
import type { BatchHandle, BindingRecord, Buffers, ColumnHandle, FailureRecord, OutColumn, Predicate, StepRecord } from "./wit.ts";

/** Rows that a batch should have where the host does the work: a call into JavaScript costs the same for any number. */
export const BATCH_ROWS = 262_144;

/** An input: its port's name, and the columns that it will have. */
export interface InputPort {
  readonly name: string;
  readonly schema: Schema;
}

/** What `process` and its like give: a step, a batch for the port `out`, batches by port, or nothing. */
export type Given = Step | Batch | Record<string, Batch> | undefined | void;

/** A node written the long way. */
export interface Node {
  /** Called once, before data flows, with every connected input. */
  bind(inputs: readonly InputPort[]): Binding;
  /** Works on a batch. */
  process(batch: Batch, port: string): Given;
  /** After a step that said `more`. */
  resume?(): Given;
  /** After the last batch of an input. */
  finish?(port: string): Given;
}

/** The short way: from batch to batch, or to batches by port. */
export type NodeFunction<P extends Params> = (batch: Batch, values: ValuesOf<P>) => Batch | Record<string, Batch>;
/** The long way. */
export type NodeClass<P extends Params> = new (values: ValuesOf<P>) => Node;

/** What is said of a node type. */
export interface NodeAbout<P extends Params> {
  description?: string;
  parameters?: P;
  /** `false`: a row's fate depends on other rows, as with a function given to `apply` that looks at its neighbours. */
  rowWise?: boolean;
  /** Rows that it would like to get at a time; a function without loops of its own asks for many by itself. */
  batchRows?: number;
}

type Target = NodeFunction<Params> | NodeClass<Params>;
interface Hinted {
  run: Target;
  rowWise: boolean;
  batchRows: number | undefined;
}
/** The declared node types. */
export const NODES = new Registry<Hinted>("node type");

/** Declares a node type: a function over a batch, or a class with `bind` and `process`. */
export function node<const P extends Params = Record<never, never>>(
  type: string,
  about: NodeAbout<P>,
  run: NodeFunction<P> | NodeClass<P>,
): void {
  const { description, parameters, rowWise = true, batchRows } = about;
  NODES.declare({ id: type, description, parameters: parameters ?? {}, target: { run: run as unknown as Target, rowWise, batchRows } });
}

/** An output and its columns, in order: passed ones of an input, and made ones. */
export class OutputPort {
  readonly name: string;
  columns: OutColumn[] | undefined = [];

  constructor(name = "out") {
    this.name = name;
  }
  /** A port whose columns are known with its first batch only. */
  static unknown(name = "out"): OutputPort {
    const port = new OutputPort(name);
    port.columns = undefined;
    return port;
  }
  /** All columns of an input, or these. */
  passing(input: InputPort, names: readonly string[] = input.schema.names): this {
    for (const name of names) this.passed(input, name);
    return this;
  }
  /** The next column is one of an input. */
  passed(input: InputPort, name: string, rename?: string): this {
    this.columns?.push({ tag: "passed", val: { input: { port: input.name, index: input.schema.index(name) }, name: rename } });
    return this;
  }
  /** The next column is made by the node. */
  made(name: string, type: string | Type): this {
    this.columns?.push({ tag: "made", val: toTree(Type.of(type), name) });
    return this;
  }
}

/** What a node says before data flows. Without `needs` its inputs are needed whole. */
export class Binding {
  /** @internal */
  readonly record: BindingRecord;
  /** @internal */
  readonly fetched = new Map<string, readonly string[]>();

  constructor(...outputs: OutputPort[]) {
    this.record = { outputs: outputs.map(({ name, columns }) => ({ name, columns })), needs: [], prefetch: [], drainFirst: [], rowWise: false, extra: [] };
  }
  /** The columns of an input that the node itself reads. */
  needs(port: string, columns: readonly string[]): this {
    this.need(port).columns = [...columns];
    return this;
  }
  /** What holds for every row that leaves by the first output. */
  predicates(port: string, predicates: readonly Predicate[]): this {
    this.need(port).predicates = [...predicates];
    return this;
  }
  /** How many rows of an input are of use. */
  limit(port: string, rows: number | bigint): this {
    this.need(port).limit = BigInt(rows);
    return this;
  }
  /** Columns whose raw buffers come with every batch: `batch.col(name).view()` then costs no call. */
  prefetch(port: InputPort, columns: readonly string[]): this {
    this.record.prefetch.push({ port: port.name, paths: columns.map((name) => Uint32Array.of(port.schema.index(name))) });
    this.fetched.set(port.name, columns);
    return this;
  }
  /** This input is read to its end before the others. */
  drainFirst(port: string): this {
    this.record.drainFirst.push(port);
    return this;
  }
  /** Each row's fate depends on that row alone: several instances may share the work. */
  rowWise(): this {
    this.record.rowWise = true;
    return this;
  }
  /** Every input row leaves by the first output. */
  keepsRows(): this {
    this.record.extra.push(["keeps-rows", "true"]);
    return this;
  }
  /** How many rows the node would like to get at a time. */
  batchRows(rows: number): this {
    this.record.extra.push(["batch-rows", String(rows)]);
    return this;
  }
  private need(port: string): BindingRecord["needs"][number] {
    let need = this.record.needs.find((one) => one.port === port);
    if (!need) {
      need = { port, columns: undefined, predicates: [], limit: undefined };
      this.record.needs.push(need);
    }
    return need;
  }
}

/** What a call of a node gives: rows by its ports, rows that are rejected, and how it goes on. */
export class Step {
  /** @internal */
  readonly record: StepRecord = { emissions: [], rejected: [], progress: "ready" };

  /** The rows of the input where `keep` is true (none: all), with the columns that the binding calls made. */
  change(keep?: Column, made: readonly Column[] = [], port = "out"): this {
    const own = (column: Column): ColumnHandle => given(column.handle);
    this.record.emissions.push({ port, output: { tag: "change", val: { selection: keep && own(keep), made: made.map(own) } } });
    return this;
  }
  /** A batch of the node's own. */
  emit(batch: Batch, port = "out"): this {
    this.record.emissions.push({ port, output: { tag: "batch", val: handOver(batch) } });
    return this;
  }
  /** The rows of the input where a column is true leave by the pipeline's error policy. */
  reject(rows: Column, failure: Failure): this {
    this.record.rejected.push({ rows: given(rows.handle), reason: failure.record });
    return this;
  }
  /** There is more: `resume` is called. */
  more(): this {
    this.record.progress = "more";
    return this;
  }
  /** Nothing more is needed of any input. */
  done(): this {
    this.record.progress = "done";
    return this;
  }
}

function stepOf(result: Given): StepRecord {
  if (result instanceof Step) return result.record;
  const step = new Step();
  if (result instanceof Batch) step.emit(result);
  else for (const [port, batch] of Object.entries(result ?? {})) step.emit(batch, port);
  return step.record;
}

/** A node at work, as the host calls it. */
export interface Running {
  bind(inputs: readonly InputPort[]): BindingRecord;
  process(port: string, input: BatchHandle, columns: readonly Buffers[]): StepRecord;
  resume(): StepRecord;
  finish(port: string): StepRecord;
}

/** Runs a node of the long way; handles that a call leaves behind are dropped at its end. */
class WrittenNode implements Running {
  private readonly node: Node;
  private readonly batchRows: number | undefined;
  private schemas = new Map<string, Schema>();
  private programs = new Map<string, Map<string, Program>>();
  private fetched = new Map<string, readonly string[]>();

  private readonly values: Record<string, unknown>;

  constructor(written: Node, values: Record<string, unknown>, batchRows: number | undefined) {
    this.node = written;
    this.values = values;
    this.batchRows = batchRows;
  }
  bind(inputs: readonly InputPort[]): BindingRecord {
    this.schemas = new Map(inputs.map(({ name, schema }) => [name, schema]));
    this.programs = new Map(inputs.map(({ name }) => [name, new Map()]));
    const binding = bound(this.values, () => this.node.bind(inputs));
    this.fetched = binding.fetched;
    const asked = binding.record.extra.some(([key]) => key === "batch-rows");
    if (this.batchRows !== undefined && !asked) binding.batchRows(this.batchRows);
    return binding.record;
  }
  process(port: string, input: BatchHandle, columns: readonly Buffers[]): StepRecord {
    const names = this.fetched.get(port);
    const prefetched = names && new Map(names.map((name, at) => [name, columns[at]]));
    return scoped(() => stepOf(this.node.process(new Batch(input, this.schemas.get(port), this.programs.get(port), prefetched), port)));
  }
  resume(): StepRecord {
    return scoped(() => stepOf(this.node.resume?.()));
  }
  finish(port: string): StepRecord {
    return scoped(() => stepOf(this.node.finish?.(port)));
  }
}

interface RecordedOutput {
  port: string;
  mask: Program | undefined;
  made: Program[];
}

/** Runs a node of the short way. */
class RecordedNode implements Running {
  private readonly declared: Declared<Hinted>;
  private readonly values: Record<string, unknown>;
  private outputs: RecordedOutput[] = [];
  private rejects: { program: Program; reason: FailureRecord }[] = [];
  private fetched: string[] = [];

  constructor(declared: Declared<Hinted>, values: Record<string, unknown>) {
    this.declared = declared;
    this.values = values;
  }

  bind(inputs: readonly InputPort[]): BindingRecord {
    return bound(this.values, () => this.recorded(inputs));
  }

  private recorded(inputs: readonly InputPort[]): BindingRecord {
    if (inputs.length !== 1) {
      throw invalidConfig(`a node's function has one input, not ${inputs.length}`, { code: "inputs", help: "write a class with `bind` and `process`" });
    }
    const [input] = inputs;
    const result = (this.declared.target.run as NodeFunction<Params>)(new Recorded(input.schema), this.values);
    const byPort = result instanceof Batch ? { out: result } : result;
    const rejects = new Map<unknown, { program: Program; reason: FailureRecord }>();
    const ports = Object.entries(byPort).map(([name, batch]) => {
      if (!(batch instanceof Recorded)) throw new TypeError(`the function of ${this.declared.id} gives a batch made of its input`);
      for (const { rows, failure } of batch.rejects) {
        if (!rejects.has(rows)) rejects.set(rows, { program: new Program(rows, input.schema), reason: failure.record });
      }
      return this.output(name, batch, input);
    });
    this.rejects = [...rejects.values()];
    return this.binding(ports, input).record;
  }

  private output(name: string, batch: Recorded, input: InputPort): OutputPort {
    const mask = batch.mask && new Program(batch.mask, input.schema);
    if (mask && mask.type.kind !== "boolean") {
      throw invalidConfig(`\`filter\` takes a boolean column, and this one is ${mask.type.name}`, { code: "type-mismatch" });
    }
    const made: Program[] = [];
    const port = new OutputPort(name);
    for (const [shown, part] of batch.nodes) {
      if (part.op === "column") {
        const from = part.extra as string;
        port.passed(input, from, shown === from ? undefined : shown);
      } else {
        const program = new Program(part, input.schema);
        made.push(program);
        port.made(shown, program.type);
      }
    }
    this.outputs.push({ port: name, mask, made });
    return port;
  }

  private binding(ports: OutputPort[], input: InputPort): Binding {
    const { rowWise, batchRows } = this.declared.target;
    const programs = this.outputs.flatMap(({ mask, made }) => (mask ? [mask, ...made] : made));
    programs.push(...this.rejects.map(({ program }) => program));
    const read = new Set(programs.flatMap((program) => [...program.columns]));
    const binding = new Binding(...ports).needs(input.name, input.schema.names.filter((name) => read.has(name)));
    this.fetched = [...looped(programs)].sort();
    if (this.fetched.length > 0) binding.prefetch(input, this.fetched);
    const { mask } = this.outputs[0];
    if (mask && this.rejects.length === 0) binding.predicates(input.name, mask.predicates);
    if (rowWise) binding.rowWise();
    if (rowWise && !mask && this.rejects.length === 0) binding.keepsRows();
    const rows = batchRows ?? (loops(programs) ? undefined : BATCH_ROWS);
    return rows === undefined ? binding : binding.batchRows(rows);
  }

  process(_port: string, input: BatchHandle, columns: readonly Buffers[]): StepRecord {
    const prefetched: Prefetched | undefined = columns.length > 0 ? new Map(this.fetched.map((name, at) => [name, columns[at]])) : undefined;
    const rejected: { rows: ColumnHandle; reason: FailureRecord }[] = [];
    for (const { program, reason } of this.rejects) {
      const { values, failed, first } = program.run(input, prefetched);
      if (failed && first) rejected.push({ rows: failed, reason: first });
      rejected.push({ rows: values, reason });
    }
    const emissions: StepRecord["emissions"] = [];
    for (const output of this.outputs) {
      let selection: ColumnHandle | undefined;
      if (output.mask) {
        const outcome = output.mask.run(input, prefetched);
        selection = outcome.values;
        if (outcome.failed && outcome.first) rejected.push({ rows: outcome.failed, reason: outcome.first });
      }
      const made: ColumnHandle[] = [];
      for (const program of output.made) {
        const { values, failed, first } = program.run(input, prefetched);
        made.push(values);
        if (failed && first) {
          // A row that is filtered away cannot fail.
          rejected.push({ rows: selection ? replaced("and_kleene", failed, selection) : failed, reason: first });
        }
      }
      emissions.push({ port: output.port, output: { tag: "change", val: { selection, made } } });
    }
    return { emissions, rejected: rejected.length > 0 ? this.parted(emissions, rejected) : [], progress: "ready" };
  }

  /** Each rejected row is rejected once, for the first reason, and leaves by no port. */
  private parted(emissions: StepRecord["emissions"], rejected: StepRecord["rejected"]): StepRecord["rejected"] {
    let gone: ColumnHandle | undefined;
    const parts: StepRecord["rejected"] = [];
    for (const { rows: found, reason } of rejected) {
      let rows = withoutNulls(found);
      if (gone) {
        const others = combined("and_not_kleene", rows, gone);
        gone = replaced("or_kleene", gone, rows);
        drop(rows);
        rows = others;
      } else {
        gone = rows.share();
      }
      const some = host().compute.reduce("any", rows, "");
      if (some.tag === "boolean" && some.val) parts.push({ rows, reason });
      else drop(rows);
    }
    if (!gone) return parts;
    const stays = host().compute.call("invert", [{ tag: "column", val: gone }], "", undefined).values;
    drop(gone);
    for (const { output } of emissions) {
      if (output.tag !== "change") continue;
      output.val.selection = output.val.selection ? replaced("and_kleene", output.val.selection, stays) : stays.share();
    }
    drop(stays);
    return parts;
  }

  resume(): StepRecord {
    return new Step().record;
  }
  finish(): StepRecord {
    return new Step().record;
  }
}

/** A function of two columns of the host, instead of the first of them. */
function replaced(name: string, left: ColumnHandle, right: ColumnHandle): ColumnHandle {
  const both = combined(name, left, right);
  drop(left);
  return both;
}

/** A boolean column in which null counts as false, instead of the column. */
function withoutNulls(rows: ColumnHandle): ColumnHandle {
  if (rows.nullCount() === 0) return rows;
  const { values } = host().compute.call("coalesce", [{ tag: "column", val: rows }, { tag: "scalar", val: { tag: "boolean", val: false } }], "", undefined);
  drop(rows);
  return values;
}

/** Whether any of it is a loop of the plugin's own. */
function loops(programs: readonly Program[]): boolean {
  return programs.some(({ node, parts }) => node.op === "map" || node.op === "apply" || loops(parts.map(({ program }) => program)));
}

/** Columns that functions of the plugin read directly: their buffers come with the batch. */
function looped(programs: readonly Program[]): Set<string> {
  const names = new Set<string>();
  for (const { node, parts } of programs) {
    const inner = parts.map(({ program }) => program);
    if (node.op === "map" || node.op === "apply") {
      for (const { node, type } of inner) if (node.op === "column" && type.children.length === 0) names.add(node.extra as string);
    }
    for (const name of looped(inner)) names.add(name);
  }
  return names;
}

/** A failure of `bind` about a column that a parameter names points to that parameter. */
function pointed(error: unknown, values: Record<string, unknown>): unknown {
  if (!(error instanceof Failure) || error.column === undefined || error.parameter !== undefined) return error;
  const { column } = error;
  for (const [name, value] of Object.entries(values)) {
    const at = Array.isArray(value) ? value.indexOf(column) : -1;
    if (value === column || at >= 0) {
      return new Failure(error.kind, error.code, error.message, { ...error.record, parameter: at >= 0 ? `/${name}/${at}` : `/${name}` });
    }
  }
  return error;
}

function bound<T>(values: Record<string, unknown>, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    throw pointed(error, values);
  }
}

/** A node of a declared type, with the parameters that the host hands over as JSON. */
export function running(declared: Declared<Hinted>, parameters: string): Running {
  const values = valuesOf(declared.parameters, parameters);
  const { run, batchRows } = declared.target;
  const written = (run as { prototype?: { process?: unknown } }).prototype?.process !== undefined;
  if (written) return new WrittenNode(new (run as NodeClass<Params>)(values as never), values, batchRows);
  return new RecordedNode(declared, values);
}

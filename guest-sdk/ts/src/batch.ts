/** Batches: columns of the same length. `Batch` holds data; `Recorded` is what a node's function gets when it is bound. */
import { Column, type Literal, Node, literal } from "./expression.ts";
import { type Failure, type More, asked, invalidConfig, invalidInput, unknownColumn, Failure as FailureClass } from "./failure.ts";
import { drop, given, host, made } from "./host.ts";
import { type Prefetched, Program, columnOf, valueOf } from "./program.ts";
import { Schema, Type, fromSchema, toSchema } from "./types.ts";
import { type Value, View, typeOfValues } from "./views.ts";
import type { BatchHandle, Buffers, ColumnHandle } from "./wit.ts";

/** A row of a batch. */
export type Row = { [name: string]: Value };
/** Types by the names of columns. */
export type Types = Record<string, string | Type>;

/** Rows of named columns that stay in the host. Immutable: each method gives another batch. */
export class Batch {
  /** The host's batch. */
  readonly handle: BatchHandle;
  private known: Schema | undefined;
  private readonly programs: Map<string, Program>;
  private readonly prefetched: Prefetched | undefined;

  constructor(handle: BatchHandle, schema?: Schema, programs = new Map<string, Program>(), prefetched?: Prefetched) {
    this.handle = handle;
    this.known = schema;
    this.programs = programs;
    this.prefetched = prefetched;
  }

  /** A batch of arrays or columns. An array's type follows from its values unless `types` says it. */
  static of(columns: Record<string, readonly unknown[] | Column>, types: Types = {}): Batch {
    const fields: { name: string; type: Type }[] = [];
    let rows = 0;
    const handles = Object.entries(columns).map(([name, values]) => {
      const type = values instanceof Column ? values.type : Object.hasOwn(types, name) ? Type.of(types[name]) : typeOfValues(values);
      fields.push({ name, type });
      const handle = values instanceof Column ? values.handle : made(columnOf(type, values));
      rows = handle.length();
      return handle;
    });
    const schema = new Schema(fields);
    return new Batch(made(asked(() => host().data.Batch.of(toSchema(schema), rows, handles))), schema);
  }

  /** A batch of objects; a missing key is null. The columns are those of `types`, else all that appear. */
  static ofRows(rows: readonly Record<string, unknown>[], types: Types = {}): Batch {
    const said = Object.keys(types);
    const names = said.length > 0 ? said : [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return Batch.of(Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? null)])), types);
  }

  /** So many rows without columns. */
  static withoutColumns(rows: number): Batch {
    const schema = new Schema([]);
    return new Batch(made(host().data.Batch.of(toSchema(schema), rows, [])), schema);
  }

  /** The rows of batches with the same columns, one after the other. */
  static concat(parts: readonly Batch[]): Batch {
    return new Batch(made(asked(() => host().data.Batch.concat(parts.map((part) => part.handle)))));
  }

  /** The columns and their types. */
  get schema(): Schema {
    this.known ??= fromSchema(this.handle.schema());
    return this.known;
  }
  /** The names of the columns. */
  get columns(): string[] {
    return this.schema.names;
  }
  /** How many rows. */
  get rows(): number {
    return this.handle.rows();
  }
  has(name: string): boolean {
    return this.columns.includes(name);
  }
  /** A column by its name. */
  col(name: string): Column {
    this.schema.index(name);
    return new Column(new Node("column", [], name), this);
  }

  /** The rows where a boolean column is true. */
  filter(mask: Column): Batch {
    return this.with((handle) => handle.filter(this.own(mask)), this.known);
  }
  /** Rows by number; a null number gives a row of nulls. */
  take(rows: Column | readonly number[]): Batch {
    const numbers = rows instanceof Column ? this.own(rows) : made(columnOf(new Type("uint32"), rows));
    return this.with((handle) => handle.take(numbers), this.known);
  }
  /** A run of rows. */
  slice(offset: number, length: number): Batch {
    return this.with((handle) => handle.slice(offset, length), this.known);
  }
  /** These columns, in this order. */
  select(...names: string[]): Batch {
    return this.pick(names.map((name) => [name, undefined]));
  }
  /** All columns but these. */
  drop(...names: string[]): Batch {
    for (const name of names) this.schema.index(name);
    return this.select(...this.columns.filter((name) => !names.includes(name)));
  }
  /** Columns with other names: `{ old: "new" }`. */
  rename(names: Record<string, string>): Batch {
    for (const name of Object.keys(names)) this.schema.index(name);
    return this.pick(this.columns.map((name) => [name, Object.hasOwn(names, name) ? names[name] : undefined]));
  }
  /** With a further column, or with another one in the place of that name. */
  withColumn(name: string, values: Column | Literal): Batch {
    return this.withColumns({ [name]: values });
  }
  /** With further columns, or others in the places of their names. */
  withColumns(columns: Record<string, Column | Literal>): Batch {
    const named = Object.entries(columns).map(([name, values]) => {
      return { name, data: this.own(values instanceof Column ? values : new Column(literal(values), this)) };
    });
    return this.with((handle) => handle.put(named), undefined);
  }
  /** The rows in another order, stably. */
  sort(keys: readonly (string | Column)[], options: { descending?: boolean; nullsFirst?: boolean; limit?: number } = {}): Batch {
    const { descending = false, nullsFirst = false, limit } = options;
    const sortKeys = keys.map((key) => ({ column: (typeof key === "string" ? this.col(key) : key).handle, descending, nullsFirst }));
    const order = made(asked(() => host().compute.sortIndices(sortKeys, limit)));
    return this.with((handle) => handle.take(order), this.known);
  }
  /** In a node's function: rows for which a column is true leave by the pipeline's error policy. */
  reject(_rows: Column, _message: string, _more?: More): Batch {
    throw invalidConfig("a batch in `process` has no policy of its own", { code: "needs-step", help: "use new Step().reject(rows, failure)" });
  }
  /** The same batch, to hold beyond this call. */
  keep(): Batch {
    return new Batch(this.handle.share(), this.known, this.programs);
  }
  /** The rows as objects: for tests and small batches. */
  toRows(): Row[] {
    const columns = this.columns.map((name): [string, Value[]] => [name, this.col(name).toArray()]);
    return Array.from({ length: this.rows }, (_, row) => Object.fromEntries(columns.map(([name, values]) => [name, values[row]])));
  }

  // What columns ask of the batch that they belong to.

  /** @internal */
  program(node: Node): Program {
    const key = keyOf(node);
    let program = key === undefined ? undefined : this.programs.get(key);
    if (!program) {
      program = new Program(node, this.schema);
      if (key !== undefined) this.programs.set(key, program);
    }
    return program;
  }
  /** @internal */
  typeOf(node: Node): Type {
    return this.program(node).type;
  }
  /** @internal The host's column for a recorded one; the first row that fails is thrown. */
  evaluate(column: Column): ColumnHandle {
    if (column.node.op === "made") return column.node.extra as ColumnHandle;
    const program = this.program(column.node);
    const outcome = asked(() => program.run(this.handle, this.prefetched));
    if (outcome.failed && outcome.first) {
      drop(outcome.values);
      drop(outcome.failed);
      throw FailureClass.of(outcome.first);
    }
    return made(outcome.values);
  }
  /** @internal */
  view(column: Column, known?: ColumnHandle): View {
    const program = this.program(column.node);
    if (!known && column.node.op === "column") {
      const { view, outcome } = asked(() => program.view(this.handle, this.prefetched));
      if (outcome) made(outcome.values);
      return view;
    }
    const { handle } = column;
    const read = (path: number[]): Buffers => asked(() => handle.read(Uint32Array.from(path)));
    return new View(program.type, read([]), read);
  }
  /** @internal */
  reduce(column: Column, name: string, options: Record<string, unknown>): Value {
    const text = Object.keys(options).length > 0 ? JSON.stringify(options) : "";
    return valueOf(asked(() => host().compute.reduce(name, column.handle, text)));
  }
  /** @internal The batch that columns of both belong to. */
  together(other: Batch): Batch {
    if (other instanceof Detached) return this;
    throw invalidConfig("columns of two batches cannot be computed with each other", { code: "two-batches" });
  }

  private own(column: Column): ColumnHandle {
    return column.batch ? column.handle : new Column(column.node, this).handle;
  }
  private pick(picks: [string, string | undefined][]): Batch {
    const numbers = picks.map(([name, renamed]) => ({ index: this.schema.index(name), name: renamed }));
    return this.with((handle) => handle.pick(numbers), undefined);
  }
  private with(call: (handle: BatchHandle) => BatchHandle, schema: Schema | undefined): Batch {
    const handle = made(asked(() => call(this.handle)));
    return schema ? new Batch(handle, schema, this.programs) : new Batch(handle);
  }
}

/** A batch for columns that stand in none: made ones, and what is computed from them. */
export class Detached extends Batch {
  override together(other: Batch): Batch {
    return other;
  }
}

/** A column of the host's that stands in no batch yet. */
export function madeColumn(handle: ColumnHandle): Column {
  const schema = new Schema([]);
  const batch = new Detached(made(host().data.Batch.of(toSchema(schema), handle.length(), [])), schema);
  return new Column(new Node("made", [], handle), batch, handle);
}

/** A column of values, `null` being null. */
export function column(values: readonly unknown[], type?: string | Type): Column {
  return madeColumn(made(columnOf(type === undefined ? typeOfValues(values) : Type.of(type), values)));
}

/** The text of a node as a key; `undefined` where a part is no plain value. */
function keyOf(node: Node): string | undefined {
  const { extra } = node;
  if (node.op === "made" || node.op === "map" || node.op === "apply") return undefined;
  const own = extra instanceof Type ? extra.name : typeof extra === "object" && extra !== null ? JSON.stringify(extra) : `${typeof extra}:${String(extra)}`;
  const parts: string[] = [];
  for (const arg of node.args) {
    const part = keyOf(arg);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return `${node.op}<${own}>(${parts.join(",")})`;
}

/** The input of a node's function: it has a schema and no rows, and notes what is done with it. */
export class Recorded extends Batch {
  private readonly input: Schema;
  /** The columns that leave, by name; at first those that came. @internal */
  readonly nodes: Map<string, Node>;
  /** @internal */
  readonly mask: Node | undefined;
  /** @internal */
  readonly rejects: readonly { rows: Node; failure: Failure }[];

  constructor(schema: Schema, nodes?: Map<string, Node>, mask?: Node, rejects: readonly { rows: Node; failure: Failure }[] = []) {
    super(undefined as unknown as BatchHandle, schema);
    this.input = schema;
    this.nodes = nodes ?? new Map(schema.names.map((name) => [name, new Node("column", [], name)]));
    this.mask = mask;
    this.rejects = rejects;
  }

  override get columns(): string[] {
    return [...this.nodes.keys()];
  }
  override col(name: string): Column {
    const node = this.nodes.get(name);
    if (!node) throw unknownColumn(name, this.columns);
    return new Column(node, this);
  }
  override together(other: Batch): Batch {
    // All batches that come of one input have its rows until the node is done.
    return other instanceof Recorded && other.input === this.input ? this : super.together(other);
  }
  override filter(mask: Column): Batch {
    return new Recorded(this.input, this.nodes, this.mask ? new Node("and", [this.mask, mask.node]) : mask.node, this.rejects);
  }
  override reject(rows: Column, message: string, more?: More): Batch {
    const failure = invalidInput(message, { code: "rejected", ...more });
    return new Recorded(this.input, this.nodes, this.mask, [...this.rejects, { rows: rows.node, failure }]);
  }
  override select(...names: string[]): Batch {
    return this.changed(new Map(names.map((name) => [name, this.col(name).node])));
  }
  override drop(...names: string[]): Batch {
    for (const name of names) this.col(name);
    return this.select(...this.columns.filter((name) => !names.includes(name)));
  }
  override rename(names: Record<string, string>): Batch {
    for (const name of Object.keys(names)) this.col(name);
    return this.changed(new Map([...this.nodes].map(([name, node]) => [Object.hasOwn(names, name) ? names[name] : name, node])));
  }
  override withColumns(columns: Record<string, Column | Literal>): Batch {
    const nodes = new Map(this.nodes);
    for (const [name, values] of Object.entries(columns)) nodes.set(name, values instanceof Column ? values.node : literal(values));
    return this.changed(nodes);
  }
  private changed(nodes: Map<string, Node>): Recorded {
    return new Recorded(this.input, nodes, this.mask, this.rejects);
  }

  private needsData(what: string): Failure {
    return invalidConfig(`${what} needs rows, and a node's function runs once, before there are any`, {
      code: "needs-data",
      help: "use map() or apply() for a loop over values, or write a class with `process`",
    });
  }
  override get rows(): number {
    throw this.needsData("batch.rows");
  }
  override take(): Batch {
    throw this.needsData("take");
  }
  override slice(): Batch {
    throw this.needsData("slice");
  }
  override sort(): Batch {
    throw this.needsData("sort");
  }
  override keep(): Batch {
    throw this.needsData("keep");
  }
  override evaluate(): ColumnHandle {
    throw this.needsData("reading values");
  }
  override view(): View {
    throw this.needsData("reading values");
  }
  override reduce(_column: Column, name: string): Value {
    throw this.needsData(name);
  }
}

/** Hands a batch's handle over to the host. */
export const handOver = (batch: Batch): BatchHandle => given(batch.handle);

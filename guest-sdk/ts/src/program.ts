/**
 * Recorded expressions made ready for a schema: one expression of the host's wherever that is possible.
 *
 * What SQL cannot say (a function with options, a loop in TypeScript) is computed first and stands in the expression as
 * a further column of the batch.
 */
import type { Node } from "./expression.ts";
import { Failure, failureOf, internal, invalidConfig, recordOf } from "./failure.ts";
import { drop, host, installed } from "./host.ts";
import { DEEPEST, isSql, shown } from "./render.ts";
import { Schema, Type, fromTree, toTree } from "./types.ts";
import { type Value, View, bytesOf, encode, typeOfValues } from "./views.ts";
import type { Argument, BatchHandle, Buffers, ColumnHandle, ExpressionHandle, FailureRecord, Outcome, Predicate, Scalar } from "./wit.ts";

/** Buffers that came with the batch, by column. */
export type Prefetched = Map<string, Buffers>;

/** One node of an expression, compiled for a schema. */
export class Program {
  readonly node: Node;
  readonly type: Type;
  /** Names of the columns that it reads. */
  readonly columns = new Set<string>();
  readonly parts: { name: string; program: Program }[] = [];
  readonly predicates: Predicate[] = [];
  private readonly index: number | undefined;
  private readonly expression: ExpressionHandle | undefined;

  constructor(node: Node, schema: Schema) {
    this.node = node;
    if (node.op === "column") {
      this.index = schema.index(node.extra as string);
      this.columns.add(node.extra as string);
      this.type = schema.fields[this.index].type;
      if (this.type.kind === "boolean") {
        this.expression = compiled(node, new Map(), schema);
        this.predicates = this.expression.predicates();
      }
    } else if (node.op === "made") {
      this.type = fromTree((node.extra as ColumnHandle).tree());
    } else if (isSql(node)) {
      const names = new Map<Node, string>();
      this.split(node, schema, names, 0);
      const further = this.parts.map(({ name, program }) => ({ name, type: program.type }));
      const extended = further.length > 0 ? new Schema([...schema.fields, ...further]) : schema;
      this.expression = compiled(node, names, extended);
      this.type = fromTree(this.expression.resultType());
      for (const at of Array.from(this.expression.columns())) {
        const name = extended.fields[at].name;
        if (schema.has(name)) this.columns.add(name);
      }
      if (this.parts.length === 0) this.predicates = this.expression.predicates();
    } else {
      this.type = this.compileCall(schema);
    }
  }

  /** Takes out the parts that have to be computed before the rest. */
  private split(node: Node, schema: Schema, names: Map<Node, string>, depth: number): void {
    for (const arg of node.args) {
      if (names.has(arg)) continue;
      if (!isSql(arg) || (arg.args.length > 0 && depth >= DEEPEST)) {
        const program = new Program(arg, schema);
        let name = `\u00b7${this.parts.length}`;
        while (schema.has(name)) name += "\u00b7";
        this.parts.push({ name, program });
        for (const column of program.columns) this.columns.add(column);
        names.set(arg, name);
      } else {
        this.split(arg, schema, names, depth + 1);
      }
    }
  }

  private compileCall(schema: Schema): Type {
    const { node } = this;
    const constants = node.op === "kernel";
    for (const arg of node.args) {
      if (constants && arg.op === "literal") continue;
      const program = new Program(arg, schema);
      this.parts.push({ name: "", program });
      for (const column of program.columns) this.columns.add(column);
    }
    if (node.op === "literal") return new Type("binary");
    if (node.op === "map" || node.op === "apply") return (node.extra as [unknown, Type])[1];
    const [name, options] = kernel(node);
    const types = this.parts.map(({ program }) => program.type);
    const trees = node.args.map((arg) => toTree(constants && arg.op === "literal" ? typeOfValues([arg.extra]) : (types.shift() as Type)));
    try {
      return fromTree(host().compute.resultType(name, trees, options));
    } catch (error) {
      throw located(error, node, schema);
    }
  }

  /** Its value for every row of one of the host's batches. The handles are the caller's. */
  run(batch: BatchHandle, prefetched?: Prefetched): Outcome {
    const { node } = this;
    if (this.expression) {
      if (this.parts.length === 0) return this.expression.evaluate(batch);
      const outcomes = this.parts.map(({ program }) => program.run(batch, prefetched));
      const extended = batch.put(this.parts.map(({ name }, at) => ({ name, data: outcomes[at].values })));
      const outcome = this.expression.evaluate(extended);
      drop(extended);
      return joined(outcome, outcomes);
    }
    if (this.index !== undefined) return { values: batch.column(this.index) };
    if (node.op === "made") return { values: (node.extra as ColumnHandle).share() };
    if (node.op === "literal") return { values: columnOf(this.type, new Array(batch.rows()).fill(node.extra)) };
    if (node.op === "map" || node.op === "apply") return this.loop(batch, prefetched);
    const outcomes = this.parts.map(({ program }) => program.run(batch, prefetched));
    const values = outcomes.map((outcome) => outcome.values);
    const args = node.args.map((arg): Argument =>
      node.op === "kernel" && arg.op === "literal"
        ? { tag: "scalar", val: scalarOf(arg.extra) }
        : { tag: "column", val: values.shift() as ColumnHandle },
    );
    const [name, options] = kernel(node);
    return joined(host().compute.call(name, args, options, undefined), outcomes);
  }

  /** Its raw buffers, without a call to the host where they were fetched with the batch. */
  view(batch: BatchHandle, prefetched?: Prefetched): { view: View; outcome?: Outcome } {
    const fetched = this.node.op === "column" ? prefetched?.get(this.node.extra as string) : undefined;
    if (fetched) return { view: new View(this.type, fetched) };
    const outcome = this.run(batch, prefetched);
    const read = (path: number[]): Buffers => outcome.values.read(Uint32Array.from(path));
    return { view: new View(this.type, read([]), read), outcome };
  }

  private loop(batch: BatchHandle, prefetched?: Prefetched): Outcome {
    const [run, type] = this.node.extra as [(...args: unknown[]) => unknown, Type];
    const seen = this.parts.map(({ program }) => program.view(batch, prefetched));
    const views = seen.map(({ view }) => view);
    const rows = views[0].length;
    let outcome: Outcome;
    if (this.node.op === "apply") {
      const values = run(...views) as readonly unknown[] | ArrayBufferView;
      outcome = { values: ArrayBuffer.isView(values) ? rawColumn(type, values) : columnOf(type, values) };
      if (outcome.values.length() !== rows) {
        throw internal(`the function gave ${outcome.values.length()} values for ${rows} rows`, { code: "wrong-length" });
      }
    } else {
      outcome = mapped(run, type, views, rows);
    }
    return joined(outcome, seen.flatMap(({ outcome }) => (outcome ? [outcome] : [])));
  }
}

function mapped(run: (...args: unknown[]) => unknown, type: Type, views: View[], rows: number): Outcome {
  const lists = views.map((view) => view.toArray());
  const single = lists.length === 1;
  const values: unknown[] = new Array(rows);
  const wrong: boolean[] = [];
  let first: FailureRecord | undefined;
  for (let row = 0; row < rows; row++) {
    const value = lists[0][row];
    if (value === null) {
      values[row] = null;
      continue;
    }
    try {
      values[row] = single ? run(value) : run(...lists.map((list) => list[row]));
    } catch (error) {
      const failure = failureOf(error);
      const code = error instanceof Failure ? failure.code : "function-failed";
      first ??= { ...failure.record, kind: "invalid-input", code, row: BigInt(row) };
      values[row] = null;
      wrong[row] = true;
    }
  }
  const made = columnOf(type, values);
  if (!first) return { values: made };
  return { values: made, failed: columnOf(new Type("boolean"), Array.from({ length: rows }, (_, row) => wrong[row] === true)), first };
}

/** The host's column of JavaScript values. */
export function columnOf(type: Type, values: readonly unknown[]): ColumnHandle {
  return host().data.Column.create(toTree(type), encode(type, values));
}

function rawColumn(type: Type, values: ArrayBufferView): ColumnHandle {
  const length = (values as unknown as { length: number }).length;
  return host().data.Column.create(toTree(type), [{ length, nullCount: 0, values: bytesOf(values) }]);
}

/** The outcome, in which the rows have failed too that failed in a part; the parts' handles are dropped. */
function joined(outcome: Outcome, before: readonly Outcome[]): Outcome {
  let { failed, first } = outcome;
  for (const other of before) {
    drop(other.values);
    if (!other.failed) continue;
    if (failed) {
      const either = combined("or_kleene", failed, other.failed);
      drop(failed);
      drop(other.failed);
      failed = either;
    } else {
      failed = other.failed;
    }
    first = other.first;
  }
  return { values: outcome.values, failed, first };
}

/** A function of two columns of the host that cannot fail. */
export function combined(name: string, left: ColumnHandle, right: ColumnHandle): ColumnHandle {
  const args: Argument[] = [{ tag: "column", val: left }, { tag: "column", val: right }];
  return host().compute.call(name, args, "", undefined).values;
}

function kernel(node: Node): [string, string] {
  if (node.op === "cast" || node.op === "tryCast") {
    return ["cast", JSON.stringify({ to_type: (node.extra as Type).name, safe: node.op === "tryCast" })];
  }
  if (node.op === "kernel") {
    const [name, options] = node.extra as [string, unknown];
    return [name, JSON.stringify(options)];
  }
  throw invalidConfig(`\`${shown(node)}\` is not known here`, { code: "unknown-function" });
}

/** The host's form of a value. */
export function scalarOf(value: unknown): Scalar {
  if (value === null || value === undefined) return { tag: "null" };
  if (typeof value === "boolean") return { tag: "boolean", val: value };
  if (typeof value === "bigint") return { tag: value < 1n << 63n ? "int64" : "uint64", val: value };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { tag: "int64", val: BigInt(value) } : { tag: "float64", val: value };
  }
  if (typeof value === "string") return { tag: "text", val: value };
  if (value instanceof Uint8Array) return { tag: "binary", val: value };
  return { tag: "typed", val: [{ tag: "timestamp", val: ["microsecond", "UTC"] }, (value as Date).toISOString()] };
}

/** The value of the host's scalar; of a type without a form of its own it is text. */
export function valueOf(scalar: Scalar): Value {
  if (scalar.tag === "null") return null;
  return scalar.tag === "typed" ? scalar.val[1] : scalar.val;
}

function compiled(node: Node, names: Map<Node, string>, schema: Schema): ExpressionHandle {
  const { compile } = installed;
  if (!compile) throw internal("no host is installed");
  try {
    return compile(node, names, schema);
  } catch (error) {
    throw located(error, node, schema, names);
  }
}

/** The host's failure about an expression, told about the part of it that is wrong, in the author's terms. */
function located(error: unknown, node: Node, schema: Schema, names?: Map<Node, string>): unknown {
  if (recordOf(error) === undefined && !(error instanceof Failure)) return error;
  const failure = failureOf(error);
  const wrong = names ? smallest(node, names, schema) : node;
  const read = [...columnsOf(wrong)].sort();
  const told = read.filter((name) => !failure.message.includes(`\`${name}\``)).map((name) => `column \`${name}\` is ${schema.type(name).name}`);
  const message = `${failure.message} (${[`in \`${shown(wrong)}\``, ...told].join("; ")})`;
  const column = failure.column ?? (read.length === 1 ? read[0] : undefined);
  const help = failure.help?.includes("CAST(") ? 'convert it, as in .cast("int64")' : failure.help;
  return new Failure(failure.kind, failure.code, message, { column, help });
}

/** The innermost part that fails by itself. */
function smallest(node: Node, names: Map<Node, string>, schema: Schema): Node {
  for (const arg of node.args) {
    if (arg.args.length === 0 || names.has(arg)) continue;
    try {
      drop(installed.compile?.(arg, names, schema));
    } catch {
      return smallest(arg, names, schema);
    }
  }
  return node;
}

function columnsOf(node: Node): Set<string> {
  const found = new Set<string>(node.op === "column" ? [node.extra as string] : []);
  for (const arg of node.args) for (const name of columnsOf(arg)) found.add(name);
  return found;
}


/**
 * Columns: operators as methods, recorded and run by the host over whole columns at once.
 *
 * `batch.col("dep_delay").div(60)` computes nothing yet. What was recorded becomes one expression of the host's, parsed
 * and type-checked when the node is bound, and evaluated natively for each batch. Nulls follow SQL: a comparison with
 * null is null, and `and` and `or` are Kleene's. Integers are checked: an overflow or a division by zero is a row error,
 * and the pipeline's `on-error` decides about the row.
 */
import type { Batch } from "./batch.ts";
import { invalidConfig } from "./failure.ts";
import { shown } from "./render.ts";
import { Type } from "./types.ts";
import type { Value, View } from "./views.ts";
import type { ColumnHandle } from "./wit.ts";

/** A part of a recorded expression: an operation, its arguments, and what else belongs to it. */
export class Node {
  readonly op: string;
  readonly args: readonly Node[];
  readonly extra: unknown;

  constructor(op: string, args: readonly Node[] = [], extra?: unknown) {
    this.op = op;
    this.args = args;
    this.extra = extra;
  }
}

/** A value that a column can be compared or computed with. Whole numbers are int64, other ones float64. */
export type Literal = null | boolean | number | bigint | string | Date | Uint8Array;
/** A column or a value. */
export type Operand = Column | Literal;

/** A column of a batch, or what is computed from columns. Immutable. */
export class Column {
  readonly node: Node;
  /** The batch that it belongs to. @internal */
  readonly batch: Batch | undefined;
  private made: ColumnHandle | undefined;

  constructor(node: Node, batch?: Batch, made?: ColumnHandle) {
    this.node = node;
    this.batch = batch;
    this.made = made;
  }

  eq(other: Operand): Column {
    return this.compare("eq", other);
  }
  ne(other: Operand): Column {
    return this.compare("ne", other);
  }
  lt(other: Operand): Column {
    return this.compare("lt", other);
  }
  le(other: Operand): Column {
    return this.compare("le", other);
  }
  gt(other: Operand): Column {
    return this.compare("gt", other);
  }
  ge(other: Operand): Column {
    return this.compare("ge", other);
  }
  private compare(op: string, other: Operand): Column {
    if (other === null || other === undefined) {
      throw invalidConfig("a comparison with null is null for every row", { code: "null-comparison", help: "use isNull() or isValid()" });
    }
    return operation(op, [this, other]);
  }

  /** The sum. */
  add(other: Operand): Column {
    return operation("add", [this, other]);
  }
  /** The difference. */
  sub(other: Operand): Column {
    return operation("sub", [this, other]);
  }
  /** The product. */
  mul(other: Operand): Column {
    return operation("mul", [this, other]);
  }
  /** The true quotient, always float64. */
  div(other: Operand): Column {
    return operation("div", [this, other]);
  }
  /** The quotient towards zero. */
  intDiv(other: Operand): Column {
    return operation("intDiv", [this, other]);
  }
  /** The remainder, with the sign of the dividend, as JavaScript's. */
  rem(other: Operand): Column {
    return operation("rem", [this, other]);
  }
  /** To the power of the other, as float64. */
  pow(other: Operand): Column {
    return operation("power", [this, other]);
  }
  /** The number with its sign turned. */
  neg(): Column {
    return operation("neg", [this]);
  }
  /** The number without its sign. */
  abs(): Column {
    return operation("abs", [this]);
  }
  /** Rounded to so many digits, half away from zero. */
  round(digits = 0): Column {
    return operation("round", [this, digits]);
  }

  /** Both. */
  and(other: Operand): Column {
    return operation("and", [this, other]);
  }
  /** Either. */
  or(other: Operand): Column {
    return operation("or", [this, other]);
  }
  /** The opposite. */
  not(): Column {
    return operation("not", [this]);
  }
  /** Whether null. */
  isNull(): Column {
    return operation("isNull", [this]);
  }
  /** Whether not null. */
  isValid(): Column {
    return operation("isValid", [this]);
  }
  /** Whether one of these values. */
  isIn(values: readonly Literal[]): Column {
    return values.length > 0 ? operation("in", [this, ...values]) : this.isNull().and(this.isValid());
  }
  /** Whether from `low` to `high`, both included. */
  between(low: Operand, high: Operand): Column {
    return this.ge(low).and(this.le(high));
  }
  /** The value, or the first of the others that is not null. */
  coalesce(...others: Operand[]): Column {
    return operation("coalesce", [this, ...others]);
  }

  /** Text in lower case. */
  lower(): Column {
    return operation("lower", [this]);
  }
  /** Text in upper case. */
  upper(): Column {
    return operation("upper", [this]);
  }
  /** Text without spaces around it. */
  trim(): Column {
    return operation("trim", [this]);
  }
  /** Texts one after the other. */
  concat(other: Operand): Column {
    return operation("join", [this, other]);
  }
  /** Text with every occurrence replaced. */
  replace(from: string, to: string): Column {
    return operation("replace", [this, from, to]);
  }
  /** A part of the text, by characters from 0. */
  substring(start: number, length?: number): Column {
    return operation("substring", length === undefined ? [this, start + 1] : [this, start + 1, length]);
  }
  /** Whether the text begins so. */
  startsWith(prefix: Operand): Column {
    return operation("starts_with", [this, prefix]);
  }
  /** Whether the text ends so. */
  endsWith(suffix: Operand): Column {
    return operation("ends_with", [this, suffix]);
  }
  /** Whether the text has this part. */
  contains(part: Operand): Column {
    return operation("contains", [this, part]);
  }
  /** Whether a regular expression (of the host's language) is found in the text. */
  matches(pattern: string): Column {
    return operation("regexp_matches", [this, pattern]);
  }
  /** How many characters, or items of a list. */
  length(): Column {
    return operation("length", [this]);
  }

  /** The values as another type, by its name; a value that does not convert is a row error. */
  cast(to: string): Column {
    return operation("cast", [this], Type.of(to));
  }
  /** The values as another type, null where one does not convert. */
  tryCast(to: string): Column {
    return operation("tryCast", [this], Type.of(to));
  }

  /**
   * Calls a function for each row, with this column's value and those of others: a loop in the plugin. Rows with a null
   * in this column stay null and are not handed over. What it throws fails the row.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the author knows the types of the columns
  map(run: (value: any, ...others: any[]) => Value | undefined, type: string | Type, ...others: Column[]): Column {
    return operation("map", [this, ...others], [run, Type.of(type)]);
  }
  /** Calls a function once per batch with `View`s; it gives a value per row, in an array or a typed array. */
  apply(run: (view: View, ...others: View[]) => readonly Value[] | ArrayBufferView, type: string | Type, ...others: Column[]): Column {
    return operation("apply", [this, ...others], [run, Type.of(type)]);
  }

  // What follows needs data: within `process`, not in a recorded function.

  /** The type of the values. */
  get type(): Type {
    return this.scope.typeOf(this.node);
  }
  /** The host's column, computed where it was not yet. */
  get handle(): ColumnHandle {
    this.made ??= this.scope.evaluate(this);
    return this.made;
  }
  /** The same column, if it has one of these types; else a `type-mismatch` that names it and its type. */
  expect(...types: string[]): this {
    const { name } = this.type;
    if (!types.includes(name)) {
      const column = this.node.op === "column" ? String(this.node.extra) : shown(this.node);
      throw invalidConfig(`column \`${column}\` is ${name}, not ${types.join(" or ")}`, { code: "type-mismatch", column });
    }
    return this;
  }
  /** The raw buffers. */
  view(): View {
    return this.scope.view(this, this.made);
  }
  /** The values, `null` for nulls. */
  toArray(): Value[] {
    return this.view().toArray();
  }
  /** The whole column as one value: `sum`, `min`, `max`, `mean`, `count`, `first`, `last`, …. */
  reduce(name: string, options: Record<string, unknown> = {}): Value {
    return this.scope.reduce(this, name, options);
  }
  /** How many rows. */
  get rows(): number {
    return this.handle.length();
  }

  private get scope(): Batch {
    if (!this.batch) throw invalidConfig(`\`${shown(this.node)}\` belongs to no batch`, { code: "no-batch" });
    return this.batch;
  }

  toString(): string {
    return shown(this.node);
  }
}

/** The node of a value. */
export function literal(value: unknown): Node {
  const simple = value === null || ["boolean", "number", "bigint", "string"].includes(typeof value);
  if (!simple && !(value instanceof Date) && !(value instanceof Uint8Array)) {
    throw invalidConfig(`${String(value)} is no value that a column can be compared or computed with`, { code: "type-mismatch" });
  }
  return new Node("literal", [], value);
}

function operation(op: string, operands: readonly Operand[], extra?: unknown): Column {
  let batch: Batch | undefined;
  const args = operands.map((operand) => {
    if (!(operand instanceof Column)) return literal(operand);
    if (operand.batch) batch = batch && batch !== operand.batch ? batch.together(operand.batch) : operand.batch;
    return operand.node;
  });
  return new Column(new Node(op, args, extra), batch);
}

/** `then` in the rows where the condition is true, else `otherwise`; a branch that a row does not take cannot fail it. */
export const when = (condition: Column, then: Operand, otherwise: Operand = null): Column =>
  operation("case", [condition, then, otherwise]);

/** A function of the host by its name (docs/functions.md), SQL's or Arrow's; with `options`, Arrow's. */
export function call(name: string, args: readonly Operand[], options?: Record<string, unknown>): Column {
  return options ? operation("kernel", args, [name, options]) : operation("function", args, name);
}

/** A value as a column: the same in every row. */
export const lit = (value: Literal): Column => new Column(literal(value));

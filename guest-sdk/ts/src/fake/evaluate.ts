/** Recorded expressions, evaluated row by row, with the host's meaning of nulls and types. */
import type { Node } from "../expression.ts";
import { Failure, invalidConfig, unavailable } from "../failure.ts";
import { scalarOf } from "../program.ts";
import { type Schema, Type, toTree } from "../types.ts";
import { type Value, typeOfValues } from "../views.ts";
import type { BatchHandle, ExpressionHandle, FailureRecord, Outcome, Predicate, Tree } from "../wit.ts";
import { type FakeBatch, FakeColumn } from "./host.ts";

const INT = new Type("int64");
const FLOAT = new Type("float64");
const BOOL = new Type("boolean");
const TEXT = new Type("utf8");
type Pair = (a: never, b: never) => Value;
const COMPARISONS: Record<string, [string, Pair]> = {
  eq: ["=", (a, b) => a === b], ne: ["<>", (a, b) => a !== b], lt: ["<", (a, b) => a < b],
  le: ["<=", (a, b) => a <= b], gt: [">", (a, b) => a > b], ge: [">=", (a, b) => a >= b],
};
const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, rem: (a, b) => a % b, intDiv: (a, b) => a / b,
};
const TEXTS: Record<string, [Type, (...args: never[]) => Value]> = {
  lower: [TEXT, (a: string) => a.toLowerCase()], upper: [TEXT, (a: string) => a.toUpperCase()],
  trim: [TEXT, (a: string) => a.replace(/^ +| +$/g, "")], join: [TEXT, (a: string, b: string) => a + b],
  replace: [TEXT, (a: string, from: string, to: string) => a.replaceAll(from, to)],
  substring: [TEXT, (a: string, start: bigint, length?: bigint) => {
    const from = Number(start) - 1;
    return Array.from(a).slice(from, length === undefined ? undefined : from + Number(length)).join("");
  }],
  starts_with: [BOOL, (a: string, b: string) => a.startsWith(b)], ends_with: [BOOL, (a: string, b: string) => a.endsWith(b)],
  contains: [BOOL, (a: string, b: string) => a.includes(b)], regexp_matches: [BOOL, (a: string, b: string) => new RegExp(b, "u").test(a)],
  length: [INT, (a: string | Value[]) => BigInt(Array.from(a as string).length)],
};
const NUMBERS: Record<string, [Type | undefined, (a: number, b: number) => number]> = {
  neg: [undefined, (a) => -a], abs: [undefined, Math.abs], power: [FLOAT, (a, b) => a ** b],
  round: [undefined, (a, digits = 0) => (Math.sign(a) * Math.floor(Math.abs(a) * 10 ** digits + 0.5)) / 10 ** digits],
  floor: [undefined, Math.floor], ceil: [undefined, Math.ceil], sqrt: [FLOAT, Math.sqrt], ln: [FLOAT, Math.log],
  log10: [FLOAT, Math.log10], exp: [FLOAT, Math.exp],
};

/** A row's own mistake. */
class RowError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A recorded expression with checked types. */
export class FakeExpression implements ExpressionHandle {
  private readonly node: Node;
  private readonly names: Map<Node, string>;
  private readonly schema: Schema;
  private readonly read = new Set<string>();
  private readonly types = new Map<Node, Type>();

  constructor(node: Node, names: Map<Node, string>, schema: Schema) {
    this.node = node;
    this.names = names;
    this.schema = schema;
    this.check(node);
  }
  columns(): number[] {
    return [...this.read].map((name) => this.schema.index(name)).sort((a, b) => a - b);
  }
  resultType(): Tree {
    return toTree(this.check(this.node));
  }
  predicates(): Predicate[] {
    return predicatesOf(this.node);
  }
  evaluate(input: BatchHandle): Outcome {
    const batch = input as FakeBatch;
    const columns = new Map(batch.known.names.map((name, at) => [name, batch.columns[at].values]));
    const wrong: boolean[] = [];
    let first: FailureRecord | undefined;
    const values = Array.from({ length: batch.rows() }, (_, row): Value => {
      try {
        return this.value(this.node, (name) => columns.get(name)?.[row] as Value);
      } catch (error) {
        if (!(error instanceof RowError)) throw error;
        wrong[row] = true;
        first ??= new Failure("invalid-input", error.code, error.message, { row }).record;
        return null;
      }
    });
    const type = this.check(this.node);
    if (!first) return { values: new FakeColumn(type, values) };
    return { values: new FakeColumn(type, values), failed: new FakeColumn(BOOL, values.map((_, row) => wrong[row] === true)), first };
  }

  private name(node: Node): string | undefined {
    return this.names.get(node) ?? (node.op === "column" ? (node.extra as string) : undefined);
  }
  private check(node: Node): Type {
    const known = this.types.get(node);
    if (known) return known;
    const type = this.typeOf(node);
    this.types.set(node, type);
    return type;
  }
  private typeOf(node: Node): Type {
    const name = this.name(node);
    if (name !== undefined) {
      this.read.add(name);
      return this.schema.type(name);
    }
    const { op } = node;
    if (op === "literal") return node.extra === null ? new Type("null") : typeOfValues([node.extra]);
    const types = node.args.map((arg) => this.check(arg));
    const given = types.filter(({ kind }) => kind !== "null");
    const numbers = given.every((type) => type.isNumber);
    if (Object.hasOwn(COMPARISONS, op) || op === "in") {
      const classes = new Set(given.map((type) => (type.isNumber ? "number" : type.isText ? "text" : type.kind)));
      if (classes.size > 1) throw this.mismatch(node, "the types cannot be compared");
      return BOOL;
    }
    if (op === "and" || op === "or" || op === "not") {
      if (given.some(({ kind }) => kind !== "boolean")) throw this.mismatch(node, `\`${op}\` takes truth values`);
      return BOOL;
    }
    if (op === "isNull" || op === "isValid") return BOOL;
    const called = op === "function" ? (node.extra as string) : op;
    if (Object.hasOwn(ARITHMETIC, op) || op === "div" || Object.hasOwn(NUMBERS, called)) {
      if (!numbers) throw this.mismatch(node, `\`${called}\` takes numbers`);
      if (op === "div") return FLOAT;
      return Object.hasOwn(NUMBERS, called) ? (NUMBERS[called][0] ?? types[0]) : wider(given);
    }
    if (Object.hasOwn(TEXTS, called)) {
      if (!types[0].isText && !(called === "length" && types[0].kind === "list-of")) throw this.mismatch(node, `\`${called}\` takes text`);
      return TEXTS[called][0];
    }
    if (op === "cast" || op === "tryCast") return node.extra as Type;
    if (op === "coalesce") return numbers ? wider(given) : given[0];
    if (op === "case") {
      const branches = types.slice(1).filter(({ kind }) => kind !== "null");
      return branches.every((type) => type.isNumber) ? wider(branches) : branches[0];
    }
    throw unavailable(`the function \`${called}\` is the host's`, { code: "needs-host", help: "test it with `jackfield plugin test`" });
  }
  private mismatch(node: Node, what: string): Failure {
    const columns = node.args.flatMap((arg) => (arg.op === "column" ? [arg.extra as string] : []));
    const told = columns.map((name) => `column \`${name}\` is ${this.schema.type(name).name}`);
    return invalidConfig([what, ...told].join(": "), { code: "type-mismatch", column: columns[0] });
  }

  private value(node: Node, row: (name: string) => Value): Value {
    const name = this.name(node);
    if (name !== undefined) return row(name);
    const { op } = node;
    const at = (number: number): Value => this.value(node.args[number], row);
    if (op === "literal") return typeof node.extra === "number" && this.check(node) === INT ? BigInt(node.extra) : literalOf(node.extra);
    if (op === "case") return this.fit(at(0) === true ? at(1) : at(2), node);
    if (op === "coalesce") {
      for (let number = 0; number < node.args.length; number++) {
        const value = at(number);
        if (value !== null) return this.fit(value, node);
      }
      return null;
    }
    if (op === "and" || op === "or") {
      const decisive = op === "or";
      const left = at(0);
      if (left === decisive) return decisive;
      const right = at(1);
      return right === decisive ? decisive : left === null || right === null ? null : !decisive;
    }
    const args = node.args.map((arg) => this.value(arg, row));
    if (op === "isNull" || op === "isValid") return (args[0] === null) === (op === "isNull");
    if (op === "in") {
      if (args[0] === null) return null;
      return args.slice(1).some((arg) => arg !== null && same(arg, args[0])) || (args.slice(1).includes(null) ? null : false);
    }
    if (args.includes(null)) return null;
    if (Object.hasOwn(COMPARISONS, op)) return COMPARISONS[op][1](...(alike(args[0], args[1]) as [never, never]));
    if (op === "not") return !args[0];
    if (op === "div") return Number(args[0]) / Number(args[1]);
    if (op === "cast" || op === "tryCast") {
      try {
        return converted(args[0], node.extra as Type);
      } catch (error) {
        if (op === "tryCast") return null;
        throw new RowError("invalid-value", (error as Error).message);
      }
    }
    const called = op === "function" ? (node.extra as string) : op;
    if (Object.hasOwn(TEXTS, called)) return TEXTS[called][1](...(args as never[]));
    return this.number(node, called, args as (number | bigint)[]);
  }
  private number(node: Node, called: string, args: (number | bigint)[]): Value {
    const type = this.check(node);
    const kernel = (Object.hasOwn(ARITHMETIC, called) ? ARITHMETIC[called] : NUMBERS[called][1]) as (...all: unknown[]) => number | bigint;
    if (type.kind !== "int64" && type.kind !== "uint64") {
      const number = Number(kernel(...args.map(Number)));
      return called === "intDiv" ? Math.trunc(number) : number;
    }
    if ((called === "intDiv" || called === "rem") && BigInt(args[1]) === 0n) throw new RowError("division-by-zero", "division by zero");
    // Beyond the operators, functions of whole numbers are only called with those that a float holds exactly.
    const exact = Object.hasOwn(ARITHMETIC, called) ? kernel(...args.map(BigInt)) : BigInt(kernel(...args.map(Number)));
    if (BigInt.asIntN(64, exact as bigint) !== exact) throw new RowError("integer-overflow", "the result does not fit int64");
    return exact;
  }
  private fit(value: Value, node: Node): Value {
    const { kind } = this.check(node);
    return kind === "float64" && typeof value === "bigint" ? Number(value) : value;
  }
}

const literalOf = (value: unknown): Value => value as Value;
const same = (a: Value, b: Value): boolean => {
  const [x, y] = alike(a, b);
  return x === y;
};

/** Two values to compare: numbers of one kind, and times as numbers. */
function alike(a: Value, b: Value): [unknown, unknown] {
  const time = (value: Value): unknown => (value instanceof Date ? value.getTime() : value);
  const [x, y] = [time(a), time(b)];
  if (typeof x !== typeof y && typeof x !== "string" && typeof y !== "string") return [Number(x), Number(y)];
  return [x, y];
}

function wider(types: Type[]): Type {
  if (types.some((type) => !type.isInteger)) return FLOAT;
  return types.every(({ kind }) => kind === types[0].kind) ? types[0] : INT;
}

/** A value as another type. */
export function converted(value: Value, to: Type): Value {
  const text = String(value);
  if (to.isText) return text;
  if (to.isInteger) {
    if (typeof value === "string" && !/^[+-]?\d+$/.test(value)) throw new Error(`${JSON.stringify(value)} is no whole number`);
    const whole = typeof value === "number" ? BigInt(Math.trunc(value)) : BigInt(text);
    return to.kind === "int64" || to.kind === "uint64" ? whole : Number(whole);
  }
  if (to.kind.startsWith("float")) {
    if (text.trim() === "" || Number.isNaN(Number(text))) throw new Error(`${JSON.stringify(value)} is no number`);
    return Number(text);
  }
  if (to.kind === "boolean" && (typeof value === "boolean" || text === "true" || text === "false")) return text === "true";
  if ((to.kind === "date32" || to.kind === "timestamp") && !Number.isNaN(Date.parse(text))) return new Date(text);
  throw new Error(`no conversion to ${to.name} in unit tests`);
}

function predicatesOf(node: Node): Predicate[] {
  if (node.op === "and") return node.args.flatMap(predicatesOf);
  const [left, right] = node.args;
  if (!Object.hasOwn(COMPARISONS, node.op) || left.op !== "column" || right.op !== "literal") return [];
  return [{ column: left.extra as string, comparison: COMPARISONS[node.op][0], values: [scalarOf(right.extra)] }];
}

/**
 * A stand-in for the host, in plain TypeScript and row by row: for the unit tests of plugins, which run without the host.
 *
 * It knows the types, operators and functions that plugins use most. What it does not know it says; `jackfield plugin
 * test` runs the same plugin in the real host.
 */
import { Failure, unavailable } from "../failure.ts";
import { Schema, Type, fromSchema, fromTree, toSchema, toTree } from "../types.ts";
import { type Value, View, encode } from "../views.ts";
import { scalarOf } from "../program.ts";
import type { Argument, BatchHandle, Buffers, ColumnHandle, Host, Outcome, Piece, Scalar, SchemaRecord, Tree } from "../wit.ts";
import { converted } from "./evaluate.ts";

/** What a call of the host throws: the record is in `payload`. */
export function refused(failure: Failure): Error {
  return Object.assign(new Error(failure.message), { payload: failure.record });
}
const needsHost = (name: string): Error =>
  refused(unavailable(`the function \`${name}\` is the host's`, { code: "needs-host", help: "test it with `jackfield plugin test`" }));

/** How many handles there are: tests of the SDK look for leaks with it. */
export const live = { columns: 0, batches: 0 };
const dispose: symbol = (Symbol as { dispose?: symbol }).dispose ?? Symbol.for("dispose");

/** Values of one type. */
export class FakeColumn implements ColumnHandle {
  readonly type: Type;
  readonly values: readonly Value[];

  constructor(type: Type, values: readonly Value[]) {
    this.type = type;
    this.values = values;
    live.columns++;
    (this as unknown as Record<symbol, () => void>)[dispose] = () => void live.columns--;
  }
  static create(of: Tree, levels: Buffers[]): FakeColumn {
    const numbers = numbersOf(of);
    const type = fromTree(of);
    return new FakeColumn(type, new View(type, levels[0], (path) => levels[numbers.get(path.join()) as number]).toArray());
  }
  share(): FakeColumn {
    return new FakeColumn(this.type, this.values);
  }
  length(): number {
    return this.values.length;
  }
  nullCount(): number {
    return this.values.filter((value) => value === null).length;
  }
  tree(): Tree {
    return toTree(this.type);
  }
  read(path: ArrayLike<number>): Buffers {
    return encode(this.type, this.values)[numbersOf(this.tree()).get(Array.from(path).join()) as number];
  }
  slice(offset: number, length: number): FakeColumn {
    return new FakeColumn(this.type, this.values.slice(offset, offset + length));
  }
}

/** Where in a tree each path leads. */
function numbersOf(tree: Tree, at = 0, path: number[] = []): Map<string, number> {
  const found = new Map([[path.join(), at]]);
  Array.from(tree[at].children).forEach((child, number) => {
    for (const [below, where] of numbersOf(tree, child, [...path, number])) found.set(below, where);
  });
  return found;
}

/** Columns of one length. */
export class FakeBatch implements BatchHandle {
  readonly known: Schema;
  readonly columns: FakeColumn[];
  private readonly count: number;

  constructor(schema: Schema, rows: number, columns: FakeColumn[]) {
    this.known = schema;
    this.count = rows;
    this.columns = columns;
    live.batches++;
    (this as unknown as Record<symbol, () => void>)[dispose] = () => void live.batches--;
  }
  static of(schema: SchemaRecord, rows: number, columns: ColumnHandle[]): FakeBatch {
    const own = columns as FakeColumn[];
    if (own.some(({ values }) => values.length !== rows)) {
      throw refused(new Failure("invalid-input", "wrong-length", `a column has not the batch's ${rows} rows`));
    }
    return new FakeBatch(fromSchema(schema), rows, own.map(plain));
  }
  static concat(parts: BatchHandle[]): FakeBatch {
    const [first, ...rest] = parts as FakeBatch[];
    const columns = first.columns.map(({ type, values }, at) => quiet(type, [...values, ...rest.flatMap((part) => part.columns[at].values)]));
    return new FakeBatch(first.known, [first, ...rest].reduce((rows, part) => rows + part.count, 0), columns);
  }
  share(): FakeBatch {
    return new FakeBatch(this.known, this.count, this.columns);
  }
  rows(): number {
    return this.count;
  }
  schema(): SchemaRecord {
    return toSchema(this.known);
  }
  column(index: number): FakeColumn {
    return this.columns[index].share();
  }
  filter(mask: ColumnHandle): FakeBatch {
    return this.at((mask as FakeColumn).values.flatMap((keep, row) => (keep === true ? [row] : [])));
  }
  take(rows: ColumnHandle): FakeBatch {
    return this.at((rows as FakeColumn).values.map((row) => (row === null ? null : Number(row))));
  }
  slice(offset: number, length: number): FakeBatch {
    return this.at(Array.from({ length: this.count }, (_, row) => row).slice(offset, offset + length));
  }
  pick(columns: { index: number; name?: string }[]): FakeBatch {
    const fields = columns.map(({ index, name }) => ({ name: name ?? this.known.names[index], type: this.known.fields[index].type }));
    return new FakeBatch(new Schema(fields), this.count, columns.map(({ index }) => this.columns[index]));
  }
  put(columns: { name: string; data: ColumnHandle }[]): FakeBatch {
    const all = new Map(this.known.names.map((name, at) => [name, this.columns[at]]));
    for (const { name, data } of columns) all.set(name, plain(data as FakeColumn));
    return new FakeBatch(new Schema([...all].map(([name, { type }]) => ({ name, type }))), this.count, [...all.values()]);
  }
  private at(rows: (number | null)[]): FakeBatch {
    const columns = this.columns.map(({ type, values }) => quiet(type, rows.map((row) => (row === null ? null : values[row]))));
    return new FakeBatch(this.known, rows.length, columns);
  }
}

/** A column that belongs to a batch and counts as no handle. */
function quiet(type: Type, values: readonly Value[]): FakeColumn {
  const column = new FakeColumn(type, values);
  live.columns--;
  return column;
}
const plain = ({ type, values }: FakeColumn): FakeColumn => quiet(type, values);

const LOGIC: Record<string, (a: Value, b: Value) => Value> = {
  and_kleene: (a, b) => (a === false || b === false ? false : a === null || b === null ? null : true),
  or_kleene: (a, b) => (a === true || b === true ? true : a === null || b === null ? null : false),
  and_not_kleene: (a, b) => LOGIC.and_kleene(a, b === null ? null : !b),
  invert: (a) => (a === null ? null : !a),
  coalesce: (a, b) => (a === null ? b : a),
};

function call(name: string, args: Argument[], options: string): Outcome {
  const first = args.find((arg) => arg.tag === "column")?.val as FakeColumn;
  const lists = args.map((arg) =>
    arg.tag === "column" ? (arg.val as FakeColumn).values : first.values.map(() => (arg.val.tag === "null" ? null : (arg.val.val as Value))),
  );
  if (Object.hasOwn(LOGIC, name)) {
    return { values: new FakeColumn(first.type, first.values.map((_, row) => LOGIC[name](lists[0][row], lists[1]?.[row] ?? null))) };
  }
  if (name === "cast") {
    const to = Type.of((JSON.parse(options) as { to_type: string }).to_type);
    return { values: new FakeColumn(to, lists[0].map((value) => (value === null ? null : converted(value, to)))) };
  }
  throw needsHost(name);
}

type Comparable = number | bigint | string | Date | boolean;
const less = (a: Value, b: Value): boolean => (a as Comparable) < (b as Comparable);
const REDUCE: Record<string, (values: Value[]) => Value> = {
  sum: (values) => values.reduce((sum, value) => ((sum as number) + (value as number)) as Value),
  min: (values) => values.reduce((a, b) => (less(b, a) ? b : a)),
  max: (values) => values.reduce((a, b) => (less(a, b) ? b : a)),
  mean: (values) => values.reduce((sum: number, value) => sum + Number(value), 0) / values.length,
  count: (values) => BigInt(values.length),
  count_distinct: (values) => BigInt(new Set(values.map(String)).size),
  first: (values) => values[0],
  last: (values) => values[values.length - 1],
  any: (values) => values.includes(true),
  all: (values) => !values.includes(false),
  list: (values) => values,
};

function reduced(name: string, values: readonly Value[]): Value {
  if (!Object.hasOwn(REDUCE, name)) throw needsHost(name);
  const present = values.filter((value) => value !== null);
  const empty = ["count", "count_distinct", "any", "all", "list"].includes(name);
  return present.length === 0 && !empty ? null : REDUCE[name](present);
}

const keysOf = (columns: readonly ColumnHandle[], row: number): Value[] => columns.map((column) => (column as FakeColumn).values[row]);
const keyOf = (values: Value[]): string => JSON.stringify(values, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));

class FakeGrouper {
  private readonly types: Type[];
  private readonly known = new Map<string, { number: number; values: Value[] }>();

  constructor(keys: Tree[]) {
    this.types = keys.map((tree) => fromTree(tree));
  }
  assign(keys: ColumnHandle[]): ColumnHandle {
    const numbers = (keys[0] as FakeColumn).values.map((_, row) => {
      const values = keysOf(keys, row);
      const key = keyOf(values);
      let group = this.known.get(key);
      if (!group) this.known.set(key, (group = { number: this.known.size, values }));
      return group.number;
    });
    return new FakeColumn(new Type("uint32"), numbers);
  }
  count(): number {
    return this.known.size;
  }
  keys(): ColumnHandle[] {
    return this.types.map((type, at) => new FakeColumn(type, [...this.known.values()].map(({ values }) => values[at])));
  }
}

class FakeAccumulator {
  private readonly name: string;
  private readonly input: Type | undefined;
  private readonly groups: Value[][] = [];

  constructor(name: string, inputs: Tree[]) {
    if (!Object.hasOwn(REDUCE, name)) throw needsHost(name);
    this.name = name;
    this.input = inputs[0] && fromTree(inputs[0]);
  }
  private get list(): Type {
    return new Type("list-of", undefined, [{ name: "item", type: this.input as Type }]);
  }
  private get type(): Type {
    if (this.name.startsWith("count") || (this.name === "sum" && this.input?.isInteger)) return new Type("int64");
    return this.name === "mean" ? new Type("float64") : this.name === "list" ? this.list : (this.input as Type);
  }
  resultType(): Tree {
    return toTree(this.type);
  }
  update(values: ColumnHandle[], groups: ColumnHandle, groupCount: number): void {
    while (this.groups.length < groupCount) this.groups.push([]);
    (groups as FakeColumn).values.forEach((group, row) => this.groups[Number(group)].push(values[0] ? keysOf(values, row)[0] : true));
  }
  state(): ColumnHandle[] {
    return [new FakeColumn(this.list, this.groups)];
  }
  merge(states: ColumnHandle[], groups: ColumnHandle, groupCount: number): void {
    while (this.groups.length < groupCount) this.groups.push([]);
    (groups as FakeColumn).values.forEach((group, row) => this.groups[Number(group)].push(...((states[0] as FakeColumn).values[row] as Value[])));
  }
  finish(): ColumnHandle {
    return new FakeColumn(this.type, this.groups.map((values) => reduced(this.name, values)));
  }
}

class FakeJoiner {
  private readonly rows = new Map<string, number[]>();
  private readonly met = new Set<number>();
  private count = 0;

  build(keys: ColumnHandle[]): void {
    (keys[0] as FakeColumn).values.forEach((_, row) => {
      const values = keysOf(keys, row);
      const key = keyOf(values);
      if (!values.includes(null)) this.rows.set(key, [...(this.rows.get(key) ?? []), this.count]);
      this.count++;
    });
  }
  probe(keys: ColumnHandle[], kind: string): { next(most: number): [ColumnHandle, ColumnHandle] | undefined } {
    let pairs = (keys[0] as FakeColumn).values.flatMap((_, row): [number, number | null][] => {
      const found = this.rows.get(keyOf(keysOf(keys, row))) ?? [];
      for (const number of found) this.met.add(number);
      if (kind === "semi" || kind === "anti") return found.length > 0 === (kind === "semi") ? [[row, null]] : [];
      return found.length > 0 || kind === "inner" ? found.map((number) => [row, number]) : [[row, null]];
    });
    const build = kind === "inner" || kind === "outer";
    return {
      next: (most) => {
        if (pairs.length === 0) return undefined;
        const some = pairs.slice(0, most);
        pairs = pairs.slice(most);
        const numbers = build ? some.map(([, number]) => (number === null ? null : BigInt(number))) : [];
        return [new FakeColumn(new Type("uint32"), some.map(([row]) => row)), new FakeColumn(new Type("uint64"), numbers)];
      },
    };
  }
  unmatched(): ColumnHandle {
    const numbers = Array.from({ length: this.count }, (_, row) => row).filter((row) => !this.met.has(row));
    return new FakeColumn(new Type("uint64"), numbers.map(BigInt));
  }
}

/** Lines that were logged, with their levels. */
export const lines: [string, string][] = [];

/** The stand-in. */
export const fake: Host = {
  data: { Column: FakeColumn, Batch: FakeBatch },
  compute: {
    resultType(name, args, options) {
      if (name === "cast") return toTree(Type.of((JSON.parse(options) as { to_type: string }).to_type));
      if (Object.hasOwn(LOGIC, name)) return args[0];
      throw needsHost(name);
    },
    call,
    reduce(name, argument): Scalar {
      return scalarOf(reduced(name, (argument as FakeColumn).values));
    },
    sortIndices(keys, limit) {
      const order = Array.from({ length: keys[0].column.length() }, (_, row) => row);
      const compare = (a: number, b: number): number => {
        for (const { column, descending, nullsFirst } of keys) {
          const [x, y] = [(column as FakeColumn).values[a], (column as FakeColumn).values[b]];
          if (x === null || y === null) {
            if (x !== y) return (x === null) === nullsFirst ? -1 : 1;
          } else if (less(x, y) || less(y, x)) {
            return less(x, y) === descending ? 1 : -1;
          }
        }
        return a - b;
      };
      return new FakeColumn(new Type("uint32"), order.sort(compare).slice(0, limit));
    },
    Grouper: FakeGrouper,
    Accumulator: FakeAccumulator,
    Joiner: FakeJoiner as unknown as Host["compute"]["Joiner"],
  },
  sql: {
    Expression: class {
      constructor() {
        throw needsHost("SQL");
      }
    } as unknown as Host["sql"]["Expression"],
  },
  log: { write: (level, message) => void lines.push([level, message]) },
  config: { get: () => "{}" },
  checksums: {
    crc32(before, bytes) {
      let crc = ~before;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
      }
      return ~crc >>> 0;
    },
  },
};

/** Bytes to read, at most so many at a time. */
export class FakeSource {
  private at = 0;
  private readonly bytes: Uint8Array;
  private readonly piece: number;

  constructor(bytes: Uint8Array, piece = 1 << 20) {
    this.bytes = bytes;
    this.piece = piece;
  }
  name(): undefined {
    return undefined;
  }
  size(): bigint {
    return BigInt(this.bytes.length);
  }
  read(most: number): Piece {
    const val = this.bytes.slice(this.at, this.at + Math.min(most, this.piece));
    this.at += val.length;
    return val.length > 0 ? { tag: "data", val } : { tag: "end" };
  }
  readAt(offset: bigint, most: number): Uint8Array {
    return this.bytes.slice(Number(offset), Number(offset) + most);
  }
}

/** Bytes that were written. */
export class FakeSink {
  readonly pieces: Uint8Array[] = [];

  position(): bigint {
    return BigInt(this.pieces.reduce((size, piece) => size + piece.length, 0));
  }
  write(data: Uint8Array): void {
    this.pieces.push(data.slice());
  }
  flush(): void {}
}

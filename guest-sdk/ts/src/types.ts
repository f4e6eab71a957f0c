/** Arrow's types by the names that people write: `int64`, `timestamp[UTC]`, `list<utf8>`, `struct<a: int64>`. */
import { invalidConfig, unknownColumn, type Failure } from "./failure.ts";
import type { DataType, FieldRecord, SchemaRecord, TimeUnit, Tree } from "./wit.ts";

const WORDS: Record<string, string> = {
  bool: "boolean", boolean: "boolean", int8: "int8", tinyint: "int8", int16: "int16", smallint: "int16", int32: "int32",
  integer: "int32", int: "int32", int64: "int64", bigint: "int64", uint8: "uint8", uint16: "uint16", uint32: "uint32",
  uint64: "uint64", float16: "float16", float32: "float32", real: "float32", float: "float32", float64: "float64",
  double: "float64", utf8: "utf8", text: "utf8", varchar: "utf8", string: "utf8", "large-utf8": "large-utf8",
  binary: "binary", blob: "binary", bytea: "binary", "large-binary": "large-binary", date: "date32", null: "null",
};
const NAMES = new Map<string, string>([["boolean", "bool"], ["date32", "date"]]);
const UNITS: Record<string, TimeUnit> = { s: "second", ms: "millisecond", us: "microsecond", ns: "nanosecond" };
const DEEPEST = 32;
const HELP =
  "types are bool, int64, float64, utf8, date, timestamp, timestamp[UTC], decimal(38,10), list<utf8>, struct<a: int64> and their like";

/** A type: Arrow's name of the variant, what belongs to it, and its children. */
export class Type {
  readonly kind: string;
  readonly argument: unknown;
  readonly children: readonly Field[];

  constructor(kind: string, argument?: unknown, children: readonly Field[] = []) {
    this.kind = kind;
    this.argument = argument;
    this.children = children;
  }

  /** Reads a type's name. */
  static of(text: string | Type): Type {
    return text instanceof Type ? text : new Parser(text).whole();
  }

  /** The name in the form that `Type.of` reads. */
  get name(): string {
    return nameOf(this);
  }

  get isText(): boolean {
    return this.kind === "utf8" || this.kind === "large-utf8";
  }

  get isInteger(): boolean {
    return /^u?int\d+$/.test(this.kind);
  }

  get isNumber(): boolean {
    return this.isInteger || /^(float|decimal)/.test(this.kind);
  }
}

/** A named type, as it stands in a schema or a struct. */
export interface Field {
  readonly name: string;
  readonly type: Type;
}

/** The columns of a batch, in order; names are unique. */
export class Schema {
  readonly fields: readonly Field[];
  readonly names: string[];
  private readonly places: Map<string, number>;

  constructor(fields: readonly Field[] | Record<string, string | Type>) {
    this.fields = Array.isArray(fields)
      ? fields
      : Object.entries(fields as Record<string, string | Type>).map(([name, type]) => ({ name, type: Type.of(type) }));
    this.names = this.fields.map((field) => field.name);
    this.places = new Map(this.names.map((name, at) => [name, at]));
  }

  has(name: string): boolean {
    return this.places.has(name);
  }

  /** The number of a column; `unknown-column` with the nearest names where there is none. */
  index(name: string): number {
    const at = this.places.get(name);
    if (at === undefined) throw unknownColumn(name, this.names);
    return at;
  }

  /** The type of a column. */
  type(name: string): Type {
    return this.fields[this.index(name)].type;
  }
}

class Parser {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Type {
    const type = this.type(0);
    this.match(/\s*/y);
    if (this.at < this.text.length) throw this.expected("the end of the type");
    return type;
  }

  private type(depth: number): Type {
    if (depth >= DEEPEST) throw this.expected(`a type that nests at most ${DEEPEST} deep`);
    this.match(/\s*/y);
    const start = this.at;
    const word = this.match(/[\w-]*/y).toLowerCase();
    if (word === "list") {
      this.eat("<");
      const item = { name: "item", type: this.type(depth + 1) };
      this.eat(">");
      return new Type("list-of", undefined, [item]);
    }
    if (word === "struct") return new Type("struct-of", undefined, this.members(depth));
    if (word === "decimal" || word === "numeric") {
      const [precision, scale] = (this.match(/\s*\(\s*\d+\s*,\s*-?\d+\s*\)/y).match(/-?\d+/g) ?? []).map(Number);
      if (!(precision >= 1 && precision <= 76)) throw this.expected("a precision of 1 to 76 and a scale, as in (38,10)");
      return new Type(precision <= 38 ? "decimal128" : "decimal256", [precision, scale]);
    }
    if (word === "timestamptz") return new Type("timestamp", ["microsecond", "UTC"]);
    if (word === "timestamp" || word === "time" || word === "duration") return this.time(word);
    if (Object.hasOwn(WORDS, word)) return new Type(WORDS[word]);
    this.at = start;
    throw this.expected("a type");
  }

  private time(word: string): Type {
    const inside = this.match(/\s*\[[^\]]*\]/y).trim();
    const parts = inside ? inside.slice(1, -1).split(/,(.*)/s, 2).map((part) => part.trim()) : [];
    let unit: TimeUnit = "microsecond";
    let zone: string | undefined;
    if (parts.length > 0 && Object.hasOwn(UNITS, parts[0])) [unit, zone] = [UNITS[parts[0]], parts[1]];
    else if (parts.length === 1) zone = parts[0];
    else if (parts.length > 1) throw this.expected("a unit of s, ms, us or ns in front of the zone");
    if (zone === "" || (zone !== undefined && word !== "timestamp")) throw this.expected("a unit of s, ms, us or ns");
    if (word === "timestamp") return new Type("timestamp", [unit, zone]);
    if (word === "duration") return new Type("duration", unit);
    return new Type(unit === "second" || unit === "millisecond" ? "time32" : "time64", unit);
  }

  private members(depth: number): Field[] {
    this.eat("<");
    const members: Field[] = [];
    do {
      const text = this.match(/\s*(?:"(?:[^"]|"")*"|[^:,<>"]+)/y).trim();
      if (!text) throw this.expected("a name");
      const name = text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
      this.eat(":");
      members.push({ name, type: this.type(depth + 1) });
    } while (this.match(/\s*,/y));
    this.eat(">");
    return members;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  private eat(mark: string): void {
    if (!this.match(new RegExp(`\\s*${mark}`, "y"))) throw this.expected(`\`${mark}\``);
  }

  private expected(what: string): Failure {
    const found = this.text.slice(this.at).trim().split(/\s/)[0].slice(0, 40) || "the end";
    const offset = new TextEncoder().encode(this.text.slice(0, this.at)).length;
    return invalidConfig(`expected ${what}, found \`${found}\``, { code: "invalid-type", offset, help: HELP });
  }
}

function nameOf(type: Type): string {
  const { kind, argument } = type;
  const unitName = (unit: unknown): string => Object.keys(UNITS).find((name) => UNITS[name] === unit) ?? String(unit);
  if (kind.startsWith("decimal")) return `decimal(${(argument as number[]).join(",")})`;
  if (kind === "timestamp") {
    const [unit, zone] = argument as [TimeUnit, string | undefined];
    const inside = [unit === "microsecond" ? [] : [unitName(unit)], zone ? [zone] : []].flat();
    return inside.length > 0 ? `timestamp[${inside.join(", ")}]` : "timestamp";
  }
  if (kind === "time32" || kind === "time64" || kind === "duration") {
    const word = kind === "duration" ? "duration" : "time";
    return argument === "microsecond" ? word : `${word}[${unitName(argument)}]`;
  }
  if (kind.endsWith("list-of")) return `list<${nameOf(type.children[0].type)}>`;
  if (kind === "struct-of") {
    const quoted = (name: string): string => (/^[^\s:,<>"]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
    return `struct<${type.children.map((field) => `${quoted(field.name)}: ${nameOf(field.type)}`).join(", ")}>`;
  }
  return NAMES.get(kind) ?? (kind === "other" ? String(argument) : kind);
}

function flatten(name: string, type: Type, into: FieldRecord[]): number {
  const at = into.length;
  const dataType: DataType = type.argument === undefined ? { tag: type.kind } : { tag: type.kind, val: type.argument };
  const record = { name, dataType, nullable: true, children: new Uint32Array(), metadata: [] };
  into.push(record);
  record.children = Uint32Array.from(type.children, (child) => flatten(child.name, child.type, into));
  return at;
}

/** The host's flat form of a named type: item 0 is the root. */
export function toTree(type: Type, name = ""): Tree {
  const tree: Tree = [];
  flatten(name, type, tree);
  return tree;
}

/** The type that stands at a number of the host's flat form. */
export function fromTree(tree: Tree, at = 0): Type {
  const { dataType, children } = tree[at];
  return new Type(dataType.tag, dataType.val, Array.from(children, (child) => ({ name: tree[child].name, type: fromTree(tree, child) })));
}

/** The host's form of a schema. */
export function toSchema(schema: Schema): SchemaRecord {
  const fields: FieldRecord[] = [];
  const columns = Uint32Array.from(schema.fields, (field) => flatten(field.name, field.type, fields));
  return { fields, columns, metadata: [] };
}

/** The schema for the host's form of it. */
export function fromSchema(record: SchemaRecord): Schema {
  return new Schema(Array.from(record.columns, (at) => ({ name: record.fields[at].name, type: fromTree(record.fields, at) })));
}

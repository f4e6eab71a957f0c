/** Columns as raw Arrow buffers, in typed arrays without copies, and as JavaScript values. */
import { invalidInput, unavailable } from "./failure.ts";
import { Type } from "./types.ts";
import type { Buffers } from "./wit.ts";

/** What a column's buffers can be looked at as. 64-bit integers and times are `BigInt64Array`. */
export type Numbers =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

type ArrayOf = { new (buffer: ArrayBufferLike, offset: number, length: number): Numbers; BYTES_PER_ELEMENT: number };

const ARRAYS: Record<string, ArrayOf> = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, uint16: Uint16Array,
  uint32: Uint32Array, uint64: BigUint64Array, float32: Float32Array, float64: Float64Array, date32: Int32Array,
  date64: BigInt64Array, time32: Int32Array, time64: BigInt64Array, timestamp: BigInt64Array, duration: BigInt64Array,
};
const OFFSETS: Record<string, ArrayOf> = {
  utf8: Int32Array, binary: Int32Array, "list-of": Int32Array, "map-of": Int32Array, "large-utf8": BigInt64Array,
  "large-binary": BigInt64Array, "large-list-of": BigInt64Array,
};
const PER_MILLISECOND: Record<string, [bigint, bigint]> = {
  second: [1000n, 1n], millisecond: [1n, 1n], microsecond: [1n, 1000n], nanosecond: [1n, 1_000_000n],
};
const decoder = new TextDecoder();
const encoder = new TextEncoder();

function cast(bytes: Uint8Array, array: ArrayOf): Numbers {
  // A typed array has to begin where its elements are aligned; bytes that do not are moved.
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / array.BYTES_PER_ELEMENT);
}

/** A value of a column. int64, uint64, times and durations are `bigint`, dates and timestamps `Date`, decimals text. */
export type Value = null | boolean | number | bigint | string | Uint8Array | Date | Value[] | { [name: string]: Value };

/**
 * One level of a column as raw buffers.
 *
 * `values` is a typed array of numbers, for bool the bytes of a bitmap (least significant bit first), for text and binary
 * all bytes one after the other; `offsets`, where the type has them, are one more than the rows; `validity` is a bitmap,
 * or `undefined` where no value is null. Values under nulls are zero.
 */
export class View {
  readonly type: Type;
  readonly length: number;
  readonly nullCount: number;
  readonly validity: Uint8Array | undefined;
  readonly offsets: Int32Array | BigInt64Array | undefined;
  readonly values: Numbers;
  private readonly read: ((path: number[]) => Buffers) | undefined;
  private readonly path: number[];

  constructor(type: Type, buffers: Buffers, read?: (path: number[]) => Buffers, path: number[] = []) {
    this.type = type;
    this.length = buffers.length;
    this.nullCount = buffers.nullCount;
    this.validity = buffers.validity;
    const offsets = OFFSETS[type.kind];
    this.offsets = buffers.offsets && offsets ? (cast(buffers.offsets, offsets) as Int32Array | BigInt64Array) : undefined;
    const array = ARRAYS[type.kind];
    this.values = array ? cast(buffers.values, array) : buffers.values;
    this.read = read;
    this.path = path;
  }

  /** Whether the value of a row is not null. */
  isValid(row: number): boolean {
    return this.validity === undefined || ((this.validity[row >> 3] >> (row & 7)) & 1) === 1;
  }

  /** The text of a row, or `null`. */
  text(row: number): string | null {
    if (!this.isValid(row) || !this.offsets) return null;
    return decoder.decode((this.values as Uint8Array).subarray(Number(this.offsets[row]), Number(this.offsets[row + 1])));
  }

  /** The level of a list's items, or of a struct's field. */
  child(number: number): View {
    if (!this.read) throw unavailable("this view has no children", { code: "no-children" });
    const path = [...this.path, number];
    return new View(this.type.children[number].type, this.read(path), this.read, path);
  }

  /** The values, `null` for nulls. */
  toArray(): Value[] {
    const values = this.decoded();
    if (this.nullCount > 0) {
      for (let row = 0; row < this.length; row++) if (!this.isValid(row)) values[row] = null;
    }
    return values;
  }

  private decoded(): Value[] {
    const { kind, argument } = this.type;
    if (kind === "utf8" || kind === "large-utf8") return this.texts();
    const numbers = ARRAYS[kind];
    if (numbers && !/^(date|timestamp)/.test(kind)) return Array.from(this.values as Int32Array);
    const rows = Array.from({ length: this.length }, (_, row) => row);
    if (kind === "null") return rows.map(() => null);
    if (kind === "boolean") {
      const bits = this.values as Uint8Array;
      return rows.map((row) => ((bits[row >> 3] >> (row & 7)) & 1) === 1);
    }
    if (kind === "binary" || kind === "large-binary") {
      const offsets = this.offsets as Int32Array;
      return rows.map((row) => (this.values as Uint8Array).slice(Number(offsets[row]), Number(offsets[row + 1])));
    }
    if (kind === "fixed-size-binary") {
      const width = argument as number;
      return rows.map((row) => (this.values as Uint8Array).slice(row * width, (row + 1) * width));
    }
    if (kind.startsWith("decimal")) return this.decimals(kind === "decimal128" ? 16 : 32, (argument as number[])[1]);
    if (kind.endsWith("list-of")) {
      const items = this.child(0).toArray();
      const offsets = this.offsets;
      const width = argument as number;
      return rows.map((row) =>
        offsets ? items.slice(Number(offsets[row]), Number(offsets[row + 1])) : items.slice(row * width, (row + 1) * width),
      );
    }
    if (kind === "struct-of") {
      const names = this.type.children.map((field) => field.name);
      const columns = names.map((_, at) => this.child(at).toArray());
      return rows.map((row) => Object.fromEntries(names.map((name, at) => [name, columns[at][row]])));
    }
    if (kind === "date32") return Array.from(this.values as Int32Array, (day) => new Date(day * 86_400_000));
    if (kind === "date64") return Array.from(this.values as BigInt64Array, (time) => new Date(Number(time)));
    if (kind === "timestamp") {
      const [times, parts] = PER_MILLISECOND[(argument as [string])[0]];
      return Array.from(this.values as BigInt64Array, (time) => new Date(Number((time * times) / parts)));
    }
    throw unavailable(`values of the type ${this.type.name} cannot be read in JavaScript`, { code: "unsupported-type" });
  }

  private texts(): string[] {
    const bytes = this.values as Uint8Array;
    const offsets = this.offsets as Int32Array;
    const whole = decoder.decode(bytes);
    const texts = new Array<string>(this.length);
    // In ASCII, a text's bytes are its characters: one decoding serves all rows.
    const ascii = whole.length === bytes.length;
    let start = 0;
    for (let row = 0; row < this.length; row++) {
      const end = Number(offsets[row + 1]);
      texts[row] = ascii ? whole.slice(start, end) : decoder.decode(bytes.subarray(start, end));
      start = end;
    }
    return texts;
  }

  private decimals(width: number, scale: number): string[] {
    const view = new DataView(this.values.buffer, this.values.byteOffset, this.values.byteLength);
    return Array.from({ length: this.length }, (_, row) => {
      let number = view.getBigInt64(row * width + width - 8, true);
      for (let at = width - 16; at >= 0; at -= 8) number = (number << 64n) | view.getBigUint64(row * width + at, true);
      return decimalText(number, scale);
    });
  }
}

function decimalText(number: bigint, scale: number): string {
  if (scale <= 0) return String(number * 10n ** BigInt(-scale));
  const digits = String(number < 0n ? -number : number).padStart(scale + 1, "0");
  return `${number < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The bytes of a typed array, without copying them. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

/** The host's buffers for JavaScript values: one per field of the type's tree, in its order. */
export function encode(type: Type, values: readonly unknown[]): Buffers[] {
  const length = values.length;
  let nullCount = 0;
  for (let row = 0; row < length; row++) if (values[row] === null || values[row] === undefined) nullCount++;
  const validity = nullCount > 0 && type.kind !== "null" ? bitmapOf(values) : undefined;
  const { kind } = type;
  const level = (raw: Uint8Array, offsets?: ArrayBufferView): Buffers => ({
    length, nullCount, validity, offsets: offsets && bytesOf(offsets), values: raw,
  });
  if (kind === "null") return [level(new Uint8Array())];
  if (kind === "boolean") {
    const raw = new Uint8Array((length + 7) >> 3);
    values.forEach((value, row) => {
      if (value !== null && value !== undefined && fits(typeof value === "boolean", type, value)) raw[row >> 3] |= value ? 1 << (row & 7) : 0;
    });
    return [level(raw)];
  }
  if (kind === "utf8") {
    const found = texts(values);
    if (found) return [level(found.bytes, found.offsets)];
  }
  if (OFFSETS[kind] && !kind.endsWith("list-of")) {
    const pieces = values.map((value) => (value === null || value === undefined ? new Uint8Array() : bytesOfValue(type, value)));
    return [level(joined(pieces), ends(kind, pieces.map((piece) => piece.length)))];
  }
  if (kind === "list-of" || kind === "large-list-of") {
    const lists = values.map((value) => (value === null || value === undefined ? [] : (fits(Array.isArray(value), type, value), value as unknown[])));
    return [level(new Uint8Array(), ends(kind, lists.map((list) => list.length))), ...encode(type.children[0].type, lists.flat())];
  }
  if (kind === "struct-of") {
    const of = (value: unknown, name: string): unknown => (value === null || value === undefined ? null : (value as Record<string, unknown>)[name]);
    return [level(new Uint8Array()), ...type.children.flatMap((field) => encode(field.type, values.map((value) => of(value, field.name))))];
  }
  const array = ARRAYS[kind];
  if (!array) throw unavailable(`columns of the type ${type.name} cannot be made in JavaScript`, { code: "unsupported-type" });
  const raw = new Uint8Array(length * array.BYTES_PER_ELEMENT);
  const numbers = cast(raw, array) as Int32Array & BigInt64Array;
  const big = array === (BigInt64Array as ArrayOf) || array === (BigUint64Array as ArrayOf);
  values.forEach((value, row) => {
    if (value === null || value === undefined) return;
    const number = numberOf(type, value);
    fits(big || kind.startsWith("float") || BigInt(number) === BigInt.asIntN(53, BigInt(number)), type, value);
    (numbers as unknown as (number | bigint)[])[row] = big ? BigInt(number) : Number(number);
    const kept = (numbers as unknown as (number | bigint)[])[row];
    fits(kind.startsWith("float") || BigInt(kept) === BigInt(number), type, value);
  });
  return [level(raw)];
}

function bitmapOf(values: readonly unknown[]): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (let row = 0; row < values.length; row++) if (values[row] !== null && values[row] !== undefined) bits[row >> 3] |= 1 << (row & 7);
  return bits;
}

/** Texts that are all ASCII, encoded at once: their characters are their bytes. */
function texts(values: readonly unknown[]): { bytes: Uint8Array; offsets: Int32Array } | undefined {
  const offsets = new Int32Array(values.length + 1);
  let end = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value === "string") end += value.length;
    else if (value !== null && value !== undefined) return undefined;
    offsets[row + 1] = end;
  }
  // `join` writes nothing for null.
  const bytes = encoder.encode(values.join(""));
  return bytes.length === end ? { bytes, offsets } : undefined;
}

function fits(condition: boolean, type: Type, value: unknown): true {
  if (condition) return true;
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw invalidInput(`${shown.slice(0, 60)} does not fit the type ${type.name}`, { code: "type-mismatch" });
}

function bytesOfValue(type: Type, value: unknown): Uint8Array {
  if (type.isText) return fits(typeof value === "string", type, value) && encoder.encode(value as string);
  return fits(value instanceof Uint8Array, type, value) && (value as Uint8Array);
}

function numberOf(type: Type, value: unknown): number | bigint {
  const { kind, argument } = type;
  if (value instanceof Date) {
    const time = value.getTime();
    if (kind === "date32") return Math.floor(time / 86_400_000);
    if (kind === "date64") return time;
    fits(kind === "timestamp", type, value);
    const [times, parts] = PER_MILLISECOND[(argument as [string])[0]];
    return (BigInt(time) * parts) / times;
  }
  const number = typeof value === "number" || typeof value === "bigint";
  fits(number && (kind.startsWith("float") || typeof value === "bigint" || Number.isInteger(value)), type, value);
  return value as number | bigint;
}

function ends(kind: string, lengths: number[]): ArrayBufferView {
  const large = kind.startsWith("large");
  const offsets = large ? new BigInt64Array(lengths.length + 1) : new Int32Array(lengths.length + 1);
  let end = 0;
  lengths.forEach((length, row) => {
    end += length;
    (offsets as unknown as (number | bigint)[])[row + 1] = large ? BigInt(end) : end;
  });
  return offsets;
}

function joined(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The type that fits JavaScript values: whole numbers are int64; none at all makes text. */
export function typeOfValues(values: readonly unknown[]): Type {
  const present = values.filter((value) => value !== null && value !== undefined);
  const first = present[0];
  if (typeof first === "boolean") return new Type("boolean");
  if (typeof first === "bigint") return new Type("int64");
  if (typeof first === "number") return new Type(present.every((value) => typeof value === "bigint" || Number.isInteger(value)) ? "int64" : "float64");
  if (typeof first === "string" || first === undefined) return new Type("utf8");
  if (first instanceof Uint8Array) return new Type("binary");
  if (first instanceof Date) return new Type("timestamp", ["microsecond", "UTC"]);
  if (Array.isArray(first)) return new Type("list-of", undefined, [{ name: "item", type: typeOfValues(present.flat()) }]);
  const names = [...new Set(present.flatMap((value) => Object.keys(value as object)))];
  const values_of = (name: string): unknown[] => present.map((value) => (value as Record<string, unknown>)[name]);
  return new Type("struct-of", undefined, names.map((name) => ({ name, type: typeOfValues(values_of(name)) })));
}

/**
 * What went wrong, for a person (`message`, `help`) and for a program (`code`).
 *
 * Throw these: the host shows the very place in the pipeline. Any other error counts as a defect of the plugin.
 */
import { placeOf } from "./place.ts";
import type { FailureKind, FailureRecord } from "./wit.ts";

/** What a failure may say beside its message. `row` counts from 0 in the batch of this call. */
export interface More {
  code?: string;
  row?: number | bigint;
  column?: string;
  /** JSON pointer into the parameters or options. */
  parameter?: string;
  /** Byte in the text found there. */
  offset?: number;
  help?: string;
}

/** A failure with a stable kebab-case `code` and a message in lower case without a full stop. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: string;
  readonly row?: bigint;
  readonly column?: string;
  readonly parameter?: string;
  readonly offset?: number;
  readonly help?: string;

  constructor(kind: FailureKind, code: string, message: string, more: More = {}) {
    super(message);
    this.name = "Failure";
    this.kind = kind;
    this.code = more.code ?? code;
    this.row = more.row === undefined ? undefined : BigInt(more.row);
    this.column = more.column;
    this.parameter = more.parameter;
    this.offset = more.offset;
    this.help = more.help;
  }

  /** The host's record. */
  get record(): FailureRecord {
    const { kind, code, message, row, column, parameter, offset, help } = this;
    return { kind, code, message, row, column, parameter, offset, help };
  }

  /** The failure for the host's record. */
  static of(record: FailureRecord): Failure {
    return new Failure(record.kind, record.code, record.message, record);
  }
}

/** Several failures at once: a node's constructor and `bind` tell all that is wrong. */
export class Failures extends Error {
  readonly failures: Failure[];

  constructor(failures: Failure[]) {
    super(failures.map((failure) => failure.message).join("; "));
    this.name = "Failures";
    this.failures = failures;
  }
}

/** The data is wrong; the row may be skipped or dead-lettered. */
export const invalidInput = (message: string, more?: More): Failure =>
  new Failure("invalid-input", "invalid-data", message, more);
/** Parameters, options or configuration are wrong; retrying will not help. */
export const invalidConfig = (message: string, more?: More): Failure =>
  new Failure("invalid-config", "invalid-parameter", message, more);
/** A limit of the plugin's own said no. */
export const limitReached = (message: string, more?: More): Failure => new Failure("limit", "limit", message, more);
/** Something outside is not there now; retrying may help. */
export const unavailable = (message: string, more?: More): Failure =>
  new Failure("unavailable", "unavailable", message, more);
/** A defect in the plugin. */
export const internal = (message: string, more?: More): Failure => new Failure("internal", "internal", message, more);

/** The column `name` does not exist; the nearest of `names` become the help. */
export function unknownColumn(name: string, names: string[]): Failure {
  const near = nearest(name, names);
  const help =
    near.length > 0
      ? `did you mean ${near.join(" or ")}?`
      : names.length === 0
        ? "the input has no columns"
        : `the columns ${names.length <= 30 ? "are" : "begin with"} ${names.slice(0, 30).join(", ")}`;
  return invalidConfig(`there is no column \`${name}\``, { code: "unknown-column", column: name, help });
}

/** The up to three of `names` that are nearest to a word, nearest first. */
export function nearest(word: string, names: string[]): string[] {
  const lower = word.toLowerCase();
  const most = Math.max(Math.floor(lower.length / 3), 1);
  return names
    .map((name): [number, string] => [distance(lower, name.toLowerCase()), name])
    .filter(([far]) => far <= most)
    .sort(([a], [b]) => a - b)
    .slice(0, 3)
    .map(([, name]) => name);
}

/** Levenshtein's distance, where two swapped neighbours cost one. */
function distance(left: string, right: string): number {
  const [a, b] = [left.slice(0, 100), right.slice(0, 100)];
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      let best = Math.min(last[j] + (a[i] === b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1);
      if (i > 0 && j > 0 && a[i - 1] === b[j] && a[i] === b[j - 1]) best = Math.min(best, before[j - 1] + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** The host's record inside of what one of its calls has thrown, if it is that. */
export function recordOf(error: unknown): unknown {
  return error !== null && typeof error === "object" && "payload" in error ? error.payload : undefined;
}

/** A failure for anything that was thrown. What is no failure is a defect, named with the place that threw it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Failures) return error.failures[0];
  const record = recordOf(error);
  if (Array.isArray(record)) return Failure.of(record[0] as FailureRecord);
  if (record !== undefined) return Failure.of(record as FailureRecord);
  return internal(error instanceof Error ? `${error.name}: ${error.message}${placeOf(error)}` : String(error));
}

/** Calls the host; what it throws becomes a `Failure`. */
export function asked<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw recordOf(error) === undefined ? error : failureOf(error);
  }
}

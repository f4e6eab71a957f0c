/** Parameters: what a node, format or codec takes, as JSON Schema for the manifest and as a type for TypeScript. */
import { Failures, invalidConfig } from "./failure.ts";

/** A parameter of type `T`. */
export interface Param<T> {
  readonly schema: Record<string, unknown>;
  readonly required: boolean;
  /** Only for types. */
  readonly value?: T;
}
/** Parameters by name. */
export type Params = Record<string, Param<unknown>>;
/** The values of parameters. */
export type ValuesOf<P extends Params> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/** What may be said about a parameter: JSON Schema's keys, and `ui`. */
export interface About<T> {
  default?: T;
  description?: string;
  [key: string]: unknown;
}

function param<T>(schema: Record<string, unknown>, about: About<T> = {}): Param<T> {
  return { schema: { ...schema, ...about }, required: about.default === undefined };
}

/** Text. */
export const text = (about?: About<string>): Param<string> => param({ type: "string" }, about);
/** A whole number. */
export const integer = (about?: About<number>): Param<number> => param({ type: "integer" }, about);
/** A number. */
export const number = (about?: About<number>): Param<number> => param({ type: "number" }, about);
/** True or false. */
export const flag = (about?: About<boolean>): Param<boolean> => param({ type: "boolean" }, about);
/** One of some texts. */
export const choice = <const C extends readonly string[]>(choices: C, about?: About<C[number]>): Param<C[number]> =>
  param({ type: "string", enum: choices }, about);
/** A list. */
export const list = <T>(of: Param<T>, about?: About<T[]>): Param<T[]> => param({ type: "array", items: of.schema }, about);
/** A table whose keys are the user's. */
export const table = <T>(of: Param<T>, about?: About<Record<string, T>>): Param<Record<string, T>> =>
  param({ type: "object", additionalProperties: of.schema }, about);
/** A parameter that may be left out, and is `undefined` then. */
export const optional = <T>(of: Param<T>): Param<T | undefined> => ({ schema: of.schema, required: false });

/** The JSON Schema of parameters. */
export function schemaOf(params: Params): Record<string, unknown> {
  const names = Object.keys(params);
  const required = names.filter((name) => params[name].required);
  return {
    type: "object",
    additionalProperties: false,
    ...(names.length > 0 ? { properties: Object.fromEntries(names.map((name) => [name, params[name].schema])) } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

const CHECKS: Record<string, [(value: unknown) => boolean, string]> = {
  string: [(value) => typeof value === "string", "text"],
  integer: [(value) => Number.isInteger(value), "a whole number"],
  number: [(value) => typeof value === "number", "a number"],
  boolean: [(value) => typeof value === "boolean", "true or false"],
  array: [(value) => Array.isArray(value), "a list"],
  object: [(value) => typeof value === "object" && value !== null && !Array.isArray(value), "a table"],
};

/** The values for the JSON text that the host hands over, defaults filled in; all that is wrong with it at once. */
export function valuesOf(params: Params, json: string): Record<string, unknown> {
  const given = (json.trim() ? JSON.parse(json) : {}) as Record<string, unknown>;
  const failures = Object.keys(given)
    .filter((name) => !Object.hasOwn(params, name) && name !== "schema")
    .map((name) => invalidConfig(`there is no parameter \`${name}\``, { code: "unknown-parameter", parameter: `/${name}` }));
  const values: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(params)) {
    if (!Object.hasOwn(given, name)) {
      if (param.required) failures.push(invalidConfig(`the parameter \`${name}\` is missing`, { code: "missing-parameter", parameter: "" }));
      values[name] = param.schema.default;
      continue;
    }
    const value = given[name];
    const choices = param.schema.enum as unknown[] | undefined;
    const [check, words] = CHECKS[param.schema.type as string] ?? [() => true, ""];
    const expected = choices && !choices.includes(value) ? `one of ${choices.map((one) => `\`${one}\``).join(", ")}` : check(value) ? undefined : words;
    if (expected) failures.push(invalidConfig(`\`${name}\` must be ${expected}, not ${JSON.stringify(value)}`, { parameter: `/${name}` }));
    values[name] = value;
  }
  if (failures.length > 0) throw new Failures(failures);
  return values;
}

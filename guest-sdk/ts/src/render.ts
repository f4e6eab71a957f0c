/** Recorded expressions as text: SQL for the host, TypeScript for messages. */
import type { Node } from "./expression.ts";
import { invalidConfig } from "./failure.ts";
import type { Type } from "./types.ts";

type Template = (args: string[]) => string;
const between = (operator: string): Template => ([a, b]) => `(${a} ${operator} ${b})`;
const SQL: Record<string, Template> = {
  eq: between("="), ne: between("<>"), lt: between("<"), le: between("<="), gt: between(">"), ge: between(">="),
  add: between("+"), sub: between("-"), mul: between("*"), div: between("/"), intDiv: between("//"), rem: between("%"),
  join: between("||"), and: between("AND"), or: between("OR"), not: ([a]) => `(NOT ${a})`, neg: ([a]) => `(- ${a})`,
  isNull: ([a]) => `(${a} IS NULL)`, isValid: ([a]) => `(${a} IS NOT NULL)`,
  case: ([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`,
  in: ([a, ...values]) => `(${a} IN (${values.join(", ")}))`,
};
const FUNCTIONS = new Set(
  "power abs coalesce lower upper trim replace substring starts_with ends_with contains regexp_matches length round".split(" "),
);
const METHODS: Record<string, string> = {
  join: "concat", starts_with: "startsWith", ends_with: "endsWith", regexp_matches: "matches", power: "pow", in: "isIn",
};

/** Deeper expressions are evaluated in parts: the host bounds how deep parentheses may nest. */
export const DEEPEST = 24;

/** Whether a node itself (its arguments aside) can be written in SQL. */
export function isSql(node: Node): boolean {
  const { op } = node;
  if (op === "literal") return !(node.extra instanceof Uint8Array);
  if (op === "cast" || op === "tryCast") return /^[a-z0-9]+(\(\d+,-?\d+\))?$/.test((node.extra as Type).name);
  return Object.hasOwn(SQL, op) || FUNCTIONS.has(op) || op === "column" || op === "function";
}

/** The text of a node; `names` holds the columns that stand for nodes which were evaluated before. */
export function sql(node: Node, names: Map<Node, string>): string {
  const name = names.get(node);
  if (name !== undefined) return quoted(name);
  const { op } = node;
  if (op === "column") return quoted(node.extra as string);
  if (op === "literal") return constant(node.extra);
  const args = node.args.map((arg) => sql(arg, names));
  if (Object.hasOwn(SQL, op)) return SQL[op](args);
  if (op === "cast") return `CAST(${args[0]} AS ${(node.extra as Type).name})`;
  if (op === "tryCast") return `TRY_CAST(${args[0]} AS ${(node.extra as Type).name})`;
  const called = op === "function" ? (node.extra as string) : op;
  if (!/^[A-Za-z_]\w*$/.test(called)) throw invalidConfig(`there is no function \`${called}\``, { code: "unknown-function" });
  return `${called}(${args.join(", ")})`;
}

/** A column's name as an identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function constant(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "bigint") return value < 0n ? `(${value})` : String(value);
  if (typeof value === "number") {
    if (Number.isFinite(value)) {
      // Beyond 2^53 a number without a fraction is no whole number any more, and is not written as one.
      const text = Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
      return value < 0 ? `(${text})` : text;
    }
    return `CAST('${Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf"}' AS float64)`;
  }
  if (value instanceof Date) return `TIMESTAMP '${value.toISOString()}'`;
  return `'${String(value).replaceAll("'", "''")}'`;
}

/** A node as the author may have written it. */
export function shown(node: Node): string {
  const { op } = node;
  if (op === "column") return `batch.col(${JSON.stringify(node.extra)})`;
  if (op === "literal") return typeof node.extra === "string" ? JSON.stringify(node.extra) : String(node.extra);
  const args = node.args.map(shown);
  if (op === "function") return `call(${JSON.stringify(node.extra)}, [${args.join(", ")}])`;
  if (op === "kernel") return `call(${JSON.stringify((node.extra as [string])[0])}, [${args.join(", ")}], …)`;
  if (op === "case") return `when(${args.join(", ")})`;
  if (op === "cast" || op === "tryCast") return `${args[0]}.${op}("${(node.extra as Type).name}")`;
  const [first, ...rest] = args;
  return first === undefined ? op : `${first}.${METHODS[op] ?? op}(${rest.join(", ")})`;
}

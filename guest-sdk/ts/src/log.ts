/** Lines for the host's log. In a component `console.log` and its like arrive there too. */
import { host } from "./host.ts";

type Fields = Record<string, unknown>;
type Level = "trace" | "debug" | "info" | "warn" | "error";

function write(level: Level, message: string, fields: Fields = {}): void {
  host().log.write(level, message, Object.entries(fields).map(([key, value]): [string, string] => [key, String(value)]));
}

/** Writes lines; users see `warn` and `error` always, the rest with `-v`. */
export const log = {
  trace: (message: string, fields?: Fields): void => write("trace", message, fields),
  debug: (message: string, fields?: Fields): void => write("debug", message, fields),
  info: (message: string, fields?: Fields): void => write("info", message, fields),
  warn: (message: string, fields?: Fields): void => write("warn", message, fields),
  error: (message: string, fields?: Fields): void => write("error", message, fields),
};

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  const plain = (_: string, inner: unknown): unknown => (typeof inner === "bigint" ? `${inner}` : inner);
  return value instanceof Error ? `${value.name}: ${value.message}` : (JSON.stringify(value, plain) ?? String(value));
}

/** Sends what is written to the console to the host. Components do it by themselves. */
export function captureConsole(): void {
  const names: [string, Level][] = [["trace", "trace"], ["debug", "debug"], ["log", "info"], ["info", "info"], ["warn", "warn"], ["error", "error"]];
  for (const [name, level] of names) {
    (console as unknown as Record<string, unknown>)[name] = (...words: unknown[]) => write(level, words.map(shown).join(" "));
  }
}

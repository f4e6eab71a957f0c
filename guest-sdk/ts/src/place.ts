/** Where in the author's sources something was thrown. A component carries the map of its bundle. */

/** A source map as bundlers write it, of which this is all that is needed. */
interface SourceMap {
  sources: string[];
  mappings: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The source and line, from 1, of a place in the bundle: line from 1, column from 0. */
export function sourceOf({ sources, mappings }: SourceMap, line: number, column: number): { source: string; line: number } | undefined {
  const lines = mappings.split(";");
  let [source, sourceLine] = [0, 0];
  let found: { source: string; line: number } | undefined;
  for (let at = 0; at < Math.min(line, lines.length); at++) {
    let generated = 0;
    for (const segment of lines[at] === "" ? [] : lines[at].split(",")) {
      const [columns, sources_, lines_] = numbers(segment);
      generated += columns;
      if (sources_ === undefined) continue;
      source += sources_;
      sourceLine += lines_;
      if (at === line - 1 && (generated <= column || !found)) found = { source: sources[source], line: sourceLine + 1 };
    }
  }
  return found;
}

/** The numbers of a segment: base 64, the lowest bit being the sign, five bits a digit. */
function numbers(segment: string): number[] {
  const found: number[] = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) === 0) {
      found.push(value & 1 ? -(value >> 1) : value >> 1);
      [value, shift] = [0, 0];
    }
  }
  return found;
}

const isSdk = (source: string): boolean => /(^|\/)(sdk|guest-sdk\/ts)\/src\//.test(source);

/** The first line of a stack that is the author's, as ` (plugin.ts:12)`; empty where there is none. */
export function placeOf(error: Error): string {
  const map = (globalThis as { jackfieldSources?: SourceMap }).jackfieldSources;
  for (const text of (error.stack ?? "").split("\n")) {
    const place = text.match(/([^\s(@]+):(\d+):(\d+)\)?$/);
    if (!place) continue;
    const [, file, line, column] = place;
    const found = map ? sourceOf(map, Number(line), Number(column)) : { source: file, line: Number(line) };
    if (found && !isSdk(found.source)) return ` (${found.source.replace(/^.*\//, "")}:${found.line})`;
  }
  return "";
}

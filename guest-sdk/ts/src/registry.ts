/** What a plugin declares: node types, formats and codecs, by their ids. */
import { invalidConfig, nearest } from "./failure.ts";
import { type Params, schemaOf } from "./params.ts";

/** A declared kind: what to call, and what it takes. */
export interface Declared<T> {
  readonly id: string;
  readonly description?: string;
  readonly parameters: Params;
  readonly target: T;
}

/** Declarations of one kind. */
export class Registry<T> {
  private readonly known = new Map<string, Declared<T>>();
  private readonly what: string;

  constructor(what: string) {
    this.what = what;
  }

  /** Adds one; two of one id are an error of the plugin's author. */
  declare(declared: Declared<T>): void {
    if (this.known.has(declared.id)) throw new Error(`\`${declared.id}\` is declared twice`);
    this.known.set(declared.id, declared);
  }

  /** The declaration of an id. */
  find(id: string): Declared<T> {
    const found = this.known.get(id);
    if (found) return found;
    const near = nearest(id, [...this.known.keys()]);
    const help = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `it declares ${[...this.known.keys()].join(", ") || "none"}`;
    throw invalidConfig(`the plugin's code declares no ${this.what} \`${id}\``, { code: "not-declared", help });
  }

  get all(): Declared<T>[] {
    return [...this.known.values()];
  }

  /** As the manifest should say it: the id under `key`, the JSON Schema under `schema`. */
  told(key: string, schema: string): Record<string, unknown>[] {
    return this.all.map(({ id, description, parameters }) => ({
      [key]: id,
      ...(description ? { description } : {}),
      [schema]: schemaOf(parameters),
    }));
  }
}

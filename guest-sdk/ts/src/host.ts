/** The one seam between the SDK and the host, and the scopes that release handles. */
import type { ExpressionHandle, Host } from "./wit.ts";
import type { Node } from "./expression.ts";
import type { Schema } from "./types.ts";

/** How a recorded expression becomes something to evaluate: SQL for the host, or the tree itself for the stand-in. */
export type Compile = (node: Node, names: Map<Node, string>, schema: Schema) => ExpressionHandle;

/** What `install` has set. A component's entry does it; natively `@jackfield/sdk/testing` does. */
export const installed: { host: Host | undefined; compile: Compile | undefined } = { host: undefined, compile: undefined };

/** Says what the host is. */
export function install(host: Host, compile: Compile): void {
  installed.host = host;
  installed.compile = compile;
}

/** The host. */
export function host(): Host {
  if (!installed.host) {
    throw new Error('there is no host here: in tests import "@jackfield/sdk/testing" first');
  }
  return installed.host;
}

// componentize-js falls back to the same symbol where the engine has none.
const dispose: symbol = (Symbol as { dispose?: symbol }).dispose ?? Symbol.for("dispose");

/** Drops a handle now: the collector would do it too late for the host's count of live handles. */
export function drop(handle: unknown): void {
  const release = (handle as Record<symbol, (() => void) | undefined> | undefined)?.[dispose];
  if (release) release.call(handle);
}

/** Handles of the running call, which are dropped at its end. */
let scope: Set<object> | undefined;

/** Runs a call; handles that it made and neither gave away nor kept are dropped at its end. */
export function scoped<T>(call: () => T): T {
  const outer = scope;
  const own = new Set<object>();
  scope = own;
  try {
    return call();
  } finally {
    scope = outer;
    for (const handle of own) drop(handle);
  }
}

/** Notes a handle that this call made. */
export function made<T extends object>(handle: T): T {
  scope?.add(handle);
  return handle;
}

/** Forgets a handle that belongs to somebody else from now on. */
export function given<T extends object>(handle: T): T {
  scope?.delete(handle);
  return handle;
}

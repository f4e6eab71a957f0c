/** Whole columns: groups, aggregates and joins, natively in the host. They live as long as the object, not as the call. */
import { madeColumn } from "./batch.ts";
import type { Column } from "./expression.ts";
import { asked } from "./failure.ts";
import { drop, host, made } from "./host.ts";
import { Type, fromTree, toTree } from "./types.ts";
import type { AccumulatorHandle, ColumnHandle, GrouperHandle, JoinerHandle } from "./wit.ts";

const trees = (types: readonly (string | Type)[]): ReturnType<typeof toTree>[] => types.map((type, at) => toTree(Type.of(type), `k${at}`));
const handles = (columns: readonly Column[]): ColumnHandle[] => columns.map((column) => column.handle);
const columnOf = (handle: ColumnHandle): Column => madeColumn(made(handle));

/** Numbers groups of equal keys, over as many batches as it is given. */
export class Grouper {
  private readonly inner: GrouperHandle;

  constructor(types: readonly (string | Type)[]) {
    this.inner = asked(() => new (host().compute.Grouper)(trees(types)));
  }
  /** A group number (uint32) for each row. */
  assign(...keys: Column[]): Column {
    return columnOf(asked(() => this.inner.assign(handles(keys))));
  }
  /** How many groups there are. */
  get count(): number {
    return this.inner.count();
  }
  /** The keys of the groups, in the order of their numbers. */
  keys(): Column[] {
    return asked(() => this.inner.keys()).map(columnOf);
  }
}

/** An aggregate for each group: `sum`, `min`, `max`, `mean`, `count`, `count_distinct`, `quantile`, `list`, …. */
export class Accumulator {
  private readonly inner: AccumulatorHandle;

  constructor(name: string, types: readonly (string | Type)[], options: Record<string, unknown> = {}) {
    const text = Object.keys(options).length > 0 ? JSON.stringify(options) : "";
    this.inner = asked(() => new (host().compute.Accumulator)(name, trees(types), text));
  }
  /** The type of the results. */
  get type(): Type {
    return fromTree(this.inner.resultType());
  }
  /** Takes in rows: their values, their groups' numbers, and how many groups there are. */
  update(values: readonly Column[], groups: Column, count: number): void {
    asked(() => this.inner.update(handles(values), groups.handle, count));
  }
  /** What it holds, a row per group, for `merge`. */
  state(): Column[] {
    return asked(() => this.inner.state()).map(columnOf);
  }
  /** Takes in what another one holds. */
  merge(states: readonly Column[], groups: Column, count: number): void {
    asked(() => this.inner.merge(handles(states), groups.handle, count));
  }
  /** The results, in the order of the groups. */
  finish(): Column {
    return columnOf(asked(() => this.inner.finish()));
  }
}

/** A hash join on row numbers: build once, probe batch by batch. Null keys match nothing. */
export class Joiner {
  private readonly inner: JoinerHandle;

  constructor(types: readonly (string | Type)[]) {
    this.inner = asked(() => new (host().compute.Joiner)(trees(types)));
  }
  /** Takes in rows of the build side. */
  build(...keys: Column[]): void {
    asked(() => this.inner.build(handles(keys)));
  }
  /** Pairs of row numbers, of the probe side and of the build side, at most `most` at a time. */
  *probe(keys: readonly Column[], kind: "inner" | "outer" | "semi" | "anti" = "inner", most = 65_536): Generator<[Column, Column]> {
    const matches = asked(() => this.inner.probe(handles(keys), kind));
    try {
      for (;;) {
        const pair = asked(() => matches.next(most));
        if (!pair) return;
        yield [columnOf(pair[0]), columnOf(pair[1])];
      }
    } finally {
      drop(matches);
    }
  }
  /** Rows of the build side that no probe has met. */
  unmatched(): Column {
    return columnOf(asked(() => this.inner.unmatched()));
  }
}

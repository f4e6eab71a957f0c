/** The host's interfaces as componentize-js spells them: records, variants as `{ tag, val }`, handles as classes. */

export type FailureKind =
  | "invalid-input"
  | "invalid-config"
  | "denied"
  | "limit"
  | "unavailable"
  | "cancelled"
  | "internal"
  | "other";

/** What went wrong. */
export interface FailureRecord {
  kind: FailureKind;
  code: string;
  message: string;
  row?: bigint;
  column?: string;
  parameter?: string;
  offset?: number;
  help?: string;
}

export type TimeUnit = "second" | "millisecond" | "microsecond" | "nanosecond";

export interface DataType {
  tag: string;
  val?: unknown;
}

export interface FieldRecord {
  name: string;
  dataType: DataType;
  nullable: boolean;
  children: ArrayLike<number>;
  metadata: [string, string][];
}

export type Tree = FieldRecord[];

export interface SchemaRecord {
  fields: FieldRecord[];
  columns: ArrayLike<number>;
  metadata: [string, string][];
}

/** One level of a column as raw little-endian bytes. */
export interface Buffers {
  length: number;
  nullCount: number;
  validity?: Uint8Array;
  offsets?: Uint8Array;
  values: Uint8Array;
}

export type Scalar =
  | { tag: "null" }
  | { tag: "boolean"; val: boolean }
  | { tag: "int64" | "uint64"; val: bigint }
  | { tag: "float64"; val: number }
  | { tag: "text"; val: string }
  | { tag: "binary"; val: Uint8Array }
  | { tag: "typed"; val: [DataType, string] };

export interface Predicate {
  column: string;
  comparison: string;
  values: Scalar[];
}

export interface DemandRecord {
  columns?: string[];
  predicates: Predicate[];
  limit?: bigint;
  batchRows: number;
  resume?: Uint8Array;
  extra: [string, string][];
}

/** A handle on a column in the host. */
export interface ColumnHandle {
  share(): ColumnHandle;
  length(): number;
  nullCount(): number;
  tree(): Tree;
  read(path: Uint32Array): Buffers;
  slice(offset: number, length: number): ColumnHandle;
}

/** A handle on a batch in the host. */
export interface BatchHandle {
  share(): BatchHandle;
  rows(): number;
  schema(): SchemaRecord;
  column(index: number): ColumnHandle;
  filter(mask: ColumnHandle): BatchHandle;
  take(rows: ColumnHandle): BatchHandle;
  slice(offset: number, length: number): BatchHandle;
  pick(columns: { index: number; name?: string }[]): BatchHandle;
  put(columns: { name: string; data: ColumnHandle }[]): BatchHandle;
}

export interface Outcome {
  values: ColumnHandle;
  failed?: ColumnHandle;
  first?: FailureRecord;
}

export interface Change {
  selection?: ColumnHandle;
  made: ColumnHandle[];
}

export type Output = { tag: "change"; val: Change } | { tag: "batch"; val: BatchHandle };

export interface StepRecord {
  emissions: { port: string; output: Output }[];
  rejected: { rows: ColumnHandle; reason: FailureRecord }[];
  progress: "ready" | "more" | "done";
}

export type OutColumn =
  | { tag: "passed"; val: { input: { port: string; index: number }; name?: string } }
  | { tag: "made"; val: Tree };

export interface BindingRecord {
  outputs: { name: string; columns?: OutColumn[] }[];
  needs: { port: string; columns?: string[]; predicates: Predicate[]; limit?: bigint }[];
  prefetch: { port: string; paths: Uint32Array[] }[];
  drainFirst: string[];
  rowWise: boolean;
  extra: [string, string][];
}

export type Piece = { tag: "data"; val: Uint8Array } | { tag: "pause" } | { tag: "end" };

export interface SourceHandle {
  name(): string | undefined;
  size(): bigint | undefined;
  read(max: number): Piece;
  readAt(offset: bigint, max: number): Uint8Array;
}

export interface SinkHandle {
  position(): bigint;
  write(data: Uint8Array): void;
  flush(): void;
}

export interface ChunkRecord {
  batch: BatchHandle;
  firstRow: bigint;
  rows?: ColumnHandle;
  bad: { line?: bigint; raw: Uint8Array; reason: FailureRecord }[];
  position: Uint8Array;
}

export type Argument = { tag: "column"; val: ColumnHandle } | { tag: "scalar"; val: Scalar };

export interface GrouperHandle {
  assign(keys: ColumnHandle[]): ColumnHandle;
  count(): number;
  keys(): ColumnHandle[];
}

export interface AccumulatorHandle {
  resultType(): Tree;
  update(values: ColumnHandle[], groups: ColumnHandle, groupCount: number): void;
  state(): ColumnHandle[];
  merge(states: ColumnHandle[], groups: ColumnHandle, groupCount: number): void;
  finish(): ColumnHandle;
}

export interface MatchesHandle {
  next(maxRows: number): [ColumnHandle, ColumnHandle] | undefined;
}

export interface JoinerHandle {
  build(keys: ColumnHandle[]): void;
  probe(keys: ColumnHandle[], kind: "inner" | "outer" | "semi" | "anti"): MatchesHandle;
  unmatched(): ColumnHandle;
}

export interface ExpressionHandle {
  columns(): ArrayLike<number>;
  resultType(): Tree;
  predicates(): Predicate[];
  evaluate(input: BatchHandle): Outcome;
}

/** Everything that the host offers; a world may leave parts of it out. */
export interface Host {
  data: {
    Column: { create(of: Tree, levels: Buffers[]): ColumnHandle };
    Batch: {
      of(schema: SchemaRecord, rows: number, columns: ColumnHandle[]): BatchHandle;
      concat(parts: BatchHandle[]): BatchHandle;
    };
  };
  compute: {
    resultType(name: string, args: Tree[], options: string): Tree;
    call(name: string, args: Argument[], options: string, only?: ColumnHandle): Outcome;
    reduce(name: string, argument: ColumnHandle, options: string): Scalar;
    sortIndices(keys: { column: ColumnHandle; descending: boolean; nullsFirst: boolean }[], limit?: number): ColumnHandle;
    Grouper: new (keys: Tree[]) => GrouperHandle;
    Accumulator: new (name: string, inputs: Tree[], options: string) => AccumulatorHandle;
    Joiner: new (keys: Tree[]) => JoinerHandle;
  };
  sql: { Expression: new (text: string, schema: SchemaRecord) => ExpressionHandle };
  log: { write(level: "trace" | "debug" | "info" | "warn" | "error", message: string, fields: [string, string][]): void };
  config: { get(): string };
  checksums: { crc32(before: number, bytes: Uint8Array): number };
}

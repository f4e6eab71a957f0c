/** The pipeline's SQL, for plugins that take expressions as parameters. It needs the host: there is none in unit tests. */
import { type Batch, madeColumn } from "./batch.ts";
import type { Column } from "./expression.ts";
import { Failure, asked } from "./failure.ts";
import { drop, host, made } from "./host.ts";
import { type Schema, type Type, fromTree, toSchema } from "./types.ts";
import type { ExpressionHandle, Predicate } from "./wit.ts";

/** A parsed and type-checked expression over the columns of a schema. */
export class Expression {
  private readonly inner: ExpressionHandle;
  private readonly schema: Schema;

  constructor(text: string, schema: Schema) {
    this.schema = schema;
    this.inner = asked(() => new (host().sql.Expression)(text, toSchema(schema)));
  }
  /** The columns that it reads: for the binding's `needs`. */
  get columns(): string[] {
    return Array.from(this.inner.columns(), (at) => this.schema.fields[at].name);
  }
  /** The type of its values. */
  get type(): Type {
    return fromTree(this.inner.resultType());
  }
  /** What a reader could make of it: for the binding's `predicates`. */
  get predicates(): Predicate[] {
    return this.inner.predicates();
  }
  /** Its values for the rows of a batch; the first row that fails is thrown. */
  on(batch: Batch): Column {
    const { values, failed, first } = asked(() => this.inner.evaluate(batch.handle));
    if (failed && first) {
      drop(values);
      drop(failed);
      throw Failure.of(first);
    }
    return madeColumn(made(values));
  }
}

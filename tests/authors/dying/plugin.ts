/** A node that dies when its first batch comes. */
import { node } from "@jackfield/sdk";

const die = (_: bigint): bigint => {
  throw new Error("this node dies");
};

node("dying", { description: "Dies", parameters: {} }, (batch) => batch.withColumn("b", batch.col("a").map(die, "int64")));

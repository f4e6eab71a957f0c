/** {{title}}: keeps the rows whose column is above a number of minutes, and adds the column in hours. */
import { node, number, text } from "@jackfield/sdk";

node(
  "{{name}}",
  {
    description: "Keeps the rows whose column is above a number, and adds the column in hours",
    parameters: {
      column: text({ description: "A column of minutes" }),
      above: number({ description: "Rows at or below it are dropped", default: 60 }),
      into: text({ description: "The name of the column that is added", default: "hours" }),
    },
  },
  (batch, { column, above, into }) => {
    const minutes = batch.col(column);
    return batch.filter(minutes.gt(above)).withColumn(into, minutes.div(60));
  },
);

//! A node that adds the column `mph` to flights: what README.md and docs/plugins.md show.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, OutputPort, Params, Step, parse_type};

struct Speed;

impl Node for Speed {
    fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Speed)
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let flights = &inputs[0];
        for column in ["distance", "air_time"] {
            flights.schema.expect_index(column)?;
        }
        let out = OutputPort::passing("out", flights).made(parse_type("mph", "float64")?);
        Ok(Binding::new().output(out).needs("in", &["distance", "air_time"]).row_wise().keeps_rows())
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        let hours = batch.column("air_time")?.cast("float64")?.div(60.0)?;
        let miles = batch.column("distance")?.cast("float64")?;
        Ok(Step::made([miles.div(&hours)?]))
    }
}

jackfield_sdk::export_node!(Speed);

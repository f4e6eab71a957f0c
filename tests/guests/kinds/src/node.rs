//! Passes rows.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};

pub(crate) struct Pass;

impl Node for Pass {
    fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Pass)
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let none: [&str; 0] = [];
        Ok(Binding::passing(&inputs[0]).needs("in", &none).row_wise().keeps_rows())
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        Ok(Step::pass())
    }
}

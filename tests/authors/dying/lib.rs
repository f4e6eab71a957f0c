//! A node that dies when its first batch comes.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};

struct Dying;

impl Node for Dying {
    fn new(_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Dying)
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(Binding::passing(&inputs[0]))
    }

    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        panic!("this node dies");
    }
}

jackfield_sdk::nodes! { "dying" => Dying }

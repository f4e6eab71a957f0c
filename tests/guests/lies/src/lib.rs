//! Hands the host what is not true: `{ what }`. What the host says to it becomes the failure of `process`; where the host
//! believes it, that is the failure `accepted`. Lies of a step or a binding are only found out behind the call.

mod buffers;
mod steps;
mod trees;

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Lie {
    what: String,
}

impl Node for Lie {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        params.parse()
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(steps::binding(&self.what, &inputs[0])?)
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        if let Some(step) = steps::step(&self.what, batch)? {
            return Ok(step);
        }
        if !buffers::probe(&self.what, batch)? && !trees::probe(&self.what, batch)? {
            return Err(Failure::internal(format!("no lie is called `{}`", self.what)));
        }
        Err(Failure::invalid_input("accepted", format!("the host believed `{}`", self.what)))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        Ok(match self.what.as_str() {
            "change-in-finish" => Step::pass(),
            _ => Step::nothing(),
        })
    }
}

jackfield_sdk::export_node!(Lie);

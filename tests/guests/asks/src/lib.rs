//! A node that calls a service of another plugin for each batch, and logs the answer.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step, call_service, info};
use serde::Deserialize;

#[derive(Deserialize)]
struct Ask {
    #[serde(default = "service")]
    service: String,
    #[serde(default = "method")]
    method: String,
}

fn service() -> String {
    "answers/echo".to_owned()
}

fn method() -> String {
    "greet".to_owned()
}

impl Node for Ask {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        params.parse()
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(Binding::passing(&inputs[0]))
    }
    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        let payload = format!("{} rows", batch.rows());
        let answer = call_service(&self.service, &self.method, payload.as_bytes())?;
        info!("{}", String::from_utf8_lossy(&answer));
        Ok(Step::pass())
    }
}

jackfield_sdk::export_node!(Ask);

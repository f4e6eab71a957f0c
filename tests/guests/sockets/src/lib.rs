//! Imports `wasi:sockets`, because it connects.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
use std::net::TcpStream;

struct Connect;

impl Node for Connect {
    fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Connect)
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(Binding::passing(&inputs[0]))
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        let found = TcpStream::connect("127.0.0.1:22").map(drop);
        Err(Failure::invalid_input("connected", format!("{found:?}")))
    }
}

jackfield_sdk::export_node!(Connect);

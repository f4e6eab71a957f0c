//! Connects for each step, and tells what came of it, as a row for each step.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, InputPort, Node, OutputPort, Params, Schema, Step, parse_type,
};
use serde::Deserialize;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

#[derive(Deserialize)]
struct Wishes {
    steps: Vec<String>,
}

struct Connects {
    schema: Schema,
    steps: Vec<String>,
}

impl Node for Connects {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        let wishes: Wishes = params.parse()?;
        let schema = Schema::of([parse_type("step", "utf8")?, parse_type("seen", "utf8")?]);
        Ok(Connects { schema, steps: wishes.steps })
    }
    fn bind(&mut self, _inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let port = OutputPort::new("out").made(self.schema.tree(0)).made(self.schema.tree(1));
        Ok(Binding::new().output(port))
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        Ok(Step::nothing())
    }
    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let (mut steps, mut seen) = (TextBuilder::default(), TextBuilder::default());
        for step in &self.steps {
            steps.push(step.as_bytes());
            seen.push(carry_out(step).as_bytes());
        }
        let rows = steps.len() as u32;
        let steps = Column::of(&self.schema.tree(0), &[steps.finish()?])?;
        let seen = Column::of(&self.schema.tree(1), &[seen.finish()?])?;
        Ok(Step::from(Batch::of(&self.schema, rows, &[&steps, &seen])?))
    }
}

/// `connect HOST:PORT`, `listen HOST:PORT`, `udp HOST:PORT`.
fn carry_out(step: &str) -> String {
    let (verb, host) = step.split_once(' ').unwrap_or((step, ""));
    let result = match verb {
        "connect" => TcpStream::connect(host).and_then(|mut stream| {
            stream.write_all(b"hello\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text.trim_end().to_owned())
        }),
        "listen" => TcpListener::bind(host).map(|_| "listens".to_owned()),
        _ => UdpSocket::bind(host).map(|_| "bound".to_owned()),
    };
    result.unwrap_or_else(|error| format!("no: {:?}", error.kind()))
}

jackfield_sdk::export_node!(Connects);

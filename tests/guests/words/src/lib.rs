//! Says what a terminal would obey, wherever a plugin says something: `{ what }`.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, OutputPort, Params, Step, parse_type, warn};
use serde::Deserialize;

/// Sets the clipboard, clears the screen, goes to the start of the line, turns the direction of writing, and colours.
const EVIL: &str = "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\r\u{202e}evil\u{9b}31m";

#[derive(Deserialize)]
struct Words {
    what: String,
}

fn evil(code: &str) -> Failure {
    Failure::invalid_input(code, format!("a message {EVIL}"))
        .with_column(format!("column {EVIL}"))
        .with_help(format!("help {EVIL}"))
}

impl Node for Words {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        params.parse()
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        match self.what.as_str() {
            "bind" => Err(vec![evil(EVIL)]),
            "column" => {
                let made = parse_type(&format!("name{EVIL}"), "int64")?;
                Ok(Binding::new().output(OutputPort::passing("out", &inputs[0]).made(made)))
            }
            _ => Ok(Binding::passing(&inputs[0])),
        }
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        warn!("{}", EVIL);
        match self.what.as_str() {
            "failure" => Err(evil("on-purpose")),
            "panic" => panic!("{EVIL}"),
            "reject" => {
                let all = batch.column_at(0)?.is_null()?;
                let all = all.or(&all.not()?)?;
                Ok(Step::pass().reject(all, evil("on-purpose")))
            }
            "port" => Ok(Step::nothing().emit(EVIL, batch.share())),
            "column" => Ok(Step::made([batch.column_at(0)?.share()])),
            _ => Ok(Step::pass()),
        }
    }
}

jackfield_sdk::export_node!(Words);

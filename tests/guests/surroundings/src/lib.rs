//! Tells what of its surroundings a plugin can see, as a row for each thing tried, in place of its input.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, InputPort, Node, OutputPort, Params, Schema, Step, parse_type,
};
use std::time::SystemTime;
use std::{env, fs};

struct LookAround {
    schema: Schema,
}

impl Node for LookAround {
    fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Ok(LookAround { schema: Schema::of([parse_type("what", "utf8")?, parse_type("seen", "utf8")?]) })
    }
    fn bind(&mut self, _inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let port = OutputPort::new("out").made(self.schema.tree(0)).made(self.schema.tree(1));
        Ok(Binding::new().output(port))
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        Ok(Step::nothing())
    }
    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let (mut what, mut seen) = (TextBuilder::default(), TextBuilder::default());
        for (name, text) in look() {
            what.push(name.as_bytes());
            seen.push(text.as_bytes());
        }
        let rows = what.len() as u32;
        let what = Column::of(&self.schema.tree(0), &[what.finish()?])?;
        let seen = Column::of(&self.schema.tree(1), &[seen.finish()?])?;
        Ok(Step::from(Batch::of(&self.schema, rows, &[&what, &seen])?))
    }
}

fn look() -> Vec<(&'static str, String)> {
    let file = |path: &str| match fs::read_to_string(path) {
        Ok(text) => format!("{} bytes", text.len()),
        Err(error) => format!("no: {:?}", error.kind()),
    };
    let folder = match fs::read_dir("/") {
        Ok(entries) => format!("{} entries", entries.count()),
        Err(error) => format!("no: {:?}", error.kind()),
    };
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    vec![
        ("arguments", env::args().count().to_string()),
        ("environment", env::vars().count().to_string()),
        ("passwd", file("/etc/passwd")),
        ("dotdot", file("../../../../etc/passwd")),
        ("root", folder),
        ("write", format!("{:?}", fs::write("/tmp/jackfield-was-here", "x").map_err(|error| error.kind()))),
        ("clock", clock.as_secs().to_string()),
    ]
}

jackfield_sdk::export_node!(LookAround);

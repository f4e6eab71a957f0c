//! Shows what a plugin can read: for each column of each batch a row with its buffers in hex. Behind a filter or a slice
//! nothing of the rows that went may be among them.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, InputPort, Node, OutputPort, Params, Schema, Step, parse_type,
};

const NAMES: [&str; 4] = ["column", "validity", "offsets", "values"];

struct Peek {
    schema: Schema,
}

impl Node for Peek {
    fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        let columns: Result<Vec<_>, Failure> = NAMES.iter().map(|name| parse_type(name, "utf8")).collect();
        Ok(Peek { schema: Schema::of(columns?) })
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let port = (0..NAMES.len() as u32).fold(OutputPort::new("out"), |port, i| port.made(self.schema.tree(i)));
        // Everything is prefetched too, for what comes that way is compared with what is read.
        let paths = (0..inputs[0].schema.len() as u32).map(|index| vec![index]);
        Ok(Binding::new().output(port).prefetch(&inputs[0].name, paths))
    }
    fn process(&mut self, _port: &str, batch: &Batch, columns: &[Buffers]) -> Result<Step, Failure> {
        let mut builders = [(); 4].map(|()| TextBuilder::default());
        for (index, name) in batch.schema().names().enumerate() {
            let read = batch.column_at(index as u32)?.buffers()?;
            let prefetched = &columns[index];
            if shown(&read) != shown(prefetched) {
                return Err(Failure::internal(format!("`{name}` reads differently from what was prefetched")));
            }
            builders[0].push(name.as_bytes());
            for (builder, text) in builders[1..].iter_mut().zip(shown(&read)) {
                builder.push_option(text.as_deref().map(str::as_bytes));
            }
        }
        let rows = builders[0].len() as u32;
        let mut made = Vec::new();
        for (index, builder) in builders.into_iter().enumerate() {
            made.push(Column::of(&self.schema.tree(index as u32), &[builder.finish()?])?);
        }
        let made: Vec<&Column> = made.iter().collect();
        Ok(Step::from(Batch::of(&self.schema, rows, &made)?))
    }
}

fn shown(level: &Buffers) -> [Option<String>; 3] {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [level.validity.as_deref().map(hex), level.offsets.as_deref().map(hex), Some(hex(&level.values))]
}

jackfield_sdk::export_node!(Peek);

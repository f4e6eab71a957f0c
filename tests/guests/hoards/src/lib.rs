//! Wears out what the host holds for a plugin, until it is told no: `{ what }`. The host's failure is handed on.

use jackfield_sdk::builders::{PrimitiveBuilder, TextBuilder};
use jackfield_sdk::compute::Grouper;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, Field, InputPort, Node, Params, Step, column, info, parse_type,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Handles,
    Slices,
    Batches,
    Groups,
    Selections,
    Text,
    Kernels,
    Log,
    Escapes,
}

#[derive(Deserialize)]
struct Hoard {
    what: What,
    #[serde(skip)]
    batches: Vec<Batch<'static>>,
}

impl Node for Hoard {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        params.parse()
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(Binding::passing(&inputs[0]))
    }
    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        match self.what {
            What::Handles => handles(&batch.column_at(0)?),
            What::Slices => slices(batch),
            // Every batch it ever saw.
            What::Batches => self.batches.push(batch.share()),
            What::Groups => groups()?,
            What::Selections => return selections(batch),
            What::Text => text(batch.rows())?,
            What::Kernels => kernels(batch.rows())?,
            What::Log => (0..1_000_000).for_each(|line| info!("line {line} of a million")),
            What::Escapes => info!("\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\rjackfield: all is well"),
        }
        Ok(Step::pass())
    }
}

fn handles(column: &Column) {
    let mut held = Vec::new();
    loop {
        held.push(column.share());
    }
}

fn slices(batch: &Batch) {
    let mut held = Vec::new();
    while let Ok(slice) = batch.slice(0, batch.rows()) {
        held.push(slice);
    }
}

/// Endless distinct keys of 1 KiB.
fn groups() -> Result<(), Failure> {
    let tree = parse_type("key", "utf8")?;
    let grouper = Grouper::new(std::slice::from_ref(&tree))?;
    for number in 0u64.. {
        let mut keys = TextBuilder::default();
        for row in 0..1024 {
            keys.push(format!("{:01024}", number * 1024 + row).as_bytes());
        }
        grouper.assign(&[&Column::of(&tree, &[keys.finish()?])?])?;
    }
    Ok(())
}

/// A million selections, one on top of the other.
fn selections(batch: &Batch) -> Result<Step, Failure> {
    let all = batch.column_at(0)?.is_null()?;
    let all = all.or(&all.not()?)?;
    let mut batch = batch.share();
    for turn in 0..1_000_000 {
        batch = if turn % 2 == 0 { batch.filter(&all)? } else { batch.slice(0, batch.rows())? };
    }
    Ok(Step::from(batch))
}

/// Text that would be more than 2 GiB, and then more than the limit.
fn text(rows: u32) -> Result<(), Failure> {
    let mut long = TextBuilder::default();
    (0..rows).for_each(|_| long.push(&[b'a'; 64]));
    let tree = parse_type("text", "utf8")?;
    let mut text = Column::of(&tree, &[long.finish()?])?;
    loop {
        let options =
            r#"{"pattern": "a", "replacement": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
        text = column::whole(column::call("utf8_replace", &[(&text).into()], options)?)?;
    }
}

/// A costly kernel over a long column, over and over.
fn kernels(rows: u32) -> Result<(), Failure> {
    let mut numbers = PrimitiveBuilder::<f64>::with_capacity(rows as usize);
    numbers.extend_from_slice(&vec![1.5; rows.max(1_000_000) as usize]);
    let tree: Vec<Field> = parse_type("number", "float64")?;
    let mut number = Column::of(&tree, &[numbers.finish()])?;
    loop {
        number = column::whole(column::call("power", &[(&number).into(), 1.0000001.into()], "")?)?;
    }
}

jackfield_sdk::export_node!(Hoard);

//! Bindings and steps that contradict one another or the input.

use jackfield_sdk::builders::PrimitiveBuilder;
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Schema, Step, parse_type};

pub(crate) fn binding(what: &str, input: &InputPort) -> Result<Binding, Failure> {
    let number = || parse_type("made", "int64");
    let port = match what {
        "made-length" | "made-type" | "made-missing" => OutputPort::passing("out", input).made(number()?),
        "passed-index" => OutputPort::new("out").pass("in", 1_000_000, None),
        "empty-names" => OutputPort::new("out").made(parse_type("", "int64")?).made(parse_type("", "int64")?),
        "cyclic-binding" => {
            let mut tree = parse_type("made", "list<int64>")?;
            tree[0].children = vec![0];
            OutputPort::new("out").made(tree)
        }
        _ => OutputPort::passing("out", input),
    };
    let binding = Binding::new().output(port);
    let none: [&str; 0] = [];
    Ok(if what == "not-demanded" { binding.needs(&input.name, &none) } else { binding })
}

/// `None` where the lie is not one of a step.
pub(crate) fn step(what: &str, batch: &Batch) -> Result<Option<Step>, Failure> {
    let rows = batch.rows() as usize;
    Ok(Some(match what {
        "made-length" => Step::made([numbers(rows + 1)?]),
        "made-type" => Step::made([numbers(rows)?.cast("utf8")?]),
        "made-missing" | "change-in-finish" | "passed-index" | "empty-names" | "cyclic-binding" => Step::pass(),
        "made-extra" => Step::made([numbers(rows)?]),
        "mask-type" => Step::keep(numbers(rows)?),
        "mask-length" => Step::keep(numbers(rows + 1)?.gt(0)?),
        "batch-schema" => {
            let schema = Schema::of([parse_type("surprise", "int64")?]);
            Step::from(Batch::of(&schema, batch.rows(), &[&numbers(rows)?])?)
        }
        "port" => Step::nothing().emit("elsewhere", batch.share()),
        "reject-length" => {
            let reason = Failure::invalid_input("on-purpose", "rejected on purpose");
            Step::pass().reject(numbers(rows + 1)?.ge(0)?, reason)
        }
        "failure-row" => {
            let failure = Failure::invalid_input("on-purpose", "this row is far beyond the batch").with_row(u64::MAX);
            return Err(failure.with_offset(u32::MAX).with_parameter("/no/such/~2pointer"));
        }
        _ => return Ok(None),
    }))
}

pub(crate) fn numbers(rows: usize) -> Result<Column, Failure> {
    let mut numbers = PrimitiveBuilder::<i64>::with_capacity(rows);
    (0..rows as i64).for_each(|number| numbers.push(number));
    let tree: Vec<Field> = parse_type("made", "int64")?;
    Column::of(&tree, &[numbers.finish()])
}

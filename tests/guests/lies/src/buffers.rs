//! Row numbers, lengths and buffers that are not what they claim.

use crate::steps::numbers;
use jackfield_sdk::{Batch, Buffers, Column, Failure, Schema, column, exchange, parse_type};

/// Tells the lie, if it is one of these.
pub(crate) fn probe(what: &str, batch: &Batch) -> Result<bool, Failure> {
    let rows = batch.rows();
    match what {
        "take-beyond" => _ = batch.take(&numbers(rows as usize + 5)?.cast("uint64")?)?.column_at(0)?.buffers()?,
        "slice-beyond" => _ = batch.slice(rows, u32::MAX)?,
        "column-beyond" => _ = batch.column_at(u32::MAX)?,
        "not-demanded" => _ = batch.column_at(0)?.buffers()?,
        "unequal-columns" => {
            let schema = Schema::of([parse_type("a", "int64")?, parse_type("b", "int64")?]);
            Batch::of(&schema, 3, &[&numbers(3)?, &numbers(4)?])?;
        }
        "offsets-beyond" => make("utf8", text(&[0, 3, 1_000_000]))?,
        "offsets-falling" => make("utf8", text(&[0, 3, 1]))?,
        "offsets-negative" => make("utf8", text(&[-1, 0, 3]))?,
        "not-utf8" => make("utf8", Buffers { values: vec![0xff, 0xfe, 0xfd], ..text(&[0, 1, 3]) })?,
        "split-utf8" => make("utf8", Buffers { values: "é!".into(), ..text(&[0, 1, 3]) })?,
        "null-count" => {
            let validity = Some(vec![0b01]);
            make("utf8", Buffers { null_count: 0, validity, ..text(&[0, 1, 3]) })?;
        }
        "short-values" => make("int64", Buffers { length: 1000, ..level() })?,
        "huge-length" => make("int64", Buffers { length: u32::MAX, ..level() })?,
        "level-count" => {
            Column::of(&parse_type("made", "list<int64>")?, &[text(&[0, 1, 3])])?;
        }
        "child-length" => {
            let items = Buffers { length: 1, values: vec![0; 8], ..level() };
            Column::of(&parse_type("made", "list<int64>")?, &[text(&[0, 1, 3]), items])?;
        }
        "ipc" => {
            let mut ipc = exchange::to_ipc(&[batch.raw()])?;
            let middle = ipc.len() / 2;
            ipc[middle..].iter_mut().for_each(|byte| *byte = !*byte);
            exchange::from_ipc(&ipc)?;
        }
        "ipc-noise" => {
            exchange::from_ipc(&[0xff; 64])?;
        }
        "pattern" => {
            let options = format!(r#"{{"pattern": "{}"}}"#, "(a*)*".repeat(13_000));
            column::call("match_substring_regex", &[(&numbers(3)?.cast("utf8")?).into()], &options)?;
        }
        "unknown-function" => _ = column::call("no_such_kernel", &[(&numbers(3)?).into()], "")?,
        "wrong-arguments" => _ = column::call("add", &[(&numbers(3)?).into()], "")?,
        "wrong-options" => _ = column::call("cast", &[(&numbers(3)?).into()], "[1, {")?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn level() -> Buffers {
    Buffers { length: 0, null_count: 0, validity: None, offsets: None, values: Vec::new() }
}

/// Two values of three bytes together.
fn text(offsets: &[i32]) -> Buffers {
    let offsets = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    Buffers { length: 2, offsets: Some(offsets), values: b"abc".to_vec(), ..level() }
}

fn make(data_type: &str, level: Buffers) -> Result<(), Failure> {
    Column::of(&parse_type("made", data_type)?, &[level]).map(drop)
}

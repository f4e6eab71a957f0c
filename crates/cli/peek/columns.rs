//! The columns of a file, one on a line, with examples of their values.

use super::{Seen, cell, shown_fields, table};
use crate::output::Output;
use crate::pipeline::printable;
use crate::summary::count;

/// So many different values are shown of each.
const EXAMPLES: usize = 4;

pub(super) fn list(seen: &Seen, output: &Output) -> String {
    let shown = shown_fields(seen);
    let width = |of: &dyn Fn(&super::Shown) -> String, title: &str| {
        shown.iter().map(|column| of(column).chars().count()).max().unwrap_or(0).max(title.len())
    };
    let name = |column: &super::Shown| table::cut(&printable(&column.name));
    let kind = |column: &super::Shown| table::cut(&printable(&column.kind));
    let (names, kinds) = (width(&name, "column"), width(&kind, "type"));
    let of = format!("nulls in {}", count(seen.rows.len() as u64));
    let row = |name: &str, kind: &str, nulls: &str, examples: &str| {
        let (name, kind) = (table::padded(name, names, false), table::padded(kind, kinds, false));
        let nulls = table::padded(nulls, of.len(), true);
        format!("{name}  {kind}  {nulls}  {examples}").trim_end().to_owned()
    };
    let mut text = format!("{}\n", output.bold(&row("column", "type", &of, "examples")));
    let room = output.width().saturating_sub(names + kinds + of.len() + 6).max(20);
    for column in &shown {
        let values: Vec<Option<String>> = seen.rows.iter().map(|row| cell(row.get(&column.name))).collect();
        let nulls = values.iter().filter(|value| value.is_none()).count() as u64;
        let mut examples: Vec<&str> = Vec::new();
        for value in values.iter().flatten() {
            let length: usize = examples.iter().map(|example| example.chars().count() + 2).sum();
            if !examples.contains(&value.as_str()) && length + value.chars().count() <= room {
                examples.push(value);
            }
            if examples.len() == EXAMPLES {
                break;
            }
        }
        let line = row(&name(column), &kind(column), &count(nulls), &examples.join(", "));
        text.push_str(&line);
        text.push('\n');
    }
    text
}

//! A table that fits the terminal: what is too wide goes on below, what is too long is cut.

use serde_json::{Map, Value as Json};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Shown, cell};
use crate::output::Output;
use crate::pipeline::printable;

/// The widest cell, in columns of the terminal.
const WIDEST: usize = 40;

/// Columns of the terminal between two cells.
const GAP: usize = 2;

/// A column with all its cells.
struct Column {
    name: String,
    kind: String,
    right: bool,
    /// `None`: null.
    cells: Vec<Option<String>>,
    width: usize,
}

/// The rows as a table with names and types above.
pub(super) fn rows(shown: &[Shown], rows: &[Map<String, Json>], output: &Output) -> String {
    let columns: Vec<Column> = shown.iter().map(|shown| column(shown, rows)).collect();
    fold(&columns, rows.len(), output.width(), output)
}

fn column(shown: &Shown, rows: &[Map<String, Json>]) -> Column {
    let name = cut(&printable(&shown.name));
    let kind = cut(&printable(&shown.kind));
    let cells: Vec<Option<String>> = rows.iter().map(|row| cell(row.get(&shown.name)).map(|text| cut(&text))).collect();
    let widest = cells.iter().map(|cell| cell.as_deref().map_or(NULL.len(), UnicodeWidthStr::width)).max();
    let width = widest.unwrap_or(0).max(name.width()).max(kind.width());
    Column { name, kind, right: shown.numeric, cells, width }
}

const NULL: &str = "null";

/// Blocks of columns, one below the other, each as wide as the terminal at most. With several, rows are numbered.
fn fold(columns: &[Column], rows: usize, width: usize, output: &Output) -> String {
    let numbers = rows.to_string().len();
    let total: usize = columns.iter().map(|column| column.width + GAP).sum();
    let folded = total > width + GAP;
    let room = if folded { width.saturating_sub(numbers + GAP) } else { usize::MAX };
    let mut text = String::new();
    let mut block: Vec<&Column> = Vec::new();
    let mut used = 0;
    for column in columns {
        if !block.is_empty() && used + column.width > room {
            text.push_str(&drawn(&block, rows, folded.then_some(numbers), output));
            text.push('\n');
            block.clear();
            used = 0;
        }
        used += column.width + GAP;
        block.push(column);
    }
    text.push_str(&drawn(&block, rows, folded.then_some(numbers), output));
    text
}

fn drawn(block: &[&Column], rows: usize, numbers: Option<usize>, output: &Output) -> String {
    let margin = numbers.map_or_else(String::new, |width| " ".repeat(width + GAP));
    let line = |of: &dyn Fn(&Column) -> String| {
        let cells: Vec<String> = block.iter().map(|column| of(column)).collect();
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    let names = line(&|column| output.bold(&padded(&column.name, column.width, column.right)));
    let kinds = line(&|column| output.dim(&padded(&column.kind, column.width, column.right)));
    let mut text = format!("{margin}{names}\n{margin}{kinds}\n");
    for row in 0..rows {
        if let Some(width) = numbers {
            text.push_str(&output.dim(&format!("{:>width$}", row + 1)));
            text.push_str(&" ".repeat(GAP));
        }
        text.push_str(&line(&|column| match column.cells.get(row).and_then(Option::as_deref) {
            Some(value) => padded(value, column.width, column.right),
            None => output.dim(&padded(NULL, column.width, column.right)),
        }));
        text.push('\n');
    }
    text
}

/// A text with blanks to this width in columns of the terminal.
pub(super) fn padded(text: &str, width: usize, right: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
}

/// A text of bounded width, with a mark where it was cut.
pub(super) fn cut(text: &str) -> String {
    if text.width() <= WIDEST {
        return text.to_owned();
    }
    let mut width = 1;
    let fits = |character: &char| {
        width += character.width().unwrap_or(0);
        width <= WIDEST
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(padded("日本", 6, false), "日本  ");
        assert_eq!(padded("日本", 6, true), "  日本");
        let long = "日".repeat(30);
        assert_eq!(cut(&long).width(), 39, "a mark, and 19 characters of two columns each");
        assert_eq!(cut("short"), "short");
    }
}

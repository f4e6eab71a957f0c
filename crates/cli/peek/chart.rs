//! Bars of blocks, lying down, with what they stand for on the left and how many on the right.

use unicode_width::UnicodeWidthStr;

use super::table::padded;
use crate::output::Output;
use crate::summary::count;

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    /// What it stands for.
    pub(super) label: String,
    /// Rows.
    pub(super) rows: u64,
}

/// Parts of a block, an eighth to the whole.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The chart. `right`: labels are numbers and stand at the right.
pub(super) fn draw(bars: &[Bar], right: bool, ascii: bool, output: &Output) -> String {
    let labels = bars.iter().map(|bar| bar.label.width()).max().unwrap_or(0);
    let counts = bars.iter().map(|bar| count(bar.rows).len()).max().unwrap_or(0);
    let most = bars.iter().map(|bar| bar.rows).max().unwrap_or(0).max(1);
    let room = output.width().saturating_sub(labels + counts + 4).clamp(10, 60);
    let mut text = String::new();
    for bar in bars {
        let label = padded(&bar.label, labels, right);
        let drawn = block(bar.rows, most, room, ascii);
        let number = padded(&count(bar.rows), counts, true);
        let blanks = " ".repeat(room.saturating_sub(drawn.chars().count()));
        text.push_str(&format!("{label}  {}{blanks}  {number}\n", output.cyan(&drawn)));
    }
    text
}

/// A bar of `rows`, where `most` is as long as there is room. What is not nothing is seen.
fn block(rows: u64, most: u64, room: usize, ascii: bool) -> String {
    if rows == 0 {
        return String::new();
    }
    let share = rows as f64 / most as f64 * room as f64;
    if ascii {
        return "#".repeat((share.round() as usize).clamp(1, room));
    }
    let eighths = ((share * 8.0).round() as usize).clamp(1, room * 8);
    let mut text = "█".repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1).and_then(|part| EIGHTHS.get(part)) {
        text.push(*part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion() {
        assert_eq!(block(10, 10, 4, false), "████");
        assert_eq!(block(5, 10, 4, false), "██");
        assert_eq!(block(1, 32, 4, false), "▏");
        assert_eq!(block(1, 1_000_000, 4, false), "▏", "a single row is seen");
        assert_eq!(block(0, 10, 4, false), "");
        assert_eq!(block(5, 10, 4, true), "##");
        assert_eq!(block(0, 10, 4, true), "");
    }
}

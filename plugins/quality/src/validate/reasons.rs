//! Why a row is wrong, in words.

use super::Broken;
use jackfield_kit::values::{call, single};
use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{Batch, Buffers, Column, DataType, Failure, Field};
use serde_json::json;

/// The most characters of a value that a reason shows.
const SHOWN: usize = 60;

/// A text for each row of the batch: null where `wrong`, of which `mask` is the column, is false.
pub(super) fn column(batch: &Batch, broken: &[&Broken], wrong: &[bool], mask: &Column) -> Result<Column, Failure> {
    let values: Result<Vec<Option<Buffers>>, Failure> =
        broken.iter().map(|broken| broken.rule.shown.map(|index| texts(batch, index, mask)).transpose()).collect();
    let values = values?;
    let mut builder = TextBuilder::default();
    let mut place = 0;
    for (row, wrong) in wrong.iter().enumerate() {
        if !wrong {
            builder.push_null();
            continue;
        }
        let mut first = true;
        for (broken, values) in broken.iter().zip(&values) {
            if broken.rows.get(row).copied().unwrap_or(false) {
                if !first {
                    builder.open().extend_from_slice(b"; ");
                }
                first = false;
                let value = values.as_ref().and_then(|values| values.text(place));
                builder.open().extend_from_slice(reason(&broken.rule.before, value, &broken.rule.behind).as_bytes());
            }
        }
        builder.close(true);
        place += 1;
    }
    Column::of(&[Field::new("reason", DataType::Utf8)], &[builder.finish()?])
}

/// The values of a column in the wrong rows, as text.
fn texts(batch: &Batch, index: u32, mask: &Column) -> Result<Buffers, Failure> {
    let column = single(&batch.column_at(index)?)?.filter(mask)?.column_at(0)?;
    let options = json!({ "to_type": "utf8", "safe": true }).to_string();
    call("cast", &[(&column).into()], &options)?.buffers()
}

/// `` `age` is -1, less than 0``.
fn reason(before: &str, value: Option<&str>, behind: &str) -> String {
    let Some(value) = value else { return format!("{before}{behind}") };
    let mut characters = value.chars();
    let shown: String = characters.by_ref().take(SHOWN).collect();
    let dots = if characters.next().is_some() { "…" } else { "" };
    format!("{before} is {shown}{dots}{behind}")
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn long_values_are_cut() {
        assert_eq!(reason("`age`", Some("-1"), ", less than 0"), "`age` is -1, less than 0");
        assert_eq!(reason("`age` is null", None, ""), "`age` is null");
        assert_eq!(reason("`a`", Some(&"é".repeat(61)), "").chars().count(), "`a` is ".len() + 61);
    }
}

//! Parts of texts by numbers of characters.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Int64Type};

use super::{Run, Value, bytes_of};
use crate::Failure;
use crate::compute::Argument;
use crate::sql::tree::Typed;

impl Run<'_> {
    pub(super) fn substring(
        &mut self,
        part: &str,
        arguments: &[Typed],
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let types: Vec<DataType> = arguments.iter().map(|argument| argument.data_type.clone()).collect();
        let (values, faults) = self.arguments(arguments, only)?;
        let mut columns = Vec::with_capacity(values.len());
        for (value, data_type) in values.into_iter().zip(&types) {
            columns.push(self.column(value, data_type)?);
        }
        let missing = || Failure::internal("type-mismatch", "an argument is missing");
        let texts = columns.first().and_then(|c| c.as_string_opt::<i32>()).ok_or_else(missing)?;
        let first = columns.get(1).and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or_else(missing)?;
        let second = columns.get(2).and_then(|c| c.as_primitive_opt::<Int64Type>());
        self.room(bytes_of(texts))?;
        let mut out = StringBuilder::with_capacity(texts.len(), 0);
        for row in 0..texts.len() {
            if texts.is_null(row) || first.is_null(row) || second.is_some_and(|second| second.is_null(row)) {
                out.append_null();
                continue;
            }
            let text = texts.value(row);
            let count = first.value(row);
            out.append_value(match part {
                "left" => head(text, count),
                "right" => tail(text, count),
                _ => middle(text, count, second.map(|second| second.value(row))),
            });
        }
        Ok(Value { argument: Argument::Column(Arc::new(out.finish())), faults })
    }
}

fn count(text: &str) -> i64 {
    if text.is_ascii() { text.len() as i64 } else { text.chars().count() as i64 }
}

/// The characters from `start`, included, to `end`, not included, counted from 0.
fn between(text: &str, start: i64, end: i64) -> &str {
    let byte = |at: i64| {
        let at = usize::try_from(at).unwrap_or(0);
        if text.is_ascii() {
            at.min(text.len())
        } else {
            text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte)
        }
    };
    if start >= end { "" } else { text.get(byte(start)..byte(end)).unwrap_or_default() }
}

fn head(text: &str, wanted: i64) -> &str {
    let end = if wanted < 0 { count(text).saturating_add(wanted) } else { wanted };
    between(text, 0, end)
}

fn tail(text: &str, wanted: i64) -> &str {
    let all = count(text);
    let start = if wanted < 0 { wanted.saturating_neg() } else { (all - wanted.min(all)).max(0) };
    between(text, start, all)
}

/// As DuckDB's substring: from 1, or from -1 at the end; a negative length goes backwards.
fn middle(text: &str, offset: i64, length: Option<i64>) -> &str {
    let all = count(text);
    let mut length = length.unwrap_or(i64::MAX);
    let start = match offset {
        1.. => (offset - 1).min(all),
        0 => {
            length = length.saturating_sub(1);
            if length <= 0 {
                return "";
            }
            0
        }
        // What lies before the first character counts as well.
        _ => {
            let start = all.saturating_add(offset);
            length = length.saturating_add(if length < 0 { 0 } else { start.min(0) });
            if start < 0 && length <= 0 {
                return "";
            }
            start.max(0)
        }
    };
    if length >= 0 {
        between(text, start, start.saturating_add(length).min(all))
    } else {
        between(text, start.saturating_add(length).max(0), start)
    }
}

#[cfg(test)]
mod tests {
    use super::{head, middle, tail};

    #[test]
    fn counts_characters_from_either_end() {
        assert_eq!(middle("hello", 2, Some(3)), "ell");
        assert_eq!(middle("hello", -3, Some(2)), "ll");
        assert_eq!(middle("hello", 0, Some(2)), "h");
        assert_eq!(
            (middle("hello", -7, Some(3)), middle("hello", -7, Some(2)), middle("hello", -7, None)),
            ("h", "", "hello")
        );
        assert_eq!(middle("grün!", 3, None), "ün!");
        assert_eq!(middle("hello", 4, Some(-2)), "el");
        assert_eq!(middle("hello", 9, Some(i64::MAX)), "");
        assert_eq!(middle("hello", i64::MIN, Some(i64::MIN)), "");
        assert_eq!((head("grün", 3), head("grün", -1), tail("grün", 2), tail("grün", -1)), ("grü", "grü", "ün", "rün"));
    }
}

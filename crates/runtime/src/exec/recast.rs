//! Columns in the types of their source, where a reader gives others: what does not convert is a bad row.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use jackfield_columns::{Failure, Unmetered, compute, type_name};
use jackfield_host::BadRow;

/// What the user can do about a value that does not convert.
pub(super) const CONVERTED: &str = "give the column a type in `schema` of the source that holds all of its values, or leave such rows out with on-error";

/// So many rows of a batch are asked one by one why they fail.
const ASKED: usize = 500;

/// The rows with a value that does not convert, each with the first reason.
#[derive(Debug, Default)]
pub(super) struct Recast {
    failed: BTreeMap<usize, Failure>,
}

impl Recast {
    /// The column in another type.
    ///
    /// # Errors
    /// Nothing of the one type converts to the other.
    pub(super) fn column(&mut self, name: &str, column: ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
        if column.data_type() == to {
            return Ok(column);
        }
        let outcome = cast(column.clone(), to)?;
        let Some(failed) = &outcome.failed else { return Ok(outcome.values) };
        let rows = (0..failed.len()).filter(|row| failed.is_valid(*row) && failed.value(*row));
        for (number, row) in rows.enumerate() {
            let own = if number < ASKED { cast(column.slice(row, 1), to)?.first } else { None };
            let reason = own
                .or_else(|| outcome.first.clone())
                .unwrap_or_else(|| Failure::invalid_input("invalid-cast", format!("a value is no {}", type_name(to))));
            self.failed.entry(row).or_insert_with(|| reason.with_column(name));
        }
        Ok(outcome.values)
    }

    /// The rows that are well, if any is not.
    pub(super) fn kept(&self, rows: usize) -> Option<BooleanArray> {
        (!self.failed.is_empty()).then(|| (0..rows).map(|row| Some(!self.failed.contains_key(&row))).collect())
    }

    /// The others, among the first so many rows.
    pub(super) fn bad_rows(self, rows: usize, record: impl Fn(usize) -> u64) -> impl Iterator<Item = BadRow> {
        self.failed.into_iter().take_while(move |(row, _)| *row < rows).map(move |(row, reason)| {
            let message = format!("record {}: {}", record(row) + 1, reason.message);
            BadRow { line: None, raw: Vec::new(), reason: Failure { message, row: None, ..reason } }
        })
    }
}

fn cast(column: ArrayRef, to: &DataType) -> Result<compute::Outcome, Failure> {
    let options = serde_json::json!({ "to_type": type_name(to) }).to_string();
    let rows = column.len();
    compute::call("cast", &[compute::Argument::Column(column)], &options, rows, None, &mut Unmetered)
}

/// A column in a type that all of its values have to convert to.
///
/// # Errors
/// A value that does not.
pub(super) fn whole(column: ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
    if column.data_type() == to {
        return Ok(column);
    }
    let outcome = cast(column, to)?;
    match outcome.first {
        Some(first) => Err(Failure { help: Some(CONVERTED.to_owned()), ..first }),
        None => Ok(outcome.values),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn values_that_do_not_convert_are_bad_rows_with_reasons_of_their_own() {
        let mut recast = Recast::default();
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("1"), Some("two"), None, Some("4"), Some("five")]));
        let same: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]));
        assert_eq!(recast.column("n", same, &DataType::Int64).unwrap().len(), 5);
        assert_eq!(recast.kept(5), None);
        let made = recast.column("x", text, &DataType::Int64).unwrap();
        assert_eq!((made.data_type(), made.null_count()), (&DataType::Int64, 3));
        let kept: Vec<bool> = recast.kept(5).unwrap().values().iter().collect();
        assert_eq!(kept, [true, false, true, true, false]);
        let told: Vec<String> = recast.bad_rows(4, |row| row as u64 + 10).map(|bad| bad.reason.message).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("record 12: ") && told[0].contains("two"), "{told:?}");
    }
}

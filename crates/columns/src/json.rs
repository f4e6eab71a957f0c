//! Rows as JSON, by the vocabulary's rules for JSON Lines.
//!
//! | type | JSON |
//! |---|---|
//! | integers, floats | number in the shortest form that reads back (`2.0` stays `2.0`); non-finite floats null |
//! | decimals | number where a float64 holds all digits, else text |
//! | utf8; binary | text; text in base64 |
//! | date, time | `2013-01-31`, `23:59:59` |
//! | timestamp | `2013-01-31T23:59:59`; with `Z` in UTC, with an offset in other zones |
//! | duration, interval | text, as Arrow casts it |
//! | list, struct | array, object |
//! | map | object where keys are text, else an array of `{"key", "value"}` |
//!
//! Times have three, six or nine digits of a fraction, as many as are needed, and none where it is zero. A time that no
//! calendar holds is its bare number.

mod time;
mod value;

use arrow::array::{Array, ArrayRef};
use serde_json::{Map, Value};

use crate::{Batch, Failure, Meter, Unmetered};

/// One row as a JSON object, columns in order. Columns that were not demanded are left out.
///
/// # Errors
/// `out-of-bounds` where there is no such row.
pub fn row_to_json(batch: &Batch, row: usize) -> Result<Value, Failure> {
    if row >= batch.rows() {
        let message = format!("row {row} of a batch of {} rows", batch.rows());
        return Err(Failure::invalid_input("out-of-bounds", message));
    }
    let one = batch.slice(row, 1)?;
    let columns = read_columns(&one, &mut Unmetered)?;
    Ok(object(&columns, 0))
}

/// Appends all rows as JSON Lines. Columns that were not demanded are left out.
///
/// # Errors
/// What the meter says.
pub fn write_rows(batch: &Batch, out: &mut Vec<u8>, meter: &mut dyn Meter) -> Result<(), Failure> {
    for part in batch.parts() {
        let columns = read_columns(&part, meter)?;
        for row in 0..part.rows() {
            let before = out.len();
            serde_json::to_writer(&mut *out, &object(&columns, row))
                .map_err(|error| Failure::internal("internal", error.to_string()))?;
            out.push(b'\n');
            meter.work((out.len() - before) as u64)?;
        }
    }
    Ok(())
}

fn read_columns(batch: &Batch, meter: &mut dyn Meter) -> Result<Vec<(String, ArrayRef)>, Failure> {
    let demanded = batch.schema().fields().iter().enumerate().filter(|(index, _)| batch.demanded(*index));
    demanded.map(|(index, field)| Ok((field.name().clone(), batch.column(index, meter)?))).collect()
}

fn object(columns: &[(String, ArrayRef)], row: usize) -> Value {
    let members = columns.iter().map(|(name, array)| (name.clone(), value::of(array.as_ref() as &dyn Array, row)));
    Value::Object(members.collect::<Map<_, _>>())
}

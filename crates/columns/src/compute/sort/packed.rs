//! Keys that take few bits together: the values of each column become numbers from 0 in their order (numbers by what they
//! are above the smallest, text of few different values by its place among these), and all of them side by side make one
//! number for each row. Comparing two of them is one instruction, where rows of bytes have to be fetched.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use super::super::group::Grouper;
use super::super::order::{by_digits, head, is_few};
use super::{SortKey, by_rows, ordered_numbers};
use crate::{Failure, Meter};

/// Rows between looks at the deadline and at the number of different values.
const STEP: usize = 1 << 16;

/// Different texts that are put into order for their places.
const MOST_TEXTS: usize = 1 << 16;

/// The values of a column as numbers in the order of its key.
struct Codes {
    values: Vec<u64>,
    bits: u32,
}

/// The order of the rows, the first `limit` of it; `None` where the keys take too many bits.
pub(super) fn order(
    columns: &[ArrayRef],
    keys: &[SortKey],
    limit: usize,
    meter: &mut dyn Meter,
) -> Result<Option<Vec<u32>>, Failure> {
    let rows = columns.first().map_or(0, |column| column.len());
    let mut all = Vec::with_capacity(columns.len());
    let mut bits = 0;
    for (column, key) in columns.iter().zip(keys) {
        let Some(codes) = codes(column, key, meter)? else { return Ok(None) };
        bits += codes.bits;
        if bits > u128::BITS {
            return Ok(None);
        }
        all.push(codes);
    }
    meter.allocate(rows as u64 * 16)?;
    meter.work(rows as u64 * all.len() as u64 / 4)?;
    let order = if bits <= u64::BITS {
        let mut packed = vec![0_u64; rows];
        for codes in &all {
            for (packed, value) in packed.iter_mut().zip(&codes.values) {
                *packed = packed.checked_shl(codes.bits).unwrap_or(0) | value;
            }
        }
        if is_few(limit, rows) {
            let item = |row: usize| packed.get(row).map(|packed| (*packed, row as u32));
            head(rows, item, limit, Ord::cmp, meter)?.into_iter().map(|(_, row)| row).collect()
        } else {
            let mut order = by_digits(rows, |row| packed.get(row).copied(), bits, meter)?;
            order.truncate(limit);
            order
        }
    } else {
        let mut packed = vec![0_u128; rows];
        for codes in &all {
            for (packed, value) in packed.iter_mut().zip(&codes.values) {
                *packed = *packed << codes.bits | u128::from(*value);
            }
        }
        let item = |row: usize| packed.get(row).map(|packed| (*packed, row as u32));
        head(rows, item, limit, Ord::cmp, meter)?.into_iter().map(|(_, row)| row).collect()
    };
    Ok(Some(order))
}

fn codes(column: &ArrayRef, key: &SortKey, meter: &mut dyn Meter) -> Result<Option<Codes>, Failure> {
    meter.allocate(column.len() as u64 * 8)?;
    let values = match column.data_type() {
        DataType::Boolean => Some(column.as_boolean().values().iter().map(u64::from).collect()),
        DataType::Utf8 | DataType::Binary => places(column, meter)?,
        _ => ordered_numbers(column),
    };
    let Some(mut values) = values else { return Ok(None) };
    let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
    let (mut least, mut most) = (u64::MAX, 0);
    match nulls {
        None => values.iter().for_each(|value| (least, most) = (least.min(*value), most.max(*value))),
        Some(nulls) => {
            for row in nulls.valid_indices() {
                let value = values.get(row).copied().unwrap_or_default();
                (least, most) = (least.min(value), most.max(value));
            }
        }
    }
    let range = most.saturating_sub(least);
    let Some(last) = range.checked_add(u64::from(nulls.is_some())) else { return Ok(None) };
    // Room for null is before the values, or behind them.
    let shift = u64::from(nulls.is_some() && key.nulls_first);
    for value in &mut values {
        // What stands under a null may be anything, and is replaced below.
        let place = if key.descending { most.wrapping_sub(*value) } else { value.wrapping_sub(least) };
        *value = place.wrapping_add(shift);
    }
    if let Some(nulls) = nulls {
        let null = if key.nulls_first { 0 } else { last };
        for (value, valid) in values.iter_mut().zip(nulls.iter()) {
            if !valid {
                *value = null;
            }
        }
    }
    Ok(Some(Codes { values, bits: u64::BITS - last.leading_zeros() }))
}

/// The place of each row's text among the different ones; `None` where these are many.
fn places(column: &ArrayRef, meter: &mut dyn Meter) -> Result<Option<Vec<u64>>, Failure> {
    let mut grouper = Grouper::new(&[column.data_type().clone()])?;
    let mut groups = Vec::with_capacity(column.len());
    for from in (0..column.len()).step_by(STEP) {
        let part = column.slice(from, STEP.min(column.len() - from));
        groups.extend(grouper.run(&[part], true, meter)?);
        let count = grouper.count() as usize;
        if count > MOST_TEXTS || count > groups.len() / 8 + 64 {
            return Ok(None);
        }
    }
    let mut texts = grouper.keys(meter)?;
    let Some(texts) = texts.pop() else { return Ok(None) };
    let key = SortKey { column: texts.clone(), descending: false, nulls_first: true };
    let order = by_rows(std::slice::from_ref(&texts), &[key], texts.len(), meter)?;
    let mut places = vec![0; texts.len()];
    for (place, group) in (0_u64..).zip(order) {
        if let Some(slot) = places.get_mut(group as usize) {
            *slot = place;
        }
    }
    Ok(Some(groups.into_iter().map(|group| places.get(group as usize).copied().unwrap_or_default()).collect()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Date32Array, Float64Array, Int64Array, StringArray};

    use super::*;
    use crate::Unmetered;

    fn columns(rows: u64) -> Vec<ArrayRef> {
        let random = |row: u64, salt: u64| (row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ salt.wrapping_mul(77)) >> 40;
        let some = |row: u64, salt: u64| (random(row, salt) % 5 != 0).then(|| random(row, salt + 100));
        let texts = ["", "a", "ab", "b", "é", "a\0"];
        let numbers = |salt| (0..rows).map(move |row| some(row, salt));
        let text = |number: u64| texts.get(number as usize % texts.len()).copied().unwrap_or_default();
        vec![
            Arc::new(numbers(1).map(|number| number.map(|number| number as i64 % 7 - 3)).collect::<Int64Array>()),
            Arc::new(numbers(2).map(|number| number.map(text)).collect::<StringArray>()),
            Arc::new(numbers(3).map(|number| number.map(|number| number % 2 == 0)).collect::<BooleanArray>()),
            Arc::new(numbers(4).map(|number| number.map(|number| number as f64 / 8.0 - 1e6)).collect::<Float64Array>()),
            Arc::new(numbers(5).map(|number| number.map(|number| number as i32 % 40)).collect::<Date32Array>()),
            Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| i64::MIN + row % 3))),
            Arc::new(Int64Array::from(vec![None; rows as usize])),
        ]
    }

    #[test]
    fn packed_keys_order_as_rows_of_bytes_do() {
        for rows in [0, 1, 2, 500, 70_000] {
            let columns = columns(rows);
            for choice in [&[0][..], &[1], &[0, 1], &[1, 2, 0], &[2, 4, 6, 1], &[5, 0], &[3, 5], &[3, 0, 1, 2, 4]] {
                for (descending, nulls_first) in [(false, false), (false, true), (true, false), (true, true)] {
                    let chosen: Vec<ArrayRef> = choice.iter().map(|index| Arc::clone(&columns[*index])).collect();
                    let key = |(number, column): (usize, &ArrayRef)| SortKey {
                        column: Arc::clone(column),
                        descending: descending != (number == 1),
                        nulls_first,
                    };
                    let keys: Vec<SortKey> = chosen.iter().enumerate().map(key).collect();
                    for limit in [rows as usize, 10] {
                        let found = order(&chosen, &keys, limit, &mut Unmetered).unwrap();
                        let expected = by_rows(&chosen, &keys, limit, &mut Unmetered).unwrap();
                        assert!(found.as_ref().is_some_and(|found| *found == expected), "{choice:?} {rows} {limit}");
                    }
                }
            }
        }
    }

    #[test]
    fn keys_of_many_bits_are_left_to_others() {
        let wide: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX, 0]));
        let key = SortKey { column: Arc::clone(&wide), descending: false, nulls_first: false };
        let three = [Arc::clone(&wide), Arc::clone(&wide), wide];
        assert!(order(&three, &[key.clone(), key.clone(), key], 3, &mut Unmetered).unwrap().is_none());
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..1000).map(|row| row.to_string())));
        let key = SortKey { column: Arc::clone(&texts), descending: false, nulls_first: false };
        assert!(order(&[texts], &[key], 1000, &mut Unmetered).unwrap().is_none());
    }
}

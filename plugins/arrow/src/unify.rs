//! Dictionaries that only grow: a file has one for each column, to which batches may add.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array, make_array};
use arrow_data::ArrayData;
use arrow_schema::{DataType, SchemaRef};
use arrow_select::concat::concat;
use arrow_select::take::take;
use jackfield_sdk::Failure;
use std::collections::HashMap;

/// The values of a column so far.
#[derive(Debug)]
struct Known {
    values: ArrayRef,
    places: HashMap<Option<Vec<u8>>, usize>,
}

/// The dictionaries of a file.
#[derive(Debug)]
pub(crate) struct Unify {
    schema: SchemaRef,
    columns: Vec<Option<Known>>,
}

impl Unify {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|_| None).collect();
        Unify { schema, columns }
    }

    /// The batch with its dictionaries in terms of the file's.
    ///
    /// # Errors
    /// More values than the keys can count.
    pub(crate) fn batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Failure> {
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (column, known) in batch.columns().iter().zip(&mut self.columns) {
            columns.push(match column.data_type() {
                DataType::Dictionary(_, values) if !values.is_nested() => unified(column, known)?,
                _ => column.clone(),
            });
        }
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(wrong)
    }
}

fn unified(column: &ArrayRef, known: &mut Option<Known>) -> Result<ArrayRef, Failure> {
    let dictionary = column.as_any_dictionary();
    let values = dictionary.values();
    let known = known.get_or_insert_with(|| Known { values: values.slice(0, 0), places: HashMap::new() });
    let data = values.to_data();
    let mut places = Vec::with_capacity(values.len());
    let mut added = Vec::new();
    for index in 0..values.len() {
        let next = known.places.len();
        let place = *known.places.entry(bytes(&data, index)).or_insert_with(|| {
            added.push(index as u32);
            next
        });
        places.push(place);
    }
    if !added.is_empty() {
        let added = take(values, &UInt32Array::from(added), None).map_err(wrong)?;
        known.values = concat(&[&known.values, &added]).map_err(wrong)?;
    }
    let DataType::Dictionary(key, _) = column.data_type() else { return Ok(column.clone()) };
    let width = key.primitive_width().unwrap_or(8);
    let most = if key.is_unsigned_integer() { u64::MAX >> (64 - 8 * width) } else { u64::MAX >> (65 - 8 * width) };
    if known.values.len() as u64 > most.saturating_add(1) {
        let message =
            format!("a dictionary of all batches has {} values, more than its keys can count", known.values.len());
        return Err(Failure::invalid_config("type-mismatch", message)
            .with_help("cast the column to utf8, or say kind = \"stream\""));
    }
    let keys = dictionary.keys();
    let normalized = if values.is_empty() { vec![0; keys.len()] } else { dictionary.normalized_keys() };
    let mut moved = Vec::with_capacity(keys.len() * width);
    for (row, key) in normalized.into_iter().enumerate() {
        let place = if keys.is_null(row) { 0 } else { places.get(key).copied().unwrap_or(0) };
        moved.extend_from_slice((place as u64).to_le_bytes().get(..width).unwrap_or_default());
    }
    let data = ArrayData::builder(column.data_type().clone())
        .len(keys.len())
        .nulls(keys.nulls().cloned())
        .align_buffers(true)
        .add_buffer(arrow_buffer::Buffer::from_vec(moved))
        .add_child_data(known.values.to_data());
    Ok(make_array(data.build().map_err(wrong)?))
}

/// What makes a value the same as another one; `None` is null.
fn bytes(data: &ArrayData, index: usize) -> Option<Vec<u8>> {
    if data.is_null(index) {
        return None;
    }
    let at = data.offset() + index;
    let buffer = |number: usize| data.buffers().get(number).map(|buffer| buffer.as_slice()).unwrap_or_default();
    let range = match data.data_type() {
        DataType::Utf8 | DataType::Binary => {
            let offsets = data.buffers().first().map(|buffer| buffer.typed_data::<i32>()).unwrap_or_default();
            let (from, to) = (offsets.get(at).copied().unwrap_or(0), offsets.get(at + 1).copied().unwrap_or(0));
            return Some(buffer(1).get(from as usize..to as usize).unwrap_or_default().to_vec());
        }
        DataType::LargeUtf8 | DataType::LargeBinary => {
            let offsets = data.buffers().first().map(|buffer| buffer.typed_data::<i64>()).unwrap_or_default();
            let (from, to) = (offsets.get(at).copied().unwrap_or(0), offsets.get(at + 1).copied().unwrap_or(0));
            return Some(buffer(1).get(from as usize..to as usize).unwrap_or_default().to_vec());
        }
        DataType::Boolean => return Some(vec![buffer(0).get(at / 8).map_or(0, |byte| byte >> (at % 8) & 1)]),
        DataType::FixedSizeBinary(width) => usize::try_from(*width).unwrap_or(0),
        of => of.primitive_width().unwrap_or(0),
    };
    Some(buffer(0).get(at * range..(at + 1) * range).unwrap_or_default().to_vec())
}

fn wrong(error: arrow_schema::ArrowError) -> Failure {
    Failure::internal(format!("a dictionary cannot be put together: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::DictionaryArray;
    use arrow_array::types::Int8Type;
    use arrow_schema::{Field, Schema};
    use std::sync::Arc;

    #[test]
    fn batches_share_a_dictionary_that_only_grows() {
        let column = |values: Vec<Option<&str>>| -> ArrayRef {
            Arc::new(values.into_iter().collect::<DictionaryArray<Int8Type>>())
        };
        let of = column(vec![]).data_type().clone();
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("d", of, true)]));
        let mut unify = Unify::new(schema.clone());
        let mut seen = Vec::new();
        for values in [vec![Some("b"), None, Some("a")], vec![Some("c"), Some("b")], vec![], vec![Some("a")]] {
            let batch = RecordBatch::try_new(schema.clone(), vec![column(values.clone())]).unwrap();
            let unified = unify.batch(&batch).unwrap();
            let dictionary = unified.column(0).as_dictionary::<Int8Type>();
            let texts = dictionary.downcast_dict::<arrow_array::StringArray>().unwrap();
            assert_eq!(texts.into_iter().collect::<Vec<_>>(), values);
            let words: Vec<_> = dictionary.values().as_string::<i32>().iter().flatten().map(str::to_owned).collect();
            assert!(words.starts_with(&seen), "{words:?} after {seen:?}");
            seen = words;
        }
        assert_eq!(seen, ["b", "a", "c"]);
    }
}

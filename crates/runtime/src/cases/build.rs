//! Columns out of JSON values, by their types: the rows that people write into cases.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, FixedSizeBinaryBuilder, FixedSizeListArray, Int64Array, LargeListArray, ListArray,
    MapArray, StringArray, StructArray, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use jackfield_columns::{Batch, type_name};
use serde_json::{Map, Value as Json};

use crate::lifecycle::base64;

/// A row: its columns' values; what is missing is null.
pub(super) type Row = Map<String, Json>;

/// A batch of these rows.
///
/// # Errors
/// The first value that is none of its column's type, or a column that is not there, in words.
pub(super) fn batch(schema: &SchemaRef, rows: &[Row]) -> Result<Batch, String> {
    for (number, row) in rows.iter().enumerate() {
        if let Some(unknown) = row.keys().find(|name| schema.index_of(name).is_err()) {
            return Err(format!("row {} has a column `{unknown}`, which the schema does not name", number + 1));
        }
    }
    let columns: Result<Vec<ArrayRef>, String> = schema
        .fields()
        .iter()
        .map(|field| {
            let values: Vec<&Json> = rows.iter().map(|row| row.get(field.name()).unwrap_or(&Json::Null)).collect();
            column(field.data_type(), &values).map_err(|why| format!("column {}: {why}", field.name()))
        })
        .collect();
    Batch::of(schema.clone(), rows.len(), columns?).map_err(|failure| failure.message)
}

/// One column.
///
/// # Errors
/// The first value that is none of the type.
pub(super) fn column(wanted: &DataType, values: &[&Json]) -> Result<ArrayRef, String> {
    let nulls = || NullBuffer::from_iter(values.iter().map(|value| !value.is_null()));
    let wrong = |value: &Json| format!("{value} is no {}", type_name(wanted));
    let arrow = |error: arrow::error::ArrowError| error.to_string();
    match wanted {
        DataType::Null => match values.iter().find(|value| !value.is_null()) {
            Some(value) => Err(wrong(value)),
            None => Ok(new_null_array(wanted, values.len())),
        },
        DataType::Utf8 | DataType::LargeUtf8 => {
            let texts: Result<StringArray, String> =
                values.iter().map(|value| text_of(value).ok_or_else(|| wrong(value))).collect();
            cast(&texts?, wanted).map_err(arrow)
        }
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            let bytes = values.iter().map(|value| match value {
                Json::Null => Ok(None),
                Json::String(text) => base64::decode(text).map(Some).ok_or_else(|| format!("{value} is not base64")),
                other => Err(wrong(other)),
            });
            let bytes = bytes.collect::<Result<Vec<Option<Vec<u8>>>, String>>()?;
            if let DataType::FixedSizeBinary(width) = wanted {
                let mut builder = FixedSizeBinaryBuilder::with_capacity(bytes.len(), *width);
                for value in &bytes {
                    match value {
                        Some(value) => builder.append_value(value).map_err(arrow)?,
                        None => builder.append_null(),
                    }
                }
                return Ok(Arc::new(builder.finish()));
            }
            cast(&BinaryArray::from_iter(bytes), wanted).map_err(arrow)
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            let mut items = Vec::new();
            let mut ends = vec![0i32];
            for value in values {
                match value {
                    Json::Null => {
                        if let DataType::FixedSizeList(_, size) = wanted {
                            items.extend((0..*size).map(|_| &Json::Null));
                        }
                    }
                    Json::Array(list) => items.extend(list),
                    other => return Err(wrong(other)),
                }
                ends.push(i32::try_from(items.len()).map_err(|_| "too many items".to_owned())?);
            }
            let children = column(item.data_type(), &items)?;
            Ok(match wanted {
                DataType::List(_) => {
                    let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                    Arc::new(ListArray::try_new(item.clone(), offsets, children, Some(nulls())).map_err(arrow)?)
                }
                DataType::LargeList(_) => {
                    let ends: Vec<i64> = ends.into_iter().map(i64::from).collect();
                    let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                    Arc::new(LargeListArray::try_new(item.clone(), offsets, children, Some(nulls())).map_err(arrow)?)
                }
                DataType::FixedSizeList(_, size) => {
                    let list = FixedSizeListArray::try_new(item.clone(), *size, children, Some(nulls()));
                    Arc::new(list.map_err(arrow)?)
                }
                _ => return Err(format!("no values of {} can be written", type_name(wanted))),
            })
        }
        DataType::Struct(fields) => {
            let children = members(fields, values).map_err(|value| value.map_or_else(String::new, |v| wrong(&v)))?;
            Ok(Arc::new(StructArray::try_new(fields.clone(), children, Some(nulls())).map_err(arrow)?))
        }
        DataType::Map(entries, _) => {
            map(entries, values, nulls()).map_err(|why| why.unwrap_or_else(|| wrong(&Json::Null)))
        }
        DataType::Dictionary(_, inner) => cast(&column(inner, values)?, wanted).map_err(arrow),
        DataType::Duration(_) => {
            let numbers: Result<Int64Array, String> = values
                .iter()
                .map(|value| match value {
                    Json::Null => Ok(None),
                    other => other.as_i64().map(Some).ok_or_else(|| format!("{} (write its number)", wrong(other))),
                })
                .collect();
            cast(&numbers?, wanted).map_err(arrow)
        }
        _ => leaf(wanted, values),
    }
}

/// Numbers, booleans and times: read from their text, as the host reads them elsewhere.
fn leaf(wanted: &DataType, values: &[&Json]) -> Result<ArrayRef, String> {
    let texts: Vec<Option<String>> = values
        .iter()
        .map(|value| match value {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        })
        .collect();
    let texts = StringArray::from_iter(texts);
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let read = cast_with_options(&texts, wanted, &options).map_err(|error| error.to_string())?;
    match (0..values.len()).find(|row| read.is_null(*row) && texts.is_valid(*row)) {
        Some(row) => Err(format!("{} is no {}", values.get(row).unwrap_or(&&Json::Null), type_name(wanted))),
        None => Ok(read),
    }
}

fn text_of(value: &Json) -> Option<Option<String>> {
    match value {
        Json::Null => Some(None),
        Json::String(text) => Some(Some(text.clone())),
        _ => None,
    }
}

/// The columns of a struct; the value that is none, if one is not.
fn members(fields: &Fields, values: &[&Json]) -> Result<Vec<ArrayRef>, Option<Json>> {
    if let Some(value) = values.iter().find(|value| !value.is_null() && !value.is_object()) {
        return Err(Some((*value).clone()));
    }
    let each = |field: &Arc<Field>| {
        let values: Vec<&Json> = values.iter().map(|value| value.get(field.name()).unwrap_or(&Json::Null)).collect();
        column(field.data_type(), &values).map_err(|_| values.into_iter().find(|value| !value.is_null()).cloned())
    };
    fields.iter().map(each).collect()
}

/// Maps, written as tables, or as lists of `{ key, value }`.
fn map(entries: &Arc<Field>, values: &[&Json], nulls: NullBuffer) -> Result<ArrayRef, Option<String>> {
    let DataType::Struct(fields) = entries.data_type() else { return Err(None) };
    let (mut keys, mut items, mut ends) = (Vec::new(), Vec::new(), vec![0i32]);
    for value in values {
        match value {
            Json::Null => {}
            Json::Object(object) => {
                for (key, item) in object {
                    keys.push(Json::String(key.clone()));
                    items.push(item.clone());
                }
            }
            Json::Array(pairs) => {
                for pair in pairs {
                    keys.push(pair.get("key").cloned().unwrap_or(Json::Null));
                    items.push(pair.get("value").cloned().unwrap_or(Json::Null));
                }
            }
            other => return Err(Some(format!("{other} is no map"))),
        }
        ends.push(i32::try_from(keys.len()).map_err(|_| None)?);
    }
    let [key, item] = fields.as_ref() else { return Err(None) };
    let keys = column(key.data_type(), &keys.iter().collect::<Vec<_>>())?;
    let items = column(item.data_type(), &items.iter().collect::<Vec<_>>())?;
    let wrong = |error: arrow::error::ArrowError| Some(error.to_string());
    let inside = StructArray::try_new(fields.clone(), vec![keys, items], None).map_err(wrong)?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
    let map = MapArray::try_new(entries.clone(), offsets, inside, Some(nulls), false).map_err(wrong)?;
    Ok(Arc::new(map))
}

/// The schema of rows that come without one: columns in the order in which they appear.
///
/// # Errors
/// Values of a column that fit no type together.
pub(super) fn inferred(rows: &[Row]) -> Result<SchemaRef, String> {
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let field = |name: &String| {
        let values: Vec<&Json> = rows.iter().filter_map(|row| row.get(name)).collect();
        let data_type = type_of(&values).map_err(|why| format!("column {name}: {why}"))?;
        Ok(Field::new(name, data_type, true))
    };
    let fields: Result<Vec<Field>, String> = names.into_iter().map(field).collect();
    Ok(Arc::new(Schema::new(fields?)))
}

fn type_of(values: &[&Json]) -> Result<DataType, String> {
    let present: Vec<&Json> = values.iter().filter(|value| !value.is_null()).copied().collect();
    let all = |is: fn(&Json) -> bool| present.iter().all(|value| is(value));
    if present.is_empty() {
        Ok(DataType::Null)
    } else if all(Json::is_boolean) {
        Ok(DataType::Boolean)
    } else if all(|value| value.is_i64()) {
        Ok(DataType::Int64)
    } else if all(Json::is_number) {
        Ok(DataType::Float64)
    } else if all(Json::is_string) {
        Ok(DataType::Utf8)
    } else if all(Json::is_array) {
        let items: Vec<&Json> = present.iter().filter_map(|value| value.as_array()).flatten().collect();
        Ok(DataType::new_list(type_of(&items)?, true))
    } else if all(Json::is_object) {
        let rows: Vec<Row> = present.iter().filter_map(|value| value.as_object().cloned()).collect();
        Ok(DataType::Struct(inferred(&rows)?.fields().clone()))
    } else {
        Err("its values have several types; say them with `schema`".to_owned())
    }
}

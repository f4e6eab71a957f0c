//! The Avro schema of columns: all nullable, and named as Avro wants names.

use jackfield_sdk::Failure;
use jackfield_values::types::{Kind, Type, Unit};
use serde_json::{Value, json};

/// The schema of rows with these columns.
///
/// # Errors
/// All names that Avro does not allow, or a type that it lacks.
pub(crate) fn of(columns: &[(String, Type)]) -> Result<Value, Failure> {
    let wrong: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).filter(|name| !is_name(name)).collect();
    if let Some(first) = wrong.first() {
        let message = format!("Avro has no fields with names like `{}`", wrong.join("`, `"));
        return Err(Failure::invalid_config("invalid-name", message)
            .with_column(*first)
            .with_help("rename the columns: a name has letters, digits and `_`, and begins with no digit"));
    }
    let mut fields = Vec::with_capacity(columns.len());
    for (name, of) in columns {
        let of = nullable(of, name, &format!("row_{name}"))?;
        fields.push(json!({ "name": name, "type": of, "default": null }));
    }
    Ok(json!({ "type": "record", "name": "row", "fields": fields }))
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn nullable(of: &Type, column: &str, path: &str) -> Result<Value, Failure> {
    match of.kind {
        Kind::Null => Ok(json!("null")),
        _ => Ok(json!(["null", shape(of, column, path)?])),
    }
}

/// The schema of a type that is not null. `path` makes names unique, as Avro wants those of records and fixed.
fn shape(of: &Type, column: &str, path: &str) -> Result<Value, Failure> {
    let child = |number: usize| of.children.get(number).map(|(_, child)| child);
    let refused = |message: String, help: &str| {
        let message = format!("the column `{column}`: {message}");
        Err(Failure::invalid_config("type-mismatch", message).with_column(column).with_help(help))
    };
    let zone = |of: &Option<String>| if of.is_some() { "" } else { "local-" };
    Ok(match &of.kind {
        Kind::Null => json!("null"),
        Kind::Boolean => json!("boolean"),
        Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Uint8 | Kind::Uint16 => json!("int"),
        Kind::Int64 | Kind::Uint32 | Kind::Uint64 => json!("long"),
        Kind::Float16 | Kind::Float32 => json!("float"),
        Kind::Float64 => json!("double"),
        Kind::Utf8 | Kind::LargeUtf8 => json!("string"),
        Kind::Binary | Kind::LargeBinary => json!("bytes"),
        Kind::FixedSizeBinary(size) => json!({ "type": "fixed", "name": format!("{path}_fixed"), "size": size }),
        Kind::Decimal128(precision, scale) | Kind::Decimal256(precision, scale) if *scale >= 0 => {
            json!({ "type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale })
        }
        Kind::Date32 | Kind::Date64 => json!({ "type": "int", "logicalType": "date" }),
        Kind::Time32(_) => json!({ "type": "int", "logicalType": "time-millis" }),
        Kind::Time64(_) => json!({ "type": "long", "logicalType": "time-micros" }),
        Kind::Timestamp(unit, of) => {
            let name = match unit {
                Unit::Second | Unit::Millisecond => "timestamp-millis",
                Unit::Microsecond => "timestamp-micros",
                Unit::Nanosecond => "timestamp-nanos",
            };
            json!({ "type": "long", "logicalType": format!("{}{name}", zone(of)) })
        }
        Kind::List | Kind::LargeList | Kind::FixedSizeList(_) => {
            let item = child(0).ok_or_else(|| Failure::internal("a list has no items"))?;
            json!({ "type": "array", "items": nullable(item, column, &format!("{path}_item"))? })
        }
        Kind::Struct => {
            let mut fields = Vec::with_capacity(of.children.len());
            for (name, field) in &of.children {
                if !is_name(name) {
                    let help = "rename the field, or write the column as text";
                    return refused(format!("Avro has no fields with names like `{name}`"), help);
                }
                let of = nullable(field, column, &format!("{path}_{name}"))?;
                fields.push(json!({ "name": name, "type": of, "default": null }));
            }
            json!({ "type": "record", "name": path, "fields": fields })
        }
        Kind::Map => {
            let entry = child(0).map(|entries| entries.children.as_slice());
            match entry {
                Some([(_, key), (_, value)]) if matches!(key.kind, Kind::Utf8 | Kind::LargeUtf8) => {
                    json!({ "type": "map", "values": nullable(value, column, &format!("{path}_value"))? })
                }
                _ => return refused("keys of Avro's maps are text".to_owned(), "cast the column to utf8"),
            }
        }
        Kind::Dictionary(_) => {
            let values = child(0).ok_or_else(|| Failure::internal("a dictionary has no values"))?;
            shape(values, column, path)?
        }
        Kind::Decimal128(..) | Kind::Decimal256(..) => {
            return refused(
                "Avro has no decimals with a negative scale".to_owned(),
                "cast the column to another decimal",
            );
        }
        Kind::Duration(_) | Kind::Interval(_) => {
            let help = "cast the column to int64, or to utf8";
            return refused(format!("Avro has no type for {}", of.name()), help);
        }
    })
}

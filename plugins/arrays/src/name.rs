//! Types as people write them, as the host does.

use arrow_schema::{DataType, Fields, IntervalUnit, TimeUnit};

/// The name of a type that plugins see.
pub fn type_name(of: &DataType) -> String {
    let word = match of {
        DataType::Null => "null",
        DataType::Boolean => "bool",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float16 => "float16",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Utf8 => "utf8",
        DataType::LargeUtf8 => "large-utf8",
        DataType::Binary => "binary",
        DataType::LargeBinary => "large-binary",
        DataType::Date32 => "date",
        DataType::Date64 => "date64",
        DataType::Interval(IntervalUnit::MonthDayNano) => "interval",
        DataType::Interval(IntervalUnit::YearMonth) => "interval[year-month]",
        DataType::Interval(IntervalUnit::DayTime) => "interval[day-time]",
        DataType::Time64(TimeUnit::Microsecond) => "time",
        DataType::Duration(TimeUnit::Microsecond) => "duration",
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp",
        _ => return longer(of),
    };
    word.to_owned()
}

fn longer(of: &DataType) -> String {
    match of {
        DataType::Time32(unit) | DataType::Time64(unit) => format!("time[{}]", short(*unit)),
        DataType::Duration(unit) => format!("duration[{}]", short(*unit)),
        DataType::Timestamp(unit, None) => format!("timestamp[{}]", short(*unit)),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => format!("timestamp[{zone}]"),
        DataType::Timestamp(unit, Some(zone)) => format!("timestamp[{}, {zone}]", short(*unit)),
        DataType::FixedSizeBinary(width) => format!("fixed-size-binary({width})"),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Decimal256(precision, scale) if *precision > 38 => format!("decimal({precision},{scale})"),
        DataType::Decimal256(precision, scale) => format!("decimal256({precision},{scale})"),
        DataType::List(item) => format!("list<{}>", type_name(item.data_type())),
        DataType::LargeList(item) => format!("large-list<{}>", type_name(item.data_type())),
        DataType::FixedSizeList(item, size) => format!("fixed-size-list<{}, {size}>", type_name(item.data_type())),
        DataType::Struct(fields) => format!("struct<{}>", members(fields)),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                let types: Vec<String> = fields.iter().map(|field| type_name(field.data_type())).collect();
                format!("map<{}>", types.join(", "))
            }
            _ => "map".to_owned(),
        },
        DataType::Dictionary(key, value) => format!("dictionary<{}, {}>", type_name(key), type_name(value)),
        other => other.to_string().to_lowercase(),
    }
}

fn members(fields: &Fields) -> String {
    let member = |name: &str| {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
    };
    let members = fields.iter().map(|field| format!("{}: {}", member(field.name()), type_name(field.data_type())));
    members.collect::<Vec<_>>().join(", ")
}

fn short(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

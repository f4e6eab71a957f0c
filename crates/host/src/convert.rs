//! Between the generated records and the plain types of `jackfield_columns`. Buffers are moved, never copied.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_columns::compute::Scalar;
use jackfield_columns::{
    Buffers, DictionaryKey, Failure, FailureKind, FlatField, FlatType, IntervalUnit, Predicate, TimeUnit,
    field_from_tree, flat_from_schema, schema_from_flat, tree_from_field,
};

use crate::Demand;
use crate::bindings::jackfield::plugin::types as wit;

pub(crate) fn failure_to_wit(failure: Failure) -> wit::Failure {
    let kind = match failure.kind {
        FailureKind::InvalidInput => wit::FailureKind::InvalidInput,
        FailureKind::InvalidConfig => wit::FailureKind::InvalidConfig,
        FailureKind::Denied => wit::FailureKind::Denied,
        FailureKind::Limit => wit::FailureKind::Limit,
        FailureKind::Unavailable => wit::FailureKind::Unavailable,
        FailureKind::Cancelled => wit::FailureKind::Cancelled,
        FailureKind::Internal => wit::FailureKind::Internal,
        FailureKind::Other => wit::FailureKind::Other,
    };
    let Failure { code, message, row, column, parameter, offset, help, .. } = failure;
    wit::Failure { kind, code, message, row, column, parameter, offset, help }
}

pub(crate) fn failure_from_wit(failure: wit::Failure) -> Failure {
    let kind = match failure.kind {
        wit::FailureKind::InvalidInput => FailureKind::InvalidInput,
        wit::FailureKind::InvalidConfig => FailureKind::InvalidConfig,
        wit::FailureKind::Denied => FailureKind::Denied,
        wit::FailureKind::Limit => FailureKind::Limit,
        wit::FailureKind::Unavailable => FailureKind::Unavailable,
        wit::FailureKind::Cancelled => FailureKind::Cancelled,
        wit::FailureKind::Internal => FailureKind::Internal,
        wit::FailureKind::Other => FailureKind::Other,
    };
    let wit::Failure { code, message, row, column, parameter, offset, help, .. } = failure;
    Failure { kind, code, message, row, column, parameter, offset, help }
}

fn unit_to_wit(unit: TimeUnit) -> wit::TimeUnit {
    match unit {
        TimeUnit::Second => wit::TimeUnit::Second,
        TimeUnit::Millisecond => wit::TimeUnit::Millisecond,
        TimeUnit::Microsecond => wit::TimeUnit::Microsecond,
        TimeUnit::Nanosecond => wit::TimeUnit::Nanosecond,
    }
}

fn unit_from_wit(unit: wit::TimeUnit) -> TimeUnit {
    match unit {
        wit::TimeUnit::Second => TimeUnit::Second,
        wit::TimeUnit::Millisecond => TimeUnit::Millisecond,
        wit::TimeUnit::Microsecond => TimeUnit::Microsecond,
        wit::TimeUnit::Nanosecond => TimeUnit::Nanosecond,
    }
}

/// Both directions of the cases that are spelled alike on both sides.
macro_rules! data_types {
    ($($plain:ident)*) => {
        fn type_to_wit(kind: FlatType) -> wit::DataType {
            match kind {
                $(FlatType::$plain => wit::DataType::$plain,)*
                FlatType::Decimal128(precision, scale) => wit::DataType::Decimal128((precision, scale)),
                FlatType::Decimal256(precision, scale) => wit::DataType::Decimal256((precision, scale)),
                FlatType::FixedSizeBinary(width) => wit::DataType::FixedSizeBinary(width),
                FlatType::FixedSizeListOf(length) => wit::DataType::FixedSizeListOf(length),
                FlatType::Time32(unit) => wit::DataType::Time32(unit_to_wit(unit)),
                FlatType::Time64(unit) => wit::DataType::Time64(unit_to_wit(unit)),
                FlatType::Timestamp(unit, zone) => wit::DataType::Timestamp((unit_to_wit(unit), zone)),
                FlatType::Duration(unit) => wit::DataType::Duration(unit_to_wit(unit)),
                FlatType::Interval(unit) => wit::DataType::Interval(match unit {
                    IntervalUnit::YearMonth => wit::IntervalUnit::YearMonth,
                    IntervalUnit::DayTime => wit::IntervalUnit::DayTime,
                    IntervalUnit::MonthDayNano => wit::IntervalUnit::MonthDayNano,
                }),
                FlatType::DictionaryOf(key) => wit::DataType::DictionaryOf(key_to_wit(key)),
                FlatType::Other(text) => wit::DataType::Other(text),
            }
        }

        fn type_from_wit(kind: wit::DataType) -> FlatType {
            match kind {
                $(wit::DataType::$plain => FlatType::$plain,)*
                wit::DataType::Decimal128((precision, scale)) => FlatType::Decimal128(precision, scale),
                wit::DataType::Decimal256((precision, scale)) => FlatType::Decimal256(precision, scale),
                wit::DataType::FixedSizeBinary(width) => FlatType::FixedSizeBinary(width),
                wit::DataType::FixedSizeListOf(length) => FlatType::FixedSizeListOf(length),
                wit::DataType::Time32(unit) => FlatType::Time32(unit_from_wit(unit)),
                wit::DataType::Time64(unit) => FlatType::Time64(unit_from_wit(unit)),
                wit::DataType::Timestamp((unit, zone)) => FlatType::Timestamp(unit_from_wit(unit), zone),
                wit::DataType::Duration(unit) => FlatType::Duration(unit_from_wit(unit)),
                wit::DataType::Interval(unit) => FlatType::Interval(match unit {
                    wit::IntervalUnit::YearMonth => IntervalUnit::YearMonth,
                    wit::IntervalUnit::DayTime => IntervalUnit::DayTime,
                    wit::IntervalUnit::MonthDayNano => IntervalUnit::MonthDayNano,
                }),
                wit::DataType::DictionaryOf(key) => FlatType::DictionaryOf(key_from_wit(key)),
                wit::DataType::Other(text) => FlatType::Other(text),
            }
        }
    };
}

data_types! {
    Null Boolean Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Float16 Float32 Float64
    Utf8 LargeUtf8 Binary LargeBinary Date32 Date64 ListOf LargeListOf StructOf MapOf
}

/// Both directions of the dictionary keys.
macro_rules! dictionary_keys {
    ($($key:ident)*) => {
        fn key_to_wit(key: DictionaryKey) -> wit::DictionaryKey {
            match key { $(DictionaryKey::$key => wit::DictionaryKey::$key,)* }
        }

        fn key_from_wit(key: wit::DictionaryKey) -> DictionaryKey {
            match key { $(wit::DictionaryKey::$key => DictionaryKey::$key,)* }
        }
    };
}

dictionary_keys! { Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 }

fn fields_to_wit(fields: Vec<FlatField>) -> Vec<wit::Field> {
    let convert = |field: FlatField| {
        let FlatField { name, kind, nullable, children, metadata } = field;
        wit::Field { name, data_type: type_to_wit(kind), nullable, children, metadata }
    };
    fields.into_iter().map(convert).collect()
}

/// The fields as they are: checked by whatever is made of them.
pub(crate) fn fields_from_wit(fields: Vec<wit::Field>) -> Vec<FlatField> {
    let convert = |field: wit::Field| {
        let wit::Field { name, data_type, nullable, children, metadata } = field;
        FlatField { name, kind: type_from_wit(data_type), nullable, children, metadata }
    };
    fields.into_iter().map(convert).collect()
}

pub(crate) fn schema_to_wit(schema: &Schema) -> wit::Schema {
    let (fields, columns, metadata) = flat_from_schema(schema);
    wit::Schema { fields: fields_to_wit(fields), columns, metadata }
}

pub(crate) fn schema_from_wit(schema: wit::Schema) -> Result<SchemaRef, Failure> {
    let fields = fields_from_wit(schema.fields);
    schema_from_flat(&fields, &schema.columns, &schema.metadata).map(Arc::new)
}

pub(crate) fn tree_to_wit(field: &Field) -> Vec<wit::Field> {
    fields_to_wit(tree_from_field(field))
}

/// The tree of a type that belongs to no named field.
pub(crate) fn type_tree_to_wit(data_type: &DataType) -> Vec<wit::Field> {
    tree_to_wit(&Field::new("", data_type.clone(), true))
}

pub(crate) fn tree_from_wit(tree: Vec<wit::Field>) -> Result<Field, Failure> {
    field_from_tree(&fields_from_wit(tree))
}

/// The types of some trees, whose names do not matter.
pub(crate) fn types_from_wit(trees: Vec<Vec<wit::Field>>) -> Result<Vec<DataType>, Failure> {
    trees.into_iter().map(|tree| Ok(tree_from_wit(tree)?.data_type().clone())).collect()
}

pub(crate) fn buffers_to_wit(buffers: Buffers) -> wit::Buffers {
    let Buffers { length, null_count, validity, offsets, values } = buffers;
    wit::Buffers { length, null_count, validity, offsets, values }
}

pub(crate) fn buffers_from_wit(buffers: wit::Buffers) -> Buffers {
    let wit::Buffers { length, null_count, validity, offsets, values } = buffers;
    Buffers { length, null_count, validity, offsets, values }
}

pub(crate) fn scalar_to_wit(scalar: Scalar) -> Result<wit::Scalar, Failure> {
    Ok(match scalar {
        Scalar::Null => wit::Scalar::Null,
        Scalar::Boolean(value) => wit::Scalar::Boolean(value),
        Scalar::Int64(value) => wit::Scalar::Int64(value),
        Scalar::Uint64(value) => wit::Scalar::Uint64(value),
        Scalar::Float64(value) => wit::Scalar::Float64(value),
        Scalar::Text(value) => wit::Scalar::Text(value),
        Scalar::Binary(value) => wit::Scalar::Binary(value),
        Scalar::Typed(data_type, text) => {
            let mut tree = tree_from_field(&Field::new("", data_type, true)).into_iter();
            match (tree.next(), tree.next()) {
                (Some(only), None) => wit::Scalar::Typed((type_to_wit(only.kind), text)),
                _ => return Err(Failure::invalid_input("type-mismatch", "a nested value is no scalar")),
            }
        }
    })
}

pub(crate) fn scalar_from_wit(scalar: wit::Scalar) -> Result<Scalar, Failure> {
    Ok(match scalar {
        wit::Scalar::Null => Scalar::Null,
        wit::Scalar::Boolean(value) => Scalar::Boolean(value),
        wit::Scalar::Int64(value) => Scalar::Int64(value),
        wit::Scalar::Uint64(value) => Scalar::Uint64(value),
        wit::Scalar::Float64(value) => Scalar::Float64(value),
        wit::Scalar::Text(value) => Scalar::Text(value),
        wit::Scalar::Binary(value) => Scalar::Binary(value),
        wit::Scalar::Typed((data_type, text)) => {
            let kind = type_from_wit(data_type);
            let root =
                FlatField { name: String::new(), kind, nullable: true, children: Vec::new(), metadata: Vec::new() };
            Scalar::Typed(field_from_tree(&[root])?.data_type().clone(), text)
        }
    })
}

pub(crate) fn predicate_from_wit(predicate: wit::Predicate) -> Result<Predicate, Failure> {
    let wit::Predicate { column, comparison, values } = predicate;
    let values = values.into_iter().map(scalar_from_wit).collect::<Result<_, _>>()?;
    Ok(Predicate { column, comparison, values })
}

/// A predicate whose values cannot be told is left out: predicates only ever save work.
pub(crate) fn predicates_to_wit(predicates: Vec<Predicate>) -> Vec<wit::Predicate> {
    let convert = |predicate: Predicate| {
        let Predicate { column, comparison, values } = predicate;
        let values = values.into_iter().map(scalar_to_wit).collect::<Result<_, _>>().ok()?;
        Some(wit::Predicate { column, comparison, values })
    };
    predicates.into_iter().filter_map(convert).collect()
}

pub(crate) fn demand_to_wit(demand: Demand) -> wit::Demand {
    let Demand { columns, predicates, limit, batch_rows, resume, extra } = demand;
    let told = predicates.len();
    let predicates = predicates_to_wit(predicates);
    // The limit counts rows that satisfy all predicates, so it goes where one of them goes.
    let limit = limit.filter(|_| predicates.len() == told);
    wit::Demand { columns, predicates, limit, batch_rows, resume, extra }
}

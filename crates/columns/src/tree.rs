//! Flat field trees, the way WIT carries nested types, to Arrow fields and back.

use arrow::datatypes::{Field, Schema};

use crate::Failure;

/// Unit of a time, timestamp or duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases say it all")]
pub enum TimeUnit {
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

/// Layout of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases say it all")]
pub enum IntervalUnit {
    YearMonth,
    DayTime,
    MonthDayNano,
}

/// Type of a dictionary's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases say it all")]
pub enum DictionaryKey {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
}

/// The WIT variant `data-type`, case by case; children are in the [`FlatField`] that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases are Arrow's, and the WIT file documents their fields")]
pub enum FlatType {
    Null,
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float16,
    Float32,
    Float64,
    Decimal128(u8, i8),
    Decimal256(u8, i8),
    Utf8,
    LargeUtf8,
    Binary,
    LargeBinary,
    FixedSizeBinary(u32),
    Date32,
    Date64,
    Time32(TimeUnit),
    Time64(TimeUnit),
    Timestamp(TimeUnit, Option<String>),
    Duration(TimeUnit),
    Interval(IntervalUnit),
    ListOf,
    LargeListOf,
    FixedSizeListOf(u32),
    StructOf,
    MapOf,
    DictionaryOf(DictionaryKey),
    Other(String),
}

/// One field of a flat tree. `children` are indices into the list it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatField {
    /// The field's name.
    pub name: String,
    /// Its type without the children.
    pub kind: FlatType,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// Indices larger than the field's own, each used once.
    pub children: Vec<u32>,
    /// Arrow metadata, in any order.
    pub metadata: Vec<(String, String)>,
}

/// The field that a tree describes; item 0 is the root.
///
/// # Errors
/// `invalid-type` where children are cyclic, shared or too deep, or a type is not known.
pub fn field_from_tree(tree: &[FlatField]) -> Result<Field, Failure> {
    todo!("{tree:?}")
}

/// The tree of a field, parents before children, depth first.
pub fn tree_from_field(field: &Field) -> Vec<FlatField> {
    todo!("{field}")
}

/// The schema of a list of flat fields; `columns` are the indices of the top-level ones.
///
/// # Errors
/// `invalid-type` as for [`field_from_tree`], and where a column name stands twice.
pub fn schema_from_flat(
    fields: &[FlatField],
    columns: &[u32],
    metadata: &[(String, String)],
) -> Result<Schema, Failure> {
    todo!("{fields:?} {columns:?} {metadata:?}")
}

/// Fields, indices of the columns, and metadata sorted by key.
pub fn flat_from_schema(schema: &Schema) -> (Vec<FlatField>, Vec<u32>, Vec<(String, String)>) {
    todo!("{schema}")
}

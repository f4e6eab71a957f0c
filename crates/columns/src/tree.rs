//! Flat field trees, the way WIT carries nested types, to Arrow fields and back.

mod flatten;
mod grow;

pub(crate) use flatten::child_fields;
pub use flatten::{flat_from_schema, tree_from_field};
pub use grow::{field_from_tree, schema_from_flat};

/// Fields that a tree or schema may have, children counted.
pub const MAX_FIELDS: usize = 10_000;

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

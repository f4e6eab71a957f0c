//! Types that meet: which type two values share, and how a value gets there.

use arrow::datatypes::{DataType, TimeUnit};

use super::constants;
use super::resolve::{Resolver, mismatch};
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::Scalar;
use crate::types::type_name;

/// What expressions see of a type, as the kernels do: dictionaries are their values, and there is one type of text.
pub(super) fn normal(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => normal(values),
        DataType::RunEndEncoded(_, values) => normal(values.data_type()),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        other => other.clone(),
    }
}

/// Types that behave alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Null,
    Boolean,
    Integer,
    Float,
    Decimal,
    Text,
    Binary,
    Date,
    Time,
    Timestamp,
    Duration,
    Interval,
    Nested,
}

impl Class {
    pub(super) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean,
            t if t.is_integer() => Self::Integer,
            t if t.is_floating() => Self::Float,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Self::Decimal,
            DataType::Utf8 => Self::Text,
            DataType::Binary | DataType::FixedSizeBinary(_) => Self::Binary,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::Duration(_) => Self::Duration,
            DataType::Interval(_) => Self::Interval,
            _ => Self::Nested,
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Decimal)
    }
}

/// The type that holds the values of both, if there is one; text and other types share none.
pub(super) fn common(left: &DataType, right: &DataType) -> Option<DataType> {
    if left == right {
        return Some(left.clone());
    }
    let (a, b) = (Class::of(left), Class::of(right));
    Some(match (a, b) {
        (Class::Null, _) => right.clone(),
        (_, Class::Null) => left.clone(),
        (Class::Integer, Class::Integer) if left.is_unsigned_integer() && right.is_unsigned_integer() => {
            DataType::UInt64
        }
        (Class::Integer, Class::Integer) => DataType::Int64,
        (Class::Decimal, Class::Decimal | Class::Integer) | (Class::Integer, Class::Decimal) => {
            let ((whole, scale), (other_whole, other_scale)) = (digits(left)?, digits(right)?);
            let (whole, scale) = (whole.max(other_whole), scale.max(other_scale));
            if whole + scale > 38 {
                return Some(DataType::Float64);
            }
            DataType::Decimal128((whole + scale) as u8, scale as i8)
        }
        (a, b) if a.is_number() && b.is_number() => DataType::Float64,
        (Class::Binary, Class::Binary) => DataType::Binary,
        (Class::Date, Class::Date) => DataType::Date32,
        (Class::Date, Class::Timestamp) => right.clone(),
        (Class::Timestamp, Class::Date) => left.clone(),
        (Class::Timestamp, Class::Timestamp) => match (left, right) {
            (DataType::Timestamp(unit, zone), DataType::Timestamp(other_unit, other_zone)) => {
                let zone = match (zone, other_zone) {
                    (Some(zone), Some(other)) if zone != other => Some("UTC".into()),
                    (zone, other) => zone.clone().or_else(|| other.clone()),
                };
                DataType::Timestamp(finer(*unit, *other_unit), zone)
            }
            _ => return None,
        },
        (Class::Time, Class::Time) => match (unit_of(left)?, unit_of(right)?) {
            (a, b) if finer(a, b) == TimeUnit::Nanosecond => DataType::Time64(TimeUnit::Nanosecond),
            _ => DataType::Time64(TimeUnit::Microsecond),
        },
        (Class::Duration, Class::Duration) => DataType::Duration(finer(unit_of(left)?, unit_of(right)?)),
        _ => return None,
    })
}

/// Digits before and behind the point.
fn digits(data_type: &DataType) -> Option<(i32, i32)> {
    match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            Some((i32::from(*precision) - i32::from(*scale), i32::from(*scale)))
        }
        t if t.is_integer() => Some((if matches!(t, DataType::UInt64) { 20 } else { 19 }, 0)),
        _ => None,
    }
}

fn unit_of(data_type: &DataType) -> Option<TimeUnit> {
    match data_type {
        DataType::Time32(unit) | DataType::Time64(unit) | DataType::Duration(unit) | DataType::Timestamp(unit, _) => {
            Some(*unit)
        }
        _ => None,
    }
}

fn finer(left: TimeUnit, right: TimeUnit) -> TimeUnit {
    let rank = |unit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    if rank(left) >= rank(right) { left } else { right }
}

impl Resolver<'_> {
    /// The value as another type: a constant at once, anything else by the kernel `cast`, whose rows may fail.
    ///
    /// # Errors
    /// `type-mismatch` for a constant text that is no such value.
    pub(super) fn cast(&mut self, value: Typed, to: &DataType) -> Result<Typed, Failure> {
        if value.data_type == *to {
            return Ok(value);
        }
        if let Some(scalar) = value.literal() {
            if let Some(scalar) = constants::convert(scalar, to) {
                return Ok(Typed::leaf(Node::Literal(scalar), to.clone(), value.offset));
            }
            if let Some(text) = value.literal_text() {
                return Err(self.not_a(text, to, value.offset));
            }
        }
        self.convert(value, to, false)
    }

    /// The kernel `cast`; `safe` makes null of what does not convert.
    ///
    /// # Errors
    /// `type-mismatch` if no value of the type converts.
    pub(super) fn convert(&mut self, value: Typed, to: &DataType, safe: bool) -> Result<Typed, Failure> {
        let from = &value.data_type;
        if !arrow::compute::can_cast_types(from, to) {
            let message = format!("cannot convert to {}: {}", type_name(to), value.describe(self.schema));
            return Err(mismatch(message, value.offset));
        }
        // A plain timestamp counts as UTC, so it goes there before it goes to another zone.
        let utc = "UTC";
        let value = match (from, to) {
            (DataType::Timestamp(unit, None), DataType::Timestamp(_, Some(zone))) if zone.as_ref() != utc => {
                let between = DataType::Timestamp(*unit, Some(utc.into()));
                self.convert(value, &between, safe)?
            }
            // As in DuckDB, a float becomes the nearest whole number, of two the even one.
            (from, to) if from.is_floating() && to.is_integer() => {
                let options = serde_json::json!({ "round_mode": "half_to_even" }).to_string();
                let (kind, at) = (from.clone(), value.offset);
                self.kernel_of_type("round", vec![value], options, kind, at)?
            }
            _ => value,
        };
        let options = serde_json::json!({ "to_type": type_name(to), "safe": safe }).to_string();
        let offset = value.offset;
        self.kernel_of_type("cast", vec![value], options, to.clone(), offset)
    }

    fn not_a(&self, text: &str, to: &DataType, offset: u32) -> Failure {
        let shown: String = text.chars().take(40).collect();
        let failure = mismatch(format!("'{shown}' is not a value of type {}", type_name(to)), offset);
        match Class::of(to) {
            Class::Date => failure.with_help("write dates as '2024-02-29'"),
            Class::Timestamp => {
                failure.with_help("write timestamps as '2024-02-29T12:00:00', with a Z at the end for UTC")
            }
            Class::Boolean => failure.with_help("write TRUE or FALSE"),
            _ => failure,
        }
    }

    /// Both sides of a comparison in types that the comparison kernels take together.
    ///
    /// # Errors
    /// `type-mismatch` naming both sides.
    pub(super) fn comparable(&mut self, operator: &str, left: Typed, right: Typed) -> Result<(Typed, Typed), Failure> {
        let Some(shared) = self.shared(&[&left, &right]) else {
            return Err(self.incomparable(operator, &left, &right));
        };
        let numbers = Class::of(&left.data_type).is_number() && Class::of(&right.data_type).is_number();
        let mut sides = [left, right];
        for at in 0..2 {
            let side = &sides[at];
            if side.data_type == shared {
                continue;
            }
            let literal = side.literal().map(|scalar| constants::convert(scalar, &shared));
            let decimal = Class::of(&shared) == Class::Decimal || Class::of(&side.data_type) == Class::Decimal;
            match literal {
                Some(Some(scalar)) => {
                    sides[at] = Typed::leaf(Node::Literal(scalar), shared.clone(), side.offset);
                }
                Some(None) if side.literal_text().is_some() => {
                    let mut failure = self.not_a(side.literal_text().unwrap_or_default(), &shared, side.offset);
                    let other = sides[1 - at].describe(self.schema);
                    failure.message = format!("cannot compare: {other}, and {}", failure.message);
                    return Err(failure);
                }
                // The kernels widen numbers themselves.
                _ if numbers && !decimal => {}
                _ => {
                    let side = std::mem::replace(&mut sides[at], Typed::leaf(Node::Slot(0), DataType::Null, 0));
                    sides[at] = self.cast(side, &shared)?;
                }
            }
        }
        let [left, right] = sides;
        Ok((left, right))
    }

    fn incomparable(&self, operator: &str, left: &Typed, right: &Typed) -> Failure {
        let message = format!(
            "`{operator}` cannot compare these types: {}, and {}",
            left.describe(self.schema),
            right.describe(self.schema)
        );
        // Text becomes the other side's type more often than the other way round.
        let (from, to) = if Class::of(&right.data_type) == Class::Text { (right, left) } else { (left, right) };
        let from = match from.node {
            Node::Column(index) => self.schema.field(index).name().as_str(),
            _ => "x",
        };
        let help = format!("convert one side, as in CAST({from} AS {})", type_name(&to.data_type));
        mismatch(message, left.offset).with_help(help)
    }

    /// The type that all values share, constants giving way to columns; none if there is none.
    pub(super) fn shared(&self, values: &[&Typed]) -> Option<DataType> {
        let mut shared: Option<DataType> = None;
        for value in values.iter().filter(|v| v.literal().is_none()) {
            shared = Some(match shared {
                None => value.data_type.clone(),
                Some(shared) => common(&shared, &value.data_type)?,
            });
        }
        for value in values {
            let Some(scalar) = value.literal() else { continue };
            shared = Some(match shared {
                None => value.data_type.clone(),
                Some(shared) => literal_common(&shared, scalar, &value.data_type)?,
            });
        }
        shared
    }

    /// All values in the type that they share.
    ///
    /// # Errors
    /// `type-mismatch` naming two that share none.
    pub(super) fn unify(&mut self, what: &str, values: Vec<Typed>) -> Result<(Vec<Typed>, DataType), Failure> {
        let Some(shared) = self.shared(&values.iter().collect::<Vec<_>>()) else {
            return Err(self.disagree(what, &values));
        };
        let cast = |value| {
            self.cast(value, &shared).map_err(|mut failure| {
                failure.message = format!("the values of {what} need one type: {}", failure.message);
                failure
            })
        };
        let values = values.into_iter().map(cast).collect::<Result<_, _>>()?;
        Ok((values, shared))
    }

    fn disagree(&self, what: &str, values: &[Typed]) -> Failure {
        let pair = values.iter().enumerate().find_map(|(at, value)| {
            let before = &values[..at];
            before.iter().find(|other| self.shared(&[*other, value]).is_none()).map(|other| (other, value))
        });
        let (message, offset) = match pair {
            Some((one, other)) => {
                let both = format!("{}, and {}", one.describe(self.schema), other.describe(self.schema));
                (format!("the values of {what} need one type: {both}"), other.offset)
            }
            None => (format!("the values of {what} need one type"), values.first().map_or(0, |v| v.offset)),
        };
        mismatch(message, offset).with_help("convert them with CAST(x AS …)")
    }
}

/// As [`common`], for a constant, which takes the other's type wherever that holds it.
fn literal_common(shared: &DataType, scalar: &Scalar, own: &DataType) -> Option<DataType> {
    let (class, own_class) = (Class::of(shared), Class::of(own));
    if own_class == Class::Text && class != Class::Nested {
        return Some(if class == Class::Null { own.clone() } else { shared.clone() });
    }
    let float = class == Class::Float && own_class.is_number();
    let fits = (class.is_number() && own_class.is_number()) && constants::convert(scalar, shared).is_some();
    if float || fits && (class != Class::Integer || own_class == Class::Integer) {
        return Some(shared.clone());
    }
    if class == Class::Text && own_class != Class::Null && !matches!(own_class, Class::Text) {
        return None;
    }
    if class == Class::Decimal && own_class.is_number() {
        return Some(DataType::Float64);
    }
    common(shared, own)
}

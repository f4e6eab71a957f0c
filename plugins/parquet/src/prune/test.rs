//! A predicate as a test of least and largest values.

use super::bound::Value;
use arrow_schema::{DataType, TimeUnit};
use jackfield_sdk::{Predicate, Scalar};
use jackfield_values::predicate::Comparison;
use jackfield_values::time::{self, Offset};
use jackfield_values::types::Unit;
use jackfield_values::{decimal, number};

/// A predicate on a column of the file that has figures.
#[derive(Debug)]
pub(crate) struct Test {
    /// The column's number among all, and its leaf's among the leaves.
    pub(super) column: usize,
    pub(crate) leaf: usize,
    check: Check,
}

#[derive(Debug, PartialEq)]
enum Check {
    Null,
    NotNull,
    /// Any of them.
    Compare(Comparison, Vec<Known>),
}

#[derive(Clone, Debug, PartialEq)]
enum Known {
    Integer(i128),
    Float(f64),
    Bytes(Vec<u8>),
}

impl Test {
    pub(super) fn new(predicate: &Predicate, column: usize, leaf: usize, of: &DataType) -> Option<Test> {
        let check = match predicate.comparison.as_str() {
            "is-null" => Some(Check::Null),
            "is-not-null" => Some(Check::NotNull),
            _ => None,
        };
        if let Some(check) = check {
            return Some(Test { column, leaf, check });
        }
        let comparison = Comparison::of(predicate)?;
        let values: Option<Vec<Known>> = predicate.values.iter().map(|scalar| known(scalar, of)).collect();
        Some(Test { column, leaf, check: Check::Compare(comparison, values?) })
    }

    /// Whether a row may be of use, of rows with these values and so many nulls, each as far as it is known.
    pub(super) fn may_hold(&self, min: Option<Value>, max: Option<Value>, nulls: Option<u64>, rows: u64) -> bool {
        match &self.check {
            Check::Null => nulls != Some(0),
            Check::NotNull => nulls.is_none_or(|nulls| nulls < rows),
            // No comparison holds for a null.
            Check::Compare(..) if rows > 0 && nulls == Some(rows) => false,
            Check::Compare(comparison, values) => values.iter().any(|value| may_hold(*comparison, value, min, max)),
        }
    }
}

/// Whether a comparison with the value may hold for one between these.
fn may_hold(comparison: Comparison, value: &Known, min: Option<Value>, max: Option<Value>) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    // How the bound stands to the value; what cannot be compared is kept.
    let min = min.and_then(|min| order(min, value));
    let max = max.and_then(|max| order(max, value));
    match comparison {
        Comparison::Equal => min != Some(Greater) && max != Some(Less),
        // Beside the least and largest value there may be NaN, which differs from all.
        Comparison::NotEqual => !(min == Some(Equal) && max == Some(Equal)) || matches!(value, Known::Float(_)),
        Comparison::Less => !matches!(min, Some(Equal | Greater)),
        Comparison::LessEqual => min != Some(Greater),
        Comparison::Greater => !matches!(max, Some(Equal | Less)),
        Comparison::GreaterEqual => max != Some(Less),
    }
}

/// Integers up to here are floats as well.
const EXACT: i128 = 1 << 53;

fn order(bound: Value, value: &Known) -> Option<std::cmp::Ordering> {
    match (bound, value) {
        (Value::Integer(bound), Known::Integer(value)) => Some(bound.cmp(value)),
        (Value::Integer(bound), Known::Float(value)) if bound.abs() <= EXACT => (bound as f64).partial_cmp(value),
        (Value::Float(bound), Known::Float(value)) => bound.partial_cmp(value),
        (Value::Bytes(bound), Known::Bytes(value)) => Some(bound.cmp(value.as_slice())),
        _ => None,
    }
}

fn known(scalar: &Scalar, of: &DataType) -> Option<Known> {
    let text = match scalar {
        Scalar::Text(text) | Scalar::Typed((_, text)) => Some(text.as_bytes()),
        _ => None,
    };
    let integer = |value: i64| Some(Known::Integer(i128::from(value)));
    match of {
        DataType::Utf8 | DataType::LargeUtf8 => text.map(|text| Known::Bytes(text.to_vec())),
        DataType::Dictionary(_, values) => known(scalar, values).filter(|known| matches!(known, Known::Bytes(_))),
        DataType::Boolean => match scalar {
            Scalar::Boolean(value) => integer((*value).into()),
            _ => None,
        },
        DataType::Float32 | DataType::Float64 => match scalar {
            Scalar::Float64(value) if value.is_finite() => Some(Known::Float(*value)),
            Scalar::Int64(value) if i128::from(*value).abs() <= EXACT => Some(Known::Float(*value as f64)),
            _ => None,
        },
        DataType::Date32 => integer(time::parse_date(text?)?.into()),
        DataType::Time32(u) | DataType::Time64(u) => integer(time::parse_time(text?, unit(*u))?),
        DataType::Timestamp(u, zone) => {
            let (value, offset) = time::parse_timestamp(text?, unit(*u))?;
            let utc = zone.as_ref().is_none_or(|zone| zone.as_ref() == "UTC");
            (offset != Offset::None || utc).then_some(())?;
            integer(value)
        }
        DataType::Decimal128(precision, scale) => match scalar {
            Scalar::Int64(value) => {
                decimal::parse(value.to_string().as_bytes(), *precision, *scale).map(Known::Integer)
            }
            _ => decimal::parse(text?, *precision, *scale).map(Known::Integer),
        },
        of if of.is_integer() => match scalar {
            Scalar::Int64(value) => integer(*value),
            Scalar::Uint64(value) => Some(Known::Integer(i128::from(*value))),
            Scalar::Float64(value) if value.is_finite() => Some(Known::Float(*value)),
            Scalar::Typed((_, text)) => integer(number::parse_i64(text.as_bytes())?),
            _ => None,
        },
        _ => None,
    }
}

fn unit(unit: TimeUnit) -> Unit {
    match unit {
        TimeUnit::Second => Unit::Second,
        TimeUnit::Millisecond => Unit::Millisecond,
        TimeUnit::Microsecond => Unit::Microsecond,
        TimeUnit::Nanosecond => Unit::Nanosecond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(of: DataType, comparison: &str, values: Vec<Scalar>, min: Value, max: Value) -> Option<bool> {
        let predicate = Predicate { column: "x".to_owned(), comparison: comparison.to_owned(), values };
        Some(Test::new(&predicate, 0, 0, &of)?.may_hold(Some(min), Some(max), Some(0), 10))
    }

    #[test]
    fn integers_by_their_range() {
        use Value::Integer as I;
        let may = |comparison, value| may(DataType::Int32, comparison, vec![Scalar::Int64(value)], I(3), I(7)).unwrap();
        assert_eq!((may("=", 2), may("=", 3), may("=", 7), may("=", 8)), (false, true, true, false));
        assert_eq!((may("<", 3), may("<", 4), may("<=", 2), may("<=", 3)), (false, true, false, true));
        assert_eq!((may(">", 7), may(">", 6), may(">=", 8), may(">=", 7)), (false, true, false, true));
        assert!(may("<>", 5));
        let one = |value| super::tests::may(DataType::Int32, "<>", vec![Scalar::Int64(value)], I(5), I(5)).unwrap();
        assert_eq!((one(5), one(6)), (false, true));
    }

    #[test]
    fn other_types() {
        use Value::{Bytes, Float, Integer};
        let text = |value: &str| vec![Scalar::Text(value.to_owned())];
        let (a, m) = (Bytes(b"a"), Bytes(b"m"));
        assert_eq!(may(DataType::Utf8, "=", text("b"), a, m), Some(true));
        assert_eq!(may(DataType::Utf8, "=", text("n"), a, m), Some(false));
        assert_eq!(may(DataType::Utf8, "in", [text("n"), text("c")].concat(), a, m), Some(true));
        assert_eq!(may(DataType::Utf8, "in", vec![], a, m), Some(false));
        assert_eq!(may(DataType::Date32, ">", text("1970-01-11"), Integer(0), Integer(10)), Some(false));
        assert_eq!(may(DataType::Float64, ">", vec![Scalar::Int64(2)], Float(0.0), Float(1.5)), Some(false));
        assert_eq!(may(DataType::Float64, "<>", vec![Scalar::Int64(2)], Float(2.0), Float(2.0)), Some(true));
        assert_eq!(may(DataType::Int64, ">", vec![Scalar::Float64(1.5)], Integer(0), Integer(1)), Some(false));
        let utc = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        assert_eq!(may(utc, ">=", text("1970-01-01T00:00:02Z"), Integer(0), Integer(1000)), Some(false));
        let paris = DataType::Timestamp(TimeUnit::Millisecond, Some("Europe/Paris".into()));
        assert_eq!(may(paris, ">=", text("1970-01-01T00:00:02"), Integer(0), Integer(1000)), None);
        assert_eq!(may(DataType::Decimal128(5, 2), "=", vec![Scalar::Int64(2)], Integer(0), Integer(199)), Some(false));
        assert_eq!(may(DataType::Utf8, "=", vec![Scalar::Int64(2)], a, m), None);
        assert_eq!(may(DataType::Binary, "=", text("x"), a, m), None);
    }

    #[test]
    fn nulls_and_what_is_not_known() {
        let test = |comparison: &str, values| {
            let predicate = Predicate { column: "x".to_owned(), comparison: comparison.to_owned(), values };
            Test::new(&predicate, 0, 0, &DataType::Int64).unwrap()
        };
        assert!(!test("is-null", vec![]).may_hold(None, None, Some(0), 10));
        assert!(test("is-null", vec![]).may_hold(None, None, None, 10));
        assert!(!test("is-not-null", vec![]).may_hold(None, None, Some(10), 10));
        assert!(!test("=", vec![Scalar::Int64(1)]).may_hold(None, None, Some(10), 10));
        assert!(test("=", vec![Scalar::Int64(1)]).may_hold(None, None, Some(9), 10));
    }
}

//! The pipeline's simple predicates, tried on fields before anything else of their rows is parsed.
//!
//! A row that a predicate refuses is of no use to anybody; one that it cannot judge is kept, for the filter behind it.

use crate::cells::{BadCell, Cell, Rules, Target, reason};
use crate::rows::Rows;
use jackfield_sdk::{Predicate, Scalar};
use jackfield_values::build::timestamp;
use jackfield_values::number;
use jackfield_values::predicate::Comparison;
use jackfield_values::time::{self, Offset};
use jackfield_values::types::Kind;

/// A predicate made for a column's type.
#[derive(Debug)]
pub(crate) struct Test {
    target: Target,
    check: Check,
    /// Whether a field that is none of its type makes the row bad, because the column is in use.
    pub(crate) strict: bool,
}

#[derive(Debug, PartialEq)]
enum Check {
    Null,
    NotNull,
    /// Integers, and what is stored as one, from the first to the last; or all others.
    Between(i64, i64, bool),
    Integers(Vec<i64>),
    Floats(Comparison, Vec<f64>),
    Texts(Comparison, Vec<Vec<u8>>),
    Boolean(Comparison, bool),
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    Drop,
    /// It cannot be told here.
    Unsure,
    Bad,
}

impl Test {
    /// `None` where the reader cannot apply the predicate.
    pub(crate) fn new(predicate: &Predicate, target: Target, strict: bool) -> Option<Test> {
        let check = match predicate.comparison.as_str() {
            "is-null" => Check::Null,
            "is-not-null" => Check::NotNull,
            _ => check(&target.of.kind, Comparison::of(predicate)?, &predicate.values)?,
        };
        Some(Test { target, check, strict })
    }

    /// The rows that may pass. Fields that are none of their type go to `bad`; `unsure` tells that a row was kept
    /// although it may not pass.
    #[inline(never)]
    pub(crate) fn apply(
        &self,
        rows: &Rows,
        rules: &Rules,
        selection: impl Iterator<Item = usize>,
        bad: &mut Vec<BadCell>,
        unsure: &mut bool,
    ) -> Vec<u32> {
        let mut kept = Vec::new();
        if let (Kind::Int64, Check::Between(first, last, false)) = (&self.target.of.kind, &self.check) {
            // The headline loop: one comparison per row, and no other look at a field that is an integer.
            for row in selection {
                let (start, field) = rows.located(row, self.target.index);
                match crate::cells::integer(rows, start, field) {
                    Some(value) if value < *first || value > *last => {}
                    _ => self.judge(rows, rules, row, &mut kept, bad, unsure),
                }
            }
        } else {
            for row in selection {
                self.judge(rows, rules, row, &mut kept, bad, unsure);
            }
        }
        kept
    }

    #[inline(never)]
    fn judge(
        &self,
        rows: &Rows,
        rules: &Rules,
        row: usize,
        kept: &mut Vec<u32>,
        bad: &mut Vec<BadCell>,
        unsure: &mut bool,
    ) {
        let field = rows.field(row, self.target.index);
        let verdict = match rules.cell(field, self.target.of.kind == Kind::Utf8) {
            Cell::Text(_) if field.is_empty() && rows.is_missing(row, self.target.index) => self.of_null(),
            Cell::Null => self.of_null(),
            Cell::Text(text) => self.of_text(&text, rows.doubtful),
        };
        match verdict {
            Verdict::Keep => kept.push(row as u32),
            Verdict::Drop => {}
            Verdict::Bad if self.strict => bad.push(BadCell { row, reason: reason(field, &self.target, rules) }),
            Verdict::Bad | Verdict::Unsure => {
                *unsure = true;
                kept.push(row as u32);
            }
        }
    }

    fn of_null(&self) -> Verdict {
        if self.check == Check::Null { Verdict::Keep } else { Verdict::Drop }
    }

    fn of_text(&self, text: &[u8], doubtful: bool) -> Verdict {
        let verdict = |keep: bool| if keep { Verdict::Keep } else { Verdict::Drop };
        let kind = &self.target.of.kind;
        match &self.check {
            // Whether the text is a value of the column's type is found out when the column is parsed.
            Check::NotNull => Verdict::Keep,
            Check::Null if *kind == Kind::Utf8 => verdict(false),
            Check::Null if jackfield_values::build::Column::new(&self.target.of).push_text(text) => Verdict::Drop,
            Check::Null => Verdict::Bad,
            Check::Between(first, last, outside) => match integer(kind, text) {
                Some(value) => verdict((value >= *first && value <= *last) != *outside),
                None => Verdict::Bad,
            },
            Check::Integers(values) => match integer(kind, text) {
                Some(value) => verdict(values.contains(&value)),
                None => Verdict::Bad,
            },
            Check::Floats(comparison, others) => {
                let value = match kind {
                    Kind::Float64 => number::parse_f64(text),
                    Kind::Float32 => number::parse_f32(text).map(f64::from),
                    _ => integer(kind, text).map(|value| value as f64),
                };
                match value {
                    None => Verdict::Bad,
                    // Whether zeros of both signs are equal, and where NaN stands, is for the filter to say; and integers
                    // this large are not exact as floats.
                    Some(value) if value.is_nan() || value == 0.0 && others.contains(&0.0) => Verdict::Unsure,
                    Some(value) if is_integer(kind) && value.abs() > 9e15 => Verdict::Unsure,
                    Some(value) => verdict(others.iter().any(|other| comparison.holds(&value, other))),
                }
            }
            Check::Texts(..) if doubtful && std::str::from_utf8(text).is_err() => Verdict::Bad,
            Check::Texts(comparison, others) => {
                verdict(others.iter().any(|other| comparison.holds(text, other.as_slice())))
            }
            Check::Boolean(comparison, other) => match number::parse_bool(text) {
                Some(value) => verdict(comparison.holds(&value, other)),
                None => Verdict::Bad,
            },
        }
    }
}

fn is_integer(kind: &Kind) -> bool {
    matches!(kind, Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 | Kind::Uint8 | Kind::Uint16 | Kind::Uint32)
}

/// The integer that a column of this kind would store for the text.
fn integer(kind: &Kind, text: &[u8]) -> Option<i64> {
    match kind {
        Kind::Int64 => number::parse_i64(text),
        Kind::Int8 => number::parse_i64(text).filter(|v| i8::try_from(*v).is_ok()),
        Kind::Int16 => number::parse_i64(text).filter(|v| i16::try_from(*v).is_ok()),
        Kind::Int32 => number::parse_i64(text).filter(|v| i32::try_from(*v).is_ok()),
        Kind::Uint8 => number::parse_u64(text).filter(|v| u8::try_from(*v).is_ok()).map(|v| v as i64),
        Kind::Uint16 => number::parse_u64(text).filter(|v| u16::try_from(*v).is_ok()).map(|v| v as i64),
        Kind::Uint32 => number::parse_u64(text).filter(|v| u32::try_from(*v).is_ok()).map(|v| v as i64),
        Kind::Date32 => time::parse_date(text).map(i64::from),
        Kind::Time32(unit) | Kind::Time64(unit) => time::parse_time(text, *unit),
        Kind::Timestamp(unit, zone) => timestamp(text, *unit, zone.as_deref()),
        _ => None,
    }
}

/// The values as integers of the kind; `None` if one is none, or not exactly.
fn integers(kind: &Kind, values: &[Scalar]) -> Option<Vec<i64>> {
    let one = |value: &Scalar| match (value, kind) {
        (Scalar::Int64(value), kind) if is_integer(kind) => Some(*value),
        (Scalar::Uint64(value), kind) if is_integer(kind) => i64::try_from(*value).ok(),
        (Scalar::Text(text) | Scalar::Typed((_, text)), Kind::Timestamp(unit, zone)) => {
            match (time::parse_timestamp(text.as_bytes(), *unit)?, zone) {
                ((value, Offset::Seconds(_)), _) => Some(value),
                ((value, Offset::None), None) => Some(value),
                ((value, Offset::None), Some(zone)) if zone == "UTC" => Some(value),
                _ => None,
            }
        }
        (Scalar::Text(text) | Scalar::Typed((_, text)), kind) => integer(kind, text.as_bytes()),
        _ => None,
    };
    values.iter().map(one).collect()
}

fn floats(values: &[Scalar]) -> Option<Vec<f64>> {
    let one = |value: &Scalar| match value {
        Scalar::Float64(value) if value.is_finite() => Some(*value),
        Scalar::Int64(value) if value.unsigned_abs() <= 1 << 53 => Some(*value as f64),
        _ => None,
    };
    values.iter().map(one).collect()
}

fn texts(values: &[Scalar]) -> Option<Vec<Vec<u8>>> {
    let one = |value: &Scalar| match value {
        Scalar::Text(text) => Some(text.as_bytes().to_vec()),
        _ => None,
    };
    values.iter().map(one).collect()
}

fn check(kind: &Kind, comparison: Comparison, values: &[Scalar]) -> Option<Check> {
    if values.is_empty() {
        return None;
    }
    match kind {
        Kind::Utf8 => return texts(values).map(|values| Check::Texts(comparison, values)),
        Kind::Boolean => {
            return match values {
                [Scalar::Boolean(value)] => Some(Check::Boolean(comparison, *value)),
                _ => None,
            };
        }
        Kind::Float32 | Kind::Float64 => return floats(values).map(|values| Check::Floats(comparison, values)),
        _ => {}
    }
    let Some(values) = integers(kind, values) else {
        return if is_integer(kind) { floats(values).map(|values| Check::Floats(comparison, values)) } else { None };
    };
    let &[value, ..] = values.as_slice() else { return None };
    // Nothing lies below the least integer: an empty range is one whose first is above its last.
    Some(match comparison {
        Comparison::Equal if values.len() > 1 => Check::Integers(values),
        Comparison::Equal => Check::Between(value, value, false),
        Comparison::NotEqual => Check::Between(value, value, true),
        Comparison::Less => {
            value.checked_sub(1).map_or(Check::Between(1, 0, false), |v| Check::Between(i64::MIN, v, false))
        }
        Comparison::LessEqual => Check::Between(i64::MIN, value, false),
        Comparison::Greater => {
            value.checked_add(1).map_or(Check::Between(1, 0, false), |v| Check::Between(v, i64::MAX, false))
        }
        Comparison::GreaterEqual => Check::Between(value, i64::MAX, false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::NullValues;
    use jackfield_values::types::Type;

    fn verdict(of: &str, comparison: &str, values: Vec<Scalar>, text: &str) -> Option<Verdict> {
        let target = Target::new(0, "x".to_owned(), Type::parse(of).unwrap(), &NullValues::new(Vec::new()));
        let predicate = Predicate { column: "x".to_owned(), comparison: comparison.to_owned(), values };
        Some(Test::new(&predicate, target, true)?.of_text(text.as_bytes(), false))
    }

    #[test]
    fn verdicts() {
        use Scalar::{Boolean, Float64, Int64, Text};
        let keep = Some(Verdict::Keep);
        let drop = Some(Verdict::Drop);
        assert_eq!(verdict("int64", ">", vec![Int64(60)], "61"), keep);
        assert_eq!(verdict("int64", ">", vec![Int64(60)], "60"), drop);
        assert_eq!(verdict("int64", ">", vec![Int64(60)], "oops"), Some(Verdict::Bad));
        assert_eq!(verdict("int64", "<", vec![Int64(i64::MIN)], "-9223372036854775808"), drop);
        assert_eq!(verdict("int8", "<>", vec![Int64(5)], "6"), keep);
        assert_eq!(verdict("int8", "<>", vec![Int64(5)], "600"), Some(Verdict::Bad));
        assert_eq!(verdict("int64", "in", vec![Int64(5), Int64(7)], "7"), keep);
        assert_eq!(verdict("int64", ">=", vec![Float64(1.5)], "2"), keep);
        assert_eq!(verdict("float64", "<", vec![Int64(3)], "2.5"), keep);
        assert_eq!(verdict("float64", "=", vec![Int64(0)], "-0.0"), Some(Verdict::Unsure));
        assert_eq!(verdict("float64", "<", vec![Float64(0.5)], "nan"), Some(Verdict::Unsure));
        assert_eq!(verdict("utf8", ">=", vec![Text("U".into())], "UA"), keep);
        assert_eq!(verdict("utf8", "in", vec![Text("a".into()), Text("b".into())], "c"), drop);
        assert_eq!(verdict("bool", "=", vec![Boolean(true)], "TRUE"), keep);
        assert_eq!(verdict("date", "<", vec![Text("2024-01-02".into())], "2024-01-01"), keep);
        assert_eq!(
            verdict("timestamp[UTC]", ">=", vec![Text("2013-06-01T00:00:00Z".into())], "2013-06-01T02:00:00+02:00"),
            keep
        );
        assert_eq!(verdict("int64", "is-null", vec![], "5"), drop);
        assert_eq!(verdict("int64", "is-not-null", vec![], "5"), keep);
        for (of, comparison, values) in [
            ("int64", "like", vec![Int64(1)]),
            ("int64", "=", vec![Scalar::Null]),
            ("int64", "=", vec![Text("x".into())]),
            ("decimal(5,2)", "=", vec![Int64(1)]),
            ("utf8", "=", vec![Int64(1)]),
            ("int64", "=", vec![]),
        ] {
            assert_eq!(verdict(of, comparison, values, "1"), None, "{of} {comparison}");
        }
    }
}

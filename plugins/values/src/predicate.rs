//! The comparisons of the pipeline's simple predicates, for readers that leave out rows of no use.

use jackfield_sdk::Predicate;

/// How a value is compared with those of a predicate, one of which has to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparison {
    /// That of a predicate; `None` if it is about nulls, is not known, or has another number of values than its
    /// comparison takes. `in` is equality with any of several, or none.
    pub fn of(predicate: &Predicate) -> Option<Comparison> {
        let comparison = match predicate.comparison.as_str() {
            "in" => return Some(Comparison::Equal),
            "=" => Comparison::Equal,
            "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterEqual,
            _ => return None,
        };
        (predicate.values.len() == 1).then_some(comparison)
    }

    /// Whether it holds between a value and one of the predicate's.
    #[inline]
    pub fn holds<T: PartialOrd + ?Sized>(self, value: &T, other: &T) -> bool {
        match self {
            Comparison::Equal => value == other,
            Comparison::NotEqual => value != other,
            Comparison::Less => value < other,
            Comparison::LessEqual => value <= other,
            Comparison::Greater => value > other,
            Comparison::GreaterEqual => value >= other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_sdk::Scalar;

    #[test]
    fn comparisons_take_one_value_and_in_any_number() {
        let of = |text: &str, values: usize| {
            let values = vec![Scalar::Int64(1); values];
            Comparison::of(&Predicate { column: "x".to_owned(), comparison: text.to_owned(), values })
        };
        assert_eq!((of("=", 1), of("=", 2), of("=", 0)), (Some(Comparison::Equal), None, None));
        assert_eq!((of("in", 0), of("in", 3)), (Some(Comparison::Equal), Some(Comparison::Equal)));
        assert_eq!((of("is-null", 0), of("like", 1)), (None, None));
        assert!(of(">=", 1).is_some_and(|comparison| comparison.holds(&2, &2) && !comparison.holds(&1, &2)));
    }
}

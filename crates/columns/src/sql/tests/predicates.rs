//! What a reader is told.

use arrow::datatypes::{DataType, TimeUnit};

use super::{batch, parse};
use crate::compute::Scalar;
use crate::sql::parse_order;

fn told(text: &str) -> Vec<(String, String, Vec<Scalar>)> {
    let predicates = parse(text).unwrap().predicates();
    predicates.into_iter().map(|p| (p.column, p.comparison, p.values)).collect()
}

fn one(column: &str, comparison: &str, values: Vec<Scalar>) -> (String, String, Vec<Scalar>) {
    (column.to_owned(), comparison.to_owned(), values)
}

#[test]
fn conjuncts_become_predicates() {
    use Scalar::{Boolean, Float64, Int64, Text, Typed};
    let all = told("x > 60 AND carrier = 'UA' AND 5 >= y AND yes AND (x + 1 > 2) AND NOT yes");
    assert_eq!(
        all,
        vec![
            one("x", ">", vec![Int64(60)]),
            one("carrier", "=", vec![Text("UA".into())]),
            one("y", "<=", vec![Int64(5)]),
            one("yes", "=", vec![Boolean(true)]),
            one("yes", "=", vec![Boolean(false)]),
        ]
    );
    assert_eq!(told("x IN (1, NULL, 2)"), vec![one("x", "in", vec![Int64(1), Int64(2)])]);
    assert_eq!(told("x BETWEEN 1 AND 2").len(), 2);
    assert_eq!(told("x IS NULL AND y IS NOT NULL"), vec![one("x", "is-null", vec![]), one("y", "is-not-null", vec![])]);
    assert_eq!(told("f > 1"), vec![one("f", ">", vec![Float64(1.0)])]);
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let at = Typed(utc, "2013-06-01T00:00:00Z".into());
    assert_eq!(told("z >= TIMESTAMP '2013-06-01T00:00:00Z'"), vec![one("z", ">=", vec![at.clone()])]);
    assert_eq!(told("z >= '2013-06-01'"), vec![one("z", ">=", vec![at])]);
    let day = Typed(DataType::Date32, "2024-02-29".into());
    assert_eq!(told("d = '2024-02-29'"), vec![one("d", "=", vec![day])]);
}

#[test]
fn nothing_is_told_that_does_not_hold() {
    for text in ["x > 60 OR y > 1", "x > y", "x NOT IN (1)", "x = NULL", "1 = 1", "x + 1 > 2", "NOT (x > 1)"] {
        assert_eq!(told(text), vec![], "{text}");
    }
}

#[test]
fn columns_are_those_that_are_read() {
    assert_eq!(parse("y + x + y").unwrap().columns(), [0, 1]);
    assert!(parse("1 = 1").unwrap().columns().is_empty());
    assert_eq!(parse("CASE WHEN yes THEN l[1] ELSE s.a END").unwrap().columns(), [6, 10, 11]);
}

#[test]
fn sort_keys() {
    let order = |text: &str| {
        let order = parse_order(text, batch().schema(), &Default::default()).unwrap();
        (order.key.columns().to_vec(), order.descending, order.nulls_first)
    };
    assert_eq!(order("x"), (vec![0], false, false));
    assert_eq!(order("x desc nulls last"), (vec![0], true, false));
    assert_eq!(order("x DESC"), (vec![0], true, false));
    assert_eq!(order("x + y asc NULLS FIRST"), (vec![0, 1], false, true));
    assert_eq!(order("\"odd name\" nulls first"), (vec![12], false, true));
    assert!(parse_order("x descending", batch().schema(), &Default::default()).is_err());
    assert!(parse_order("desc", batch().schema(), &Default::default()).is_err());
}

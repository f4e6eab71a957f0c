//! Functions of whole columns: running aggregates, neighbours and ranks, in groups and without.

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use jackfield_columns::Unmetered;
use jackfield_columns::compute::{Argument, call, functions};
use proptest::prelude::*;

use crate::arithmetic::{INTEGERS, of_type};
use crate::every_type::{ORDERED, lists, structs, values};
use crate::suite::*;

const SKIP: &str = r#"{"skip_nulls": true}"#;

pub(crate) fn cases(suite: &mut Suite) {
    sums(suite);
    extremes(suite);
    every_type(suite);
    groups_of_every_type(suite);
    ranks(suite);
    differences(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

/// The groups a, b, a, a, b, null.
fn groups() -> Argument {
    column(&texts(&[Some("a"), Some("b"), Some("a"), Some("a"), Some("b"), None]))
}

fn sums(suite: &mut Suite) {
    let given = [Some(1), Some(2), Some(3), None, Some(5), Some(6)];
    for name in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] {
        let numbers = column(&of_type(name, &given));
        for checked in ["", "_checked"] {
            let (sum, product) = (format!("cumulative_sum{checked}"), format!("cumulative_prod{checked}"));
            suite.check(&sum, &[numbers.clone()], "", "1 3 6 null null null");
            suite.check(&sum, &[numbers.clone()], SKIP, "1 3 6 null 11 17");
            suite.check(&sum, &[numbers.clone(), groups()], "", "1 2 4 null 7 6");
            suite.check(
                &product,
                &[numbers.clone()],
                SKIP,
                "1 2 6 null 30 180".replace("180", &wrapped(name, 180, checked)).as_str(),
            );
            suite.check(&product, &[numbers.clone(), groups()], "", "1 2 3 null 10 6");
        }
        suite.check("cumulative_sum", &[numbers.clone()], r#"{"start": 10}"#, "11 13 16 null null null");
        suite.check("cumulative_mean", &[numbers.clone()], SKIP, "1.0 1.5 2.0 null 2.75 3.4");
        suite.check("cumulative_mean", &[numbers, groups()], "", "1.0 2.0 2.0 null 3.5 6.0");
    }
    for (name, low, high) in INTEGERS {
        let ends = column(&of_type(name, &[Some(*high), Some(1), Some(1), None, Some(0)]));
        let (first, second) = (low, low + 1);
        suite.check(
            "cumulative_sum",
            std::slice::from_ref(&ends),
            SKIP,
            &format!("{high} {first} {second} null {second}"),
        );
        suite.check("cumulative_sum_checked", &[ends], SKIP, &format!("{high} !integer-overflow ! null !"));
    }
    for name in ["float16", "float32", "float64"] {
        let numbers = column(&as_type(&floats(&[Some(0.5), None, Some(2.0)]), name));
        for checked in ["", "_checked"] {
            suite.check(&format!("cumulative_sum{checked}"), &[numbers.clone()], SKIP, "0.5 null 2.5");
            suite.check(&format!("cumulative_prod{checked}"), &[numbers.clone()], SKIP, "0.5 null 1.0");
        }
        suite.check("cumulative_mean", &[numbers], SKIP, "0.5 null 1.25");
    }
    for name in ["decimal(10,2)", "decimal(38,38)"] {
        let numbers = as_type(&texts(&[Some("0.5"), None, Some("0.25")]), name);
        let scale: usize = if name == "decimal(10,2)" { 2 } else { 38 };
        let told = (format!("0.{:0<scale$}", 5), format!("0.{:0<scale$}", 75));
        for checked in ["", "_checked"] {
            suite.check(
                &format!("cumulative_sum{checked}"),
                &[column(&numbers)],
                SKIP,
                &format!("{} null {}", told.0, told.1),
            );
        }
        suite.check("cumulative_mean", &[column(&numbers)], SKIP, "0.5 null 0.375");
        suite.refuse("cumulative_prod", &[column(&numbers)], "", "type-mismatch");
        suite.refuse("cumulative_prod_checked", &[column(&numbers)], "", "type-mismatch");
    }
    let wide = as_type(&texts(&[Some("0.5"), None]), "decimal(50,2)");
    suite.check("cumulative_mean", &[column(&wide)], "", "0.5 null");
    let most = decimals(&[10_i128.pow(38) - 1, 1], 38, 0);
    suite.check("cumulative_sum", &[column(&most)], "", &format!("{} !integer-overflow", "9".repeat(38)));
    suite.refuse("cumulative_sum", &[column(&ints(&[Some(1)]))], r#"{"start": 0.5}"#, "out-of-bounds");
    suite.refuse("cumulative_sum", &[column(&ints(&[Some(1)]))], r#"{"start": "x"}"#, "type-mismatch");
    suite.refuse("cumulative_sum", &[int(1)], "", "type-mismatch");
    suite.refuse("cumulative_sum", &[column(&texts(&[Some("a")]))], "", "type-mismatch");
}

/// 180 in the type, which the smallest type does not hold.
fn wrapped(name: &str, value: i64, checked: &str) -> String {
    match (name, checked) {
        ("int8", "") => (value as i8).to_string(),
        ("int8", _) => "!integer-overflow".to_owned(),
        _ => value.to_string(),
    }
}

fn extremes(suite: &mut Suite) {
    for (name, low, high) in ORDERED {
        let column_of = values(name, low, high);
        let three = each(&column_of);
        let (low, high) = (&three[0], &three[1]);
        let ordered = [column_of.slice(1, 1), column_of.slice(2, 1), column_of.slice(0, 1), column_of.slice(1, 1)];
        let ordered = concat(&ordered.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap();
        if run("cumulative_min", &[column(&ordered)], "").is_err() {
            let without = ["bool", "utf8", "large-utf8", "binary", "large-binary", "decimal(50,2)"];
            let sort = name.split(['<', '(', '[']).next().unwrap();
            assert!(
                without.contains(name) || ["dictionary", "interval", "fixed-size-binary"].contains(&sort),
                "{name}"
            );
            continue;
        }
        suite.check("cumulative_min", &[column(&ordered)], SKIP, &format!("{high} null {low} {low}"));
        suite.check("cumulative_max", &[column(&ordered)], SKIP, &format!("{high} null {high} {high}"));
        suite.check("cumulative_max", &[column(&ordered)], "", &format!("{high} null null null"));
        let apart = column(&ints(&[Some(1), Some(1), Some(2), Some(2)]));
        suite.check("cumulative_min", &[column(&ordered), apart.clone()], "", &format!("{high} null {low} {low}"));
        suite.check("cumulative_max", &[column(&ordered), apart], "", &format!("{high} null {low} {high}"));
    }
    let odd = floats(&[Some(1.0), Some(f64::NAN), Some(-0.5), Some(-f64::NAN)]);
    suite.check("cumulative_max", &[column(&odd)], "", "1.0 NaN NaN NaN");
    suite.check("cumulative_min", &[column(&odd)], "", "1.0 1.0 -0.5 -0.5");
}

fn every_type(suite: &mut Suite) {
    let groups = column(&ints(&[Some(0), Some(1), Some(1)]));
    let all = ORDERED.iter().map(|(name, low, high)| values(name, low, high)).chain([lists(), structs()]);
    for column_of in all {
        let three = each(&column_of);
        let (low, high) = (&three[0], &three[1]);
        let a = column(&column_of);
        let pair = [a.clone(), groups.clone()];
        suite.check("lag", std::slice::from_ref(&a), "", &format!("null {low} {high}"));
        suite.check("lag", &pair, "", &format!("null null {high}"));
        suite.check("lag", std::slice::from_ref(&a), r#"{"offset": 0}"#, &format!("{low} {high} null"));
        suite.check("lead", std::slice::from_ref(&a), "", &format!("{high} null null"));
        suite.check("lead", std::slice::from_ref(&a), r#"{"offset": -1}"#, &format!("null {low} {high}"));
        suite.check("lead", &pair, r#"{"offset": 9223372036854775807}"#, "null null null");
        suite.check("fill_null_forward", std::slice::from_ref(&a), "", &format!("{low} {high} {high}"));
        suite.check("fill_null_forward", &pair, "", &format!("{low} {high} {high}"));
        let apart = [a.clone(), column(&ints(&[Some(0), Some(1), Some(0)]))];
        suite.check("fill_null_forward", &apart, "", &format!("{low} {high} {low}"));
        let turned: ArrayRef = concat(&[column_of.slice(2, 1).as_ref(), column_of.slice(0, 2).as_ref()]).unwrap();
        suite.check("fill_null_backward", &[column(&turned)], "", &format!("{low} {low} {high}"));
        suite.check("fill_null_backward", &[column(&turned), groups.clone()], "", &format!("null {low} {high}"));
        suite.check("row_number", std::slice::from_ref(&a), "", "1 2 3");
        suite.check("row_number", &pair, "", "1 1 2");
        if column_of.data_type().is_nested() {
            suite.refuse("rank", &[a], "", "type-mismatch");
            continue;
        }
        suite.check("rank", std::slice::from_ref(&a), "", "1 2 3");
        suite.check(
            "rank",
            std::slice::from_ref(&a),
            r#"{"sort_keys": "descending", "null_placement": "at_start"}"#,
            "3 2 1",
        );
        suite.check("rank", &pair, "", "1 1 2");
    }
}

/// Whatever can be a key can be a group; a null is a group too.
fn groups_of_every_type(suite: &mut Suite) {
    let numbers = column(&ints(&[Some(1), Some(2), Some(3)]));
    let all = ORDERED.iter().map(|(name, low, high)| values(name, low, high)).chain([lists(), structs()]);
    for groups in all {
        let apart = [numbers.clone(), column(&groups)];
        for (function, expected) in [
            ("cumulative_sum", "1 2 3"),
            ("cumulative_sum_checked", "1 2 3"),
            ("cumulative_prod", "1 2 3"),
            ("cumulative_prod_checked", "1 2 3"),
            ("cumulative_min", "1 2 3"),
            ("cumulative_max", "1 2 3"),
            ("cumulative_mean", "1.0 2.0 3.0"),
            ("pairwise_diff", "null null null"),
            ("pairwise_diff_checked", "null null null"),
            ("rank", "1 1 1"),
        ] {
            suite.check(function, &apart, "", expected);
        }
        let twice = concat(&[groups.slice(1, 1).as_ref(), groups.slice(0, 1).as_ref(), groups.slice(1, 1).as_ref()]);
        let twice = [numbers.clone(), column(&twice.unwrap())];
        suite.check("cumulative_sum", &twice, "", "1 2 4");
        suite.check("rank", &twice, "", "1 1 2");
        suite.check("pairwise_diff", &twice, "", "null null 2");
    }
}

fn ranks(suite: &mut Suite) {
    let a = column(&floats(&[Some(2.0), Some(1.0), Some(2.0), None, Some(-0.0), Some(0.0), None]));
    for (tiebreaker, expected) in
        [("first", "4 3 5 6 1 2 7"), ("min", "4 3 4 6 1 1 6"), ("max", "5 3 5 7 2 2 7"), ("dense", "3 2 3 4 1 1 4")]
    {
        suite.check("rank", &[a.clone()], &format!(r#"{{"tiebreaker": "{tiebreaker}"}}"#), expected);
    }
    let groups = column(&ints(&[Some(7), Some(7), None, Some(7), None, Some(7), Some(7)]));
    suite.check("rank", &[a, groups], r#"{"tiebreaker": "dense"}"#, "3 2 2 4 1 1 4");
}

fn differences(suite: &mut Suite) {
    for (name, low, high) in INTEGERS {
        let a = column(&of_type(name, &[Some(*low), Some(*high), None, Some(3), Some(5)]));
        // What two's complement makes of the whole range less one.
        let all = if *low < 0 { -1 } else { *high };
        suite.check("pairwise_diff", std::slice::from_ref(&a), "", &format!("null {all} null null 2"));
        let most = if *low < 0 { "!integer-overflow".to_owned() } else { high.to_string() };
        suite.check("pairwise_diff_checked", std::slice::from_ref(&a), "", &format!("null {most} null null 2"));
    }
    for name in ["float16", "float32", "float64"] {
        let a = column(&as_type(&floats(&[Some(0.5), Some(2.0), None]), name));
        suite.check("pairwise_diff", std::slice::from_ref(&a), "", "null 1.5 null");
        suite.check("pairwise_diff_checked", &[a], r#"{"period": -1}"#, "-1.5 null null");
    }
    for (name, low, high, difference) in [
        ("decimal(10,2)", "0.25", "2.00", "1.75"),
        ("decimal(50,2)", "0.25", "2.00", "1.75"),
        ("decimal(38,38)", "0.25", "0.50", "0.25000000000000000000000000000000000000"),
        ("date", "2020-01-01", "2020-01-03", "PT172800S"),
        ("date64", "2020-01-01", "2020-01-03", "PT172800S"),
        ("timestamp[s]", "2020-01-01T00:00:00", "2020-01-01T00:01:00", "PT60S"),
        ("timestamp[ms]", "2020-01-01T00:00:00", "2020-01-01T00:01:00", "PT60S"),
        ("timestamp", "2020-01-01T00:00:00", "2020-01-01T00:01:00", "PT60S"),
        ("timestamp[ns]", "2020-01-01T00:00:00", "2020-01-01T00:01:00", "PT60S"),
        ("timestamp[UTC]", "2020-01-01T00:00:00Z", "2020-01-01T00:01:00Z", "PT60S"),
        ("timestamp[ms, Europe/Paris]", "2020-01-01T00:00:00Z", "2020-01-01T00:01:00Z", "PT60S"),
        ("timestamp[s, +02:00]", "2020-01-01T00:00:00Z", "2020-01-01T00:01:00Z", "PT60S"),
    ] {
        let a = column(&as_type(&texts(&[Some(low), Some(high), None]), name));
        for checked in ["", "_checked"] {
            suite.check(
                &format!("pairwise_diff{checked}"),
                std::slice::from_ref(&a),
                "",
                &format!("null {difference} null"),
            );
        }
    }
    for name in ["duration[s]", "duration[ms]", "duration", "duration[ns]"] {
        let a = column(&as_type(&as_type(&ints(&[Some(1), Some(3), None]), "duration[s]"), name));
        for checked in ["", "_checked"] {
            suite.check(&format!("pairwise_diff{checked}"), std::slice::from_ref(&a), "", "null PT2S null");
        }
    }
    let months = |months: &[i32]| as_type(&small(months), "interval[year-month]");
    for checked in ["", "_checked"] {
        let expected = format!("null {}", shown(&months(&[3])));
        suite.check(&format!("pairwise_diff{checked}"), &[column(&months(&[1, 4]))], "", &expected);
    }
    let a = column(&ints(&[Some(1), Some(4), Some(9), Some(16), Some(25), Some(36)]));
    suite.check("pairwise_diff", &[a.clone()], r#"{"period": 2}"#, "null null 8 12 16 20");
    suite.check("pairwise_diff", &[a.clone(), groups()], "", "null null 8 7 21 null");
    suite.check("pairwise_diff_checked", &[a, groups()], "", "null null 8 7 21 null");
}

/// Functions of whole columns take all rows or none.
#[test]
fn whole_columns_are_worked_on_whole() {
    let a = column(&ints(&[Some(1), Some(2)]));
    for function in functions().iter().filter(|function| !function.is_row_wise() && !function.aggregates()) {
        let only = arrow::array::BooleanArray::from(vec![true, false]);
        let failure = call(function.name, &[a.clone()], "", 0, Some(&only), &mut Unmetered).unwrap_err();
        assert_eq!(failure.code, "type-mismatch", "{}", function.name);
        let failure = call(function.name, &[int(1)], "", 5, None, &mut Unmetered).unwrap_err();
        assert_eq!(failure.code, "type-mismatch", "{}", function.name);
    }
}

/// They look at the deadline, and ask before they allocate.
#[test]
fn k06_whole_columns_are_interrupted() {
    let rows = 1 << 20;
    let a: ArrayRef = std::sync::Arc::new(arrow::array::Int64Array::from_iter_values((0..rows).map(|row| row % 1000)));
    let groups: ArrayRef =
        std::sync::Arc::new(arrow::array::Int64Array::from_iter_values((0..rows).map(|row| row % 77)));
    for name in
        ["cumulative_sum", "cumulative_max", "cumulative_mean", "pairwise_diff", "lag", "lead", "row_number", "rank"]
    {
        let arguments = [column(&a), column(&groups)];
        let mut whole = Budget::new(u64::MAX, 1 << 30);
        call(name, &arguments, "", 0, None, &mut whole).unwrap();
        assert!(whole.looks > 64, "{name}: {} looks", whole.looks);
        let mut half = Budget::new(whole.worked / 2, 1 << 30);
        assert_eq!(call(name, &arguments, "", 0, None, &mut half).unwrap_err().code, "deadline", "{name}");
        let mut little = Budget::new(u64::MAX, 1 << 20);
        assert_eq!(call(name, &arguments, "", 0, None, &mut little).unwrap_err().code, "memory", "{name}");
    }
}

type Rows = Vec<(Option<i64>, u8)>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn running_values_are_those_of_a_model(rows in prop::collection::vec((prop::option::of(-9_i64..9), 0_u8..4), 0..80), by in -3_i64..4) {
        let rows: &Rows = &rows;
        let numbers: Vec<Option<i64>> = rows.iter().map(|(number, _)| *number).collect();
        let groups: Vec<Option<i64>> = rows.iter().map(|(_, group)| Some(i64::from(*group))).collect();
        let arguments = [column(&ints(&numbers)), column(&ints(&groups))];
        let of_group = |row: usize| rows.iter().enumerate().filter(move |(_, other)| other.1 == rows[row].1);
        let told = |f: &dyn Fn(usize) -> Option<i64>| shown(&ints(&(0..rows.len()).map(f).collect::<Vec<_>>()));
        let before = |row: usize| of_group(row).filter(move |(other, _)| *other <= row).filter_map(|(_, other)| other.0);
        let found = |function: &str, options: &str| shown(&run(function, &arguments, options).unwrap().values);
        prop_assert_eq!(found("cumulative_sum", SKIP), told(&|row| numbers[row].map(|_| before(row).sum())));
        prop_assert_eq!(found("cumulative_max", SKIP), told(&|row| numbers[row].and_then(|_| before(row).max())));
        prop_assert_eq!(found("fill_null_forward", ""), told(&|row| before(row).next_back()));
        prop_assert_eq!(found("row_number", ""), told(&|row| Some(of_group(row).filter(|(other, _)| *other <= row).count() as i64)));
        let smaller = |row: usize| of_group(row).filter(|(_, other)| match (other.0, numbers[row]) {
            (Some(other), Some(this)) => other < this,
            (Some(_), None) => true,
            (None, _) => false,
        }).count() as i64;
        prop_assert_eq!(found("rank", r#"{"tiebreaker": "min"}"#), told(&|row| Some(smaller(row) + 1)));
        let lag = format!(r#"{{"offset": {by}}}"#);
        prop_assert_eq!(found("lag", &lag), told(&|row| {
            let same: Vec<usize> = of_group(row).map(|(other, _)| other).collect();
            let place = same.iter().position(|other| *other == row).unwrap() as i64 - by;
            usize::try_from(place).ok().and_then(|place| same.get(place)).and_then(|other| numbers[*other])
        }));
    }
}

//! Aggregates.

use arrow::datatypes::DataType;

use super::batch;
use crate::Failure;
use crate::sql::{Aggregate, SQL_FUNCTIONS, parse_aggregate};

fn parse(text: &str) -> Result<Aggregate, Failure> {
    parse_aggregate(text, batch().schema(), &Default::default())
}

#[test]
fn the_catalogue_lists_what_there_is() {
    for function in SQL_FUNCTIONS {
        // Called without arguments, what is known complains of them, if it complains.
        let text = format!("{}()", function.name);
        let failure = if function.aggregates { parse(&text).err() } else { super::parse(&text).err() };
        let code = failure.map_or_else(String::new, |failure| failure.code);
        assert_ne!(code, "unknown-function", "{text}");
        assert!(function.signature.starts_with(&format!("{}(", function.name)), "{}", function.signature);
        let row_wise = super::parse(&text).err().is_none_or(|failure| failure.code != "unknown-function");
        assert_eq!(row_wise, !function.aggregates, "{text}");
    }
}

#[test]
fn names_become_kernels() {
    let shown = |text: &str| {
        let aggregate = parse(text).unwrap();
        let over: Vec<usize> = aggregate.arguments.iter().flat_map(|a| a.columns().to_vec()).collect();
        format!("{} {over:?} {} {}", aggregate.function, aggregate.options, crate::type_name(&aggregate.result_type))
    };
    let cases = [
        ("count(*)", r#"count [] {"mode":"all"} int64"#),
        ("count(x)", "count [0]  int64"),
        ("count(distinct carrier)", "count_distinct [5]  int64"),
        ("sum(x)", "sum [0]  int64"),
        ("sum(small)", "sum [3]  int64"),
        ("avg(x - y)", "mean [0, 1]  float64"),
        ("mean(x)", "mean [0]  float64"),
        ("min(carrier)", "min [5]  utf8"),
        ("max(z)", "max [9]  timestamp[UTC]"),
        ("stddev(x)", "stddev [0]  float64"),
        ("variance(f)", "variance [4]  float64"),
        ("median(x)", "median [0]  float64"),
        ("quantile(x, 0.9)", r#"quantile [0] {"q":0.9} float64"#),
        ("first(carrier)", "first [5]  utf8"),
        ("last(d)", "last [7]  date"),
        ("any_value(x)", "first [0]  int64"),
        ("bool_and(x > 0)", "all [0]  bool"),
        ("bool_or(yes)", "any [6]  bool"),
        ("list(carrier)", "list [5]  list<utf8>"),
        ("string_agg(carrier, '; ')", r#"string_agg [5] {"separator":"; "} utf8"#),
        ("STRING_AGG(carrier)", r#"string_agg [5] {"separator":","} utf8"#),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
    assert_eq!(parse("count(*)").unwrap().result_type, DataType::Int64);
}

#[test]
fn what_is_no_aggregate_is_said() {
    let failed = |text: &str| {
        let failure = parse(text).unwrap_err();
        format!("{}: {}", failure.code, failure.message)
    };
    assert_eq!(failed("x + 1"), "syntax: an aggregate is a call of an aggregate function");
    assert_eq!(failed("summ(x)"), "unknown-function: there is no aggregate `summ`");
    assert_eq!(failed("sum(carrier)"), "type-mismatch: `sum` takes numbers: column `carrier` is utf8");
    assert_eq!(failed("sum(dep_delay)"), "unknown-column: there is no column `dep_delay`");
    assert_eq!(
        failed("sum(sum(x))"),
        "unknown-function: `sum` is an aggregate, and each row is computed by itself here"
    );
    assert_eq!(failed("sum()"), "type-mismatch: `sum` takes 1 argument");
    assert_eq!(failed("quantile(x, 2)"), "type-mismatch: the quantile must lie between 0 and 1, not at 2");
    assert_eq!(failed("sum(x) over ()"), "syntax: `sum` takes no OVER and no FILTER here");
    assert_eq!(failed("sum(x) + 1"), "syntax: an aggregate is a call of an aggregate function");
}

//! Whatever the text, the answer is an expression or a failure: no panic, no overflow of the stack, no endless work.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{batch, parse};
use crate::Unmetered;
use crate::sql::{parse_aggregate, parse_order};

/// Parses and evaluates on a stack as small as a plugin's fiber leaves to the host.
fn survives(text: String) {
    let shown: String = text.chars().take(60).collect();
    let started = Instant::now();
    let work = move || {
        if let Ok(expression) = parse(&text) {
            let _ = expression.evaluate(&batch(), &mut Unmetered);
        }
        let _ = parse_order(&text, batch().schema(), &Default::default());
        let _ = parse_aggregate(&text, batch().schema(), &Default::default());
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    assert!(started.elapsed() < Duration::from_secs(30), "{shown} took {:?}", started.elapsed());
}

#[test]
fn deep_and_long_texts() {
    for count in [40, 60, 100, 250, 1_900, 5_000, 20_000] {
        let nested = |open: &str, inner: &str, close: &str| open.repeat(count) + inner + &close.repeat(count);
        let chained = |part: &str| format!("x{}", part.repeat(count));
        for text in [
            nested("(", "x", ")"),
            nested("(", "x", ""),
            nested("NOT ", "yes", ""),
            nested("- ", "x", ""),
            nested("abs(", "x", ")"),
            nested("abs(", "x", ""),
            nested("CASE WHEN yes THEN ", "x", " END"),
            nested("CASE ", "x", " WHEN 1 THEN 1 WHEN 2 THEN 2 END"),
            nested("CASE-", "c", ""),
            nested("(", "x", " BETWEEN 1 AND 2)"),
            nested("nullif(", "x", ", 1)"),
            nested("date_diff('month', ", "d", ", d)"),
            nested("CAST(", "x", " AS int64)"),
            nested("l[", "1", "]"),
            nested("coalesce(x, ", "1", ")"),
            chained(" + 1"),
            chained(" + 1 garbage"),
            chained(" || carrier"),
            chained("::utf8"),
            chained(".a"),
            chained("[1]"),
            chained(" IS NULL"),
            chained(" BETWEEN 1 AND 2"),
            chained(" = 1 AND x"),
            chained(" = 1 OR x"),
            chained(" = 1 AND x = 2 OR x"),
            chained(" AND"),
            format!("x IN ({})", vec!["1"; count].join(", ")),
            format!("x IN ({})", vec!["y"; count].join(", ")),
            format!("concat({})", vec!["carrier"; count].join(", ")),
            format!("x::{}int64{}", "list<".repeat(count), ">".repeat(count)),
            format!("CAST(x AS {}int64{})", "list<".repeat(count), ">".repeat(count)),
            format!("'{}", "a".repeat(count)),
            format!("\"{}\"", "a".repeat(count)),
        ] {
            survives(text);
        }
    }
}

#[test]
fn chains_of_conditions_may_be_long() {
    let text = (0..900).map(|n| format!("x = {n}")).collect::<Vec<_>>().join(" OR ");
    assert!(parse(&text).is_ok());
    let text = format!("x IN ({})", (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    assert!(parse(&text).is_ok());
    let text = "x".to_owned() + &" + 1".repeat(150);
    assert!(parse(&text).is_ok());
    let too_long = format!("'{}'", "a".repeat(70_000));
    assert_eq!(parse(&too_long).unwrap_err().code, "too-large");
}

/// Refuses more than 100 kB.
struct Small;

impl crate::Meter for Small {
    fn work(&mut self, _: u64) -> Result<(), crate::Failure> {
        Ok(())
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), crate::Failure> {
        if bytes > 100_000 { Err(crate::Failure::limit("memory", "too much")) } else { Ok(()) }
    }
}

#[test]
fn large_results_are_asked_for_before_they_are_made() {
    let wide = "a".repeat(60_000);
    for text in [
        format!("CASE WHEN x IS NOT NULL THEN '{wide}' END"),
        format!("coalesce(NULLIF(carrier, carrier), '{wide}')"),
        format!("'{wide}'"),
        format!("carrier || '{wide}'"),
        format!("substring('{wide}', y)"),
    ] {
        let failure = parse(&text).unwrap().evaluate(&batch(), &mut Small).unwrap_err();
        assert_eq!(failure.code, "memory", "{}", &text[..20]);
    }
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "x",
        "y",
        "carrier",
        "yes",
        "d",
        "t",
        "z",
        "l",
        "s",
        "s.a",
        "1",
        "2.5",
        "'UA'",
        "'2013-01-01'",
        "NULL",
        "TRUE",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "||",
        "=",
        "<>",
        "<",
        ">=",
        "AND",
        "OR",
        "NOT",
        "IS",
        "IN",
        "BETWEEN",
        "LIKE",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "CAST(",
        "AS",
        "int64",
        "::",
        "DATE",
        "TIMESTAMP",
        "INTERVAL",
        "'1 day'",
        "abs(",
        "coalesce(",
        "concat(",
        "length(",
        "round(",
        "date_part(",
        "'hour'",
        "count(",
        "*",
        "DISTINCT",
        "FROM",
        "[",
        "]",
        ".",
        "desc",
        "nulls",
        "first",
        ";",
        "--",
        "SELECT",
        "ESCAPE",
        "EXTRACT(",
    ]);
    prop::collection::vec(word, 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words(text in words()) {
        survives(text);
    }

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        survives(text);
    }
}

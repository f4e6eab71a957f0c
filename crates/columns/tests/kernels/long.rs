//! Single values that are long work: the deadline is looked at within them, and what they take is charged. What is bounded
//! here is work, not time: units of fuel, of which one stands for about two nanoseconds.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, ListArray};
use arrow::datatypes::Int64Type;
use jackfield_columns::FailureKind;
use jackfield_columns::compute::{Argument, SortKey, call, reduce, sort_indices};
use regex::Regex;

use crate::suite::*;

/// Ten milliseconds.
const MOST_AT_ONCE: u64 = 5 << 20;

/// What a call took without limits; then, with half of that, it is stopped.
fn interrupted(function: &str, arguments: &[Argument], options: &str) -> Budget {
    let mut whole = Budget::new(u64::MAX, 1 << 30);
    call(function, arguments, options, 1, None, &mut whole).unwrap_or_else(|failure| panic!("{function}: {failure}"));
    let mut half = Budget::new(whole.worked / 2, 1 << 30);
    let failure = call(function, arguments, options, 1, None, &mut half).expect_err(function);
    assert_eq!(failure.code, "deadline", "{function}: {failure}");
    // It has not gone on for long.
    let beyond = half.worked - whole.worked / 2;
    assert!(beyond <= half.heaviest, "{function} went on for {beyond}");
    whole
}

/// One text of 8 MiB.
fn long(of: &str) -> Argument {
    column(&texts(&[Some(&of.repeat((8 << 20) / of.len()))]))
}

#[test]
fn k06_the_deadline_is_seen_within_single_texts() {
    let (plain, wide, space) = (long("ab"), long("äb"), long(" "));
    let many =
        format!(r#"{{"characters": "{}"}}"#, (0x100..0x1C0).filter_map(char::from_u32).collect::<String>() + " ");
    let small = || text("b");
    for (function, arguments, options) in [
        ("utf8_lower", vec![plain.clone()], ""),
        ("utf8_upper", vec![wide.clone()], ""),
        ("utf8_trim", vec![space.clone()], ""),
        ("utf8_trim", vec![space.clone()], many.as_str()),
        ("utf8_ltrim", vec![space.clone()], many.as_str()),
        ("utf8_rtrim", vec![space], many.as_str()),
        ("utf8_length", vec![wide.clone()], ""),
        ("utf8_slice_codeunits", vec![wide.clone(), int(4 << 20)], ""),
        ("utf8_slice_codeunits", vec![wide.clone(), int(-5)], ""),
        ("utf8_replace", vec![plain.clone(), text("xyz"), small()], ""),
        ("utf8_replace", vec![plain.clone(), text("a"), small()], ""),
        ("utf8_reverse", vec![wide.clone()], ""),
        ("utf8_repeat", vec![small(), int(8 << 20)], ""),
        ("utf8_repeat", vec![plain.clone(), int(8)], ""),
        ("utf8_lpad", vec![small(), int(8 << 20)], ""),
        ("utf8_rpad", vec![wide.clone(), int(9 << 20), text("äö")], ""),
        ("binary_join_element_wise", vec![plain.clone(), plain.clone(), text("-")], ""),
        ("match_substring", vec![plain.clone(), text("ba ")], ""),
        ("match_substring", vec![plain.clone(), column(&texts(&[Some("ba ")]))], ""),
        ("match_substring", vec![plain.clone()], r#"{"pattern": "BA ", "ignore_case": true}"#),
        ("starts_with", vec![wide.clone()], r#"{"pattern": "BA ", "ignore_case": true}"#),
        ("match_like", vec![plain.clone(), text("%a_c%")], ""),
        ("match_substring_regex", vec![plain.clone(), text("[a-z]+c")], ""),
        ("match_substring_regex", vec![wide.clone(), text(r"\bc\b")], ""),
        ("extract_regex_group", vec![plain.clone(), text("(a|b)+")], ""),
        ("replace_substring_regex", vec![wide.clone(), text("(ä)b$"), text(r"\1")], ""),
    ] {
        let found = interrupted(function, &arguments, options);
        assert!(found.looks >= 8, "{function} {options} looked {} times", found.looks);
        // What is more than ten milliseconds at once is charged before any of it is done: the weight of all bytes.
        let first = (16 << 20) / 8 * 40 + (1 << 20);
        assert!(found.heaviest <= first, "{function} {options}: {} at once", found.heaviest);
    }
}

/// A text in which no number is sought, however many digits it has.
#[test]
fn k06_long_texts_are_no_numbers() {
    let digits = column(&texts(&[Some(&"1".repeat(1 << 20)), Some("1")]));
    for to in ["int64", "float64", "decimal(38,2)", "timestamp"] {
        let outcome = run("cast", std::slice::from_ref(&digits), &format!(r#"{{"to_type": "{to}"}}"#)).unwrap();
        let first = outcome.first.unwrap();
        assert_eq!((first.code.as_str(), first.row), ("invalid-cast", Some(0)), "{to}");
        assert!(first.message.len() < 200);
    }
}

/// One list of many items.
fn items(count: i64) -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some((0..count).map(Some).collect::<Vec<_>>())]))
}

#[test]
fn k06_the_deadline_is_seen_within_single_lists() {
    let list = column(&items(1 << 20));
    let found = interrupted("cast", std::slice::from_ref(&list), r#"{"to_type": "list<utf8>"}"#);
    assert!(found.looks >= 8, "{}", found.looks);
    // What cannot be interrupted is refused.
    let list = items(3 << 20);
    for (function, arguments) in
        [("equal", vec![column(&list), column(&list)]), ("is_in", vec![column(&list), column(&list)])]
    {
        let failure = run(function, &arguments, "").unwrap_err();
        assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Limit, "too-large"), "{function}");
    }
}

/// Every row counts, in columns of the most rows that a chunk may have.
#[test]
fn k06_sorts_and_aggregates_look_at_the_deadline() {
    let rows = 1 << 20;
    let mixed: ArrayRef =
        Arc::new(Int64Array::from_iter_values((0..rows).map(|row: i64| row.wrapping_mul(0x9E37_79B9) % 1000)));
    let key = |column: &ArrayRef| SortKey { column: Arc::clone(column), descending: false, nulls_first: false };
    for keys in [vec![key(&mixed)], vec![key(&mixed), key(&mixed)]] {
        for limit in [None, Some(10), Some(1 << 19)] {
            let mut whole = Budget::new(u64::MAX, 1 << 30);
            let order = sort_indices(&keys, limit, &mut whole).unwrap();
            assert_eq!(order.len(), limit.map_or(rows as usize, |limit| limit as usize));
            assert!(whole.looks as usize >= rows as usize / 16_384, "{} keys: {} looks", keys.len(), whole.looks);
            let values = mixed.as_any().downcast_ref::<Int64Array>().unwrap();
            let pairs = order.values().windows(2).map(|pair| (pair[0], pair[1]));
            for (a, b) in pairs {
                let (x, y) = (values.value(a as usize), values.value(b as usize));
                assert!((x, a) < (y, b), "rows {a} and {b}");
            }
        }
    }
    for function in ["sum", "min", "count_distinct", "median", "list", "variance"] {
        let mut whole = Budget::new(u64::MAX, 1 << 30);
        reduce(function, &mixed, "", &mut whole).map(|_| ()).unwrap_or_else(|failure| panic!("{function}: {failure}"));
        let weighed = rows as u64 / 8;
        assert!(whole.looks >= 2 && whole.worked >= weighed, "{function}: {} looks, {}", whole.looks, whole.worked);
    }
}

/// K04: patterns that are as much work as patterns can be, on texts of a megabyte. Each search ends, or the deadline ends
/// it: no more than ten milliseconds of work are done without a look.
#[test]
fn k04_hostile_patterns_on_long_texts_are_interrupted() {
    let texts_of = ["a", "ab", "ä", "a b", "A"];
    for pattern in [
        "(a*)*c",
        "(a|a)*c",
        "(a|aa)+c$",
        "(.*)(.*)(.*)(.*)c",
        r"(a|b|ab|ba|a.b){1,40}c",
        r"(?:a?){60}a{60}c",
        r"(\w+\s?)+c",
        r"\b\w+\b[^\w]c",
        r"(x+x+)+y",
        r".*.*.*=.*c",
        r"[a-b]*a[a-b]{300}c",
        r"(?:[a-z]|\pL){20}c",
    ] {
        for of in texts_of {
            let long = column(&texts(&[Some(&of.repeat((1 << 20) / of.len()))]));
            for (function, arguments) in [
                ("match_substring_regex", vec![long.clone(), text(pattern)]),
                ("extract_regex_group", vec![long.clone(), text(pattern)]),
                ("replace_substring_regex", vec![long.clone(), text(pattern), text(r"\1")]),
            ] {
                // A tenth of a second's fuel: whatever takes longer stops there.
                let mut budget = Budget::new(50 << 20, 1 << 30);
                match call(function, &arguments, "", 1, None, &mut budget) {
                    Ok(outcome) => assert_eq!(outcome.values.len(), 1),
                    Err(failure) => assert_eq!(failure.code, "deadline", "{function} {pattern}: {failure}"),
                }
                // What it is charged for its bytes before it begins, and the pattern's states.
                let weight = (1 << 20) / 8 * 40 + (1 << 14);
                assert!(
                    budget.heaviest <= MOST_AT_ONCE.max(weight),
                    "{function} {pattern}: {} at once",
                    budget.heaviest
                );
                assert!(budget.worked >= 1 << 17, "{function} {pattern}: only {} charged", budget.worked);
            }
        }
    }
}

/// Many short rows are looked at like one long one, and a large pattern is charged for.
#[test]
fn k04_large_patterns_are_charged_row_by_row() {
    let rows = column(&texts(&vec![Some("abababababababababababababab"); 4096]));
    let charged = |pattern: &str| {
        let mut budget = Budget::new(u64::MAX, 1 << 30);
        call("match_substring_regex", &[rows.clone(), text(pattern)], "", 1, None, &mut budget).unwrap();
        assert!(budget.heaviest <= MOST_AT_ONCE, "{pattern}: {} at once", budget.heaviest);
        budget.worked
    };
    let (small, large) = (charged("c"), charged("[a-b]*a[a-b]{3000}c"));
    assert!(large > small * 10, "{small} and {large}");
}

/// Whatever the engine, the matches are those of the regex crate.
#[test]
fn long_texts_are_searched_like_short_ones() {
    let words = "lorem ipsum, Dolor sit-amet 42 ä ÖÖ  naïve\nx=1;y=22;z= \n";
    let patterns = [
        "ipsum",
        "z= $",
        r"(?m)^x=(\d)",
        r"(\w+)=(\d*);",
        r"\b(\w)\w*\b",
        r"(\pL)+",
        "(a)|(b)|(m)",
        r"(?i)dolor|ÖÖ",
        r"\s*",
        "",
        r"(x*)(y?)",
        r"(?s)m.*z",
        r"m.*?4",
        r"\d+$",
        r"^lorem",
        r"\Bi\B",
        "[^a-z]+",
        "qqq",
        r"((ä)|(n))(a?)",
    ];
    for repeats in [1, 6_000] {
        let long = words.repeat(repeats);
        let padded = format!("{}{long}", "#".repeat(if repeats == 1 { 0 } else { 5 }));
        let haystack = column(&texts(&[Some(&padded)]));
        for pattern in patterns {
            let regex = Regex::new(pattern).unwrap();
            let is_match = run("match_substring_regex", &[haystack.clone(), text(pattern)], "").unwrap();
            assert_eq!(shown(&is_match.values), regex.is_match(&padded).to_string(), "{pattern}");
            for group in 0..regex.captures_len() {
                let options = format!(r#"{{"group": {group}}}"#);
                let found = run("extract_regex_group", &[haystack.clone(), text(pattern)], &options).unwrap();
                let expected = regex.captures(&padded).and_then(|found| Some(found.get(group)?.as_str().to_owned()));
                assert_eq!(each(&found.values), [expected.unwrap_or_default()], "{pattern} group {group}");
            }
            for global in [false, true] {
                // Searches that look at all of the rest for each match are for the test of deadlines.
                if repeats > 1 && global && ["(?s)m.*z"].contains(&pattern) {
                    continue;
                }
                let options = format!(r#"{{"global": {global}}}"#);
                let arguments = [haystack.clone(), text(pattern), text(r"<\0|\1>")];
                let found = run("replace_substring_regex", &arguments, &options).unwrap();
                let with = if regex.captures_len() > 1 { "<$0|$1>" } else { "<$0|>" };
                let expected = regex.replacen(&padded, if global { 0 } else { 1 }, with);
                assert!(each(&found.values) == [expected.as_ref()], "{pattern} global {global} of {repeats}");
            }
        }
    }
}

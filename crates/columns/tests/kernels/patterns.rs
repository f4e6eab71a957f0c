//! Searching text, by hand, and hostile patterns.

use jackfield_columns::compute::call;

use crate::suite::*;

pub(crate) fn cases(suite: &mut Suite) {
    let a = texts(&[Some("carrier"), Some("Car\nx"), None, Some("scar")]);
    suite.check("starts_with", &[column(&a), text("car")], "", "true false null false");
    suite.check("ends_with", &[column(&a), text("ar")], "", "false false null true");
    suite.check("match_substring", &[column(&a), text("car")], "", "true false null true");
    for (function, expected) in [
        ("starts_with", "true true null false"),
        ("ends_with", "false false null false"),
        ("match_substring", "true true null true"),
    ] {
        suite.check(
            function,
            &[column(&a)],
            r#"{"pattern": "CAR", "ignore_case": true}"#,
            &expected.replacen("false null false", "false null true", usize::from(function == "ends_with")),
        );
        suite.check(function, &[column(&a), null()], "", "null null null null");
        suite.refuse(function, &[column(&a), text("a")], r#"{"pattern": "a"}"#, "type-mismatch");
        suite.refuse(function, &[column(&a)], "", "type-mismatch");
    }
    let (x, y) = (texts(&[Some("ab"), Some("b"), None]), texts(&[Some("a"), Some("B"), Some("")]));
    suite.check("starts_with", &[column(&x), column(&y)], "", "true false null");
    suite.check("match_substring", &[column(&x), column(&y)], r#"{"ignore_case": true}"#, "true true null");
    suite.check("match_like", &[column(&a)], r#"{"pattern": "car%"}"#, "true false null false");
    suite.check("match_like", &[column(&a)], r#"{"pattern": "CAR_x", "ignore_case": true}"#, "false true null false");
    suite.check("match_like", &[column(&texts(&[Some("5%"), Some("5x")])), text(r"5\%")], "", "true false");
    suite.check(
        "match_like",
        &[column(&texts(&[Some("a.c"), Some("abc"), Some("")])), text("a.c")],
        "",
        "true false false",
    );
    suite.check("match_like", &[column(&texts(&[Some("a"), Some("")])), text("")], "", "false true");
    suite.check("match_substring_regex", &[column(&a), text("r{2}")], "", "true false null false");
    suite.check(
        "match_substring_regex",
        &[column(&a)],
        r#"{"pattern": "^C", "ignore_case": true}"#,
        "true true null false",
    );
    suite.check(
        "replace_substring_regex",
        &[column(&a), text("(a)(r)"), text(r"\2\1")],
        "",
        "crarier Cra\nx null scra",
    );
    let all = r#"{"pattern": "r", "replacement": "", "global": true}"#;
    suite.check("replace_substring_regex", &[column(&a)], all, "caie Ca\nx null sca");
    let between = r#"{"pattern": "", "replacement": "-", "global": true}"#;
    suite.check("replace_substring_regex", &[column(&texts(&[Some("äb"), None]))], between, "-ä-b- null");
    let odd = r#"{"pattern": "(c)(z)?", "replacement": "[\\0\\1\\2\\9\\\\]"}"#;
    suite.check("replace_substring_regex", &[column(&texts(&[Some("ac")]))], odd, r"a[cc\]");
    suite.check("extract_regex_group", &[column(&a)], r#"{"pattern": "c(.)r", "group": 1}"#, "a  null a");
    suite.check("extract_regex_group", &[column(&a), text("c.r")], "", "car  null car");
    suite.refuse("extract_regex_group", &[column(&a)], r#"{"pattern": "c", "group": 1}"#, "out-of-bounds");
    suite.refuse("match_substring_regex", &[column(&a), column(&a)], "", "type-mismatch");
    for function in ["match_substring_regex", "extract_regex_group"] {
        suite.refuse(function, &[column(&a), text("(")], "", "syntax");
        suite.refuse(function, &[int(1), text("(")], "", "type-mismatch");
    }
}

#[test]
fn by_hand() {
    all(cases);
}

/// K04: what is long or grows when it is compiled is refused.
#[test]
fn k04_large_patterns_are_refused() {
    let a = texts(&[Some("aaaa")]);
    let long = "a".repeat(4097);
    for pattern in [
        long.as_str(),
        &"(a?){5000}".repeat(400),
        r"\w{1000}{1000}",
        &"(".repeat(2000),
        "(a{0,200}){0,200}",
        r"(\w{40}|\d{40}){40}",
        // Without case, each class is gone through character by character.
        &format!("(?i){}", r"\pL".repeat(1000)),
        &format!("(?i){}", r"[\x00-\x{10FFFF}]".repeat(200)),
        &format!("(?i:{})", r"\W".repeat(1000)),
        &format!("(?i:{})", "[!-\u{10FFFF}]".repeat(400)),
    ] {
        for function in ["match_substring_regex", "replace_substring_regex", "extract_regex_group"] {
            let mut arguments = vec![column(&a), text(pattern)];
            arguments.extend((function == "replace_substring_regex").then(|| text("")));
            let failure = run(function, &arguments, "").unwrap_err();
            assert!(["too-large", "syntax"].contains(&failure.code.as_str()), "{function}: {failure}");
            assert!(failure.message.len() < 200, "{}", failure.message);
        }
    }
    for pattern in ["%_".repeat(32 << 10), long] {
        assert_eq!(run("match_like", &[column(&a), text(&pattern)], "").unwrap_err().code, "too-large");
    }
}

/// Ordinary patterns without case have few large classes.
#[test]
fn ordinary_patterns_without_case_are_searched() {
    let a = texts(&[Some("Mail ÉVA@Example.ORG!"), Some("none"), None]);
    for (pattern, expected) in [
        (r"(?i)[\w.-]+@[\w.-]+\.[a-z]{2,}", "ÉVA@Example.ORG  null"),
        (r"(?i)\bmail\s+\p{L}+", "Mail ÉVA  null"),
        (r"(?i)[^\s]+$", "ÉVA@Example.ORG! none null"),
    ] {
        let outcome = run("extract_regex_group", &[column(&a), text(pattern)], "").unwrap();
        assert_eq!(told(&outcome), expected, "{pattern}");
    }
}

/// K04: patterns that make other engines try for ever take time in proportion to text and pattern, or are refused.
#[test]
fn k04_catastrophic_patterns_end() {
    let long = texts(&[Some(&"a".repeat(64 << 10))]);
    for pattern in [
        "(a*)*b",
        "(a+)+$b",
        "(a|a)*b",
        "(a|aa)+b",
        "(.*)(.*)(.*)(.*)b",
        "(a?){40}a{40}b",
        "(a?){5000}",
        "(a?){5000}a{5000}",
    ] {
        match run("match_substring_regex", &[column(&long), text(pattern)], "") {
            Ok(outcome) => {
                assert_eq!(shown(&outcome.values), if pattern.ends_with('b') { "false" } else { "true" }, "{pattern}")
            }
            Err(failure) => assert_eq!(failure.code, "too-large", "{pattern}"),
        }
    }
    let like = "%a".repeat(1000) + "b";
    assert_eq!(
        told(&run("match_like", &[column(&texts(&[Some(&"a".repeat(4 << 10))])), text(&like)], "").unwrap()),
        "false"
    );
}

/// K04: an iterator over matches may look at all of the rest for each; the deadline is seen between them.
#[test]
fn k04_the_deadline_is_seen_between_matches() {
    let quadratic = texts(&[Some(&"A".repeat(256 << 10))]);
    let arguments = [column(&quadratic), text(".*[^A-Z]|[A-Z]"), text("x")];
    let mut budget = Budget::new(20 << 20, u64::MAX);
    let outcome = call("replace_substring_regex", &arguments[..], r#"{"global": false}"#, 0, None, &mut budget);
    assert!(outcome.is_ok());
    let before = budget.worked;
    let mut budget = Budget::new(before + 100, u64::MAX);
    let failure = call("replace_substring_regex", &arguments, r#"{"global": true}"#, 0, None, &mut budget).unwrap_err();
    assert_eq!(failure.code, "deadline");
    assert!(budget.looks < 200, "{} looks before it stopped", budget.looks);
}

#[test]
fn k04_single_texts_beyond_a_megabyte_are_searched() {
    let long = texts(&[Some(&("a".repeat(1 << 20) + "bc"))]);
    for (function, pattern, expected) in [
        ("match_like", "%bc", "true"),
        ("match_substring_regex", "b.$", "true"),
        ("extract_regex_group", "a(b)c", "abc"),
        ("match_substring", "bc", "true"),
        ("match_substring", "bd", "false"),
    ] {
        let outcome = run(function, &[column(&long), text(pattern)], "").unwrap();
        assert_eq!(told(&outcome), expected, "{function}");
    }
}

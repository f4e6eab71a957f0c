//! Text functions, by hand, and text bombs.

use jackfield_columns::compute::{Argument, call};

use crate::suite::*;

pub(crate) fn cases(suite: &mut Suite) {
    let b = texts(&[Some("xaxbx"), None, Some("äbc")]);
    suite.check("utf8_lower", &[column(&texts(&[Some("AbC"), None]))], "", "abc null");
    suite.check("utf8_lower", &[column(&texts(&[Some("ÄbC"), None, Some("İ")]))], "", "äbc null i̇");
    suite.check("utf8_upper", &[column(&texts(&[Some("Straße"), None, Some("ab")]))], "", "STRASSE null AB");
    suite.check("utf8_length", &[column(&b)], "", "5 null 3");
    suite.check("utf8_length", &[column(&texts(&[Some("abc"), None, Some("")]))], "", "3 null 0");
    suite.check("binary_length", &[column(&b)], "", "5 null 4");
    suite.check("binary_length", &[column(&as_type(&b, "binary"))], "", "5 null 4");
    suite.check("binary_length", &[column(&as_type(&b, "large-binary"))], "", "5 null 4");
    let fixed = as_type(&as_type(&texts(&[Some("abc"), None]), "binary"), "fixed-size-binary(3)");
    suite.check("binary_length", &[column(&fixed)], "", "3 null");
    suite.check("utf8_trim", &[column(&b)], r#"{"characters": "x"}"#, "axb null äbc");
    suite.check("utf8_ltrim", &[column(&b)], r#"{"characters": "xä"}"#, "axbx null bc");
    suite.check("utf8_rtrim", &[column(&b)], r#"{"characters": "xc"}"#, "xaxb null äb");
    let padded = texts(&[Some("\u{a0} a\t"), None, Some(" ")]);
    for (function, expected) in [("trim", "a null "), ("ltrim", "a\t null "), ("rtrim", "\u{a0} a null ")] {
        suite.check(&format!("utf8_{function}_whitespace"), &[column(&padded)], "", expected);
        suite.check(&format!("utf8_{function}"), &[column(&padded)], "", expected);
    }
    slices(suite);
    suite.check("utf8_replace", &[column(&b), text("x"), text("--")], "", "--a--b-- null äbc");
    suite.check("utf8_replace", &[column(&b)], r#"{"pattern": "b", "replacement": ""}"#, "xaxx null äc");
    suite.check("utf8_replace", &[column(&b), text(""), text("-")], "", "xaxbx null äbc");
    suite.check("utf8_replace", &[column(&b), text("x"), null()], "", "null null null");
    suite.check("utf8_reverse", &[column(&b)], "", "xbxax null cbä");
    suite.check("utf8_repeat", &[column(&b), int(2)], "", "xaxbxxaxbx null äbcäbc");
    suite.check("utf8_repeat", &[column(&b), int(-1)], "", " null ");
    suite.check("utf8_repeat", &[text("ab"), column(&ints(&[Some(0), None, Some(3)]))], "", " null ababab");
    suite.check("utf8_repeat", &[column(&texts(&[Some("")])), int(i64::MAX)], "", "");
    suite.check("utf8_lpad", &[column(&b), int(6), text("01")], "", "0xaxbx null 010äbc");
    suite.check("utf8_rpad", &[column(&b), int(6), text("éö")], "", "xaxbxé null äbcéöé");
    suite.check("utf8_lpad", &[column(&texts(&[Some("a"), None])), int(3)], "", "  a null");
    suite.check("utf8_rpad", &[column(&b), int(i64::MAX), text("")], "", "xaxbx null äbc");
    suite.check("utf8_rpad", &[column(&texts(&[Some("abc")])), int(i64::MIN)], "", "abc");
    for name in ["int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"] {
        let two = as_type(&ints(&[Some(2), Some(4), None]), name);
        let c = texts(&[Some("abc"), Some("ö"), Some("x")]);
        suite.check("utf8_repeat", &[column(&c), column(&two)], "", "abcabc öööö null");
        suite.check("utf8_lpad", &[column(&c), column(&two), text("-")], "", "abc ---ö null");
        suite.check("utf8_rpad", &[column(&c), column(&two), text("-")], "", "abc ö--- null");
        suite.check("utf8_slice_codeunits", &[column(&c), column(&two)], "", "c  null");
    }
    let joined = [column(&b), text("-"), text("+")];
    suite.check("binary_join_element_wise", &joined, "", "xaxbx+- null äbc+-");
    suite.check("binary_join_element_wise", &joined, r#"{"null_handling": "skip"}"#, "xaxbx+- - äbc+-");
    suite.check("binary_join_element_wise", &[column(&b), null()], "", "null null null");
    suite.check("binary_join_element_wise", &[column(&b)], "", " null ");
    suite.check(
        "binary_join_element_wise",
        &[column(&b), column(&b), column(&b), text("")],
        "",
        "xaxbxxaxbxxaxbx null äbcäbcäbc",
    );
    for function in ["utf8_lower", "utf8_reverse", "utf8_trim", "utf8_length"] {
        suite.refuse(function, &[int(1)], "", "type-mismatch");
        suite.check(function, &[null()], "", "null");
    }
    let many = format!(r#"{{"characters": "{}"}}"#, "x".repeat(257));
    suite.refuse("utf8_trim", &[column(&b)], &many, "too-large");
}

fn slices(suite: &mut Suite) {
    let b = texts(&[Some("xaxbx"), None, Some("äbc"), Some("")]);
    let name = "utf8_slice_codeunits";
    suite.check(name, &[column(&b), int(1), int(2)], "", "ax null bc ");
    suite.check(name, &[column(&b), int(-2)], "", "bx null bc ");
    suite.check(name, &[column(&b)], r#"{"start": 0, "stop": -1}"#, "xaxb null äb ");
    suite.check(name, &[column(&b)], r#"{"start": 2, "stop": 1}"#, " null  ");
    suite.check(name, &[column(&b)], r#"{"start": 9, "stop": 3}"#, " null  ");
    suite.check(name, &[column(&b)], r#"{"start": 1, "length": 1, "stop": 5}"#, "a null b ");
    suite.check(name, &[column(&b)], r#"{"length": -1, "stop": 2}"#, " null  ");
    suite.check(name, &[column(&b)], "", "xaxbx null äbc ");
    let edges = r#"{"start": -9223372036854775808, "stop": 9223372036854775807}"#;
    suite.check(name, &[column(&b)], edges, "xaxbx null äbc ");
    let (from, length) =
        (ints(&[Some(1), Some(0), None, Some(5)]), ints(&[Some(i64::MAX), Some(1), Some(1), Some(-5)]));
    suite.check(name, &[column(&b), column(&from), column(&length)], "", "axbx null null ");
}

#[test]
fn by_hand() {
    all(cases);
}

/// K03: what would be gigabytes is refused, and before it is written nothing near it was asked for.
#[test]
fn k03_text_bombs_are_refused_before_they_are_made() {
    let a = texts(&[Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); 1000]);
    let big = "x".repeat(1 << 20);
    let bombs: [(&str, Vec<Argument>); 9] = [
        ("utf8_replace", vec![column(&a), text("a"), text(&big)]),
        ("replace_substring_regex", vec![column(&a), text("^"), text(&big)]),
        ("utf8_repeat", vec![column(&a), int(1 << 25)]),
        ("utf8_repeat", vec![text("ab"), int(1 << 28)]),
        ("utf8_lpad", vec![column(&a), int(1 << 30)]),
        ("utf8_rpad", vec![column(&a), int(1 << 30), text("ä")]),
        ("binary_join_element_wise", vec![column(&a), text(&big), text("")]),
        ("binary_join_element_wise", vec![column(&a), column(&a), column(&a), text(&big)]),
        ("coalesce", vec![column(&a), text(&big)]),
    ];
    for (function, arguments) in bombs {
        let mut budget = Budget::new(u64::MAX, 64 << 20);
        let failure = call(function, &arguments, "", 1, None, &mut budget).unwrap_err();
        assert_eq!(failure.code, "memory", "{function}");
        assert!(budget.largest <= 64 << 20, "{function}");
    }
}

/// What no text column can hold is refused even where memory has no limit, and before any of it is made.
#[test]
fn k03_more_than_two_gigabytes_of_text_are_too_large() {
    let a = texts(&[Some("aaaaaaaaaaaaaaaa"), Some("b")]);
    let big = "x".repeat(1 << 20);
    let bombs: [(&str, Vec<Argument>, usize); 8] = [
        ("utf8_repeat", vec![column(&a), int(i64::MAX)], 0),
        ("utf8_repeat", vec![column(&a), int(1 << 28)], 0),
        ("utf8_lpad", vec![column(&a), int(i64::MAX)], 0),
        ("utf8_rpad", vec![column(&a), int(1 << 31), text("ä")], 0),
        ("coalesce", vec![text(&big), null()], 1 << 20),
        ("utf8_upper", vec![text(&big)], 1 << 20),
        ("if_else", vec![null(), text(&big), text(&big)], 1 << 20),
        ("is_null", vec![null()], usize::MAX),
    ];
    for (function, arguments, rows) in bombs {
        let mut budget = Budget::new(u64::MAX, u64::MAX);
        match call(function, &arguments, "", rows, None, &mut budget) {
            Err(failure) => assert_eq!(failure.code, "too-large", "{function}"),
            // A constant null is a null of every row, and takes no text.
            Ok(outcome) => assert_eq!((function, outcome.values.null_count()), ("if_else", 1 << 20)),
        }
        assert!(budget.largest < 64 << 20, "{function} asked for {}", budget.largest);
    }
}

#[test]
fn k03_rows_of_nulls_are_asked_for() {
    for rows in [usize::MAX, 1 << 40, u32::MAX as usize] {
        let failure = call("coalesce", &[null()], "", rows, None, &mut Budget::new(u64::MAX, u64::MAX)).unwrap_err();
        assert_eq!(failure.code, "too-large");
    }
    let failure = call("coalesce", &[int(1)], "", 1 << 24, None, &mut Budget::new(u64::MAX, 1 << 20)).unwrap_err();
    assert_eq!(failure.code, "memory");
}

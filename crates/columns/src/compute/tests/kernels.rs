//! Element-by-element functions, by hand.

use super::*;

const MAX: i64 = i64::MAX;

#[test]
fn arithmetic() {
    let a = ints(&[Some(7), None, Some(-7), Some(MAX)]);
    check("add", &[column(&a), int(1)], "", &format!("8 null -6 {}", i64::MIN));
    check("add_checked", &[column(&a), int(1)], "", "8 null -6 !integer-overflow");
    check("subtract_checked", &[int(-2), column(&a)], "", "-9 null 5 !integer-overflow");
    check("multiply_checked", &[column(&a), column(&a)], "", "49 null 49 !integer-overflow");
    check("divide", &[column(&a), int(2)], "", &format!("3 null -3 {}", MAX / 2));
    check("remainder", &[column(&a), int(2)], "", "1 null -1 1");
    check("divide_checked", &[int(1), column(&ints(&[Some(0), Some(2)]))], "", "!division-by-zero 0");
    check("divide_checked", &[column(&ints(&[Some(i64::MIN)])), int(-1)], "", "!integer-overflow");
    check("divide", &[column(&ints(&[Some(1), None])), int(0)], "", "!division-by-zero null");
    check("remainder", &[column(&ints(&[Some(i64::MIN)])), int(-1)], "", "0");
    check("divide", &[column(&floats(&[Some(1.0), Some(0.0)])), float(0.0)], "", "inf NaN");
    check("add", &[column(&small(&[1, i32::MAX])), int(1)], "", "2 2147483648");
    check("add", &[column(&a), float(0.5)], "", &format!("7.5 null -6.5 {:?}", MAX as f64 + 0.5));
    check("add", &[column(&a), null()], "", "null null null null");
    check("negate_checked", &[column(&ints(&[Some(1), Some(i64::MIN), None]))], "", "-1 !integer-overflow null");
    check("abs_checked", &[column(&ints(&[Some(-1), Some(i64::MIN), None]))], "", "1 !integer-overflow null");
    check("abs", &[column(&floats(&[Some(-0.0), Some(-1.5)]))], "", "0.0 1.5");
    check("sign", &[column(&floats(&[Some(-3.5), Some(0.0), Some(f64::NAN), Some(2.0)]))], "", "-1.0 0.0 NaN 1.0");
    check("power", &[int(2), column(&a.slice(0, 2))], "", "128.0 null");
    check("sqrt", &[column(&ints(&[Some(9), Some(-1)]))], "", "3.0 NaN");
}

#[test]
fn decimal_arithmetic() {
    let a = decimals(&[150, -250, 10_i128.pow(38) - 1], 2);
    check("add", &[column(&a.slice(0, 2)), column(&a.slice(0, 2))], "", "3.00 -5.00");
    check("multiply", &[column(&a.slice(0, 2)), int(2)], "", "3.00 -5.00");
    check("negate", &[column(&a.slice(0, 2))], "", "-1.50 2.50");
    check("sign", &[column(&a.slice(0, 2))], "", "1.00 -1.00");
    check("round", &[column(&a.slice(0, 2))], r#"{"round_mode": "half_towards_infinity"}"#, "2.00 -3.00");
    check("round", &[column(&a.slice(0, 2))], "", "2.00 -2.00");
    check("greater", &[column(&a), float(1.0)], "", "true false true");
    check("divide", &[column(&a.slice(0, 2)), column(&decimals(&[0, 100], 2))], "", "!division-by-zero -2.500000");
}

#[test]
fn times_and_durations() {
    let day = 86_400_000_000;
    check("subtract", &[column(&times(&[3 * day], None)), column(&times(&[day], None))], "", "P2D");
    check("greater", &[column(&times(&[0, day], None)), text("1970-01-01T12:00:00")], "", "false true");
    check("equal", &[column(&times(&[0, day], Some("UTC"))), text("1970-01-02T00:00:00Z")], "", "false true");
    check("equal", &[column(&times(&[0, day], Some("Europe/Paris"))), column(&times(&[0, 0], None))], "", "true false");
    check("less", &[column(&dates(&[0, 20_000])), text("2020-01-01")], "", "true false");
    assert!(run("add", &[column(&dates(&[0])), text("x")], "").is_err());
}

#[test]
fn comparison() {
    let a = floats(&[Some(-0.0), Some(f64::NAN), None, Some(1.0)]);
    check("equal", &[column(&a), float(0.0)], "", "true false null false");
    check("equal", &[column(&a), column(&a)], "", "true false null true");
    check("not_equal", &[column(&a), column(&a)], "", "false true null false");
    check("less", &[column(&a), float(1.0)], "", "true false null false");
    check("greater", &[column(&ints(&[Some(60), Some(61), None])), int(60)], "", "false true null");
    check("greater", &[column(&ints(&[Some(60), Some(61)])), float(60.5)], "", "false true");
    check("equal", &[column(&small(&[1, 2])), int(2)], "", "false true");
    check("equal", &[column(&small(&[1, 2])), int(1 << 40)], "", "false false");
    check("equal", &[column(&unsigned(&[u64::MAX])), column(&ints(&[Some(-1)]))], "", "false");
    check("less", &[column(&texts(&[Some("b"), None, Some("ä")])), text("z")], "", "true null false");
    let (left, right) = (ints(&[Some(1), None, Some(1), None]), ints(&[Some(1), None, None, Some(2)]));
    check("is_distinct_from", &[column(&left), column(&right)], "", "false false true true");
    check("is_not_distinct_from", &[column(&left), column(&right)], "", "true true false false");
    check("is_distinct_from", &[column(&left), null()], "", "true false true false");
    assert!(run("equal", &[column(&left), text("1")], "").is_err());
    let many: Vec<Option<i64>> = (0..1000).map(|value| (value % 7 != 0).then_some(value)).collect();
    let expected: Vec<String> =
        many.iter().map(|value| value.map_or("null".to_owned(), |value| (value >= 500).to_string())).collect();
    check("greater_equal", &[column(&ints(&many)), int(500)], "", &expected.join(" "));
}

#[test]
fn logic() {
    let a = bools(&[Some(true), Some(false), None]);
    check("and_kleene", &[column(&a), null()], "", "null false null");
    check("or_kleene", &[column(&a), null()], "", "true null null");
    check("and", &[column(&a), column(&bools(&[Some(true), None, Some(false)]))], "", "true null null");
    check("xor", &[column(&a), Argument::Scalar(Scalar::Boolean(true))], "", "false true null");
    check("invert", &[column(&a)], "", "false true null");
}

#[test]
fn choice() {
    let (a, b) = (ints(&[Some(1), None, Some(3)]), ints(&[Some(4), Some(5), None]));
    let condition = bools(&[Some(true), Some(false), None]);
    check("if_else", &[column(&condition), column(&a), column(&b)], "", "1 5 null");
    check("if_else", &[column(&condition), int(9), null()], "", "9 null null");
    check("case_when", &[column(&condition), column(&a), null(), int(0), column(&b)], "", "1 5 null");
    check("case_when", &[column(&condition), text("yes")], "", "yes null null");
    check("choose", &[column(&ints(&[Some(0), Some(1), Some(2)])), column(&a), column(&b)], "", "1 5 !out-of-bounds");
    check("coalesce", &[column(&a), column(&b), int(7)], "", "1 5 3");
    check("coalesce", &[null(), column(&a), int(7)], "", "1 7 3");
    check("fill_null", &[column(&texts(&[Some("a"), None])), text("-")], "", "a -");
    check("nullif", &[column(&a), int(3)], "", "1 null null");
    check("max_element_wise", &[column(&a), column(&b)], "", "4 5 3");
    check("min_element_wise", &[column(&a), column(&b), int(2)], "", "1 2 2");
    check("is_null", &[column(&a)], "", "false true false");
    check("is_valid", &[column(&a)], "", "true false true");
    check("is_nan", &[column(&floats(&[Some(f64::NAN), None, Some(1.0)]))], "", "true null false");
    check("is_in", &[column(&a), int(3), int(9)], "", "false null true");
    check("is_in", &[column(&a), int(3), null()], "", "null null true");
    check(
        "is_in",
        &[column(&texts(&[Some("e"), Some("x"), None]))],
        r#"{"value_set": ["a","b","c","d","e","f"]}"#,
        "true false null",
    );
    check("is_in", &[column(&a)], r#"{"value_set": [1, 2.5]}"#, "true null false");
}

#[test]
fn casts() {
    let a = texts(&[Some("12"), Some("x"), None, Some("")]);
    check("cast", &[column(&a)], r#"{"to_type": "int64"}"#, "12 !invalid-cast null !");
    check("cast", &[column(&a)], r#"{"to_type": "int64", "safe": true}"#, "12 null null null");
    check(
        "cast",
        &[column(&floats(&[Some(1.9), Some(f64::NAN), Some(1e300)]))],
        r#"{"to_type": "int64"}"#,
        "1 !invalid-cast !",
    );
    check("cast", &[column(&ints(&[Some(300), Some(-1)]))], r#"{"to_type": "uint8"}"#, "!invalid-cast !");
    check(
        "cast",
        &[column(&texts(&[Some("2013-01-01"), Some("2013-13-01")]))],
        r#"{"to_type": "date"}"#,
        "2013-01-01 !invalid-cast",
    );
    check("cast", &[column(&bools(&[Some(true), None]))], r#"{"to_type": "utf8"}"#, "true null");
    let first = run("cast", &[column(&a)], r#"{"to_type": "int64"}"#).expect("values").first.expect("a failure");
    assert_eq!(first.message, "\"x\" is not an int64");
    assert!(run("cast", &[column(&a)], r#"{"to_type": "list<int64"}"#).is_err());
    assert!(run("cast", &[column(&a)], "").is_err());
}

#[test]
fn only_some_rows() {
    let a = ints(&[Some(1), Some(0), Some(0), Some(2)]);
    let only = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
    let outcome = call("divide", &[int(8), column(&a)], "", 0, Some(&only), &mut Unmetered).expect("no failure");
    assert_eq!((shown(&outcome.values).as_str(), outcome.failed.is_none()), ("8 null null 4", true));
    let only = BooleanArray::from(vec![false, false, true, true]);
    let outcome = call("divide", &[int(8), column(&a)], "", 0, Some(&only), &mut Unmetered).expect("an outcome");
    assert_eq!(shown(&outcome.values), "null null null 4");
    assert_eq!(outcome.first.and_then(|first| first.row), Some(2));
    let constant = call("divide", &[int(8), int(0)], "", 3, None, &mut Unmetered).expect("an outcome");
    assert_eq!(constant.failed.map(|failed| failed.true_count()), Some(3));
    let none = call("divide", &[int(8), int(0)], "", 0, None, &mut Unmetered).expect("an outcome");
    assert!(none.values.is_empty() && none.failed.is_none());
}

#[test]
fn rounding() {
    let a = floats(&[Some(2.5), Some(-2.5), Some(0.5), Some(1.26), None, Some(f64::INFINITY)]);
    check("round", &[column(&a)], r#"{"round_mode": "half_towards_infinity"}"#, "3.0 -3.0 1.0 1.0 null inf");
    check("round", &[column(&a)], "", "2.0 -2.0 0.0 1.0 null inf");
    check("round", &[column(&a)], r#"{"ndigits": 1}"#, "2.5 -2.5 0.5 1.3 null inf");
    check("round", &[column(&a)], r#"{"ndigits": -400}"#, "0.0 -0.0 0.0 0.0 null inf");
    check("floor", &[column(&a)], "", "2.0 -3.0 0.0 1.0 null inf");
    check("ceil", &[column(&a)], "", "3.0 -2.0 1.0 2.0 null inf");
    check("trunc", &[column(&a)], "", "2.0 -2.0 0.0 1.0 null inf");
    let options = r#"{"ndigits": -1, "round_mode": "half_towards_infinity"}"#;
    check(
        "round",
        &[column(&ints(&[Some(15), Some(-15), Some(14), Some(MAX)]))],
        options,
        "20 -20 10 !integer-overflow",
    );
}

#[test]
fn text() {
    let a = texts(&[Some(" Straße "), None, Some("AB"), Some("")]);
    let outcome = run("utf8_upper", &[column(&a)], "").expect("text");
    assert_eq!(shown(&outcome.values), " STRASSE  null AB ");
    let b = texts(&[Some("xaxbx"), None, Some("äbc")]);
    check("utf8_lower", &[column(&texts(&[Some("AbC"), None]))], "", "abc null");
    check("utf8_length", &[column(&b)], "", "5 null 3");
    check("binary_length", &[column(&b)], "", "5 null 4");
    check("utf8_trim", &[column(&b)], r#"{"characters": "x"}"#, "axb null äbc");
    check("utf8_ltrim", &[column(&b)], r#"{"characters": "xä"}"#, "axbx null bc");
    check("utf8_slice_codeunits", &[column(&b), int(1), int(2)], "", "ax null bc");
    check("utf8_slice_codeunits", &[column(&b), int(-2)], "", "bx null bc");
    check("utf8_slice_codeunits", &[column(&b)], r#"{"start": 0, "stop": -1}"#, "xaxb null äb");
    check("utf8_replace", &[column(&b), text("x"), text("--")], "", "--a--b-- null äbc");
    check("utf8_reverse", &[column(&b)], "", "xbxax null cbä");
    check("utf8_repeat", &[column(&b), int(2)], "", "xaxbxxaxbx null äbcäbc");
    check("utf8_lpad", &[column(&b), int(6), text("01")], "", "0xaxbx null 010äbc");
    check("binary_join_element_wise", &[column(&b), text("-"), text("+")], "", "xaxbx+- null äbc+-");
    check(
        "binary_join_element_wise",
        &[column(&b), text("-"), text("+")],
        r#"{"null_handling": "skip"}"#,
        "xaxbx+- - äbc+-",
    );
}

#[test]
fn patterns() {
    let a = texts(&[Some("carrier"), Some("Car\nx"), None, Some("scar")]);
    check("starts_with", &[column(&a), text("car")], "", "true false null false");
    check("ends_with", &[column(&a), text("ar")], "", "false false null true");
    check("match_substring", &[column(&a), text("car")], "", "true false null true");
    check("match_substring", &[column(&a), text("CAR")], r#"{"ignore_case": true}"#, "true true null true");
    check("match_like", &[column(&a)], r#"{"pattern": "car%"}"#, "true false null false");
    check("match_like", &[column(&a)], r#"{"pattern": "CAR_x", "ignore_case": true}"#, "false true null false");
    check("match_like", &[column(&texts(&[Some("5%"), Some("5x")])), text(r"5\%")], "", "true false");
    check("match_substring_regex", &[column(&a), text("r{2}")], "", "true false null false");
    check("replace_substring_regex", &[column(&a), text("(a)(r)"), text(r"\2\1")], "", "crarier Cra\nx null scra");
    let options = r#"{"pattern": "r", "replacement": "", "global": true}"#;
    check("replace_substring_regex", &[column(&a)], options, "caie Ca\nx null sca");
    check("extract_regex_group", &[column(&a)], r#"{"pattern": "c(.)r", "group": 1}"#, "a  null a");
    assert!(run("match_substring_regex", &[column(&a), text("(")], "").is_err());
}

#[test]
fn parts_of_dates() {
    // 2013-12-29T23:59:58.123456, a Sunday, and 1969-12-31T23:00:00.
    let a = times(&[1_388_361_598_123_456, -3_600_000_000], None);
    let expected = [
        ("year", "2013 1969"),
        ("quarter", "4 4"),
        ("month", "12 12"),
        ("day", "29 31"),
        ("day_of_year", "363 365"),
        ("iso_week", "52 1"),
        ("iso_year", "2013 1970"),
        ("hour", "23 23"),
        ("minute", "59 0"),
        ("second", "58 0"),
        ("millisecond", "123 0"),
        ("microsecond", "456 0"),
        ("day_of_week", "6 2"),
    ];
    for (function, expected) in expected {
        check(function, &[column(&a)], "", expected);
    }
    check("day_of_week", &[column(&a)], r#"{"week_start": 7}"#, "0 3");
    check("day_of_week", &[column(&a)], r#"{"count_from_zero": false}"#, "7 3");
    check("hour", &[column(&times(&[0], Some("Europe/Paris")))], "", "1");
    check("quarter", &[column(&dates(&[0, 100]))], "", "1 2");
    check("epoch", &[column(&dates(&[1]))], "", "86400.0");
}

#[test]
fn units_of_time() {
    let a = times(&[1_388_361_598_123_456, -3_600_000_001], None);
    let cases = [
        ("year", "2013-01-01T00:00:00 1969-01-01T00:00:00"),
        ("quarter", "2013-10-01T00:00:00 1969-10-01T00:00:00"),
        ("month", "2013-12-01T00:00:00 1969-12-01T00:00:00"),
        ("week", "2013-12-23T00:00:00 1969-12-29T00:00:00"),
        ("day", "2013-12-29T00:00:00 1969-12-31T00:00:00"),
        ("hour", "2013-12-29T23:00:00 1969-12-31T22:00:00"),
        ("millisecond", "2013-12-29T23:59:58.123 1969-12-31T22:59:59.999"),
    ];
    for (unit, expected) in cases {
        check("floor_temporal", &[column(&a)], &format!(r#"{{"unit": "{unit}"}}"#), expected);
    }
    check("floor_temporal", &[column(&dates(&[40]))], r#"{"unit": "month"}"#, "1970-02-01");
    // 2021-03-28T12:00Z in Paris is 14:00; its day began at 23:00Z the day before.
    let paris = times(&[1_616_932_800_000_000], Some("Europe/Paris"));
    check("floor_temporal", &[column(&paris)], r#"{"unit": "day"}"#, "2021-03-28T00:00:00+01:00");
    let (from, to) = (dates(&[0, 364]), dates(&[31, 366]));
    check("days_between", &[column(&from), column(&to)], "", "31 2");
    check("months_between", &[column(&from), column(&to)], "", "1 1");
    check("years_between", &[column(&from), column(&to)], "", "0 1");
    check("weeks_between", &[column(&to), column(&from)], "", "-4 0");
}

#[test]
fn times_as_text() {
    let a = times(&[1_388_361_598_123_456], None);
    check("strftime", &[column(&a), text("%d.%m.%Y")], "", "29.12.2013");
    check("strftime", &[column(&a), text("%z")], "", "!invalid-cast");
    check("strftime", &[column(&times(&[0], Some("Europe/Paris")))], r#"{"format": "%H%z"}"#, "01+0100");
    assert!(run("strftime", &[column(&a), text("%!")], "").is_err());
    let b = texts(&[Some("29.12.2013"), None, Some("31.02.2013")]);
    check("strptime", &[column(&b), text("%d.%m.%Y")], "", "2013-12-29T00:00:00 null !invalid-cast");
    let c = texts(&[Some("2013-12-29 10:00 +0200")]);
    check("strptime", &[column(&c)], r#"{"format": "%Y-%m-%d %H:%M %z"}"#, "2013-12-29T08:00:00Z");
    check("strptime", &[column(&b)], r#"{"format": "%d.%m.%Y", "type": "date"}"#, "2013-12-29 null !invalid-cast");
}

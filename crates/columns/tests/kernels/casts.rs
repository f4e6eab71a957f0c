//! Conversions, at their edges.

use jackfield_columns::compute::{Argument, Scalar, call};

use crate::arithmetic::{INTEGERS, of_type};
use crate::every_type::{ORDERED, lists, values};
use crate::suite::*;

fn to(name: &str) -> String {
    format!(r#"{{"to_type": "{name}"}}"#)
}

pub(crate) fn cases(suite: &mut Suite) {
    let a = texts(&[Some("12"), Some("x"), None, Some("")]);
    suite.check("cast", &[column(&a)], &to("int64"), "12 !invalid-cast null !");
    suite.check("cast", &[column(&a)], r#"{"to_type": "int64", "safe": true}"#, "12 null null null");
    suite.check("cast", &[column(&bools(&[Some(true), None]))], &to("utf8"), "true null");
    suite.check("cast", &[text("1.5")], &to("float64"), "1.5");
    suite.check("cast", &[null()], &to("int8"), "null");
    suite.refuse("cast", &[column(&a)], &to("list<int64"), "invalid-type");
    suite.refuse("cast", &[column(&a)], "", "type-mismatch");
    suite.refuse("cast", &[column(&lists())], &to("int8"), "type-mismatch");
    integers(suite);
    floating(suite);
    decimal(suite);
    from_text(suite);
    times_of(suite);
    for (name, low, high) in ORDERED {
        let column_of = values(name, low, high);
        let told = each(&column_of).join(" ");
        suite.check("cast", &[column(&column_of)], &to(name), &told);
    }
    suite.check("cast", &[column(&lists())], &to("list<int8>"), "[1, null] [2] null");
    // What plugins do not see becomes what they do.
    suite.check("cast", &[column(&texts(&[Some("a")]))], &to("utf8-view"), "a");
    let view = run("cast", &[text("a")], &to("utf8-view")).unwrap();
    assert_eq!(*view.values.data_type(), kind("utf8"));
}

#[test]
fn by_hand() {
    all(cases);
}

/// Every pair of integer types, at both ends of the first.
fn integers(suite: &mut Suite) {
    for (from, low, high) in INTEGERS {
        let ends = column(&of_type(from, &[Some(*low), Some(*high), None]));
        for (name, least, most) in INTEGERS {
            let mut failed = false;
            let each = [low, high].map(|value| match (least..=most).contains(&value) {
                true => value.to_string(),
                false if std::mem::replace(&mut failed, true) => "!".to_owned(),
                false => "!invalid-cast".to_owned(),
            });
            suite.check("cast", std::slice::from_ref(&ends), &to(name), &format!("{} null", each.join(" ")));
        }
        suite.check("cast", std::slice::from_ref(&ends), &to("utf8"), &format!("{low} {high} null"));
        suite.check("cast", std::slice::from_ref(&ends), &to("decimal(20,0)"), &format!("{low} {high} null"));
        suite.check("cast", &[ends], &to("bool"), if *low == 0 { "false true null" } else { "true true null" });
    }
}

fn floating(suite: &mut Suite) {
    let odd = floats(&[Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(-1.9), Some(1e300), None]);
    for (name, low, _) in INTEGERS {
        let minus = if *low < 0 { "-1" } else { "!" };
        suite.check("cast", &[column(&odd)], &to(name), &format!("!invalid-cast ! ! {minus} ! null"));
        let narrow = column(&as_type(&odd, "float32"));
        suite.check("cast", &[narrow], &to(name), &format!("!invalid-cast ! ! {minus} ! null"));
    }
    suite.check("cast", &[column(&odd)], &to("float32"), "NaN inf -inf -1.9 inf null");
    suite.check("cast", &[column(&odd)], &to("utf8"), "nan inf -inf -1.9 1e+300 null");
    suite.check("cast", &[column(&odd)], &to("decimal(5,2)"), "!invalid-cast ! ! -1.90 ! null");
    let edges = floats(&[
        Some(9_223_372_036_854_774_784.0),
        Some(9_223_372_036_854_775_808.0),
        Some(-9_223_372_036_854_775_808.0),
    ]);
    suite.check("cast", &[column(&edges)], &to("int64"), "9223372036854774784 !invalid-cast -9223372036854775808");
}

fn decimal(suite: &mut Suite) {
    let a = decimals(&[99_999, -150, 0], 5, 2);
    suite.check("cast", &[column(&a)], &to("int8"), "!invalid-cast -1 0");
    suite.check("cast", &[column(&a)], &to("float64"), "999.99 -1.5 0.0");
    suite.check("cast", &[column(&a)], &to("decimal(3,1)"), "!invalid-cast -1.5 0.0");
    suite.check("cast", &[column(&a)], &to("decimal(76,3)"), "999.990 -1.500 0.000");
    suite.check("cast", &[column(&a)], &to("utf8"), "999.99 -1.50 0.00");
    for name in ["decimal(5,-1)", "decimal256(5,-1)", "decimal32(5,-1)", "decimal64(5,-1)", "decimal(3,4)"] {
        suite.refuse("cast", &[column(&a)], &to(name), "invalid-type");
    }
}

/// Text to everything: a value, nonsense, empty text, and a null.
fn from_text(suite: &mut Suite) {
    for (name, given, read) in [
        ("bool", "true", "true"),
        ("int8", "-128", "-128"),
        ("uint64", "18446744073709551615", "18446744073709551615"),
        ("float32", "1e3", "1000.0"),
        ("float64", "-inf", "-inf"),
        ("decimal(5,2)", "1.5", "1.50"),
        ("decimal(40,2)", "1.5", "1.50"),
        ("date", "2013-01-01", "2013-01-01"),
        ("time", "01:02:03.5", "01:02:03.500"),
        ("time[s]", "01:02:03", "01:02:03"),
        ("timestamp", "2013-01-01T01:02:03", "2013-01-01T01:02:03"),
        ("timestamp[ns]", "2013-01-01 01:02:03", "2013-01-01T01:02:03"),
        ("timestamp[UTC]", "2013-01-01T01:02:03+01:00", "2013-01-01T00:02:03Z"),
        ("timestamp[Europe/Paris]", "2013-01-01T01:02:03", "2013-01-01T01:02:03+01:00"),
    ] {
        let a = texts(&[Some(given), Some("no such thing"), Some(""), None]);
        suite.check("cast", &[column(&a)], &to(name), &format!("{read} !invalid-cast ! null"));
    }
    suite.check("cast", &[column(&texts(&[Some("12"), Some("12:30:00")]))], &to("time"), "!invalid-cast 12:30:00");
    suite.check("cast", &[column(&texts(&[Some("128"), Some("-129")]))], &to("int8"), "!invalid-cast !");
    suite.check("cast", &[column(&texts(&[Some("99999.99"), Some("1")]))], &to("decimal(5,2)"), "!invalid-cast 1.00");
    suite.check("cast", &[column(&texts(&[Some("2013-13-01"), Some("2013-02-30")]))], &to("date"), "!invalid-cast !");
    suite.check("cast", &[column(&texts(&[Some("a"), None]))], &to("dictionary<int8, utf8>"), "a null");
    suite.check("cast", &[column(&texts(&[Some("a"), None]))], &to("binary"), "61 null");
    let first = run("cast", &[column(&texts(&[Some("x")]))], &to("int64")).unwrap().first.unwrap();
    assert_eq!(first.message, "\"x\" is not an int64");
    let binary = as_type(&texts(&[Some("é"), None]), "binary");
    suite.check("cast", &[column(&binary)], &to("utf8"), "é null");
    let torn: arrow::array::ArrayRef =
        std::sync::Arc::new(arrow::array::BinaryArray::from(vec![Some(&b"ok"[..]), Some(&b"\xff"[..])]));
    suite.check("cast", &[column(&torn)], &to("utf8"), "ok !invalid-cast");
}

fn times_of(suite: &mut Suite) {
    let far = as_type(&ints(&[Some(i64::MAX), Some(i64::MIN), Some(1), None]), "timestamp[s]");
    for name in ["timestamp[ms]", "timestamp", "timestamp[ns]"] {
        suite.check("cast", &[column(&far)], &to(name), "!invalid-cast ! 1970-01-01T00:00:01 null");
    }
    let days = dates(&[i32::MAX, i32::MIN, 1]);
    for name in ["timestamp", "timestamp[ns]"] {
        suite.check("cast", &[column(&days)], &to(name), "!invalid-cast ! 1970-01-02T00:00:00");
    }
    let spans = as_type(&ints(&[Some(i64::MAX), Some(1)]), "duration[s]");
    suite.check("cast", &[column(&spans)], &to("duration[ns]"), "!invalid-cast PT1S");
    suite.check("cast", &[column(&times(&[-1], None))], &to("date"), "1969-12-31");
    suite.check("cast", &[column(&times(&[0], Some("Europe/Paris")))], &to("utf8"), "1970-01-01 01:00:00+01");
    let nanos = as_type(&ints(&[Some(-1), Some(1_999)]), "timestamp[ns]");
    suite.check("cast", &[column(&nanos)], &to("timestamp"), "1970-01-01T00:00:00 1970-01-01T00:00:00.000001");
}

/// A null of a fixed size takes all of its size: a few of them may be gigabytes.
#[test]
fn k03_nulls_of_a_fixed_size_are_asked_for() {
    let huge = [
        "fixed-size-list<int64, 1000000000>",
        "fixed-size-list<fixed-size-list<int8, 65536>, 65536>",
        "struct<a: fixed-size-list<int64, 1000000000>>",
    ];
    for name in huge.into_iter().chain(["list<fixed-size-list<int64, 1000000000>>"]) {
        for argument in [null(), column(&lists())] {
            let result =
                call("cast", std::slice::from_ref(&argument), &to(name), 3, None, &mut Budget::new(u64::MAX, 64 << 20));
            match result {
                Ok(outcome) => {
                    assert!(matches!(argument, Argument::Scalar(_)) && name.starts_with("list"), "{name}: {outcome:?}")
                }
                Err(failure) => assert!(
                    ["memory", "too-large", "type-mismatch"].contains(&failure.code.as_str()),
                    "{name}: {failure}"
                ),
            }
        }
    }
    let width = Scalar::Typed(kind("fixed-size-binary(2147483647)"), "a".to_owned());
    assert_eq!(width.to_array().unwrap_err().code, "invalid-cast");
    // What fits is converted as ever.
    let pairs = arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>(vec![
        Some(vec![Some(1), Some(2)]),
        None,
    ]);
    let pairs = call(
        "cast",
        &[column(&(std::sync::Arc::new(pairs) as _))],
        &to("fixed-size-list<int64, 2>"),
        0,
        None,
        &mut Budget::new(u64::MAX, 4096),
    )
    .unwrap();
    assert_eq!(shown(&pairs.values), "[1, 2] null");
}

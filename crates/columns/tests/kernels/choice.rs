//! Comparison of unlike types, logic, choice and membership, by hand.

use jackfield_columns::compute::{Argument, Scalar};

use crate::suite::*;

pub(crate) fn cases(suite: &mut Suite) {
    comparison(suite);
    logic(suite);
    choice(suite);
    membership(suite);
    nan(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

fn comparison(suite: &mut Suite) {
    let a = floats(&[Some(-0.0), Some(f64::NAN), None, Some(1.0)]);
    suite.check("equal", &[column(&a), float(0.0)], "", "true false null false");
    suite.check("equal", &[column(&a), column(&a)], "", "true false null true");
    suite.check("not_equal", &[column(&a), column(&a)], "", "false true null false");
    suite.check("less", &[column(&a), float(1.0)], "", "true false null false");
    suite.check("greater", &[column(&a), float(-1.0)], "", "true false null true");
    suite.check("greater", &[column(&ints(&[Some(60), Some(61), None])), int(60)], "", "false true null");
    suite.check("greater", &[column(&ints(&[Some(60), Some(61)])), float(60.5)], "", "false true");
    suite.check("equal", &[column(&small(&[1, 2])), int(2)], "", "false true");
    suite.check("equal", &[column(&small(&[1, 2])), int(1 << 40)], "", "false false");
    suite.check("less", &[int(1 << 40), column(&small(&[1, i32::MAX]))], "", "false false");
    suite.check("equal", &[column(&unsigned(&[u64::MAX, 0])), column(&ints(&[Some(-1), Some(0)]))], "", "false true");
    suite.check("greater", &[column(&unsigned(&[u64::MAX, 0])), int(-1)], "", "true true");
    suite.check("equal", &[column(&as_type(&small(&[1, 2]), "float32")), float(1.0)], "", "true false");
    suite.check("equal", &[column(&as_type(&small(&[1, 2]), "float32")), float(0.1)], "", "false false");
    suite.check("less", &[column(&texts(&[Some("b"), None, Some("ä")])), text("z")], "", "true null false");
    suite.check("greater", &[column(&decimals(&[150, 99], 5, 2)), int(1)], "", "true false");
    suite.check("greater", &[column(&decimals(&[150, 99], 5, 2)), float(1.0)], "", "true false");
    suite.check("equal", &[column(&decimals(&[150, 99], 5, 2)), column(&decimals(&[15, 9], 5, 1))], "", "true false");
    let (left, right) = (ints(&[Some(1), None, Some(1), None]), ints(&[Some(1), None, None, Some(2)]));
    suite.check("is_distinct_from", &[column(&left), column(&right)], "", "false false true true");
    suite.check("is_not_distinct_from", &[column(&left), column(&right)], "", "true true false false");
    suite.check("is_distinct_from", &[column(&left), null()], "", "true false true false");
    suite.check("equal", &[int(1), float(1.0)], "", "true");
    suite.check("less", &[text("a"), text("b")], "", "true");
    suite.refuse("equal", &[column(&left), text("1")], "", "type-mismatch");
    suite.refuse("less", &[column(&dates(&[0])), text("yesterday")], "", "invalid-cast");
    // Longer than a word of 64 bits, and not a multiple of it.
    let many: Vec<Option<i64>> = (0..1000).map(|value| (value % 7 != 0).then_some(value)).collect();
    let expected: Vec<String> =
        many.iter().map(|value| value.map_or("null".to_owned(), |value| (value >= 500).to_string())).collect();
    suite.check("greater_equal", &[column(&ints(&many)), int(500)], "", &expected.join(" "));
}

fn logic(suite: &mut Suite) {
    let values = [Some(true), Some(false), None];
    let (left, right): (Vec<_>, Vec<_>) = values.iter().flat_map(|a| values.iter().map(|b| (*a, *b))).unzip();
    let (a, b) = (column(&bools(&left)), column(&bools(&right)));
    let both = [a.clone(), b];
    for (function, expected) in [
        ("and_kleene", "true false null false false false null false null"),
        ("or_kleene", "true true true true false null true null null"),
        ("and", "true false null false false null null null null"),
        ("or", "true true null true false null null null null"),
        ("xor", "false true null true false null null null null"),
    ] {
        suite.check(function, &both, "", expected);
        for (scalar, rows) in [(Scalar::Boolean(true), 0), (Scalar::Boolean(false), 1), (Scalar::Null, 2)] {
            let expected: Vec<&str> = expected.split(' ').skip(rows).step_by(3).collect();
            let three = column(&bools(&values));
            suite.check(function, &[three.clone(), Argument::Scalar(scalar.clone())], "", &expected.join(" "));
            suite.check(function, &[Argument::Scalar(scalar), three], "", &expected.join(" "));
        }
        suite.check(function, &[null(), null()], "", "null");
        suite.refuse(function, &[a.clone(), int(1)], "", "type-mismatch");
    }
    suite.check("invert", &[column(&bools(&values))], "", "false true null");
}

fn choice(suite: &mut Suite) {
    let (a, b) = (ints(&[Some(1), None, Some(3)]), ints(&[Some(4), Some(5), None]));
    let condition = bools(&[Some(true), Some(false), None]);
    suite.check("if_else", &[column(&condition), column(&a), column(&b)], "", "1 5 null");
    suite.check("if_else", &[column(&condition), int(9), null()], "", "9 null null");
    suite.check("if_else", &[null(), column(&a), column(&b)], "", "null null null");
    suite.check("case_when", &[column(&condition), column(&a), null(), int(0), column(&b)], "", "1 5 null");
    suite.check("case_when", &[column(&condition), text("yes")], "", "yes null null");
    let number = column(&ints(&[Some(0), Some(1), Some(2)]));
    suite.check("choose", &[number.clone(), column(&a), column(&b)], "", "1 5 !out-of-bounds");
    suite.check("choose", &[column(&ints(&[Some(-1), None, Some(i64::MAX)])), int(7)], "", "!out-of-bounds null !");
    for name in ["int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"] {
        let number = as_type(&ints(&[Some(0), Some(1), None]), name);
        suite.check("choose", &[column(&number), column(&a), column(&b)], "", "1 5 null");
    }
    suite.check("choose", &[null(), column(&a)], "", "null null null");
    suite.check("coalesce", &[column(&a), column(&b), int(7)], "", "1 5 3");
    suite.check("coalesce", &[null(), column(&a), int(7)], "", "1 7 3");
    suite.check("coalesce", &[column(&a), float(0.5)], "", "1.0 0.5 3.0");
    suite.check("fill_null", &[column(&texts(&[Some("a"), None])), text("-")], "", "a -");
    suite.check("nullif", &[column(&a), int(3)], "", "1 null null");
    suite.check("max_element_wise", &[column(&a), column(&b)], "", "4 5 3");
    suite.check("min_element_wise", &[column(&a), column(&b), int(2)], "", "1 2 2");
    suite.check("is_nan", &[column(&floats(&[Some(f64::NAN), None, Some(1.0)]))], "", "true null false");
    for name in [
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "decimal(5,2)",
        "decimal(50,2)",
    ] {
        suite.check("is_nan", &[column(&as_type(&floats(&[Some(2.0), None]), name))], "", "false null");
    }
    suite.refuse("case_when", &[column(&a), column(&a)], "", "type-mismatch");
    suite.refuse("coalesce", &[column(&a), text("x")], "", "type-mismatch");
    suite.refuse("coalesce", &[], "", "type-mismatch");
}

fn membership(suite: &mut Suite) {
    let a = ints(&[Some(1), None, Some(3)]);
    suite.check("is_in", &[column(&a), int(3), int(9)], "", "false null true");
    suite.check("is_in", &[column(&a), int(3), null()], "", "null null true");
    let words = texts(&[Some("e"), Some("x"), None]);
    suite.check("is_in", &[column(&words)], r#"{"value_set": ["a","b","c","d","e","f"]}"#, "true false null");
    suite.check("is_in", &[column(&words)], r#"{"value_set": ["a","b","c","d","e",null]}"#, "true null null");
    suite.check("is_in", &[column(&a)], r#"{"value_set": [1, 2.5]}"#, "true null false");
    suite.check("is_in", &[column(&a)], r#"{"value_set": [1, 2, 3, 4, 5, 18446744073709551615]}"#, "true null true");
    suite.check("is_in", &[column(&a)], r#"{"value_set": []}"#, "false null false");
    suite.check("is_in", &[column(&dates(&[0, 1]))], r#"{"value_set": ["1970-01-02"]}"#, "false true");
    suite.check("is_in", &[int(1), int(2), int(1)], "", "true");
    suite.refuse("is_in", &[column(&a)], r#"{"value_set": [[1]]}"#, "type-mismatch");
    suite.refuse("is_in", &[column(&a)], r#"{"value_set": ["1"]}"#, "type-mismatch");
}

/// Processors give NaN either sign; no function may tell them apart.
fn nan(suite: &mut Suite) {
    for nan in [f64::NAN, -f64::NAN] {
        for name in ["float64", "float32"] {
            let a = as_type(&floats(&[Some(nan), Some(1.0), None]), name);
            let b = as_type(&floats(&[Some(2.0), Some(nan), Some(nan)]), name);
            suite.check("max_element_wise", &[column(&a), column(&b)], "", "NaN NaN NaN");
            suite.check("min_element_wise", &[column(&a), column(&b)], "", "2.0 1.0 NaN");
            suite.check("is_nan", &[column(&a)], "", "true false null");
        }
    }
}

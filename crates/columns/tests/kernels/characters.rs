//! What characters are, where texts occur and what lies between, bytes as text, digests.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, UInt64Array};
use arrow::datatypes::UInt64Type;
use jackfield_columns::compute::{Argument, Scalar};

use crate::every_type::{ORDERED, values};
use crate::suite::*;

pub(crate) fn cases(suite: &mut Suite) {
    what_they_are(suite);
    changed(suite);
    placed(suite);
    found(suite);
    split(suite);
    encoded(suite);
    sliced_by_place(suite);
    digested(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

fn what_they_are(suite: &mut Suite) {
    let given = ["aB", "ab1", "12", "½", " \u{a0}", "", "Ab Cd", "ÄÖ", "٣", "a\u{0}", "é!"];
    let mut rows: Vec<Option<&str>> = given.iter().map(|text| Some(*text)).collect();
    rows.push(None);
    let rows = texts(&rows);
    // A letter for each text that passes, in the order of `given`.
    for (function, passing) in [
        ("utf8_is_alnum", "yyyy...yy..."),
        ("utf8_is_alpha", "y......y...."),
        ("utf8_is_decimal", "..y.....y..."),
        ("utf8_is_digit", "..y.....y..."),
        ("utf8_is_numeric", "..yy....y..."),
        ("utf8_is_space", "....y......."),
        ("utf8_is_printable", "yyyy.yyyy.y."),
        ("utf8_is_lower", ".y.......yy."),
        ("utf8_is_upper", ".......y...."),
        ("utf8_is_title", "......y....."),
        ("ascii_is_alnum", "yyy........."),
        ("ascii_is_alpha", "y..........."),
        ("ascii_is_decimal", "..y........."),
        ("ascii_is_space", "............"),
        ("ascii_is_printable", "yyy..yy....."),
        ("ascii_is_lower", ".y.......y.."),
        ("ascii_is_upper", "............"),
        ("ascii_is_title", "......y....."),
        ("string_is_ascii", "yyy..yy..y.."),
    ] {
        let mut each: Vec<&str> = passing.chars().map(|c| if c == 'y' { "true" } else { "false" }).collect();
        each[11] = "null";
        suite.check(function, &[column(&rows)], "", &each.join(" "));
        suite.refuse(function, &[int(1)], "", "type-mismatch");
    }
    suite.check(
        "ascii_is_space",
        &[column(&texts(&[Some(" \t\n\u{b}"), Some("\u{a0}"), None]))],
        "",
        "true false null",
    );
    suite.check("ascii_is_upper", &[column(&texts(&[Some("A1"), Some("1"), Some("Aé")]))], "", "true false true");
}

fn changed(suite: &mut Suite) {
    let rows = texts(&[Some("hELLO wORLD's"), Some("éa ßb"), Some("ab1CD"), Some(""), None]);
    for (function, expected) in [
        ("utf8_capitalize", ["Hello world's", "Éa ßb", "Ab1cd", ""]),
        ("utf8_title", ["Hello World'S", "Éa SSb", "Ab1Cd", ""]),
        ("utf8_swapcase", ["Hello World'S", "ÉA SSB", "AB1cd", ""]),
        ("ascii_lower", ["hello world's", "éa ßb", "ab1cd", ""]),
        ("ascii_upper", ["HELLO WORLD'S", "éA ßB", "AB1CD", ""]),
        ("ascii_capitalize", ["Hello world's", "éa ßb", "Ab1cd", ""]),
        ("ascii_title", ["Hello World'S", "éA ßB", "Ab1Cd", ""]),
        ("ascii_swapcase", ["Hello World'S", "éA ßB", "AB1cd", ""]),
    ] {
        suite.check(function, &[column(&rows)], "", &format!("{} null", expected.join(" ")));
    }
}

fn placed(suite: &mut Suite) {
    let rows = texts(&[Some("ab"), Some("é"), Some("abcdef"), None]);
    let stars = || text("*");
    suite.check("utf8_center", &[column(&rows), int(5), stars()], "", "*ab** **é** abcdef null");
    suite.check("ascii_center", &[column(&rows), int(5), stars()], "", "*ab** *é** abcdef null");
    suite.check("ascii_lpad", &[column(&rows), int(4), stars()], "", "**ab **é abcdef null");
    suite.check("ascii_rpad", &[column(&rows), int(4), stars()], "", "ab** é** abcdef null");
    for (function, expected) in [
        ("utf8_center", "-ab- -é-- abcdef null"),
        ("utf8_lpad", "--ab ---é abcdef null"),
        ("utf8_rpad", "ab-- é--- abcdef null"),
        ("ascii_center", "-ab- -é- abcdef null"),
        ("ascii_lpad", "--ab --é abcdef null"),
        ("ascii_rpad", "ab-- é-- abcdef null"),
    ] {
        let spaces = expected.replace('-', " ");
        suite.check(function, &[column(&rows), int(4)], "", &spaces);
        suite.check(function, &[column(&rows)], r#"{"width": 4}"#, &spaces);
        suite.check(function, &[column(&rows)], r#"{"width": 4, "padding": "-"}"#, expected);
        suite.refuse(function, &[column(&rows)], "", "type-mismatch");
        suite.refuse(function, &[column(&rows), int(4)], r#"{"width": 4}"#, "type-mismatch");
    }
    let rows = texts(&[Some(" xax\u{a0}"), Some("\t\u{b}"), None]);
    for (function, expected) in
        [("ascii_trim", "xax\u{a0}  null"), ("ascii_ltrim", "xax\u{a0}  null"), ("ascii_rtrim", " xax\u{a0}  null")]
    {
        suite.check(function, &[column(&rows)], "", expected);
        suite.check(&format!("{function}_whitespace"), &[column(&rows)], "", expected);
    }
    let rows = texts(&[Some("xxaxx"), None]);
    let only = r#"{"characters": "x"}"#;
    for (function, expected) in [("ascii_trim", "a null"), ("ascii_ltrim", "axx null"), ("ascii_rtrim", "xxa null")] {
        suite.check(function, &[column(&rows)], only, expected);
    }
    suite.check("ascii_reverse", &[column(&texts(&[Some("abc"), Some(""), None]))], "", "cba  null");
    let rows = texts(&[Some("aXaXa"), Some("b"), None]);
    for (most, expected) in [(-1, "a-a-a b null"), (0, "aXaXa b null"), (1, "a-aXa b null")] {
        let options = format!(r#"{{"pattern": "X", "replacement": "-", "max_replacements": {most}}}"#);
        suite.check("replace_substring", &[column(&rows)], &options, expected);
        suite.check("replace_substring_regex", &[column(&rows)], &options, expected);
    }
    suite.check("replace_substring", &[column(&rows), text("X"), text("--")], "", "a--a--a b null");
}

fn found(suite: &mut Suite) {
    let rows = texts(&[Some("aäbab"), Some("AB"), Some(""), None]);
    suite.check("find_substring", &[column(&rows), text("b")], "", "3 -1 -1 null");
    suite.check("find_substring", &[column(&rows)], r#"{"pattern": "ab", "ignore_case": true}"#, "4 0 -1 null");
    suite.check("find_substring", &[column(&rows), text("")], "", "0 0 0 null");
    suite.check("count_substring", &[column(&rows), text("a")], "", "2 0 0 null");
    suite.check("count_substring", &[column(&rows)], r#"{"pattern": "b", "ignore_case": true}"#, "2 1 0 null");
    suite.check("count_substring", &[column(&rows), text("")], "", "7 3 1 null");
    let each = texts(&[Some("a"), Some("B"), Some("x"), Some("")]);
    suite.check("count_substring", &[column(&rows), column(&each)], "", "2 1 0 null");
    suite.check("find_substring", &[column(&rows), column(&each)], "", "0 1 -1 null");
    suite.check("find_substring_regex", &[column(&rows), text("b|B")], "", "3 1 -1 null");
    suite.check("find_substring_regex", &[column(&rows)], r#"{"pattern": "(?-i:b)|ä"}"#, "1 -1 -1 null");
    suite.check("count_substring_regex", &[column(&rows), text("[ab]")], "", "4 0 0 null");
    suite.check("count_substring_regex", &[column(&rows)], r#"{"pattern": "[ab]", "ignore_case": true}"#, "4 2 0 null");
    for function in ["find_substring_regex", "count_substring_regex", "split_pattern_regex"] {
        suite.refuse(function, &[column(&rows)], r#"{"pattern": "("}"#, "syntax");
        suite.refuse(function, &[column(&rows)], "", "type-mismatch");
        suite.check(function, &[column(&rows), null()], "", "null null null null");
    }
    let rows = texts(&[Some("on 2013-07-04"), Some("never"), None]);
    let options = r#"{"pattern": "(?P<year>[0-9]{4})-(?P<month>[0-9]{2})"}"#;
    suite.check("extract_regex", &[column(&rows)], options, "{year: 2013, month: 07} null null");
    suite.refuse("extract_regex", &[column(&rows)], r#"{"pattern": "([0-9])"}"#, "syntax");
    suite.refuse("extract_regex", &[column(&rows)], "", "type-mismatch");
}

fn split(suite: &mut Suite) {
    let rows = texts(&[Some("a,b,,c"), Some(","), Some("x"), Some(""), None]);
    let name = "split_pattern";
    suite.check(name, &[column(&rows), text(",")], "", "[a, b, , c] [, ] [x] [] null");
    suite.check(name, &[column(&rows)], r#"{"pattern": ",", "max_splits": 1}"#, "[a, b,,c] [, ] [x] [] null");
    let last = r#"{"pattern": ",", "max_splits": 1, "reverse": true}"#;
    suite.check(name, &[column(&rows)], last, "[a,b,, c] [, ] [x] [] null");
    suite.check(name, &[column(&rows)], r#"{"pattern": ",", "max_splits": 0}"#, "[a,b,,c] [,] [x] [] null");
    let threes = texts(&[Some("aaa"), None]);
    suite.check(name, &[column(&threes), text("aa")], "", "[, a] null");
    suite.check(name, &[column(&threes)], r#"{"pattern": "aa", "reverse": true}"#, "[a, ] null");
    suite.refuse(name, &[column(&rows)], r#"{"pattern": ""}"#, "out-of-bounds");
    let each = texts(&[Some(","), None, Some("x"), Some("y"), Some("z")]);
    suite.check(name, &[column(&rows), column(&each)], "", "[a, b, , c] null [, ] [] null");
    let rows = texts(&[Some("a1b22c"), Some("1"), Some("x"), None]);
    let name = "split_pattern_regex";
    suite.check(name, &[column(&rows), text("[0-9]+")], "", "[a, b, c] [, ] [x] null");
    suite.check(name, &[column(&rows)], r#"{"pattern": "[0-9]+", "max_splits": 1}"#, "[a, b22c] [, ] [x] null");
    suite.check(name, &[column(&rows)], r#"{"pattern": "B", "ignore_case": true}"#, "[a1, 22c] [1] [x] null");
    let rows = texts(&[Some(" a  b\u{a0}c"), Some(""), None]);
    suite.check("utf8_split_whitespace", &[column(&rows)], "", "[, a, b, c] [] null");
    suite.check("ascii_split_whitespace", &[column(&rows)], "", "[, a, b\u{a0}c] [] null");
    let one = r#"{"max_splits": 1, "reverse": true}"#;
    suite.check("utf8_split_whitespace", &[column(&rows)], one, "[ a  b, c] [] null");
    suite.check("ascii_split_whitespace", &[column(&rows)], r#"{"max_splits": 1}"#, "[, a  b\u{a0}c] [] null");
}

/// Bytes of all values, so that some are no text.
fn bytes(values: &[Option<&[u8]>]) -> ArrayRef {
    Arc::new(BinaryArray::from(values.to_vec()))
}

fn encoded(suite: &mut Suite) {
    // The vectors of RFC 4648.
    let plain = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
    let base64 = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
    let hex = ["", "66", "666f", "666f6f", "666f6f62", "666f6f6261", "666f6f626172"];
    let rows = |values: &[&str]| texts(&values.iter().map(|value| Some(*value)).chain([None]).collect::<Vec<_>>());
    let told = |values: &[&str]| format!("{} null", values.join(" "));
    suite.check("base64_encode", &[column(&rows(&plain))], "", &told(&base64));
    suite.check("hex_encode", &[column(&rows(&plain))], "", &told(&hex));
    suite.check("base64_decode", &[column(&rows(&base64))], "", &told(&hex));
    suite.check("hex_decode", &[column(&rows(&hex))], "", &told(&hex));
    let odd = bytes(&[Some(&[0xFB, 0xFF, 0xFE]), Some(&[]), None]);
    suite.check("base64_encode", &[column(&odd)], "", "+//+  null");
    suite.check("base64_encode", &[column(&odd)], r#"{"alphabet": "url"}"#, "-__-  null");
    suite.check("hex_encode", &[column(&odd)], "", "fbfffe  null");
    suite.check(
        "base64_decode",
        &[column(&texts(&[Some("-__-"), Some("+//+")]))],
        r#"{"alphabet": "url"}"#,
        "fbfffe !invalid-cast",
    );
    let fixed = values("fixed-size-binary(1)", "a", "b");
    suite.check("hex_encode", &[column(&fixed)], "", "61 62 null");
    suite.check("base64_encode", &[column(&fixed)], "", "YQ== Yg== null");
    // Without padding, and what is none: letters beside the alphabet, a rest of one, bits that belong to no byte.
    let wrong = ["Zg", "Zg=", "Z", "Zh==", "Z g=", "Zg===", "====", "Zm9v\n"];
    suite.check("base64_decode", &[column(&rows(&wrong))], "", "66 !invalid-cast ! ! ! ! ! ! null");
    suite.check("hex_decode", &[column(&rows(&["aB", "a", "0x", "é"]))], "", "ab !invalid-cast ! ! null");
    suite.refuse("hex_decode", &[int(1)], "", "type-mismatch");
    suite.refuse("base64_encode", &[column(&odd)], r#"{"alphabet": "morse"}"#, "type-mismatch");
}

fn sliced_by_place(suite: &mut Suite) {
    let rows = bytes(&[Some(b"abcdef"), Some(b""), None]);
    suite.check("binary_reverse", &[column(&rows)], "", "666564636261  null");
    suite.check("binary_slice", &[column(&rows), int(1), int(3)], "", "6263  null");
    suite.check("binary_slice", &[column(&rows), int(-2)], "", "6566  null");
    suite.check("binary_slice", &[column(&rows)], r#"{"start": 0, "stop": -1, "step": 2}"#, "616365  null");
    suite.check("binary_slice", &[column(&rows)], r#"{"start": 4, "stop": 2}"#, "  null");
    suite.refuse("binary_slice", &[column(&rows)], r#"{"step": 0}"#, "out-of-bounds");
    suite.check("binary_repeat", &[column(&rows), int(2)], "", "616263646566616263646566  null");
    suite.check("binary_repeat", &[column(&rows), int(-1)], "", "!out-of-bounds ! null");
    let names = texts(&[Some("ab"), Some("é"), None]);
    suite.check("binary_repeat", &[column(&names), column(&ints(&[Some(0), Some(3), Some(1)]))], "", " ééé null");
    let replaced = r#"{"start": 1, "stop": 2, "replacement": "XY"}"#;
    suite.check("binary_replace_slice", &[column(&rows)], replaced, "61585963646566 5859 null");
    suite.check("binary_replace_slice", &[column(&names)], replaced, "aXY !out-of-bounds null");
    suite.check("utf8_replace_slice", &[column(&names)], replaced, "aXY éXY null");
    suite.check("utf8_replace_slice", &[column(&names)], r#"{"start": -1, "stop": 9, "replacement": ""}"#, "a  null");
    suite.refuse("utf8_replace_slice", &[column(&names)], "", "type-mismatch");
    let fixed = column(&values("fixed-size-binary(1)", "a", "b"));
    suite.check("binary_reverse", std::slice::from_ref(&fixed), "", "61 62 null");
    suite.check("binary_repeat", &[fixed.clone(), int(2)], "", "6161 6262 null");
    suite.check("binary_slice", &[fixed.clone()], r#"{"start": 0}"#, "61 62 null");
    suite.check("binary_slice", &[fixed.clone(), int(1), int(9)], "", "  null");
    suite.check("binary_replace_slice", &[fixed], replaced, "615859 625859 null");
}

fn digested(suite: &mut Suite) {
    // Vectors of the specifications.
    let rows =
        texts(&[Some(""), Some("a"), Some("abc"), Some("Nobody inspects the spammish repetition"), Some("xxhash")]);
    let hashes: [u64; 5] = [
        0xEF46_DB37_51D8_E999,
        0xD24E_C4F1_A98C_6E5B,
        0x44BC_2CF5_AD77_0999,
        0xFBCE_A83C_8A37_8BF1,
        0x32DD_3895_2C4B_C720,
    ];
    let told: Vec<String> = hashes.iter().map(u64::to_string).collect();
    suite.check("hash_64", &[column(&rows)], "", &told.join(" "));
    suite.check(
        "hash_64",
        &[column(&rows.slice(4, 1))],
        r#"{"seed": 20141025}"#,
        &0xB559_B98D_844E_0635_u64.to_string(),
    );
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    suite.check("sha256", &[column(&texts(&[Some("abc"), None]))], "", &format!("{abc} null"));
    let fox = texts(&[Some("The quick brown fox jumps over the lazy dog"), None]);
    let keyed = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
    suite.check("sha256", &[column(&fox)], r#"{"key": "key"}"#, &format!("{keyed} null"));
    let a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let b = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d";
    for name in ["fixed-size-binary(1)", "binary"] {
        suite.check("sha256", &[column(&values(name, "a", "b"))], "", &format!("{a} {b} null"));
    }
    // Whatever the type, equal values have equal hashes and others have others; nulls have one of their own.
    for (name, low, high) in ORDERED {
        let column_of = values(name, low, high);
        let hashed = |arguments: &[Argument]| {
            let values = run("hash_64", arguments, "").unwrap().values;
            values.as_any().downcast_ref::<UInt64Array>().unwrap().clone()
        };
        if run("hash_64", &[column(&column_of)], "").is_err() {
            assert!(name.starts_with("interval"), "{name}");
            continue;
        }
        let one = hashed(&[column(&column_of)]);
        suite.check("hash_64", &[column(&column_of)], "", &shown(&one));
        assert_eq!(one.null_count(), 0, "{name}");
        assert!(one.value(0) != one.value(1) && one.value(1) != one.value(2) && one.value(0) != one.value(2), "{name}");
        let two = hashed(&[column(&column_of), column(&column_of)]);
        suite.check("hash_64", &[column(&column_of), column(&column_of)], "", &shown(&two));
        assert!(two.values().iter().zip(one.values()).all(|(two, one)| two != one), "{name}");
    }
    let three = [column(&rows), int(1), null()];
    let expected = shown(&run("hash_64", &three, "").unwrap().values);
    suite.check("hash_64", &three, "", &expected);
    let numbers = ["int8", "int32", "uint64", "float32", "float64"].map(|name| {
        let values = run("hash_64", &[column(&as_type(&ints(&[Some(5), Some(0)]), name))], "").unwrap().values;
        arrow::array::AsArray::as_primitive::<UInt64Type>(&values).clone()
    });
    assert!(numbers.iter().all(|hashes| *hashes == numbers[0]), "equal numbers have equal hashes");
    let bytes = Argument::Scalar(Scalar::Binary(b"abc".to_vec()));
    assert_eq!(shown(&run("hash_64", &[bytes], "").unwrap().values), told[2]);
}

//! What a row does not take cannot fail.

use super::{batch, check, parse};
use crate::Unmetered;

#[test]
fn case() {
    check(&[
        ("CASE WHEN x = 0 THEN NULL ELSE 10 // x END", "int64: 1 -1 null null"),
        (
            "CASE WHEN x IS NULL THEN 'none' WHEN x <= -1 THEN 'early' WHEN x < 5 THEN 'ok' ELSE 'late' END",
            "utf8: late early none ok",
        ),
        ("CASE WHEN x > 0 THEN 1 END", "int64: 1 null null null"),
        ("CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN 2.5 ELSE y END", "float64: 1.0 2.5 4.0 null"),
        ("CASE x WHEN 7 THEN 'seven' WHEN 0 THEN 'zero' ELSE '?' END", "seven ? ? zero"),
        ("CASE x + 1 WHEN 8 THEN 1 WHEN 1 THEN 2 END", "1 null null 2"),
        ("CASE WHEN 10 // x > 0 THEN 1 ELSE 2 END", "1 2 2 !"),
        ("CASE WHEN true THEN x ELSE 1 // 0 END", "7 -7 null 0"),
        ("CASE WHEN yes THEN carrier ELSE carrier || '!' END", "UA B6! null grün"),
        ("CASE WHEN x = 0 THEN big + 1 ELSE big END", "9223372036854775807 1 -9223372036854775808 1"),
        (
            "CASE WHEN x = 7 THEN d ELSE t END",
            "2013-01-01T00:00:00 1970-01-01T00:00:00 null 2024-02-29T12:04:05.678901",
        ),
        ("if(x > 0, 'a', 'b')", "a b b b"),
        ("nullif(x, 7)", "null -7 null 0"),
    ]);
}

#[test]
fn and_or_do_not_ask_where_the_left_decides() {
    check(&[
        ("x <> 0 AND 10 // x > 0", "true false null false"),
        ("x = 0 OR 10 // x > 0", "true false null true"),
        ("10 // x > 0 AND x <> 0", "true false null !"),
        ("x = 0 OR 10 // x > 0 OR 1 // 0 = 1", "true ! ! true"),
        ("false AND 1 // 0 = 1", "false false false false"),
        ("true OR 1 // 0 = 1", "true true true true"),
        ("1 // 0 = 1 AND false", "! ! ! !"),
        ("big + 1 > 0 OR big - 1 > 0", "! true ! true"),
    ]);
}

#[test]
fn coalesce() {
    check(&[
        ("coalesce(x, y, -999)", "int64: 7 -7 4 0"),
        ("coalesce(x, f)", "float64: 7.0 -7.0 null 0.0"),
        ("coalesce(carrier, 'none')", "utf8: UA B6 none grün"),
        ("coalesce(y, 10 // x)", "2 2 4 !"),
        ("coalesce(x, 1 // 0)", "7 -7 ! 0"),
        ("coalesce(small, 5)", "int32: 1 2 5 -3"),
        ("coalesce(small, 3000000000)", "int64: 1 2 3000000000 -3"),
        ("coalesce(NULL, NULL)", "null null null null"),
        ("coalesce(NULL, 3, 1 // 0)", "3 3 3 3"),
        ("coalesce(d, '2000-01-01')", "date: 2013-01-01 1970-01-01 2000-01-01 2024-02-29"),
        ("coalesce(10 // x, 5)", "1 -1 5 !"),
        ("is_null(10 // x)", "false false true !"),
    ]);
}

#[test]
fn the_first_failed_row_gives_the_reason_and_names_its_column() {
    let outcome =
        parse("x = 7 OR big + 1 > 0 OR y = 4 OR big - 1 > 0").unwrap().evaluate(&batch(), &mut Unmetered).unwrap();
    assert!(outcome.failed.is_none(), "every failing row is decided before it is asked");
    let outcome = parse("big - 1 + big * 2").unwrap().evaluate(&batch(), &mut Unmetered).unwrap();
    let first = outcome.first.unwrap();
    assert_eq!((first.row, first.column.as_deref(), first.code.as_str()), (Some(0), Some("big"), "integer-overflow"));
}

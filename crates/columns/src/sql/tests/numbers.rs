//! Arithmetic, rounding, casts between numbers.

use super::check;

#[test]
fn division_is_true_and_its_rest_has_the_sign_of_the_dividend() {
    check(&[
        ("x / y", "float64: 3.5 -3.5 null null"),
        ("x // y", "int64: 3 -3 null null"),
        ("x % y", "int64: 1 -1 null null"),
        ("x % -2", "int64: 1 -1 null 0"),
        ("-x", "int64: -7 7 null 0"),
        ("y / x", "0.2857142857142857 -0.2857142857142857 null null"),
        ("x / 0", "inf -inf null NaN"),
        ("10 // x", "1 -1 null !"),
        ("10 % x", "3 3 null !"),
        ("7.5 // 2", "float64: 3.0 3.0 3.0 3.0"),
        ("x // 0.0", "inf -inf null NaN"),
        ("1 // 0", "! ! ! !"),
        ("big // -1", "-9223372036854775807 -1 ! 0"),
    ]);
}

#[test]
fn integers_are_int64_and_checked() {
    check(&[
        ("big + 1", "! 2 -9223372036854775807 1"),
        ("big - 1", "9223372036854775806 0 ! -1"),
        ("big * 2", "! 2 ! 0"),
        ("-big", "-9223372036854775807 -1 ! 0"),
        ("abs(big)", "9223372036854775807 1 ! 0"),
        ("small + 1", "int64: 2 3 null -2"),
        ("small * small", "int64: 1 4 null 9"),
        ("small + 3000000000", "3000000001 3000000002 null 2999999997"),
        ("1 + 2 * 3", "int64: 7 7 7 7"),
        ("(1 + 2) * 3", "9 9 9 9"),
        ("1 - 2 - 3", "-4 -4 -4 -4"),
        ("-9223372036854775808", "-9223372036854775808 -9223372036854775808 -9223372036854775808 -9223372036854775808"),
        ("9223372036854775807 + 1", "! ! ! !"),
        ("x + NULL", "int64: null null null null"),
        ("+x", "7 -7 null 0"),
    ]);
}

#[test]
fn floats_follow_ieee() {
    check(&[
        ("f * 2", "float64: 3.0 -5.0 null 0.0"),
        ("x + f", "float64: 8.5 -9.5 null 0.0"),
        ("f / 0", "inf -inf null NaN"),
        ("f % 1", "0.5 -0.5 null 0.0"),
        ("-f", "-1.5 2.5 null -0.0"),
        ("1.5 + 1", "float64: 2.5 2.5 2.5 2.5"),
        ("1e3", "float64: 1000.0 1000.0 1000.0 1000.0"),
        (".5", "0.5 0.5 0.5 0.5"),
        ("sqrt(x)", "2.6457513110645907 NaN null 0.0"),
        ("power(2, y)", "float64: 4.0 4.0 16.0 null"),
        ("exp(0)", "1.0 1.0 1.0 1.0"),
        ("ln(1)", "0.0 0.0 0.0 0.0"),
        ("log10(100)", "2.0 2.0 2.0 2.0"),
    ]);
}

#[test]
fn rounding_goes_away_from_zero_at_the_half() {
    check(&[
        ("round(f)", "float64: 2.0 -3.0 null 0.0"),
        ("round(f * 10 / 4, 1)", "3.8 -6.3 null 0.0"),
        ("round(2.5)", "3.0 3.0 3.0 3.0"),
        ("round(-2.5)", "-3.0 -3.0 -3.0 -3.0"),
        ("round(x, 2)", "int64: 7 -7 null 0"),
        ("round(x / 3, 3)", "2.333 -2.333 null 0.0"),
        ("floor(f)", "1.0 -3.0 null 0.0"),
        ("ceil(f)", "2.0 -2.0 null 0.0"),
        ("ceiling(x)", "7 -7 null 0"),
        ("trunc(f)", "1.0 -2.0 null 0.0"),
        ("abs(f)", "1.5 2.5 null 0.0"),
        ("abs(x)", "int64: 7 7 null 0"),
        ("sign(x)", "1 -1 null 0"),
        ("greatest(x, y, 1)", "int64: 7 2 4 1"),
        ("least(x, y)", "2 -7 4 0"),
        ("greatest(x, 1.5)", "float64: 7.0 1.5 1.5 1.5"),
    ]);
}

#[test]
fn casts() {
    check(&[
        ("CAST(x AS utf8)", "utf8: 7 -7 null 0"),
        ("CAST(x AS varchar)", "utf8: 7 -7 null 0"),
        ("x::double", "float64: 7.0 -7.0 null 0.0"),
        ("-x::int32 + 1", "int64: -6 8 null 1"),
        ("big::int32", "int32: ! 1 ! 0"),
        ("TRY_CAST(big AS int32)", "int32: null 1 null 0"),
        ("CAST(carrier AS int64)", "! ! null !"),
        ("TRY_CAST(carrier AS int64)", "int64: null null null null"),
        ("CAST(f AS bigint)", "int64: 2 -2 null 0"),
        ("CAST(3.5 AS bigint)", "int64: 4 4 4 4"),
        ("CAST(1e19 AS bigint)", "! ! ! !"),
        ("TRY_CAST(x / 0 AS int32)", "int32: null null null null"),
        ("CAST(f AS varchar)", "utf8: 1.5 -2.5 null 0.0"),
        ("CAST(1e16 AS varchar) || CAST(0.00001 AS varchar)", "1e+161e-05 1e+161e-05 1e+161e-05 1e+161e-05"),
        ("CAST('12' AS int64)", "int64: 12 12 12 12"),
        ("'12'::bigint + 1", "13 13 13 13"),
        ("CAST('no' AS int64)", "! ! ! !"),
        ("TRY_CAST('no' AS int64)", "null null null null"),
        ("CAST(x AS decimal(10, 2))", "decimal(10,2): 7.00 -7.00 null 0.00"),
        ("CAST(t AS timestamp[UTC]) = z", "bool: true true null true"),
        ("CAST(f AS double precision)", "1.5 -2.5 null 0.0"),
        ("CAST(x AS bool)", "bool: true true null false"),
        ("yes::int64", "int64: 1 0 null 1"),
        ("CAST(NULL AS int64)", "int64: null null null null"),
        ("CAST(l AS list<utf8>)", "list<utf8>: [1, 2] [] null [null, 5]"),
    ]);
}

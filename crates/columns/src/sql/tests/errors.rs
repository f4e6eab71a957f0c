//! The wording of failures.

use expect_test::{Expect, expect};

use super::parse;

/// Code, message, the text from the offset on, help.
fn fails(text: &str, expected: Expect) {
    let shown = match parse(text) {
        Ok(expression) => format!("fine: {}\n", crate::type_name(expression.result_type())),
        Err(failure) => {
            let at = failure.offset.and_then(|at| text.get(at as usize..));
            let at = at.map_or("?".to_owned(), |rest| format!("`{rest}`"));
            let help = failure.help.map_or(String::new(), |help| format!("help: {help}\n"));
            format!("{}: {}\nat {at}\n{help}", failure.code, failure.message)
        }
    };
    expected.assert_eq(&shown);
}

#[test]
fn syntax() {
    fails(
        "x >",
        expect![[r#"
        syntax: expected an expression, found the end of the text
        at ``
    "#]],
    );
    fails(
        "",
        expect![[r#"
        syntax: the expression is empty
        at ``
        help: write an expression such as `dep_delay > 60`
    "#]],
    );
    fails(
        "carrier > 'A' garbage",
        expect![[r#"
        syntax: unexpected `garbage` after the end of the expression
        at `garbage`
        help: combine conditions with AND or OR; quote names that are not plain words: "…"
    "#]],
    );
    fails(
        "(x > 1",
        expect![[r#"
        syntax: expected `)`, found the end of the text
        at ``
    "#]],
    );
    fails(
        "x > 'a",
        expect![[r#"
        syntax: the text is not closed: a `'` is missing
        at `'a`
    "#]],
    );
    fails(
        "x > 1;",
        expect![[r#"
        syntax: unexpected `;`
        at `;`
        help: write one expression, without `;`
    "#]],
    );
    fails(
        "x && y",
        expect![[r#"
        syntax: unexpected `&&`
        at `&& y`
        help: write AND
    "#]],
    );
    fails(
        "(SELECT x)",
        expect![[r#"
        syntax: expected `)`, found `x`
        at `x)`
    "#]],
    );
    fails(
        "CASE WHEN yes THEN 1",
        expect![[r#"
        syntax: expected `END`, found the end of the text
        at ``
    "#]],
    );
    fails(
        "x BETWEEN 1",
        expect![[r#"
        syntax: expected `AND`, found the end of the text
        at ``
    "#]],
    );
    fails(
        "grün\n  + carrier >",
        expect![[r#"
        syntax: expected an expression, found the end of the text
        at ``
    "#]],
    );
    fails(
        "x IN ()",
        expect![[r#"
        syntax: expected an expression, found `)`
        at `)`
    "#]],
    );
    fails(
        "x IS 5",
        expect![[r#"
            syntax: expected NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM behind IS, found `5`
            at `5`
        "#]],
    );
    fails(
        "dep delay > 1",
        expect![[r#"
        syntax: unexpected `delay` after the end of the expression
        at `delay > 1`
        help: combine conditions with AND or OR; quote names that are not plain words: "…"
    "#]],
    );
}

#[test]
fn names() {
    fails(
        "dep_dealy > 60",
        expect![[r#"
        unknown-column: there is no column `dep_dealy`
        at `dep_dealy > 60`
        help: the columns are `x`, `y`, `big`, `small`, `f`, `carrier`, `yes`, `d`, `t`, `z`, `l`, `s`, …
    "#]],
    );
    fails(
        "x + carier",
        expect![[r#"
        unknown-column: there is no column `carier`
        at `carier`
        help: did you mean `carrier`? Names are case-sensitive
    "#]],
    );
    fails(
        "Carrier = 'UA'",
        expect![[r#"
        unknown-column: there is no column `Carrier`
        at `Carrier = 'UA'`
        help: did you mean `carrier`? Names are case-sensitive
    "#]],
    );
    fails(
        "lenght(carrier)",
        expect![[r#"
        unknown-function: there is no function `lenght`
        at `lenght(carrier)`
        help: did you mean `length`?
    "#]],
    );
    fails(
        "frobnicate(x)",
        expect![[r#"
        unknown-function: there is no function `frobnicate`
        at `frobnicate(x)`
        help: `jackfield functions` lists them all
    "#]],
    );
    fails(
        "sum(x) > 1",
        expect![[r#"
        unknown-function: `sum` is an aggregate, and each row is computed by itself here
        at `sum(x) > 1`
        help: compute it in a node of type aggregate or window
    "#]],
    );
    fails(
        "count(*)",
        expect![[r#"
        unknown-function: `count` is an aggregate, and each row is computed by itself here
        at `count(*)`
        help: compute it in a node of type aggregate or window
    "#]],
    );
    fails(
        "s.b",
        expect![[r#"
        unknown-column: the struct has no field `b`
        at `b`
        help: its fields are `a`
    "#]],
    );
    fails(
        "x.b",
        expect![[r#"
        type-mismatch: `.b` needs a struct: column `x` is int64
        at `b`
        help: quote a name with a dot in it: "x.b"
    "#]],
    );
    fails(
        "CAST(x AS int65)",
        expect![[r#"
        invalid-type: unknown type `int65`
        at `int65)`
        help: types are written like int64, float64, utf8, timestamp[UTC], decimal(38,10), list<utf8>
    "#]],
    );
    fails(
        "date_part('fortnight', d)",
        expect![[r#"
        unknown-function: there is no part of a date called 'fortnight'
        at `'fortnight', d)`
        help: the parts are year, quarter, month, week, isoyear, day, dow, isodow, doy, hour, minute, second, millisecond, microsecond, epoch
    "#]],
    );
}

#[test]
fn types() {
    fails(
        "carrier + 1 > 60",
        expect![[r#"
        type-mismatch: `+` takes numbers: column `carrier` is utf8
        at `carrier + 1 > 60`
        help: convert it, as in CAST(carrier AS int64); `||` joins text
    "#]],
    );
    fails(
        "x > carrier",
        expect![[r#"
            type-mismatch: `>` cannot compare these types: column `x` is int64, and column `carrier` is utf8
            at `x > carrier`
            help: convert one side, as in CAST(carrier AS int64)
        "#]],
    );
    fails(
        "x > 'abc'",
        expect![[r#"
        type-mismatch: cannot compare: column `x` is int64, and 'abc' is not a value of type int64
        at `'abc'`
    "#]],
    );
    fails(
        "d = 'tomorrow'",
        expect![[r#"
        type-mismatch: cannot compare: column `d` is date, and 'tomorrow' is not a value of type date
        at `'tomorrow'`
        help: write dates as '2024-02-29'
    "#]],
    );
    fails(
        "x AND yes",
        expect![[r#"
        not-boolean: AND needs a bool: column `x` is int64
        at `x AND yes`
        help: compare it with something, as in `x > 0` or `x IS NOT NULL`
    "#]],
    );
    fails(
        "NOT x",
        expect![[r#"
        not-boolean: NOT needs a bool: column `x` is int64
        at `x`
        help: compare it with something, as in `x > 0` or `x IS NOT NULL`
    "#]],
    );
    fails(
        "CASE WHEN x THEN 1 END",
        expect![[r#"
        not-boolean: WHEN needs a bool: column `x` is int64
        at `x THEN 1 END`
        help: compare it with something, as in `x > 0` or `x IS NOT NULL`
    "#]],
    );
    fails(
        "CASE WHEN yes THEN 1 ELSE 'a' END",
        expect![[r#"
            type-mismatch: the values of CASE need one type: 'a' is not a value of type int64
            at `'a' END`
        "#]],
    );
    fails(
        "x || 'a'",
        expect![[r#"
            type-mismatch: `||` joins text: column `x` is int64
            at `x || 'a'`
            help: convert it, as in CAST(x AS utf8), or write concat(…), which takes any type
        "#]],
    );
    fails(
        "lower(x)",
        expect![[r#"
        type-mismatch: `lower` takes text: column `x` is int64
        at `x)`
        help: convert it, as in CAST(x AS utf8)
    "#]],
    );
    fails(
        "lower(carrier, 1)",
        expect![[r#"
        type-mismatch: `lower` takes 1 argument, not 2
        at `lower(carrier, 1)`
    "#]],
    );
    fails(
        "t + 1",
        expect![[r#"
        type-mismatch: `+` cannot take these types: column `t` is timestamp, and 1 is int64
        at `t + 1`
        help: dates and timestamps take intervals, as in x + INTERVAL '1 day', and differ by `-`
    "#]],
    );
    fails(
        "x LIKE 'a%'",
        expect![[r#"
        type-mismatch: `LIKE` takes text: column `x` is int64
        at `x LIKE 'a%'`
        help: convert it, as in CAST(x AS utf8)
    "#]],
    );
    fails(
        "carrier LIKE x",
        expect![[r#"
        type-mismatch: `LIKE` takes text: column `x` is int64
        at `x`
        help: convert it, as in CAST(x AS utf8)
    "#]],
    );
    fails(
        "l + 1",
        expect![[r#"
        type-mismatch: `+` takes numbers: column `l` is list<int64>
        at `l + 1`
    "#]],
    );
    fails(
        "year(carrier)",
        expect![[r#"
        type-mismatch: `year` takes a date or timestamp: column `carrier` is utf8
        at `carrier)`
        help: convert it, as in CAST(x AS timestamp), or read it with strptime(x, '%Y-%m-%d')
    "#]],
    );
    fails(
        "x IN (1, 'two')",
        expect![[r#"
        type-mismatch: cannot compare: column `x` is int64, and 'two' is not a value of type int64
        at `'two')`
    "#]],
    );
    fails(
        "CAST(l AS int64)",
        expect![[r#"
        type-mismatch: cannot convert to int64: column `l` is list<int64>
        at `l AS int64)`
    "#]],
    );
    fails(
        "regexp_matches(carrier, '(')",
        expect![[r#"
            syntax: the pattern is not a regular expression: unclosed group
            at `'(')`
        "#]],
    );
    fails(
        "99999999999999999999",
        expect![[r#"
        out-of-bounds: the number 99999999999999999999 is out of range
        at `99999999999999999999`
        help: int64 reaches from -9223372036854775808 to 9223372036854775807; write 1e20 for a float64
    "#]],
    );
}

#[test]
fn options_of_kernels_have_their_place_in_the_text() {
    fails(
        "strftime(d, '%Q')",
        expect![[r#"
        syntax: "%Q" is not a format of dates and times
        at `'%Q')`
        help: fields are written like %Y-%m-%d %H:%M:%S; %% is a percent sign
    "#]],
    );
    for text in ["strftime(d, '%Q')", "regexp_matches(carrier, '(')", "regexp_extract(carrier, 'a', 5)"] {
        assert_eq!(parse(text).unwrap_err().parameter, None, "{text}");
    }
}

#[test]
fn options() {
    fails(
        "lower(carrier, width := 2)",
        expect![[r#"
        syntax: `lower` takes no options by name
        at `lower(carrier, width := 2)`
        help: `jackfield functions` says which take options
    "#]],
    );
    fails(
        "utf8_lpad(carrier, widht := 2)",
        expect![[r#"
        unknown-option: utf8_lpad has no option "widht"
        at `utf8_lpad(carrier, widht := 2)`
        help: options are width, padding
    "#]],
    );
    fails(
        "utf8_lpad(carrier, width := x)",
        expect![[r#"
        type-mismatch: the option `width` must be a constant: column `x` is int64
        at `x)`
    "#]],
    );
    fails(
        "utf8_lpad(carrier, width := 2, width := 3)",
        expect![[r#"
        syntax: the option `width` is given twice
        at `3)`
    "#]],
    );
    fails(
        "utf8_lpad(width := 2, carrier)",
        expect![[r#"
        syntax: `utf8_lpad` takes plain expressions as arguments
        at `utf8_lpad(width := 2, carrier)`
    "#]],
    );
    fails(
        "x := 2",
        expect![[r#"
        syntax: the operator `:=` is not supported
        at `x := 2`
    "#]],
    );
    fails(
        "substring(carrier FOR 2)",
        expect![[r#"
        syntax: expected `)`, found `FOR`
        at `FOR 2)`
    "#]],
    );
}

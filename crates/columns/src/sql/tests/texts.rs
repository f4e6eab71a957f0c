//! Text functions.

use super::check;

#[test]
fn joining() {
    check(&[
        ("carrier || '-' || carrier", "utf8: UA-UA B6-B6 null grün-grün"),
        ("CAST(x AS utf8) || '/' || CAST(y AS utf8)", "7/2 -7/2 null null"),
        ("concat(carrier, '-', x)", "UA-7 B6--7 - grün-0"),
        ("'it''s' || NULL", "null null null null"),
        ("'it''s'", "it's it's it's it's"),
        ("'1' || '2' = '12'", "true true true true"),
    ]);
}

#[test]
fn parts_and_cases() {
    check(&[
        ("lower(carrier)", "utf8: ua b6 null grün"),
        ("UPPER(carrier)", "UA B6 null GRÜN"),
        ("length(carrier)", "int64: 2 2 null 4"),
        ("length(l)", "int64: 2 0 null 2"),
        ("trim('  a ') || '.'", "a. a. a. a."),
        ("ltrim('  a ') || '.'", "a . a . a . a ."),
        ("rtrim('xxaxx', 'x')", "xxa xxa xxa xxa"),
        ("substring(carrier, 2)", "A 6 null rün"),
        ("substring(carrier, 1, 1)", "U B null g"),
        ("substr(carrier, -2, 1)", "U B null ü"),
        ("substring(carrier FROM 2)", "A 6 null rün"),
        ("SUBSTRING(carrier from 1 for y - 1)", "U B null null"),
        ("substring(lower(carrier) FROM CASE WHEN x IS DISTINCT FROM 7 THEN 2 ELSE 1 END FOR 1)", "u 6 null r"),
        ("left(carrier, 1)", "U B null g"),
        ("right(carrier, 2)", "UA B6 null ün"),
        ("substring('hello', y, x)", "ello h null null"),
        ("replace(carrier, 'U', 'xx')", "xxA B6 null grün"),
        ("starts_with(carrier, 'U')", "bool: true false null false"),
        ("ends_with(carrier, '6')", "false true null false"),
        ("contains(carrier, 'r')", "false false null true"),
        ("NOT starts_with(lower(carrier), 'u')", "false true null true"),
    ]);
}

#[test]
fn expressions_in_texts() {
    check(&[
        ("regexp_matches(carrier, '[0-9]')", "bool: false true null false"),
        ("regexp_matches(carrier, 'ua', 'i')", "true false null false"),
        ("regexp_replace('banana', 'a', 'o')", "bonana bonana bonana bonana"),
        ("regexp_replace('banana', 'a', 'o', 'g')", "bonono bonono bonono bonono"),
        ("regexp_extract(carrier, '([A-Z])(.)', 2)", "A 6 null "),
        ("regexp_extract(carrier, '[A-Z]')", "U B null "),
        ("regexp_extract(carrier, '[a-z]', 0, 'i')", "U B null g"),
    ]);
}

/// A kernel's own options, by their names.
#[test]
fn options() {
    check(&[
        ("utf8_lpad(carrier, width := 4, padding := '.')", "..UA ..B6 null grün"),
        ("match_substring(carrier, pattern := 'ua', ignore_case := TRUE)", "true false null false"),
        ("round_to_multiple(x, multiple := 5)", "5 -5 null 0"),
        ("round(f, ndigits := 0, round_mode := 'half_to_even')", "2.0 -2.0 null 0.0"),
        ("split_pattern(carrier, pattern := 'A', max_splits := 1)[1]", "U B6 null grün"),
    ]);
}

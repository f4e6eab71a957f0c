//! Comparisons, three-valued logic, IN, BETWEEN, LIKE, IS.

use super::check;

#[test]
fn comparisons() {
    check(&[
        ("x > 0", "bool: true false null false"),
        ("x >= 0", "true false null true"),
        ("0 < x", "true false null false"),
        ("x <= -7", "false true null false"),
        ("x = 7", "true false null false"),
        ("x == 7", "true false null false"),
        ("x <> 7", "false true null true"),
        ("x != 7", "false true null true"),
        ("x > 6.5", "true false null false"),
        ("x < f", "false true null false"),
        ("small > 3000000000", "false false null false"),
        ("small = 1.5", "false false null false"),
        ("carrier = 'UA'", "true false null false"),
        ("carrier > 'A'", "true true null true"),
        ("x = NULL", "null null null null"),
        ("NULL = NULL", "null null null null"),
        ("1 = 1", "true true true true"),
        ("yes", "true false null true"),
        ("NOT yes", "false true null false"),
        ("yes = true", "true false null true"),
        ("\"odd name\" >= 3", "false false true true"),
    ]);
}

#[test]
fn texts_take_the_type_of_what_they_are_compared_with() {
    check(&[
        ("x > '6'", "true false null false"),
        ("f = '1.5'", "true false null false"),
        ("d = '2013-01-01'", "true false null false"),
        ("'2013-01-01' <= d", "true false null true"),
        ("t < '2000-01-01'", "false true null false"),
        ("z >= '2013-07-01T01:00:00Z'", "true false null true"),
        ("z = '2013-07-01 01:00:00'", "true false null false"),
        ("yes = 'true'", "true false null true"),
        ("d IN ('1970-01-01', '2024-02-29')", "false true null true"),
    ]);
}

#[test]
fn three_valued_logic() {
    check(&[
        ("yes AND NULL", "null false null null"),
        ("yes OR NULL", "true null null true"),
        ("yes AND true", "true false null true"),
        ("yes OR false", "true false null true"),
        ("yes AND false", "false false false false"),
        ("NOT (x > 0 AND y > 0)", "false true null true"),
        ("x > 0 OR y > 0", "true true true null"),
        ("x > 0 AND y > 0 AND f > 0", "true false null false"),
        ("(x > 0) IS TRUE", "true false false false"),
        ("(x > 0) IS NOT TRUE", "false true true true"),
        ("(x > 0) IS FALSE", "false true false true"),
        ("(x > 0) IS UNKNOWN", "false false true false"),
        ("(x > 0) IS NOT UNKNOWN", "true true false true"),
    ]);
}

#[test]
fn null_tests() {
    check(&[
        ("x IS NULL", "false false true false"),
        ("x IS NOT NULL", "true true false true"),
        ("x IS NULL AND y IS NOT NULL", "false false true false"),
        ("NULL IS NULL", "true true true true"),
        ("x IS DISTINCT FROM y", "true true true true"),
        ("x IS NOT DISTINCT FROM NULL", "false false true false"),
        ("x IS NOT DISTINCT FROM 7", "true false false false"),
    ]);
}

#[test]
fn lists_and_ranges() {
    check(&[
        ("x IN (7, 8)", "bool: true false null false"),
        ("x NOT IN (7, 8)", "false true null true"),
        ("x IN (7, NULL)", "true null null null"),
        ("x NOT IN (7, NULL)", "false null null null"),
        ("x IN (NULL)", "null null null null"),
        ("x IN (7.0, 0.5)", "true false null false"),
        ("x IN ('7', '0')", "true false null true"),
        ("x IN (y, 7)", "true false null null"),
        ("1 IN (1, 2)", "true true true true"),
        ("carrier IN ('UA', 'B6')", "true true null false"),
        ("yes IN (true)", "true false null true"),
        ("x BETWEEN -7 AND 0", "false true null true"),
        ("x NOT BETWEEN -7 AND 0", "true false null false"),
        ("x + 1 BETWEEN y AND 8", "true false null null"),
        ("f BETWEEN 1 AND 2", "true false null false"),
        ("x BETWEEN 1 AND 8 AND y = 2", "true false false false"),
    ]);
}

#[test]
fn patterns() {
    check(&[
        ("carrier LIKE 'U%'", "bool: true false null false"),
        ("carrier NOT LIKE 'U%'", "false true null true"),
        ("carrier LIKE '_6'", "false true null false"),
        ("carrier ILIKE 'ua'", "true false null false"),
        ("carrier LIKE 'gr_n'", "false false null true"),
        ("'50%' LIKE '50!%' ESCAPE '!'", "true true true true"),
        ("'501' LIKE '50!%' ESCAPE '!'", "false false false false"),
        ("'a\\b' LIKE 'a\\b'", "true true true true"),
        ("carrier LIKE NULL", "null null null null"),
        ("'UA6' LIKE '%' || carrier || '_'", "true false null false"),
        ("carrier NOT LIKE carrier", "false false null false"),
        ("'GRÜN' ILIKE carrier", "false false null true"),
        ("'50%' LIKE CAST(y AS varchar) || '0!%' ESCAPE '!'", "false false false null"),
    ]);
}

//! Fields and elements, and kernels by their Arrow names.

use super::check;

#[test]
fn into_values() {
    check(&[
        ("s.a", "int64: 1 2 null 4"),
        ("s.a + 1", "2 3 null 5"),
        ("s['a']", "1 2 null 4"),
        ("l[1]", "int64: 1 null null null"),
        ("l[2]", "2 null null 5"),
        ("l[-1]", "2 null null 5"),
        ("l[0]", "null null null null"),
        ("l[y]", "2 null null null"),
        ("l[9223372036854775807]", "null null null null"),
        ("l[1] + s.a", "2 null null null"),
        ("CASE WHEN l[1] IS NULL THEN 0 ELSE l[1] END", "1 0 0 0"),
    ]);
}

#[test]
fn kernels_by_their_arrow_names() {
    check(&[
        ("add(x, y)", "int64: 9 -5 null null"),
        ("add_checked(big, 1)", "! 2 -9223372036854775807 1"),
        ("utf8_upper(carrier)", "utf8: UA B6 null GRÜN"),
        ("is_valid(x)", "true true false true"),
        ("and_kleene(yes, x > 0)", "true false null false"),
        ("max_element_wise(x, y)", "7 2 4 0"),
        // SQL's names win over Arrow's: here it is half away from zero.
        ("round(2.5)", "3.0 3.0 3.0 3.0"),
    ]);
}

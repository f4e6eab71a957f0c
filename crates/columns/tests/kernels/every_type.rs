//! What every function of any type says of two values of each type, the smaller one and the larger one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, StructArray, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::Int64Type;

use crate::suite::*;

/// Types with the texts of two values, the smaller one first.
pub(crate) const ORDERED: &[(&str, &str, &str)] = &[
    ("bool", "false", "true"),
    ("int8", "-128", "127"),
    ("int16", "-32768", "32767"),
    ("int32", "-2147483648", "2147483647"),
    ("int64", "-9223372036854775808", "9223372036854775807"),
    ("uint8", "0", "255"),
    ("uint16", "0", "65535"),
    ("uint32", "0", "4294967295"),
    ("uint64", "0", "18446744073709551615"),
    ("float16", "-1.5", "2.25"),
    ("float32", "-1.5", "2.25"),
    ("float64", "-1.5", "2.25"),
    ("decimal(10,2)", "-1.50", "2.25"),
    ("decimal(38,38)", "-0.5", "0.5"),
    ("decimal(50,2)", "-1.50", "2.25"),
    ("utf8", "a", "b"),
    ("large-utf8", "a", "b"),
    ("binary", "a", "b"),
    ("large-binary", "a", "b"),
    ("fixed-size-binary(1)", "a", "b"),
    ("date", "1969-12-31", "2038-01-19"),
    ("date64", "1969-12-31", "2038-01-19"),
    ("time[s]", "00:00:01", "23:59:59"),
    ("time[ms]", "00:00:01", "23:59:59"),
    ("time", "00:00:01", "23:59:59"),
    ("time[ns]", "00:00:01", "23:59:59"),
    ("timestamp[s]", "1969-12-31T23:59:59", "2038-01-19T03:14:08"),
    ("timestamp[ms]", "1969-12-31T23:59:59", "2038-01-19T03:14:08"),
    ("timestamp", "1969-12-31T23:59:59", "2038-01-19T03:14:08"),
    ("timestamp[ns]", "1969-12-31T23:59:59", "2038-01-19T03:14:08"),
    ("timestamp[UTC]", "1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z"),
    ("timestamp[ms, Europe/Paris]", "1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z"),
    ("timestamp[s, +02:00]", "1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z"),
    ("duration[s]", "-1", "5"),
    ("duration[ms]", "-1", "5"),
    ("duration", "-1", "5"),
    ("duration[ns]", "-1", "5"),
    ("interval[year-month]", "-1", "5"),
    ("dictionary<int8, utf8>", "a", "b"),
    ("dictionary<uint64, int32>", "-1", "5"),
];

/// One value of a type, read from its text.
fn one(name: &str, text: &str) -> ArrayRef {
    let written = texts(&[Some(text)]);
    let through: &[&str] = match name {
        "float16" => &["float64"],
        "large-binary" | "fixed-size-binary(1)" => &["binary"],
        "interval[year-month]" | "dictionary<uint64, int32>" => &["int32"],
        name if name.starts_with("duration") => &["int64"],
        _ => &[],
    };
    let array = through.iter().fold(written, |array, step| as_type(&array, step));
    as_type(&array, name)
}

/// The smaller value, the larger one, and a null.
pub(crate) fn values(name: &str, low: &str, high: &str) -> ArrayRef {
    let null = new_null_array(&kind(name), 1);
    concat(&[one(name, low).as_ref(), one(name, high).as_ref(), null.as_ref()]).unwrap()
}

pub(crate) fn lists() -> ArrayRef {
    let rows = vec![Some(vec![Some(1), None]), Some(vec![Some(2)]), None];
    Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows))
}

pub(crate) fn structs() -> ArrayRef {
    let field = arrow::datatypes::Field::new("a", arrow::datatypes::DataType::Int64, true);
    let nulls = arrow::buffer::NullBuffer::from(vec![true, true, false]);
    let columns = vec![ints(&[Some(1), Some(2), Some(3)])];
    Arc::new(StructArray::new(vec![field].into(), columns, Some(nulls)))
}

pub(crate) fn cases(suite: &mut Suite) {
    for (name, low, high) in ORDERED {
        let column_of = values(name, low, high);
        compared(suite, &column_of);
        chosen(suite, &column_of);
        let three = each(&column_of);
        let (low, high) = (&three[0], &three[1]);
        let a = column(&column_of);
        let b = column(&column_of.slice(0, 2));
        let turned = column(&concat(&[column_of.slice(1, 1).as_ref(), column_of.slice(0, 1).as_ref()]).unwrap());
        suite.check("max_element_wise", &[b.clone(), turned.clone()], "", &format!("{high} {high}"));
        suite.check("min_element_wise", &[b.clone(), turned.clone()], "", &format!("{low} {low}"));
        suite.check("max_element_wise", &[a.clone(), null(), a.clone()], "", &three.join(" "));
        suite.check("min_element_wise", std::slice::from_ref(&a), "", &three.join(" "));
        suite.check("max_element_wise", std::slice::from_ref(&a), "", &three.join(" "));
        suite.check("less", &[b.clone(), turned.clone()], "", "true false");
        suite.check("less_equal", &[b.clone(), turned.clone()], "", "true false");
        suite.check("greater", &[b.clone(), turned.clone()], "", "false true");
        suite.check("greater_equal", &[b, turned], "", "false true");
    }
    for nested in [lists(), structs()] {
        compared(suite, &nested);
        chosen(suite, &nested);
        suite.refuse("max_element_wise", &[column(&nested)], "", "type-mismatch");
    }
    suite.check("list_value_length", &[column(&lists())], "", "2 1 null");
    let bytes = values("fixed-size-binary(1)", "a", "b");
    suite.check("binary_length", &[column(&bytes)], "", "1 1 null");
    let nothing = new_null_array(&arrow::datatypes::DataType::Null, 3);
    for function in
        ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "nullif", "coalesce", "fill_null"]
    {
        suite.check(function, &[column(&nothing), column(&nothing)], "", "null null null");
    }
    suite.check("is_distinct_from", &[column(&nothing), null()], "", "false false false");
    suite.check("is_not_distinct_from", &[column(&nothing), null()], "", "true true true");
    suite.check("is_null", &[column(&nothing)], "", "true true true");
    suite.check("is_valid", &[column(&nothing)], "", "false false false");
    suite.check("is_in", &[column(&nothing), column(&nothing)], "", "null null null");
    for function in ["max_element_wise", "min_element_wise"] {
        suite.check(function, &[column(&nothing), column(&nothing)], "", "null null null");
    }
}

/// Equality of a column of a smaller value, a larger one and a null, with itself and with itself turned.
fn compared(suite: &mut Suite, values: &ArrayRef) {
    let a = column(values);
    let turned = [values.slice(1, 1), values.slice(0, 1), values.slice(0, 1)];
    let turned = column(&concat(&turned.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap());
    let pair = [a.clone(), a.clone()];
    let other = [a.clone(), turned];
    suite.check("equal", &pair, "", "true true null");
    suite.check("equal", &other, "", "false false null");
    suite.check("not_equal", &pair, "", "false false null");
    suite.check("not_equal", &other, "", "true true null");
    suite.check("less", &pair, "", "false false null");
    suite.check("less_equal", &pair, "", "true true null");
    suite.check("greater", &pair, "", "false false null");
    suite.check("greater_equal", &pair, "", "true true null");
    suite.check("is_distinct_from", &pair, "", "false false false");
    suite.check("is_distinct_from", &other, "", "true true true");
    suite.check("is_not_distinct_from", &pair, "", "true true true");
    suite.check("is_not_distinct_from", &[a.clone(), null()], "", "false false true");
    suite.check("equal", &[null(), a.clone()], "", "null null null");
    suite.check("is_in", &other, "", "false false null");
    suite.check("is_in", &[a.clone(), a.clone(), null()], "", "true true null");
    suite.check("is_in", &[a], "", "false false null");
}

fn chosen(suite: &mut Suite, values: &ArrayRef) {
    let three = each(values);
    let (low, high) = (three[0].as_str(), three[1].as_str());
    let a = column(values);
    let nulls = column(&new_null_array(values.data_type(), 3));
    let condition = column(&bools(&[Some(true), Some(false), None]));
    suite.check("is_null", std::slice::from_ref(&a), "", "false false true");
    suite.check("is_valid", std::slice::from_ref(&a), "", "true true false");
    suite.check("coalesce", &[nulls.clone(), a.clone(), null()], "", &format!("{low} {high} null"));
    suite.check("coalesce", std::slice::from_ref(&a), "", &format!("{low} {high} null"));
    suite.check("fill_null", &[nulls.clone(), a.clone()], "", &format!("{low} {high} null"));
    suite.check("nullif", &[a.clone(), a.clone()], "", "null null null");
    suite.check("nullif", &[a.clone(), nulls.clone()], "", &format!("{low} {high} null"));
    suite.check("if_else", &[condition.clone(), a.clone(), nulls.clone()], "", &format!("{low} null null"));
    suite.check("if_else", &[condition.clone(), null(), a.clone()], "", &format!("null {high} null"));
    suite.check("case_when", &[condition.clone(), a.clone()], "", &format!("{low} null null"));
    suite.check("case_when", &[condition.clone(), nulls.clone(), a.clone()], "", &format!("null {high} null"));
    suite.check(
        "case_when",
        &[condition.clone(), nulls.clone(), condition, a.clone(), a.clone()],
        "",
        &format!("null {high} null"),
    );
    let which = column(&ints(&[Some(1), Some(0), Some(0)]));
    suite.check("choose", &[which, a.clone(), a], "", &format!("{low} {high} null"));
}

#[test]
fn by_hand() {
    all(cases);
}

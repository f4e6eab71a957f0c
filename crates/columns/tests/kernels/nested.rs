//! Lists, structs and maps.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Builder, MapBuilder, StringBuilder};
use arrow::compute::concat;

use crate::every_type::{ORDERED, lists, structs, values};
use crate::suite::*;

pub(crate) fn cases(suite: &mut Suite) {
    taken_apart(suite);
    made(suite);
    searched(suite);
    fields(suite);
    maps(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

/// Lists of numbers: two items, none, one, and a null list.
fn numbers() -> ArrayRef {
    let lists = [Some(vec![Some(1), None]), Some(vec![]), Some(vec![Some(3)]), None];
    Arc::new(arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>(lists))
}

fn taken_apart(suite: &mut Suite) {
    let name = "list_element";
    suite.check(name, &[column(&numbers()), int(0)], "", "1 !out-of-bounds 3 null");
    suite.check(name, &[column(&numbers()), int(-1)], "", "null !out-of-bounds 3 null");
    suite.check(name, &[column(&numbers())], r#"{"index": 1}"#, "null !out-of-bounds ! null");
    let places = ints(&[Some(0), None, Some(i64::MIN), Some(0)]);
    suite.check(name, &[column(&numbers()), column(&places)], "", "1 null !out-of-bounds null");
    suite.refuse(name, &[column(&numbers())], "", "type-mismatch");
    suite.refuse(name, &[int(1), int(0)], "", "type-mismatch");
    let name = "list_slice";
    suite.check(name, &[column(&numbers()), int(1)], "", "[null] [] [] null");
    suite.check(name, &[column(&numbers()), int(0), int(1)], "", "[1] [] [3] null");
    suite.check(name, &[column(&numbers())], r#"{"start": 0, "step": 2}"#, "[1] [] [3] null");
    suite.check(name, &[column(&numbers())], r#"{"stop": 9223372036854775807}"#, "[1, null] [] [3] null");
    suite.check(name, &[column(&numbers()), int(-5), int(i64::MAX)], "", "[1, null] [] [3] null");
    for wrong in [r#"{"start": -1}"#, r#"{"stop": -1}"#, r#"{"step": 0}"#] {
        suite.refuse(name, &[column(&numbers())], wrong, "out-of-bounds");
    }
    suite.check("list_flatten", &[column(&numbers())], "", "1 null 3");
    suite.check("list_parent_indices", &[column(&numbers())], "", "0 0 2");
    let words = [text("b"), text("a")];
    let all = run("make_list", &[column(&texts(&[Some("x"), None])), words[0].clone()], "").unwrap().values;
    suite.check("list_flatten", &[column(&all)], "", "x b null b");
    suite.check("list_element", &[column(&all), int(0)], "", "x null");
    suite.check("binary_join", &[column(&all), text("-")], "", "x-b null");
    suite.check("binary_join", &[column(&all), column(&texts(&[Some("+"), Some("+")]))], "", "x+b null");
    suite.check("binary_join", &[column(&all.slice(0, 1)), null()], "", "null");
    suite.refuse("binary_join", &[column(&numbers()), text("-")], "", "type-mismatch");
    // Lists of other layouts.
    for layout in ["large-list<int64>", "fixed-size-list<int64, 1>"] {
        let lists = as_type(&numbers().slice(2, 2), layout);
        suite.check("list_element", &[column(&lists), int(0)], "", "3 null");
        suite.check("list_flatten", &[column(&lists)], "", "3");
        suite.check("list_contains", &[column(&lists), int(3)], "", "true null");
    }
}

fn made(suite: &mut Suite) {
    for (name, low, high) in ORDERED {
        let column_of = values(name, low, high);
        let three = each(&column_of);
        let (low, high) = (three[0].as_str(), three[1].as_str());
        let a = column(&column_of);
        suite.check("make_list", std::slice::from_ref(&a), "", &format!("[{low}] [{high}] [null]"));
        suite.check("make_list", &[a.clone(), a.clone()], "", &format!("[{low}, {low}] [{high}, {high}] [null, null]"));
        suite.check("make_struct", std::slice::from_ref(&a), "", &format!("{{0: {low}}} {{0: {high}}} {{0: null}}"));
        suite.check("true_unless_null", std::slice::from_ref(&a), "", "true true null");
        let other = column(
            &concat(&[column_of.slice(1, 1).as_ref(), column_of.slice(1, 1).as_ref(), column_of.slice(0, 1).as_ref()])
                .unwrap(),
        );
        suite.check("index_in", &[a.clone(), a.clone()], "", "0 0 null");
        suite.check("index_in", &[a.clone(), other, a], "", "1 0 null");
    }
    for nested in [lists(), structs()] {
        let three = each(&nested);
        let a = column(&nested);
        let told = format!("[{}] [{}] [null]", three[0], three[1]);
        suite.check("make_list", std::slice::from_ref(&a), "", &told);
        let told = format!("{{0: {}}} {{0: {}}} {{0: null}}", three[0], three[1]);
        suite.check("make_struct", std::slice::from_ref(&a), "", &told);
        suite.check("true_unless_null", std::slice::from_ref(&a), "", "true true null");
        suite.check("index_in", &[a.clone(), a], "", "0 0 null");
    }
    let numbers = ints(&[Some(1), None]);
    suite.check("make_list", &[column(&numbers), float(0.5), null()], "", "[1.0, 0.5, null] [null, 0.5, null]");
    suite.refuse("make_list", &[column(&numbers), text("x")], "", "type-mismatch");
    let names = r#"{"field_names": ["a", "b", "c"]}"#;
    suite.check(
        "make_struct",
        &[column(&numbers), text("x"), null()],
        names,
        "{a: 1, b: x, c: null} {a: null, b: x, c: null}",
    );
    suite.check("make_struct", &[column(&numbers), int(2)], "", "{0: 1, 1: 2} {0: null, 1: 2}");
    suite.refuse("make_struct", &[column(&numbers)], names, "type-mismatch");
    suite.check("index_in", &[column(&numbers)], r#"{"value_set": [3, 1, 1]}"#, "1 null");
    suite.check(
        "index_in",
        &[column(&texts(&[Some("b"), Some("c"), None]))],
        r#"{"value_set": ["a", "b", null]}"#,
        "1 null null",
    );
}

fn searched(suite: &mut Suite) {
    suite.check("list_contains", &[column(&numbers()), int(3)], "", "false false true null");
    suite.check("list_contains", &[column(&numbers()), null()], "", "null null null null");
    suite.check("list_contains", &[column(&numbers()), float(1.0)], "", "true false false null");
    suite.check("list_index", &[column(&numbers()), int(1)], "", "0 -1 -1 null");
    let each = ints(&[Some(1), Some(1), Some(3), Some(3)]);
    suite.check("list_index", &[column(&numbers()), column(&each)], "", "0 -1 0 null");
    suite.refuse("list_contains", &[column(&numbers()), text("x")], "", "type-mismatch");
}

fn fields(suite: &mut Suite) {
    suite.check("struct_field", &[column(&structs())], r#"{"name": "a"}"#, "1 2 null");
    suite.check("struct_field", &[column(&structs())], r#"{"index": 0}"#, "1 2 null");
    suite.refuse("struct_field", &[column(&structs())], r#"{"name": "b"}"#, "unknown-field");
    suite.refuse("struct_field", &[column(&structs())], r#"{"index": 1}"#, "out-of-bounds");
    suite.refuse("struct_field", &[column(&structs())], "", "type-mismatch");
    suite.refuse("struct_field", &[column(&lists())], r#"{"index": 0}"#, "type-mismatch");
}

fn maps(suite: &mut Suite) {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for entries in [Some(vec![("a", Some(1)), ("b", None), ("a", Some(3))]), None, Some(vec![])] {
        for (key, value) in entries.iter().flatten() {
            builder.keys().append_value(key);
            builder.values().append_option(*value);
        }
        builder.append(entries.is_some()).unwrap();
    }
    let map: ArrayRef = Arc::new(builder.finish());
    assert_eq!(map.len(), 3);
    suite.check("map_lookup", &[column(&map), text("a")], "", "1 null null");
    suite.check("map_lookup", &[column(&map), text("b")], "", "null null null");
    suite.check("map_lookup", &[column(&map), column(&texts(&[Some("z"), Some("a"), None]))], "", "null null null");
    suite.refuse("map_lookup", &[column(&map), int(1)], "", "type-mismatch");
}

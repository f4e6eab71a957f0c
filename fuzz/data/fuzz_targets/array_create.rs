//! Any tree of types with any buffers: what becomes an array has to read back as what was given.
#![no_main]

#[path = "../input.rs"]
mod input;

use arrow::array::Array;
use input::{Level, Type};
use jackfield_columns::{array_from_tree, clean_array, read_levels, tree_from_field};

libfuzzer_sys::fuzz_target!(|input: (Vec<Type>, Vec<Level>)| {
    let (tree, levels) = input;
    let tree: Vec<_> = tree.into_iter().map(Type::field).collect();
    let levels: Vec<_> = levels.into_iter().map(Level::buffers).collect();
    let Ok((field, array)) = array_from_tree(&tree, levels) else { return };
    array.to_data().validate_full().expect("an array that was accepted is sound");
    assert_eq!(array.data_type(), field.data_type());
    let read = read_levels(&array).expect("what was accepted can be read");
    let again = array_from_tree(&tree_from_field(&field), read).expect("what was read can be made again").1;
    assert_eq!(clean_array(&again).unwrap().to_data(), clean_array(&array).unwrap().to_data());
});

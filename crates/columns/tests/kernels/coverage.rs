//! Every function has a case for each type and each number of arguments that it takes.

use arrow::datatypes::DataType;
use jackfield_columns::compute::{functions, result_type};
use jackfield_columns::type_name;

use crate::every_type::{ORDERED, lists, structs};
use crate::suite::{Suite, kind};
use arrow::array::Array;

#[test]
fn every_function_has_cases_for_what_it_takes() {
    let mut suite = Suite::default();
    crate::angles::cases(&mut suite);
    crate::arithmetic::cases(&mut suite);
    crate::calendars::cases(&mut suite);
    crate::characters::cases(&mut suite);
    crate::nested::cases(&mut suite);
    crate::running::cases(&mut suite);
    crate::accumulators::cases(&mut suite);
    crate::casts::cases(&mut suite);
    crate::choice::cases(&mut suite);
    crate::decimals::cases(&mut suite);
    crate::every_type::cases(&mut suite);
    crate::patterns::cases(&mut suite);
    crate::texts::cases(&mut suite);
    crate::times::cases(&mut suite);
    suite.end();
    let mut missing = Vec::new();
    for function in functions() {
        let options = if function.name == "cast" { r#"{"to_type": "utf8"}"# } else { "" };
        let takes = |types: &[DataType]| result_type(function.name, types, options).is_ok();
        let mut of_types: Vec<DataType> = ORDERED.iter().map(|(name, _, _)| kind(name)).collect();
        of_types.extend([lists().data_type().clone(), structs().data_type().clone()]);
        let mut arities = [takes(&[]), false, false, false];
        for of_type in &of_types {
            let mut any = false;
            let (flag, number, text) = (DataType::Boolean, DataType::Int64, DataType::Utf8);
            for types in [
                vec![of_type.clone()],
                vec![of_type.clone(), of_type.clone()],
                vec![of_type.clone(); 3],
                vec![flag.clone(), of_type.clone()],
                vec![flag, of_type.clone(), of_type.clone()],
                vec![number.clone(), of_type.clone()],
                vec![number.clone(), of_type.clone(), of_type.clone()],
                vec![of_type.clone(), number.clone()],
                vec![of_type.clone(), text.clone()],
                vec![of_type.clone(), number, text],
            ] {
                if takes(&types) {
                    any = true;
                    arities[types.len()] = true;
                }
            }
            if any && !suite.types.contains(&(function.name.to_owned(), type_name(of_type))) {
                missing.push(format!("{} of {}", function.name, type_name(of_type)));
            }
        }
        for (count, taken) in arities.iter().enumerate() {
            if *taken && !suite.arities.contains(&(function.name.to_owned(), count)) {
                missing.push(format!("{} with {count} arguments", function.name));
            }
        }
        if !suite.arities.iter().any(|(name, _)| name == function.name) {
            missing.push(function.name.to_owned());
        }
    }
    assert!(missing.is_empty(), "no case for:\n  {}", missing.join("\n  "));
}

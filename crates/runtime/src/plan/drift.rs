//! Files of one source that have other columns, or other types, than the first.

use arrow::datatypes::{DataType, Schema};
use jackfield_columns::type_name;
use jackfield_manifest::SchemaDrift;

use crate::diagnose::{Class, Diagnosis, ProblemExt};

/// What the source's policy does not allow of a file's columns. `expected` are those of the source, `actual` those of the
/// file as it is read, `own` as it says them itself.
pub(crate) fn differences(drift: SchemaDrift, expected: &Schema, actual: &Schema, own: &Schema) -> Vec<String> {
    let mut differences = Vec::new();
    for field in expected.fields() {
        match actual.field_with_name(field.name()) {
            Err(_) if drift != SchemaDrift::Union => {
                differences.push(format!("the column `{}` is missing", field.name()))
            }
            Ok(found) if drift == SchemaDrift::Fail => {
                let found = own.field_with_name(field.name()).unwrap_or(found);
                if !same_values(found.data_type(), field.data_type()) {
                    let (found, expected) = (type_name(found.data_type()), type_name(field.data_type()));
                    differences.push(format!("`{}` is {found}, not {expected}", field.name()));
                }
            }
            _ => {}
        }
    }
    for field in actual.fields() {
        if expected.field_with_name(field.name()).is_err() {
            differences.push(format!("the column `{}` is new", field.name()));
        }
    }
    differences
}

/// The problem with a file that differs.
pub(crate) fn problem(source: &str, file: &str, differences: &[String], drift: SchemaDrift) -> Diagnosis {
    let message = format!("source.{source}: {file} differs from the first file: {}", differences.join(", "));
    let help = match drift {
        SchemaDrift::Fail => "say schema-drift = \"union\" or \"cast\", or read the files as sources of their own",
        _ => "say schema-drift = \"union\", or read the files as sources of their own",
    };
    crate::diagnose::problem("schema-drift", message).with_help(help).class(Class::Failed)
}

/// Whether the types hold the same values, however they hold them; nulls are values of all types.
fn same_values(found: &DataType, expected: &DataType) -> bool {
    fn plain(data_type: &DataType) -> &DataType {
        match data_type {
            DataType::Dictionary(_, values) => plain(values),
            DataType::LargeUtf8 | DataType::Utf8View => &DataType::Utf8,
            DataType::LargeBinary | DataType::BinaryView => &DataType::Binary,
            other => other,
        }
    }
    *found == DataType::Null || plain(found) == plain(expected)
}

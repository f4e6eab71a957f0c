//! Nodes about how good data is: validate, profile and schema.

mod profile;
mod schema;
mod validate;

jackfield_kit::export_works! {
    "validate" => validate::Validate,
    "profile" => profile::Profile,
    "schema" => schema::Schema,
}

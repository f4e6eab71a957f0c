//! Gathers everything that is wrong with a node's parameters, each at its place.

use jackfield_sdk::{Failure, Schema};

#[derive(Default)]
pub(crate) struct Problems(Vec<Failure>);

impl Problems {
    pub(crate) fn push(&mut self, failure: Failure) {
        self.0.push(failure);
    }

    /// The value, or `None` and a problem with the parameter at `pointer`.
    pub(crate) fn note<T>(&mut self, pointer: &str, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.0.push(at(pointer, failure))).ok()
    }

    /// The number of a column that the parameter at `pointer` names.
    pub(crate) fn column(&mut self, pointer: &str, name: &str, schema: &Schema) -> Option<u32> {
        self.note(pointer, schema.expect_index(name))
    }

    /// Notes that the parameter at `pointer` makes a second column of this name.
    pub(crate) fn duplicate(&mut self, pointer: &str, name: &str) {
        let failure = Failure::invalid_config("duplicate-column", format!("there would be two columns `{name}`"));
        self.push(failure.with_column(name).with_parameter(pointer).with_help("give one of them another name"));
    }

    /// The value if there are no problems.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Vec<Failure>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// The failure with its place in the parameters, if it has none yet.
pub(crate) fn at(pointer: &str, failure: Failure) -> Failure {
    if failure.parameter.is_some() { failure } else { failure.with_parameter(pointer) }
}

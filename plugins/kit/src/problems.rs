//! Gathers everything that is wrong with a node's parameters, each at its place.

use jackfield_sdk::{Failure, InputPort, Schema};

/// All that is wrong with a node's parameters.
#[derive(Debug, Default)]
pub struct Problems(Vec<Failure>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, failure: Failure) {
        self.0.push(failure);
    }

    /// The value, or `None` and a problem with the parameter at `pointer`.
    pub fn note<T>(&mut self, pointer: &str, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.0.push(at(pointer, failure))).ok()
    }

    /// The number of a column that the parameter at `pointer` names.
    pub fn column(&mut self, pointer: &str, name: &str, schema: &Schema) -> Option<u32> {
        self.note(pointer, schema.expect_index(name))
    }

    /// Notes that the parameter at `pointer` makes a second column of this name.
    pub fn duplicate(&mut self, pointer: &str, name: &str) {
        let failure = Failure::invalid_config("duplicate-column", format!("there would be two columns `{name}`"));
        self.push(failure.with_column(name).with_parameter(pointer).with_help("give one of them another name"));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers of the columns that a list at `pointer` names; one that is named twice is a problem too.
    pub fn columns(&mut self, pointer: &str, names: &[String], schema: &Schema) -> Vec<u32> {
        let mut found = Vec::with_capacity(names.len());
        for (number, name) in names.iter().enumerate() {
            let place = format!("{pointer}/{number}");
            if names.iter().take(number).any(|other| other == name) {
                let failure = Failure::invalid_config("duplicate-column", format!("`{name}` is named twice"));
                self.push(failure.with_column(name).with_parameter(place).with_help("name it once"));
                continue;
            }
            found.extend(self.column(&place, name, schema));
        }
        found
    }

    /// The value if there are no problems.
    ///
    /// # Errors
    /// The problems.
    pub fn or<T>(self, value: T) -> Result<T, Vec<Failure>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// The host calls `bind` first; a test of the component may not.
pub fn not_bound() -> Failure {
    Failure::internal("the node was not bound")
}

/// The input of a node that has one.
///
/// # Errors
/// There is none.
pub fn only_input(inputs: &[InputPort]) -> Result<&InputPort, Vec<Failure>> {
    inputs.first().ok_or_else(|| Failure::invalid_config("missing-input", "the node has no input").into())
}

/// The manifest names a node that the code does not know.
pub fn unknown_node(node_type: &str) -> Vec<Failure> {
    Failure::invalid_config("unknown-node", format!("there is no node type `{node_type}`")).into()
}

/// The failure with its place in the parameters, if it has none yet.
pub fn at(pointer: &str, failure: Failure) -> Failure {
    if failure.parameter.is_some() { failure } else { failure.with_parameter(pointer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_sdk::parse_type;

    #[test]
    fn columns_are_found_and_all_that_is_wrong_is_told() {
        let schema = Schema::of(["a", "b"].map(|name| parse_type(name, "int64").unwrap()));
        let names = ["b", "c", "b", "a"].map(str::to_owned);
        let mut problems = Problems::default();
        assert_eq!(problems.columns("/by", &names, &schema), [1, 0]);
        let failures = problems.or(()).unwrap_err();
        let told: Vec<String> =
            failures.into_iter().map(|f| format!("{}: {}", f.parameter.unwrap_or_default(), f.code)).collect();
        assert_eq!(told, ["/by/1: unknown-column", "/by/2: duplicate-column"]);
    }

    #[test]
    fn a_place_that_is_known_stays() {
        let failure = Failure::invalid_config("syntax", "wrong").with_parameter("/a");
        assert_eq!(at("/b", failure).parameter.as_deref(), Some("/a"));
    }
}

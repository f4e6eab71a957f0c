//! Simple conditions that a reader can apply.

use crate::compute::Scalar;

/// A condition on one column; mirrors the WIT record `predicate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// Name of the column.
    pub column: String,
    /// `=`, `<>`, `<`, `<=`, `>`, `>=`, `in`, `is-null` or `is-not-null`.
    pub comparison: String,
    /// One value for a comparison, any number for `in`, none for the null tests; of the column's type.
    pub values: Vec<Scalar>,
}

//! The table's entries of aggregate functions.

use arrow::datatypes::DataType;

use super::super::options::Options;
use super::super::table::{Body, Bound, Check, Function, Literals, Plan};
use super::{Make, count};
use crate::Failure;

const fn entry(name: &'static str, signature: &'static str, check: Check, make: Make) -> Function {
    Function {
        name,
        signature,
        doc: "",
        options: &[],
        bound: Bound::Pieces,
        weight: 1,
        arity: (1, 1),
        literals: Literals::Own,
        check,
        body: Body::Aggregate(make),
    }
}

pub(in super::super) const FUNCTIONS: &[Function] = &[entry("count", "count(any) -> int64", counted, count::make)
    .arity(0, 1)
    .options(&["mode"])
    .doc("how many values there are: `mode` = only_valid, or all, which is also what it does without an argument")];

fn counted(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.word("mode", &["only_valid", "all"])?;
    Ok(Plan { inputs: types.to_vec(), output: DataType::Int64 })
}

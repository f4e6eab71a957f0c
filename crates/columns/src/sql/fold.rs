//! Constants are computed once, while an expression is parsed.

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema};

use super::constants;
use super::resolve::Resolver;
use super::tree::{Node, Typed};
use crate::compute::{self, Argument, Scalar};
use crate::{Batch, Failure, Meter};

/// What a constant may cost: beyond it, it is left to the run, where the caller's own limits hold.
struct Budget {
    units: u64,
    bytes: u64,
}

impl Budget {
    fn new() -> Self {
        Self { units: 1 << 20, bytes: 1 << 20 }
    }
}

impl Meter for Budget {
    fn work(&mut self, units: u64) -> Result<(), Failure> {
        spend(&mut self.units, units)
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        spend(&mut self.bytes, bytes)
    }
}

fn spend(left: &mut u64, amount: u64) -> Result<(), Failure> {
    *left = left.checked_sub(amount).ok_or_else(|| Failure::limit("fuel", "a constant costs too much"))?;
    Ok(())
}

/// The value of a call whose arguments are constants. None if they are not, or if it fails: then it fails in the rows
/// that reach it, and only there.
pub(super) fn call(function: &str, arguments: &[Typed], options: &str, data_type: &DataType) -> Option<Scalar> {
    let scalars: Option<Vec<Argument>> =
        arguments.iter().map(|argument| argument.literal().cloned().map(Argument::Scalar)).collect();
    let outcome = compute::call(function, &scalars?, options, 1, None, &mut Budget::new()).ok()?;
    if outcome.failed.is_some() {
        return None;
    }
    constant(&outcome.values, data_type)
}

fn constant(values: &ArrayRef, data_type: &DataType) -> Option<Scalar> {
    let scalar = constants::from_row(values)?;
    if values.data_type() == data_type { Some(scalar) } else { constants::convert(&scalar, data_type) }
}

impl Resolver<'_> {
    /// The node as a constant, if everything in it is constant.
    pub(super) fn fold(&mut self, typed: Typed) -> Result<Typed, Failure> {
        let mut constant_children = true;
        typed.node.each_child(&mut |child| constant_children &= child.literal().is_some());
        if !constant_children {
            return Ok(typed);
        }
        let one = RecordBatch::try_new_with_options(
            Schema::empty().into(),
            Vec::new(),
            &RecordBatchOptions::new().with_row_count(Some(1)),
        );
        let Ok(one) = one else { return Ok(typed) };
        let found = super::evaluate::run(&typed, self.slots, &Batch::new(one), &mut Budget::new());
        let scalar = found
            .ok()
            .filter(|outcome| outcome.failed.is_none() && outcome.values.len() == 1)
            .and_then(|outcome| constant(&outcome.values, &typed.data_type));
        Ok(match scalar {
            Some(scalar) => Typed::leaf(Node::Literal(scalar), typed.data_type, typed.offset),
            None => typed,
        })
    }
}

//! Evaluation over a batch: one kernel call per node, with masks where a branch is not every row's.

mod branches;
mod like;
mod reach;
mod temporal;
mod texts;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::constants;
use super::tree::{Node, Typed};
use crate::compute::{self, Argument, Outcome, Scalar};
use crate::{Batch, Failure, Meter};

/// Evaluates a tree that uses `slots` slots.
///
/// # Errors
/// What concerns the whole batch.
pub(super) fn run(typed: &Typed, slots: usize, batch: &Batch, meter: &mut dyn Meter) -> Result<Outcome, Failure> {
    let mut run = Run { batch, rows: batch.rows(), meter, slots: vec![None; slots] };
    let Value { argument, faults } = run.value(typed, None)?;
    let values = run.column(argument, &typed.data_type)?;
    Ok(Outcome { values, failed: faults.rows.map(|rows| BooleanArray::new(rows, None)), first: faults.first })
}

struct Run<'a> {
    batch: &'a Batch,
    rows: usize,
    meter: &'a mut dyn Meter,
    slots: Vec<Option<Value>>,
}

/// What a node gives: where it failed, its value is null.
#[derive(Clone)]
struct Value {
    argument: Argument,
    faults: Faults,
}

impl Value {
    fn sound(argument: Argument) -> Self {
        Self { argument, faults: Faults::default() }
    }
}

/// The rows that failed, and why the first of them did.
#[derive(Clone, Default)]
struct Faults {
    rows: Option<BooleanBuffer>,
    first: Option<Failure>,
}

impl Faults {
    fn merge(&mut self, other: Faults) {
        self.rows = match (self.rows.take(), other.rows) {
            (Some(mine), Some(theirs)) => Some(&mine | &theirs),
            (mine, theirs) => mine.or(theirs),
        };
        let earlier = match (&self.first, &other.first) {
            (Some(mine), Some(theirs)) => theirs.row < mine.row,
            (mine, _) => mine.is_none(),
        };
        if earlier {
            self.first = other.first;
        }
    }
}

/// The rows of `only` without `less`.
fn without(only: Option<&BooleanBuffer>, less: &BooleanBuffer) -> BooleanBuffer {
    match only {
        Some(only) => only & &!less,
        None => !less,
    }
}

/// Where a boolean column holds this value, and not null.
fn holds(array: &BooleanArray, wanted: bool) -> BooleanBuffer {
    let values = if wanted { array.values().clone() } else { !array.values() };
    match array.nulls() {
        Some(nulls) => &values & nulls.inner(),
        None => values,
    }
}

/// Bytes of an array's rows.
fn bytes_of(array: &dyn Array) -> u64 {
    match array.data_type().primitive_width() {
        Some(width) => (width as u64).saturating_mul(array.len() as u64),
        None => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()) as u64,
    }
}

impl Run<'_> {
    fn value(&mut self, typed: &Typed, only: Option<&BooleanBuffer>) -> Result<Value, Failure> {
        match &typed.node {
            Node::Column(index) => Ok(Value::sound(Argument::Column(self.batch.column(*index, self.meter)?))),
            Node::Literal(scalar) => Ok(Value::sound(Argument::Scalar(scalar.clone()))),
            Node::Call { function, arguments, options } => {
                let (arguments, faults) = self.arguments(arguments, only)?;
                self.kernel(typed, function, &arguments, options, faults, only)
            }
            Node::And(parts) => self.connect(typed, parts, false, only),
            Node::Or(parts) => self.connect(typed, parts, true, only),
            Node::Case { branches, otherwise } => self.case(typed, branches, otherwise, only),
            Node::Coalesce(parts) => self.coalesce(typed, parts, only),
            Node::Field { of, index } => self.field(of, *index, only),
            Node::Element { of, index } => self.element(of, index, only),
            Node::Substring { part, arguments } => self.substring(part, arguments, only),
            Node::Like { arguments, escape, ignore_case } => self.like(arguments, *escape, *ignore_case, only),
            Node::Times(interval, count) => self.times(typed, interval, count, only),
            Node::Temporal { subtract, left, right } => self.temporal(typed, *subtract, left, right, only),
            Node::Let { slot, value, body } => {
                let kept = self.value(value, only)?;
                if let Some(place) = self.slots.get_mut(*slot) {
                    *place = Some(kept);
                }
                let body = self.value(body, only);
                if let Some(place) = self.slots.get_mut(*slot) {
                    *place = None;
                }
                body
            }
            Node::Slot(slot) => {
                let kept = self.slots.get(*slot).and_then(Clone::clone);
                kept.ok_or_else(|| Failure::internal("slot", "a kept value is read before it is computed"))
            }
        }
    }

    fn arguments(
        &mut self,
        arguments: &[Typed],
        only: Option<&BooleanBuffer>,
    ) -> Result<(Vec<Argument>, Faults), Failure> {
        let mut faults = Faults::default();
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.value(argument, only)?;
            faults.merge(value.faults);
            values.push(value.argument);
        }
        Ok((values, faults))
    }

    /// A kernel on arguments that failed in some rows already: there it is not asked, and gives null.
    fn kernel(
        &mut self,
        typed: &Typed,
        function: &str,
        arguments: &[Argument],
        options: &str,
        mut faults: Faults,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let only = match &faults.rows {
            Some(failed) => Some(without(only, failed)),
            None => only.cloned(),
        };
        let only = only.map(|only| BooleanArray::new(only, None));
        let outcome = compute::call(function, arguments, options, self.rows, only.as_ref(), self.meter)?;
        if let Some(failed) = outcome.failed {
            let first = outcome.first.map(|first| self.name_column(typed, first));
            faults.merge(Faults { rows: Some(holds(&failed, true)), first });
        }
        Ok(Value { argument: Argument::Column(outcome.values), faults })
    }

    /// A row's failure says which column it is about, if there is just one, or the first of several.
    fn name_column(&self, typed: &Typed, failure: Failure) -> Failure {
        match typed.columns().first() {
            Some(index) if failure.column.is_none() => {
                let name = self.batch.schema().field(*index).name().clone();
                failure.with_column(name)
            }
            _ => failure,
        }
    }

    /// The argument as a column of that type.
    fn column(&mut self, argument: Argument, data_type: &DataType) -> Result<ArrayRef, Failure> {
        match argument {
            Argument::Column(array) if array.data_type() == data_type => Ok(array),
            Argument::Column(array) => {
                self.meter.allocate(bytes_of(&array))?;
                cast(&array, data_type).map_err(|error| Failure::internal("type-mismatch", error.to_string()))
            }
            Argument::Scalar(scalar) => {
                let width = match &scalar {
                    Scalar::Text(text) => text.len(),
                    Scalar::Binary(bytes) => bytes.len(),
                    _ => 16,
                };
                self.room((width as u64 + 4).saturating_mul(self.rows as u64))?;
                constants::repeat(&scalar, data_type, self.rows).ok_or_else(|| {
                    Failure::internal("type-mismatch", "a constant is not of the type that it was given")
                })
            }
        }
    }

    /// Charges for a result of so many bytes, before it is made.
    fn room(&mut self, bytes: u64) -> Result<(), Failure> {
        if bytes > i32::MAX as u64 {
            return Err(Failure::limit("too-large", "the result is larger than 2 GiB; use smaller batches"));
        }
        self.meter.work(bytes / 8 + 1)?;
        self.meter.allocate(bytes)
    }

    /// AND, OR: all of the right side at once; only if it failed somewhere, again without the rows that the left decides.
    fn connect(
        &mut self,
        typed: &Typed,
        parts: &[Typed],
        decisive: bool,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let function = if decisive { "or_kleene" } else { "and_kleene" };
        let Some((first, rest)) = parts.split_first() else {
            return Ok(Value::sound(Argument::Scalar(Scalar::Boolean(!decisive))));
        };
        let mut left = self.value(first, only)?;
        for part in rest {
            let array = self.column(left.argument, &DataType::Boolean)?;
            let decided = holds(array.as_boolean(), decisive);
            if self.rows > 0 && decided.count_set_bits() == self.rows {
                left.argument = Argument::Column(array);
                break;
            }
            let mut right = self.value(part, only)?;
            if right.faults.rows.is_some() {
                right = self.value(part, Some(&without(only, &decided)))?;
            }
            let mut faults = left.faults;
            faults.merge(right.faults);
            left = self.kernel(typed, function, &[Argument::Column(array), right.argument], "", faults, only)?;
        }
        Ok(left)
    }
}

//! Counting.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type};

use super::super::options::Options;
use super::super::table::Plan;
use super::{State, grow};
use crate::{Failure, Meter};

#[derive(Debug)]
struct Count {
    all: bool,
    counts: Vec<i64>,
}

pub(super) fn make(_: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    let all = options.word("mode", &["only_valid", "all"])? == "all";
    Ok(Box::new(Count { all, counts: Vec::new() }))
}

fn add(count: &mut i64, more: i64) {
    *count = count.saturating_add(more);
}

impl State for Count {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.counts, count, 0, meter)?;
        let nulls = if self.all { None } else { values.first().and_then(|values| values.logical_nulls()) };
        match nulls.filter(|nulls| nulls.null_count() > 0) {
            // Saturating, for a merged state may tell any count.
            None => groups.iter().for_each(|group| add(&mut self.counts[*group as usize], 1)),
            Some(nulls) => {
                let rows = groups.iter().zip(nulls.iter());
                rows.for_each(|(group, valid)| add(&mut self.counts[*group as usize], i64::from(valid)));
            }
        }
        Ok(())
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Int64]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        Ok(vec![Arc::new(Int64Array::from(self.counts.clone()))])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.counts, count, 0, meter)?;
        let Some(states) = states.first() else { return Ok(()) };
        for (group, state) in groups.iter().zip(states.as_primitive::<Int64Type>().values()) {
            let total = &mut self.counts[*group as usize];
            *total = total.saturating_add(*state);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        Ok(Arc::new(Int64Array::from(std::mem::take(&mut self.counts))))
    }

    fn size(&self) -> u64 {
        (self.counts.len() * 8) as u64
    }
}

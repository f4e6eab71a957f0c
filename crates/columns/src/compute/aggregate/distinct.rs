//! Counting different values: pairs of group and value, each numbered once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::compute::{filter, is_not_null};
use arrow::datatypes::{DataType, UInt32Type};

use super::super::group::Grouper;
use super::super::options::Options;
use super::super::promote::{internal, mismatch};
use super::super::table::Plan;
use super::State;
use super::lists::{gathered, list_type, spread};
use crate::{Failure, Meter};

#[derive(Debug)]
struct Distinct {
    value: DataType,
    pairs: Grouper,
    groups: usize,
}

pub(super) fn make(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    let value = plan.inputs.first().cloned().unwrap_or(DataType::Null);
    let pairs = Grouper::new(&[DataType::UInt32, value.clone()])?;
    Ok(Box::new(Distinct { value, pairs, groups: 0 }))
}

impl Distinct {
    fn add(&mut self, values: &ArrayRef, groups: &[u32], meter: &mut dyn Meter) -> Result<(), Failure> {
        meter.allocate(groups.len() as u64 * 4)?;
        let mut groups: ArrayRef = Arc::new(UInt32Array::from(groups.to_vec()));
        let mut values = Arc::clone(values);
        if values.logical_null_count() > 0 {
            let valid = is_not_null(values.as_ref()).map_err(internal)?;
            groups = filter(&groups, &valid).map_err(internal)?;
            values = filter(&values, &valid).map_err(internal)?;
        }
        self.pairs.run(&[groups, values], true, meter).map(|_| ())
    }
}

impl State for Distinct {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        self.groups = self.groups.max(count);
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        self.add(values, groups, meter)
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![list_type(&self.value)]
    }

    fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let keys = self.pairs.keys(meter)?;
        let [groups, values] = keys.as_slice() else { return Err(mismatch("a state of two keys is expected")) };
        Ok(vec![gathered(values, groups.as_primitive::<UInt32Type>().values(), self.groups, meter)?])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        self.groups = self.groups.max(count);
        let Some(state) = states.first() else { return Err(mismatch("a state of one column is expected")) };
        let (values, groups) = spread(state, groups, meter)?;
        self.add(&values, &groups, meter)
    }

    fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let mut counts = vec![0_i64; std::mem::take(&mut self.groups)];
        let keys = self.pairs.keys(meter)?;
        if let Some(groups) = keys.first() {
            for group in groups.as_primitive::<UInt32Type>().values() {
                counts[*group as usize] += 1;
            }
        }
        self.pairs = Grouper::new(&[DataType::UInt32, self.value.clone()])?;
        Ok(Arc::new(Int64Array::from(counts)))
    }

    fn size(&self) -> u64 {
        self.pairs.size() + (self.groups as u64).saturating_mul(8)
    }
}

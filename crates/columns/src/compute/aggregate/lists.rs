//! All values kept for each group: lists, joined text and quantiles.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, UInt32Array, new_empty_array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{concat, filter, is_not_null};
use arrow::datatypes::{DataType, Field, Float64Type};

use super::super::group::one_nan;
use super::super::options::Options;
use super::super::order::select;
use super::super::promote::{internal, mismatch, slice_bytes};
use super::super::table::Plan;
use super::super::text::Writer;
use super::State;
use crate::{Failure, Meter};

/// What becomes of a group's values.
#[derive(Debug)]
enum Finish {
    List,
    Text(String),
    /// The fraction of values below.
    Quantile(f64),
}

#[derive(Debug)]
struct Lists {
    value: DataType,
    /// Values that are not null, in order.
    parts: Vec<ArrayRef>,
    /// The group of each value.
    groups: Vec<u32>,
    count: usize,
    bytes: u64,
    finish: Finish,
}

fn make(plan: &Plan, finish: Finish) -> Box<dyn State> {
    let value = plan.inputs.first().cloned().unwrap_or(DataType::Null);
    Box::new(Lists { value, parts: Vec::new(), groups: Vec::new(), count: 0, bytes: 0, finish })
}

pub(super) fn make_list(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(make(plan, Finish::List))
}

pub(super) fn make_text(plan: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(make(plan, Finish::Text(options.text("separator")?.unwrap_or(",").to_owned())))
}

pub(super) fn make_quantile(plan: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(make(plan, Finish::Quantile(fraction(options)?)))
}

/// The option `q`.
pub(super) fn fraction(options: &Options) -> Result<f64, Failure> {
    let Some(value) = options.value("q") else { return Ok(0.5) };
    value
        .as_f64()
        .filter(|q| (0.0..=1.0).contains(q))
        .ok_or_else(|| Failure::invalid_config("out-of-bounds", "q must be a number from 0 to 1").with_parameter("/q"))
}

/// The type of a list of such values.
pub(super) fn list_type(value: &DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(value.clone(), true)))
}

/// The order that brings values together by group, keeping it within each, and where each group ends.
fn by_group(groups: &[u32], count: usize, meter: &mut dyn Meter) -> Result<(Vec<u32>, Vec<i32>), Failure> {
    if groups.len() > i32::MAX as usize {
        return Err(Failure::limit("too-large", "more than 2 147 483 647 values cannot be kept"));
    }
    meter.allocate(((groups.len() + count * 2) * 4) as u64)?;
    meter.work(groups.len() as u64)?;
    let mut offsets = vec![0_i32; count + 1];
    for group in groups {
        offsets[*group as usize + 1] += 1;
    }
    let mut total = 0;
    for offset in &mut offsets {
        total += *offset;
        *offset = total;
    }
    let mut places = offsets.clone();
    let mut order = vec![0_u32; groups.len()];
    for (row, group) in groups.iter().enumerate() {
        let place = &mut places[*group as usize];
        order[*place as usize] = row as u32;
        *place += 1;
    }
    Ok((order, offsets))
}

/// Lists of values by group; null for a group without any.
pub(super) fn gathered(
    values: &ArrayRef,
    groups: &[u32],
    count: usize,
    meter: &mut dyn Meter,
) -> Result<ArrayRef, Failure> {
    let (order, offsets) = by_group(groups, count, meter)?;
    meter.allocate(slice_bytes(values.as_ref()))?;
    let values = arrow::compute::take(values.as_ref(), &UInt32Array::from(order), None).map_err(internal)?;
    let nulls: NullBuffer = offsets.windows(2).map(|pair| pair[0] != pair[1]).collect();
    let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls).map_err(internal)?))
}

/// The items of lists, each with the group of its list.
pub(super) fn spread(lists: &ArrayRef, groups: &[u32], meter: &mut dyn Meter) -> Result<(ArrayRef, Vec<u32>), Failure> {
    let lists = lists.as_list::<i32>();
    meter.allocate(lists.values().len() as u64 * 4)?;
    let mut items = Vec::with_capacity(lists.len());
    let mut of_items = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        if lists.is_valid(row) {
            let list = lists.value(row);
            of_items.extend(std::iter::repeat_n(*group, list.len()));
            items.push(list);
        }
    }
    let items: Vec<&dyn Array> = items.iter().map(AsRef::as_ref).collect();
    let values =
        if items.is_empty() { new_empty_array(&lists.value_type()) } else { concat(&items).map_err(internal)? };
    Ok((values, of_items))
}

impl Lists {
    fn add(&mut self, values: &ArrayRef, groups: &[u32], meter: &mut dyn Meter) -> Result<(), Failure> {
        let bytes = slice_bytes(values.as_ref());
        meter.allocate(bytes + groups.len() as u64 * 4)?;
        self.bytes += bytes;
        // A copy of its own, so that no more than the values is held.
        let valid = is_not_null(values.as_ref()).map_err(internal)?;
        if *values.data_type() == DataType::Null {
            return Ok(());
        }
        self.groups.extend(groups.iter().zip(valid.values()).filter(|(_, valid)| *valid).map(|(group, _)| *group));
        let kept = filter(values.as_ref(), &valid).map_err(internal)?;
        self.parts.push(if valid.true_count() == valid.len() {
            concat(&[kept.as_ref(), &new_empty_array(kept.data_type())]).map_err(internal)?
        } else {
            kept
        });
        Ok(())
    }

    fn values(&self) -> Result<ArrayRef, Failure> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() { Ok(new_empty_array(&self.value)) } else { concat(&parts).map_err(internal) }
    }

    fn list(&self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        if self.bytes > i32::MAX as u64 {
            return Err(Failure::limit("too-large", "the values of the groups are more than 2 GiB"));
        }
        meter.allocate(self.bytes)?;
        gathered(&self.values()?, &self.groups, self.count, meter)
    }
}

impl State for Lists {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        self.count = self.count.max(count);
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        self.add(values, groups, meter)
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![list_type(&self.value)]
    }

    fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        Ok(vec![self.list(meter)?])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        self.count = self.count.max(count);
        let Some(state) = states.first() else { return Err(mismatch("a state of one column is expected")) };
        let (values, groups) = spread(state, groups, meter)?;
        self.add(&values, &groups, meter)
    }

    fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let lists = self.list(meter)?;
        self.parts.clear();
        self.groups.clear();
        (self.count, self.bytes) = (0, 0);
        match &self.finish {
            Finish::List => Ok(lists),
            Finish::Text(separator) => joined(lists.as_list::<i32>(), separator, meter),
            Finish::Quantile(q) => quantiles(lists.as_list::<i32>(), *q, meter),
        }
    }

    fn size(&self) -> u64 {
        self.bytes + (self.groups.capacity() * 4) as u64
    }
}

fn joined(lists: &ListArray, separator: &str, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    let texts = lists.values().as_string::<i32>();
    let mut out = Writer::new(lists.len(), texts.value_data().len(), meter)?;
    for pair in lists.value_offsets().windows(2) {
        for item in pair[0]..pair[1] {
            if item % 4_096 == 0 {
                meter.work(1_024)?;
            }
            if item > pair[0] {
                out.push(separator, meter)?;
            }
            out.push(texts.value(item as usize), meter)?;
        }
        out.end_row();
    }
    out.finish(lists.nulls().cloned())
}

/// Interpolated between the two values next to the place of the fraction.
fn quantiles(lists: &ListArray, q: f64, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    let values = one_nan(lists.values());
    let mut values = values.as_primitive::<Float64Type>().values().to_vec();
    let mut results = Vec::with_capacity(lists.len());
    for pair in lists.value_offsets().windows(2) {
        let group = &mut values[pair[0] as usize..pair[1] as usize];
        meter.work(group.len() as u64)?;
        if group.is_empty() {
            results.push(None);
            continue;
        }
        let place = q * (group.len() - 1) as f64;
        let (below, rest) = (place.floor() as usize, place.fract());
        select(group, below, meter)?;
        let low = group.get(below).copied().unwrap_or_default();
        let above = group.get(below + 1..).unwrap_or_default();
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        results.push(Some(if rest == 0.0 { low } else { low + (high - low) * rest }));
    }
    Ok(Arc::new(Float64Array::from(results)))
}

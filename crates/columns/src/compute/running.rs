//! Functions of whole columns, in which a row's value depends on other rows: running aggregates, neighbours, ranks. A last
//! argument, of any type that can be a key, parts the rows into groups, each computed by itself in the order of its rows.

mod unnest;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, Float64Array, Int64Array, PrimitiveArray,
    UInt32Array, UInt64Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};

use super::group::{Grouper, canonical, one_nan};
use super::numbers::numeric;
use super::options::Options;
use super::promote::{comparable_rows, internal, mismatch, relabel};
use super::scalar::shown;
use super::sort::{SortKey, sort_indices, taken_bytes};
use super::table::{Check, Function, Kernel, Plan};
use super::values::{Call, Values};
use crate::{Failure, type_name};
use unnest::{flatten, flatten_types, parent_types, parents};

pub(super) const FUNCTIONS: &[Function] = &[
    entry("cumulative_sum", "cumulative_sum(number, [group]) -> number", number_types, cumulative_sum).options(&["start", "skip_nulls"])
        .doc("the sum of the rows so far, from `start` (0); integers wrap around; behind a null all is null, unless `skip_nulls` = true"),
    entry("cumulative_sum_checked", "cumulative_sum_checked(number, [group]) -> number", number_types, cumulative_sum_checked).options(&["start", "skip_nulls"])
        .doc("cumulative_sum; integer overflow is an error of its row and of those behind it"),
    entry("cumulative_prod", "cumulative_prod(number, [group]) -> number", number_types, cumulative_prod).options(&["start", "skip_nulls"])
        .doc("the product of the rows so far, from `start` (1); integers wrap around; nulls as in cumulative_sum"),
    entry("cumulative_prod_checked", "cumulative_prod_checked(number, [group]) -> number", number_types, cumulative_prod_checked).options(&["start", "skip_nulls"])
        .doc("cumulative_prod; integer overflow is an error of its row and of those behind it"),
    entry("cumulative_min", "cumulative_min(number or time, [group]) -> same", ordered_types, cumulative_min).options(&["skip_nulls"])
        .differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the smallest of the rows so far; nulls as in cumulative_sum"),
    entry("cumulative_max", "cumulative_max(number or time, [group]) -> same", ordered_types, cumulative_max).options(&["skip_nulls"])
        .differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the largest of the rows so far; nulls as in cumulative_sum"),
    entry("cumulative_mean", "cumulative_mean(number, [group]) -> float64", float_types, cumulative_mean).options(&["skip_nulls"])
        .doc("the mean of the rows so far; nulls as in cumulative_sum"),
    entry("pairwise_diff", "pairwise_diff(number or time, [group]) -> number or duration", diff_types, pairwise_diff).options(&["period"])
        .doc("the row less the one `period` (1) rows before; integers wrap around"),
    entry("pairwise_diff_checked", "pairwise_diff_checked(number or time, [group]) -> number or duration", diff_types, pairwise_diff_checked).options(&["period"])
        .doc("pairwise_diff; integer overflow is a row error"),
    entry("lag", "lag(any, [group]) -> same", any_types, lag).options(&["offset"])
        .doc("the value `offset` (1) rows before; null where there is none"),
    entry("lead", "lead(any, [group]) -> same", any_types, lead).options(&["offset"])
        .doc("the value `offset` (1) rows behind; null where there is none"),
    entry("fill_null_forward", "fill_null_forward(any, [group]) -> same", any_types, fill_forward)
        .doc("the last value so far that is not null"),
    entry("fill_null_backward", "fill_null_backward(any, [group]) -> same", any_types, fill_backward)
        .doc("the next value from here on that is not null"),
    entry("row_number", "row_number(any, [group]) -> int64", counting_types, row_number)
        .doc("the number of the row, from 1; the first argument's values do not matter"),
    entry("rank", "rank(any, [group]) -> uint64", rank_types, rank).options(&["sort_keys", "null_placement", "tiebreaker"]).weight(24)
        .doc("the place in order, from 1: `sort_keys` = ascending or descending, `null_placement` = at_end or at_start, equal values by `tiebreaker` = first, min, max or dense"),
    Function::whole("list_flatten", "list_flatten(list) -> item", flatten_types, flatten).free().weight(2)
        .doc("the items of all lists, one behind the other; a null list has none"),
    Function::whole("list_parent_indices", "list_parent_indices(list) -> int64", parent_types, parents).free().weight(2)
        .differs("Arrow counts what lies hidden under null lists too")
        .doc("for each item of list_flatten the row, from 0, of its list"),
];

const fn entry(name: &'static str, signature: &'static str, check: Check, kernel: Kernel) -> Function {
    Function::whole(name, signature, check, kernel).arity(1, 2).weight(8)
}

/// The first argument in a type, and the group as it is.
fn with_group(types: &[DataType], to: DataType, output: DataType) -> Result<Plan, Failure> {
    let mut inputs = vec![to];
    if let Some(group) = types.get(1) {
        Grouper::new(std::slice::from_ref(group))?;
        inputs.push(group.clone());
    }
    Ok(Plan { inputs, output })
}

fn first(types: &[DataType]) -> Result<&DataType, Failure> {
    types.first().ok_or_else(|| mismatch("an argument is expected"))
}

fn number_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.boolean("skip_nulls")?;
    let from_start = start(options)?.is_some();
    let to = match first(types)? {
        DataType::Null => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal128(..) if name.contains("prod") || from_start => {
            return Err(mismatch("products, and sums with a `start`, are of integers and floats"));
        }
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        to if to.is_integer() || to.is_floating() => to.clone(),
        _ => return Err(mismatch("an integer, a float or a decimal of at most 38 digits is expected")),
    };
    with_group(types, to.clone(), to)
}

fn ordered_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.boolean("skip_nulls")?;
    let to = match first(types)? {
        DataType::Null => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        to if to.is_integer() || to.is_floating() || to.is_temporal() || matches!(to, DataType::Decimal128(..)) => {
            if matches!(to, DataType::Interval(_)) {
                return Err(mismatch("intervals have no order"));
            }
            to.clone()
        }
        _ => return Err(mismatch("a number, date or time is expected")),
    };
    with_group(types, to.clone(), to)
}

fn float_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.boolean("skip_nulls")?;
    match first(types)? {
        to if to.is_numeric() || *to == DataType::Null => with_group(types, DataType::Float64, DataType::Float64),
        _ => Err(mismatch("a number is expected")),
    }
}

fn any_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    offset(options, "offset")?;
    let to = first(types)?.clone();
    with_group(types, to.clone(), to)
}

fn counting_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    with_group(types, first(types)?.clone(), DataType::Int64)
}

fn rank_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    ranking(options)?;
    let to = first(types)?.clone();
    if to.is_nested() {
        return Err(mismatch("nested types have no order"));
    }
    with_group(types, to, DataType::UInt64)
}

fn diff_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    offset(options, "period")?;
    let to = first(types)?.clone();
    let subtract = if name.ends_with("_checked") { "subtract_checked" } else { "subtract" };
    let output = super::call::result_type(subtract, &[to.clone(), to.clone()], "")?;
    with_group(types, to, output)
}

fn start(options: &Options) -> Result<Option<f64>, Failure> {
    match options.value("start") {
        None => Ok(None),
        Some(value) => {
            value.as_f64().map(Some).ok_or_else(|| mismatch("start must be a number").with_parameter("/start"))
        }
    }
}

fn offset(options: &Options, name: &str) -> Result<i64, Failure> {
    let given = options.value(name).is_some().then(|| options.integer(name)).transpose()?.flatten();
    Ok(given.unwrap_or(1))
}

/// The groups of the rows, numbered without gaps; and how many there are.
fn groups(call: &mut Call) -> Result<(Vec<u32>, usize), Failure> {
    match call.inputs.get(1) {
        None => {
            call.meter.allocate(call.rows as u64 * 4)?;
            Ok((vec![0; call.rows], 1))
        }
        Some(input) => {
            let column = full(input, call)?;
            let mut grouper = Grouper::new(std::slice::from_ref(column.data_type()))?;
            let groups = grouper.run(&[column], true, call.meter)?;
            Ok((groups, grouper.count() as usize))
        }
    }
}

/// A value for each row.
fn full(input: &super::values::Input, call: &mut Call) -> Result<ArrayRef, Failure> {
    if !input.scalar {
        return Ok(Arc::clone(&input.array));
    }
    super::call::repeated(&input.array, call.rows, call.meter)
}

fn subject(call: &mut Call) -> Result<ArrayRef, Failure> {
    match call.inputs.first() {
        Some(input) => full(input, call),
        None => Err(mismatch("an argument is expected")),
    }
}

/// Runs through numbers: `step` gives the next value of a group from the one so far, and whether it overflowed.
fn accumulated<T: ArrowPrimitiveType>(
    call: &mut Call,
    begin: Option<T::Native>,
    step: impl Fn(T::Native, T::Native) -> (T::Native, bool),
) -> Result<Values, Failure> {
    let skip = call.options.boolean("skip_nulls")?;
    let array = subject(call)?;
    let (groups, count) = groups(call)?;
    let numbers: &PrimitiveArray<T> = array.as_primitive::<T>();
    call.meter.allocate((count * size_of::<Option<T::Native>>()) as u64)?;
    let mut so_far: Vec<Option<T::Native>> = vec![begin; count];
    let mut ended = vec![0_u8; count];
    let (mut values, mut valid, mut failed) =
        (Vec::with_capacity(call.rows), Vec::with_capacity(call.rows), vec![false; call.rows]);
    for (row, (group, failed)) in groups.iter().zip(&mut failed).enumerate() {
        call.tick(16)?;
        let group = *group as usize;
        let (Some(kept), Some(ended)) = (so_far.get_mut(group), ended.get_mut(group)) else { continue };
        if numbers.is_null(row) && !skip {
            *ended = (*ended).max(1);
        }
        let live = numbers.is_valid(row) && *ended == 0;
        if live {
            let value = numbers.value(row);
            let (next, overflowed) = kept.map_or((value, false), |kept| step(kept, value));
            *kept = Some(next);
            if overflowed {
                *ended = 2;
            }
        }
        *failed = numbers.is_valid(row) && *ended == 2;
        valid.push(live && !*failed);
        values.push(kept.unwrap_or_default());
    }
    let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
    let result: ArrayRef = Arc::new(PrimitiveArray::<T>::new(values.into(), nulls));
    let result = if result.data_type() == call.output { result } else { relabel(&result, call.output)? };
    let name = type_name(call.output);
    Ok(Values::with_errors(result, failed.into(), move |row| {
        let value = shown(array.as_ref(), row);
        Failure::invalid_input(
            "integer-overflow",
            format!("with {value} the running value is out of the range of {name}"),
        )
    }))
}

/// What running sums and products need of a number.
trait Running: ArrowNativeTypeOp {
    fn from_start(start: f64) -> Option<Self>;
}

macro_rules! running {
    ($($t:ty),*; $($f:ty),*) => {
        $(impl Running for $t {
            fn from_start(start: f64) -> Option<Self> {
                (start.fract() == 0.0 && start >= <$t>::MIN as f64 && start <= <$t>::MAX as f64).then_some(start as $t)
            }
        })*
        $(impl Running for $f { fn from_start(start: f64) -> Option<Self> { Some(start as $f) } })*
    };
}
running!(i8, i16, i32, i64, u8, u16, u32, u64; f32, f64);

fn begin<N: Running>(call: &Call, usual: N) -> Result<N, Failure> {
    match start(call.options)? {
        None => Ok(usual),
        Some(start) => N::from_start(start).ok_or_else(|| {
            let message = format!("start is not a value of {}", type_name(call.output));
            Failure::invalid_config("out-of-bounds", message).with_parameter("/start")
        }),
    }
}

/// Sums, or products.
fn running(call: &mut Call, product: bool, checked: bool) -> Result<Values, Failure> {
    let output = call.output.clone();
    numeric!(&output, T => {
        let usual = if product { <T as ArrowPrimitiveType>::Native::ONE } else { <T as ArrowPrimitiveType>::Native::ZERO };
        let begin = begin(call, usual)?;
        accumulated::<T>(call, Some(begin), |kept, value| {
            let (wrapped, exact) = if product {
                (kept.mul_wrapping(value), kept.mul_checked(value).is_ok())
            } else {
                (kept.add_wrapping(value), kept.add_checked(value).is_ok())
            };
            (wrapped, checked && !exact)
        })
    }, _ => match output {
        DataType::Decimal128(..) => {
            let most = 10_i128.pow(38);
            accumulated::<Decimal128Type>(call, Some(0), |kept, value| {
                let sum = kept.checked_add(value).filter(|sum| sum.abs() < most);
                (sum.unwrap_or_default(), sum.is_none())
            })
        }
        _ => Err(mismatch("a number is expected")),
    })
}

fn cumulative_sum(call: &mut Call) -> Result<Values, Failure> {
    running(call, false, false)
}
fn cumulative_sum_checked(call: &mut Call) -> Result<Values, Failure> {
    running(call, false, true)
}
fn cumulative_prod(call: &mut Call) -> Result<Values, Failure> {
    running(call, true, false)
}
fn cumulative_prod_checked(call: &mut Call) -> Result<Values, Failure> {
    running(call, true, true)
}

/// Minima, or maxima; NaN is larger than any number.
fn extreme(call: &mut Call, largest: bool) -> Result<Values, Failure> {
    let output = call.output.clone();
    let layout = match &output {
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64 | DataType::Time64(_) | DataType::Timestamp(..) | DataType::Duration(_) => DataType::Int64,
        other => other.clone(),
    };
    let plain = one_nan(&relabel(&subject(call)?, &layout)?);
    let mut inputs = call.inputs.to_vec();
    if let Some(first) = inputs.first_mut() {
        *first = super::values::Input { array: plain, scalar: false };
    }
    let mut inner = Call::new(call.function, &inputs, &layout, call.options, call.rows, &mut *call.meter);
    let better = |new: std::cmp::Ordering| if largest { new.is_gt() } else { new.is_lt() };
    let values = numeric!(&layout, T => accumulated::<T>(&mut inner, None, |kept, value| {
        (if better(value.compare(kept)) { value } else { kept }, false)
    }), _ => accumulated::<Decimal128Type>(&mut inner, None, |kept, value| {
        (if better(value.cmp(&kept)) { value } else { kept }, false)
    }))?;
    Ok(Values::of(relabel(&values.array, &output)?))
}

fn cumulative_min(call: &mut Call) -> Result<Values, Failure> {
    extreme(call, false)
}
fn cumulative_max(call: &mut Call) -> Result<Values, Failure> {
    extreme(call, true)
}

fn cumulative_mean(call: &mut Call) -> Result<Values, Failure> {
    let skip = call.options.boolean("skip_nulls")?;
    let array = subject(call)?;
    let numbers = array.as_primitive::<Float64Type>();
    let (groups, count) = groups(call)?;
    call.meter.allocate(count as u64 * 17)?;
    let mut cells = vec![(0.0_f64, 0_u64, false); count];
    let mut means = Vec::with_capacity(call.rows);
    for (row, group) in groups.iter().enumerate() {
        call.tick(16)?;
        let Some((sum, count, ended)) = cells.get_mut(*group as usize) else { continue };
        *ended |= numbers.is_null(row) && !skip;
        if numbers.is_null(row) || *ended {
            means.push(None);
            continue;
        }
        *sum += numbers.value(row);
        *count += 1;
        means.push(Some(*sum / *count as f64));
    }
    Ok(Values::of(Arc::new(Float64Array::from(means))))
}

/// The values of other rows: of row `i` that of `rows[i]`.
fn taken(array: &ArrayRef, rows: Vec<Option<u32>>, call: &mut Call) -> Result<ArrayRef, Failure> {
    if *array.data_type() == DataType::Null {
        return Ok(Arc::clone(array));
    }
    let rows = UInt32Array::from(rows);
    let bytes = taken_bytes(array, &rows);
    if bytes > i32::MAX as u64 && array.data_type().primitive_width().is_none() {
        return Err(Failure::limit("too-large", "the result is more than 2 GiB; use smaller batches"));
    }
    call.meter.allocate(bytes)?;
    // Piece by piece, for the deadline.
    let mut parts = Vec::new();
    for from in (0..rows.len()).step_by(1 << 16) {
        let part = rows.slice(from, (1 << 16).min(rows.len() - from));
        call.owed += taken_bytes(array, &part) / 8;
        call.settle()?;
        parts.push(take(array.as_ref(), &part, None).map_err(internal)?);
    }
    if parts.is_empty() { Ok(array.slice(0, 0)) } else { super::call::joined(&parts, call.meter) }
}

/// For each row the one so many rows before in its group; behind, if the offset is negative.
fn neighbours(call: &mut Call, offset: i64) -> Result<Vec<Option<u32>>, Failure> {
    let (groups, count) = groups(call)?;
    call.meter.allocate(call.rows as u64 * 12 + count as u64 * 8)?;
    // The rows of each group one behind the other.
    let mut begins = vec![0_usize; count + 1];
    for group in &groups {
        if let Some(begin) = begins.get_mut(*group as usize + 1) {
            *begin += 1;
        }
    }
    let mut total = 0;
    for begin in &mut begins {
        total += *begin;
        *begin = total;
    }
    let mut next = begins.clone();
    let mut ordered = vec![0_u32; call.rows];
    for (row, group) in groups.iter().enumerate() {
        call.tick(8)?;
        let Some(place) = next.get_mut(*group as usize) else { continue };
        if let Some(slot) = ordered.get_mut(*place) {
            *slot = row as u32;
        }
        *place += 1;
    }
    let mut found = vec![None; call.rows];
    for pair in begins.windows(2) {
        let [begin, end] = pair else { continue };
        let rows = ordered.get(*begin..*end).unwrap_or_default();
        for (place, row) in rows.iter().enumerate() {
            call.tick(8)?;
            let other = usize::try_from((place as i64).saturating_sub(offset)).ok();
            if let Some(slot) = found.get_mut(*row as usize) {
                *slot = other.and_then(|other| rows.get(other)).copied();
            }
        }
    }
    Ok(found)
}

fn shifted(call: &mut Call, offset: i64) -> Result<Values, Failure> {
    let rows = neighbours(call, offset)?;
    let array = subject(call)?;
    Ok(Values::of(taken(&array, rows, call)?))
}

fn lag(call: &mut Call) -> Result<Values, Failure> {
    let by = offset(call.options, "offset")?;
    shifted(call, by)
}
fn lead(call: &mut Call) -> Result<Values, Failure> {
    let by = offset(call.options, "offset")?;
    shifted(call, by.saturating_neg())
}

fn difference(call: &mut Call, checked: bool) -> Result<Values, Failure> {
    let by = offset(call.options, "period")?;
    let rows = neighbours(call, by)?;
    let array = subject(call)?;
    let before = taken(&array, rows, call)?;
    let arguments = [super::Argument::Column(array), super::Argument::Column(before)];
    let subtract = if checked { "subtract_checked" } else { "subtract" };
    let outcome = super::call::call(subtract, &arguments, "", call.rows, None, call.meter)?;
    let failed = outcome.failed.map_or_else(|| BooleanBuffer::new_unset(call.rows), |failed| failed.values().clone());
    let why =
        outcome.first.unwrap_or_else(|| Failure::invalid_input("integer-overflow", "the difference is out of range"));
    Ok(Values::with_errors(outcome.values, failed, move |_| why.clone()))
}

fn pairwise_diff(call: &mut Call) -> Result<Values, Failure> {
    difference(call, false)
}
fn pairwise_diff_checked(call: &mut Call) -> Result<Values, Failure> {
    difference(call, true)
}

fn filled(call: &mut Call, backwards: bool) -> Result<Values, Failure> {
    let array = subject(call)?;
    let Some(nulls) = array.logical_nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Values::of(array));
    };
    let (groups, count) = groups(call)?;
    call.meter.allocate(call.rows as u64 * 8 + count as u64 * 8)?;
    let mut last = vec![None; count];
    let mut rows = vec![None; call.rows];
    for step in 0..call.rows {
        call.tick(8)?;
        let row = if backwards { call.rows - 1 - step } else { step };
        let group = groups.get(row).copied().unwrap_or_default() as usize;
        let (Some(last), Some(slot)) = (last.get_mut(group), rows.get_mut(row)) else { continue };
        if nulls.is_valid(row) {
            *last = Some(row as u32);
        }
        *slot = *last;
    }
    Ok(Values::of(taken(&array, rows, call)?))
}

fn fill_forward(call: &mut Call) -> Result<Values, Failure> {
    filled(call, false)
}
fn fill_backward(call: &mut Call) -> Result<Values, Failure> {
    filled(call, true)
}

fn row_number(call: &mut Call) -> Result<Values, Failure> {
    let (groups, count) = groups(call)?;
    call.meter.allocate(count as u64 * 8)?;
    let (mut counts, mut numbers) = (vec![0_i64; count], Vec::with_capacity(call.rows));
    for group in &groups {
        call.tick(8)?;
        let Some(count) = counts.get_mut(*group as usize) else { continue };
        *count += 1;
        numbers.push(*count);
    }
    Ok(Values::of(Arc::new(Int64Array::from(numbers))))
}

/// Descending, nulls first, and the tiebreaker.
fn ranking(options: &Options) -> Result<(bool, bool, &'static str), Failure> {
    let descending = options.word("sort_keys", &["ascending", "descending"])? == "descending";
    let nulls_first = options.word("null_placement", &["at_end", "at_start"])? == "at_start";
    Ok((descending, nulls_first, options.word("tiebreaker", &["first", "min", "max", "dense"])?))
}

fn rank(call: &mut Call) -> Result<Values, Failure> {
    let (descending, nulls_first, tiebreaker) = ranking(call.options)?;
    let array = subject(call)?;
    let (groups, _) = groups(call)?;
    let groups: ArrayRef = Arc::new(UInt32Array::from(groups));
    let keys = [
        SortKey { column: Arc::clone(&groups), descending: false, nulls_first: false },
        SortKey { column: Arc::clone(&array), descending, nulls_first },
    ];
    let order = sort_indices(&keys, None, call.meter)?;
    let fields = keys.iter().map(|key| arrow_row::SortField::new(key.column.data_type().clone()));
    let converter = arrow_row::RowConverter::new(fields.collect()).map_err(internal)?;
    let rows = comparable_rows(&converter, &[groups, canonical(&array)], call.meter)?;
    call.meter.allocate(call.rows as u64 * 8)?;
    let group_of = keys.first().map(|key| Arc::clone(&key.column)).unwrap_or(array);
    let group_of = group_of.as_primitive::<arrow::datatypes::UInt32Type>();
    let mut ranks = vec![0_u64; call.rows];
    let order = order.values();
    // Runs of equal rows; a group's places begin with it.
    let (mut begin, mut first_of_group, mut dense) = (0, 0, 0_u64);
    while begin < order.len() {
        let Some(head) = order.get(begin).copied() else { break };
        let group = group_of.value(head as usize);
        let before = begin.checked_sub(1).and_then(|before| order.get(before)).map(|row| group_of.value(*row as usize));
        if before != Some(group) {
            (first_of_group, dense) = (begin, 0);
        }
        let same = |row: u32| rows.row(row as usize) == rows.row(head as usize);
        let mut end = begin + 1;
        while order.get(end).is_some_and(|row| same(*row)) {
            call.tick(16)?;
            end += 1;
        }
        dense += 1;
        for place in begin..end {
            call.tick(8)?;
            let rank = match tiebreaker {
                "first" => (place - first_of_group) as u64 + 1,
                "min" => (begin - first_of_group) as u64 + 1,
                "max" => (end - first_of_group) as u64,
                _ => dense,
            };
            let row = order.get(place).copied().unwrap_or_default();
            if let Some(slot) = ranks.get_mut(row as usize) {
                *slot = rank;
            }
        }
        begin = end;
    }
    Ok(Values::of(Arc::new(UInt64Array::from(ranks))))
}

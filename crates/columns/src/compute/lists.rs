//! Lists, structs and maps: their items and fields, and how they are made.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, Int64Array, ListArray, StructArray, UInt32Array,
    make_comparator, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};

use super::compare::comparable;
use super::options::Options;
use super::promote::{bounded_values, internal, mismatch, normal, slice_bytes};
use super::sort::taken_bytes;
use super::table::{Function, Literals, Plan};
use super::text::{Texts, Writer};
use super::values::{Call, Input, Values};
use crate::{Failure, type_name};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("list_element", "list_element(list, [integer]) -> item", element_types, element)
        .arity(1, 2)
        .options(&["index"])
        .pieces()
        .weight(2)
        .doc("the item of that number, from 0 or, if negative, from the end; a number without an item is a row error"),
    Function::new("list_slice", "list_slice(list, [start, [stop]]) -> list", slice_types, slice)
        .arity(1, 3)
        .options(&["start", "stop", "step"])
        .pieces()
        .weight(2)
        .doc("the items from `start`, counted from 0, up to but without `stop` (to the end), each `step`-th (1)"),
    Function::new("list_contains", "list_contains(list, item) -> bool", contains_types, contains)
        .arity(2, 2)
        .weight(4)
        .doc("whether the item is in the list; null items equal nothing, and an item of null gives null"),
    Function::new("list_index", "list_index(list, item) -> int64", index_types, index)
        .arity(2, 2)
        .weight(4)
        .doc("the number, from 0, of the first item that equals the second; -1 if there is none"),
    Function::new("make_list", "make_list(any, …) -> list", make_list_types, make_list)
        .arity(1, usize::MAX)
        .literals(Literals::Text)
        .pieces()
        .weight(2)
        .doc("the arguments as a list; never null"),
    Function::new("binary_join", "binary_join(list of text, separator) -> text", join_types, join)
        .arity(2, 2)
        .pieces()
        .weight(4)
        .doc("the items with the separator between them; null if one of them is"),
    Function::new("struct_field", "struct_field(struct) -> field", field_types, field)
        .options(&["name", "index"])
        .pieces()
        .doc("the field of that `name`, or of the number `index` from 0; null where the struct is"),
    Function::new("make_struct", "make_struct(any, …) -> struct", make_struct_types, make_struct)
        .arity(1, usize::MAX)
        .options(&["field_names"])
        .pieces()
        .doc("the arguments as a struct with `field_names` (\"0\", \"1\", …); never null"),
    Function::new("map_lookup", "map_lookup(map, key) -> item", lookup_types, lookup)
        .arity(2, 2)
        .pieces()
        .weight(4)
        .doc("the item of the first entry with that key; null if there is none"),
];

fn not_a_list() -> Failure {
    mismatch("a list is expected")
}

/// The type of the items.
pub(super) fn item_type(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Some(item.data_type()),
        _ => None,
    }
}

/// The type of lists of such items, with which the kernels work.
fn list_of(item: &DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item.clone(), true)))
}

/// The plain list that a list argument becomes.
fn list(data_type: &DataType) -> Result<DataType, Failure> {
    match data_type {
        DataType::Null => Ok(list_of(&DataType::Null)),
        to @ DataType::List(_) => Ok(to.clone()),
        other => item_type(other).map(list_of).ok_or_else(not_a_list),
    }
}

fn is_integer(data_type: &DataType) -> bool {
    data_type.is_integer() || *data_type == DataType::Null
}

fn items_of(list: &DataType) -> Result<DataType, Failure> {
    item_type(list).cloned().ok_or_else(not_a_list)
}

fn element_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let given = options.integer("index")?.is_some();
    match types {
        [from, rest @ ..] if given == rest.is_empty() && rest.iter().all(is_integer) => {
            let list = list(from)?;
            let output = items_of(&list)?;
            let mut inputs = vec![list];
            inputs.extend(rest.iter().map(|_| DataType::Int64));
            Ok(Plan { inputs, output })
        }
        _ => Err(mismatch("a list and the number of an item are expected, as arguments or as the option `index`")),
    }
}

/// A column of lists, whatever the argument was.
struct Lists<'a> {
    array: &'a ListArray,
    input: &'a Input,
    nulls: Option<NullBuffer>,
}

impl<'a> Lists<'a> {
    fn of(input: &'a Input) -> Self {
        let array = input.array.as_list::<i32>();
        Self { array, input, nulls: array.nulls().cloned() }
    }

    /// The places of a row's items among all items; `None` where the list is null.
    fn range(&self, row: usize) -> Option<(usize, usize)> {
        let row = self.input.at(row);
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let offsets = self.array.value_offsets();
        Some((*offsets.get(row)? as usize, *offsets.get(row + 1)? as usize))
    }
}

/// An integer argument of a row; `None` if it is null.
fn number(input: &Input, row: usize) -> Option<i64> {
    let numbers = input.array.as_primitive::<Int64Type>();
    let row = input.at(row);
    numbers.is_valid(row).then(|| numbers.value(row))
}

/// The items of these numbers, null for a null number, after asking for what they take.
fn taken(items: &ArrayRef, places: Vec<Option<u32>>, call: &mut Call) -> Result<ArrayRef, Failure> {
    let places = UInt32Array::from(places);
    if items.is_empty() || *items.data_type() == DataType::Null {
        call.meter.allocate(crate::batch::null_row_bytes(items.data_type()).saturating_mul(places.len() as u64))?;
        return Ok(new_null_array(items.data_type(), places.len()));
    }
    let bytes = taken_bytes(items, &places);
    if bytes > i32::MAX as u64 {
        return Err(Failure::limit("too-large", "the result is more than 2 GiB; use smaller batches"));
    }
    call.meter.allocate(bytes)?;
    call.charge(bytes / 8)?;
    take(items.as_ref(), &places, None).map_err(internal)
}

fn element(call: &mut Call) -> Result<Values, Failure> {
    let Some((input, rest)) = call.inputs.split_first() else { return Err(not_a_list()) };
    let (lists, option) = (Lists::of(input), call.options.integer("index")?);
    call.meter.allocate(call.rows as u64 * 8)?;
    let (mut places, mut failed) = (Vec::with_capacity(call.rows), vec![false; call.rows]);
    for (row, failed) in failed.iter_mut().enumerate() {
        call.tick(8)?;
        let index = match rest.first() {
            Some(input) => number(input, row),
            None => option,
        };
        let (Some((begin, end)), Some(index)) = (lists.range(row), index) else {
            places.push(None);
            continue;
        };
        let place = if index < 0 { index.saturating_add(end as i64) } else { index.saturating_add(begin as i64) };
        let found = (begin as i64..end as i64).contains(&place);
        *failed = !found;
        places.push(found.then_some(place as u32));
    }
    let array = taken(lists.array.values(), places, call)?;
    let lengths: Vec<i64> =
        (0..call.rows).map(|row| lists.range(row).map_or(0, |(begin, end)| (end - begin) as i64)).collect();
    Ok(Values::with_errors(array, failed.into(), move |row| {
        let length = lengths.get(row).copied().unwrap_or_default();
        Failure::invalid_input("out-of-bounds", format!("the list has {length} items, and none of that number"))
    }))
}

fn slice_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    for name in ["start", "stop"] {
        let given = options.integer(name)?;
        if given.is_some_and(|given| given < 0) {
            let failure = Failure::invalid_config("out-of-bounds", format!("{name} must not be negative"));
            return Err(failure.with_parameter(format!("/{name}")));
        }
    }
    if options.integer("step")?.is_some_and(|step| step < 1) {
        return Err(Failure::invalid_config("out-of-bounds", "step must be at least 1").with_parameter("/step"));
    }
    match types {
        [from, rest @ ..] if rest.iter().all(is_integer) => {
            let list = list(from)?;
            let mut inputs = vec![list.clone()];
            inputs.extend(rest.iter().map(|_| DataType::Int64));
            Ok(Plan { inputs, output: list })
        }
        _ => Err(mismatch("a list and the numbers of items are expected")),
    }
}

fn slice(call: &mut Call) -> Result<Values, Failure> {
    let Some((input, rest)) = call.inputs.split_first() else { return Err(not_a_list()) };
    let lists = Lists::of(input);
    let options = [call.options.integer("start")?.or(Some(0)), call.options.integer("stop")?.or(Some(i64::MAX))];
    let step = call.options.integer("step")?.unwrap_or(1).max(1) as usize;
    let mut made = Made::new(call)?;
    for row in 0..call.rows {
        let bound = |index: usize| match rest.get(index) {
            Some(input) => number(input, row),
            None => options.get(index).copied().flatten(),
        };
        let (Some((begin, end)), Some(start), Some(stop)) = (lists.range(row), bound(0), bound(1)) else {
            made.end(false, call)?;
            continue;
        };
        let place = |count: i64| begin.saturating_add(count.max(0) as usize).min(end);
        let (start, stop) = (place(start), place(stop));
        for place in (start..stop).step_by(step) {
            call.tick(8)?;
            made.push(place, call)?;
        }
        made.end(true, call)?;
    }
    made.finish(lists.array.values(), call)
}

/// Lists under construction: which items go where.
struct Made {
    places: Vec<Option<u32>>,
    offsets: Vec<i32>,
    valid: BooleanBufferBuilder,
}

impl Made {
    fn new(call: &mut Call) -> Result<Self, Failure> {
        call.meter.allocate(call.rows as u64 * 5)?;
        let mut offsets = Vec::with_capacity(call.rows + 1);
        offsets.push(0);
        Ok(Self { places: Vec::new(), offsets, valid: BooleanBufferBuilder::new(call.rows) })
    }

    fn push(&mut self, place: usize, call: &mut Call) -> Result<(), Failure> {
        if self.places.len() == self.places.capacity() {
            call.meter.allocate(self.places.capacity().max(1024) as u64 * 16)?;
            self.places.reserve(self.places.capacity().max(1024));
        }
        self.places.push(Some(place as u32));
        Ok(())
    }

    fn end(&mut self, valid: bool, call: &mut Call) -> Result<(), Failure> {
        call.tick(8)?;
        let length = i32::try_from(self.places.len());
        self.offsets.push(length.map_err(|_| Failure::limit("too-large", "the lists have too many items"))?);
        self.valid.append(valid);
        Ok(())
    }

    fn finish(mut self, items: &ArrayRef, call: &mut Call) -> Result<Values, Failure> {
        let items = taken(items, self.places, call)?;
        let DataType::List(field) = call.output else { return Err(not_a_list()) };
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let nulls = Some(NullBuffer::new(self.valid.finish())).filter(|nulls| nulls.null_count() > 0);
        let array = ListArray::try_new(Arc::clone(field), offsets, items, nulls).map_err(internal)?;
        Ok(Values::of(Arc::new(array)))
    }
}

/// The list and the item in a type in which they compare.
fn sought(types: &[DataType], output: DataType) -> Result<Plan, Failure> {
    let [from, item] = types else { return Err(mismatch("a list and an item are expected")) };
    let to = comparable(&[normal(&items_of(&list(from)?)?), item.clone()])?;
    Ok(Plan { inputs: vec![list_of(&to), to], output })
}

fn contains_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    sought(types, DataType::Boolean)
}

fn index_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    sought(types, DataType::Int64)
}

/// Where each row's item is in its list, from 0; -1 where it is not. And the rows in which list or item is null.
fn places_of(call: &mut Call) -> Result<(Vec<i64>, BooleanBuffer), Failure> {
    let [lists, item] = call.inputs else { return Err(mismatch("a list and an item are expected")) };
    let lists = Lists::of(lists);
    let items = super::group::canonical(lists.array.values());
    let wanted = super::group::canonical(&item.array);
    for array in [&items, &wanted] {
        bounded_values(array.as_ref(), call.meter)?;
    }
    let item_nulls = wanted.logical_nulls();
    let inner = items.logical_nulls();
    let each = (slice_bytes(items.as_ref()) as usize / items.len().max(1)).max(8);
    call.meter.allocate(call.rows as u64 * 9)?;
    let compare = make_comparator(items.as_ref(), wanted.as_ref(), Default::default())
        .map_err(|_| mismatch("these types cannot be compared"))?;
    let (mut places, mut nulls) = (Vec::with_capacity(call.rows), BooleanBufferBuilder::new(call.rows));
    for row in 0..call.rows {
        let at = item.at(row);
        let range = lists.range(row).filter(|_| item_nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at)));
        nulls.append(range.is_none());
        let mut found = -1;
        let (begin, end) = range.unwrap_or_default();
        call.tick(8)?;
        for place in begin..end {
            call.tick(each)?;
            let valid = inner.as_ref().is_none_or(|nulls| nulls.is_valid(place));
            if valid && compare(place, at).is_eq() {
                found = (place - begin) as i64;
                break;
            }
        }
        places.push(found);
    }
    Ok((places, nulls.finish()))
}

fn contains(call: &mut Call) -> Result<Values, Failure> {
    let (places, nulls) = places_of(call)?;
    let found = places.iter().map(|place| *place >= 0).collect();
    Ok(Values::of(Arc::new(BooleanArray::new(found, Some(NullBuffer::new(!&nulls))))))
}

fn index(call: &mut Call) -> Result<Values, Failure> {
    let (places, nulls) = places_of(call)?;
    Ok(Values::of(Arc::new(Int64Array::new(places.into(), Some(NullBuffer::new(!&nulls))))))
}

fn make_list_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = super::conditional::together(types)?;
    Ok(Plan { inputs: vec![to.clone(); types.len()], output: list_of(&to) })
}

/// Bytes that scalars and columns take when each is a column.
fn expanded(call: &Call) -> u64 {
    let bytes = |input: &Input| {
        let bytes = slice_bytes(input.array.as_ref()).saturating_add(1);
        if input.scalar { bytes.saturating_mul(call.rows as u64) } else { bytes }
    };
    call.inputs.iter().map(bytes).fold(0, u64::saturating_add)
}

fn make_list(call: &mut Call) -> Result<Values, Failure> {
    let bytes = expanded(call);
    let count = call.rows.saturating_mul(call.inputs.len());
    if bytes > i32::MAX as u64 || count > i32::MAX as usize {
        return Err(Failure::limit("too-large", "the result is more than 2 GiB; use smaller batches"));
    }
    call.meter.allocate(bytes + count as u64 * 16)?;
    let arrays: Vec<&dyn Array> = call.inputs.iter().map(|input| input.array.as_ref()).collect();
    let mut places = Vec::with_capacity(count);
    for row in 0..call.rows {
        call.tick(arrays.len() * 16)?;
        places.extend(call.inputs.iter().enumerate().map(|(index, input)| (index, input.at(row))));
    }
    let DataType::List(field) = call.output else { return Err(not_a_list()) };
    let items = if *field.data_type() == DataType::Null {
        new_null_array(&DataType::Null, count)
    } else {
        arrow::compute::interleave(&arrays, &places).map_err(internal)?
    };
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(arrays.len(), call.rows));
    let array = ListArray::try_new(Arc::clone(field), offsets, items, None).map_err(internal)?;
    Ok(Values::of(Arc::new(array)))
}

fn join_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [from, DataType::Utf8 | DataType::Null] => match normal(&items_of(&list(from)?)?) {
            DataType::Utf8 | DataType::Null => {
                Ok(Plan { inputs: vec![list_of(&DataType::Utf8), DataType::Utf8], output: DataType::Utf8 })
            }
            _ => Err(mismatch("a list of text is expected")),
        },
        _ => Err(mismatch("a list of text and a separator are expected")),
    }
}

fn join(call: &mut Call) -> Result<Values, Failure> {
    let [input, separator] = call.inputs else { return Err(not_a_list()) };
    let (lists, separators) = (Lists::of(input), Texts::of(separator));
    let texts = lists.array.values().as_string::<i32>();
    let mut out = Writer::new(call.rows, texts.value_data().len().min(1 << 20), call.meter)?;
    let mut valid = BooleanBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        let range = lists.range(row).filter(|_| separator.array.is_valid(separator.at(row)));
        let whole = range.filter(|(begin, end)| (*begin..*end).all(|place| texts.is_valid(place)));
        valid.append(whole.is_some());
        let (begin, end) = whole.unwrap_or_default();
        for place in begin..end {
            let text = texts.value(place);
            call.tick(text.len())?;
            if place > begin {
                out.push(separators.get(row), call.meter)?;
            }
            out.push(text, call.meter)?;
        }
        out.end_row();
    }
    let nulls = Some(NullBuffer::new(valid.finish())).filter(|nulls| nulls.null_count() > 0);
    Ok(Values::of(out.finish(nulls)?))
}

/// Which field the options name.
fn field_of(data_type: &DataType, options: &Options) -> Result<usize, Failure> {
    let DataType::Struct(fields) = data_type else { return Err(mismatch("a struct is expected")) };
    let known = || fields.iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
    match (options.text("name")?, options.integer("index")?) {
        (Some(name), None) => fields.iter().position(|field| field.name() == name).ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            let failure =
                Failure::invalid_config("unknown-field", format!("{} has no field {shown:?}", type_name(data_type)));
            failure.with_parameter("/name").with_help(format!("its fields are {}", known()))
        }),
        (None, Some(index)) => usize::try_from(index).ok().filter(|index| *index < fields.len()).ok_or_else(|| {
            let failure = Failure::invalid_config("out-of-bounds", format!("there is no field of the number {index}"));
            failure.with_parameter("/index").with_help(format!("its fields are {}, from 0", known()))
        }),
        _ => Err(mismatch("either the option `name` or the option `index` is expected")),
    }
}

fn field_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let [from] = types else { return Err(mismatch("a struct is expected")) };
    let index = field_of(from, options)?;
    let DataType::Struct(fields) = from else { return Err(mismatch("a struct is expected")) };
    let output = fields.get(index).map_or(DataType::Null, |field| field.data_type().clone());
    Ok(Plan { inputs: vec![from.clone()], output })
}

fn field(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("a struct is expected")) };
    let index = field_of(input.array.data_type(), call.options)?;
    let structs = input.array.as_struct();
    let Some(column) = structs.columns().get(index) else { return Err(mismatch("the field is not there")) };
    let bytes = slice_bytes(column.as_ref());
    call.meter.allocate(bytes)?;
    call.charge(bytes / 8)?;
    let Some(nulls) = structs.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Values::of(Arc::clone(column)));
    };
    Ok(Values::of(super::values::null_where(column, &!nulls.inner())?))
}

fn names(count: usize, options: &Options) -> Result<Vec<String>, Failure> {
    use serde_json::Value;
    let wrong = |message: String| mismatch(message).with_parameter("/field_names");
    let Some(value) = options.value("field_names") else {
        return Ok((0..count).map(|index| index.to_string()).collect());
    };
    let Value::Array(items) = value else { return Err(wrong("field_names must be a list of texts".to_owned())) };
    if items.len() != count {
        return Err(wrong(format!("{count} field names are expected, not {}", items.len())));
    }
    let name = |item: &Value| item.as_str().map(str::to_owned);
    let names: Option<Vec<String>> = items.iter().map(name).collect();
    names.ok_or_else(|| wrong("field_names must be a list of texts".to_owned()))
}

fn make_struct_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let fields = names(types.len(), options)?.into_iter().zip(types);
    let fields: Fields = fields.map(|(name, data_type)| Field::new(name, data_type.clone(), true)).collect();
    let output = DataType::Struct(fields);
    crate::types::sound(&output).map_err(|message| Failure::invalid_config("invalid-type", message))?;
    Ok(Plan { inputs: types.to_vec(), output })
}

fn make_struct(call: &mut Call) -> Result<Values, Failure> {
    let bytes = expanded(call);
    if bytes > i32::MAX as u64 {
        return Err(Failure::limit("too-large", "the result is more than 2 GiB; use smaller batches"));
    }
    call.meter.allocate(bytes + call.rows as u64 * 4)?;
    call.charge(bytes / 8)?;
    let DataType::Struct(fields) = call.output else { return Err(mismatch("a struct is expected")) };
    let zeros = UInt32Array::from_value(0, call.rows);
    let column = |input: &Input| match (input.scalar, input.array.data_type()) {
        (false, _) => Ok(Arc::clone(&input.array)),
        (true, DataType::Null) => Ok(new_null_array(&DataType::Null, call.rows)),
        (true, _) => take(input.array.as_ref(), &zeros, None).map_err(internal),
    };
    let columns = call.inputs.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let array = StructArray::try_new(fields.clone(), columns, None).map_err(internal)?;
    Ok(Values::of(Arc::new(array)))
}

fn lookup_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let wrong = || mismatch("a map and a key are expected");
    let [map @ DataType::Map(entries, _), key] = types else { return Err(wrong()) };
    let DataType::Struct(fields) = entries.data_type() else { return Err(wrong()) };
    let [keys, items] = fields.as_ref() else { return Err(wrong()) };
    let same = comparable(&[normal(keys.data_type()), key.clone()])?;
    if same != *keys.data_type() {
        return Err(mismatch(format!("the key must be of the map's type, {}", type_name(keys.data_type()))));
    }
    Ok(Plan { inputs: vec![map.clone(), same], output: items.data_type().clone() })
}

fn lookup(call: &mut Call) -> Result<Values, Failure> {
    let [map, key] = call.inputs else { return Err(mismatch("a map and a key are expected")) };
    let maps = map.array.as_map();
    let (keys, wanted) = (super::group::canonical(maps.keys()), super::group::canonical(&key.array));
    for array in [&keys, &wanted] {
        bounded_values(array.as_ref(), call.meter)?;
    }
    let compare = make_comparator(keys.as_ref(), wanted.as_ref(), Default::default())
        .map_err(|_| mismatch("these types cannot be compared"))?;
    call.meter.allocate(call.rows as u64 * 8)?;
    let offsets = maps.value_offsets();
    let mut places = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let (at, key) = (map.at(row), key.at(row));
        let range = match (offsets.get(at), offsets.get(at + 1)) {
            (Some(begin), Some(end)) if maps.is_valid(at) && wanted.is_valid(key) => *begin as usize..*end as usize,
            _ => 0..0,
        };
        let mut found = None;
        for place in range {
            call.tick(16)?;
            if compare(place, key).is_eq() {
                found = Some(place as u32);
                break;
            }
        }
        call.tick(8)?;
        places.push(found);
    }
    Ok(Values::of(taken(maps.values(), places, call)?))
}

/// Lists of any sort as plain lists, for functions that take apart a whole column.
pub(super) fn plain_lists(array: &ArrayRef) -> Result<ArrayRef, Failure> {
    let to = list(array.data_type())?;
    if *array.data_type() == to { Ok(Arc::clone(array)) } else { cast(array, &to).map_err(internal) }
}

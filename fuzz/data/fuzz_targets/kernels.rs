//! Sequences of kernel calls with any arguments: the columns that one call gives are the arguments of later ones.
#![no_main]

#[path = "../input.rs"]
mod input;

use arbitrary::Arbitrary;
use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array};
use input::{Bounded, Value, sample, sound};
use jackfield_columns::compute::{
    Accumulator, Argument, Grouper, JoinKind, Joiner, SortKey, call, functions, reduce, result_type, sort_indices,
};
use jackfield_columns::{Batch, from_ipc, to_ipc};

#[derive(Arbitrary, Debug)]
enum Step {
    Call { function: u8, arguments: Vec<Which>, options: Options, only: Option<u8> },
    Reduce { function: u8, column: u8, options: Options },
    Sort { columns: Vec<(u8, bool, bool)>, limit: Option<u32> },
    Group { columns: Vec<u8>, function: u8, values: Vec<u8> },
    Join { build: Vec<u8>, probe: Vec<u8>, kind: u8, most: u32 },
    Slice { column: u8, offset: u16, length: u16 },
    Take { rows: u8 },
    Filter { mask: u8 },
    Ipc { cut: u16, flip: u16 },
}

#[derive(Arbitrary, Debug)]
enum Which {
    Column(u8),
    Scalar(Value),
}

#[derive(Arbitrary, Debug)]
enum Options {
    None,
    Text(String),
    To(String),
    Pattern(String, String),
    Number(i32),
}

impl Options {
    fn text(&self) -> String {
        match self {
            Options::None => String::new(),
            Options::Text(text) => text.clone(),
            Options::To(name) => format!("{{\"to_type\": {name:?}}}"),
            Options::Pattern(pattern, with) => format!("{{\"pattern\": {pattern:?}, \"replacement\": {with:?}}}"),
            Options::Number(number) => {
                format!("{{\"ndigits\": {number}, \"num_repeats\": {number}, \"width\": {number}, \"q\": {number}}}")
            }
        }
    }
}

/// The columns so far; none is longer than it may be.
struct Columns(Vec<ArrayRef>);

impl Columns {
    fn at(&self, number: u8) -> ArrayRef {
        self.0[usize::from(number) % self.0.len()].clone()
    }

    fn many(&self, numbers: &[u8]) -> Vec<ArrayRef> {
        numbers.iter().take(4).map(|number| self.at(*number)).collect()
    }

    fn keep(&mut self, array: ArrayRef) {
        array.to_data().validate_full().expect("what a kernel gives is sound");
        if self.0.len() < 64 {
            self.0.push(array);
        }
    }
}

libfuzzer_sys::fuzz_target!(|steps: Vec<Step>| {
    let mut meter = Bounded::default();
    let batch = sample();
    let all = (0..batch.schema().fields().len()).map(|index| batch.column(index, &mut meter).unwrap());
    let mut columns = Columns(all.collect());
    for step in steps.iter().take(16) {
        take(step, &batch, &mut columns, &mut meter);
    }
});

fn take(step: &Step, batch: &Batch, columns: &mut Columns, meter: &mut Bounded) {
    let table = functions();
    let name = |number: &u8| table[usize::from(*number) % table.len()].name;
    match step {
        Step::Call { function, arguments, options, only } => {
            let arguments: Vec<Argument> = arguments
                .iter()
                .take(5)
                .map(|which| match which {
                    Which::Column(number) => Argument::Column(columns.at(*number)),
                    Which::Scalar(value) => Argument::Scalar(value.scalar()),
                })
                .collect();
            let lengths = arguments.iter().filter_map(|argument| match argument {
                Argument::Column(array) => Some(array.len()),
                Argument::Scalar(_) => None,
            });
            let rows = lengths.max().unwrap_or(1);
            let only = only.map(|number| columns.at(number));
            let only = only.as_ref().and_then(|only| only.as_any().downcast_ref::<BooleanArray>());
            let types: Vec<_> = arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Column(array) => array.data_type().clone(),
                    Argument::Scalar(scalar) => scalar.data_type(),
                })
                .collect();
            let told = result_type(name(function), &types, &options.text());
            if let Some(outcome) = sound(call(name(function), &arguments, &options.text(), rows, only, meter)) {
                // The items of lists are as many as they are.
                if !matches!(name(function), "list_flatten" | "list_parent_indices") {
                    assert_eq!(outcome.values.len(), rows, "{}", name(function));
                }
                if let Some(failed) = &outcome.failed {
                    assert_eq!(failed.len(), rows);
                }
                // A scalar adapts to the columns that it meets, which its type alone does not tell.
                let columns_only = arguments.iter().all(|argument| matches!(argument, Argument::Column(_)));
                if let (Ok(told), true) = (told, columns_only) {
                    assert_eq!(&told, outcome.values.data_type(), "{}", name(function));
                }
                columns.keep(outcome.values);
            }
        }
        Step::Reduce { function, column, options } => {
            sound(reduce(name(function), &columns.at(*column), &options.text(), meter));
        }
        Step::Sort { columns: keys, limit } => {
            let keys: Vec<SortKey> = keys
                .iter()
                .take(4)
                .map(|(number, descending, nulls_first)| SortKey {
                    column: columns.at(*number),
                    descending: *descending,
                    nulls_first: *nulls_first,
                })
                .collect();
            if let Some(order) = sound(sort_indices(&keys, *limit, meter)) {
                columns.keep(std::sync::Arc::new(order));
            }
        }
        Step::Group { columns: keys, function, values } => {
            let (keys, values) = (columns.many(keys), columns.many(values));
            let types: Vec<_> = keys.iter().map(|key| key.data_type().clone()).collect();
            let Ok(mut grouper) = Grouper::new(&types) else { return };
            let Some(groups) = sound(grouper.assign(&keys, meter)) else { return };
            let types: Vec<_> = values.iter().map(|value| value.data_type().clone()).collect();
            if let Ok(mut accumulator) = Accumulator::new(name(function), &types, "")
                && sound(accumulator.update(&values, &groups, grouper.count(), meter)).is_some()
            {
                sound(accumulator.state(meter));
                // Groups that nobody numbered.
                let wild = UInt32Array::from(vec![u32::MAX; groups.len()]);
                sound(accumulator.update(&values, &wild, grouper.count(), meter));
                if let Some(result) = sound(accumulator.finish(meter)) {
                    columns.keep(result);
                }
            }
            for key in grouper.keys(meter).into_iter().flatten() {
                columns.keep(key);
            }
        }
        Step::Join { build, probe, kind, most } => {
            let (build, probe) = (columns.many(build), columns.many(probe));
            let types: Vec<_> = build.iter().map(|key| key.data_type().clone()).collect();
            let kind = [JoinKind::Inner, JoinKind::Outer, JoinKind::Semi, JoinKind::Anti][usize::from(*kind) % 4];
            let Ok(mut joiner) = Joiner::new(&types) else { return };
            if joiner.build(&build, meter).is_err() {
                return;
            }
            if let Some(mut matches) = sound(joiner.probe(&probe, kind, meter)) {
                for _ in 0..4 {
                    let Some(Some(_)) = sound(matches.next(*most, meter)) else { break };
                }
            }
            sound(joiner.unmatched(meter));
        }
        Step::Slice { column, offset, length } => {
            let array = columns.at(*column);
            let offset = usize::from(*offset) % (array.len() + 1);
            let slice = array.slice(offset, usize::from(*length).min(array.len() - offset));
            columns.keep(slice);
        }
        Step::Take { rows } => read(batch.take(&columns.at(*rows), meter), columns, meter),
        Step::Filter { mask } => {
            if let Some(mask) = columns.at(*mask).as_any().downcast_ref::<BooleanArray>() {
                read(batch.filter(mask), columns, meter);
            }
        }
        Step::Ipc { cut, flip } => {
            let Ok(mut bytes) = to_ipc(std::slice::from_ref(batch), meter) else { return };
            bytes.truncate(bytes.len().min(usize::from(*cut).max(8)));
            let at = usize::from(*flip) % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x41;
            }
            let _ = from_ipc(&bytes, meter);
        }
    }
}

fn read(batch: Result<Batch, jackfield_columns::Failure>, columns: &mut Columns, meter: &mut Bounded) {
    let Some(batch) = sound(batch) else { return };
    for index in 0..batch.schema().fields().len() {
        if let Some(column) = sound(batch.column(index, meter)) {
            columns.keep(column);
        }
    }
}

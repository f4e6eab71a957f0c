//! What the cases are made with: columns, scalars, the check of one call, and a record of what was checked.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::compute::{cast, concat};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jackfield_columns::compute::{Argument, Outcome, Scalar, call, functions, result_type};
use jackfield_columns::{Failure, Meter, Unmetered, parse_type, type_name};

pub(crate) fn ints(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

pub(crate) fn floats(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

pub(crate) fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) fn bools(values: &[Option<bool>]) -> ArrayRef {
    Arc::new(BooleanArray::from(values.to_vec()))
}

pub(crate) fn dates(days: &[i32]) -> ArrayRef {
    Arc::new(Date32Array::from(days.to_vec()))
}

pub(crate) fn times(micros: &[i64], zone: Option<&str>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(micros.to_vec()).with_timezone_opt(zone))
}

pub(crate) fn small(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

pub(crate) fn unsigned(values: &[u64]) -> ArrayRef {
    Arc::new(UInt64Array::from(values.to_vec()))
}

pub(crate) fn decimals(values: &[i128], precision: u8, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(precision, scale).unwrap())
}

pub(crate) fn groups(values: &[u32]) -> UInt32Array {
    UInt32Array::from(values.to_vec())
}

pub(crate) fn kind(text: &str) -> DataType {
    parse_type(text).unwrap_or_else(|failure| panic!("{text}: {failure}"))
}

/// The numbers in another type of the same values.
pub(crate) fn as_type(array: &ArrayRef, text: &str) -> ArrayRef {
    cast(array, &kind(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn column(array: &ArrayRef) -> Argument {
    Argument::Column(Arc::clone(array))
}

pub(crate) fn int(value: i64) -> Argument {
    Argument::Scalar(Scalar::Int64(value))
}

pub(crate) fn float(value: f64) -> Argument {
    Argument::Scalar(Scalar::Float64(value))
}

pub(crate) fn text(value: &str) -> Argument {
    Argument::Scalar(Scalar::Text(value.to_owned()))
}

pub(crate) fn null() -> Argument {
    Argument::Scalar(Scalar::Null)
}

pub(crate) fn run(function: &str, arguments: &[Argument], options: &str) -> Result<Outcome, Failure> {
    call(function, arguments, options, 1, None, &mut Unmetered)
}

/// The values of an array, one text each.
pub(crate) fn each(array: &dyn Array) -> Vec<String> {
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::default().with_null("null")).unwrap();
    (0..array.len()).map(|row| formatter.value(row).to_string()).collect()
}

/// The values of an array in one line.
pub(crate) fn shown(array: &dyn Array) -> String {
    each(array).join(" ")
}

/// Values and failed rows in one line: the first failed row is `!code`, further ones are `!`.
pub(crate) fn told(outcome: &Outcome) -> String {
    let mut values = each(&outcome.values);
    assert_eq!(outcome.failed.is_some(), outcome.first.is_some(), "rows that failed have a first reason");
    if let (Some(failed), Some(first)) = (&outcome.failed, &outcome.first) {
        let rows: Vec<usize> = failed.values().set_indices().collect();
        assert_eq!(failed.null_count(), 0);
        assert_eq!(first.row, rows.first().map(|row| *row as u64), "the first reason is the first failed row's");
        for row in rows {
            assert!(outcome.values.logical_nulls().is_some_and(|nulls| nulls.is_null(row)), "failed rows are null");
            values[row] = "!".to_owned();
        }
        values[first.row.unwrap() as usize] = format!("!{}", first.code);
    }
    values.join(" ")
}

/// Lets so much pass, and then says no. What was charged and asked for is added up.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) work: u64,
    pub(crate) memory: u64,
    pub(crate) worked: u64,
    pub(crate) looks: u64,
    /// The largest amount that was asked for at once and granted.
    pub(crate) largest: u64,
    /// The most that was charged at once.
    pub(crate) heaviest: u64,
}

impl Budget {
    pub(crate) fn new(work: u64, memory: u64) -> Self {
        Self { work, memory, worked: 0, looks: 0, largest: 0, heaviest: 0 }
    }
}

impl Meter for Budget {
    fn work(&mut self, units: u64) -> Result<(), Failure> {
        self.looks += 1;
        self.heaviest = self.heaviest.max(units);
        self.worked = self.worked.saturating_add(units);
        if self.worked > self.work { Err(Failure::limit("deadline", "the deadline has passed")) } else { Ok(()) }
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        if bytes > self.memory {
            return Err(Failure::limit("memory", "too much memory"));
        }
        self.largest = self.largest.max(bytes);
        Ok(())
    }
}

/// Other layouts of the same values, which every case is also checked with.
const LAYOUTS: &[(&str, &str)] = &[
    ("utf8", "large-utf8"),
    ("utf8", "utf8-view"),
    ("utf8", "dictionary<int8, utf8>"),
    ("int32", "dictionary<uint64, int32>"),
    ("binary", "large-binary"),
];

/// Checks calls, and remembers functions, numbers of arguments and types.
#[derive(Debug, Default)]
pub(crate) struct Suite {
    pub(crate) arities: BTreeSet<(String, usize)>,
    pub(crate) types: BTreeSet<(String, String)>,
    /// What went otherwise than expected, so that one run tells all of it.
    wrong: Vec<String>,
}

/// Runs cases, and fails with all that went wrong.
pub(crate) fn all(cases: fn(&mut Suite)) {
    let mut suite = Suite::default();
    cases(&mut suite);
    suite.end();
}

impl Suite {
    pub(crate) fn note<'a>(&mut self, function: &str, types: impl Iterator<Item = &'a DataType>) {
        let mut count = 0;
        for data_type in types {
            self.types.insert((function.to_owned(), type_name(data_type)));
            count += 1;
        }
        self.arities.insert((function.to_owned(), count));
    }

    /// Calls a function and compares values and failed rows with `expected`, as [`told`] writes them; then again with
    /// slices, masks, columns for scalars, other layouts of text, and no rows, which must all say the same.
    pub(crate) fn check(&mut self, function: &str, arguments: &[Argument], options: &str, expected: &str) {
        self.wrong.extend(
            std::panic::catch_unwind(AssertUnwindSafe(|| checked(function, arguments, options, expected))).err().map(
                |cause| {
                    let text = cause.downcast_ref::<String>().cloned();
                    format!("{function} {options}: {}", text.unwrap_or_default())
                },
            ),
        );
        let types: Vec<DataType> = arguments.iter().map(type_of).collect();
        self.note(function, types.iter());
        let column = |argument: &&Argument| matches!(argument, Argument::Column(_));
        for given in arguments.iter().filter(column).map(type_of) {
            for (_, other) in LAYOUTS.iter().filter(|(from, _)| kind(from) == given) {
                self.types.insert((function.to_owned(), type_name(&kind(other))));
            }
        }
    }

    pub(crate) fn end(&self) {
        assert!(
            self.wrong.is_empty(),
            "{} cases went wrong:
{}",
            self.wrong.len(),
            self.wrong.join(
                "
"
            )
        );
    }

    /// A call that is refused as a whole.
    pub(crate) fn refuse(&mut self, function: &str, arguments: &[Argument], options: &str, code: &str) {
        let found = match run(function, arguments, options) {
            Ok(outcome) => told(&outcome),
            Err(failure) if failure.code == code => return,
            Err(failure) => format!("{}: {failure}", failure.code),
        };
        self.wrong.push(format!("{function} {options}: expected {code}, found {found}"));
    }
}

fn type_of(argument: &Argument) -> DataType {
    match argument {
        Argument::Column(array) => array.data_type().clone(),
        Argument::Scalar(scalar) => scalar.data_type(),
    }
}

fn checked(function: &str, arguments: &[Argument], options: &str, expected: &str) {
    {
        let outcome = run(function, arguments, options).unwrap_or_else(|failure| panic!("{function}: {failure}"));
        assert_eq!(told(&outcome), expected, "{function} {options}");
        outcome.values.to_data().validate_full().unwrap();
        let types: Vec<DataType> = arguments.iter().map(type_of).collect();
        if arguments.iter().all(|argument| matches!(argument, Argument::Column(_))) {
            assert_eq!(result_type(function, &types, options).as_ref(), Ok(outcome.values.data_type()), "{function}");
        }
        let same = |arguments: &[Argument], what: &str| {
            let again =
                run(function, arguments, options).unwrap_or_else(|failure| panic!("{function} {what}: {failure}"));
            assert_eq!(told(&again), expected, "{function} {options} {what}");
            again.values.to_data().validate_full().unwrap();
        };
        same(&mapped(arguments, sliced), "on slices");
        for (from, other) in LAYOUTS {
            same(&mapped(arguments, |array| relaid(array, from, other)), other);
        }
        if functions().iter().any(|known| known.name == function && known.is_row_wise()) {
            masked(function, arguments, options, &outcome);
        }
        let Some(rows) = arguments.iter().find_map(|argument| match argument {
            Argument::Column(array) => Some(array.len()),
            Argument::Scalar(_) => None,
        }) else {
            return;
        };
        let empty = run(function, &mapped(arguments, |array| array.slice(0, 0)), options).unwrap();
        assert_eq!((empty.values.len(), empty.values.data_type()), (0, outcome.values.data_type()), "{function}");
        assert!(empty.failed.is_none() && empty.first.is_none(), "{function} without rows");
        for (index, argument) in arguments.iter().enumerate() {
            let Argument::Scalar(scalar) = argument else { continue };
            // A text that takes the type of a time, or a number that of a narrower column, does so as a scalar only.
            let one = scalar.to_array().unwrap();
            let repeated = arrow::compute::take(&one, &UInt32Array::from_value(0, rows), None).unwrap();
            let mut spelled = arguments.to_vec();
            spelled[index] = Argument::Column(repeated);
            match run(function, &spelled, options) {
                Ok(again) if again.values.data_type() == outcome.values.data_type() => {
                    assert_eq!(told(&again), expected, "{function} {options} with a column for argument {index}");
                }
                Ok(_) => {}
                Err(failure) => assert_eq!(failure.code, "type-mismatch", "{function}: {failure}"),
            }
        }
    }
}

fn mapped(arguments: &[Argument], change: impl Fn(&ArrayRef) -> ArrayRef) -> Vec<Argument> {
    let one = |argument: &Argument| match argument {
        Argument::Column(array) => Argument::Column(change(array)),
        scalar => scalar.clone(),
    };
    arguments.iter().map(one).collect()
}

/// The same rows in the midst of others, at an offset that no byte of a bitmap begins at.
pub(crate) fn sliced(array: &ArrayRef) -> ArrayRef {
    if array.is_empty() {
        return Arc::clone(array);
    }
    let other = array.slice(array.len() - 1, 1);
    let around = [other.as_ref(), other.as_ref(), other.as_ref(), array.as_ref(), array.as_ref()];
    concat(&around).unwrap().slice(3, array.len())
}

fn relaid(array: &ArrayRef, from: &str, to: &str) -> ArrayRef {
    if *array.data_type() == kind(from) { as_type(array, to) } else { Arc::clone(array) }
}

/// Under a mask, rows that are left out are null and fail no more; the others stay.
fn masked(function: &str, arguments: &[Argument], options: &str, outcome: &Outcome) {
    let rows = outcome.values.len();
    for masks in [[Some(true), Some(false), None], [None, Some(true), Some(true)], [Some(false), None, Some(true)]] {
        let only: BooleanArray = (0..rows).map(|row| masks[row % 3]).collect();
        let some = call(function, arguments, options, rows, Some(&only), &mut Unmetered).unwrap();
        let failed = |outcome: &Outcome, row: usize| outcome.failed.as_ref().is_some_and(|failed| failed.value(row));
        let (before, after) = (each(&outcome.values), each(&some.values));
        for row in 0..rows {
            let live = masks[row % 3] == Some(true);
            let expected = if live { before[row].as_str() } else { "null" };
            assert_eq!(after[row], expected, "{function} {options} row {row} under a mask");
            assert_eq!(failed(&some, row), live && failed(outcome, row), "{function} {options} row {row} under a mask");
        }
        told(&some);
    }
}

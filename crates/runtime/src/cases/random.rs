//! Random batches: a node may refuse any of them, and must survive all. What it does not survive is made small.

use arrow::array::{ArrayRef, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use jackfield_columns::{Batch, Unmetered};
use jackfield_manifest::{Case, Problem, TypeRef};
use serde_json::{Value as Json, json};

use super::ran::{Input, Ran, Setting};
use super::saved::{Saved, SavedInput};
use super::{Bench, build};
use crate::loader::Runtime;

/// Runs that making a failure small may take.
const MOST_SHRINKS: u32 = 400;

/// What random batches found out about a case's node.
#[derive(Debug, Clone)]
pub struct PropertyReport {
    /// The case that gave type, parameters and schemas.
    pub case: String,
    /// The node type.
    pub subject: String,
    /// Batches that it survived.
    pub survived: u32,
    /// What it did not survive.
    pub failure: Option<Box<PropertyFailure>>,
}

/// Random rows that a node does not survive.
#[derive(Debug, Clone)]
pub struct PropertyFailure {
    /// What happened, with the small rows.
    pub problems: Vec<Problem>,
    /// The rows, as a case that can be written.
    pub saved: Saved,
    /// Rows that it began with, all ports together, and that are left.
    pub rows: (usize, usize),
}

/// Numbers that look random: the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// By splitmix64.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let at = self.below(of.len());
        of.get(at)
    }
}

impl Runtime {
    /// Gives the node of a case random batches of the case's columns, with its parameters. `None`: the case is about no
    /// node, or has no columns that could be filled.
    pub fn try_at_random(
        &self,
        bench: &Bench<'_>,
        case: &Case,
        folder: &std::path::Path,
        cases: u32,
        seed: u64,
    ) -> Option<PropertyReport> {
        let jackfield_manifest::Subject::Node(node) = &case.subject else { return None };
        if case.error.is_some() || case.inputs.is_empty() {
            return None;
        }
        let mut schemas = Vec::new();
        for (port, content) in &case.inputs {
            let (schema, _) = self.given(case, port, content, folder).ok()?;
            schemas.push((port.clone(), schema));
        }
        let mut random = Random::new(seed);
        let mut setting = Setting::of(bench, case);
        setting.rejects = true;
        let trial = Trial { runtime: self, setting: &setting, node };
        let subject = case.subject.text();
        for number in 0..cases {
            if bench.cancel.is_cancelled() {
                break;
            }
            let inputs: Vec<Input> =
                schemas.iter().map(|(port, schema)| input(port, schema, number, &mut random)).collect();
            let Some(ran) = trial.breaks(&inputs) else { continue };
            let failure = trial.shrunk(case, inputs, ran);
            return Some(PropertyReport {
                case: case.name.clone(),
                subject,
                survived: number,
                failure: Some(Box::new(failure)),
            });
        }
        Some(PropertyReport { case: case.name.clone(), subject, survived: cases, failure: None })
    }
}

struct Trial<'a> {
    runtime: &'a Runtime,
    setting: &'a Setting<'a>,
    node: &'a TypeRef,
}

impl Trial<'_> {
    /// What happened, if the node did not survive.
    fn breaks(&self, inputs: &[Input]) -> Option<Ran> {
        let ran = self.runtime.run_node(self.setting, self.node, inputs.to_vec(), &[]).ok()?;
        ran.broke.then_some(ran)
    }

    /// Takes away rows, then values, as long as it still breaks.
    fn shrunk(&self, case: &Case, mut inputs: Vec<Input>, mut ran: Ran) -> PropertyFailure {
        let rows = |inputs: &[Input]| inputs.iter().flat_map(|input| &input.batches).map(Batch::rows).sum::<usize>();
        let first = rows(&inputs);
        let mut left = MOST_SHRINKS;
        let mut better = |candidate: Vec<Input>, inputs: &mut Vec<Input>, ran: &mut Ran| {
            if left == 0 {
                return false;
            }
            left -= 1;
            match self.breaks(&candidate) {
                Some(broke) => {
                    (*inputs, *ran) = (candidate, broke);
                    true
                }
                None => false,
            }
        };
        for port in 0..inputs.len() {
            // One batch instead of several, if that breaks as well.
            let together = with(&inputs, port, joined);
            if inputs.get(port).is_some_and(|input| input.batches.len() > 1) {
                better(together, &mut inputs, &mut ran);
            }
            let mut part = rows(&inputs).div_ceil(2);
            while part > 0 {
                let mut from = 0;
                while from < rows(inputs.get(port..=port).unwrap_or_default()) {
                    let candidate = with(&inputs, port, |input| without(input, from, part));
                    if !better(candidate, &mut inputs, &mut ran) {
                        from += part;
                    }
                }
                part = if part == 1 { 0 } else { part.div_ceil(2) };
            }
            let columns = inputs.get(port).map_or(0, |input| input.schema.fields().len());
            for column in 0..columns {
                for value in [None, Some(0), Some(1)] {
                    let candidate = with(&inputs, port, |input| simpler(input, column, value));
                    if better(candidate, &mut inputs, &mut ran) {
                        break;
                    }
                }
            }
        }
        let last = rows(&inputs);
        let saved = Saved {
            subject: case.subject.text(),
            params: case.params.clone(),
            config: case.config.clone(),
            limits: case.limits.clone(),
            inputs: inputs
                .into_iter()
                .map(|input| SavedInput { port: input.port, schema: input.schema, batches: input.batches })
                .collect(),
            about: ran.problems.first().map(|problem| problem.message.lines().next().unwrap_or_default().to_owned()),
            is_one_call: false,
            expectation: super::saved::Expectation::Survives,
        };
        PropertyFailure { problems: ran.problems, saved, rows: (first, last) }
    }
}

fn with(inputs: &[Input], port: usize, change: impl Fn(&Input) -> Option<Input>) -> Vec<Input> {
    let changed = |(number, input): (usize, &Input)| match number == port {
        true => change(input).unwrap_or_else(|| input.clone()),
        false => input.clone(),
    };
    inputs.iter().enumerate().map(changed).collect()
}

fn joined(input: &Input) -> Option<Input> {
    let batch = Batch::concat(&input.batches, &mut Unmetered).ok()?;
    Some(Input { batches: vec![batch], ..input.clone() })
}

/// The rows without some of them, batch by batch.
fn without(input: &Input, from: usize, count: usize) -> Option<Input> {
    let mut start = 0;
    let mut batches = Vec::new();
    for batch in &input.batches {
        let end = start + batch.rows();
        let (cut_from, cut_to) = (from.clamp(start, end) - start, (from + count).clamp(start, end) - start);
        let parts = [batch.slice(0, cut_from).ok()?, batch.slice(cut_to, batch.rows() - cut_to).ok()?];
        let rest = Batch::concat(&parts, &mut Unmetered).ok()?;
        if rest.rows() > 0 {
            batches.push(rest);
        }
        start = end;
    }
    Some(Input { batches, ..input.clone() })
}

/// A column with nothing but nulls, or with one plain value.
fn simpler(input: &Input, column: usize, value: Option<usize>) -> Option<Input> {
    let data_type = input.schema.fields().get(column)?.data_type().clone();
    let batches = input.batches.iter().map(|batch| {
        let rows = batch.materialise(&mut Unmetered).ok()?;
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        let made = match value {
            None => new_null_array(&data_type, rows.num_rows()),
            Some(place) => {
                let one = plain(&data_type, place)?;
                let array = build::column(&data_type, &[&one]).ok()?;
                take(&array, &UInt32Array::from(vec![0; rows.num_rows()]), None).ok()?
            }
        };
        *columns.get_mut(column)? = made;
        Batch::of(input.schema.clone(), rows.num_rows(), columns).ok()
    });
    Some(Input { batches: batches.collect::<Option<_>>()?, ..input.clone() })
}

fn plain(data_type: &DataType, place: usize) -> Option<Json> {
    Some(match data_type {
        DataType::Boolean => json!(place == 1),
        DataType::Utf8 | DataType::LargeUtf8 => json!(["", "a"].get(place)?),
        DataType::Binary | DataType::LargeBinary => json!(["", "YQ=="].get(place)?),
        _ if data_type.is_numeric() => json!(place),
        _ => return None,
    })
}

/// Rows for one port: the first ones are the corners (none, one, all null), the others anything.
fn input(port: &str, schema: &SchemaRef, number: u32, random: &mut Random) -> Input {
    let rows = match number {
        0 => 0,
        1..=3 => 1,
        _ => *random.pick(&[1, 2, 3, 7, 8, 9, 63, 64, 65, 100, 1000, 4097]).unwrap_or(&1),
    };
    let nulls = *random.pick(&[0, 0, 1, 3, 9, 10]).unwrap_or(&0);
    let nulls = if number == 2 { 10 } else { nulls };
    // More rows than are used: buffers that begin in the middle are where readers go wrong.
    let spare = random.below(4);
    let columns: Vec<ArrayRef> =
        schema.fields().iter().map(|field| array(field.data_type(), rows + spare * 2, nulls, random)).collect();
    let whole = Batch::of(schema.clone(), rows + spare * 2, columns);
    let batch = whole.and_then(|batch| batch.slice(spare, rows));
    let mut batches: Vec<Batch> = batch.into_iter().collect();
    if number.is_multiple_of(3) && rows > 1 {
        let split = 1 + random.below(rows - 1);
        batches = batches
            .iter()
            .flat_map(|batch| [batch.slice(0, split), batch.slice(split, rows - split)])
            .flatten()
            .collect();
    }
    Input { port: port.to_owned(), schema: schema.clone(), batches }
}

/// A column of random values, `nulls` in ten of them null.
pub(crate) fn array(data_type: &DataType, rows: usize, nulls: usize, random: &mut Random) -> ArrayRef {
    let values: Vec<Json> =
        (0..rows).map(|_| if random.below(10) < nulls { Json::Null } else { value(data_type, random, 0) }).collect();
    let all: Vec<&Json> = values.iter().collect();
    build::column(data_type, &all).unwrap_or_else(|_| new_null_array(data_type, rows))
}

const TEXTS: [&str; 14] = [
    "",
    " ",
    "a",
    "Robert",
    "O'Brien",
    "naïve",
    "\u{202e}🙂",
    "\0",
    "\r\n",
    "\"quoted\", 'text'",
    "NULL",
    "-0.0",
    "ÅÄÖ ﬁ ß ǅ",
    "9223372036854775808",
];

fn value(data_type: &DataType, random: &mut Random, depth: usize) -> Json {
    let extremes = |numbers: &[i128], random: &mut Random| {
        let number = numbers.get(random.below(numbers.len())).copied().unwrap_or(0);
        json!(number.to_string())
    };
    let any = random.next();
    match data_type {
        DataType::Boolean => json!(any & 1 == 1),
        DataType::Int8 => extremes(&[-128, -1, 0, 1, 127, i128::from(any as i8)], random),
        DataType::Int16 => extremes(&[-32768, -1, 0, 1, 32767, i128::from(any as i16)], random),
        DataType::Int32 => {
            extremes(&[i128::from(i32::MIN), -1, 0, 1, i128::from(i32::MAX), i128::from(any as i32)], random)
        }
        DataType::Int64 => extremes(
            &[i128::from(i64::MIN), -1, 0, 1, i128::from(i64::MAX), i128::from(any as i64), i128::from(any % 1000)],
            random,
        ),
        DataType::UInt8 => extremes(&[0, 1, 255, i128::from(any as u8)], random),
        DataType::UInt16 => extremes(&[0, 1, 65535, i128::from(any as u16)], random),
        DataType::UInt32 => extremes(&[0, 1, i128::from(u32::MAX), i128::from(any as u32)], random),
        DataType::UInt64 => extremes(&[0, 1, i128::from(u64::MAX), i128::from(any)], random),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let special = ["NaN", "inf", "-inf", "-0.0", "0.0", "1e-40", "65504", "-1.5", "0.1"];
            match random.below(special.len() + 4) {
                place if place < special.len() => json!(special.get(place)),
                _ => json!((any as i32 as f64 / 1000.0).to_string()),
            }
        }
        DataType::Decimal128(precision, _) | DataType::Decimal256(precision, _) => {
            let digits = random.below(usize::from(*precision).min(15)) as u32;
            let number = (any % 10u64.pow(digits.max(1))) as i64;
            json!(if any & 1 == 1 { -number } else { number })
        }
        DataType::Utf8 | DataType::LargeUtf8 => match random.below(TEXTS.len() + 6) {
            place if place < TEXTS.len() => json!(TEXTS.get(place)),
            place if place == TEXTS.len() => json!("long ".repeat(random.below(2000))),
            _ => json!((0..random.below(12)).map(|_| char::from(b'A' + random.below(58) as u8)).collect::<String>()),
        },
        DataType::Binary | DataType::LargeBinary => {
            let bytes: Vec<u8> = (0..random.below(20)).map(|_| random.next() as u8).collect();
            json!(crate::lifecycle::base64::encode(&bytes))
        }
        DataType::FixedSizeBinary(width) => {
            let bytes: Vec<u8> = (0..*width).map(|_| random.next() as u8).collect();
            json!(crate::lifecycle::base64::encode(&bytes))
        }
        DataType::Date32 | DataType::Date64 => {
            json!(["1970-01-01", "2024-02-29", "1582-10-15", "0001-01-01", "9999-12-31"].get(random.below(5)))
        }
        DataType::Time32(_) | DataType::Time64(_) => json!(["00:00:00", "23:59:59", "12:34:56"].get(random.below(3))),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            json!(["1970-01-01T00:00:00", "2024-02-29T23:59:59.123456789", "1900-01-01T00:00:00"].get(random.below(3)))
        }
        DataType::Timestamp(_, _) => {
            json!(
                ["1970-01-01T00:00:00", "2024-02-29T23:59:59", "0001-01-01T00:00:00", "9999-12-31T23:59:59"]
                    .get(random.below(4))
            )
        }
        DataType::Duration(_) => json!(any as i64 >> random.below(63)),
        DataType::List(item) | DataType::LargeList(item) => {
            let length = if depth > 3 { 0 } else { random.below(4) };
            Json::Array((0..length).map(|_| value(item.data_type(), random, depth + 1)).collect())
        }
        DataType::FixedSizeList(item, size) => {
            Json::Array((0..*size).map(|_| value(item.data_type(), random, depth + 1)).collect())
        }
        DataType::Struct(fields) => Json::Object(
            fields.iter().map(|field| (field.name().clone(), value(field.data_type(), random, depth + 1))).collect(),
        ),
        DataType::Dictionary(_, inner) => value(inner, random, depth + 1),
        _ => Json::Null,
    }
}

//! `geo-distance`: the distance between two places on the earth, along its surface.

mod sphere;

use jackfield_kit::numbers::{floats, mask_of, optional};
use jackfield_kit::values::{as_type, is_number, named, root};
use jackfield_kit::{Problems, Rejections, Work, names, not_bound, only_input};
use jackfield_sdk::{Batch, Binding, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Step, type_name};
use serde::Deserialize;
use sphere::{Place, Unit, kilometres};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    /// Latitude and longitude, in degrees.
    from: [Coordinate; 2],
    to: [Coordinate; 2],
    #[serde(default = "distance")]
    into: String,
    #[serde(default)]
    unit: Unit,
}

/// A column or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Coordinate {
    Number(f64),
    Column(String),
}

fn distance() -> String {
    "distance".to_owned()
}

pub(crate) struct GeoDistance {
    parameters: Parameters,
    /// Latitude and longitude of both places.
    bound: Option<[Bound; 4]>,
}

enum Bound {
    Number(f64),
    Column(u32, String),
}

/// The values of a coordinate.
enum Values {
    Same(f64),
    Each(Vec<Option<f64>>),
}

impl Values {
    fn at(&self, row: usize) -> Option<f64> {
        match self {
            Values::Same(value) => Some(*value),
            Values::Each(values) => values.get(row).copied().flatten(),
        }
    }
}

impl GeoDistance {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(GeoDistance { parameters: params.parse()?, bound: None })
    }
}

impl Coordinate {
    fn bind(&self, pointer: &str, most: f64, input: &InputPort, problems: &mut Problems) -> Option<Bound> {
        match self {
            Coordinate::Number(value) if value.abs() <= most => Some(Bound::Number(*value)),
            Coordinate::Number(value) => {
                let message = format!("{value} is out of range, which is -{most} to {most}");
                problems.push(Failure::invalid_config("invalid-value", message).with_parameter(pointer));
                None
            }
            Coordinate::Column(name) => {
                let index = problems.column(pointer, name, &input.schema)?;
                let tree = input.schema.tree(index);
                if !is_number(&root(&tree)) {
                    let message = format!("`{name}` is {}, expected degrees as a number", type_name(&tree));
                    let failure = Failure::invalid_config("type-mismatch", message).with_column(name);
                    problems.push(failure.with_parameter(pointer).with_help("cast it to float64 before"));
                    return None;
                }
                Some(Bound::Column(index, name.clone()))
            }
        }
    }
}

impl Work for GeoDistance {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let Parameters { from, to, into, .. } = &self.parameters;
        let [latitude, longitude] = from;
        let [to_latitude, to_longitude] = to;
        let bound = [
            latitude.bind("/from/0", 90.0, input, &mut problems),
            longitude.bind("/from/1", 180.0, input, &mut problems),
            to_latitude.bind("/to/0", 90.0, input, &mut problems),
            to_longitude.bind("/to/1", 180.0, input, &mut problems),
        ];
        let columns = bound.iter().flatten().filter_map(|bound| match bound {
            Bound::Column(index, _) => Some(*index),
            Bound::Number(_) => None,
        });
        let columns: Vec<u32> = columns.collect();
        if let [Some(a), Some(b), Some(c), Some(d)] = bound {
            self.bound = Some([a, b, c, d]);
        }
        let made = named(vec![Field::new("distance", DataType::Float64)], into);
        let replaced = input.schema.index_of(into);
        let mut port = OutputPort::new("out");
        for index in 0..input.schema.len() as u32 {
            port = if replaced == Some(index) { port.made(made.clone()) } else { port.pass(&input.name, index, None) };
        }
        let port = if replaced.is_some() { port } else { port.made(made) };
        problems.or(Binding::new().output(port).needs(&input.name, &names::of(&input.schema, &columns)).row_wise())
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let mut rejections = Rejections::default();
        let mut values = Vec::with_capacity(4);
        for (number, bound) in self.bound.iter().flatten().enumerate() {
            values.push(match bound {
                Bound::Number(value) => Values::Same(*value),
                Bound::Column(index, name) => {
                    let most = if number % 2 == 0 { 90.0 } else { 180.0 };
                    Values::Each(degrees(&batch.column_at(*index)?, name, most, &mut rejections)?)
                }
            });
        }
        let [latitude, longitude, to_latitude, to_longitude] = values.as_slice() else { return Err(not_bound()) };
        let place = |latitude: &Values, longitude: &Values, row| {
            Some(Place { latitude: latitude.at(row)?, longitude: longitude.at(row)? })
        };
        let unit = self.parameters.unit;
        let distance = |row| {
            let (from, to) = (place(latitude, longitude, row)?, place(to_latitude, to_longitude, row)?);
            Some(unit.of_kilometres(kilometres(from, to)))
        };
        let distances: Vec<Option<f64>> = (0..batch.rows() as usize).map(distance).collect();
        let step = Step::nothing().change("out", rejections.kept()?, vec![floats(&distances)?]);
        Ok(rejections.add_to(step))
    }
}

/// The numbers of a column; those that are no degrees are errors of their rows.
fn degrees(column: &Column, name: &str, most: f64, rejections: &mut Rejections) -> Result<Vec<Option<f64>>, Failure> {
    let values = optional::<f64>(&as_type(column.share(), &[Field::new("degrees", DataType::Float64)])?)?;
    // A number that is none is in no range.
    let is_wrong = |value: &Option<f64>| value.is_some_and(|value| !(-most..=most).contains(&value));
    if let Some(wrong) = values.iter().find(|value| is_wrong(value)).copied().flatten() {
        let rows: Vec<bool> = values.iter().map(is_wrong).collect();
        let message = format!("`{name}` is {wrong}, expected degrees from -{most} to {most}");
        let reason = Failure::invalid_input("invalid-value", message).with_column(name);
        rejections.add("", mask_of(&rows)?, reason)?;
    }
    Ok(values)
}

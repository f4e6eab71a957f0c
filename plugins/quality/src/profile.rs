//! `profile`: a row for each column of the input, with what can be said of its values.

use jackfield_kit::outgoing::leave;
use jackfield_kit::values::{call, empty_column, is_number, root};
use jackfield_kit::{Outgoing, Problems, Work, only_input, rows_of};
use jackfield_sdk::builders::{PrimitiveBuilder, TextBuilder};
use jackfield_sdk::compute::Accumulator;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Schema, Step, type_name,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Parameters {
    columns: Option<Vec<String>>,
}

pub(crate) struct Profile {
    columns: Option<Vec<String>>,
    bound: Vec<One>,
    rows: u64,
    outgoing: Option<Outgoing>,
}

/// One column of the input.
struct One {
    index: u32,
    name: String,
    type_name: String,
    count: Accumulator,
    /// None where the type has no such thing.
    distinct: Option<Accumulator>,
    min: Option<Accumulator>,
    max: Option<Accumulator>,
    mean: Option<Accumulator>,
    quantiles: Vec<Accumulator>,
}

const QUANTILES: [(&str, f64); 3] = [("q25", 0.25), ("median", 0.5), ("q75", 0.75)];

impl Profile {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { columns } = params.parse()?;
        Ok(Profile { columns, bound: Vec::new(), rows: 0, outgoing: None })
    }
}

/// The columns that come out.
fn schema() -> Schema {
    let text = |name: &str| vec![Field::new(name, DataType::Utf8)];
    let number = |name: &str| vec![Field::new(name, DataType::Int64)];
    let float = |name: &str| vec![Field::new(name, DataType::Float64)];
    let first = [
        text("column"),
        text("type"),
        number("count"),
        number("nulls"),
        number("distinct"),
        text("min"),
        text("max"),
        float("mean"),
    ];
    Schema::of(first.into_iter().chain(QUANTILES.map(|(name, _)| float(name))))
}

impl One {
    fn bind(index: u32, schema: &Schema) -> Result<One, Failure> {
        let tree = schema.tree(index);
        let of = |function: &str, options: &str| Accumulator::new(function, std::slice::from_ref(&tree), options);
        let numeric = is_number(&root(&tree));
        let quantile = |(_, fraction): &(&str, f64)| of("quantile", &json!({ "q": fraction }).to_string());
        let quantiles = QUANTILES.iter().filter(|_| numeric).map(quantile).collect::<Result<Vec<_>, Failure>>()?;
        let one = One {
            index,
            name: tree.first().map(|root| root.name.clone()).unwrap_or_default(),
            type_name: type_name(&tree),
            count: of("count", "")?,
            distinct: of("count_distinct", "").ok(),
            min: of("min", "").ok(),
            max: of("max", "").ok(),
            mean: if numeric { Some(of("mean", "")?) } else { None },
            quantiles,
        };
        // So that there is something to say over no rows too.
        one.update(&empty_column(&tree)?, &rows_of(&[])?)?;
        Ok(one)
    }

    fn update(&self, values: &Column, zeros: &Column) -> Result<(), Failure> {
        let some = [&self.distinct, &self.min, &self.max, &self.mean].into_iter().flatten();
        std::iter::once(&self.count)
            .chain(some)
            .chain(&self.quantiles)
            .try_for_each(|accumulator| accumulator.update(&[values], zeros, 1))
    }
}

fn level(accumulator: &Accumulator) -> Result<Buffers, Failure> {
    accumulator.finish()?.buffers()
}

fn integer(accumulator: &Option<Accumulator>) -> Result<Option<i64>, Failure> {
    Ok(accumulator.as_ref().map(level).transpose()?.and_then(|level| level.get::<i64>(0)))
}

fn float(accumulator: Option<&Accumulator>) -> Result<Option<f64>, Failure> {
    Ok(accumulator.map(level).transpose()?.and_then(|level| level.get::<f64>(0)))
}

fn push_text(builder: &mut TextBuilder, accumulator: &Option<Accumulator>) -> Result<(), Failure> {
    let Some(accumulator) = accumulator else {
        builder.push_null();
        return Ok(());
    };
    let options = json!({ "to_type": "utf8", "safe": true }).to_string();
    match call("cast", &[(&accumulator.finish()?).into()], &options) {
        Ok(text) => builder.push_option(text.buffers()?.bytes(0)),
        // Values of the type have no text.
        Err(failure) if failure.code == "type-mismatch" => builder.push_null(),
        Err(failure) => return Err(failure),
    }
    Ok(())
}

impl Work for Profile {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let indices = match &self.columns {
            Some(columns) => problems.columns("/columns", columns, &input.schema),
            None => (0..input.schema.len() as u32).collect(),
        };
        let bound = indices.iter().filter_map(|index| problems.note("/columns", One::bind(*index, &input.schema)));
        self.bound = bound.collect();
        let out = schema();
        let port = (0..out.len() as u32).fold(OutputPort::new("out"), |port, index| port.made(out.tree(index)));
        let names: Vec<&str> = self.bound.iter().map(|one| one.name.as_str()).collect();
        problems.or(Binding::new().output(port).needs(&input.name, &names))
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        self.rows += u64::from(batch.rows());
        let zeros = rows_of(&vec![0; batch.rows() as usize])?;
        for one in &self.bound {
            one.update(&batch.column_at(one.index)?, &zeros)?;
        }
        Ok(Step::nothing())
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let (mut names, mut types) = (TextBuilder::default(), TextBuilder::default());
        let (mut least, mut most) = (TextBuilder::default(), TextBuilder::default());
        let mut counts = [(); 3].map(|()| PrimitiveBuilder::<i64>::default());
        let mut numbers: Vec<PrimitiveBuilder<f64>> = vec![PrimitiveBuilder::default(); 1 + QUANTILES.len()];
        for one in &self.bound {
            names.push(one.name.as_bytes());
            types.push(one.type_name.as_bytes());
            let count = level(&one.count)?.get::<i64>(0).unwrap_or(0);
            let [counted, nulls, distinct] = &mut counts;
            counted.push(count);
            nulls.push(self.rows as i64 - count);
            distinct.push_option(integer(&one.distinct)?);
            push_text(&mut least, &one.min)?;
            push_text(&mut most, &one.max)?;
            let accumulators =
                std::iter::once(one.mean.as_ref()).chain((0..QUANTILES.len()).map(|at| one.quantiles.get(at)));
            for (builder, accumulator) in numbers.iter_mut().zip(accumulators) {
                builder.push_option(float(accumulator)?);
            }
        }
        let counts = counts.map(PrimitiveBuilder::finish);
        let levels = [names.finish()?, types.finish()?]
            .into_iter()
            .chain(counts)
            .chain([least.finish()?, most.finish()?])
            .chain(numbers.into_iter().map(PrimitiveBuilder::finish));
        let schema = schema();
        let columns: Result<Vec<Column>, Failure> =
            (0..).zip(levels).map(|(index, level)| Column::of(&schema.tree(index), &[level])).collect();
        let batch = Batch::of(&schema, self.bound.len() as u32, &columns?.iter().collect::<Vec<_>>())?;
        self.outgoing = Some(Outgoing::all(batch));
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        leave(&mut self.outgoing)
    }
}

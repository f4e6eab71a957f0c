//! What the host is asked to compute.

use jackfield_sdk::builders::{PrimitiveBuilder, TextBuilder};
use jackfield_sdk::compute::{Accumulator, Argument};
use jackfield_sdk::{Batch, Column, Failure, Schema, Step, column, exchange, parse_type, sql};

/// `None`: the rows are passed on.
pub(crate) fn run(case: &str, batch: &Batch, functions: &[String]) -> Result<Option<Step>, Failure> {
    match case {
        "k03-pad" => {
            let wide = text(&["a"; 1000])?;
            for width in [1 << 20, i64::from(i32::MAX), i64::MAX] {
                column::whole(column::call("utf8_lpad", &[(&wide).into(), width.into()], "")?)?;
            }
        }
        "k03-repeat" => {
            let mut wide = text(&["aaaaaaaaaaaaaaaa"; 1000])?;
            loop {
                wide = column::whole(column::call("utf8_repeat", &[(&wide).into(), 64.into()], "")?)?;
            }
        }
        "k03-join" => {
            let mut wide = text(&["aaaaaaaaaaaaaaaa"; 1000])?;
            let schema = Schema::of([parse_type("t", "utf8")?]);
            let twice = sql::Expression::new("t || t || t || t", &schema)?;
            loop {
                let rows = Batch::of(&schema, 1000, &[&wide])?;
                wide = column::whole(twice.on(&rows)?)?;
            }
        }
        // One row of a MiB, a million times, read.
        "k03-take" => _ = million_times(&megabyte()?)?.column_at(0)?.buffers()?,
        "k03-emit" => return Ok(Some(Step::nothing().emit("out", million_times(&megabyte()?)?))),
        "k04-patterns" => patterns()?,
        "k07-wrong-types" => wrong_types(batch, functions)?,
        other => return Err(Failure::internal(format!("no case is called `{other}`"))),
    }
    if case.starts_with("k03") {
        return Err(Failure::invalid_input("accepted", format!("the host made `{case}`")));
    }
    Ok(None)
}

/// The rows over and over: so many.
pub(crate) fn repeated(batch: &Batch, count: u32) -> Result<Batch<'static>, Failure> {
    let mut numbers = PrimitiveBuilder::<u32>::with_capacity(count as usize);
    (0..count).for_each(|row| numbers.push(row % batch.rows()));
    batch.take(&Column::of(&parse_type("row", "uint32")?, &[numbers.finish()])?)
}

/// Makes the host's kernels panic where they are known to: malformed IPC, and times beyond the calendar.
pub(crate) fn panics(batch: &Batch) -> Result<(), Failure> {
    let ipc = exchange::to_ipc(&[batch.raw()])?;
    for at in 0..ipc.len() {
        for flip in [0xff, 0x41, 0x80] {
            let mut broken = ipc.clone();
            broken[at] ^= flip;
            let _ = exchange::from_ipc(&broken);
        }
    }
    let mut extremes = PrimitiveBuilder::<i64>::with_capacity(4);
    extremes.extend_from_slice(&[i64::MIN, i64::MAX, 8_210_266_876_799_999_999, -8_334_601_228_800_000_000]);
    let extremes = Column::of(&parse_type("e", "int64")?, &[extremes.finish()])?;
    for unit in ["timestamp[s]", "timestamp", "timestamp[UTC]", "timestamp[s, Europe/Paris]", "date64", "time"] {
        let Ok(times) = extremes.cast(unit) else { continue };
        for other in TYPES {
            let _ = times.try_cast(other);
            let _ = times.cast(other);
        }
    }
    Ok(())
}

/// The same number in every row.
pub(crate) fn constant(rows: u32, number: i64) -> Result<Column, Failure> {
    let mut numbers = PrimitiveBuilder::<i64>::with_capacity(rows as usize);
    (0..rows).for_each(|_| numbers.push(number));
    Column::of(&parse_type("call", "int64")?, &[numbers.finish()])
}

fn text(rows: &[&str]) -> Result<Column, Failure> {
    let mut builder = TextBuilder::default();
    rows.iter().for_each(|row| builder.push(row.as_bytes()));
    Column::of(&parse_type("t", "utf8")?, &[builder.finish()?])
}

fn megabyte() -> Result<Batch<'static>, Failure> {
    let column = text(&[&"m".repeat(1 << 20)])?;
    Batch::of(&Schema::of([parse_type("t", "utf8")?]), 1, &[&column])
}

fn million_times(batch: &Batch) -> Result<Batch<'static>, Failure> {
    repeated(batch, 1_000_000)
}

/// Patterns that take other engines for ever. Each is refused or quick: the call's deadline says so.
fn patterns() -> Result<(), Failure> {
    let hay = text(&[&"a".repeat(30_000), &"ab".repeat(15_000)])?;
    let long = "(a|b|ab)*c".repeat(6_000);
    let stars = "(a*)*".repeat(100);
    let deep = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
    let wide = format!("{}b", "a?".repeat(2_000));
    for pattern in ["(a+)+$", "(a|aa)+$", "(.*)*x", "(x+x+)+y", "a{1000}{1000}", &long, &stars, &deep, &wide] {
        let options = format!("{{\"pattern\": \"{pattern}\"}}");
        for function in ["match_substring_regex", "extract_regex_group", "replace_substring_regex"] {
            let _ = column::call(function, &[(&hay).into()], &options);
        }
    }
    for pattern in ["%a".repeat(2_000), "_%".repeat(2_000), "%".repeat(64 << 10), "a%".repeat(32 << 10)] {
        for function in ["match_like", "match_substring", "starts_with"] {
            let options = format!("{{\"pattern\": \"{pattern}\"}}");
            let _ = column::call(function, &[(&hay).into()], &options);
        }
        let schema = Schema::of([parse_type("t", "utf8")?]);
        let like = sql::Expression::new(&format!("t like '{pattern}'"), &schema);
        let rows = Batch::of(&schema, 2, &[&hay])?;
        if let Ok(like) = like {
            let _ = like.on(&rows);
        }
    }
    Ok(())
}

const TYPES: [&str; 16] = [
    "bool",
    "int8",
    "int64",
    "uint64",
    "float16",
    "float64",
    "utf8",
    "large-utf8",
    "binary",
    "date",
    "time",
    "timestamp",
    "timestamp[UTC]",
    "duration",
    "decimal(38,10)",
    "list<utf8>",
];

/// Every function with one to three columns of every type, with scalars, and with options that are none.
fn wrong_types(batch: &Batch, functions: &[String]) -> Result<(), Failure> {
    let words = batch.column("y")?;
    let mut columns: Vec<Column> = Vec::new();
    for name in TYPES {
        let made = words.try_cast(name).or_else(|_| batch.column("x")?.try_cast(name));
        columns.extend(made.ok());
    }
    let mut floats = PrimitiveBuilder::<f64>::with_capacity(4);
    floats.extend_from_slice(&[f64::NAN, -0.0, f64::MAX, f64::NEG_INFINITY]);
    columns.push(Column::of(&parse_type("f", "float64")?, &[floats.finish()])?);
    let mut extremes = PrimitiveBuilder::<i64>::with_capacity(4);
    extremes.extend_from_slice(&[i64::MIN, i64::MAX, -1, 0]);
    columns.push(Column::of(&parse_type("e", "int64")?, &[extremes.finish()])?);
    for function in functions {
        let _ = column::call(function, &[], "");
        for one in &columns {
            for options in ["", "[", "{\"pattern\": 1}", "{\"to_type\": \"list<\", \"ndigits\": -2147483648}"] {
                let _ = column::call(function, &[one.into()], options);
                let _ = one.reduce(function);
            }
            let _ = column::call(function, &[one.into(), i64::MIN.into()], "");
            let _ = column::call(function, &[f64::NAN.into(), one.into()], "");
            for other in &columns {
                let _ = column::call(function, &[one.into(), other.into()], "");
            }
            let _ = column::call(function, &[one.into(), one.into(), one.into()], "");
            aggregate(function, one);
        }
        // Columns of different lengths.
        let short = columns[0].slice(0, 1)?;
        let _ = column::call(function, &[Argument::from(&short), (&columns[1]).into()], "");
    }
    Ok(())
}

fn aggregate(function: &str, values: &Column) {
    let Ok(accumulator) = Accumulator::new(function, &[values.tree()], "") else { return };
    let groups = |numbers: [u32; 4]| {
        let mut builder = PrimitiveBuilder::<u32>::with_capacity(4);
        builder.extend_from_slice(&numbers);
        Column::of(&parse_type("g", "uint32")?, &[builder.finish()])
    };
    let (Ok(tame), Ok(wild)) = (groups([0, 1, 0, 1]), groups([0, u32::MAX, 7, 1])) else { return };
    let _ = accumulator.update(&[values], &tame, 2);
    let _ = accumulator.update(&[values], &wild, 2);
    let _ = accumulator.update(&[], &tame, u32::MAX);
    let _ = accumulator.merge(&[values, values], &tame, 2);
    let _ = accumulator.state();
    let _ = accumulator.finish();
    let _ = accumulator.finish();
}

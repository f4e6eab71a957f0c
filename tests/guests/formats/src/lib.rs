//! Formats by id; none of them looks at its input.
//!
//! `trap-format` panics with its second chunk, `endless-format` gives rows for ever, `pauses-format` never has any,
//! `bad-rows` gives ten rows of which every third never became one, `wrong-columns` gives others than its schema says.

use jackfield_sdk::builders::PrimitiveBuilder;
use jackfield_sdk::{
    BadRow, Batch, Candidate, Chunk, Column, Demand, Failure, Format, Next, Params, Reader, Schema, Sink, Source,
    Writer, parse_type,
};

struct Formats;

struct Odd {
    format: String,
    demand: Demand,
    chunks: i64,
}

impl Odd {
    fn numbers(&self, name: &str, from: i64, count: i64) -> Result<Batch<'static>, Failure> {
        let schema = Schema::of([parse_type(name, "int64")?]);
        let mut numbers = PrimitiveBuilder::default();
        (from..from + count).for_each(|number| numbers.push(number));
        let column = Column::of(&schema.tree(0), &[numbers.finish()])?;
        let wanted = self.demand.columns.as_ref().is_none_or(|columns| columns.iter().any(|column| column == "n"));
        match wanted {
            true => Batch::of(&schema, count as u32, &[&column]),
            false => Batch::of(&Schema::of([]), count as u32, &[]),
        }
    }
}

impl Reader for Odd {
    fn schema(&mut self) -> Result<Schema, Failure> {
        Ok(Schema::of([parse_type("n", "int64")?]))
    }
    fn next(&mut self) -> Result<Next, Failure> {
        let before = self.chunks;
        self.chunks += 1;
        Ok(match self.format.as_str() {
            "trap-format" if before > 0 => panic!("this format panics on purpose"),
            "endless-format" | "trap-format" => {
                Next::Chunk(Chunk::new(self.numbers("n", before * 1000, 1000)?, before as u64 * 1000))
            }
            "pauses-format" => Next::Pause,
            "wrong-columns" => Next::Chunk(Chunk::new(self.numbers("other", 0, 10)?, 0)),
            _ if before > 0 => Next::End,
            _ => Next::Chunk(self.with_bad_rows()?),
        })
    }
}

impl Odd {
    fn with_bad_rows(&self) -> Result<Chunk, Failure> {
        let mut chunk = Chunk::new(self.numbers("n", 0, 7)?, 0);
        let mut records = PrimitiveBuilder::<u64>::default();
        for record in 0..10u64 {
            if record % 3 == 2 {
                let reason = Failure::invalid_input("on-purpose", "this row is bad on purpose").with_column("n");
                chunk.bad.push(BadRow { line: Some(record + 1), raw: format!("row {record}").into_bytes(), reason });
            } else {
                records.push(record);
            }
        }
        chunk.rows = Some(Column::of(&parse_type("record", "uint64")?, &[records.finish()])?);
        Ok(chunk)
    }
}

impl Format for Formats {
    fn detect(_name: Option<&str>, _head: &[u8]) -> Vec<Candidate> {
        Vec::new()
    }
    fn reader(format: &str, _options: Params, _input: Source, demand: Demand) -> Result<Box<dyn Reader>, Failure> {
        Ok(Box::new(Odd { format: format.to_owned(), demand, chunks: 0 }))
    }
    fn writer(_format: &str, _options: Params, _schema: Schema, _output: Sink) -> Result<Box<dyn Writer>, Failure> {
        Err(Failure::invalid_config("unsupported", "this format is only read"))
    }
}

jackfield_sdk::export_format!(Formats);

//! Lines of text, one a row.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Candidate, Chunk, Column, Demand, Failure, Format, Next, Params, Reader, Schema, Sink, SinkWriter, Source,
    SourceReader, Writer, parse_type,
};
use std::io::{BufRead, Write};

pub(crate) struct Lines;

struct LineReader {
    input: SourceReader,
    demand: Demand,
    rows: u64,
}

struct LineWriter {
    output: SinkWriter,
}

fn line_schema() -> Result<Schema, Failure> {
    Ok(Schema::of([parse_type("line", "utf8")?]))
}

impl Reader for LineReader {
    fn schema(&mut self) -> Result<Schema, Failure> {
        line_schema()
    }
    fn next(&mut self) -> Result<Next, Failure> {
        let mut lines = TextBuilder::default();
        let mut line = Vec::new();
        while lines.len() < self.demand.batch_rows as usize && self.input.read_until(b'\n', &mut line)? > 0 {
            lines.push(line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
        }
        if lines.is_empty() {
            return Ok(Next::End);
        }
        let (first, rows) = (self.rows, lines.len() as u32);
        self.rows += u64::from(rows);
        let schema = line_schema()?;
        let column = Column::of(&schema.tree(0), &[lines.finish()?])?;
        let batch = match &self.demand.columns {
            Some(columns) if columns.is_empty() => Batch::of(&Schema::of([]), rows, &[])?,
            _ => Batch::of(&schema, rows, &[&column])?,
        };
        Ok(Next::Chunk(Chunk::new(batch, first)))
    }
}

impl Writer for LineWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let lines = batch.column_at(0)?.cast("utf8")?.buffers()?;
        for row in 0..batch.rows() as usize {
            self.output.write_all(lines.bytes(row).unwrap_or_default())?;
            self.output.write_all(b"\n")?;
        }
        Ok(())
    }
    fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.output.flush()?)
    }
}

impl Format for Lines {
    fn detect(_name: Option<&str>, _head: &[u8]) -> Vec<Candidate> {
        Vec::new()
    }
    fn reader(_format: &str, _options: Params, input: Source, demand: Demand) -> Result<Box<dyn Reader>, Failure> {
        Ok(Box::new(LineReader { input: SourceReader::new(input), demand, rows: 0 }))
    }
    fn writer(_format: &str, _options: Params, _schema: Schema, output: Sink) -> Result<Box<dyn Writer>, Failure> {
        Ok(Box::new(LineWriter { output: SinkWriter::new(output) }))
    }
}

//! {{title}}: lines of `key=value` pairs, separated by blanks. A line is a row, a key a column; all columns are text.

use std::io::{BufRead, BufReader, Write};

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::format::{Candidate, Chunk, Format, Next, Reader, Writer};
use jackfield_sdk::{
    BadRow, Batch, Buffers, Column, Demand, Failure, Params, Schema, Sink, SinkWriter, Source, SourceReader, parse_type,
};

/// The plugin's format.
struct {{pascal}};

impl Format for {{pascal}} {
    fn detect(name: Option<&str>, _head: &[u8]) -> Vec<Candidate> {
        let ends = name.is_some_and(|name| name.ends_with(".{{name}}"));
        let reason = "its name ends in .{{name}}".to_owned();
        let candidate = Candidate { format: "{{name}}".to_owned(), confidence: 80, reason };
        ends.then_some(candidate).into_iter().collect()
    }

    fn reader(_format: &str, _options: Params, input: Source, demand: Demand) -> Result<Box<dyn Reader>, Failure> {
        Lines::open(BufReader::new(SourceReader::new(input)), demand).map(|lines| Box::new(lines) as Box<dyn Reader>)
    }

    fn writer(_format: &str, _options: Params, schema: Schema, output: Sink) -> Result<Box<dyn Writer>, Failure> {
        let names = schema.names().map(str::to_owned).collect();
        Ok(Box::new(Pairs { names, output: SinkWriter::new(output) }))
    }
}

jackfield_sdk::export_format!({{pascal}});

/// The rows of an input. The first line says which columns there are.
struct Lines<R> {
    input: R,
    names: Vec<String>,
    /// Numbers of the columns that somebody wants, in the order in which they are due.
    wanted: Vec<usize>,
    batch_rows: usize,
    /// The line that was read to learn the columns.
    first: Option<String>,
    record: u64,
}

impl<R: BufRead> Lines<R> {
    fn open(mut input: R, demand: Demand) -> Result<Self, Failure> {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let names: Vec<String> = pairs(&line)?.into_iter().map(|(key, _)| key.to_owned()).collect();
        let wanted = match &demand.columns {
            None => (0..names.len()).collect(),
            Some(columns) => {
                columns.iter().filter_map(|column| names.iter().position(|name| name == column)).collect()
            }
        };
        let first = (!line.is_empty()).then_some(line);
        Ok(Lines { input, names, wanted, batch_rows: demand.batch_rows.max(1) as usize, first, record: 0 })
    }

    fn schema_of(&self, columns: &[usize]) -> Result<Schema, Failure> {
        let trees: Result<Vec<_>, Failure> =
            columns.iter().filter_map(|number| self.names.get(*number)).map(|name| parse_type(name, "utf8")).collect();
        Ok(Schema::of(trees?))
    }

    fn line(&mut self) -> Result<Option<String>, Failure> {
        if let Some(line) = self.first.take() {
            return Ok(Some(line));
        }
        let mut line = String::new();
        let count = self.input.read_line(&mut line)?;
        Ok((count > 0).then_some(line))
    }
}

impl<R: BufRead> Reader for Lines<R> {
    fn schema(&mut self) -> Result<Schema, Failure> {
        self.schema_of(&(0..self.names.len()).collect::<Vec<_>>())
    }

    fn next(&mut self) -> Result<Next, Failure> {
        let first_row = self.record;
        let mut columns: Vec<TextBuilder> = self.wanted.iter().map(|_| TextBuilder::default()).collect();
        let (mut rows, mut bad) = (0, Vec::new());
        while rows + bad.len() < self.batch_rows {
            let Some(line) = self.line()? else { break };
            let number = self.record;
            self.record += 1;
            match pairs(&line) {
                Ok(pairs) => {
                    for (builder, column) in columns.iter_mut().zip(&self.wanted) {
                        let name = self.names.get(*column).map(String::as_str).unwrap_or_default();
                        let value = pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes());
                        builder.push_option(value);
                    }
                    rows += 1;
                }
                Err(reason) => bad.push(BadRow { line: Some(number), raw: line.into_bytes(), reason }),
            }
        }
        if rows == 0 && bad.is_empty() {
            return Ok(Next::End);
        }
        let schema = self.schema_of(&self.wanted)?;
        let levels: Vec<Buffers> = columns.into_iter().map(TextBuilder::finish).collect::<Result<_, _>>()?;
        let made: Vec<Column> =
            (0u32..).zip(&levels).map(|(number, level)| Column::of(&schema.tree(number), &[level.clone()])).collect::<Result<_, _>>()?;
        let batch = Batch::of(&schema, rows as u32, &made.iter().collect::<Vec<_>>())?;
        Ok(Next::Chunk(Chunk { bad, ..Chunk::new(batch, first_row) }))
    }
}

/// The pairs of a line.
fn pairs(line: &str) -> Result<Vec<(&str, &str)>, Failure> {
    line.split_whitespace()
        .map(|pair| {
            let wrong = || Failure::invalid_input("no-pair", format!("`{pair}` is no key=value")).with_help("write key=value");
            pair.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(wrong)
        })
        .collect()
}

/// The rows of an output.
struct Pairs<W> {
    names: Vec<String>,
    output: W,
}

impl<W: Write> Writer for Pairs<W> {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut columns = Vec::new();
        for number in 0..self.names.len() as u32 {
            columns.push(batch.column_at(number)?.cast("utf8")?.buffers()?);
        }
        let mut text = String::new();
        for row in 0..batch.rows() as usize {
            let mut pairs = Vec::new();
            for (name, column) in self.names.iter().zip(&columns) {
                let Some(value) = column.text(row) else { continue };
                if value.contains(char::is_whitespace) {
                    let message = format!("`{value}` has blanks, which separate pairs");
                    return Err(Failure::invalid_input("blank", message).with_row(row as u64).with_column(name));
                }
                pairs.push(format!("{name}={value}"));
            }
            text.push_str(&pairs.join(" "));
            text.push('\n');
        }
        Ok(self.output.write_all(text.as_bytes())?)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.output.flush()?)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_pairs() {
        assert_eq!(pairs("a=1 b=x=y\n").unwrap(), [("a", "1"), ("b", "x=y")]);
        assert_eq!(pairs("a").unwrap_err().code, "no-pair");
    }
}

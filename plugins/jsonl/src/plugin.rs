//! The plugin itself: what stands between the format's own code and the host.

use crate::assembly::Block;
use crate::detect;
use crate::options::Options;
use crate::reader::{Read, Reader, Rows};
use jackfield_sdk::{Batch, Candidate, Chunk, Demand, Failure, Format, Next, Params, Schema, Sink, Source};
use jackfield_values::types::Type;
use jackfield_values::view::View;
use jackfield_values::{host, json};

/// The formats `jsonl` and `json`.
struct Json;

jackfield_sdk::export_format!(Json);

fn rows(format: &str) -> Rows {
    if format == "json" { Rows::Elements } else { Rows::Lines }
}

impl Format for Json {
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
        detect::candidates(name, head)
    }

    fn reader(
        format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        let options = Options::parse(&options)?;
        let pull = Box::new(move |most| input.read(most));
        Ok(Box::new(JsonReader { reader: Reader::new(rows(format), options, demand, pull), schema: None }))
    }

    fn writer(
        format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        Options::parse(&options)?;
        let rows = rows(format);
        if rows == Rows::Elements && output.position() > 0 {
            let failure = Failure::invalid_config("not-supported", "nothing can be put behind the end of a JSON array");
            return Err(failure.with_help("write it as jsonl, or leave `if-exists = \"append\"` out"));
        }
        let columns = host::types(&schema)?;
        let frame = match rows {
            Rows::Lines => LINES,
            Rows::Elements => ARRAY,
        };
        let keys = keys(&columns);
        Ok(Box::new(JsonWriter { columns, keys, frame, any: false, output, out: Vec::new() }))
    }
}

struct JsonReader {
    reader: Reader,
    /// The schema of what is in demand.
    schema: Option<(Schema, Vec<Type>)>,
}

impl JsonReader {
    fn wanted(&mut self) -> Result<&(Schema, Vec<Type>), Failure> {
        if self.schema.is_none() {
            let wanted = self.reader.wanted()?.to_vec();
            let columns = self.reader.columns()?;
            let columns: Vec<&(String, Type)> = wanted.iter().filter_map(|index| columns.get(*index)).collect();
            let types = columns.iter().map(|(_, of)| of.clone()).collect();
            self.schema = Some((host::schema(columns.iter().map(|(name, of)| (name.as_str(), of))), types));
        }
        self.schema.as_ref().ok_or_else(|| Failure::internal("there is no schema"))
    }

    fn chunk(&mut self, block: Block) -> Result<Chunk, Failure> {
        let (schema, types) = self.wanted()?;
        let mut chunk = Chunk::new(host::batch(schema, types, block.rows, block.columns)?, block.first_record);
        chunk.rows = block.records.map(|numbers| host::numbers(&numbers)).transpose()?;
        chunk.bad = block.bad;
        Ok(chunk)
    }
}

impl jackfield_sdk::Reader for JsonReader {
    fn schema(&mut self) -> Result<Schema, Failure> {
        Ok(host::schema(self.reader.columns()?.iter().map(|(name, of)| (name.as_str(), of))))
    }

    fn next(&mut self) -> Result<Next, Failure> {
        Ok(match self.reader.next()? {
            Read::Block(block) => Next::Chunk(self.chunk(block)?),
            Read::Pause => Next::Pause,
            Read::End => Next::End,
        })
    }
}

/// What stands around and between the rows.
#[derive(Clone, Copy)]
struct Frame {
    before_first: &'static str,
    before_others: &'static str,
    behind_each: &'static str,
    behind_last: &'static str,
    /// Instead of all, where there are no rows.
    empty: &'static str,
}

const LINES: Frame = Frame { before_first: "", before_others: "", behind_each: "\n", behind_last: "", empty: "" };
const ARRAY: Frame =
    Frame { before_first: "[\n", before_others: ",\n", behind_each: "", behind_last: "\n]\n", empty: "[]\n" };

struct JsonWriter {
    columns: Vec<(String, Type)>,
    /// What stands before each column's value: `{"a":`, `,"b":`.
    keys: Vec<Vec<u8>>,
    frame: Frame,
    /// Whether any row was written.
    any: bool,
    output: Sink,
    out: Vec<u8>,
}

/// Bytes that are gathered before they go to the host.
const PIECE: usize = 256 << 10;

fn keys(columns: &[(String, Type)]) -> Vec<Vec<u8>> {
    let key = |(at, (name, _)): (usize, &(String, Type))| {
        let mut key = vec![if at == 0 { b'{' } else { b',' }];
        json::write_string(&mut key, name.as_bytes());
        key.push(b':');
        key
    };
    columns.iter().enumerate().map(key).collect()
}

/// Appends a row as an object.
#[inline]
fn write_row(out: &mut Vec<u8>, keys: &[Vec<u8>], views: &[(String, View)], row: usize) {
    for (key, (_, view)) in keys.iter().zip(views) {
        out.extend_from_slice(key);
        json::write(out, view, row);
    }
    out.extend_from_slice(if keys.is_empty() { b"{}" } else { b"}" });
}

impl JsonWriter {
    fn hand_over(&mut self) -> Result<(), Failure> {
        if !self.out.is_empty() {
            self.output.write(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }
}

impl jackfield_sdk::Writer for JsonWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let views = host::views(batch, &self.columns)?;
        for row in 0..batch.rows() as usize {
            let before = if self.any { self.frame.before_others } else { self.frame.before_first };
            self.any = true;
            self.out.extend_from_slice(before.as_bytes());
            write_row(&mut self.out, &self.keys, &views, row);
            self.out.extend_from_slice(self.frame.behind_each.as_bytes());
            if self.out.len() >= PIECE {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.hand_over()?;
        self.output.flush()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let end = if self.any { self.frame.behind_last } else { self.frame.empty };
        self.out.extend_from_slice(end.as_bytes());
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_values::build::Column;

    #[test]
    fn rows_become_objects() {
        let of = Type::parse("int64").unwrap();
        let mut column = Column::new(&of);
        column.push_text(b"5");
        column.push_null();
        let view = View::new(&of, &mut column.finish().into_iter()).unwrap();
        let columns = [("a\"".to_owned(), of.clone()), ("é".to_owned(), of)];
        let views = [("a".to_owned(), view.clone()), ("b".to_owned(), view)];
        let mut out = Vec::new();
        write_row(&mut out, &keys(&columns), &views, 0);
        write_row(&mut out, &keys(&columns), &views, 1);
        write_row(&mut out, &[], &[], 2);
        assert_eq!(String::from_utf8(out).unwrap(), "{\"a\\\"\":5,\"é\":5}{\"a\\\"\":null,\"é\":null}{}");
    }
}

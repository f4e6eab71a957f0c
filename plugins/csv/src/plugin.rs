//! The plugin itself: what stands between the format's own code and the host.

use crate::assembly::Block;
use crate::detect;
use crate::infer::Stray;
use crate::options::{ReadOptions, WriteOptions};
use crate::reader::{Read, Reader};
use crate::write::Text;
use crate::write::blocks::{self, Blocks};
use jackfield_sdk::{Batch, Candidate, Chunk, Demand, Failure, Format, Next, Params, Schema, Sink, Source};
use jackfield_values::types::Type;
use jackfield_values::view::View;
use jackfield_values::{host, number};

/// The formats `csv` and `tsv`.
struct Csv;

jackfield_sdk::export_format!(Csv);

impl Format for Csv {
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
        detect::candidates(name, head)
    }

    fn reader(
        format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        let options = ReadOptions::parse(format, &options)?;
        let pull = Box::new(move |most| input.read(most));
        Ok(Box::new(CsvReader { reader: Reader::new(options, demand, pull), schema: None }))
    }

    fn writer(
        format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        let text = Text::new(WriteOptions::parse(format, &options)?);
        let columns = host::types(&schema)?;
        let mut out = Vec::new();
        if output.position() == 0 {
            text.header(&mut out, columns.iter().map(|(name, _)| name.as_str()))?;
        }
        Ok(Box::new(CsvWriter { text, columns, output, out, blocks: Blocks::default() }))
    }
}

struct CsvReader {
    reader: Reader,
    /// The schema of what is in demand.
    schema: Option<(Schema, Vec<Type>)>,
}

impl CsvReader {
    fn demanded(&mut self) -> Result<&(Schema, Vec<Type>), Failure> {
        if self.schema.is_none() {
            let wanted = self.reader.demanded()?;
            let (names, types) = self.reader.columns()?;
            let columns: Vec<(&str, &Type)> =
                wanted.iter().filter_map(|index| Some((names.get(*index)?.as_str(), types.get(*index)?))).collect();
            let types = columns.iter().map(|(_, of)| (*of).clone()).collect();
            self.schema = Some((host::schema(columns), types));
        }
        self.schema.as_ref().ok_or_else(|| Failure::internal("there is no schema"))
    }

    fn chunk(&mut self, block: Block) -> Result<Chunk, Failure> {
        let (schema, types) = self.demanded()?;
        let mut chunk = Chunk::new(host::batch(schema, types, block.rows, block.columns)?, block.first_record);
        chunk.rows = block.records.map(|numbers| host::numbers(&numbers)).transpose()?;
        chunk.bad = block.bad;
        Ok(chunk)
    }
}

impl jackfield_sdk::Reader for CsvReader {
    fn schema(&mut self) -> Result<Schema, Failure> {
        let (names, types) = self.reader.columns()?;
        let mut schema = host::schema(names.iter().map(String::as_str).zip(types));
        for (root, stray) in schema.columns.clone().into_iter().zip(self.reader.strays()?) {
            if let (Some(field), Some(stray)) = (schema.fields.get_mut(root as usize), stray) {
                field.metadata = explained(stray);
            }
        }
        Ok(schema)
    }

    fn next(&mut self) -> Result<Next, Failure> {
        Ok(match self.reader.next()? {
            Read::Block(block) => Next::Chunk(self.chunk(block)?),
            Read::Pause => Next::Pause,
            Read::End => Next::End,
        })
    }
}

/// What to say where somebody stumbles over a column that is text because of one value.
fn explained(stray: &Stray) -> Vec<(String, String)> {
    let Stray { line, value, others } = stray;
    let others = Type::from(others.clone()).name();
    let quoted = serde_json::Value::from(value.as_str());
    let note = format!("line {line} has `{value}`");
    let bare = value.trim();
    let is_number = bare.len() < value.len() && number::parse_f64(bare.as_bytes()).is_some();
    let is_whole = number::parse_i64(bare.as_bytes()).is_some();
    // Such as 1,5: a comma before the fraction.
    let has_comma = number::parse_f64(bare.replacen(',', ".", 1).as_bytes()).is_some() && bare.contains(',');
    let (option, others) = match (is_number, is_whole) {
        (false, _) if has_comma => ("decimal = \",\"".to_owned(), "float64".to_owned()),
        (false, _) => (format!("null-values = [{quoted}]"), others),
        (true, true) => ("trim = true".to_owned(), others),
        (true, false) => ("trim = true".to_owned(), "float64".to_owned()),
    };
    let help = format!("say options = {{ {option} }} for the source, so that the column is {others}");
    vec![("jackfield:note".to_owned(), note), ("jackfield:help".to_owned(), help)]
}

struct CsvWriter {
    text: Text,
    columns: Vec<(String, Type)>,
    output: Sink,
    out: Vec<u8>,
    blocks: Blocks,
}

/// Bytes that are gathered before they go to the host.
const PIECE: usize = 256 << 10;

impl CsvWriter {
    fn hand_over(&mut self) -> Result<(), Failure> {
        if !self.out.is_empty() {
            self.output.write(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }
}

impl jackfield_sdk::Writer for CsvWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let columns: Vec<(String, View)> = host::views(batch, &self.columns)?;
        if self.text.in_blocks() {
            let rows = batch.rows() as usize;
            for from in (0..rows).step_by(blocks::ROWS) {
                self.blocks.write(&self.text, &mut self.out, &columns, from, (from + blocks::ROWS).min(rows))?;
                if self.out.len() >= PIECE {
                    self.hand_over()?;
                }
            }
            return Ok(());
        }
        for row in 0..batch.rows() as usize {
            self.text.row(&mut self.out, &columns, row).map_err(|failure| failure.with_row(row as u64))?;
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
        self.flush()
    }
}

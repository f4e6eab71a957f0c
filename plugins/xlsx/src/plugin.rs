//! The plugin itself: what stands between the format's own code and the host.

use crate::options::Options;
use crate::reader::Reader;
use crate::source::Bytes;
use jackfield_sdk::{Candidate, Chunk, Demand, Failure, Format, Next, Params, Schema, Sink, Source};
use jackfield_values::host;
use jackfield_values::types::Type;

/// The format `xlsx`.
struct Workbook;

jackfield_sdk::export_format!(Workbook);

impl Format for Workbook {
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
        let of = |confidence, reason: String| vec![Candidate { format: "xlsx".to_owned(), confidence, reason }];
        let archive = head.starts_with(b"PK\x03\x04");
        let holds = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
        if archive
            && (holds(b"xl/workbook.xml") || holds(b"xl/worksheets") || holds(b"[Content_Types].xml") && holds(b"xl/"))
        {
            return of(95, "it is an archive with sheets".to_owned());
        }
        let extension =
            name.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some(ending @ ("xlsx" | "xlsm")) => {
                of(if archive || head.is_empty() { 90 } else { 50 }, format!("the name ends in .{ending}"))
            }
            _ => Vec::new(),
        }
    }

    fn reader(
        _format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        let options = Options::parse(&options)?;
        Ok(Box::new(SheetReader { reader: Reader::new(Bytes::new(input)?, options, demand), schema: None }))
    }

    fn writer(
        _format: &str,
        _options: Params,
        _schema: Schema,
        _output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        Err(Failure::invalid_config("not-supported", "workbooks are only read, not written")
            .with_help("write csv, which spreadsheet programs open, or another format"))
    }
}

struct SheetReader {
    reader: Reader,
    /// The schema of what is in demand.
    schema: Option<(Schema, Vec<Type>)>,
}

impl SheetReader {
    fn wanted(&mut self) -> Result<&(Schema, Vec<Type>), Failure> {
        if self.schema.is_none() {
            let columns = self.reader.wanted()?;
            let types = columns.iter().map(|(_, of)| of.clone()).collect();
            self.schema = Some((host::schema(columns.iter().map(|(name, of)| (name.as_str(), of))), types));
        }
        self.schema.as_ref().ok_or_else(|| Failure::internal("there is no schema"))
    }
}

impl jackfield_sdk::Reader for SheetReader {
    fn schema(&mut self) -> Result<Schema, Failure> {
        Ok(host::schema(self.reader.columns()?.iter().map(|(name, of)| (name.as_str(), of))))
    }

    fn next(&mut self) -> Result<Next, Failure> {
        let Some(block) = self.reader.next()? else { return Ok(Next::End) };
        let (schema, types) = self.wanted()?;
        let mut chunk = Chunk::new(host::batch(schema, types, block.rows, block.columns)?, block.first_record);
        chunk.rows = block.records.map(|numbers| host::numbers(&numbers)).transpose()?;
        chunk.bad = block.bad;
        Ok(Next::Chunk(chunk))
    }
}

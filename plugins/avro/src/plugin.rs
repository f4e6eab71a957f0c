//! The plugin itself: what stands between the format's own code and the host.

use crate::block::Compression;
use crate::container::MAGIC;
use crate::encode::{long, nullable, sized};
use crate::options::Options;
use crate::reader::{Read, Reader, Rows};
use crate::{detect, shape};
use jackfield_kit::recast::{self, Records, Told};
use jackfield_sdk::{Batch, Candidate, Chunk, Demand, Failure, Format, Next, Params, Schema, Sink, Source};
use jackfield_values::host;
use jackfield_values::types::Type;

/// The format `avro`.
struct Avro;

jackfield_sdk::export_format!(Avro);

impl Format for Avro {
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
        detect::candidates(name, head)
    }

    fn reader(
        _format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        let options = Options::parse(&options)?;
        let reader = Reader::new(demand, Box::new(move |most| input.read(most)));
        Ok(Box::new(AvroReader { reader, options, columns: None }))
    }

    fn writer(
        _format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        let options = Options::parse(&options)?;
        if output.position() > 0 {
            let failure = Failure::invalid_config("not-supported", "nothing can be put behind the end of an Avro file");
            return Err(failure.with_help("leave `if-exists = \"append\"` out"));
        }
        let columns = host::types(&schema)?;
        let schema = shape::of(&columns)?.to_string();
        let compression = options.compression.unwrap_or_default();
        let marker = marker(&schema);
        output.write(&header(&schema, compression, &marker))?;
        Ok(Box::new(Writer { columns, compression, marker, output, block: Vec::new(), count: 0 }))
    }
}

struct AvroReader {
    reader: Reader,
    options: Options,
    /// All columns, each with the type that the pipeline tells, if that is another.
    columns: Option<Vec<Told>>,
}

impl AvroReader {
    fn columns(&mut self) -> Result<&[Told], Failure> {
        if self.columns.is_none() {
            let columns = self.reader.columns()?;
            let told =
                columns.iter().map(|(name, of)| Told::new(host::tree(name, of), &of.name(), &self.options.schema.0));
            self.columns = Some(told.collect::<Result<_, _>>()?);
        }
        Ok(self.columns.as_deref().unwrap_or_default())
    }

    fn chunk(&mut self, rows: Rows) -> Result<Chunk, Failure> {
        let wanted = self.reader.wanted()?;
        let columns = self.columns()?;
        let mut made = Vec::with_capacity(wanted.len());
        for (at, levels) in wanted.into_iter().zip(rows.columns) {
            let told = columns.get(at).ok_or_else(|| Failure::internal("a column that is not there"))?;
            made.push((told, host::column(told.own(), levels)?));
        }
        let records = Records { first: rows.first_record, all: rows.records.as_deref() };
        recast::chunk(made, rows.rows as u32, records, rows.bad)
    }
}

impl jackfield_sdk::Reader for AvroReader {
    fn schema(&mut self) -> Result<Schema, Failure> {
        Ok(Schema::of(self.columns()?.iter().map(|told| told.tree().to_vec())))
    }

    fn next(&mut self) -> Result<Next, Failure> {
        Ok(match self.reader.next()? {
            Read::Rows(rows) => Next::Chunk(self.chunk(rows)?),
            Read::Pause => Next::Pause,
            Read::End => Next::End,
        })
    }
}

/// Bytes of records that make a block.
const BLOCK: usize = 256 << 10;

struct Writer {
    columns: Vec<(String, Type)>,
    compression: Compression,
    marker: [u8; 16],
    output: Sink,
    block: Vec<u8>,
    count: i64,
}

/// What stands behind each block. It has to be unlikely in data; a sandbox has nothing random, so it follows from the schema.
fn marker(schema: &str) -> [u8; 16] {
    let mut marker = [0; 16];
    for (number, half) in marker.chunks_exact_mut(8).enumerate() {
        let start = 0xcbf2_9ce4_8422_2325u64 ^ (number as u64) << 32;
        let hash = schema.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        half.copy_from_slice(&hash.to_le_bytes());
    }
    marker
}

fn header(schema: &str, compression: Compression, marker: &[u8; 16]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    long(&mut out, 2);
    sized(&mut out, b"avro.schema");
    sized(&mut out, schema.as_bytes());
    sized(&mut out, b"avro.codec");
    sized(&mut out, compression.name().as_bytes());
    long(&mut out, 0);
    out.extend_from_slice(marker);
    out
}

impl Writer {
    fn end_block(&mut self) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        let bytes = self.compression.compress(&self.block)?;
        let mut out = Vec::with_capacity(bytes.len() + 36);
        long(&mut out, self.count);
        sized(&mut out, &bytes);
        out.extend_from_slice(&self.marker);
        self.output.write(&out)?;
        self.block.clear();
        self.count = 0;
        Ok(())
    }
}

impl jackfield_sdk::Writer for Writer {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let views = host::views(batch, &self.columns)?;
        for row in 0..batch.rows() as usize {
            for (name, view) in &views {
                nullable(&mut self.block, view, row)
                    .map_err(|failure| failure.with_row(row as u64).with_column(name))?;
            }
            self.count += 1;
            if self.block.len() >= BLOCK || self.count >= 1 << 20 {
                self.end_block()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.end_block()?;
        self.output.flush()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.flush()
    }
}

//! The plugin itself: what stands between the format's own code and the host.

use crate::input::File;
use crate::options::Options;
use crate::reader::Reader;
use crate::write::Writer;
use jackfield_arrays::Taken;
use jackfield_arrays::reading::Chunked;
use jackfield_sdk::{Batch, Candidate, Demand, Failure, FailureKind, Format, Params, Schema, Sink, SinkWriter, Source};
use std::io::Write;

/// The format `parquet`.
struct Parquet;

jackfield_sdk::export_format!(Parquet);

impl Format for Parquet {
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
        candidates(name, head)
    }

    fn reader(
        _format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        let options = Options::parse(&options)?;
        Ok(Box::new(Chunked::new(Reader::open(file(input)?, &options.schema, &demand)?)))
    }

    fn writer(
        _format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        let options = Options::parse(&options)?;
        if output.position() > 0 {
            let message = "nothing can be appended to a parquet file: its end describes the whole";
            return Err(Failure::invalid_config("not-supported", message)
                .with_help("say if-exists = \"replace\", or write a file of its own"));
        }
        let taken = Taken::new(&schema)?;
        let writer = Writer::new(SinkWriter::new(output), taken.schema(), &options)?;
        Ok(Box::new(ParquetWriter { taken, writer }))
    }
}

/// A file's end is read first, so all of it has to be there.
fn file(input: Source) -> Result<File, Failure> {
    if input.size().is_none() {
        // The host puts a stream aside when somebody asks for a place in it.
        input.read_at(0, 4).map_err(|failure| match failure.kind {
            FailureKind::Unavailable if failure.code == "no-random-access" => {
                let message = "a parquet file is read from its end, and this is a stream without one";
                Failure::unavailable("no-random-access", message).with_help("read it from a file")
            }
            _ => failure,
        })?;
    }
    let size = input.size().ok_or_else(|| Failure::internal("the host does not say how large the file is"))?;
    Ok(File::new(size, Box::new(move |at, most| input.read_at(at, most))))
}

fn candidates(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
    let of = |confidence, reason: &str| {
        vec![Candidate { format: "parquet".to_owned(), confidence, reason: reason.to_owned() }]
    };
    let named = name
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(_, ending)| ["parquet", "pq"].iter().any(|known| known.eq_ignore_ascii_case(ending)));
    match (head.starts_with(b"PAR1") || head.starts_with(b"PARE"), named) {
        (true, _) => of(100, "it begins with PAR1"),
        (false, true) => of(50, "the name ends in .parquet"),
        (false, false) => Vec::new(),
    }
}

struct ParquetWriter {
    taken: Taken,
    writer: Writer<SinkWriter>,
}

impl jackfield_sdk::Writer for ParquetWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.writer.write(&self.taken.batch(batch)?)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.writer.finish()?.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_content() {
        let confidence = |name, head: &[u8]| candidates(name, head).first().map(|c| c.confidence);
        assert_eq!(confidence(Some("x"), b"PAR1\x15"), Some(100));
        assert_eq!(confidence(Some("a.Parquet"), b"a,b"), Some(50));
        assert_eq!(confidence(Some("a.csv"), b"a,b"), None);
    }
}

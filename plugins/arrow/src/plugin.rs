//! The plugin itself: what stands between the format's own code and the host.

use crate::input::{Bytes, Input};
use crate::options::Options;
use crate::reader::Reader;
use crate::write::Writer;
use jackfield_arrays::Taken;
use jackfield_arrays::reading::Chunked;
use jackfield_sdk::{Batch, Candidate, Demand, Failure, Format, Params, Piece, Schema, Sink, SinkWriter, Source};

/// The format `arrow-ipc`.
struct ArrowIpc;

jackfield_sdk::export_format!(ArrowIpc);

impl Format for ArrowIpc {
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
        let input = Input::new(Box::new(Held(input)));
        Ok(Box::new(Chunked::new(Reader::open(input, &options.schema, &demand)?)))
    }

    fn writer(
        _format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        let options = Options::parse(&options)?;
        if output.position() > 0 {
            let message =
                "nothing can be appended to Arrow IPC: its schema stands in front, and a file ends with what it holds";
            return Err(Failure::invalid_config("not-supported", message)
                .with_help("say if-exists = \"replace\", or write a file of its own"));
        }
        let taken = Taken::new(&schema)?;
        let writer = Writer::new(SinkWriter::new(output), taken.schema(), options.kind)?;
        Ok(Box::new(ArrowWriter { taken, writer }))
    }
}

/// The host's source.
struct Held(Source);

impl Bytes for Held {
    fn pull(&mut self, most: u32) -> Result<Piece, Failure> {
        self.0.read(most.max(8))
    }

    fn size(&mut self) -> Result<u64, Failure> {
        if self.0.size().is_none() {
            // The host puts a stream aside when somebody asks for a place in it.
            self.0.read_at(0, 4)?;
        }
        self.0.size().ok_or_else(|| Failure::internal("the host does not say how large the file is"))
    }

    fn read_at(&mut self, offset: u64, most: u32) -> Result<Vec<u8>, Failure> {
        self.0.read_at(offset, most)
    }
}

fn candidates(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
    let of = |confidence, reason: &str| {
        vec![Candidate { format: "arrow-ipc".to_owned(), confidence, reason: reason.to_owned() }]
    };
    let named = name.and_then(|name| name.rsplit_once('.')).is_some_and(|(_, ending)| {
        ["arrow", "arrows", "feather", "ipc"].iter().any(|known| known.eq_ignore_ascii_case(ending))
    });
    if head.starts_with(b"ARROW1") {
        return of(100, "it begins with ARROW1");
    }
    if head.starts_with(b"FEA1") {
        return of(95, "it begins like Feather of version 1");
    }
    if is_message(head) {
        return of(95, "it begins with a message of an Arrow stream");
    }
    if named { of(50, "the name says so") } else { Vec::new() }
}

/// The marker, a length of a reasonable size, and a flatbuffer's offset to its root.
fn is_message(head: &[u8]) -> bool {
    let number = |at: usize| {
        head.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_le_bytes(*bytes))
    };
    let (Some(marker), Some(length), Some(root)) = (number(0), number(4), number(8)) else { return false };
    marker == u32::MAX && (16..1 << 24).contains(&length) && root >= 4 && root < length
}

struct ArrowWriter {
    taken: Taken,
    writer: Writer<SinkWriter>,
}

impl jackfield_sdk::Writer for ArrowWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.writer.write(&self.taken.batch(batch)?)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_content() {
        let confidence = |name, head: &[u8]| candidates(name, head).first().map(|c| c.confidence);
        assert_eq!(confidence(Some("x"), b"ARROW1\0\0"), Some(100));
        assert_eq!(confidence(Some("x"), b"\xff\xff\xff\xff\x80\0\0\0\x10\0\0\0"), Some(95));
        assert_eq!(confidence(Some("x"), b"\xff\xff\xff\xff\xff\xff\xff\xff\x10\0\0\0"), None);
        assert_eq!(confidence(Some("a.feather"), b"a,b"), Some(50));
        assert_eq!(confidence(Some("a.csv"), b"a,b"), None);
    }
}

//! The plugin itself: what stands between the formats' own code and the host.

use crate::access::fitting;
use crate::access_write::Text;
use crate::logfmt::Logfmt;
use crate::options::{self, Access};
use crate::pattern::Pattern;
use crate::{detect, logfmt_write};
use jackfield_lines::LineReader;
use jackfield_lines::feed::Pull;
use jackfield_lines::plugin::Output;
use jackfield_sdk::{Batch, Candidate, Demand, Failure, Format, Params, Piece, Schema, Sink, Source};
use jackfield_values::host;
use jackfield_values::types::Type;

/// The formats `logfmt` and `apache`.
struct Logs;

jackfield_sdk::export_format!(Logs);

impl Format for Logs {
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
        detect::candidates(name, head)
    }

    fn reader(
        format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        if format == "logfmt" {
            let options = options::logfmt(&options)?;
            return Ok(Box::new(LineReader::new(Logfmt, options, demand, Box::new(move |most| input.read(most)))));
        }
        let Access { pattern, split, reading } = Access::parse(&options)?;
        let (pattern, pull): (Pattern, Pull) = match pattern {
            Some(pattern) => (pattern, Box::new(move |most| input.read(most))),
            None => {
                let (line, pull) = first_line(input)?;
                (fitting(&line, split).map_or_else(|| combined(split), Ok)?, pull)
            }
        };
        Ok(Box::new(LineReader::new(pattern, reading, demand, pull)))
    }

    fn writer(
        format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        let columns = host::types(&schema)?;
        let text = if format == "logfmt" {
            options::logfmt(&options)?;
            logfmt_write::check(&columns)?;
            None
        } else {
            let Access { pattern, split, .. } = Access::parse(&options)?;
            Some(Text::new(pattern.map_or_else(|| combined(split), Ok)?, &columns)?)
        };
        Ok(Box::new(Writer { text, columns, output: Output::new(output) }))
    }
}

fn combined(split: bool) -> Result<Pattern, Failure> {
    Pattern::parse("combined", split).map_err(|(_, wrong)| Failure::internal(wrong))
}

/// So many bytes are looked at for the end of the first line.
const HEAD: usize = 64 << 10;

/// The first line that is not blank, and the source as it was before.
fn first_line(input: Source) -> Result<(Vec<u8>, Pull), Failure> {
    let mut head: Vec<u8> = Vec::new();
    let has_line = |head: &[u8]| head.trim_ascii_start().contains(&b'\n');
    while head.len() < HEAD && !has_line(&head) {
        match input.read(HEAD as u32)? {
            Piece::Data(bytes) => head.extend_from_slice(&bytes),
            Piece::Pause | Piece::End => break,
        }
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end().to_vec();
    let mut head = Some(head).filter(|head| !head.is_empty());
    Ok((line, Box::new(move |most| head.take().map_or_else(|| input.read(most), |head| Ok(Piece::Data(head))))))
}

struct Writer {
    /// How lines of an access log are made; `None` for logfmt.
    text: Option<Text>,
    columns: Vec<(String, Type)>,
    output: Output,
}

impl jackfield_sdk::Writer for Writer {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let views = host::views(batch, &self.columns)?;
        for row in 0..batch.rows() as usize {
            let out = &mut self.output.text;
            match &self.text {
                Some(text) => text.row(out, &views, row).map_err(|failure| failure.with_row(row as u64))?,
                None => logfmt_write::row(out, &views, row),
            }
            self.output.settle()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }
}

//! The plugin itself: what stands between the format's own code and the host.

use crate::layout::Fixed;
use crate::options::Options;
use crate::write::Text;
use jackfield_lines::LineReader;
use jackfield_lines::plugin::Output;
use jackfield_sdk::{Batch, Candidate, Demand, Failure, Format, Params, Schema, Sink, Source};
use jackfield_values::host;
use jackfield_values::types::Type;

/// The format `fixed-width`.
struct FixedWidth;

jackfield_sdk::export_format!(FixedWidth);

impl Format for FixedWidth {
    fn detect(name: Option<&str>, _head: &[u8]) -> Vec<Candidate> {
        // Nothing in a text says that its columns are fixed.
        let named = name.is_some_and(|name| name.to_ascii_lowercase().ends_with(".fwf"));
        let candidate =
            Candidate { format: "fixed-width".to_owned(), confidence: 90, reason: "the name ends in .fwf".to_owned() };
        if named { vec![candidate] } else { Vec::new() }
    }

    fn reader(
        _format: &str,
        options: Params,
        input: Source,
        demand: Demand,
    ) -> Result<Box<dyn jackfield_sdk::Reader>, Failure> {
        let options = Options::parse(&options)?;
        let reading = options.reading.clone();
        Ok(Box::new(LineReader::new(Fixed(options), reading, demand, Box::new(move |most| input.read(most)))))
    }

    fn writer(
        _format: &str,
        options: Params,
        schema: Schema,
        output: Sink,
    ) -> Result<Box<dyn jackfield_sdk::Writer>, Failure> {
        let columns = host::types(&schema)?;
        let text = Text::new(Options::parse(&options)?, &columns)?;
        Ok(Box::new(Writer { text, columns, output: Output::new(output) }))
    }
}

struct Writer {
    text: Text,
    columns: Vec<(String, Type)>,
    output: Output,
}

impl jackfield_sdk::Writer for Writer {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let views = host::views(batch, &self.columns)?;
        for row in 0..batch.rows() as usize {
            let written = self.text.row(&mut self.output.text, &views, row);
            written.map_err(|failure| failure.with_row(row as u64))?;
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

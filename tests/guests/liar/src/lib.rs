//! Exports a codec and nothing else, whatever the manifest says.

use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::Read;

struct Honest;

impl Codec for Honest {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(input))
    }
    fn encoder(_codec: &str, _options: Params, _output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        Err(Failure::invalid_config("unsupported", "this codec only reads"))
    }
}

jackfield_sdk::export_codec!(Honest);

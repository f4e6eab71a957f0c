//! Phonetic keys of names, and base64.

mod base64;
mod keys;
mod node;

use std::io::Read;

use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};

use node::Phonetic;

/// The plugin's codec.
struct Base64;

impl Codec for Base64 {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(base64::Decoder::new(input)))
    }

    fn encoder(_codec: &str, _options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        Ok(Box::new(base64::Encoder::new(output)))
    }
}

jackfield_sdk::nodes! { "phonetic" => Phonetic }
jackfield_sdk::export_codec!(Base64);

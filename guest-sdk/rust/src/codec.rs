//! Codecs: ordinary code over `std::io`.
//!
//! ```no_run
//! use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
//! use std::io::{self, Read, Write};
//!
//! struct Rot13;
//! struct Turned<T>(T);
//!
//! fn turn(bytes: &mut [u8]) {
//!     for byte in bytes {
//!         *byte = match byte { b'a'..=b'm' | b'A'..=b'M' => *byte + 13, b'n'..=b'z' | b'N'..=b'Z' => *byte - 13, _ => *byte };
//!     }
//! }
//! impl<T: Read> Read for Turned<T> {
//!     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
//!         let count = self.0.read(buffer)?;
//!         turn(&mut buffer[..count]);
//!         Ok(count)
//!     }
//! }
//! impl<T: Write> Write for Turned<T> {
//!     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//!         let mut bytes = bytes.to_vec();
//!         turn(&mut bytes);
//!         self.0.write(&bytes)
//!     }
//!     fn flush(&mut self) -> io::Result<()> { self.0.flush() }
//! }
//! impl<T: Write> Encode for Turned<T> {
//!     fn finish(mut self: Box<Self>) -> io::Result<()> { self.flush() }
//! }
//! impl Codec for Rot13 {
//!     fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
//!         Ok(Box::new(Turned(input)))
//!     }
//!     fn encoder(_codec: &str, _options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
//!         Ok(Box::new(Turned(output)))
//!     }
//! }
//!
//! jackfield_sdk::export_codec!(Rot13);
//! ```

use crate::bindings::codec::exports::jackfield::plugin::codec as wit;
use crate::{Failure, Params, Piece, Sink, SinkWriter, Source, SourceReader};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::marker::PhantomData;

/// The most that is handed out at a time, in bytes, whatever the host asks for.
const MOST: usize = 16 << 20;

/// A plugin's codecs. Name the type in [`export_codec!`](crate::export_codec).
pub trait Codec: 'static {
    /// The decompressed bytes of `input`. `codec` is the id in the manifest.
    ///
    /// # Errors
    /// What is wrong with the options.
    fn decoder(codec: &str, options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure>;

    /// A writer that compresses to `output`.
    ///
    /// # Errors
    /// What is wrong with the options.
    fn encoder(codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure>;
}

/// A compressing writer.
pub trait Encode: Write {
    /// Writes what is left, with the trailer, and hands it on.
    ///
    /// # Errors
    /// What the output said.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Exports the codecs of a type that implements [`Codec`].
#[macro_export]
macro_rules! export_codec {
    ($codec:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::codec::Exported<$codec>;
    $crate::bindings::codec::export_world!(Exported with_types_in $crate::bindings::codec);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::codec::implemented::<$codec>();
    };
}

#[doc(hidden)]
pub const fn implemented<T: Codec>() {}

/// What [`export_codec!`](crate::export_codec) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<C>(PhantomData<C>);

#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Decoder<C>(RefCell<Box<dyn Read>>, PhantomData<C>);

#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Encoder<C>(RefCell<Option<Box<dyn Encode>>>, PhantomData<C>);

impl<C: Codec> wit::Guest for Exported<C> {
    type Decoder = Decoder<C>;
    type Encoder = Encoder<C>;
}

impl<C: Codec> wit::GuestDecoder for Decoder<C> {
    fn new(codec: String, options: String, input: Source) -> Result<Self, Failure> {
        let reader = C::decoder(&codec, Params::new(options), SourceReader::new(input))?;
        Ok(Decoder(RefCell::new(reader), PhantomData))
    }

    fn read(&self, max: u32) -> Result<Piece, Failure> {
        read_piece(self.0.borrow_mut().as_mut(), max)
    }
}

/// As many bytes as there are, up to `max`: large pieces keep the calls few.
fn read_piece(reader: &mut dyn Read, max: u32) -> Result<Piece, Failure> {
    let mut piece = vec![0; (max as usize).min(MOST)];
    let mut filled = 0;
    let mut paused = false;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                paused = true;
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    piece.truncate(filled);
    Ok(match (filled, paused) {
        (0, true) => Piece::Pause,
        (0, false) if max > 0 => Piece::End,
        _ => Piece::Data(piece),
    })
}

fn finished() -> Failure {
    Failure::internal("the encoder was finished already")
}

impl<C: Codec> wit::GuestEncoder for Encoder<C> {
    fn new(codec: String, options: String, output: Sink) -> Result<Self, Failure> {
        let encoder = C::encoder(&codec, Params::new(options), SinkWriter::new(output))?;
        Ok(Encoder(RefCell::new(Some(encoder)), PhantomData))
    }

    fn write(&self, data: Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.borrow_mut().as_mut().ok_or_else(finished)?.write_all(&data)?)
    }

    fn flush(&self) -> Result<(), Failure> {
        Ok(self.0.borrow_mut().as_mut().ok_or_else(finished)?.flush()?)
    }

    fn finish(&self) -> Result<(), Failure> {
        let encoder = self.0.borrow_mut().take().ok_or_else(finished)?;
        Ok(encoder.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its pieces one by one, `None` being a pause.
    struct Pieces(Vec<Option<&'static [u8]>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.pop() {
                None => Ok(0),
                Some(None) => Err(io::ErrorKind::WouldBlock.into()),
                Some(Some(mut bytes)) => bytes.read(buffer),
            }
        }
    }

    #[test]
    fn pieces_are_gathered_until_a_pause_and_until_the_end() {
        let mut reader = Pieces(vec![Some(b"three"), None, None, Some(b"two"), Some(b"one")]);
        assert!(matches!(read_piece(&mut reader, 100), Ok(Piece::Data(bytes)) if bytes == b"onetwo"));
        assert!(matches!(read_piece(&mut reader, 100), Ok(Piece::Pause)));
        assert!(matches!(read_piece(&mut reader, 100), Ok(Piece::Data(bytes)) if bytes == b"three"));
        assert!(matches!(read_piece(&mut reader, 100), Ok(Piece::End)));
    }
}

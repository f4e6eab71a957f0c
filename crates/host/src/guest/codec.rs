//! A running decoder or encoder of a compression codec.

use crate::{ByteSink, ByteSource, CallError, Component, Piece, StoreOptions, Usage};

/// A running decoder.
#[derive(Debug)]
pub struct Decoder {}

impl Decoder {
    /// Starts a decoder of `codec` with its options, a JSON object.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        codec: &str,
        options_json: &str,
        source: ByteSource,
    ) -> Result<Self, CallError> {
        todo!()
    }
    /// At most `max` bytes.
    pub async fn read(&mut self, max: u32) -> Result<Piece, CallError> {
        todo!()
    }
    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        todo!()
    }
}

/// A running encoder.
#[derive(Debug)]
pub struct Encoder {}

impl Encoder {
    /// Starts an encoder of `codec` with its options, a JSON object.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        codec: &str,
        options_json: &str,
        sink: ByteSink,
    ) -> Result<Self, CallError> {
        todo!()
    }
    /// Takes some bytes.
    pub async fn write(&mut self, data: Vec<u8>) -> Result<(), CallError> {
        todo!()
    }
    /// Hands on what it has kept back.
    pub async fn flush(&mut self) -> Result<(), CallError> {
        todo!()
    }
    /// Writes the end of the stream.
    pub async fn finish(&mut self) -> Result<(), CallError> {
        todo!()
    }
    /// Ends the encoder and gives the stream back.
    #[must_use]
    pub fn into_sink(self) -> Option<ByteSink> {
        todo!()
    }
    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        todo!()
    }
}

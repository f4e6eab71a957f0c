//! A running decoder or encoder of a compression codec.

use wasmtime::component::ResourceAny;

use super::lacks;
use crate::bindings::exports::jackfield::plugin::codec;
use crate::bindings::jackfield::plugin::streams;
use crate::session::Session;
use crate::{ByteSink, ByteSource, CallError, Component, Piece, StoreOptions, Usage};

/// A running decoder.
pub struct Decoder {
    session: Session,
    guest: codec::Guest,
    decoder: ResourceAny,
}

impl Decoder {
    /// Starts a decoder of `codec` with its options, a JSON object.
    ///
    /// # Errors
    /// What the plugin says of the options, or a fault.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        codec: &str,
        options_json: &str,
        source: ByteSource,
    ) -> Result<Self, CallError> {
        let (mut session, instance) = Session::open_with(component, options, Some(source), None).await?;
        let Some(indices) = component.codec() else { return Err(lacks(&mut session, "codec")) };
        let input = session.with_state(|state| state.source_handle())?;
        let (store, watch) = session.begin()?;
        let guest = indices.load(&mut *store, &instance);
        let outcome = match &guest {
            Ok(guest) => watch.run(guest.decoder().call_constructor(&mut *store, codec, options_json, input)).await,
            Err(error) => Ok(Err(wasmtime::format_err!("{error:#}"))),
        };
        let answer = session.settle(outcome)?;
        let decoder = session.answer(answer)?;
        let guest = session.guest(guest)?;
        Ok(Self { session, guest, decoder })
    }

    /// At most `max` bytes.
    ///
    /// # Errors
    /// What the plugin says of the data, or a fault.
    pub async fn read(&mut self, max: u32) -> Result<Piece, CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.decoder().call_read(&mut *store, self.decoder, max)).await;
        let answer = self.session.settle(outcome)?;
        match self.session.answer(answer)? {
            streams::Piece::Data(data) if data.len() > max as usize => {
                let given = data.len();
                Err(self.session.protocol(format!("its decoder gave {given} bytes when asked for at most {max}")))
            }
            streams::Piece::Data(data) => {
                self.session.takes_out(|| (0, data.len() as u64))?;
                Ok(Piece::Data(data))
            }
            streams::Piece::Pause => Ok(Piece::Pause),
            streams::Piece::End => Ok(Piece::End),
        }
    }

    /// Ends the decoder and gives the stream back, unless it ended badly.
    #[must_use]
    pub fn into_source(self) -> Option<ByteSource> {
        self.session.into_source()
    }

    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }
}

/// A running encoder.
pub struct Encoder {
    session: Session,
    guest: codec::Guest,
    encoder: ResourceAny,
}

impl Encoder {
    /// Starts an encoder of `codec` with its options, a JSON object.
    ///
    /// # Errors
    /// What the plugin says of the options, or a fault.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        codec: &str,
        options_json: &str,
        sink: ByteSink,
    ) -> Result<Self, CallError> {
        let (mut session, instance) = Session::open_with(component, options, None, Some(sink)).await?;
        let Some(indices) = component.codec() else { return Err(lacks(&mut session, "codec")) };
        let output = session.with_state(|state| state.sink_handle())?;
        let (store, watch) = session.begin()?;
        let guest = indices.load(&mut *store, &instance);
        let outcome = match &guest {
            Ok(guest) => watch.run(guest.encoder().call_constructor(&mut *store, codec, options_json, output)).await,
            Err(error) => Ok(Err(wasmtime::format_err!("{error:#}"))),
        };
        let answer = session.settle(outcome)?;
        let encoder = session.answer(answer)?;
        let guest = session.guest(guest)?;
        Ok(Self { session, guest, encoder })
    }

    /// Takes some bytes.
    ///
    /// # Errors
    /// What the plugin or its sink says, or a fault.
    pub async fn write(&mut self, data: Vec<u8>) -> Result<(), CallError> {
        self.session.gives_in(0, || data.len() as u64);
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.encoder().call_write(&mut *store, self.encoder, &data)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Hands on what it has kept back.
    ///
    /// # Errors
    /// What the plugin or its sink says, or a fault.
    pub async fn flush(&mut self) -> Result<(), CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.encoder().call_flush(&mut *store, self.encoder)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Writes the end of the stream.
    ///
    /// # Errors
    /// What the plugin or its sink says, or a fault.
    pub async fn finish(&mut self) -> Result<(), CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.encoder().call_finish(&mut *store, self.encoder)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Ends the encoder and gives the stream back, unless it ended badly.
    #[must_use]
    pub fn into_sink(self) -> Option<ByteSink> {
        self.session.into_sink()
    }

    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("session", &self.session).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("session", &self.session).finish_non_exhaustive()
    }
}

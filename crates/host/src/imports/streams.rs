//! Byte streams: the store's one source and one sink. The call's clock stands still while they keep the guest waiting.

use jackfield_columns::Failure;
use wasmtime::component::Resource;

use crate::account::Stop;
use crate::bindings::jackfield::plugin::streams;
use crate::held::{HeldSink, HeldSource};
use crate::state::{Answer, State, table_stop};
use crate::{ByteSink, ByteSource, LARGEST_READ, Piece};

impl State {
    fn open_source(&mut self, handle: &Resource<HeldSource>) -> wasmtime::Result<&mut ByteSource> {
        self.table.get(handle).map_err(table_stop)?;
        self.source.as_mut().ok_or_else(|| wasmtime::Error::new(Stop::Host("the store has no source".to_owned())))
    }

    fn open_sink(&mut self, handle: &Resource<HeldSink>) -> wasmtime::Result<&mut ByteSink> {
        self.table.get(handle).map_err(table_stop)?;
        self.sink.as_mut().ok_or_else(|| wasmtime::Error::new(Stop::Host("the store has no sink".to_owned())))
    }
}

impl streams::Host for State {}

impl streams::HostSource for State {
    async fn name(&mut self, handle: Resource<HeldSource>) -> wasmtime::Result<Option<String>> {
        self.account.enter()?;
        Ok(self.open_source(&handle)?.name().map(str::to_owned))
    }

    async fn size(&mut self, handle: Resource<HeldSource>) -> wasmtime::Result<Option<u64>> {
        self.account.enter()?;
        Ok(self.open_source(&handle)?.size())
    }

    async fn read(&mut self, handle: Resource<HeldSource>, max: u32) -> Answer<streams::Piece> {
        self.account.enter()?;
        let waiting = self.account.clock.wait();
        let source = self.open_source(&handle)?;
        let piece = source.read(max).await;
        let size = source.size();
        drop(waiting);
        if let Ok(Piece::Data(data)) = &piece {
            self.account.balance.take(0, data.len() as u64, size);
        }
        let piece = piece.map(|piece| match piece {
            Piece::Data(data) => streams::Piece::Data(data),
            Piece::Pause => streams::Piece::Pause,
            Piece::End => streams::Piece::End,
        });
        self.answer(piece)
    }

    async fn read_at(&mut self, handle: Resource<HeldSource>, offset: u64, max: u32) -> Answer<Vec<u8>> {
        self.account.enter_copying(max.min(LARGEST_READ) as usize)?;
        let waiting = self.account.clock.wait();
        let source = self.open_source(&handle)?;
        let data = source.read_at(offset, max).await;
        let size = source.size();
        drop(waiting);
        if let Ok(data) = &data {
            self.account.balance.take(0, data.len() as u64, size);
        }
        self.answer(data)
    }

    async fn drop(&mut self, handle: Resource<HeldSource>) -> wasmtime::Result<()> {
        self.table.delete(handle).map(|HeldSource| ()).map_err(table_stop)
    }
}

impl streams::HostSink for State {
    async fn position(&mut self, handle: Resource<HeldSink>) -> wasmtime::Result<u64> {
        self.account.enter()?;
        Ok(self.open_sink(&handle)?.position())
    }

    async fn write(&mut self, handle: Resource<HeldSink>, data: Vec<u8>) -> Answer<()> {
        self.account.enter()?;
        self.account.write(data.len() as u64)?;
        let waiting = self.account.clock.wait();
        let written = self.open_sink(&handle)?.write(data).await;
        drop(waiting);
        self.answer(written)
    }

    async fn flush(&mut self, handle: Resource<HeldSink>) -> Answer<()> {
        self.account.enter()?;
        // A write has left when it comes back, so there is nothing to hand on.
        self.open_sink(&handle)?;
        self.answer(Ok::<(), Failure>(()))
    }

    async fn drop(&mut self, handle: Resource<HeldSink>) -> wasmtime::Result<()> {
        self.table.delete(handle).map(|HeldSink| ()).map_err(table_stop)
    }
}

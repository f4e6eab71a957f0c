//! Streams into files, with the quota in front.

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::balance::Written;
use crate::denials::Denials;
use crate::rights::FileRight;

/// A write would go over the quota.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the quota of this place is used up")]
pub(crate) struct OverQuota;

/// A stream that pays for what passes.
pub(crate) struct Counted {
    inner: DynOutputStream,
    right: FileRight,
    denials: Denials,
    /// What the instance has written so far, and how much it may.
    written: (Written, u64),
}

impl Counted {
    pub(crate) fn new(inner: DynOutputStream, right: FileRight, denials: Denials, written: (Written, u64)) -> Counted {
        Counted { inner, right, denials, written }
    }

    fn pay(&self, bytes: u64) -> StreamResult<()> {
        if !self.right.quota().take(bytes) {
            super::over_quota(&self.denials, &self.right);
            return Err(StreamError::LastOperationFailed(OverQuota.into()));
        }
        let (written, most) = &self.written;
        written.add(bytes, *most).map_err(|stop| StreamError::Trap(stop.into()))
    }
}

#[async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.pay(bytes.len() as u64)?;
        self.inner.write(bytes)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.pay(bytes.len() as u64)?;
        self.inner.blocking_write_and_flush(bytes).await
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    fn write_zeroes(&mut self, length: usize) -> StreamResult<()> {
        self.pay(length as u64)?;
        self.inner.write_zeroes(length)
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

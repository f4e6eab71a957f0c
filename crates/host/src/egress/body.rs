//! The body of a response, on its way from the thread of connections to the plugin.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use wasmtime_wasi_http::{Error, WasiBody};

/// Pieces that wait for the plugin.
const WAITING: usize = 4;

/// Ends a task when it is dropped.
#[derive(Debug)]
pub(super) struct AbortOnDrop(pub(super) tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What comes through the channel.
#[derive(Debug)]
pub(super) enum Piece {
    /// Data, or trailers.
    Frame(Frame<Bytes>),
    /// The body is complete.
    End,
    /// It never will be.
    Failed(Error),
}

/// A body that comes in pieces.
#[derive(Debug)]
pub(super) struct Relayed {
    pieces: mpsc::Receiver<Piece>,
    exact: Option<u64>,
    ended: bool,
    task: Option<AbortOnDrop>,
}

/// A body, and where its pieces go in.
pub(super) fn relay(exact: Option<u64>) -> (mpsc::Sender<Piece>, Relayed) {
    let (sender, pieces) = mpsc::channel(WAITING);
    (sender, Relayed { pieces, exact, ended: false, task: None })
}

impl Relayed {
    /// With the body, the task that brings it ends.
    pub(super) fn held(mut self, task: AbortOnDrop) -> Relayed {
        self.task = Some(task);
        self
    }

    pub(super) fn boxed(self) -> WasiBody {
        self.boxed_unsync()
    }
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = std::task::ready!(self.pieces.poll_recv(context));
        self.ended = !matches!(next, Some(Piece::Frame(_)));
        Poll::Ready(match next {
            Some(Piece::Frame(frame)) => Some(Ok(frame)),
            Some(Piece::End) => None,
            Some(Piece::Failed(error)) => Some(Err(error)),
            // What ends without saying so was cut off.
            None => Some(Err(Error::HttpResponseIncomplete)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_is_cut_off_does_not_look_complete() {
        let (pieces, mut body) = relay(None);
        pieces.send(Piece::Frame(Frame::data(Bytes::from_static(b"half")))).await.unwrap();
        drop(pieces);
        assert!(body.frame().await.unwrap().is_ok());
        assert!(matches!(body.frame().await, Some(Err(Error::HttpResponseIncomplete))));
        assert!(body.frame().await.is_none());
        let (pieces, mut body) = relay(Some(0));
        pieces.send(Piece::End).await.unwrap();
        assert!(body.frame().await.is_none());
    }
}

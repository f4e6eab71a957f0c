//! The WASI that every plugin sees: nothing to read, clocks that stand still and a standard error that is kept, and
//! what its rights put in their place.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use jackfield_manifest::steers;
use rand_core::TryRng;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, Rng, WasiCtx, WasiCtxBuilder, async_trait, thread_rng,
};

use crate::Rights;
use crate::rights::{Use, Verdict};
use crate::sockets::Sockets;

/// Bytes of standard error that are kept: the last ones.
const KEPT_BYTES: usize = 8 << 10;

/// Random bytes a guest may ask for at once.
const LARGEST_RANDOM: u64 = 64 << 10;

/// Where a store's time and randomness come from, and what it may reach.
pub(crate) struct Surroundings<'a> {
    pub(crate) rights: &'a Arc<Rights>,
    pub(crate) sockets: &'a Sockets,
    /// What clocks show that stand still.
    pub(crate) now_micros: i64,
    /// Neither the real time nor real randomness is shown, even where it was granted.
    pub(crate) deterministic: bool,
    pub(crate) stderr: Kept,
}

/// A context with the rights, and with nothing else. Folders are not in it: [`crate::files`] hands them out.
pub(crate) fn context(surroundings: Surroundings<'_>) -> WasiCtx {
    let Surroundings { rights, sockets, now_micros, deterministic, stderr } = surroundings;
    let now = Duration::from_micros(u64::try_from(now_micros).unwrap_or(0));
    let mut builder = WasiCtxBuilder::new();
    let real = |granted: bool| granted && !deterministic;
    let clock =
        || Clock { rights: Arc::clone(rights), frozen: (!real(rights.clock)).then_some(now), since: Instant::now() };
    builder
        .stderr(stderr)
        .wall_clock(clock())
        .monotonic_clock(clock())
        .max_random_size(LARGEST_RANDOM)
        .allow_udp(false);
    if real(rights.random) {
        builder
            .secure_random(Noted(Arc::clone(rights), thread_rng()))
            .insecure_random(Noted(Arc::clone(rights), thread_rng()));
    } else {
        builder
            .secure_random(Noted(Arc::clone(rights), Box::new(Deterministic::new(seed()))))
            .insecure_random(Noted(Arc::clone(rights), Box::new(Deterministic::new(seed()))))
            .insecure_random_seed(0);
    }
    let connects = rights.of_import("network.socket") == Verdict::Allowed;
    builder.allow_tcp(connects).allow_ip_name_lookup(connects);
    if connects {
        let sockets = sockets.clone();
        builder.socket_addr_check(move |address, purpose| sockets.clone().check(address, purpose));
    }
    builder.build()
}

/// Real or made up, randomness that notes that it was asked for.
struct Noted(Arc<Rights>, Box<dyn Rng + Send>);

impl TryRng for Noted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.record.note(Use::Random);
        Ok(self.1.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.record.note(Use::Random);
        Ok(self.1.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.record.note(Use::Random);
        self.1.fill_bytes(bytes);
        Ok(())
    }
}

/// The same bytes for every store: a plugin that was not granted randomness gives the same result each time.
fn seed() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(256);
    while bytes.len() < 256 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// The real time since the store was made, or a time that stands still.
struct Clock {
    rights: Arc<Rights>,
    frozen: Option<Duration>,
    since: Instant,
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        self.rights.record.note(Use::Clock);
        self.frozen.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1000
    }

    fn now(&self) -> u64 {
        self.rights.record.note(Use::Clock);
        match self.frozen {
            Some(_) => 0,
            None => u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

/// The end of what a guest wrote to its standard error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        // Trimmed seldom, so that many small writes do not move the rest each time.
        if kept.len() > 4 * KEPT_BYTES {
            let behind = kept.len() - KEPT_BYTES;
            kept.drain(..behind);
        }
    }

    /// The text, with control characters escaped.
    pub(crate) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = kept.get(kept.len().saturating_sub(KEPT_BYTES)..).unwrap_or_default();
        escape(String::from_utf8_lossy(tail).trim_end(), true)
    }
}

/// Text that cannot move a terminal's cursor: control characters, except line ends if wanted, are spelled out.
pub(crate) fn escape(text: &str, lines: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            // Traces are indented with them, and whoever shows lines would have to escape them.
            '\t' if lines => escaped.push_str("    "),
            '\t' => escaped.push('\t'),
            '\n' if lines => escaped.push('\n'),
            character if steers(character) => escaped.extend(character.escape_default()),
            other => escaped.push(other),
        }
    }
    escaped
}

impl IsTerminal for Kept {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Kept {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl OutputStream for Kept {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(KEPT_BYTES)
    }
}

#[async_trait]
impl Pollable for Kept {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Kept {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept_and_cannot_harm_a_terminal() {
        let kept = Kept::default();
        for _ in 0..100_000 {
            kept.push(b"noise\n");
        }
        kept.push(b"panicked \x1b[2J\x1b]52;c;x\x07\r\n");
        let text = kept.text();
        assert!(text.len() < 2 * KEPT_BYTES);
        assert!(text.ends_with(r"panicked \u{1b}[2J\u{1b}]52;c;x\u{7}"), "{text}");
    }
}

//! The clock of a call: it stops while the guest waits for a source or a sink.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::CancelToken;

/// Shared by whoever polls a call and by the host functions inside it. Times are nanoseconds since it was made.
#[derive(Debug)]
pub(crate) struct CallClock {
    origin: Instant,
    deadline: AtomicU64,
    /// When the wait that is going on began; 0: none.
    waiting_since: AtomicU64,
    waited: AtomicU64,
}

impl CallClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now(),
            deadline: AtomicU64::new(u64::MAX),
            waiting_since: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        nanos(self.origin.elapsed())
    }

    /// Starts a call that may take so long.
    pub(crate) fn start(&self, timeout: Duration) {
        self.deadline.store(self.now().saturating_add(nanos(timeout)), Ordering::Relaxed);
        self.waiting_since.store(0, Ordering::Relaxed);
    }

    /// Stops the clock until the guard is dropped.
    pub(crate) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting_since.store(self.now().max(1), Ordering::Relaxed);
        Waiting(Arc::clone(self))
    }

    /// Time spent waiting so far, over all calls.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }

    /// Whether the call has had its time.
    pub(crate) fn expired(&self) -> bool {
        self.waiting_since.load(Ordering::Relaxed) == 0 && self.now() >= self.deadline.load(Ordering::Relaxed)
    }

    /// When the call has to end, unless it waits.
    fn ends(&self) -> Option<Instant> {
        if self.waiting_since.load(Ordering::Relaxed) != 0 {
            return None;
        }
        self.origin.checked_add(Duration::from_nanos(self.deadline.load(Ordering::Relaxed)))
    }
}

/// While it lives, the clock stands still.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<CallClock>);

impl Drop for Waiting {
    fn drop(&mut self) {
        let since = self.0.waiting_since.swap(0, Ordering::Relaxed);
        if since != 0 {
            let elapsed = self.0.now().saturating_sub(since);
            self.0.waited.fetch_add(elapsed, Ordering::Relaxed);
            let deadline = self.0.deadline.load(Ordering::Relaxed);
            self.0.deadline.store(deadline.saturating_add(elapsed), Ordering::Relaxed);
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Why a call was given up from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    Timeout,
    Cancelled,
}

/// Watches over the calls of one store. The timer and the wait for a cancel are made when a call first has to wait, so
/// that a call that comes straight back costs neither.
pub(crate) struct Watch {
    clock: Arc<CallClock>,
    cancel: CancelToken,
    /// Nobody watches: the call takes what it takes.
    off: bool,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Watch {
    pub(crate) fn new(clock: Arc<CallClock>, cancel: CancelToken) -> Self {
        Self { clock, cancel, off: false, timer: None, cancelled: None }
    }

    /// Stops watching; see [`crate::Without`].
    pub(crate) fn switch_off(&mut self) {
        self.off = true;
    }

    /// Runs a call until it is done, its time is up, or somebody cancels.
    pub(crate) async fn run<T>(&mut self, call: impl Future<Output = T>) -> Result<T, Interrupted> {
        if self.off {
            return Ok(call.await);
        }
        if self.cancel.is_cancelled() {
            return Err(Interrupted::Cancelled);
        }
        // A timer belongs to the executor that it was made in, and the next call may be driven by another one.
        self.timer = None;
        let mut call = pin!(call);
        poll_fn(|context| {
            if let Poll::Ready(value) = call.as_mut().poll(context) {
                return Poll::Ready(Ok(value));
            }
            let cancelled = self.cancelled.get_or_insert_with(|| {
                let token = self.cancel.clone();
                Box::pin(async move { token.cancelled().await })
            });
            if cancelled.as_mut().poll(context).is_ready() {
                self.cancelled = None;
                return Poll::Ready(Err(Interrupted::Cancelled));
            }
            let Some(ends) = self.clock.ends() else { return Poll::Pending };
            if self.clock.expired() {
                return Poll::Ready(Err(Interrupted::Timeout));
            }
            let ends = tokio::time::Instant::from_std(ends);
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(ends)));
            // The end moves on while the guest waits, so the timer may ring too early, which costs one look at the clock.
            if timer.is_elapsed() || timer.deadline() > ends {
                timer.as_mut().reset(ends);
            }
            while timer.as_mut().poll(context).is_ready() {
                if self.clock.expired() {
                    return Poll::Ready(Err(Interrupted::Timeout));
                }
                timer.as_mut().reset(ends);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_spent_waiting_does_not_count() {
        let clock = CallClock::new();
        let mut watch = Watch::new(Arc::clone(&clock), CancelToken::new());
        clock.start(Duration::from_millis(20));
        let waits = async {
            let waiting = clock.wait();
            tokio::time::sleep(Duration::from_millis(60)).await;
            drop(waiting);
        };
        assert_eq!(watch.run(waits).await, Ok(()));
        assert!(clock.waited() >= Duration::from_millis(60));
        let sleeps = tokio::time::sleep(Duration::from_secs(3600));
        assert_eq!(watch.run(sleeps).await, Err(Interrupted::Timeout));
    }

    #[tokio::test]
    async fn a_cancel_ends_a_call_that_waits() {
        let clock = CallClock::new();
        let cancel = CancelToken::new();
        let mut watch = Watch::new(Arc::clone(&clock), cancel.clone());
        clock.start(Duration::from_secs(3600));
        let waits = async {
            let _waiting = clock.wait();
            cancel.cancel();
            std::future::pending::<()>().await;
        };
        assert_eq!(watch.run(waits).await, Err(Interrupted::Cancelled));
        assert_eq!(watch.run(async {}).await, Err(Interrupted::Cancelled));
    }
}

//! What a caller gives to, and learns from, one running instance of a plugin.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::{DenialSink, Fault, Label, Limits, Services, SpillSpace};

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever traces a single call.
    Trace,
    /// For the plugin's author.
    Debug,
    /// Normal events.
    Info,
    /// Something a user should look at.
    Warn,
    /// Something went wrong.
    Error,
}

/// One line a plugin logged. Its text is bounded and free of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How loud.
    pub level: LogLevel,
    /// The constant part of the line.
    pub message: String,
    /// What varies: names and values.
    pub fields: Vec<(String, String)>,
    /// Who said it.
    pub label: Label,
}

/// Where log lines go.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// Who hears of faults, the moment they end an instance.
pub type FaultSink = Arc<dyn Fn(&Fault) + Send + Sync>;

/// Stops every call that carries it. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: AtomicBool,
    notify: Notify,
}

impl CancelToken {
    /// A token that nobody has cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels: running calls end with [`crate::CallError::Cancelled`], later ones do not start.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Whether somebody has cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Comes back when somebody cancels.
    pub async fn cancelled(&self) {
        loop {
            // Registered before the flag is read, so a cancel in between is not missed.
            let notified = self.0.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}

/// Everything an instance is given besides its work.
#[derive(Clone)]
pub struct StoreOptions {
    /// What it may use.
    pub limits: Limits,
    /// Whom faults and log lines name.
    pub label: Label,
    /// The time that the plugin's clocks and the expression `now()` show: microseconds since 1970, UTC.
    pub now_micros: i64,
    /// Neither the real time nor real randomness is shown, even where it was granted.
    pub deterministic: bool,
    /// The plugin's configuration as JSON.
    pub config: String,
    /// Where its log lines go.
    pub log: LogSink,
    /// Hears of the fault that ends it.
    pub faults: FaultSink,
    /// Where it is told that it was denied something.
    pub denied: DenialSink,
    /// Stops its calls.
    pub cancel: CancelToken,
    /// The other plugins that it may call; `None`: there are none.
    pub services: Option<Arc<dyn Services>>,
    /// Where it may put rows aside: the run's.
    pub spill: SpillSpace,
    /// For measuring what limits cost, and for nothing else.
    #[doc(hidden)]
    pub without: Without,
}

/// Limits that a measurement leaves out.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// Nobody looks at the time.
    pub deadline: bool,
    /// Nothing is charged for memory.
    pub memory: bool,
    /// Nobody counts what goes in and out.
    pub expansion: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            label: Label::default(),
            now_micros: 0,
            deterministic: false,
            config: "{}".to_owned(),
            log: Arc::new(|_| {}),
            faults: Arc::new(|_| {}),
            denied: Arc::new(|_| {}),
            cancel: CancelToken::new(),
            services: None,
            spill: SpillSpace::default(),
            without: Without::default(),
        }
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("limits", &self.limits)
            .field("label", &self.label)
            .field("now_micros", &self.now_micros)
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}

/// What an instance has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel of the guest and of the kernels it called.
    pub fuel: u64,
    /// The most memory held at once: memories, tables and host buffers, in bytes.
    pub peak_memory_bytes: u64,
    /// Calls made.
    pub calls: u64,
    /// How often a fresh instance took over from one that was worn out.
    pub recycled: u64,
    /// Time inside calls, without the waiting.
    pub busy: Duration,
    /// Time inside `source.read` and `sink.write`.
    pub waiting: Duration,
}

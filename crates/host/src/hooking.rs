//! What passes by hooks and between plugins, without handles.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use jackfield_columns::{Batch, Failure};
use tokio::sync::oneshot;

use crate::Label;

/// Bytes of an event's fields at most.
pub const LARGEST_FIELDS: usize = 1 << 20;

/// How often one call of a hook may call the rest of its chain.
pub const MOST_NEXT: u32 = 1000;

/// Something that takes a while.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What passes by a hook.
#[derive(Clone, Debug)]
pub struct HookEvent {
    /// The name of the point.
    pub point: String,
    /// What it is about.
    pub subject: String,
    /// A JSON object.
    pub fields: String,
    /// Rows, for hooks that see data.
    pub rows: Option<Batch>,
}

/// What a hook made of an event.
#[derive(Clone, Debug)]
pub enum HookOutcome {
    /// Go on as if it had not been there.
    Proceed,
    /// Go on with this.
    Changed(HookEvent),
    /// This is the outcome.
    Replaced(HookEvent),
    /// No; at least one reason.
    Veto(Vec<Failure>),
}

/// The rest of a chain of hooks, for one that stands around it.
pub trait Rest: Send {
    /// Runs the rest with this event.
    fn next(&mut self, event: HookEvent) -> Pending<'_, Result<HookEvent, Failure>>;
}

/// Calls between plugins.
pub trait Services: Send + Sync {
    /// Calls `service`, which is `plugin/id`, for the plugin that `caller` names.
    fn call<'a>(
        &'a self,
        caller: &'a Label,
        service: &'a str,
        method: &'a str,
        payload: Vec<u8>,
    ) -> Pending<'a, Result<Vec<u8>, Failure>>;
}

impl fmt::Debug for dyn Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

/// How a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthStatus {
    /// It works.
    Healthy,
    /// It works, though not as it should.
    Degraded,
    /// It does not work.
    Failing,
}

/// How a plugin says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// In one word.
    pub status: HealthStatus,
    /// In its own words; bounded and without control characters.
    pub message: String,
}

/// A hook that calls on, and waits for the answer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) event: HookEvent,
    pub(crate) answer: oneshot::Sender<Result<HookEvent, Failure>>,
}

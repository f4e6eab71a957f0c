//! Hooks: steps into the host's work at named points.
//!
//! ```no_run
//! use jackfield_sdk::{Chain, Event, Failure, Hook, HookOutcome, Params};
//!
//! /// Lets no pipeline run that samples.
//! struct NoSampling;
//!
//! impl Hook for NoSampling {
//!     fn new(_config: Params) -> Result<Self, Vec<Failure>> {
//!         Ok(NoSampling)
//!     }
//!     fn run(&mut self, _hook: &str, event: Event, _chain: Option<&Chain>) -> Result<HookOutcome, Failure> {
//!         let nodes = event.fields["nodes"].as_array().cloned().unwrap_or_default();
//!         let samples = nodes.iter().enumerate().filter(|(_, node)| node["type"] == "sample");
//!         let reasons: Vec<Failure> = samples
//!             .map(|(number, _)| Failure::invalid_config("no-sampling", "samples are not allowed here")
//!                 .with_parameter(format!("/nodes/{number}/type")))
//!             .collect();
//!         Ok(if reasons.is_empty() { HookOutcome::Proceed } else { HookOutcome::Veto(reasons) })
//!     }
//! }
//!
//! jackfield_sdk::export_hook!(NoSampling);
//! ```

use crate::bindings::hook::exports::jackfield::plugin::hook as wit;
use crate::bindings::host::jackfield::plugin::hooking as host;
use crate::{Batch, Failure, Params};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::marker::PhantomData;

/// What passes by a hook.
#[derive(Debug)]
pub struct Event {
    /// The name of the point, such as `node.process`.
    pub point: String,
    /// What it is about: a plugin, a node, a pipeline.
    pub subject: String,
    /// By the point's schema, which `jackfield hooks explain POINT --json` shows.
    pub fields: Map<String, Value>,
    /// Rows, where the point has some and the manifest asks for `data`.
    pub rows: Option<Batch<'static>>,
}

/// What a hook makes of an event.
#[derive(Debug)]
pub enum Outcome {
    /// Go on with the event as it was; behind [`Chain::next`], with what that gave.
    Proceed,
    /// Go on with this event; behind [`Chain::next`], with this as the outcome.
    Changed(Event),
    /// This is the outcome: what stands further inside the chain does not happen, and `after` hooks see this.
    Replaced(Event),
    /// No: at least one reason. A failure's `parameter` points into the event's fields.
    Veto(Vec<Failure>),
}

/// The rest of a chain of hooks, for one that stands around it.
#[derive(Debug)]
pub struct Chain<'a>(&'a host::Chain);

impl Chain<'_> {
    /// Runs the rest with this event, and gives its outcome. The hook's deadline stands still meanwhile. It may be called
    /// never, once or several times; the last outcome counts.
    ///
    /// # Errors
    /// What the rest failed with; to pass it on, return it.
    pub fn next(&self, event: Event) -> Result<Event, Failure> {
        self.0.next(event.into()).and_then(Event::read)
    }
}

/// A plugin's hooks. Name the type in [`export_hook!`](crate::export_hook); a plugin with several hooks tells them apart
/// by their id. It is made when the first hook of an instance is called, and keeps its state from then on: nodes, sources
/// and the pipeline as a whole have instances of their own.
pub trait Hook: Sized + 'static {
    /// Reads the plugin's configuration.
    ///
    /// # Errors
    /// All that is wrong with it.
    fn new(config: Params) -> Result<Self, Vec<Failure>>;

    /// Looks at an event. `hook` is the id from the manifest; `chain` is there for `around`.
    ///
    /// # Errors
    /// A defect of the hook's own, for which the manifest's `on-failure` holds. To say no is a [veto](Outcome::Veto).
    fn run(&mut self, hook: &str, event: Event, chain: Option<&Chain>) -> Result<Outcome, Failure>;
}

impl Event {
    fn read(event: host::Event) -> Result<Event, Failure> {
        let host::Event { point, subject, fields, rows } = event;
        let fields = serde_json::from_str(&fields).map_err(|error| Failure::internal(error.to_string()))?;
        Ok(Event { point, subject, fields, rows: rows.map(Batch::from) })
    }

    /// A whole number among the fields; 0 where there is none.
    pub fn number(&self, field: &str) -> u64 {
        self.fields.get(field).and_then(Value::as_u64).unwrap_or(0)
    }

    /// A text among the fields; empty where there is none.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or("")
    }

    /// The same event once more: for a second call of the chain.
    pub fn again(&self) -> Event {
        Event {
            point: self.point.clone(),
            subject: self.subject.clone(),
            fields: self.fields.clone(),
            rows: self.rows.as_ref().map(Batch::share),
        }
    }
}

impl From<Event> for host::Event {
    fn from(event: Event) -> Self {
        let Event { point, subject, fields, rows } = event;
        host::Event { point, subject, fields: Value::Object(fields).to_string(), rows: rows.map(Into::into) }
    }
}

/// Exports the hooks of a type that implements [`Hook`].
#[macro_export]
macro_rules! export_hook {
    ($hook:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            ::std::thread_local! {
                static HOOK: $crate::hook::Held<$hook> = const { $crate::hook::Held::new() };
            }
            struct Place;
            impl $crate::hook::Place for Place {
                type Hook = $hook;
                fn with<R>(work: impl FnOnce(&$crate::hook::Held<$hook>) -> R) -> R {
                    HOOK.with(work)
                }
            }
            type Exported = $crate::hook::Exported<Place>;
    $crate::bindings::hook::export_world!(Exported with_types_in $crate::bindings::hook);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::hook::implemented::<$hook>();
    };
}

#[doc(hidden)]
pub const fn implemented<T: Hook>() {}

/// Where the hook of an instance lives.
#[doc(hidden)]
#[derive(Debug)]
pub struct Held<H>(RefCell<Option<H>>);

impl<H> Held<H> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Held(RefCell::new(None))
    }
}

#[doc(hidden)]
pub trait Place {
    type Hook: Hook;
    fn with<R>(work: impl FnOnce(&Held<Self::Hook>) -> R) -> R;
}

/// What [`export_hook!`](crate::export_hook) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Place + 'static> wit::Guest for Exported<P> {
    fn run(hook: String, event: host::Event, chain: Option<&host::Chain>) -> Result<host::Outcome, Failure> {
        P::with(|held| {
            let mut held = held.0.borrow_mut();
            if held.is_none() {
                let config = crate::bindings::host::jackfield::plugin::config::get();
                *held = Some(P::Hook::new(Params::new(config)).map_err(first)?);
            }
            let Some(hooks) = held.as_mut() else { return Err(Failure::internal("the hook was not made")) };
            let chain = chain.map(Chain);
            Ok(match hooks.run(&hook, Event::read(event)?, chain.as_ref())? {
                Outcome::Proceed => host::Outcome::Proceed,
                Outcome::Changed(event) => host::Outcome::Changed(event.into()),
                Outcome::Replaced(event) => host::Outcome::Replaced(event.into()),
                Outcome::Veto(reasons) => host::Outcome::Veto(reasons),
            })
        })
    }
}

fn first(failures: Vec<Failure>) -> Failure {
    failures.into_iter().next().unwrap_or_else(|| Failure::internal("the configuration was refused without a reason"))
}

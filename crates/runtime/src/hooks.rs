//! Hooks: plugins that step into the host's work at named points.
//!
//! [`point`] says what happens at each point. [`order`] puts the hooks of a point into their order and finds what
//! contradicts itself. [`chain`] runs them. A point without hooks is an empty slot that was looked up when the pipeline
//! was planned.

pub(crate) mod chain;
pub(crate) mod enabled;
mod event;
pub mod explain;
pub(crate) mod metrics;
pub(crate) mod order;
pub mod point;
pub(crate) mod seat;
pub(crate) mod stage;

pub(crate) use chain::{Crew, Middle, Nothing, Stop};
pub(crate) use event::{Event, Reading, accept};

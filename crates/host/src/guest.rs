//! Running instances of plugins: one store, one resource of the plugin, one caller.

pub(crate) mod bound;
pub(crate) mod codec;
pub(crate) mod format;
pub(crate) mod node;
pub(crate) mod plugin;
pub(crate) mod wear;

use crate::CallError;
use crate::session::Session;

/// What to say when a component lacks the interface that is asked of it.
fn lacks(session: &mut Session, interface: &str) -> CallError {
    session.protocol(format!("it exports no {interface} interface"))
}

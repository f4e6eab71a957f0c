//! Running instances of plugins: one store, one resource of the plugin, one caller.

pub(crate) mod codec;
pub(crate) mod format;
pub(crate) mod node;

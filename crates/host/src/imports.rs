//! What plugins may call: the host side of every imported interface.

mod checksums;
mod compute;
mod config;
mod data;
mod exchange;
mod hooking;
pub(crate) mod log;
mod services;
mod sql;
mod streams;

use wasmtime::component::{HasData, Linker};

use crate::bindings::jackfield::plugin;
use crate::state::State;

/// Says that the host functions work on the store's data itself.
struct OnState;

impl HasData for OnState {
    type Data<'a> = &'a mut State;
}

/// Links everything a plugin may import: the plugin interfaces, and WASI without rights.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    plugin::types::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::flow::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::log::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::config::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::data::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::compute::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::sql::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::exchange::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::streams::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::hooking::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::services::add_to_linker::<State, OnState>(linker, |state| state)?;
    checksums::link(linker)
}

impl plugin::types::Host for State {}
impl plugin::flow::Host for State {}

//! What plugins may call: the host side of every imported interface.

mod checksums;
mod compute;
mod config;
mod data;
mod exchange;
mod hooking;
pub(crate) mod log;
mod services;
mod spill;
mod sql;
mod streams;

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::random::WasiRandom;

use crate::Rights;
use crate::bindings::jackfield::plugin;
use crate::rights::{Use, Verdict};
use crate::state::State;

/// Says that the host functions work on the store's data itself.
struct OnState;

impl HasData for OnState {
    type Data<'a> = &'a mut State;
}

/// Interfaces beyond those that every plugin may import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// `wasi:http`.
    pub(crate) http: bool,
    /// `wasi:sockets`.
    pub(crate) sockets: bool,
}

impl Beyond {
    /// What rights need.
    pub(crate) fn of(rights: &Rights) -> Beyond {
        let allowed = |permission: &str| rights.of_import(permission) == Verdict::Allowed;
        Beyond { http: allowed("network.http"), sockets: allowed("network.socket") }
    }

    /// A number below four.
    pub(crate) fn number(self) -> usize {
        usize::from(self.http) + 2 * usize::from(self.sockets)
    }
}

/// Links exactly what a plugin may import: the plugin interfaces, the WASI that toolchains import unasked, and what its
/// rights need beyond that.
pub(crate) fn link(linker: &mut Linker<State>, beyond: Beyond) -> wasmtime::Result<()> {
    link_wasi(linker)?;
    if beyond.sockets {
        crate::sockets::link(linker)?;
    }
    if beyond.http {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    }
    plugin::types::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::flow::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::log::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::config::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::data::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::compute::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::sql::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::exchange::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::spill::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::streams::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::hooking::add_to_linker::<State, OnState>(linker, |state| state)?;
    plugin::services::add_to_linker::<State, OnState>(linker, |state| state)?;
    checksums::link(linker)
}

/// `wasi:cli, io, clocks, random` and `filesystem`: without rights they lead nowhere.
fn link_wasi(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, |state| state.wasi.random())?;
    random::insecure_seed::add_to_linker::<State, OnState>(linker, |state| state)?;
    cli::environment::add_to_linker::<State, OnState>(linker, |state| state)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    crate::files::link(linker)
}

/// Hash maps are seeded with it.
impl random::insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        self.denials.rights().record.note(Use::Random);
        random::insecure_seed::Host::insecure_seed(self.wasi.random())
    }
}

/// No arguments, no working folder, and the variables that were granted.
impl cli::environment::Host for State {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.account.enter()?;
        let rights = self.denials.rights();
        if !rights.env.is_empty() {
            rights.record.note(Use::Env);
        }
        Ok(rights.env.clone())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

impl plugin::types::Host for State {}
impl plugin::flow::Host for State {}

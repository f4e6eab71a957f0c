//! The plugin's own configuration.

use crate::bindings::jackfield::plugin::config;
use crate::state::State;

impl config::Host for State {
    fn get(&mut self) -> wasmtime::Result<String> {
        self.account.enter_copying(self.options.config.len())?;
        Ok(self.options.config.clone())
    }
}

//! The one engine of the process.

use std::path::{Path, PathBuf};

use crate::{Component, EngineError, LoadError};

/// Where the engine keeps what it compiled.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Folder of compiled code; `None`: nothing is kept.
    pub cache_dir: Option<PathBuf>,
    /// Folder of the machine key that authenticates it; `None`: nothing is kept.
    pub state_dir: Option<PathBuf>,
}

/// Compiles and links plugins. One per process; clones share it.
#[derive(Clone, Debug)]
pub struct Engine {}

impl Engine {
    /// An engine.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        todo!()
    }
    /// Makes a component ready to run. `name` is what messages call it.
    pub fn load(&self, bytes: &[u8], name: &str) -> Result<Component, LoadError> {
        todo!()
    }
    /// The same from a file.
    pub fn load_file(&self, path: &Path, name: &str) -> Result<Component, LoadError> {
        todo!()
    }
}

//! The one engine of the process.

use std::fmt::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use wasmtime::component::Linker;
use wasmtime::{Config, WasmBacktraceDetails};

use crate::cache::{Cache, Code, take};
use crate::compile::compile;
use crate::imports::{self, Beyond};
use crate::inspect::{check_imports, inspect_named};
use crate::limits::STACK_BYTES;
use crate::state::State;
use crate::{Component, EngineError, LoadError, Rights};

/// Where the engine keeps what it compiled.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Folder of compiled code; `None`: nothing is kept.
    pub cache_dir: Option<PathBuf>,
    /// Folder of the machine key that authenticates it; `None`: nothing is kept.
    pub state_dir: Option<PathBuf>,
    /// Code without fuel: only for measuring what fuel costs. Such code is never kept, and nothing but its deadline
    /// stops it, where it calls the host.
    #[doc(hidden)]
    pub unmetered: bool,
}

/// Compiles and links plugins. Make one per process; clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    engine: wasmtime::Engine,
    /// One for each set of interfaces beyond those that all plugins have, made when it is first needed.
    linkers: [OnceLock<Linker<State>>; 4],
    cache: Option<Cache>,
    metered: bool,
}

impl Engine {
    /// An engine, with its folders made if they are missing.
    ///
    /// # Errors
    /// When this machine cannot run WebAssembly as configured, or the key or the cache are out of reach.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError::Engine(format!("{error:#}"));
        let engine = wasmtime::Engine::new(&config(!options.unmetered)).map_err(failed)?;
        let cache = match (options.cache_dir, options.state_dir) {
            (Some(folder), Some(state)) if !options.unmetered => {
                Some(Cache::open(&folder, &state, &engine).map_err(|(path, source)| EngineError::Io {
                    path: path.display().to_string(),
                    source: Arc::new(source),
                })?)
            }
            _ => None,
        };
        let shared = Shared { engine, linkers: Default::default(), cache, metered: !options.unmetered };
        // Most plugins need no more; what is wrong with it is wrong with the engine.
        shared.linker(Beyond::default()).map_err(failed)?;
        Ok(Self(Arc::new(shared)))
    }

    /// Makes a component without any rights ready to run. `name` is what messages call it.
    ///
    /// # Errors
    /// When the bytes are no component, are refused, ask for what they may not have, or do not fit the interfaces.
    pub fn load(&self, bytes: &[u8], name: &str) -> Result<Component, LoadError> {
        self.load_with(bytes, name, Arc::default())
    }

    /// The same with rights, for all of its instances.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn load_with(&self, bytes: &[u8], name: &str, rights: Arc<Rights>) -> Result<Component, LoadError> {
        let inspection = inspect_named(bytes, name)?;
        check_imports(&inspection.imports, name, &rights)?;
        let link = |reason: String| LoadError::Link { name: name.to_owned(), reason };
        let provides = inspection.provides;
        if !provides.any_kind() {
            let reason = "it exports none of node, format, codec, hook and service".to_owned();
            return Err(LoadError::MissingExport { name: name.to_owned(), reason });
        }
        let digest = hex(&Sha256::digest(bytes));
        let Shared { engine, cache, .. } = &*self.0;
        let cached = cache.as_ref().and_then(|cache| cache.find(engine, &digest));
        let compiled = cached.is_none();
        let component = match cached {
            Some(component) => component,
            None => {
                let code = compile(engine, bytes, name)?;
                if let Some(cache) = cache {
                    // A cache that cannot be written only costs the next start its time.
                    let _ = cache.store(&digest, &code);
                }
                take(engine, &Code::Fresh(&code)).map_err(|error| link(format!("{error:#}")))?
            }
        };
        let linker = self.0.linker(Beyond::of(&rights)).map_err(|error| link(format!("{error:#}")))?;
        let pre = linker.instantiate_pre(&component).map_err(|error| link(format!("{error:#}")))?;
        Component::new(pre, name, digest, inspection, rights, compiled, self.0.metered)
    }
}

impl Shared {
    /// The linker that holds exactly these interfaces.
    fn linker(&self, beyond: Beyond) -> wasmtime::Result<&Linker<State>> {
        let Some(slot) = self.linkers.get(beyond.number()) else { wasmtime::bail!("there is no such linker") };
        if let Some(linker) = slot.get() {
            return Ok(linker);
        }
        let mut linker = Linker::new(&self.engine);
        imports::link(&mut linker, beyond)?;
        Ok(slot.get_or_init(|| linker))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("cached", &self.0.cache.is_some()).finish_non_exhaustive()
    }
}

/// Frames of a guest that are noted when it is stopped, innermost first. A profile needs the outermost ones too; only a
/// guest that recurses without end has more.
pub(crate) const MOST_FRAMES: usize = 512;

/// Only what plugin toolchains need is on: most advisories sit in the rest.
fn config(metered: bool) -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(metered)
        .max_wasm_stack(STACK_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(MOST_FRAMES))
        .concurrency_support(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false);
    config
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

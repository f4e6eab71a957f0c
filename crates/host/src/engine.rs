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
use crate::inspect::{Found, check_imports, inspect_named, judge};
use crate::limits::STACK_BYTES;
use crate::state::State;
use crate::{Component, EngineError, Inspection, LoadError, Rights};

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

/// Code that is being looked for, while it is not yet known whether it is wanted.
#[derive(Debug)]
pub struct Early {
    digest: String,
    found: std::thread::JoinHandle<Option<(wasmtime::component::Component, Found)>>,
}

impl Early {
    /// What was found, if it is what is wanted.
    fn of(self, digest: &str) -> Option<(wasmtime::component::Component, Found)> {
        if self.digest == digest { self.found.join().ok()? } else { None }
    }
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
        self.load_hashed(bytes, hex(&Sha256::digest(bytes)), name, rights, None)
    }

    /// Looks for the code of the component that has this digest (SHA-256 in hexadecimal), on a thread of its own. `None`:
    /// nothing is kept, or there is no thread for it.
    #[must_use]
    pub fn look_early(&self, digest: &str) -> Option<Early> {
        self.0.cache.as_ref()?;
        let (shared, wanted) = (Arc::clone(&self.0), digest.to_owned());
        let look = move || shared.cache.as_ref()?.find(&shared.engine, &wanted);
        let found = std::thread::Builder::new().name("cache".to_owned()).spawn(look).ok()?;
        Some(Early { digest: digest.to_owned(), found })
    }

    /// As [`Self::load_with`], for bytes whose digest the caller has made: SHA-256 in hexadecimal. Code that was looked for
    /// by a presumed digest is taken if it is this one, and otherwise forgotten.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn load_hashed(
        &self,
        bytes: &[u8],
        digest: String,
        name: &str,
        rights: Arc<Rights>,
        early: Option<Early>,
    ) -> Result<Component, LoadError> {
        let inspection = inspect_named(bytes, name)?;
        check_whole(&inspection, name, &rights)?;
        let Shared { engine, cache, .. } = &*self.0;
        let early = early.and_then(|early| early.of(&digest));
        if let Some((component, _)) = early.or_else(|| cache.as_ref()?.find(engine, &digest)) {
            return self.linked(&component, name, digest, inspection, rights, false);
        }
        let code = compile(engine, bytes, name)?;
        if let Some(cache) = cache {
            // A cache that cannot be written only costs the next start its time.
            let _ = cache.store(&digest, &code, &inspection);
        }
        let component = take(engine, &Code::Fresh(&code));
        let component =
            component.map_err(|error| LoadError::Link { name: name.to_owned(), reason: format!("{error:#}") })?;
        self.linked(&component, name, digest, inspection, rights, true)
    }

    /// The component that has this digest, without its bytes: they were checked when their code was compiled. What was
    /// looked for early is taken if it is this one. `None`: no code of it is kept.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn load_found(
        &self,
        digest: &str,
        name: &str,
        rights: Arc<Rights>,
        early: Option<Early>,
    ) -> Result<Option<Component>, LoadError> {
        let Shared { engine, cache, .. } = &*self.0;
        let early = early.and_then(|early| early.of(digest));
        let Some((component, found)) = early.or_else(|| cache.as_ref()?.find(engine, digest)) else { return Ok(None) };
        let inspection = judge(found, name)?;
        check_whole(&inspection, name, &rights)?;
        self.linked(&component, name, digest.to_owned(), inspection, rights, false).map(Some)
    }

    fn linked(
        &self,
        component: &wasmtime::component::Component,
        name: &str,
        digest: String,
        inspection: Inspection,
        rights: Arc<Rights>,
        compiled: bool,
    ) -> Result<Component, LoadError> {
        let link = |error: wasmtime::Error| LoadError::Link { name: name.to_owned(), reason: format!("{error:#}") };
        let linker = self.0.linker(Beyond::of(&rights)).map_err(link)?;
        let pre = linker.instantiate_pre(component).map_err(link)?;
        Component::new(pre, name, digest, inspection, rights, compiled, self.0.metered)
    }
}

/// It imports nothing that it may not have, and exports something of use.
fn check_whole(inspection: &Inspection, name: &str, rights: &Rights) -> Result<(), LoadError> {
    check_imports(&inspection.imports, name, rights)?;
    if !inspection.provides.any_kind() {
        let reason = "it exports none of node, format, codec, hook and service".to_owned();
        return Err(LoadError::MissingExport { name: name.to_owned(), reason });
    }
    Ok(())
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

//! Why a component was not loaded.

use std::io;
use std::sync::Arc;

/// The engine could not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// This machine or build cannot run WebAssembly as configured.
    #[error("cannot start the WebAssembly engine: {0}")]
    Engine(String),
    /// The machine key or the cache folder is out of reach.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: Arc<io::Error>,
    },
}

/// A component was not loaded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no component.
    #[error("{name} is not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What the caller called it.
        name: String,
        /// What it is instead.
        reason: String,
    },
    /// It is larger or more deeply nested than any plugin needs to be.
    #[error("{name} is refused before compiling: {reason}")]
    Precheck {
        /// What the caller called it.
        name: String,
        /// Which bound it breaks.
        reason: String,
    },
    /// It imports something that it may not have.
    #[error("{name} imports {import}, {}", import_reason(.permission.as_deref()))]
    Import {
        /// What the caller called it.
        name: String,
        /// The import, with its version.
        import: String,
        /// The key of the manifest's `[permissions]` that would allow it; `None`: nothing does.
        permission: Option<String>,
    },
    /// It was built for another version of the plugin interfaces.
    #[error("{name} was built for {wanted}, this host offers {offered}")]
    Api {
        /// What the caller called it.
        name: String,
        /// What the component asks for.
        wanted: String,
        /// What there is.
        offered: String,
    },
    /// Its imports or exports do not have the types that the interfaces have.
    #[error("{name} does not fit the plugin interfaces: {reason}")]
    Link {
        /// What the caller called it.
        name: String,
        /// The difference.
        reason: String,
    },
    /// The compiler refused it.
    #[error("{name} cannot be compiled: {reason}")]
    Compile {
        /// What the caller called it.
        name: String,
        /// The compiler's words.
        reason: String,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: Arc<io::Error>,
    },
}

fn import_reason(permission: Option<&str>) -> String {
    match permission {
        Some(permission) => format!("which needs the permission `{permission}`"),
        None => "which no permission gives".to_owned(),
    }
}

impl LoadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotAComponent { .. } => {
                "build the plugin for the target wasm32-wasip2, or turn a core module into a component with `wasm-tools component new`".to_owned()
            }
            Self::Import { permission: Some(permission), .. } => {
                format!("ask for `{permission}` under [permissions] in plugin.toml, or build the plugin without it")
            }
            Self::Import { permission: None, import, .. } => format!("build the plugin without {import}"),
            Self::Api { .. } => "use a release of the plugin, or of jackfield, that goes with the other".to_owned(),
            Self::Link { .. } => "build the plugin again with the interfaces of this release".to_owned(),
            Self::Precheck { .. } | Self::Compile { .. } | Self::Io { .. } => return None,
        })
    }
}

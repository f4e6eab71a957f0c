//! Why a component was not loaded.

use std::io;
use std::sync::Arc;

use crate::Verdict;

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
    #[error("{name} imports {import}, {}", import_reason(.permission, .verdict))]
    Import {
        /// What the caller called it.
        name: String,
        /// The import, with its version.
        import: String,
        /// The key of the manifest's `[permissions]` that would allow it; `None`: nothing does.
        permission: Option<&'static str>,
        /// Who is against it.
        verdict: Verdict,
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
    /// It lacks an interface, or a function of one, that a plugin has to export.
    #[error("{name} lacks an export: {reason}")]
    MissingExport {
        /// What the caller called it.
        name: String,
        /// What is missing.
        reason: String,
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

fn import_reason(permission: &Option<&'static str>, verdict: &Verdict) -> String {
    let Some(permission) = permission else { return "which no permission gives".to_owned() };
    let reason = match (manifest_line(permission), verdict) {
        (None, _) => ", which this version cannot give",
        (_, Verdict::NotGranted) => ", which was not granted",
        (_, Verdict::Policy) => ", which [policy] does not allow",
        _ => ", which its manifest does not ask for",
    };
    format!("which needs the permission `{permission}`{reason}")
}

/// What a manifest says to ask for a permission; `None`: it cannot be granted.
fn manifest_line(permission: &str) -> Option<&'static str> {
    match permission {
        "network.http" => Some("network.http = [{ host = \"…\", reason = \"…\" }]"),
        "network.socket" => Some("network.socket = [{ host = \"…\", port = …, reason = \"…\" }]"),
        _ => None,
    }
}

/// Whether the version that an interface has comes after another one. `None`: they cannot be compared.
fn is_newer(wanted: &str, offered: &str) -> Option<bool> {
    let numbers = |name: &str| -> Option<Vec<u64>> {
        let numbers: Vec<u64> = name.split_once('@')?.1.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(numbers).filter(|numbers| numbers.len() == 3)
    };
    Some(numbers(wanted)? > numbers(offered)?)
}

impl LoadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotAComponent { .. } => {
                "build the plugin for the target wasm32-wasip2, or turn a core module into a component with `wasm-tools component new`".to_owned()
            }
            Self::Import { name, import, permission, verdict } => match permission.and_then(manifest_line) {
                Some(line) if *verdict == Verdict::NotAsked => {
                    format!("add to plugin.toml, under [permissions]: {line}; or build the plugin without it")
                }
                Some(line) => verdict.help(name, line),
                None => format!("build the plugin without {import}"),
            },
            Self::Api { wanted, offered, .. } => match is_newer(wanted, offered) {
                Some(true) => format!("update jackfield, or use a release of the plugin that was built for {offered}"),
                Some(false) => format!("build the plugin again with the interfaces of {offered}, or use a jackfield that offers what it was built for"),
                None => format!("build the plugin with the interfaces of {offered}: they have a version of three numbers"),
            },
            Self::MissingExport { .. } => {
                "export all functions of jackfield:plugin/node, format, codec, hook or service, whichever the manifest provides; the SDKs' export macros do".to_owned()
            }
            Self::Link { .. } => "build the plugin again with the interfaces of this release".to_owned(),
            Self::Precheck { .. } | Self::Compile { .. } | Self::Io { .. } => return None,
        })
    }
}

//! Where plugins, caches, state and limits come from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_host::Limits;
use jackfield_manifest::{Bytes, Config, LimitSettings, OfferKind, Problem, Severity};

use crate::diagnose::problem;
use crate::discover::Rank;

/// A plugin that was built together with this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstParty {
    /// The plugin's name.
    pub name: &'static str,
    /// The plugin's version.
    pub version: &'static str,
    /// SHA-256 of its component, in lower-case hexadecimal digits.
    pub digest: &'static str,
}

/// A folder that holds plugins, one subfolder each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFolder {
    /// The folder; it may be missing.
    pub path: PathBuf,
    /// How much its plugins count when two provide the same thing.
    pub rank: Rank,
}

/// Everything about the machine and the operator that the runtime needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Plugin folders, most important first.
    pub folders: Vec<PluginFolder>,
    /// Components built together with the binary.
    pub first_party: Vec<FirstParty>,
    /// Compiled components are kept here; `None` compiles anew each time.
    pub cache_dir: Option<PathBuf>,
    /// Where this machine's key is kept.
    pub state_dir: Option<PathBuf>,
    /// The operator's limits for each plugin.
    pub limits: Limits,
    /// What is preferred where two plugins provide the same, such as `format:csv` to a plugin's name.
    pub prefer: BTreeMap<String, String>,
    /// The operator's configuration, if there was a file.
    pub config: Option<Arc<Config>>,
    /// Where the configuration came from, if there was a file.
    pub config_file: Option<PathBuf>,
    /// Things in the configuration that deserve a warning.
    pub warnings: Vec<Problem>,
}

/// Reads an environment variable; a parameter so that tests need not change the process.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Settings {
    /// Settings of a process: `--config`, the environment, XDG's folders, and the plugins beside `executable`.
    ///
    /// # Errors
    /// Every problem of the configuration file.
    pub fn from_environment(
        config: Option<&Path>,
        executable: &Path,
        first_party: &[FirstParty],
        env: Environment<'_>,
    ) -> Result<Settings, Vec<Problem>> {
        let path = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = path("HOME");
        let xdg = |name: &str, fallback: &str| {
            path(name).filter(|p| p.is_absolute()).or_else(|| home.as_ref().map(|home| home.join(fallback)))
        };
        let named = config.map(Path::to_path_buf).or_else(|| path("JACKFIELD_CONFIG"));
        let default = xdg("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("jackfield/jackfield.toml"));
        let config_file = named.clone().or_else(|| default.filter(|file| file.is_file()));
        let (config, mut warnings) = match &config_file {
            Some(file) => read_config(file)?,
            None => (None, Vec::new()),
        };

        let mut folders = Vec::new();
        let mut add = |path: PathBuf, rank| folders.push(PluginFolder { path, rank });
        if let Some(beside) = executable.parent() {
            let own = beside.join("plugins");
            let shared = beside.join("../share/jackfield/plugins");
            add(if own.is_dir() { own } else { shared }, Rank::FirstParty);
        }
        for folder in env("JACKFIELD_PLUGINS").iter().flat_map(std::env::split_paths) {
            if !folder.as_os_str().is_empty() {
                add(folder, Rank::Configured);
            }
        }
        if let (Some(config), Some(file)) = (&config, &config_file) {
            let base = file.parent().unwrap_or(Path::new("."));
            config.folders.iter().for_each(|folder| add(base.join(folder), Rank::Configured));
        }
        if let Some(data) = xdg("XDG_DATA_HOME", ".local/share") {
            add(data.join("jackfield/plugins"), Rank::Discovered);
        }
        let system = env("XDG_DATA_DIRS").filter(|v| !v.is_empty()).unwrap_or("/usr/local/share:/usr/share".into());
        for data in std::env::split_paths(&system).filter(|p| p.is_absolute()) {
            add(data.join("jackfield/plugins"), Rank::Discovered);
        }

        let mut limits = Limits::default();
        let mut prefer = BTreeMap::new();
        if let Some(config) = &config {
            limits = lower(&limits, &config.limits, "jackfield.toml", &mut warnings);
            prefer = config.prefer.iter().map(|p| (format!("{}:{}", offer(p.kind), p.id), p.plugin.clone())).collect();
        }
        Ok(Settings {
            folders,
            first_party: first_party.to_vec(),
            cache_dir: path("JACKFIELD_CACHE").or_else(|| xdg("XDG_CACHE_HOME", ".cache").map(|p| p.join("jackfield"))),
            state_dir: path("JACKFIELD_STATE")
                .or_else(|| xdg("XDG_STATE_HOME", ".local/state").map(|p| p.join("jackfield"))),
            limits,
            prefer,
            config: config.map(Arc::new),
            config_file,
            warnings,
        })
    }
}

fn read_config(file: &Path) -> Result<(Option<Config>, Vec<Problem>), Vec<Problem>> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let help = "name a readable file with --config or JACKFIELD_CONFIG";
        vec![
            problem("config-not-readable", format!("the configuration {name} cannot be read: {error}")).with_help(help),
        ]
    })?;
    let (config, problems) = jackfield_manifest::parse_config(&name, &text);
    if problems.iter().any(|p| p.severity == Severity::Error) { Err(problems) } else { Ok((config, problems)) }
}

fn offer(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::Format => "format",
        OfferKind::Codec => "codec",
        OfferKind::Node => "node",
        OfferKind::Capability => "capability",
    }
}

/// The limits where `wanted` lowers `ceiling`; what would raise one stays at the ceiling, with a warning.
pub(crate) fn lower(ceiling: &Limits, wanted: &LimitSettings, who: &str, warnings: &mut Vec<Problem>) -> Limits {
    let mut limits = ceiling.clone();
    let mut too_high = |name: &str, value: String, ceiling: String| {
        let message = format!("{who} asks for {name} = {value}, above the allowed {ceiling}; {ceiling} holds");
        let mut warning = problem("limit-above-ceiling", message);
        warning.severity = Severity::Warning;
        warnings.push(warning);
    };
    if let Some(memory) = wanted.memory {
        let bytes = memory.0;
        if bytes > ceiling.memory_bytes {
            too_high("memory", memory.to_string(), Bytes(ceiling.memory_bytes).to_string());
        }
        limits.memory_bytes = bytes.min(ceiling.memory_bytes);
    }
    if let Some(fuel) = wanted.fuel_per_call {
        if fuel > ceiling.fuel_per_call {
            too_high("fuel-per-call", fuel.to_string(), ceiling.fuel_per_call.to_string());
        }
        limits.fuel_per_call = fuel.min(ceiling.fuel_per_call);
    }
    if let Some(timeout) = wanted.call_timeout {
        if timeout > ceiling.call_timeout {
            too_high("call-timeout", format!("{timeout:?}"), format!("{:?}", ceiling.call_timeout));
        }
        limits.call_timeout = timeout.min(ceiling.call_timeout);
    }
    if let Some(bytes) = wanted.hostcall_fuel {
        let count = usize::try_from(bytes.0).unwrap_or(usize::MAX);
        if count > ceiling.hostcall_fuel {
            too_high("hostcall-fuel", bytes.to_string(), Bytes(ceiling.hostcall_fuel as u64).to_string());
        }
        limits.hostcall_fuel = count.min(ceiling.hostcall_fuel);
    }
    if let Some(handles) = wanted.handles {
        if handles > ceiling.handles {
            too_high("handles", handles.to_string(), ceiling.handles.to_string());
        }
        limits.handles = handles.min(ceiling.handles);
    }
    limits
}

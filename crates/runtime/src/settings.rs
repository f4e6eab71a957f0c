//! Where plugins, caches, state and limits come from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use jackfield_host::Limits;
use jackfield_manifest::{Config, Location, Permissions, PluginSettings, Problem, Secret, Severity};

use crate::diagnose::problem;
use crate::discover::{Form, InstalledPlugin, Rank};
use crate::limits::{lower, set};
use crate::registry::Choices;

/// A plugin that was built together with this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstParty {
    /// The plugin's name.
    pub name: &'static str,
    /// The plugin's version.
    pub version: &'static str,
    /// SHA-256 of its component, in lower-case hexadecimal digits.
    pub digest: &'static str,
    /// SHA-256 of its `plugin.toml`, likewise: with another manifest it would be another plugin.
    pub manifest: &'static str,
}

impl FirstParty {
    /// The one that a plugin's name, version and form claim to be.
    pub(crate) fn claimed<'a>(all: &'a [FirstParty], plugin: &InstalledPlugin) -> Option<&'a FirstParty> {
        let version = plugin.manifest.version.to_string();
        let same = |own: &&FirstParty| own.name == plugin.name() && own.version == version;
        all.iter().find(same).filter(|_| plugin.form == Form::Folder)
    }
}

/// A folder that holds plugins, one subfolder each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFolder {
    /// The folder; it may be missing.
    pub path: PathBuf,
    /// How much its plugins count when two provide the same thing.
    pub rank: Rank,
}

/// Everything about the machine and the operator that the runtime needs to know. The default has no folders, keeps
/// nothing, and has the usual limits.
#[derive(Debug, Clone, Default)]
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
    /// Where temporary files lie; `None`: the usual place.
    pub spill_folder: Option<PathBuf>,
    /// What is preferred where two plugins provide the same, such as `format:csv` to a plugin's name.
    pub prefer: BTreeMap<String, String>,
    /// `[plugin.NAME]`: the version that counts, and the plugin's own configuration.
    pub plugins: IndexMap<String, PluginSettings>,
    /// `[secrets]`: where they come from; never what they are.
    pub secrets: IndexMap<String, Secret>,
    /// `[policy]` of each configuration that was read; a right needs the consent of all of them.
    pub policies: Vec<Permissions>,
    /// Where the choices among plugins are said, by the key of `prefer` or `plugin.NAME`.
    pub places: BTreeMap<String, Location>,
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
    /// The file that holds a secret, if it is one that lies in a file. A relative path starts at the configuration.
    pub(crate) fn secret_file(&self, name: &str) -> Option<PathBuf> {
        match self.secrets.get(name)? {
            Secret::File(path) => {
                let base = self.config_file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
                Some(base.join(path))
            }
            Secret::Env(_) => None,
        }
    }

    /// What the operator decides about plugins that exclude each other.
    pub fn choices(&self) -> Choices {
        let pins = self.plugins.iter().filter_map(|(name, plugin)| Some((name.clone(), plugin.version.clone()?)));
        Choices { prefer: self.prefer.clone(), pins: pins.collect(), places: self.places.clone() }
    }

    /// Settings of a process: `--config`, the environment, XDG's folders, and the plugins beside `executable`. A
    /// `jackfield.toml` in `working_folder` can lower limits and narrow rights, and adds nothing that is trusted.
    ///
    /// # Errors
    /// Every problem of the configuration files.
    pub fn from_environment(
        config: Option<&Path>,
        working_folder: &Path,
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
        let local = local_config(working_folder, config_file.as_deref(), &mut warnings)?;

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

        let mut settings = Settings {
            folders,
            first_party: first_party.to_vec(),
            cache_dir: path("JACKFIELD_CACHE").or_else(|| xdg("XDG_CACHE_HOME", ".cache").map(|p| p.join("jackfield"))),
            state_dir: path("JACKFIELD_STATE")
                .or_else(|| xdg("XDG_STATE_HOME", ".local/state").map(|p| p.join("jackfield"))),
            limits: Limits::default(),
            spill_folder: None,
            prefer: BTreeMap::new(),
            plugins: IndexMap::new(),
            secrets: IndexMap::new(),
            policies: Vec::new(),
            places: BTreeMap::new(),
            config: None,
            config_file,
            warnings,
        };
        if let Some(config) = &config {
            settings.limits = set(&settings.limits, &config.limits);
            settings.take(config);
            let base = settings.config_file.as_deref().and_then(Path::parent).unwrap_or(Path::new("."));
            settings.spill_folder = config.spill_folder.as_ref().map(|folder| base.join(folder));
        }
        if let Some(local) = &local {
            settings.limits = lower(&settings.limits, &local.limits, "jackfield.toml", &mut settings.warnings);
            settings.take(local);
        }
        settings.config = config.map(Arc::new);
        Ok(settings)
    }

    /// Takes over what a configuration says, besides the limits.
    fn take(&mut self, config: &Config) {
        for prefer in &config.prefer {
            let what = format!("{}:{}", prefer.kind.name(), prefer.id);
            let place = config.document.locate_key(&["plugins", "prefer", &what]);
            self.places.extend(place.map(|place| (what.clone(), place)));
            self.prefer.insert(what, prefer.plugin.clone());
        }
        for (name, plugin) in &config.plugins {
            let place = config.document.locate_key(&["plugin", name, "version"]);
            self.places.extend(place.map(|place| (format!("plugin.{name}"), place)));
            let known = self.plugins.entry(name.clone()).or_default();
            if plugin.version.is_some() {
                known.version.clone_from(&plugin.version);
            }
            known.config.extend(plugin.config.clone());
        }
        self.secrets.extend(config.secrets.clone());
        self.policies.extend(config.policy.clone());
    }
}

/// The `jackfield.toml` of the working folder, without what it must not say: whoever made the folder is not the operator.
fn local_config(
    folder: &Path,
    config_file: Option<&Path>,
    warnings: &mut Vec<Problem>,
) -> Result<Option<Config>, Vec<Problem>> {
    let file = folder.join("jackfield.toml");
    let same = |other: &Path| other.canonicalize().ok().zip(file.canonicalize().ok()).is_some_and(|(a, b)| a == b);
    if !file.is_file() || config_file.is_some_and(same) {
        return Ok(None);
    }
    let (config, problems) = read_config(&file)?;
    warnings.extend(problems);
    let Some(mut config) = config else { return Ok(None) };
    let mut refused = Vec::new();
    let mut refuse = |key: &[&str], what: &str| {
        let name = key.join(".");
        let message = format!("`{name}` is ignored: a jackfield.toml in the working folder {what}");
        let help = "a configuration in the working folder can only lower [limits] and narrow [policy]; \
                    put this into your own configuration, or name the file with --config";
        let place = config.document.locate_key(key);
        refused.push(Problem::warning("config-not-trusted", message).with_help(help).at(place));
    };
    if !config.folders.is_empty() {
        refuse(&["plugins", "folders"], "cannot add plugins");
    }
    if !config.prefer.is_empty() {
        refuse(&["plugins", "prefer"], "cannot choose between plugins");
    }
    if !config.secrets.is_empty() {
        refuse(&["secrets"], "cannot name secrets");
    }
    if config.spill_folder.is_some() {
        refuse(&["spill", "folder"], "cannot say where temporary files lie");
    }
    for name in config.plugins.keys() {
        refuse(&["plugin", name], "cannot choose versions or configure plugins");
    }
    refused.sort_by_key(|problem| problem.location.as_ref().map(|place| (place.line, place.column)));
    warnings.extend(refused);
    (config.folders, config.prefer) = (Vec::new(), Vec::new());
    config.secrets.clear();
    config.plugins.clear();
    Ok(Some(config))
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

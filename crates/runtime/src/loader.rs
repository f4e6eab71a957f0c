//! Turns installed plugins into components that can run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jackfield_host::{Component, Engine, EngineOptions, Limits, LoadError, LogSink};
use jackfield_manifest::{HookPoint, LimitSettings, Pipeline, Problem, nearest};
use tokio::sync::broadcast;

use crate::diagnose::{Class, Diagnosis, ProblemExt, Report, problem};
use crate::discover::{InstalledPlugin, discover};
use crate::hooks::explain::{ExplainedPoint, explain};
use crate::lifecycle::config::Said;
use crate::lifecycle::{About, Running, Transition};
use crate::registry::Registry;
use crate::settings::{Settings, lower};

/// So many transitions are kept for whoever is slow to take them.
const EVENTS_KEPT: usize = 1024;

/// The plugins, the engine, and what was loaded so far.
#[derive(Debug)]
pub struct Runtime {
    settings: Settings,
    registry: Arc<Registry>,
    engine: Mutex<Option<Engine>>,
    loaded: Mutex<HashMap<PathBuf, LoadedPlugin>>,
    events: broadcast::Sender<Transition>,
}

/// A plugin whose component is compiled and linked.
#[derive(Debug, Clone)]
pub struct LoadedPlugin {
    /// The plugin.
    pub installed: Arc<InstalledPlugin>,
    /// Its component.
    pub component: Component,
    /// The limits of its stores.
    pub limits: Limits,
    /// Its digest is one that was built into the binary.
    pub first_party: bool,
}

/// Why a plugin cannot run.
#[derive(Debug, Clone)]
pub struct PluginFault {
    /// All that is wrong.
    pub diagnoses: Vec<Diagnosis>,
}

impl From<PluginFault> for Report {
    fn from(fault: PluginFault) -> Report {
        Report { diagnoses: fault.diagnoses }
    }
}

impl Runtime {
    /// Reads the manifests of all installed plugins. Compiles and runs nothing; the engine is made on first use.
    pub fn open(settings: Settings) -> Runtime {
        let registry = Registry::new(discover(&settings.folders), &settings.prefer);
        Runtime {
            settings,
            registry: Arc::new(registry),
            engine: Mutex::new(None),
            loaded: Mutex::new(HashMap::new()),
            events: broadcast::Sender::new(EVENTS_KEPT),
        }
    }

    /// The transitions of all plugins, from now on. Whoever does not take them in time loses the oldest and is told so.
    pub fn events(&self) -> broadcast::Receiver<Transition> {
        self.events.subscribe()
    }

    /// Starts plugins and what they require, and the hooks that the operator has enabled, apart from any pipeline: for
    /// hosts that call services. They stop with [`Running::stop`], or when it is dropped.
    ///
    /// # Errors
    /// Everything that keeps one of them from starting; what had started was stopped.
    pub async fn start(&self, plugins: &[&str], log: LogSink) -> Result<Arc<Running>, Report> {
        let about = About { pipeline: String::new(), limits: LimitSettings::default(), now_micros: 0, log };
        let running = self.running(about, None);
        let mut found = Vec::new();
        if let Err(more) = running.start_hooks(self).await {
            found.extend(more);
        }
        for name in plugins {
            match self.registry.plugin(name) {
                Some(plugin) => found.extend(running.ready(self, plugin).await.err().into_iter().flatten()),
                None => found.push(unknown_plugin(&self.registry, name)),
            }
        }
        if found.is_empty() {
            return Ok(running);
        }
        running.stop().await;
        Err(Report { diagnoses: found })
    }

    /// Plugins that have not started.
    pub(crate) fn running(&self, about: About, pipeline: Option<Arc<Pipeline>>) -> Arc<Running> {
        Running::new(about, self.registry.clone(), self.settings.config.clone(), pipeline, self.events.clone())
    }

    /// The hooks of a point, or of all points, as they would be called for a pipeline. Runs nothing.
    pub fn explain_hooks(&self, point: Option<HookPoint>, pipeline: Option<&Pipeline>) -> Vec<ExplainedPoint> {
        let said = Said { operator: self.settings.config.as_deref(), pipeline };
        let points = HookPoint::ALL.into_iter().filter(|known| point.is_none_or(|wanted| wanted == *known));
        points.map(|point| explain(&self.registry, &said, point)).collect()
    }

    /// What is installed.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// What this runtime was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The limits that hold for a plugin: the operator's, lowered by its manifest.
    pub fn limits_of(&self, plugin: &InstalledPlugin) -> Limits {
        // A manifest that asks for more than it gets is told so when a limit is hit, not each time it is loaded.
        lower(&self.settings.limits, &plugin.manifest.limits, plugin.name(), &mut Vec::new())
    }

    fn engine(&self) -> Result<Engine, PluginFault> {
        let mut slot = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*slot {
            return Ok(engine.clone());
        }
        let options =
            EngineOptions { cache_dir: self.settings.cache_dir.clone(), state_dir: self.settings.state_dir.clone() };
        let engine = Engine::new(options).map_err(|error| PluginFault {
            diagnoses: vec![problem("engine", format!("the engine does not start: {error}")).class(Class::Failed)],
        })?;
        *slot = Some(engine.clone());
        Ok(engine)
    }

    /// Loads a plugin's component, from the cache if it was compiled before, and compares it with its manifest.
    ///
    /// # Errors
    /// The component is missing, broken, for another engine, or not what its manifest says.
    pub fn load(&self, plugin: &Arc<InstalledPlugin>) -> Result<LoadedPlugin, PluginFault> {
        let known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&plugin.component).cloned();
        if let Some(loaded) = known {
            return Ok(loaded);
        }
        let engine = self.engine()?;
        let component =
            engine.load_file(&plugin.component, plugin.name()).map_err(|error| load_fault(plugin, error))?;
        let diagnoses = contradictions(plugin, &component);
        if !diagnoses.is_empty() {
            return Err(PluginFault { diagnoses });
        }
        let first_party = self.settings.first_party.iter().any(|own| own.digest == component.digest());
        let limits = self.limits_of(plugin);
        let loaded = LoadedPlugin { installed: plugin.clone(), component, limits, first_party };
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(plugin.component.clone(), loaded.clone());
        Ok(loaded)
    }
}

fn unknown_plugin(registry: &Registry, name: &str) -> Diagnosis {
    let names: Vec<&str> = registry.plugins().iter().map(|plugin| plugin.name()).collect();
    let help = match nearest(name, names.into_iter()).first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`jackfield plugin list` shows what there is".to_owned(),
    };
    problem("unknown-plugin", format!("no plugin `{name}` is installed")).with_help(help).class(Class::Configuration)
}

fn load_fault(plugin: &InstalledPlugin, error: LoadError) -> PluginFault {
    let manifest = &plugin.manifest;
    let message = format!("plugin {} {}: {error}", manifest.plugin, manifest.version);
    let mut fault = problem(load_code(&error), message);
    fault.help = error.help();
    fault.location = match &error {
        LoadError::Import { .. } => manifest.document.locate(&["permissions"]),
        _ => manifest.document.locate(&["plugin", "component"]),
    };
    let class = if matches!(error, LoadError::Io { .. }) { Class::Failed } else { Class::Configuration };
    PluginFault { diagnoses: vec![fault.class(class)] }
}

/// Where the manifest claims what the component does not export, and the other way round.
fn contradictions(plugin: &InstalledPlugin, component: &Component) -> Vec<Diagnosis> {
    let manifest = &plugin.manifest;
    let exports = component.exports();
    let kinds = [
        ("node", exports.node, manifest.nodes.len()),
        ("format", exports.format, manifest.formats.len()),
        ("codec", exports.codec, manifest.codecs.len()),
        ("hook", exports.hook, manifest.hooks.len()),
        ("service", exports.service, manifest.services.len()),
    ];
    let mut found = Vec::new();
    for (kind, exported, claimed) in kinds {
        if claimed > 0 && !exported {
            let message = format!(
                "plugin {}: the manifest provides a {kind}, but the component does not export jackfield:plugin/{kind}",
                manifest.plugin
            );
            let help = format!("remove [[provides.{kind}]], or build the component with its {kind} interface");
            let mut lie: Problem = problem("manifest-contradicts-component", message).with_help(help);
            lie.location = manifest.document.locate(&["provides", kind]);
            found.push(lie.class(Class::Configuration));
        } else if exported && claimed == 0 {
            let message = format!(
                "plugin {}: the component exports jackfield:plugin/{kind}, which the manifest does not provide",
                manifest.plugin
            );
            let help = format!("add a [[provides.{kind}]] table for each {kind} to plugin.toml");
            let mut lie = problem("manifest-contradicts-component", message).with_help(help);
            lie.location = manifest.document.locate(&["plugin"]);
            found.push(lie.class(Class::Configuration));
        }
    }
    let reads_config = component.imports().iter().any(|import| import.starts_with("jackfield:plugin/config"));
    if manifest.config.is_some() && !exports.lifecycle && !reads_config {
        let message = format!(
            "plugin {}: the manifest describes a configuration, but the component neither exports \
             jackfield:plugin/lifecycle nor imports jackfield:plugin/config",
            manifest.plugin
        );
        let help = "remove [config], or build the component so that it reads its configuration";
        let mut lie = problem("manifest-contradicts-component", message).with_help(help);
        lie.location = manifest.document.locate(&["config"]);
        found.push(lie.class(Class::Configuration));
    }
    found
}

fn load_code(error: &LoadError) -> &'static str {
    match error {
        LoadError::NotAComponent { .. } => "not-a-component",
        LoadError::Precheck { .. } => "component-refused",
        LoadError::Import { .. } => "import-not-permitted",
        LoadError::Api { .. } => "plugin-api",
        LoadError::Link { .. } => "component-does-not-fit",
        LoadError::Compile { .. } => "component-does-not-compile",
        LoadError::Io { .. } => "component-not-readable",
    }
}

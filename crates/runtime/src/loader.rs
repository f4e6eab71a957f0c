//! Turns installed plugins into components that can run.

mod granting;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use jackfield_host::{
    Component, Denial, Early, Engine, EngineError, EngineOptions, Limits, LoadError, LogSink, SpillSpace, Verdict,
};
use jackfield_manifest::{HookPoint, LimitSettings, Pipeline, Problem, nearest};
use tokio::sync::broadcast;

use crate::diagnose::{Class, Diagnosis, ProblemExt, Report, problem};
use crate::discover::digests::Digests;
use crate::discover::{Form, InstalledPlugin, Rank, discover, discover_by};
use crate::grants::Grants;
use crate::hooks::explain::{ExplainedPoint, explain};
use crate::lifecycle::config::Said;
use crate::lifecycle::{About, Running, Transition};
use crate::limits::lower;
use crate::native::NativePlugin;
use crate::registry::Registry;
use crate::settings::{FirstParty, PluginFolder, Settings};
use crate::stops::{Stop, StopCount, StopCounts, Stops};

use granting::unused;

/// So many transitions are kept for whoever is slow to take them.
const EVENTS_KEPT: usize = 1024;

/// The process's engine, or why there is none.
type EngineSlot = OnceLock<Result<Engine, EngineError>>;

/// The plugins, the engine, and what was loaded so far.
#[derive(Debug)]
pub struct Runtime {
    settings: Settings,
    native: Vec<NativePlugin>,
    worked_on: Option<PathBuf>,
    /// Replaced whole, in one step: readers never wait, and whoever holds a snapshot keeps it.
    registry: ArcSwap<Registry>,
    digests: Digests,
    engine: Arc<EngineSlot>,
    loaded: Mutex<HashMap<PathBuf, LoadedPlugin>>,
    /// Code that is being looked for, by the component's file.
    expected: Mutex<HashMap<PathBuf, Early>>,
    events: broadcast::Sender<Transition>,
    stops: broadcast::Sender<Stop>,
    stopped: StopCounts,
    grants: Mutex<Grants>,
    denials: broadcast::Sender<Denial>,
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
    /// What it asks for and does not use, or was granted and does not get.
    pub(crate) warnings: Vec<Problem>,
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

/// A runtime to be, with what the host itself provides.
#[derive(Debug)]
pub struct Builder {
    settings: Settings,
    native: Vec<NativePlugin>,
    /// The folder of a plugin that is being worked on.
    worked_on: Option<PathBuf>,
}

impl Builder {
    /// The plugin in this folder takes the place of all others of its name, wherever these lie and whoever made them; it
    /// gets no more trust or rights by it. For tests of a plugin.
    #[must_use]
    pub fn worked_on(mut self, folder: PathBuf) -> Builder {
        self.worked_on = Some(folder);
        self
    }

    /// Registers a native plugin. It counts as first-party, and before the first-party plugins on the disk.
    #[must_use]
    pub fn native(mut self, plugin: NativePlugin) -> Builder {
        self.native.push(plugin);
        self
    }

    /// Reads the manifests of all installed plugins. Compiles and runs nothing.
    pub fn open(self) -> Runtime {
        self.beside(Arc::default())
    }

    /// The same for somebody who will run something: the engine gets ready while the manifests are read.
    pub fn open_to_run(self) -> Runtime {
        let engine = Arc::default();
        let (slot, options) = (Arc::clone(&engine), engine_options(&self.settings));
        let prepare = move || {
            start(&slot, options);
            crate::plan::warm_up();
        };
        // Without the thread everything is made when it is needed.
        let _ = std::thread::Builder::new().name("prepare".to_owned()).spawn(prepare);
        self.beside(engine)
    }

    fn beside(self, engine: Arc<EngineSlot>) -> Runtime {
        let Builder { settings, native, worked_on } = self;
        let digests = Digests::new(settings.cache_dir.clone());
        let registry = ArcSwap::from_pointee(snapshot(&settings, &native, worked_on.as_deref(), &digests));
        let (events, denials) = (broadcast::Sender::new(EVENTS_KEPT), broadcast::Sender::new(EVENTS_KEPT));
        let stops = broadcast::Sender::new(EVENTS_KEPT);
        let grants = Mutex::new(Grants::open(settings.state_dir.as_deref()));
        let (loaded, expected, stopped) = (Mutex::default(), Mutex::default(), StopCounts::default());
        Runtime {
            settings,
            native,
            worked_on,
            registry,
            digests,
            engine,
            loaded,
            expected,
            events,
            stops,
            stopped,
            grants,
            denials,
        }
    }
}

/// What is installed now.
fn snapshot(settings: &Settings, native: &[NativePlugin], worked_on: Option<&Path>, digests: &Digests) -> Registry {
    let mut found = discover_by(&settings.folders, &settings.first_party, digests);
    digests.save();
    if let Some(folder) = worked_on {
        let mut only = discover(&[PluginFolder { path: folder.to_owned(), rank: Rank::Configured }], &[]);
        only.plugins.truncate(1);
        only.broken.truncate(1);
        found.plugins.retain(|plugin| only.plugins.iter().all(|own| own.name() != plugin.name()));
        found.plugins.splice(0..0, only.plugins);
        found.broken.splice(0..0, only.broken);
    }
    found.plugins.splice(0..0, native.iter().map(|plugin| plugin.installed().clone()));
    Registry::new(found, settings.choices())
}

impl Runtime {
    /// Reads the manifests of all installed plugins. Compiles and runs nothing; the engine is made on first use.
    pub fn open(settings: Settings) -> Runtime {
        Runtime::builder(settings).open()
    }

    /// The transitions of all plugins, from now on. Whoever does not take them in time loses the oldest and is told so.
    pub fn events(&self) -> broadcast::Receiver<Transition> {
        self.events.subscribe()
    }

    /// The instances that are stopped by a limit, a crash or a breach, from now on; likewise.
    pub fn stop_events(&self) -> broadcast::Receiver<Stop> {
        self.stops.subscribe()
    }

    /// How many instances were stopped since the runtime was opened, by plugin and reason.
    pub fn stop_counts(&self) -> Vec<StopCount> {
        self.stopped.all()
    }

    /// For whoever opens stores.
    pub(crate) fn stops(&self) -> Stops {
        Stops::new(self.stops.clone(), self.stopped.clone())
    }

    /// What plugins try and are not allowed to do, from now on; once for each plugin and thing. Whoever does not take them
    /// in time loses the oldest and is told so.
    pub fn denials(&self) -> broadcast::Receiver<Denial> {
        self.denials.subscribe()
    }

    pub(crate) fn denial_events(&self) -> broadcast::Sender<Denial> {
        self.denials.clone()
    }

    /// Starts plugins and what they require, and the hooks that the operator has enabled, apart from any pipeline: for
    /// hosts that call services. They stop with [`Running::stop`], or when it is dropped.
    ///
    /// # Errors
    /// Everything that keeps one of them from starting; what had started was stopped.
    pub async fn start(&self, plugins: &[&str], log: LogSink) -> Result<Arc<Running>, Report> {
        let about = self.about_host(log);
        let registry = self.registry();
        let running = self.running(about, registry.clone(), None);
        let mut found = Vec::new();
        if let Err(more) = running.start_hooks(self).await {
            found.extend(more);
        }
        for name in plugins {
            match registry.plugin(name) {
                Some(plugin) => found.extend(running.ready(self, plugin).await.err().into_iter().flatten()),
                None => found.push(unknown_plugin(&registry, name)),
            }
        }
        if found.is_empty() {
            return Ok(running);
        }
        running.stop().await;
        Err(Report { diagnoses: found })
    }

    /// Room for the temporary files of one run.
    pub(crate) fn spill_space(&self) -> SpillSpace {
        SpillSpace::new(self.settings.spill_folder.as_deref())
    }

    /// Plugins that run for the host itself rather than for a pipeline.
    pub(crate) fn about_host(&self, log: LogSink) -> About {
        About {
            pipeline: String::new(),
            limits: LimitSettings::default(),
            now_micros: 0,
            deterministic: false,
            log,
            stops: self.stops(),
            denials: self.denials.clone(),
            spill: self.spill_space(),
        }
    }

    /// Plugins that have not started.
    pub(crate) fn running(
        &self,
        about: About,
        registry: Arc<Registry>,
        pipeline: Option<Arc<Pipeline>>,
    ) -> Arc<Running> {
        Running::new(about, registry, self.settings.config.clone(), pipeline, self.events.clone())
    }

    /// The hooks of a point, or of all points, as they would be called for a pipeline. Runs nothing.
    pub fn explain_hooks(&self, point: Option<HookPoint>, pipeline: Option<&Pipeline>) -> Vec<ExplainedPoint> {
        let said = Said { operator: self.settings.config.as_deref(), pipeline };
        let points = HookPoint::ALL.into_iter().filter(|known| point.is_none_or(|wanted| wanted == *known));
        let registry = self.registry();
        points.map(|point| explain(&registry, &said, point)).collect()
    }

    /// The same for somebody who will run something: the engine gets ready while the manifests are read.
    pub fn open_to_run(settings: Settings) -> Runtime {
        Runtime::builder(settings).open_to_run()
    }

    /// Lets the host add plugins of its own before the runtime is opened.
    pub fn builder(settings: Settings) -> Builder {
        Builder { settings, native: Vec::new(), worked_on: None }
    }

    /// What is installed: a snapshot that never changes.
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    /// Looks at the plugin folders anew and publishes what is there in one step. Plans and runs that began before keep
    /// what they began with.
    pub fn refresh(&self) -> Arc<Registry> {
        let registry = Arc::new(snapshot(&self.settings, &self.native, self.worked_on.as_deref(), &self.digests));
        self.registry.store(registry.clone());
        registry
    }

    /// The native plugin behind an installed one.
    pub(crate) fn native(&self, plugin: &Arc<InstalledPlugin>) -> Option<&NativePlugin> {
        self.native.iter().find(|native| Arc::ptr_eq(native.installed(), plugin))
    }

    /// The digest of a plugin's component, from memory where the file is as it was: SHA-256 in lower-case hexadecimal
    /// digits. `None`: the plugin is native, or its file cannot be read.
    pub fn digest(&self, plugin: &InstalledPlugin) -> Option<String> {
        if plugin.form == Form::Native {
            return None;
        }
        let digest = self.digests.of(&plugin.component).ok();
        self.digests.save();
        digest
    }

    /// What this runtime was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The limits that hold for a plugin: the operator's, lowered by its manifest.
    pub fn limits_of(&self, plugin: &InstalledPlugin) -> Limits {
        lower(&self.settings.limits, &plugin.manifest.limits, plugin.name(), &mut Vec::new())
    }

    /// Warnings about what a plugin's manifest asks for and does not get, because the operator allows less.
    pub fn limit_warnings(&self, plugin: &InstalledPlugin) -> Vec<Problem> {
        let mut warnings = Vec::new();
        let who = format!("the manifest of {}", plugin.name());
        lower(&self.settings.limits, &plugin.manifest.limits, &who, &mut warnings);
        let place = plugin.manifest.document.locate_key(&["limits"]);
        warnings.into_iter().map(|warning| warning.at(place.clone())).collect()
    }

    fn engine(&self) -> Result<Engine, PluginFault> {
        let engine = start(&self.engine, engine_options(&self.settings));
        engine.clone().map_err(|error| PluginFault {
            diagnoses: vec![problem("engine", format!("the engine does not start: {error}")).class(Class::Failed)],
        })
    }

    /// Loads a plugin's component, from the cache if it was compiled before, and compares it with its manifest.
    ///
    /// # Errors
    /// The component is missing, broken, for another engine, or not what its manifest says.
    pub fn load(&self, plugin: &Arc<InstalledPlugin>) -> Result<LoadedPlugin, PluginFault> {
        let known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&plugin.component).cloned();
        // After a refresh another plugin, or another version of it, may lie where this one lay.
        if let Some(loaded) = known.filter(|known| Arc::ptr_eq(&known.installed, plugin)) {
            return Ok(loaded);
        }
        let engine = self.engine()?;
        let mut early = self.expected.lock().unwrap_or_else(PoisonError::into_inner).remove(&plugin.component);
        let (mut found, mut warnings) = (None, Vec::new());
        if let Some(own) = self.own(plugin).filter(|_| !self.needs_grant(plugin)) {
            // Its file need not be read: the code that is kept under this digest is that of what the binary was built with.
            let kept = engine.load_found(own.digest, plugin.name(), Arc::default(), early.take());
            found = kept.map_err(|error| load_fault(plugin, error))?;
        }
        let component = match found {
            Some(component) => component,
            None => {
                let given = self.rights(plugin)?;
                warnings = given.warnings;
                let loaded =
                    engine.load_hashed(&given.bytes, given.digest, plugin.name(), Arc::new(given.rights), early);
                loaded.map_err(|error| load_fault(plugin, error))?
            }
        };
        warnings.extend(unused(plugin, &component));
        warnings.extend(plugin.built_with_another());
        let diagnoses = contradictions(plugin, &component);
        if !diagnoses.is_empty() {
            return Err(PluginFault { diagnoses });
        }
        // Between looking at the folder and now, the file may have been replaced.
        let genuine = self.own(plugin).is_some_and(|own| own.digest == component.digest());
        if plugin.rank == Rank::FirstParty && !genuine {
            let message = format!("{} was replaced after it was found to be first-party", plugin.component.display());
            let changed = problem("component-changed", message).with_help("run the command again");
            return Err(PluginFault { diagnoses: vec![changed.class(Class::Configuration)] });
        }
        let limits = self.limits_of(plugin);
        let loaded = LoadedPlugin { installed: plugin.clone(), component, limits, warnings };
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(plugin.component.clone(), loaded.clone());
        Ok(loaded)
    }
}

impl Runtime {
    /// What the binary knows of a plugin that it was built with.
    fn own(&self, plugin: &InstalledPlugin) -> Option<&FirstParty> {
        FirstParty::claimed(&self.settings.first_party, plugin).filter(|_| plugin.rank == Rank::FirstParty)
    }

    /// Looks for the code of plugins that will be loaded, beside whatever comes before that.
    pub(crate) fn expect(&self, plugins: impl Iterator<Item = Arc<InstalledPlugin>>) {
        let Ok(engine) = self.engine() else { return };
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        for plugin in plugins {
            if plugin.form == Form::Native || loaded.contains_key(&plugin.component) {
                continue;
            }
            if let Entry::Vacant(place) = expected.entry(plugin.component.clone()) {
                let digest = match self.own(&plugin) {
                    Some(own) => Some(own.digest.to_owned()),
                    None => self.digests.remembered(&plugin.component),
                };
                if let Some(early) = digest.and_then(|digest| engine.look_early(&digest)) {
                    place.insert(early);
                }
            }
        }
    }
}

fn engine_options(settings: &Settings) -> EngineOptions {
    EngineOptions {
        cache_dir: settings.cache_dir.clone(),
        state_dir: settings.state_dir.clone(),
        ..EngineOptions::default()
    }
}

/// The engine in the slot; whoever comes first makes it, and the others wait.
fn start(slot: &EngineSlot, options: EngineOptions) -> &Result<Engine, EngineError> {
    slot.get_or_init(|| Engine::new(options))
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
    let class = match &error {
        LoadError::Io { .. } => Class::Failed,
        LoadError::Import { verdict: Verdict::NotGranted | Verdict::Policy, .. } => Class::Denied,
        _ => Class::Configuration,
    };
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
        LoadError::MissingExport { .. } => "missing-export",
        LoadError::Link { .. } => "component-does-not-fit",
        LoadError::Compile { .. } => "component-does-not-compile",
        LoadError::Io { .. } => "component-not-readable",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::settings::PluginFolder;

    fn install(folder: &std::path::Path, name: &str) {
        let plugin = folder.join(name);
        std::fs::create_dir_all(&plugin).unwrap();
        std::fs::write(plugin.join("p.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
        let manifest = format!("[plugin]\nname = \"{name}\"\nversion = \"1.0.0\"\ncomponent = \"p.wasm\"\n");
        std::fs::write(plugin.join("plugin.toml"), manifest).unwrap();
    }

    #[test]
    fn a_new_snapshot_is_published_whole_while_others_read() {
        let folder = tempfile::tempdir().unwrap();
        install(folder.path(), "one");
        let native = "[plugin]\nname = \"own\"\nversion = \"1.0.0\"\n\n[[provides.node]]\ntype = \"own\"\n";
        let settings = Settings {
            folders: vec![PluginFolder { path: folder.path().to_owned(), rank: Rank::Configured }],
            ..Settings::default()
        };
        let runtime = Runtime::builder(settings).native(NativePlugin::new(native).unwrap()).open();
        let before = runtime.registry();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let names: Vec<String> =
                            runtime.registry().plugins().iter().map(|plugin| plugin.name().to_owned()).collect();
                        // The native plugin comes first, and a snapshot is never one half of two.
                        assert!(names == ["own", "one"] || names == ["own", "one", "two"], "{names:?}");
                    }
                });
            }
            install(folder.path(), "two.draft");
            std::fs::rename(folder.path().join("two.draft"), folder.path().join("two")).unwrap();
            let manifest = folder.path().join("two/plugin.toml");
            let text = std::fs::read_to_string(&manifest).unwrap().replace("two.draft", "two");
            std::fs::write(manifest, text).unwrap();
            let after = runtime.refresh();
            assert_eq!(after.plugins().len(), 3);
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(before.plugins().len(), 2);
        assert_eq!(runtime.registry().plugins().len(), 3);
        assert_eq!(before.plugins()[0].rank, Rank::FirstParty);
    }
}

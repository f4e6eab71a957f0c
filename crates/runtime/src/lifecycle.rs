//! The running plugins of one pipeline: each is configured, loaded and started when it is first needed, behind what it
//! requires, and stopped in reverse order. What one of them does wrong stops none of the others.

pub(crate) mod base64;
pub(crate) mod config;
mod health;
mod services;
mod start;
pub mod state;
mod trial;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use jackfield_columns::Failure;
use jackfield_host::{CallError, CancelToken, Denial, DenialSink, Label, Limits, LogSink, SpillSpace, StoreOptions};
use jackfield_manifest::{Config, HookPoint, LimitSettings, Pipeline, Problem};
use serde_json::json;
use tokio::sync::broadcast;

use crate::discover::InstalledPlugin;
use crate::hooks::chain::Ledger;
use crate::hooks::seat::Seat;
use crate::hooks::{Crew, Event, Middle, Nothing};
use crate::limits::lower;
use crate::loader::LoadedPlugin;
use crate::registry::Registry;
use crate::stops::{Stop, Stops};

use config::Said;
pub use health::HealthWatch;
use services::Exchange;
pub use state::{IllegalTransition, State, Transition};

/// A plugin has so long to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// The plugins that run for one pipeline, or for whoever embeds the runtime.
#[derive(Debug)]
pub struct Running {
    this: Weak<Running>,
    about: About,
    registry: Arc<Registry>,
    operator: Option<Arc<Config>>,
    pipeline: Option<Arc<Pipeline>>,
    /// In the order in which they started.
    members: Mutex<Vec<Member>>,
    /// The hooks, once their plugins have started.
    crew: OnceLock<Crew>,
    ledger: Arc<Ledger>,
    events: broadcast::Sender<Transition>,
    stopped: AtomicBool,
}

/// Whom the plugins run for.
#[derive(Clone)]
pub(crate) struct About {
    /// The pipeline's name; empty: none.
    pub(crate) pipeline: String,
    pub(crate) limits: LimitSettings,
    pub(crate) now_micros: i64,
    /// Plugins see neither the real time nor real randomness.
    pub(crate) deterministic: bool,
    pub(crate) log: LogSink,
    /// Hears of every instance that is stopped.
    pub(crate) stops: Stops,
    pub(crate) denials: broadcast::Sender<Denial>,
    /// Where all instances of the run put rows aside.
    pub(crate) spill: SpillSpace,
}

impl std::fmt::Debug for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("About").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

/// A plugin that runs, or did, or was to.
#[derive(Debug)]
struct Member {
    installed: Arc<InstalledPlugin>,
    loaded: Option<LoadedPlugin>,
    state: State,
    reason: Option<String>,
    config: Arc<str>,
    /// Names and versions of the plugins that it requires itself.
    requires: Vec<String>,
    /// The main instance; `None`: nothing in it needs one.
    seat: Option<Arc<Seat>>,
    /// Hooks are told of it. They are not of their own plugins, nor of what these require.
    seen: bool,
}

impl Member {
    /// A key means this plugin: its name, or its name and version.
    fn is(&self, key: &str) -> bool {
        key == self.installed.name() || key == title(&self.installed)
    }
}

/// Name and version: of one plugin several versions may run side by side.
fn title(plugin: &InstalledPlugin) -> String {
    format!("{} {}", plugin.manifest.plugin, plugin.manifest.version)
}

/// They are the same plugin in the same version.
fn same(one: &InstalledPlugin, other: &InstalledPlugin) -> bool {
    one.manifest.plugin == other.manifest.plugin && one.manifest.version == other.manifest.version
}

/// How a plugin stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// Where it stands.
    pub state: State,
    /// Why, where that needs a word.
    pub reason: Option<String>,
}

impl Running {
    pub(crate) fn new(
        about: About,
        registry: Arc<Registry>,
        operator: Option<Arc<Config>>,
        pipeline: Option<Arc<Pipeline>>,
        events: broadcast::Sender<Transition>,
    ) -> Arc<Running> {
        Arc::new_cyclic(|this| Running {
            this: this.clone(),
            about,
            registry,
            operator,
            pipeline,
            members: Mutex::default(),
            crew: OnceLock::new(),
            ledger: Arc::new(Ledger::new()),
            events,
            stopped: AtomicBool::new(false),
        })
    }

    fn members(&self) -> MutexGuard<'_, Vec<Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn said(&self) -> Said<'_> {
        Said { operator: self.operator.as_deref(), pipeline: self.pipeline.as_deref() }
    }

    /// How all plugins stand that were needed so far, in the order of their start.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |member: &Member| Standing {
            plugin: member.installed.name().to_owned(),
            version: member.installed.manifest.version.to_string(),
            state: member.state,
            reason: member.reason.clone(),
        };
        self.members().iter().map(standing).collect()
    }

    /// Where a plugin stands, by its name or by name and version; `None`: it was not needed.
    pub fn state(&self, plugin: &str) -> Option<State> {
        self.members().iter().find(|member| member.is(plugin)).map(|member| member.state)
    }

    /// Everything that a store of a plugin is given. Limits that the pipeline cannot raise are warned of.
    pub(crate) fn store(
        &self,
        stage: &str,
        plugin: &InstalledPlugin,
        limits: &Limits,
        cancel: CancelToken,
        warnings: &mut Vec<Problem>,
    ) -> StoreOptions {
        let manifest = &plugin.manifest;
        StoreOptions {
            limits: lower(limits, &self.about.limits, "[limits]", warnings),
            label: Label {
                pipeline: self.about.pipeline.clone(),
                stage: stage.to_owned(),
                plugin: manifest.plugin.clone(),
                version: manifest.version.to_string(),
            },
            now_micros: self.about.now_micros,
            deterministic: self.about.deterministic,
            config: self.config_of(plugin).to_string(),
            log: self.about.log.clone(),
            faults: self.about.stops.sink(),
            denied: self.denied(),
            cancel,
            services: Some(Arc::new(Exchange(self.this.clone()))),
            spill: self.about.spill.clone(),
            ..StoreOptions::default()
        }
    }

    /// Where stores tell that they were denied something: it is an event, and a warning at the end.
    fn denied(&self) -> DenialSink {
        let (this, events) = (self.this.clone(), self.about.denials.clone());
        Arc::new(move |denial| {
            if let Some(running) = this.upgrade() {
                running.ledger.warn(denial_problem(&denial));
            }
            // Nobody has to listen.
            let _ = events.send(denial);
        })
    }

    /// The plugins that were loaded.
    pub(crate) fn loaded(&self) -> Vec<LoadedPlugin> {
        self.members().iter().filter_map(|member| member.loaded.clone()).collect()
    }

    /// The configuration in force; what is wrong with it is reported where the plugin starts.
    fn config_of(&self, plugin: &InstalledPlugin) -> Arc<str> {
        let known = self.members().iter().find(|member| same(&member.installed, plugin)).map(|m| m.config.clone());
        known.unwrap_or_else(|| {
            let config = self.said().config(&plugin.manifest, false);
            config.map_or_else(|_| "{}".into(), |config| config.to_string().into())
        })
    }

    /// The pipeline's own crew of hooks, if there are any at this point.
    pub(crate) fn crew_with(&self, point: HookPoint) -> Option<&Crew> {
        self.crew.get().filter(|crew| crew.has(point))
    }

    /// Runs the hooks of a point around `middle`.
    pub(crate) async fn hooked(
        &self,
        point: HookPoint,
        subject: &str,
        fields: serde_json::Value,
        middle: &mut dyn Middle,
    ) -> Result<Event, crate::hooks::Stop> {
        let event = Event::new(subject, fields);
        match self.crew_with(point) {
            Some(crew) => crew.run(point, event, middle).await,
            None => middle.run(event).await.map_err(crate::hooks::Stop::Middle),
        }
    }

    /// Instances of all hook plugins for one stage, if there are hooks that are called in stages.
    pub(crate) fn stage_crew(&self, stage: &str, cancel: &CancelToken) -> Option<Crew> {
        const IN_STAGES: [HookPoint; 4] =
            [HookPoint::NodeBefore, HookPoint::NodeProcess, HookPoint::NodeError, HookPoint::BatchEmit];
        let crew = self.crew.get()?;
        if !IN_STAGES.iter().any(|point| crew.has(*point)) {
            return None;
        }
        let seat = |seat: &Arc<Seat>| {
            let store = self.store(stage, &seat.plugin.installed, &seat.plugin.limits, cancel.clone(), &mut Vec::new());
            Seat::new(seat.plugin.clone(), store)
        };
        Some(Crew { seats: crew.seats.iter().map(seat).collect(), ..crew.clone() })
    }

    /// The instances that were stopped since the last time.
    pub(crate) fn take_stops(&self) -> Vec<Stop> {
        self.about.stops.take()
    }

    /// What is to be said of hooks and plugins that did not do as they should, since the last time.
    pub(crate) fn take_warnings(&self) -> Vec<Problem> {
        self.ledger.take_warnings()
    }

    /// A plugin goes to a state, unless there is no way.
    fn go(&self, plugin: &str, to: State, reason: Option<&str>) -> Result<(), IllegalTransition> {
        let dependents = if to == State::Failed { self.dependents(plugin) } else { Vec::new() };
        let mut members = self.members();
        let Some(member) = members.iter_mut().find(|member| member.is(plugin)) else { return Ok(()) };
        if member.state == to {
            return Ok(());
        }
        let from = member.state;
        member.state = from.to(to)?;
        member.reason = reason.map(str::to_owned);
        let transition = Transition {
            pipeline: self.about.pipeline.clone(),
            plugin: member.installed.name().to_owned(),
            version: member.installed.manifest.version.to_string(),
            from,
            to,
            reason: reason.map(str::to_owned),
            dependents,
        };
        // Nobody has to listen.
        let _ = self.events.send(transition);
        Ok(())
    }

    /// The plugins that require this one, directly or not.
    fn dependents(&self, plugin: &str) -> Vec<String> {
        let members = self.members();
        let Some(start) = members.iter().find(|member| member.is(plugin)) else { return Vec::new() };
        let mut known = vec![title(&start.installed)];
        let mut names = Vec::new();
        while let Some(member) = members.iter().find(|member| {
            !known.contains(&title(&member.installed)) && member.requires.iter().any(|wanted| known.contains(wanted))
        }) {
            known.push(title(&member.installed));
            names.push(member.installed.name().to_owned());
        }
        names
    }

    /// Name and version of the plugin that another one means by `wanted`: one of its requirements.
    fn required(&self, plugin: &str, wanted: &str) -> Option<String> {
        let members = self.members();
        let member = members.iter().find(|member| member.is(plugin))?;
        member.requires.iter().find(|title| title.split(' ').next() == Some(wanted)).cloned()
    }

    /// The main instance of a plugin that has a service.
    fn service_seat(&self, plugin: &str, service: &str) -> Result<Arc<Seat>, Failure> {
        let members = self.members();
        let Some(member) = members.iter().find(|member| member.is(plugin)) else {
            return Err(Failure::unavailable("service-unavailable", format!("plugin {plugin} does not run")));
        };
        if !member.installed.manifest.services.iter().any(|known| known.id == service) {
            let names: Vec<&str> = member.installed.manifest.services.iter().map(|known| known.id.as_str()).collect();
            let message = format!("plugin {plugin} has no service `{service}`");
            return Err(
                Failure::unavailable("unknown-service", message).with_help(format!("it has: {}", names.join(", ")))
            );
        }
        match (&member.seat, member.state.is_running()) {
            (Some(seat), true) => Ok(seat.clone()),
            _ => {
                let reason = member.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
                let message = format!("plugin {plugin} is {}{reason}", member.state);
                Err(Failure::unavailable("service-unavailable", message))
            }
        }
    }

    /// Notes that a plugin has failed, and tells the hooks.
    pub(crate) async fn fail(&self, plugin: &str, reason: &str) {
        if self.go(plugin, State::Failed, Some(reason)).is_err() {
            return;
        }
        if self.crew_with(HookPoint::PluginFail).is_none() {
            return;
        }
        let version = self.members().iter().find(|m| m.is(plugin)).map(|m| m.installed.manifest.version.to_string());
        let name = plugin.split(' ').next().unwrap_or(plugin);
        let fields = json!({
            "plugin": name,
            "version": version.unwrap_or_default(),
            "reason": reason,
            "dependents": self.dependents(plugin),
        });
        if let Err(stop) = self.hooked(HookPoint::PluginFail, name, fields, &mut Nothing).await {
            self.warn(stop, plugin);
        }
    }

    /// What went wrong while something else has gone wrong already, or is over: it is said, and stops nothing.
    pub(crate) fn warn(&self, stop: crate::hooks::Stop, what: &str) {
        for diagnosis in stop.diagnoses(what, crate::Class::Failed) {
            self.ledger.warn(diagnosis.problem);
        }
    }

    /// Stops all plugins, each ahead of what it requires, the hooks last. Each has five seconds, or the time of a call
    /// if that is less. May be called again.
    pub async fn stop(&self) {
        if self.stopped.swap(true, Ordering::AcqRel) {
            return;
        }
        let leaving = |member: &Member| Leaving {
            plugin: member.installed.clone(),
            seat: member.seat.clone().filter(|_| member.state.is_running()),
            told: member.seen && member.state.is_running(),
        };
        let left: Vec<Leaving> = self.members().iter().rev().map(leaving).collect();
        for Leaving { plugin: installed, seat, told } in left {
            let plugin = installed.name();
            let mut middle = Stopping(seat);
            let fields = json!({ "plugin": plugin, "version": installed.manifest.version.to_string() });
            let result = match told {
                true => self.hooked(HookPoint::PluginStop, plugin, fields, &mut middle).await,
                false => middle.run(Event::new(plugin, fields)).await.map_err(crate::hooks::Stop::Middle),
            };
            if let Err(stop) = result {
                self.warn(stop, &format!("plugin {plugin} did not stop as it should"));
                // A hook that failed must not keep the plugin from being told.
                let _ = middle.run(Event::new(plugin, json!({}))).await;
            }
            let _ = self.go(&title(&installed), State::Stopped, None);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let idle = self.members().iter().all(|member| member.seat.is_none());
        if idle || self.stopped.load(Ordering::Acquire) {
            return;
        }
        // Whoever drops this may be inside of an executor, where another one cannot run.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if let Ok(executor) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    executor.block_on(self.stop());
                }
            });
        });
    }
}

/// What to say of a denial.
pub(crate) fn denial_problem(denial: &Denial) -> Problem {
    let Denial { permission, what, help, label } = denial;
    Problem::warning("denied", format!("{label} was denied {what}: that takes `{permission}`")).with_help(help)
}

/// A plugin that is to stop.
struct Leaving {
    plugin: Arc<InstalledPlugin>,
    seat: Option<Arc<Seat>>,
    /// Hooks are told of it.
    told: bool,
}

/// Stops the main instance, once.
struct Stopping(Option<Arc<Seat>>);

impl Middle for Stopping {
    fn run(&mut self, event: Event) -> jackfield_host::Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            match self.0.take() {
                Some(seat) => seat.stop(STOP_DEADLINE).await.map(|()| event).map_err(|error| told(&error)),
                None => Ok(event),
            }
        })
    }
}

/// A call's error as a failure that hooks may see.
pub(crate) fn told(error: &CallError) -> Failure {
    match error {
        CallError::Failures(failures) if !failures.is_empty() => {
            failures.first().cloned().unwrap_or_else(|| Failure::internal("host", "a failure without a reason"))
        }
        CallError::Failures(_) => Failure::internal("host", "a failure without a reason"),
        CallError::Fault(fault) => Failure::internal("plugin-fault", fault.to_string()),
        CallError::Cancelled => Failure::unavailable("cancelled", "it was stopped"),
    }
}

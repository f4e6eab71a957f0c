//! Brings plugins up: configuration, component, `init`, `start`, with the hooks around each step.

use std::collections::BTreeMap;
use std::sync::Arc;

use jackfield_columns::Failure;
use jackfield_host::{CallError, CancelToken, Pending};
use jackfield_manifest::{HookPoint, OnFailure};
use serde_json::{Value, json};

use super::{Member, Running, State, config, same, title, told};
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, place, problem};
use crate::discover::{Form, InstalledPlugin};
use crate::hooks::chain::{Chain, Chains, Link};
use crate::hooks::enabled::{Enabled, enabled, problems};
use crate::hooks::explain::hook_plugins;
use crate::hooks::order::{self, Placed};
use crate::hooks::seat::Seat;
use crate::hooks::{Crew, Event, Middle, Nothing, Stop};
use crate::loader::{LoadedPlugin, Runtime};

/// Chains of the hooks of some plugins; a link's seat is the number of its plugin.
///
/// # Errors
/// Everything that contradicts itself, at all points.
pub(crate) fn chains(plugins: &[Arc<InstalledPlugin>]) -> Result<Chains, Vec<Diagnosis>> {
    let mut chains = BTreeMap::new();
    let mut found = Vec::new();
    for point in HookPoint::ALL {
        let ordered = match order::in_order(point, order::hooks_at(plugins, point)) {
            Ok(ordered) => ordered,
            Err(more) => {
                found.extend(more);
                continue;
            }
        };
        if ordered.is_empty() {
            continue;
        }
        let mut chain = Chain::default();
        for placed in ordered {
            let seat = plugins.iter().position(|plugin| Arc::ptr_eq(plugin, &placed.plugin)).unwrap_or_default();
            let name = placed.name();
            let Placed { hook, .. } = placed;
            chain.push(hook.kind, Link { seat, name, id: hook.id, on_failure: hook.on_failure, data: hook.data });
        }
        chains.insert(point, chain);
    }
    if found.is_empty() { Ok(Chains(chains)) } else { Err(found) }
}

impl Running {
    /// Starts the plugins whose hooks take part, and puts the hooks in their order. Of what starts from then on the hooks
    /// are told.
    ///
    /// # Errors
    /// Contradictions between hooks, and hooks that cannot start and must not fail.
    pub(crate) async fn start_hooks(&self, runtime: &Runtime) -> Result<(), Vec<Diagnosis>> {
        let said = self.said();
        let mut found = Vec::new();
        let mut taking_part = Vec::new();
        for (plugin, enabled) in hook_plugins(&self.registry, &said) {
            found.extend(problems(&plugin.manifest, enabled, &said));
            if enabled.takes_part() {
                taking_part.push(plugin);
            }
        }
        let mut seats = Vec::new();
        let mut plugins = Vec::new();
        for plugin in taking_part {
            match self.hook_seat(runtime, &plugin).await {
                Ok(seat) => {
                    seats.push(seat);
                    plugins.push(plugin);
                }
                Err(more) if plugin.manifest.hooks.iter().all(|hook| hook.on_failure == OnFailure::FailOpen) => {
                    let reasons: Vec<&str> = more.iter().map(|d| d.problem.message.as_str()).collect();
                    let message = format!("the hooks of plugin {} are left out: {}", plugin.name(), reasons.join("; "));
                    self.ledger.warn(problem("hook-passed-over", message));
                }
                Err(more) => found.extend(more),
            }
        }
        match chains(&plugins) {
            Ok(chains) if found.is_empty() => {
                if !chains.0.is_empty() {
                    let crew = Crew { chains: Arc::new(chains), seats, ledger: self.ledger.clone() };
                    // It is set once, by whoever plans the pipeline.
                    let _ = self.crew.set(crew);
                }
                Ok(())
            }
            Ok(_) => Err(found),
            Err(more) => {
                found.extend(more);
                Err(found)
            }
        }
    }

    async fn hook_seat(&self, runtime: &Runtime, plugin: &Arc<InstalledPlugin>) -> Result<Arc<Seat>, Vec<Diagnosis>> {
        self.bring_up_all(runtime, plugin, false).await?;
        let seat = self.members().iter().find(|m| same(&m.installed, plugin)).and_then(|m| m.seat.clone());
        seat.ok_or_else(|| {
            let message = format!("plugin {} exports no hooks", plugin.name());
            vec![problem("manifest-contradicts-component", message).class(Class::Configuration)]
        })
    }

    /// Brings up a plugin that is needed now, behind all that it requires.
    ///
    /// # Errors
    /// Everything that keeps it from starting.
    pub(crate) async fn ready(
        &self,
        runtime: &Runtime,
        plugin: &Arc<InstalledPlugin>,
    ) -> Result<LoadedPlugin, Vec<Diagnosis>> {
        self.up(runtime, plugin).await?;
        let loaded = self.members().iter().find(|m| same(&m.installed, plugin)).and_then(|m| m.loaded.clone());
        loaded.ok_or_else(|| vec![problem("host", format!("plugin {} is gone", plugin.name())).class(Class::Failed)])
    }

    /// The same for a plugin that need not have a component.
    ///
    /// # Errors
    /// Everything that keeps it from starting.
    pub(crate) async fn up(&self, runtime: &Runtime, plugin: &Arc<InstalledPlugin>) -> Result<(), Vec<Diagnosis>> {
        self.bring_up_all(runtime, plugin, true).await
    }

    async fn bring_up_all(
        &self,
        runtime: &Runtime,
        plugin: &Arc<InstalledPlugin>,
        seen: bool,
    ) -> Result<(), Vec<Diagnosis>> {
        if self.members().iter().any(|m| same(&m.installed, plugin) && m.state.is_running()) {
            return Ok(());
        }
        let resolved = self.registry.resolve(std::slice::from_ref(plugin));
        let resolved = resolved.map_err(|conflict| vec![conflict.class(Class::Configuration)])?;
        for (number, required) in resolved.order.iter().enumerate() {
            let provider = |(from, to): &(usize, usize)| resolved.order.get(*to).filter(|_| *from == number);
            let providers = resolved.edges.iter().filter_map(provider).map(|provider| title(provider)).collect();
            let brought = self.bring_up(runtime, required, providers, seen).await;
            if let Err(mut found) = brought {
                if !same(required, plugin) {
                    let message = format!("plugin {} cannot work without {}", plugin.name(), required.name());
                    // It has no cause of its own, so the exit code is that of the cause.
                    let class = found.iter().map(|d| d.class).min().unwrap_or(Class::Failed);
                    found.push(problem("requirement-failed", message).class(class));
                }
                return Err(found);
            }
        }
        Ok(())
    }

    async fn bring_up(
        &self,
        runtime: &Runtime,
        plugin: &Arc<InstalledPlugin>,
        requires: Vec<String>,
        seen: bool,
    ) -> Result<(), Vec<Diagnosis>> {
        let name = plugin.name();
        let known = self.members().iter().find(|m| same(&m.installed, plugin)).map(|m| (m.state, m.reason.clone()));
        match known {
            Some((state, _)) if state.is_running() => return Ok(()),
            Some((state, reason)) => {
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                return Err(vec![
                    problem("plugin-failed", format!("plugin {name} is {state}{reason}")).class(Class::Failed),
                ]);
            }
            None => {}
        }
        self.members().push(Member {
            installed: plugin.clone(),
            loaded: None,
            state: State::Discovered,
            reason: None,
            config: "{}".into(),
            requires,
            seat: None,
            seen,
        });
        let result = self.steps(runtime, plugin, seen).await;
        if let Err(found) = &result {
            let reasons: Vec<&str> = found.iter().map(|d| d.problem.message.as_str()).collect();
            self.fail(&title(plugin), &reasons.join("; ")).await;
        }
        result
    }

    async fn steps(&self, runtime: &Runtime, plugin: &Arc<InstalledPlugin>, seen: bool) -> Result<(), Vec<Diagnosis>> {
        let manifest = &plugin.manifest;
        let name = manifest.plugin.as_str();
        let illegal = |error: super::IllegalTransition| vec![problem("host", error.to_string()).class(Class::Failed)];
        let fields = || json!({ "plugin": name, "version": manifest.version.to_string() });
        self.go(&title(plugin), State::Resolved, None).map_err(illegal)?;
        let config = self.configure(plugin, seen).await?;
        if let Some(member) = self.members().iter_mut().find(|m| same(&m.installed, plugin)) {
            member.config = config.to_string().into();
        }

        if plugin.form == Form::Native {
            // It is part of the host: there is nothing to load, to initialise or to start.
            self.go(&title(plugin), State::Loaded, None).map_err(illegal)?;
            return self.go(&title(plugin), State::Started, None).map_err(illegal);
        }
        let mut loading = Loading { runtime, plugin, loaded: None, found: Vec::new() };
        self.step(HookPoint::PluginLoad, name, fields(), seen, &mut loading).await.map_err(|stop| match stop {
            Stop::Middle(_) => std::mem::take(&mut loading.found),
            stop => stop.diagnoses(&format!("plugin {name}"), Class::Configuration),
        })?;
        let Some(loaded) = loading.loaded.take() else {
            return Err(vec![problem("host", format!("plugin {name} was not loaded")).class(Class::Failed)]);
        };
        loaded.warnings.iter().for_each(|warning| self.ledger.warn(warning.clone()));
        let exports = loaded.component.exports();
        let wants_seat = exports.lifecycle || exports.health || exports.service || exports.hook;
        let seat = wants_seat.then(|| {
            let store = self.store("", &loaded.installed, &loaded.limits, CancelToken::new(), &mut Vec::new());
            Seat::new(loaded.clone(), store)
        });
        if let Some(member) = self.members().iter_mut().find(|m| same(&m.installed, plugin)) {
            member.loaded = Some(loaded);
            member.seat.clone_from(&seat);
        }
        self.go(&title(plugin), State::Loaded, None).map_err(illegal)?;

        if let Some(seat) = seat.filter(|_| exports.lifecycle || exports.hook) {
            let mut calling = Calling { seat: &seat, start: false, error: None };
            let done = self.step(HookPoint::PluginInit, name, fields(), seen, &mut calling).await;
            done.map_err(|stop| self.unready(plugin, stop, calling.error.take(), "init"))?;
            let mut calling = Calling { seat: &seat, start: true, error: None };
            let done = self.step(HookPoint::PluginStart, name, fields(), seen, &mut calling).await;
            done.map_err(|stop| self.unready(plugin, stop, calling.error.take(), "start"))?;
        } else {
            let veto = |stop: Stop| stop.diagnoses(&format!("plugin {name}"), Class::Configuration);
            self.step(HookPoint::PluginInit, name, fields(), seen, &mut Nothing).await.map_err(veto)?;
            self.step(HookPoint::PluginStart, name, fields(), seen, &mut Nothing).await.map_err(veto)?;
        }
        self.go(&title(plugin), State::Started, None).map_err(illegal)
    }

    /// Runs a step with the hooks around it, if they are told of this plugin.
    async fn step(
        &self,
        point: HookPoint,
        name: &str,
        fields: Value,
        seen: bool,
        middle: &mut dyn Middle,
    ) -> Result<Event, Stop> {
        match seen {
            true => self.hooked(point, name, fields, middle).await,
            false => middle.run(Event::new(name, fields)).await.map_err(Stop::Middle),
        }
    }

    /// The configuration, as the hooks leave it.
    async fn configure(&self, plugin: &InstalledPlugin, seen: bool) -> Result<Value, Vec<Diagnosis>> {
        let manifest = &plugin.manifest;
        let name = manifest.plugin.as_str();
        let said = self.said();
        let fixed = !manifest.hooks.is_empty() && enabled(plugin, &said) == Enabled::ByOperator;
        let config = said.config(manifest, fixed)?;
        if !seen || self.crew_with(HookPoint::ConfigLoad).is_none() {
            return Ok(config);
        }
        let fields = json!({ "plugin": name, "version": manifest.version.to_string(), "config": config });
        let outcome = self.hooked(HookPoint::ConfigLoad, name, fields, &mut Nothing).await;
        let outcome = outcome.map_err(|stop| stop.diagnoses(&format!("plugin {name}"), Class::Configuration))?;
        let made = outcome.fields.get("config").cloned().unwrap_or(config.clone());
        if made == config {
            return Ok(config);
        }
        config::checked(manifest, &made, &|_| None)
    }

    /// Why a plugin did not become ready, placed in the configuration where it is about that.
    fn unready(&self, plugin: &InstalledPlugin, stop: Stop, error: Option<CallError>, step: &str) -> Vec<Diagnosis> {
        let name = plugin.name();
        let what = format!("plugin {name} {}: {step}", plugin.manifest.version);
        match (stop, error) {
            (Stop::Middle(_), Some(CallError::Failures(failures))) => {
                failures.into_iter().map(|failure| self.placed(name, failure, &what)).collect()
            }
            (Stop::Middle(_), Some(error)) => call_problems(error, &what),
            (stop, _) => stop.diagnoses(&what, Class::Configuration),
        }
    }

    fn placed(&self, plugin: &str, failure: Failure, what: &str) -> Diagnosis {
        let said = self.said();
        let key = failure.parameter.as_deref().and_then(|pointer| pointer.split('/').nth(1)).unwrap_or_default();
        let in_pipeline = said.by_pipeline(plugin).is_some_and(|settings| settings.config.contains_key(key));
        let in_operators = said.by_operator(plugin).is_some_and(|settings| settings.config.contains_key(key));
        let document = match (said.pipeline, said.operator) {
            (Some(pipeline), _) if in_pipeline => Some(&pipeline.document),
            (_, Some(operator)) if in_operators => Some(&operator.document),
            _ => None,
        };
        let message = format!("{what}: {}", failure.message);
        let failure = Failure { message, ..failure };
        match document {
            Some(document) => place(document, &["plugin", plugin], "config", failure),
            None => {
                let class = crate::diagnose::class_of(failure.kind);
                let mut found = problem(&failure.code, failure.message);
                found.help = failure.help;
                found.class(class)
            }
        }
    }
}

/// Compiles and links the component.
struct Loading<'a> {
    runtime: &'a Runtime,
    plugin: &'a Arc<InstalledPlugin>,
    loaded: Option<LoadedPlugin>,
    found: Vec<Diagnosis>,
}

impl Middle for Loading<'_> {
    fn run(&mut self, event: Event) -> Pending<'_, Result<Event, Failure>> {
        let result = self.runtime.load(self.plugin);
        Box::pin(std::future::ready(match result {
            Ok(loaded) => {
                self.loaded = Some(loaded);
                Ok(event)
            }
            Err(fault) => {
                let first = fault.diagnoses.first().map(|d| (d.problem.code.clone(), d.problem.message.clone()));
                self.found = fault.diagnoses;
                let (code, message) = first.unwrap_or_default();
                Err(Failure::unavailable(&code, message))
            }
        }))
    }
}

/// Calls `init` or `start` of the main instance.
struct Calling<'a> {
    seat: &'a Seat,
    start: bool,
    error: Option<CallError>,
}

impl Middle for Calling<'_> {
    fn run(&mut self, event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            self.error = None;
            let result = if self.start { self.seat.start().await } else { self.seat.open().await };
            result.map(|()| event).map_err(|error| {
                let failure = told(&error);
                self.error = Some(error);
                failure
            })
        })
    }
}

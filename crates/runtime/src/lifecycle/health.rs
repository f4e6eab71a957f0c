//! How plugins are, on demand and from time to time.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use jackfield_columns::Failure;
use jackfield_host::{Health, HealthStatus, Pending};
use jackfield_manifest::HookPoint;
use serde_json::json;

use super::{Running, State, told};
use crate::hooks::seat::Seat;
use crate::hooks::{Event, Middle};

impl Running {
    /// Asks a plugin how it is, and notes the answer: one that is degraded or fails goes to that state, with its
    /// dependents named, and one that is well again comes back. `None`: it does not run, or has no way to say.
    pub async fn health(&self, plugin: &str) -> Option<Health> {
        let (seat, version, seen) = {
            let members = self.members();
            let member = members.iter().find(|member| member.is(plugin))?;
            let asked = member.loaded.as_ref().is_some_and(|loaded| loaded.component.exports().health);
            let seat = member.seat.clone().filter(|_| asked && member.state.is_running())?;
            (seat, member.installed.manifest.version.to_string(), member.seen)
        };
        let mut middle = Asking(seat);
        let name = plugin.split(' ').next().unwrap_or(plugin);
        let fields = json!({ "plugin": name, "version": version });
        let outcome = match seen {
            true => self.hooked(HookPoint::HealthCheck, name, fields, &mut middle).await,
            false => middle.run(Event::new(name, fields)).await.map_err(crate::hooks::Stop::Middle),
        };
        let health = match outcome {
            Ok(outcome) => {
                let status = match outcome.text("status") {
                    Some("healthy") => HealthStatus::Healthy,
                    Some("degraded") => HealthStatus::Degraded,
                    _ => HealthStatus::Failing,
                };
                Health { status, message: outcome.text("message").unwrap_or_default().to_owned() }
            }
            Err(stop) => Health { status: HealthStatus::Failing, message: stop.failure().message },
        };
        let reason = Some(health.message.as_str()).filter(|message| !message.is_empty());
        match health.status {
            HealthStatus::Healthy => _ = self.go(plugin, State::Started, None),
            HealthStatus::Degraded => _ = self.go(plugin, State::Degraded, reason),
            HealthStatus::Failing => self.fail(plugin, reason.unwrap_or("it says that it fails")).await,
        }
        Some(health)
    }

    /// Asks all plugins that can say; each by its name and version.
    pub async fn health_of_all(&self) -> Vec<(String, Health)> {
        let standings = self.standings().into_iter();
        let names: Vec<String> =
            standings.map(|standing| format!("{} {}", standing.plugin, standing.version)).collect();
        let mut all = Vec::new();
        for name in names {
            if let Some(health) = self.health(&name).await {
                all.push((name, health));
            }
        }
        all
    }

    /// A plugin that runs can say how it is.
    pub(crate) fn has_health(&self) -> bool {
        let asked = |member: &super::Member| member.loaded.as_ref().is_some_and(|l| l.component.exports().health);
        self.members().iter().any(asked)
    }

    /// Asks all plugins each time that so long has passed, on a thread of its own, until the watch is dropped.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn watch_health(self: &Arc<Self>, every: Duration) -> std::io::Result<HealthWatch> {
        let (done, waiting) = channel::<()>();
        let running = Arc::downgrade(self);
        let work = move || {
            let Ok(executor) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            while waiting.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let Some(running) = running.upgrade() else { return };
                executor.block_on(running.health_of_all());
            }
        };
        let thread = std::thread::Builder::new().name("health".to_owned()).spawn(work)?;
        Ok(HealthWatch { done: Some(done), thread: Some(thread) })
    }
}

/// Asks plugins how they are until it is dropped.
#[derive(Debug)]
pub struct HealthWatch {
    done: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for HealthWatch {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            // A watch that has crashed has nothing more to say.
            let _ = thread.join();
        }
    }
}

/// The plugin's own answer.
struct Asking(Arc<Seat>);

impl Middle for Asking {
    fn run(&mut self, mut event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            let health = self.0.health().await.map_err(|error| told(&error))?;
            let health = health.unwrap_or(Health { status: HealthStatus::Healthy, message: String::new() });
            let status = match health.status {
                HealthStatus::Healthy => "healthy",
                HealthStatus::Degraded => "degraded",
                HealthStatus::Failing => "failing",
            };
            event.fields.insert("status".to_owned(), status.into());
            event.fields.insert("message".to_owned(), health.message.into());
            Ok(event)
        })
    }
}

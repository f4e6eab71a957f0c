//! Starting plugins to see how they stand, and stopping them again.

use std::sync::Arc;

use jackfield_host::LogSink;

use super::{Standing, State};
use crate::diagnose::Diagnosis;
use crate::discover::InstalledPlugin;
use crate::loader::Runtime;

impl Runtime {
    /// How plugins stand when each is started with all that it requires and asked how it is; then they are stopped. One
    /// that fails keeps no other from its turn. The answers are in the order of `plugins`; hooks that the operator has
    /// enabled stand around everything. Blocks; to be called outside of an executor.
    ///
    /// # Errors
    /// There is no executor to be had, or the hooks do not start.
    pub fn try_out(&self, plugins: &[Arc<InstalledPlugin>], log: LogSink) -> Result<Vec<Standing>, Vec<Diagnosis>> {
        let about = self.about_host(log);
        crate::plan::executor().map_err(|error| vec![error])?.block_on(async {
            let running = self.running(about, self.registry(), None);
            let hooks = running.start_hooks(self).await;
            let mut reasons = Vec::new();
            if hooks.is_ok() {
                for plugin in plugins {
                    let found = running.up(self, plugin).await.err().unwrap_or_default();
                    reasons.push(found.into_iter().map(|d| d.problem.message).collect::<Vec<_>>().join("; "));
                }
                running.health_of_all().await;
            }
            let known = running.standings();
            running.stop().await;
            hooks?;
            let standing = |(plugin, reason): (&Arc<InstalledPlugin>, String)| {
                let version = plugin.manifest.version.to_string();
                let known = known.iter().find(|known| known.plugin == plugin.name() && known.version == version);
                known.cloned().unwrap_or_else(|| Standing {
                    plugin: plugin.name().to_owned(),
                    version,
                    state: self.registry().state(plugin),
                    reason: Some(reason).filter(|reason| !reason.is_empty()),
                })
            };
            Ok(plugins.iter().zip(reasons).map(standing).collect())
        })
    }
}

impl crate::registry::Registry {
    /// Where a plugin stands that nobody has needed yet.
    pub fn state(&self, plugin: &InstalledPlugin) -> State {
        if self.why_unresolved(plugin).is_some() { State::Discovered } else { State::Resolved }
    }
}

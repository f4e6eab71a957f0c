//! What stands between a plugin's bytes and its rights: grants, by digest.

use std::sync::{Arc, MutexGuard, PoisonError};

use jackfield_host::{Component, LoadError, Rights, inspect_asked, permission_of};
use jackfield_manifest::{Ask, Problem};

use super::{PluginFault, Runtime, load_fault};
use crate::diagnose::{Class, ProblemExt, Report, problem};
use crate::discover::digests::{bytes_digest, file_digest};
use crate::discover::{Form, InstalledPlugin, Rank};
use crate::grants::{Choice, Grant, Grants, Identity, Introduction};
use crate::rights::{Stand, effective, stand};

impl Runtime {
    fn grants_now(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who was granted what.
    pub fn grants(&self) -> Grants {
        self.grants_now().clone()
    }

    /// The plugin is granted or introduced: it was not built together with the binary, or it asks for something.
    pub fn needs_grant(&self, plugin: &InstalledPlugin) -> bool {
        match plugin.form {
            Form::Native => false,
            _ => plugin.rank != Rank::FirstParty || !plugin.manifest.permissions.asks().is_empty(),
        }
    }

    /// What there is to say about a plugin to somebody who is to grant it.
    ///
    /// # Errors
    /// Its component cannot be read.
    pub fn introduction(&self, plugin: &Arc<InstalledPlugin>) -> Result<Introduction, PluginFault> {
        let digest = file_digest(&plugin.component).map_err(|error| load_fault(plugin, io_error(plugin, error)))?;
        Ok(Introduction::new(plugin.clone(), Identity::of(plugin, &digest), &self.grants_now()))
    }

    /// Those of some plugins that run without a grant because they ask for nothing, and that nobody has seen yet.
    pub fn newcomers(&self, plugins: &[Arc<InstalledPlugin>]) -> Vec<Introduction> {
        let strangers = plugins.iter().filter(|plugin| self.needs_grant(plugin));
        let introduced = strangers.filter_map(|plugin| match self.loaded_digest(plugin) {
            // What was loaded is what has run, and hashing it once more would take as long again.
            Some(digest) => Some(Introduction::new(plugin.clone(), Identity::of(plugin, &digest), &self.grants_now())),
            None => self.introduction(plugin).ok(),
        });
        let grants = self.grants_now().clone();
        introduced.filter(|one| one.asks_nothing() && grants.of(&one.identity).is_none()).collect()
    }

    /// The digest of the component that was loaded for a plugin.
    fn loaded_digest(&self, plugin: &Arc<InstalledPlugin>) -> Option<String> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get(&plugin.component).filter(|known| Arc::ptr_eq(&known.installed, plugin))?;
        Some(loaded.component.digest().to_owned())
    }

    /// The plugins that a report names because nobody has granted them.
    pub fn strangers(&self, report: &Report) -> Vec<Introduction> {
        let named = |introduction: &Introduction| {
            let message = introduction.message();
            report.problems().any(|problem| problem.code == NOT_GRANTED && problem.message == message)
        };
        let registry = self.registry();
        let plugins = registry.plugins().iter().filter(|plugin| self.needs_grant(plugin));
        plugins.filter_map(|plugin| self.introduction(plugin).ok()).filter(named).collect()
    }

    /// Grants what was chosen, from the next time on that the plugin is loaded.
    ///
    /// # Errors
    /// Everything that cannot be granted; or the grant cannot be kept.
    pub fn grant(&self, introduction: &Introduction, choice: &Choice) -> Result<Grant, Report> {
        let grant = introduction.grant(choice, &self.settings)?;
        self.grants_now().add(grant.clone()).map_err(|error| not_kept(&error))?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.remove(&introduction.plugin.component);
        Ok(grant)
    }

    /// Takes back the grants that `which` picks, and gives them. Instances that run keep what they have.
    ///
    /// # Errors
    /// The grants cannot be read or written.
    pub fn revoke(&self, which: impl Fn(&Grant) -> bool) -> Result<Vec<Grant>, Report> {
        let gone = self.grants_now().revoke(which).map_err(|error| not_kept(&error))?;
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(gone)
    }

    /// How each thing stands that a plugin asks for; and the grant that this rests on.
    pub fn stands(&self, plugin: &InstalledPlugin) -> (Vec<(Ask, Stand)>, Option<Grant>) {
        let entries = plugin.manifest.permissions.entries();
        let digest = if self.needs_grant(plugin) { file_digest(&plugin.component).ok() } else { None };
        let grants = self.grants_now();
        let grant = digest.and_then(|digest| grants.of(&Identity::of(plugin, &digest)));
        let policies = &self.settings.policies;
        (entries.into_iter().map(|(entry, ask)| (ask, stand(entry, grant, policies))).collect(), grant.cloned())
    }

    /// What a plugin may do, what is to be said about that, and the bytes that it is about.
    pub(super) fn rights(&self, plugin: &Arc<InstalledPlugin>) -> Result<Given, PluginFault> {
        let bytes = std::fs::read(&plugin.component).map_err(|error| load_fault(plugin, io_error(plugin, error)))?;
        let digest = bytes_digest(&bytes);
        let mut warnings = Vec::new();
        if !self.needs_grant(plugin) {
            return Ok(Given { rights: Rights::default(), warnings, bytes, digest });
        }
        let identity = Identity::of(plugin, &digest);
        let grants = self.grants_now();
        let Some(grant) = grants.of(&identity) else {
            // What can never run need not be granted first to hear why.
            inspect_asked(&bytes, plugin.name(), &plugin.manifest.permissions)
                .map_err(|error| load_fault(plugin, error))?;
            let introduction = Introduction::new(plugin.clone(), identity, &grants);
            if introduction.asks_nothing() {
                return Ok(Given { rights: Rights::default(), warnings, bytes, digest });
            }
            let mut problem = problem(NOT_GRANTED, introduction.message());
            problem.help = Some(match grants.trouble() {
                Some(trouble) => format!("no grant counts, because the file cannot be used: {trouble}"),
                None => format!("to let it run, with what it asks for: {}", introduction.command()),
            });
            return Err(PluginFault { diagnoses: vec![problem.class(Class::Denied)] });
        };
        let rights = effective(plugin, Some(grant), &self.settings, &mut warnings);
        let rights = rights.map_err(|diagnoses| PluginFault { diagnoses })?;
        Ok(Given { rights, warnings, bytes, digest })
    }
}

/// What a plugin may do.
pub(super) struct Given {
    pub(super) rights: Rights,
    /// What is to be said about that.
    pub(super) warnings: Vec<Problem>,
    /// The component that it is about.
    pub(super) bytes: Vec<u8>,
    /// Their digest.
    pub(super) digest: String,
}

/// The code of the problem that a plugin was not granted.
const NOT_GRANTED: &str = "plugin-not-granted";

fn io_error(plugin: &InstalledPlugin, error: std::io::Error) -> LoadError {
    LoadError::Io { path: plugin.component.display().to_string(), source: Arc::new(error) }
}

fn not_kept(error: &std::io::Error) -> Report {
    let problem = problem("state-not-writable", format!("the grant cannot be kept: {error}"));
    problem.with_help("name a folder with JACKFIELD_STATE").class(Class::Failed).into()
}

/// What a manifest asks for and the component cannot use, because it does not import it.
pub(super) fn unused(plugin: &InstalledPlugin, component: &Component) -> Vec<Problem> {
    let asked = &plugin.manifest.permissions;
    let imports = |permission: &str| component.imports().iter().any(|import| permission_of(import) == Some(permission));
    let mut warnings = Vec::new();
    for (key, asks) in
        [("network.http", !asked.network_http.is_empty()), ("network.socket", !asked.network_socket.is_empty())]
    {
        if asks && !imports(key) {
            let message = format!("plugin {} asks for `{key}`, and its component cannot use it", plugin.name());
            let place = plugin.manifest.document.locate_key(&["permissions"]);
            warnings.push(Problem::warning("permission-unused", message).with_help("ask for less").at(place));
        }
    }
    warnings
}

//! The rights of a plugin: what its manifest asks for, what was granted of it, and what the operator's policies allow.

use std::path::{Path, PathBuf};

use jackfield_host::rights::DEFAULT_QUOTA;
use jackfield_host::{Access, FileRight, Layers, Rights, SecretSource};
use jackfield_manifest::{Entry, PathPattern, Permissions, Problem, Secret};

use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::discover::InstalledPlugin;
use crate::grants::{Grant, GrantedRight, guest_path, not_available, overlaps, places};
use crate::settings::Settings;

/// How one entry of a manifest's `[permissions]` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is in force.
    Granted,
    /// Nobody has granted it.
    NotGranted,
    /// It was granted, and a policy is against it, or against a part of it.
    Policy,
    /// This version cannot give it.
    NotAvailable,
}

impl Stand {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Stand::Granted => "granted",
            Stand::NotGranted => "asked, not granted",
            Stand::Policy => "granted, but not allowed by [policy]",
            Stand::NotAvailable => "asked, cannot be granted by this version",
        }
    }
}

/// How an entry stands, with a grant and under policies.
pub(crate) fn stand(entry: Entry<'_>, grant: Option<&Grant>, policies: &[Permissions]) -> Stand {
    if !entry.can_be_granted() {
        return Stand::NotAvailable;
    }
    let right = entry.right();
    let Some(granted) = grant.and_then(|grant| grant.rights.iter().find(|granted| granted.right == right)) else {
        return Stand::NotGranted;
    };
    match policies.iter().all(|policy| allows(policy, entry, granted)) {
        true => Stand::Granted,
        false => Stand::Policy,
    }
}

/// Whether a policy allows anything of an entry. Requests and connections are looked at one by one.
fn allows(policy: &Permissions, entry: Entry<'_>, granted: &GrantedRight) -> bool {
    let inside = |path: &PathPattern| {
        let host = granted.host.as_deref().and_then(Path::to_str);
        host.and_then(|host| host.parse::<PathPattern>().ok()).is_some_and(|host| host.is_in(path.as_str()))
    };
    match entry {
        // Who may write somewhere may read there.
        Entry::Read(_) => {
            policy.filesystem_read.iter().any(|rule| inside(&rule.path))
                || policy.filesystem_write.iter().any(|rule| inside(&rule.path))
        }
        Entry::Write(_) => policy.filesystem_write.iter().any(|rule| inside(&rule.path)),
        Entry::Http(_) => !policy.network_http.is_empty(),
        Entry::Socket(_) => !policy.network_socket.is_empty(),
        Entry::Secret(rule) => policy.secrets.iter().any(|allowed| allowed.name == rule.name),
        Entry::Env(rule) => policy.env.iter().any(|allowed| allowed.name == rule.name),
        Entry::Clock => policy.clock.is_some(),
        Entry::Random => policy.random.is_some(),
        Entry::Storage(_) | Entry::Exec(_) | Entry::Gpu | Entry::MemoryUnlimited => false,
    }
}

/// Computes the rights, and opens what was granted of files. What a policy takes away is told as a warning.
///
/// # Errors
/// Everything that was granted and cannot be had.
pub(crate) fn effective(
    plugin: &InstalledPlugin,
    grant: Option<&Grant>,
    settings: &Settings,
    warnings: &mut Vec<Problem>,
) -> Result<Rights, Vec<Diagnosis>> {
    let asked = &plugin.manifest.permissions;
    let policies = &settings.policies;
    let mut rights = Rights {
        http: layers(&asked.network_http, policies, |policy| &policy.network_http),
        sockets: layers(&asked.network_socket, policies, |policy| &policy.network_socket),
        secrets: layers(&asked.secrets, policies, |policy| &policy.secrets),
        sources: settings
            .secrets
            .iter()
            .filter_map(|(name, secret)| Some((name.clone(), source(name, secret, settings)?)))
            .collect(),
        ..Rights::default()
    };
    let mut found = Vec::new();
    for (entry, ask) in asked.entries() {
        let granted = grant.and_then(|grant| grant.rights.iter().find(|granted| granted.right == ask.right));
        match stand(entry, grant, policies) {
            Stand::Granted => {}
            Stand::NotAvailable => {
                let place = plugin.manifest.document.locate_key(&["permissions"]);
                found.push(not_available(plugin.name(), entry).at(place).class(Class::Denied));
                continue;
            }
            Stand::NotGranted => continue,
            Stand::Policy => {
                let message =
                    format!("plugin {} goes without `{}`: [policy] does not allow it", plugin.name(), ask.right);
                let help = "widen [policy] in jackfield.toml, if you are the operator of this machine";
                warnings.push(Problem::warning("policy-narrows", message).with_help(help));
                // What is looked at when its parts are known is denied then, in the name of the policy.
                if !matches!(entry, Entry::Http(_) | Entry::Socket(_) | Entry::Secret(_)) {
                    continue;
                }
            }
        }
        match entry {
            Entry::Http(rule) => rights.http.granted.push(rule.clone()),
            Entry::Socket(rule) => rights.sockets.granted.push(rule.clone()),
            Entry::Secret(rule) => rights.secrets.granted.push(rule.clone()),
            // A secret stays one, whoever has granted its variable.
            Entry::Env(rule) if settings.secrets.values().any(|secret| *secret == Secret::Env(rule.name.clone())) => {
                let message =
                    format!("plugin {} goes without `{}`: the variable holds a secret", plugin.name(), ask.right);
                let help = "use it as a secret: [permissions] secrets in plugin.toml";
                warnings.push(Problem::warning("policy-narrows", message).with_help(help));
            }
            Entry::Env(rule) => {
                rights.env.extend(std::env::var(&rule.name).ok().map(|value| (rule.name.clone(), value)));
            }
            Entry::Clock => rights.clock = true,
            Entry::Random => rights.random = true,
            Entry::Read(_) | Entry::Write(_) => match open(plugin, entry, granted, settings) {
                Ok(file) => rights.files.push(file),
                Err(problem) => found.push(problem.class(Class::Denied)),
            },
            Entry::Storage(_) | Entry::Exec(_) | Entry::Gpu | Entry::MemoryUnlimited => {}
        }
    }
    let files: Vec<(PathBuf, Access)> = rights.files.iter().map(|file| (file.host.clone(), file.access)).collect();
    found.extend(overlaps(&files).map(|problem| problem.class(Class::Denied)));
    if found.is_empty() { Ok(rights) } else { Err(found) }
}

fn layers<T: Clone>(asked: &[T], policies: &[Permissions], of: impl Fn(&Permissions) -> &Vec<T>) -> Layers<T> {
    Layers { asked: asked.to_vec(), granted: Vec::new(), ceilings: policies.iter().map(|p| of(p).clone()).collect() }
}

fn source(name: &str, secret: &Secret, settings: &Settings) -> Option<SecretSource> {
    match secret {
        Secret::Env(variable) => Some(SecretSource::Env(variable.clone())),
        Secret::File(_) => settings.secret_file(name).map(SecretSource::File),
    }
}

/// Opens a folder or a file that was granted. What is there now must be what was granted, and still be allowed.
fn open(
    plugin: &InstalledPlugin,
    entry: Entry<'_>,
    granted: Option<&GrantedRight>,
    settings: &Settings,
) -> Result<FileRight, Problem> {
    let guest = guest_path(entry).unwrap_or_default();
    let host = granted.and_then(|granted| granted.host.clone()).unwrap_or_else(|| guest.into());
    let shown = host.display().to_string();
    let wrong = |why: String| {
        let message = format!("plugin {}: {shown}, granted as {guest}, {why}", plugin.name());
        let help = format!("grant another place: jackfield plugin grant {} --path {guest}=FOLDER", plugin.name());
        problem("grant-path", message).with_help(help)
    };
    let place = places::real(&host).map_err(&wrong)?;
    if place != host {
        return Err(wrong(format!("leads to {} by now", place.display())));
    }
    let (access, quota) = match entry {
        Entry::Write(rule) => (Access::Write, rule.quota.map_or(DEFAULT_QUOTA, |quota| quota.0)),
        _ => (Access::Read, 0),
    };
    if let Some(why) = places::refusal(&place, access, plugin, settings) {
        return Err(wrong(format!("cannot be granted: it {why}")));
    }
    let quota = settings.policies.iter().fold(quota, |quota, policy| quota.min(ceiling(policy, &place)));
    FileRight::open(entry.right(), guest.to_owned(), &place, access, quota)
        .map_err(|error| wrong(format!("cannot be opened: {error}")))
}

/// What a policy lets be written at a place: the largest quota of the rules about it.
fn ceiling(policy: &Permissions, place: &Path) -> u64 {
    let about = policy.filesystem_write.iter().filter(|rule| place.starts_with(rule.path.as_str()));
    about.map(|rule| rule.quota.map_or(u64::MAX, |quota| quota.0)).max().unwrap_or(0)
}

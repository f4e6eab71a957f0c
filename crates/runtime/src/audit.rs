//! What plugins use of their rights in practice: remembered in `uses.json` in the state folder, from run to run, so that
//! a plugin can be asked to make do with less.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use jackfield_host::{Access, Use};
use jackfield_manifest::{AddressClass, Entry, Manifest, Problem};
use serde::{Deserialize, Serialize};

use crate::discover::{Form, Rank};
use crate::grants::Identity;
use crate::loader::LoadedPlugin;

const FILE: &str = "uses.json";
const LOCK: &str = "uses.lock";

/// Bytes of the file at most; beyond them it begins anew.
const LARGEST: u64 = 16 << 20;

/// So many different things are remembered of each kind.
const MOST: usize = 256;

/// What a plugin has used in all runs so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Usage {
    /// Files that were read, by the right.
    pub read: BTreeSet<String>,
    /// Files that were written, by the right.
    pub written: BTreeSet<String>,
    /// Requests: host, port, method, path.
    pub http: BTreeSet<(String, u16, String, String)>,
    /// Connections: host, port.
    pub sockets: BTreeSet<(String, u16)>,
    /// Secrets: name, host.
    pub secrets: BTreeSet<(String, String)>,
    /// The environment was read.
    pub env: bool,
    /// The time was asked for.
    pub clock: bool,
    /// Randomness was asked for.
    pub random: bool,
    /// What was denied, and how often: permission, what was tried.
    pub denied: BTreeMap<String, u64>,
}

type Usages = BTreeMap<String, Usage>;

fn key(identity: &Identity) -> String {
    match &identity.manifest {
        Some(manifest) => format!("{}+{manifest}", identity.digest),
        None => identity.digest.clone(),
    }
}

/// What is remembered of a plugin.
pub fn usage(state: Option<&Path>, identity: &Identity) -> Usage {
    state.and_then(|folder| read(&folder.join(FILE))).and_then(|mut all| all.remove(&key(identity))).unwrap_or_default()
}

/// Adds what plugins have used in this process.
///
/// # Errors
/// The state folder cannot be written.
pub(crate) fn remember(state: Option<&Path>, plugins: &[LoadedPlugin]) -> io::Result<()> {
    let Some(folder) = state else { return Ok(()) };
    let asks = |plugin: &&LoadedPlugin| {
        let installed = &plugin.installed;
        installed.form != Form::Native
            && (installed.rank != Rank::FirstParty || !installed.manifest.permissions.asks().is_empty())
    };
    let seen: Vec<(String, Usage)> = plugins
        .iter()
        .filter(asks)
        .map(|plugin| (key(&Identity::of(&plugin.installed, plugin.component.digest())), of(plugin)))
        .filter(|(_, usage)| *usage != Usage::default())
        .collect();
    if seen.is_empty() {
        return Ok(());
    }
    let path = folder.join(FILE);
    let news =
        |all: &Usages| seen.iter().any(|(key, usage)| all.get(key).is_none_or(|known| merged(known, usage) != *known));
    if read(&path).is_some_and(|all| !news(&all)) {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join(LOCK))?;
    lock.lock()?;
    let mut all = read(&path).unwrap_or_default();
    for (key, usage) in seen {
        let known = all.entry(key).or_default();
        *known = merged(known, &usage);
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(serde_json::to_string_pretty(&all)?.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// The warning that it cannot be remembered.
pub(crate) fn not_kept(error: &io::Error) -> Problem {
    let message = format!("what plugins use of their rights cannot be remembered: {error}");
    Problem::warning("state-not-writable", message).with_help("name a folder with JACKFIELD_STATE")
}

fn read(path: &Path) -> Option<Usages> {
    let file = File::open(path).ok()?;
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn of(plugin: &LoadedPlugin) -> Usage {
    let rights = plugin.component.rights();
    let mut usage = Usage::default();
    for file in &rights.files {
        usage.read.extend(file.was_used(Access::Read).then(|| file.right.clone()));
        usage.written.extend(file.was_used(Access::Write).then(|| file.right.clone()));
    }
    for used in rights.record.uses() {
        match used {
            Use::Http { host, port, method, path } => drop(usage.http.insert((host, port, method, path))),
            Use::Socket { host, port } => drop(usage.sockets.insert((host, port))),
            Use::Secret { name, host } => drop(usage.secrets.insert((name, host))),
            Use::Env => usage.env = true,
            Use::Clock => usage.clock = true,
            Use::Random => usage.random = true,
        }
    }
    for ((permission, what), count) in rights.record.denials() {
        usage.denied.insert(format!("{permission}: {what}"), count);
    }
    usage
}

fn merged(one: &Usage, other: &Usage) -> Usage {
    fn both<T: Clone + Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> BTreeSet<T> {
        one.union(other).take(MOST).cloned().collect()
    }
    let mut denied = one.denied.clone();
    for (what, count) in &other.denied {
        if denied.len() < MOST || denied.contains_key(what) {
            *denied.entry(what.clone()).or_default() += count;
        }
    }
    Usage {
        read: both(&one.read, &other.read),
        written: both(&one.written, &other.written),
        http: both(&one.http, &other.http),
        sockets: both(&one.sockets, &other.sockets),
        secrets: both(&one.secrets, &other.secrets),
        env: one.env || other.env,
        clock: one.clock || other.clock,
        random: one.random || other.random,
        denied,
    }
}

/// Whether a right that a manifest asks for was used, in a few words; `None`: it was not.
pub fn used(entry: Entry<'_>, usage: &Usage) -> Option<String> {
    let right = entry.right();
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    match entry {
        Entry::Read(_) | Entry::Write(_) => match (usage.read.contains(&right), usage.written.contains(&right)) {
            (_, true) => Some("written".to_owned()),
            (true, false) => Some("read".to_owned()),
            (false, false) => None,
        },
        Entry::Http(rule) => {
            let fits = |(host, port, ..): &&(String, u16, String, String)| {
                rule.host.matches(host) && rule.ports.contains(port)
            };
            count(usage.http.iter().filter(fits).count(), "kind of request", "kinds of requests")
        }
        Entry::Socket(rule) => {
            let fits = |(host, port): &&(String, u16)| rule.port == *port && rule.host.matches(host);
            count(usage.sockets.iter().filter(fits).count(), "host", "hosts")
        }
        Entry::Secret(rule) => {
            count(usage.secrets.iter().filter(|(name, _)| *name == rule.name).count(), "host", "hosts")
        }
        Entry::Env(_) => usage.env.then(|| "read".to_owned()),
        Entry::Clock => usage.clock.then(|| "read".to_owned()),
        Entry::Random => usage.random.then(|| "read".to_owned()),
        Entry::Storage(_) | Entry::Exec(_) | Entry::Gpu | Entry::MemoryUnlimited => None,
    }
}

/// The `[permissions]` that would have been enough for all that was used, as TOML; empty: none.
pub fn minimal(manifest: &Manifest, usage: &Usage) -> String {
    let asked = &manifest.permissions;
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for (entry, ask) in asked.entries() {
        let reason = text(ask.reason.as_deref().unwrap_or("…"));
        let (path, quota) = match entry {
            Entry::Read(rule) => (rule.path.as_str(), None),
            Entry::Write(rule) => (rule.path.as_str(), rule.quota),
            _ => continue,
        };
        let path = text(path);
        if usage.written.contains(&ask.right) {
            let quota =
                quota.map(|quota| format!(", quota = \"{}\"", quota.to_string().replace(' ', ""))).unwrap_or_default();
            writes.push(format!("{{ path = {path}{quota}, reason = {reason} }}"));
        } else if usage.read.contains(&ask.right) {
            reads.push(format!("{{ path = {path}, reason = {reason} }}"));
        }
    }
    let mut lines = String::new();
    let mut line = |key: &str, entries: Vec<String>| match entries.as_slice() {
        [] => {}
        [one] => lines.push_str(&format!("{key} = [{one}]\n")),
        many => {
            lines.push_str(&format!("{key} = [\n{}]\n", many.iter().map(|e| format!("    {e},\n")).collect::<String>()))
        }
    };
    line("filesystem.read", reads);
    line("filesystem.write", writes);
    line("network.http", http(manifest, usage));
    let sockets = usage.sockets.iter().map(|(host, port)| {
        let rule = asked.network_socket.iter().find(|rule| rule.port == *port && rule.host.matches(host));
        let addresses = addresses(rule.map_or(&[][..], |rule| &rule.addresses));
        let reason = text(rule.and_then(|rule| rule.reason.as_deref()).unwrap_or("…"));
        format!("{{ host = {}, port = {port}{addresses}, reason = {reason} }}", host_text(host))
    });
    line("network.socket", sockets.collect());
    let mut hosts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    usage.secrets.iter().for_each(|(name, host)| hosts.entry(name).or_default().push(host_text(host)));
    let secrets = hosts.into_iter().map(|(name, hosts)| {
        let rule = asked.secrets.iter().find(|rule| rule.name == name);
        let reason = text(rule.and_then(|rule| rule.reason.as_deref()).unwrap_or("…"));
        format!("{{ name = {}, hosts = [{}], reason = {reason} }}", text(name), hosts.join(", "))
    });
    line("secrets", secrets.collect());
    if usage.env {
        line("env", asked.env.iter().map(|rule| text(&rule.name)).collect());
    }
    for (key, asked, used) in [("clock", &asked.clock, usage.clock), ("random", &asked.random, usage.random)] {
        match asked {
            Some(asked) if used => match &asked.reason {
                Some(reason) => lines.push_str(&format!("{key} = {{ reason = {} }}\n", text(reason))),
                None => lines.push_str(&format!("{key} = true\n")),
            },
            _ => {}
        }
    }
    if lines.is_empty() { lines } else { format!("[permissions]\n{lines}") }
}

/// An entry for each host, with the ports, methods and folders that were used.
fn http(manifest: &Manifest, usage: &Usage) -> Vec<String> {
    /// Beyond so many folders, naming them is of no use.
    const FOLDERS: usize = 4;
    let hosts: BTreeSet<&String> = usage.http.iter().map(|(host, ..)| host).collect();
    let entry = |host: &String| {
        let of_host = || usage.http.iter().filter(|(other, ..)| other == host);
        let ports: BTreeSet<u16> = of_host().map(|(_, port, ..)| *port).collect();
        let methods: BTreeSet<&str> = of_host().map(|(_, _, method, _)| method.as_str()).collect();
        let folder =
            |path: &String| path.rsplit_once('/').map_or_else(|| "/".to_owned(), |(folder, _)| format!("{folder}/"));
        let folders: BTreeSet<String> = of_host().map(|(.., path)| folder(path)).collect();
        let rule = manifest.permissions.network_http.iter().find(|rule| rule.host.matches(host));
        let mut entry = format!("{{ host = {}", host_text(host));
        if ports.iter().ne([443].iter()) {
            entry.push_str(&format!(", ports = [{}]", list(ports.iter().map(u16::to_string))));
        }
        entry.push_str(&format!(", methods = [{}]", list(methods.iter().map(|method| text(method)))));
        if folders.len() <= FOLDERS && !folders.contains("/") {
            entry.push_str(&format!(", paths = [{}]", list(folders.iter().map(|folder| text(folder)))));
        }
        entry.push_str(&addresses(rule.map_or(&[][..], |rule| &rule.addresses)));
        let reason = text(rule.and_then(|rule| rule.reason.as_deref()).unwrap_or("…"));
        entry + &format!(", reason = {reason} }}")
    };
    hosts.into_iter().map(entry).collect()
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn addresses(classes: &[AddressClass]) -> String {
    if classes.is_empty() || classes == [AddressClass::Public] {
        return String::new();
    }
    format!(", addresses = [{}]", list(classes.iter().map(|class| text(class.name()))))
}

fn host_text(host: &str) -> String {
    if host.contains(':') { text(&format!("[{host}]")) } else { text(host) }
}

/// A TOML string.
fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
[plugin]
name = "p"
version = "1.0.0"
component = "p.wasm"
[permissions]
filesystem.read = [{ path = "/geo", reason = "maps" }, { path = "/never", reason = "who knows" }]
filesystem.write = [{ path = "/out", quota = "1GiB", reason = "results" }, { path = "/scratch", reason = "spill" }]
network.http = [{ host = "*.example.com", methods = ["GET", "POST", "DELETE"], addresses = ["public", "private"], reason = "asks \"it\"" }]
secrets = [{ name = "token", hosts = ["*"], reason = "log in" }]
env = ["HOME"]
clock = { reason = "stamps" }
random = true
"#;

    #[test]
    fn the_minimal_manifest_is_what_was_used_and_can_be_read_again() {
        let (manifest, problems) = jackfield_manifest::parse_manifest("plugin.toml", MANIFEST);
        assert_eq!(problems, []);
        let manifest = manifest.unwrap();
        let get = |path: &str| ("api.example.com".to_owned(), 443, "GET".to_owned(), path.to_owned());
        let usage = Usage {
            read: ["filesystem.read /geo".to_owned(), "filesystem.write /scratch".to_owned()].into(),
            written: ["filesystem.write /out quota 1GiB".to_owned()].into(),
            http: [get("/v1/a"), get("/v1/b")].into(),
            secrets: [("token".to_owned(), "api.example.com".to_owned())].into(),
            clock: true,
            ..Usage::default()
        };
        let minimal = minimal(&manifest, &usage);
        let text = format!("[plugin]\nname = \"p\"\nversion = \"1.0.0\"\ncomponent = \"p.wasm\"\n{minimal}");
        let (again, problems) = jackfield_manifest::parse_manifest("plugin.toml", &text);
        assert_eq!(problems, [], "{minimal}");
        let asks: Vec<String> = again.unwrap().permissions.asks().iter().map(ToString::to_string).collect();
        assert_eq!(
            asks,
            [
                "filesystem.read /geo: maps",
                "filesystem.read /scratch: spill",
                "filesystem.write /out quota 1GiB: results",
                "network.http api.example.com methods GET paths /v1/ addresses public, private: asks \"it\"",
                "secrets token for api.example.com: log in",
                "clock: stamps",
            ]
        );
        assert_eq!(super::minimal(&manifest, &Usage::default()), "");
    }

    #[test]
    fn what_was_used_adds_up() {
        let one = Usage { clock: true, denied: [("a".to_owned(), 2)].into(), ..Usage::default() };
        let other = Usage { random: true, denied: [("a".to_owned(), 1)].into(), ..Usage::default() };
        let both = merged(&one, &other);
        assert!(both.clock && both.random);
        assert_eq!(both.denied["a"], 3);
        let state = tempfile::tempdir().unwrap();
        let identity = Identity { digest: "d".to_owned(), manifest: None };
        std::fs::write(
            state.path().join(FILE),
            serde_json::to_string(&Usages::from([(key(&identity), both.clone())])).unwrap(),
        )
        .unwrap();
        assert_eq!(usage(Some(state.path()), &identity), both);
        std::fs::write(state.path().join(FILE), "damaged").unwrap();
        assert_eq!(usage(Some(state.path()), &identity), Usage::default());
    }
}

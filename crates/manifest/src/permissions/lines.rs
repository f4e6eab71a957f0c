//! Permissions as lines for people, and to be compared with what was asked before.

use super::{
    AddressClass, EnvRule, ExecRule, HttpRule, Method, Permissions, ReadRule, SecretRule, SocketRule, StorageAccess,
    StorageRule, WriteRule,
};

/// One thing that a plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// The permission with all that bounds it, such as `network.http *.example.com`; the same text means the same right.
    pub right: String,
    /// What the plugin needs it for.
    pub reason: Option<String>,
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.right)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// One entry of `[permissions]`, with what bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// `filesystem.read`.
    Read(&'a ReadRule),
    /// `filesystem.write`.
    Write(&'a WriteRule),
    /// `network.http`.
    Http(&'a HttpRule),
    /// `network.socket`.
    Socket(&'a SocketRule),
    /// `secrets`.
    Secret(&'a SecretRule),
    /// `env`.
    Env(&'a EnvRule),
    /// `storage`.
    Storage(&'a StorageRule),
    /// `exec`.
    Exec(&'a ExecRule),
    /// `clock`.
    Clock,
    /// `random`.
    Random,
    /// `gpu`.
    Gpu,
    /// `memory.unlimited`.
    MemoryUnlimited,
}

impl Entry<'_> {
    /// The key in `[permissions]`, such as `network.http`.
    pub fn key(self) -> &'static str {
        match self {
            Entry::Read(_) => "filesystem.read",
            Entry::Write(_) => "filesystem.write",
            Entry::Http(_) => "network.http",
            Entry::Socket(_) => "network.socket",
            Entry::Secret(_) => "secrets",
            Entry::Env(_) => "env",
            Entry::Storage(_) => "storage",
            Entry::Exec(_) => "exec",
            Entry::Clock => "clock",
            Entry::Random => "random",
            Entry::Gpu => "gpu",
            Entry::MemoryUnlimited => "memory.unlimited",
        }
    }

    /// This version can give it. The others are understood and shown, so that manifests need not change later.
    pub fn can_be_granted(self) -> bool {
        !matches!(self, Entry::Storage(_) | Entry::Exec(_) | Entry::Gpu | Entry::MemoryUnlimited)
    }

    /// The permission with all that bounds it, such as `network.http *.example.com`; bounds that are as by default are
    /// not told. The same text means the same right.
    pub fn right(self) -> String {
        let key = self.key();
        match self {
            Entry::Read(rule) => format!("{key} {}", path(rule.path.as_str())),
            Entry::Write(rule) => {
                let quota = rule.quota.map(|quota| format!(" quota {quota}")).unwrap_or_default();
                format!("{key} {}{quota}", path(rule.path.as_str()))
            }
            Entry::Http(rule) => {
                let mut right = format!("{key} {}", rule.host);
                if rule.ports != [443] {
                    right.push_str(&format!(" ports {}", list(&rule.ports)));
                }
                if rule.methods != [Method::Get, Method::Head] {
                    right.push_str(&format!(" methods {}", list(rule.methods.iter().map(|method| method.name()))));
                }
                if !rule.paths.is_empty() {
                    right.push_str(&format!(" paths {}", list(&rule.paths)));
                }
                right + &addresses(&rule.addresses)
            }
            Entry::Socket(rule) => format!("{key} {}:{}{}", rule.host, rule.port, addresses(&rule.addresses)),
            Entry::Secret(rule) => format!("{key} {} for {}", rule.name, list(&rule.hosts)),
            Entry::Env(rule) => format!("{key} {}", rule.name),
            Entry::Storage(rule) => {
                let write = if rule.access == StorageAccess::Write { " write" } else { "" };
                format!("{key} {}{write}", rule.url)
            }
            Entry::Exec(rule) => format!("{key} {}", rule.command),
            Entry::Clock | Entry::Random | Entry::Gpu | Entry::MemoryUnlimited => key.to_owned(),
        }
    }
}

impl Permissions {
    /// Everything that is asked for, in the order of the grammar.
    pub fn asks(&self) -> Vec<Ask> {
        self.entries().into_iter().map(|(_, ask)| ask).collect()
    }

    /// Everything that is asked for, as rules and as lines.
    pub fn entries(&self) -> Vec<(Entry<'_>, Ask)> {
        let mut entries: Vec<(Entry<'_>, &Option<String>)> = Vec::new();
        entries.extend(self.filesystem_read.iter().map(|rule| (Entry::Read(rule), &rule.reason)));
        entries.extend(self.filesystem_write.iter().map(|rule| (Entry::Write(rule), &rule.reason)));
        entries.extend(self.network_http.iter().map(|rule| (Entry::Http(rule), &rule.reason)));
        entries.extend(self.network_socket.iter().map(|rule| (Entry::Socket(rule), &rule.reason)));
        entries.extend(self.secrets.iter().map(|rule| (Entry::Secret(rule), &rule.reason)));
        entries.extend(self.env.iter().map(|rule| (Entry::Env(rule), &rule.reason)));
        entries.extend(self.storage.iter().map(|rule| (Entry::Storage(rule), &rule.reason)));
        entries.extend(self.exec.iter().map(|rule| (Entry::Exec(rule), &rule.reason)));
        let flags = [
            (Entry::Clock, &self.clock),
            (Entry::Random, &self.random),
            (Entry::Gpu, &self.gpu),
            (Entry::MemoryUnlimited, &self.memory_unlimited),
        ];
        for (entry, flag) in flags {
            entries.extend(flag.iter().map(|asked| (entry, &asked.reason)));
        }
        let ask = |entry: Entry<'_>, reason: &Option<String>| Ask { right: entry.right(), reason: reason.clone() };
        entries.into_iter().map(|(entry, reason)| (entry, ask(entry, reason))).collect()
    }
}

/// A path; in quotes if what follows could be taken for a part of it.
fn path(path: &str) -> String {
    let plain = !path.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
    if plain { path.to_owned() } else { format!("{path:?}") }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn addresses(classes: &[AddressClass]) -> String {
    if classes == [AddressClass::Public] {
        return String::new();
    }
    format!(" addresses {}", list(classes.iter().map(|class| class.name())))
}

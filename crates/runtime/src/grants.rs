//! Who is trusted with what.
//!
//! First-party plugins are those whose digests were built into the binary; they run without a question, but what they
//! ask for has to be granted like everybody's. Every other plugin is known by its digests, so that another component or
//! another manifest is another plugin. One that asks for something, or that takes the place of one that had something,
//! has to be granted before any of its code runs, with the difference in view. One that asks for nothing gets nothing:
//! it runs, and whoever runs it introduces it at its first use.

pub mod file;
mod give;
pub mod places;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jackfield_manifest::{Ask, Entry};

use crate::discover::{Form, InstalledPlugin};

pub use file::{Grant, GrantedRight, Grants};
pub(crate) use give::{not_available, overlaps};

/// What a plugin is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// SHA-256 of the component, in lower-case hexadecimal digits.
    pub digest: String,
    /// Likewise of the manifest, where it lies beside the component. It says what is asked, so it is part of the identity.
    pub manifest: Option<String>,
}

impl Identity {
    /// Of a plugin whose component has this digest.
    pub fn of(plugin: &InstalledPlugin, digest: &str) -> Identity {
        let manifest = match plugin.form {
            Form::Folder => Some(crate::discover::digests::text_digest(plugin.manifest.document.text())),
            Form::SingleFile | Form::Native => None,
        };
        Identity { digest: digest.to_owned(), manifest }
    }
}

/// A plugin that nobody has granted yet, or that has changed since.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// What it is known by.
    pub identity: Identity,
    /// The plugin.
    pub plugin: Arc<InstalledPlugin>,
    /// What it asks for.
    pub asks: Vec<Ask>,
    /// What changed, if another plugin of this name was granted.
    pub change: Option<Change>,
    /// The host's path for each path that it asks for: as granted before, else the same path.
    pub paths: BTreeMap<String, PathBuf>,
}

/// How a plugin differs from the one of its name that was granted last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version it had.
    pub version: String,
    /// Where it came from.
    pub from: String,
    /// Rights that it did not ask for then.
    pub added: Vec<String>,
    /// Rights that it asks for no more.
    pub removed: Vec<String>,
}

/// What somebody chooses to grant.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The host's path for paths of the plugin; where none is given, the one that was granted before, else the same path.
    pub paths: BTreeMap<String, PathBuf>,
    /// The rights, as [`Ask::right`]; `None`: all that the plugin asks for.
    pub only: Option<Vec<String>>,
    /// Who grants.
    pub by: String,
}

impl Introduction {
    pub(crate) fn new(plugin: Arc<InstalledPlugin>, identity: Identity, grants: &Grants) -> Introduction {
        let asks = plugin.manifest.permissions.asks();
        let last = grants.last_of(plugin.name());
        let change = last.map(|last| change(last, &asks));
        let paths = plugin.manifest.permissions.entries().into_iter().filter_map(|(entry, ask)| {
            let guest = guest_path(entry)?;
            let before = last.and_then(|last| last.rights.iter().find(|right| right.right == ask.right));
            let host = before.and_then(|right| right.host.clone()).unwrap_or_else(|| guest.into());
            Some((guest.to_owned(), host))
        });
        let paths = paths.collect();
        Introduction { identity, plugin, asks, change, paths }
    }

    /// It asks for nothing, and so did the one that it takes the place of: it may run without a grant.
    pub fn asks_nothing(&self) -> bool {
        self.asks.is_empty() && self.change.as_ref().is_none_or(|change| change.removed.is_empty())
    }

    /// The introduction as lines for people; control characters are not replaced.
    pub fn lines(&self) -> Vec<String> {
        let manifest = &self.plugin.manifest;
        let mut lines = vec![match &self.change {
            None if self.asks_nothing() => format!("plugin {} is used for the first time", self.plugin.title()),
            None => format!("plugin {} was not granted anything yet, not even to run", self.plugin.title()),
            Some(change) if self.asks_nothing() => {
                format!("plugin {} {} has changed (it was {})", manifest.plugin, manifest.version, change.version)
            }
            Some(change) => format!(
                "plugin {} {} is not the one that was granted (version {})",
                manifest.plugin, manifest.version, change.version
            ),
        }];
        lines.push(format!("  from    {}", self.plugin.origin()));
        lines.push(format!("  sha256  {}", self.identity.digest));
        match &self.change {
            None if self.asks.is_empty() => lines.push("  asks    nothing".to_owned()),
            None => lines.extend(self.asks.iter().map(|ask| format!("  asks    {ask}"))),
            Some(change) => {
                let reason = |right: &String| {
                    let ask = self.asks.iter().find(|ask| ask.right == *right);
                    ask.map_or_else(|| right.clone(), ToString::to_string)
                };
                lines.extend(change.added.iter().map(|right| format!("  + asks  {}", reason(right))));
                lines.extend(change.removed.iter().map(|right| format!("  - asks  {right}")));
                if change.added.is_empty() && change.removed.is_empty() {
                    let same = if self.asks.is_empty() { "nothing, as before" } else { "the same as before" };
                    lines.push(format!("  asks    {same}"));
                }
            }
        }
        lines
    }

    /// The introduction as one text. What the plugin says in it can end no line.
    pub fn message(&self) -> String {
        let harmless = |line: &String| line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        self.lines().iter().map(harmless).collect::<Vec<String>>().join("\n")
    }

    /// What would grant it, as it is typed.
    pub fn command(&self) -> String {
        let mut command = format!("jackfield plugin grant {}", self.plugin.name());
        for (guest, host) in &self.paths {
            command.push_str(&format!(" --path {}", quoted(&format!("{guest}={}", host.display()))));
        }
        command
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/=._-+:@%".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// The path that a plugin sees, of an entry about files.
pub(crate) fn guest_path(entry: Entry<'_>) -> Option<&str> {
    match entry {
        Entry::Read(rule) => Some(rule.path.as_str()),
        Entry::Write(rule) => Some(rule.path.as_str()),
        _ => None,
    }
}

fn change(last: &Grant, asks: &[Ask]) -> Change {
    let now: Vec<&String> = asks.iter().map(|ask| &ask.right).collect();
    Change {
        version: last.version.clone(),
        from: last.from.clone(),
        added: now.iter().filter(|right| !last.asked.contains(right)).map(|right| (*right).clone()).collect(),
        removed: last.asked.iter().filter(|right| !now.contains(right)).cloned().collect(),
    }
}

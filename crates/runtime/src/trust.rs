//! Who is trusted, and what is remembered of the others.
//!
//! First-party plugins are those whose digests were built into the binary. Every other plugin is introduced when a run
//! uses it for the first time: name, version, where it came from, what it asks. It is then remembered by its digest in
//! `plugins.json` in the state folder, together with what it asked; another digest of a known name is introduced again,
//! with the difference. What grants are given later hangs on the same digests.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_manifest::Ask;
use serde::{Deserialize, Serialize};

use crate::discover::{Form, InstalledPlugin, Rank};
use crate::loader::Runtime;

const FILE: &str = "plugins.json";

/// Bytes of the file at most.
const LARGEST: u64 = 16 << 20;

/// What is remembered of a plugin that was introduced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder or file.
    pub from: String,
    /// The rights it asked for, as [`Ask::right`].
    pub asks: Vec<String>,
    /// A number that is higher for what was introduced later.
    pub number: u64,
}

/// The plugins that were introduced, by identity: the digest of the component, and of its manifest where that is apart.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    file: Option<PathBuf>,
    known: BTreeMap<String, Known>,
}

/// A plugin that is used for the first time, or that has changed since.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// What it is remembered by.
    pub identity: String,
    /// The plugin.
    pub plugin: Arc<InstalledPlugin>,
    /// SHA-256 of its component, in lower-case hexadecimal digits.
    pub digest: String,
    /// What it asks for.
    pub asks: Vec<Ask>,
    /// What changed, if another digest of this name is known.
    pub change: Option<Change>,
}

/// How a plugin differs from the one of its name that was introduced last.
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

impl Memory {
    /// What the state folder remembers. A file that is damaged, or that others can write, counts as empty: then plugins
    /// are introduced once more.
    pub fn open(state: Option<&Path>) -> Memory {
        let file = state.map(|folder| folder.join(FILE));
        let known = file.as_deref().and_then(read).unwrap_or_default();
        Memory { file, known }
    }

    /// What is known of an identity.
    pub fn known(&self, identity: &str) -> Option<&Known> {
        self.known.get(identity)
    }

    /// The plugins among these that have to be introduced; native and first-party ones never.
    pub fn strangers(&self, runtime: &Runtime, plugins: &[Arc<InstalledPlugin>]) -> Vec<Introduction> {
        let mut strangers = Vec::new();
        for plugin in plugins.iter().filter(|plugin| plugin.rank != Rank::FirstParty && plugin.form != Form::Native) {
            // Not from the cache of digests, which is no authority.
            let Ok(digest) = runtime.component_digest(plugin) else { continue };
            let identity = identity(plugin, &digest);
            if self.known.contains_key(&identity) {
                continue;
            }
            let asks = plugin.manifest.permissions.asks();
            let change = self.last_of(plugin.name()).map(|last| change(last, &asks));
            strangers.push(Introduction { identity, plugin: plugin.clone(), digest, asks, change });
        }
        strangers
    }

    fn last_of(&self, name: &str) -> Option<&Known> {
        self.known.values().filter(|known| known.name == name).max_by_key(|known| known.number)
    }

    /// Remembers introductions.
    ///
    /// # Errors
    /// The state folder cannot be written.
    pub fn remember(&mut self, introductions: &[Introduction]) -> io::Result<()> {
        let Some(file) = self.file.clone().filter(|_| !introductions.is_empty()) else { return Ok(()) };
        // Another process may have remembered others since.
        self.known = read(&file).unwrap_or_default();
        for introduction in introductions {
            let number = self.known.values().map(|known| known.number).max().unwrap_or_default() + 1;
            let manifest = &introduction.plugin.manifest;
            let known = Known {
                name: manifest.plugin.clone(),
                version: manifest.version.to_string(),
                from: introduction.plugin.origin(),
                asks: introduction.asks.iter().map(|ask| ask.right.clone()).collect(),
                number,
            };
            self.known.insert(introduction.identity.clone(), known);
        }
        write(&file, &self.known)
    }
}

impl Introduction {
    /// The introduction as lines for people; control characters are not replaced.
    pub fn lines(&self) -> Vec<String> {
        let manifest = &self.plugin.manifest;
        let mut lines = vec![match &self.change {
            None => format!("plugin {} is used for the first time", self.plugin.title()),
            Some(change) => {
                format!("plugin {} {} has changed (it was {})", manifest.plugin, manifest.version, change.version)
            }
        }];
        lines.push(format!("  from    {}", self.plugin.origin()));
        lines.push(format!("  sha256  {}", self.digest));
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

    /// It asks for rights, which nobody has granted yet.
    pub fn asks_anything(&self) -> bool {
        !self.asks.is_empty()
    }
}

fn change(last: &Known, asks: &[Ask]) -> Change {
    let now: Vec<&String> = asks.iter().map(|ask| &ask.right).collect();
    Change {
        version: last.version.clone(),
        from: last.from.clone(),
        added: now.iter().filter(|right| !last.asks.contains(right)).map(|right| (*right).clone()).collect(),
        removed: last.asks.iter().filter(|right| !now.contains(right)).cloned().collect(),
    }
}

/// What a plugin is remembered by. A manifest beside the component says what is asked, so it is part of the identity.
fn identity(plugin: &InstalledPlugin, digest: &str) -> String {
    match plugin.form {
        Form::Folder => {
            format!("{digest}+{}", crate::discover::digests::text_digest(plugin.manifest.document.text()))
        }
        Form::SingleFile | Form::Native => digest.to_owned(),
    }
}

fn read(path: &Path) -> Option<BTreeMap<String, Known>> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let owner = std::fs::metadata(path.parent()?).ok()?.uid();
    if !metadata.is_file() || metadata.mode() & 0o022 != 0 || metadata.uid() != owner {
        return None;
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write(path: &Path, known: &BTreeMap<String, Known>) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(serde_json::to_string_pretty(known)?.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(version: &str, permissions: &str, digest: &str, memory: &Memory) -> Introduction {
        let text = format!("[plugin]\nname = \"geo\"\nversion = \"{version}\"\ncomponent = \"a.wasm\"\n{permissions}");
        let (manifest, problems) = jackfield_manifest::parse_manifest("plugin.toml", &text);
        assert_eq!(problems, []);
        let plugin = Arc::new(InstalledPlugin {
            manifest: manifest.unwrap(),
            folder: "plugins/geo".into(),
            component: "plugins/geo/a.wasm".into(),
            form: Form::Folder,
            rank: Rank::Discovered,
            folder_number: 0,
            warnings: Vec::new(),
        });
        let asks = plugin.manifest.permissions.asks();
        let change = memory.last_of("geo").map(|last| change(last, &asks));
        Introduction { identity: identity(&plugin, digest), plugin, digest: digest.to_owned(), asks, change }
    }

    #[test]
    fn a_change_is_shown_with_what_is_asked_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(Some(folder.path()));
        let old = "[permissions]\nclock = { reason = \"stamps rows\" }\nenv = [\"HOME\"]\n";
        let first = stranger("1.0.0", old, "d1", &memory);
        assert_eq!(
            first.lines(),
            [
                "plugin geo 1.0.0 is used for the first time",
                "  from    plugins/geo",
                "  sha256  d1",
                "  asks    env HOME",
                "  asks    clock: stamps rows",
            ]
        );
        memory.remember(std::slice::from_ref(&first)).unwrap();
        let memory = Memory::open(Some(folder.path()));
        assert_eq!(memory.known(&first.identity).unwrap().version, "1.0.0");

        let new = "[permissions]\nclock = true\nfilesystem.read = [{ path = \"/geo\", reason = \"maps\" }]\n";
        let second = stranger("1.1.0", new, "d2", &memory);
        assert!(memory.known(&second.identity).is_none());
        let lines = second.lines();
        assert_eq!(lines[0], "plugin geo 1.1.0 has changed (it was 1.0.0)");
        assert_eq!(lines[3..], ["  + asks  filesystem.read /geo: maps", "  - asks  env HOME"]);
        // With another manifest the same component is another plugin.
        assert_ne!(stranger("1.0.0", new, "d1", &memory).identity, first.identity);
    }

    #[test]
    fn a_damaged_memory_forgets() {
        let folder = tempfile::tempdir().unwrap();
        for damaged in ["", "[]", "{\"a\": 1}", "\u{0}"] {
            std::fs::write(folder.path().join(FILE), damaged).unwrap();
            let mut memory = Memory::open(Some(folder.path()));
            let first = stranger("1.0.0", "", "d1", &memory);
            assert!(first.change.is_none());
            memory.remember(&[first]).unwrap();
            assert!(read(&folder.path().join(FILE)).is_some());
        }
    }
}

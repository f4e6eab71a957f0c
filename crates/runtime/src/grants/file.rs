//! `grants.toml` in the state folder: who has granted what to which plugin, when, and for which reasons.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Identity;

const FILE: &str = "grants.toml";
const LOCK: &str = "grants.lock";

/// Bytes of the file at most.
const LARGEST: u64 = 16 << 20;

const HEAD: &str = "# Written by `jackfield plugin grant` and `jackfield plugin revoke`. Each grant is for one component and manifest.\n\n";

/// What was granted to one plugin: to one component and one manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grant {
    /// Its name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its component.
    pub digest: String,
    /// SHA-256 of its manifest, where that lies apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Its folder or file at the time.
    pub from: String,
    /// Who granted.
    pub by: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// All that it asked for, as [`jackfield_manifest::Ask::right`].
    pub asked: Vec<String>,
    /// What was granted of it.
    #[serde(default, rename = "right", skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<GrantedRight>,
}

/// One right that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GrantedRight {
    /// The right, with all that bounds it.
    pub right: String,
    /// The reason that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The folder or file of the host that the plugin's path stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<PathBuf>,
}

impl Grant {
    /// It is for this plugin.
    pub fn is_for(&self, identity: &Identity) -> bool {
        self.digest == identity.digest && self.manifest == identity.manifest
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default, rename = "grant")]
    grants: Vec<Grant>,
}

/// All grants, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    folder: Option<PathBuf>,
    grants: Vec<Grant>,
    trouble: Option<String>,
}

impl Grants {
    /// The grants in a state folder; without one they are kept in memory only. A file that cannot be read, or that others
    /// could have written, grants nothing, which [`Self::trouble`] tells.
    pub fn open(state: Option<&Path>) -> Grants {
        let mut opened = Grants { folder: state.map(Path::to_path_buf), ..Grants::default() };
        match state.map(|folder| read(&folder.join(FILE))) {
            Some(Ok(grants)) => opened.grants = grants,
            Some(Err(error)) => opened.trouble = Some(error.to_string()),
            None => {}
        }
        opened
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> &[Grant] {
        &self.grants
    }

    /// Why the file counts for nothing.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The grant for a plugin.
    pub fn of(&self, identity: &Identity) -> Option<&Grant> {
        self.grants.iter().rev().find(|grant| grant.is_for(identity))
    }

    /// The latest grant for a plugin of this name.
    pub fn last_of(&self, name: &str) -> Option<&Grant> {
        self.grants.iter().rev().find(|grant| grant.plugin == name)
    }

    /// Adds a grant, in the place of one for the same plugin.
    ///
    /// # Errors
    /// The state folder cannot be written, or holds a file of grants that cannot be read.
    pub fn add(&mut self, grant: Grant) -> io::Result<()> {
        self.change(|grants| {
            let same = |known: &Grant| known.digest == grant.digest && known.manifest == grant.manifest;
            grants.retain(|known| !same(known));
            grants.push(grant);
        })
    }

    /// Takes back the grants that `which` picks, and gives them.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub fn revoke(&mut self, which: impl Fn(&Grant) -> bool) -> io::Result<Vec<Grant>> {
        let mut gone = Vec::new();
        self.change(|grants| {
            grants.retain(|grant| {
                let revoked = which(grant);
                gone.extend(revoked.then(|| grant.clone()));
                !revoked
            });
        })?;
        Ok(gone)
    }

    /// Reads, changes and writes the file while no other process does.
    fn change(&mut self, change: impl FnOnce(&mut Vec<Grant>)) -> io::Result<()> {
        let Some(folder) = self.folder.clone() else {
            change(&mut self.grants);
            return Ok(());
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join(LOCK))?;
        lock.lock()?;
        let path = folder.join(FILE);
        let mut grants = read(&path)?;
        change(&mut grants);
        let text = toml::to_string_pretty(&Contents { grants: grants.clone() }).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(HEAD.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        self.grants = grants;
        self.trouble = None;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<Grant>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    let folder = path.parent().map(std::fs::metadata).transpose()?;
    let own = folder.is_none_or(|folder| folder.uid() == metadata.uid());
    if !metadata.is_file() || metadata.mode() & 0o022 != 0 || !own {
        let message = format!("{} could have been written by others (chmod 600, and own it)", path.display());
        return Err(io::Error::other(message));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    let contents: Contents =
        toml::from_str(&text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    Ok(contents.grants)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn grant(plugin: &str, digest: &str) -> Grant {
        Grant {
            plugin: plugin.to_owned(),
            version: "1.0.0".to_owned(),
            digest: digest.to_owned(),
            manifest: Some("m".to_owned()),
            from: "plugins/geo".to_owned(),
            by: "me".to_owned(),
            at: "2026-01-02T03:04:05Z".to_owned(),
            asked: vec!["clock".to_owned(), "filesystem.read /geo".to_owned()],
            rights: vec![GrantedRight {
                right: "filesystem.read /geo".to_owned(),
                reason: Some("maps".to_owned()),
                host: Some("/srv/geo".into()),
            }],
        }
    }

    #[test]
    fn grants_are_kept_by_digest_until_they_are_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity { digest: "d1".to_owned(), manifest: Some("m".to_owned()) };
        let mut grants = Grants::open(Some(folder.path()));
        grants.add(grant("geo", "d1")).unwrap();
        grants.add(grant("geo", "d1")).unwrap();
        // Another process adds as well.
        Grants::open(Some(folder.path())).add(grant("geo", "d2")).unwrap();
        grants.add(grant("other", "d3")).unwrap();
        let read = Grants::open(Some(folder.path()));
        assert_eq!(read.all(), [grant("geo", "d1"), grant("geo", "d2"), grant("other", "d3")]);
        assert_eq!(read.of(&identity), Some(&grant("geo", "d1")));
        assert!(read.of(&Identity { manifest: None, ..identity }).is_none(), "another manifest is another plugin");
        assert_eq!(read.last_of("geo").unwrap().digest, "d2");
        assert_eq!(grants.revoke(|grant| grant.plugin == "geo").unwrap().len(), 2);
        assert_eq!(Grants::open(Some(folder.path())).all(), [grant("other", "d3")]);
    }

    #[test]
    fn a_file_that_others_could_have_written_grants_nothing_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut grants = Grants::open(Some(folder.path()));
        grants.add(grant("geo", "d1")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let read = Grants::open(Some(folder.path()));
        assert!(read.all().is_empty() && read.trouble().is_some());
        assert!(grants.add(grant("geo", "d2")).is_err());
        for damaged in ["[", "[[grant]]\nplugin = 1\n", "other = 1\n"] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            std::fs::write(&path, damaged).unwrap();
            let mut read = Grants::open(Some(folder.path()));
            assert!(read.all().is_empty() && read.trouble().is_some(), "{damaged}");
            assert!(read.add(grant("geo", "d2")).is_err());
        }
    }
}

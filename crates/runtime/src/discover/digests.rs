//! Digests of components, remembered so that listing a hundred plugins does not read a hundred megabytes.
//!
//! The file `plugins.json` in the cache folder says which digest a file had when it was last read, and by which size,
//! times and inode it is known to be unchanged. It is a memory and no authority: what may run is decided by the digest
//! of the very bytes that are loaded, or, of what the binary was built with, by the digest in the binary. Whoever can write
//! the file can make listings show a wrong digest or rank, and that is all. A file that is damaged, or that others can write, is not read,
//! and replaced.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const FILE: &str = "plugins.json";

/// Bytes of the file at most: some ten thousand plugins.
const LARGEST: u64 = 16 << 20;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Known {
    size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    /// Nanoseconds since 1970 of the last change of the file's entry, which no copying tool can set back.
    changed: i128,
    inode: u64,
    /// SHA-256, in lower-case hexadecimal digits.
    digest: String,
}

impl Known {
    fn of(metadata: &Metadata, digest: String) -> Known {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Known {
            size: metadata.size(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            digest,
        }
    }
}

/// The digests that are remembered.
#[derive(Debug, Default)]
pub struct Digests {
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<BTreeMap<PathBuf, Known>>,
    changed: bool,
}

impl Digests {
    /// Digests remembered in a folder, which is read on first use; `None`: only in memory.
    pub fn new(folder: Option<PathBuf>) -> Digests {
        Digests { folder, state: Mutex::default() }
    }

    /// The digest of a file: SHA-256, in lower-case hexadecimal digits.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of(&self, path: &Path) -> io::Result<String> {
        let path = std::path::absolute(path)?;
        let metadata = std::fs::metadata(&path)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { known, changed } = &mut *state;
        let known = known.get_or_insert_with(|| self.folder.as_deref().and_then(remembered).unwrap_or_default());
        if let Some(entry) = known.get(&path).filter(|entry| **entry == Known::of(&metadata, entry.digest.clone())) {
            return Ok(entry.digest.clone());
        }
        let digest = file_digest(&path)?;
        // What was changed while it was read is not remembered: it would be known by times it did not have.
        if Known::of(&std::fs::metadata(&path)?, digest.clone()) == Known::of(&metadata, digest.clone()) {
            known.insert(path, Known::of(&metadata, digest.clone()));
            *changed = true;
        }
        Ok(digest)
    }

    /// The digest that a file had when it was last read, if it seems to be as it was then. Reads no component.
    pub(crate) fn remembered(&self, path: &Path) -> Option<String> {
        let path = std::path::absolute(path).ok()?;
        let metadata = std::fs::metadata(&path).ok()?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.known.get_or_insert_with(|| self.folder.as_deref().and_then(remembered).unwrap_or_default());
        let entry = known.get(&path).filter(|entry| **entry == Known::of(&metadata, entry.digest.clone()))?;
        Some(entry.digest.clone())
    }

    /// Writes what was learnt, without the files that are gone. That it cannot be written costs only time.
    pub fn save(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(folder), true) = (&self.folder, std::mem::take(&mut state.changed)) else { return };
        if let Some(known) = &mut state.known {
            known.retain(|path, _| path.is_file());
            // See above: nobody depends on it.
            let _ = write(folder, known);
        }
    }
}

/// What the file says, if it is whole and nobody else can write it.
fn remembered(folder: &Path) -> Option<BTreeMap<PathBuf, Known>> {
    let file = File::open(folder.join(FILE)).ok()?;
    let metadata = file.metadata().ok()?;
    let own = std::fs::metadata(folder).ok()?.uid();
    if !metadata.is_file() || metadata.mode() & 0o022 != 0 || metadata.uid() != own {
        return None;
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    let known: BTreeMap<PathBuf, Known> = serde_json::from_str(&text).ok()?;
    let digest = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    known.values().all(|entry| digest(&entry.digest)).then_some(known)
}

fn write(folder: &Path, known: &BTreeMap<PathBuf, Known>) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(serde_json::to_string(known)?.as_bytes())?;
    file.persist(folder.join(FILE))?;
    Ok(())
}

/// SHA-256 of a file's bytes, in lower-case hexadecimal digits; always read anew.
///
/// # Errors
/// The file cannot be read.
pub fn file_digest(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    // So much stays in the processor's cache between reading and hashing.
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(count) => hasher.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// SHA-256 of bytes, in lower-case hexadecimal digits.
pub(crate) fn bytes_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a text, in lower-case hexadecimal digits.
pub(crate) fn text_digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn digests_are_remembered_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, file) = (folder.path().join("cache"), folder.path().join("a.wasm"));
        fs::write(&file, "one").unwrap();
        let digests = Digests::new(Some(cache.clone()));
        let one = digests.of(&file).unwrap();
        assert_eq!(one, text_digest("one"));
        digests.save();
        // What the file says is believed as long as nothing about the component has changed.
        let text = fs::read_to_string(cache.join(FILE)).unwrap();
        fs::write(cache.join(FILE), text.replace(&one, &"0".repeat(64))).unwrap();
        assert_eq!(Digests::new(Some(cache.clone())).of(&file).unwrap(), "0".repeat(64));
        fs::write(&file, "two").unwrap();
        assert_eq!(Digests::new(Some(cache)).of(&file).unwrap(), text_digest("two"));
    }

    #[test]
    fn a_damaged_memory_is_put_right() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        fs::write(&file, "one").unwrap();
        for damaged in ["", "{", "[]", "{\"/a\": {}}", "\u{0}", "{\"/a\": {\"size\": -1}}"] {
            fs::write(folder.path().join(FILE), damaged).unwrap();
            let digests = Digests::new(Some(folder.path().to_owned()));
            assert_eq!(digests.of(&file).unwrap(), text_digest("one"));
            digests.save();
            assert!(remembered(folder.path()).is_some(), "{damaged:?} was not replaced");
        }
    }

    #[test]
    fn what_others_can_write_is_not_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{}").unwrap();
        assert!(remembered(folder.path()).is_some());
        fs::set_permissions(folder.path().join(FILE), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(remembered(folder.path()).is_none());
    }
}

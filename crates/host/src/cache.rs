//! Compiled code on disk, authenticated with a key that never leaves this machine.
//!
//! A file is the compiled code, the component's imports and exports, a header, the lengths of both, and a tag: a keyed
//! BLAKE3 hash of such hashes of all its parts, so that two processors share the work. The header names the component's
//! digest, wasmtime's version, the engine's configuration and the target, so a file that was renamed, copied from another
//! machine or changed in a single bit is not taken, and the component is compiled again.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jackfield_columns::beside;
use wasmtime::component::Component;

use crate::Inspection;
use crate::inspect::Found;

const KEY_BYTES: usize = blake3::KEY_LEN;
const TAG_BYTES: usize = blake3::OUT_LEN;
/// A file is verified in pieces of so many bytes, which stay in the processor's cache.
const PIECE_BYTES: usize = 64 << 10;
/// Bytes of a part of a file that has a hash of its own. What is no longer is not worth a further thread.
const PART_BYTES: usize = 4 << 20;
/// Bytes that imports and exports may take.
const MOST_NAMES: usize = 1 << 20;
/// Bytes of the lengths at the end.
const LENGTHS: usize = 2 * size_of::<u32>();
const KEY_FILE: &str = "machine.key";
/// What the key of parts is for, in BLAKE3's words its context.
const PART_CONTEXT: &str = "jackfield 2026-11-22 a part of a file of compiled code";

/// The version that `Cargo.toml` pins; it is part of every header.
const WASMTIME_VERSION: &str = "48.0.8";

/// A folder of compiled code, and the key to it.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
    /// Derived from it, for the parts of a file.
    part_key: [u8; KEY_BYTES],
    /// What this engine's code has in common, whatever the component.
    engine: String,
}

impl Cache {
    /// Opens the folder and the key, and makes what is missing.
    pub(crate) fn open(folder: &Path, state: &Path, engine: &wasmtime::Engine) -> Result<Self, (PathBuf, io::Error)> {
        private_folder(folder).map_err(|error| (folder.to_owned(), error))?;
        private_folder(state).map_err(|error| (state.to_owned(), error))?;
        let key_file = state.join(KEY_FILE);
        let key = machine_key(state, &key_file).map_err(|error| (key_file, error))?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        let engine =
            format!("wasmtime {WASMTIME_VERSION}, configuration {:016x}, {target}, with names", hasher.finish());
        let part_key = blake3::derive_key(PART_CONTEXT, &key);
        Ok(Self { folder: folder.to_owned(), key, part_key, engine })
    }

    /// The code of a component, and the names of what it imports and exports, if they are here and nobody has changed them.
    pub(crate) fn find(&self, engine: &wasmtime::Engine, digest: &str) -> Option<(Component, Found)> {
        let path = self.path(digest);
        let found = self.verified(&path, digest)?;
        Some((take(engine, &Code::Verified(&path)).ok()?, found))
    }

    /// Keeps the code of a component. That it cannot be kept stops nobody: it will be compiled again.
    pub(crate) fn store(&self, digest: &str, code: &[u8], inspection: &Inspection) -> io::Result<()> {
        let (names, header) = (names_text(inspection), self.header(digest));
        let length = |part: &str| u32::try_from(part.len()).map_err(io::Error::other);
        let lengths = [length(&names)?.to_le_bytes(), length(&header)?.to_le_bytes()];
        let parts = [code, names.as_bytes(), header.as_bytes(), lengths.as_flattened()];
        let whole = parts.concat();
        let hashes: Vec<_> = whole.chunks(PART_BYTES).map(|part| blake3::keyed_hash(&self.part_key, part)).collect();
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&whole)?;
        file.write_all(tag(&self.key, &hashes).as_bytes())?;
        file.persist(self.path(digest))?;
        Ok(())
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.code"))
    }

    fn header(&self, digest: &str) -> String {
        format!("component {digest}, {}", self.engine)
    }

    /// The names in the file, if it is what `store` wrote for this component.
    fn verified(&self, path: &Path, digest: &str) -> Option<Found> {
        let expected = self.header(digest);
        let file = File::open(path).ok()?;
        let signed = usize::try_from(file.metadata().ok()?.len()).ok()?.checked_sub(TAG_BYTES)?;
        // How much stands behind the code; it is believed when the tag is found right, of which it is part.
        let mut lengths = [0; LENGTHS];
        file.read_exact_at(&mut lengths, signed.checked_sub(LENGTHS)? as u64).ok()?;
        let names_bytes = u32::from_le_bytes(*lengths.first_chunk()?) as usize;
        if names_bytes > MOST_NAMES {
            return None;
        }
        let mut tagged = [0; TAG_BYTES];
        file.read_exact_at(&mut tagged, signed as u64).ok()?;
        // The comparison of hashes takes the same time wherever they differ.
        let genuine = tag(&self.key, &self.hashes(&file, signed)?) == tagged;
        let mut end = vec![0; names_bytes + expected.len() + LENGTHS];
        let start = signed.checked_sub(end.len())?;
        file.read_exact_at(&mut end, start as u64).ok()?;
        let (rest, told) = end.split_last_chunk::<LENGTHS>()?;
        let (names, header) = rest.split_at_checked(names_bytes)?;
        let header_bytes = u32::from_le_bytes(*told.last_chunk()?) as usize;
        let whole = *told == lengths && header_bytes == header.len() && header == expected.as_bytes();
        if !(genuine && whole) {
            return None;
        }
        names_of(std::str::from_utf8(names).ok()?)
    }

    /// The hashes of the parts of a file's first `signed` bytes.
    fn hashes(&self, file: &File, signed: usize) -> Option<Vec<blake3::Hash>> {
        let hash = |number: usize| self.hash(file, number * PART_BYTES, signed);
        beside(signed.div_ceil(PART_BYTES), signed as u64, hash).into_iter().collect()
    }

    /// The hash of the part that begins at `start`.
    fn hash(&self, file: &File, start: usize, signed: usize) -> Option<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.part_key);
        let mut piece = vec![0; PIECE_BYTES];
        let (mut at, end) = (start, signed.min(start + PART_BYTES));
        while at < end {
            let read = piece.get_mut(..PIECE_BYTES.min(end - at))?;
            file.read_exact_at(read, at as u64).ok()?;
            hasher.update(read);
            at += read.len();
        }
        Some(hasher.finalize())
    }
}

/// What a file ends with. Parts have a key of their own, so that no part can be taken for a list of hashes.
fn tag(key: &[u8; KEY_BYTES], hashes: &[blake3::Hash]) -> blake3::Hash {
    let hashes: Vec<[u8; TAG_BYTES]> = hashes.iter().map(|hash| *hash.as_bytes()).collect();
    blake3::keyed_hash(key, hashes.as_flattened())
}

/// Imports and exports, a line each. No name has a line break: components with such names are not valid.
fn names_text(inspection: &Inspection) -> String {
    let lines = |kind: &'static str, names: &[String]| {
        names.iter().map(|name| format!("{kind} {name}\n")).collect::<Vec<_>>().concat()
    };
    lines("import", &inspection.imports) + &lines("export", &inspection.exports)
}

fn names_of(text: &str) -> Option<Found> {
    let mut found = Found::default();
    for line in text.lines() {
        match line.split_once(' ')? {
            ("import", name) => found.imports.push(name.to_owned()),
            ("export", name) => found.exports.push(name.to_owned()),
            _ => return None,
        }
    }
    Some(found)
}

/// Native code that may be run.
pub(crate) enum Code<'a> {
    /// A file whose keyed hash has just been found right.
    Verified(&'a Path),
    /// What this process's own compiler has just given, untouched.
    Fresh(&'a [u8]),
}

/// Makes code ready to run; a file is mapped, not read.
#[allow(unsafe_code, reason = "the one place where bytes are taken for native code")]
pub(crate) fn take(engine: &wasmtime::Engine, code: &Code<'_>) -> wasmtime::Result<Component> {
    match code {
        // SAFETY: the keyed hash of the whole file was made with the machine key by `store`, from what this engine's own
        // compiler gave for these very bytes, under this version, configuration and target. Only this user can read
        // the key or write to the folder (0700); files get there whole, by rename, and are never changed afterwards;
        // whoever has this user's rights needs no cache to run code. The mapping is private to this process.
        Code::Verified(path) => unsafe { Component::deserialize_file(engine, path) },
        // SAFETY: the bytes come straight from `Engine::precompile_component` of the same engine.
        Code::Fresh(bytes) => unsafe { Component::deserialize(engine, bytes) },
    }
}

/// A folder that only this user can use.
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The machine key: read, or made and put in place whole, so that two processes end up with the same one.
fn machine_key(folder: &Path, path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    let mut key = [0; KEY_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or_else(|| io::Error::other("another process removed the key"))
        }
        Err(error) => Err(error.error),
    }
}

fn read_key(path: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    // Opening does not follow a link, so the key is the file that stands here.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    let mut key = Vec::new();
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
    let wrong =
        |key: Vec<u8>| io::Error::other(format!("expected {KEY_BYTES} bytes, found {}: remove the file", key.len()));
    key.try_into().map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code of three parts under a digest, and its file.
    fn kept(folder: &Path) -> (Cache, PathBuf) {
        let engine = wasmtime::Engine::default();
        let cache = Cache::open(&folder.join("cache"), &folder.join("state"), &engine).unwrap();
        let code: Vec<u8> = (0..2 * PART_BYTES + 5).map(|at| (at / PART_BYTES) as u8).collect();
        let inspection = Inspection { imports: vec!["an import".to_owned()], ..Inspection::default() };
        cache.store("some", &code, &inspection).unwrap();
        let file = cache.path("some");
        (cache, file)
    }

    #[test]
    fn every_part_and_their_order_count() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, file) = kept(folder.path());
        assert_eq!(cache.verified(&file, "some").unwrap().imports, ["an import"]);
        assert!(cache.verified(&file, "other").is_none());
        let good = fs::read(&file).unwrap();
        for at in [0, PART_BYTES - 1, PART_BYTES, 2 * PART_BYTES - 1, 2 * PART_BYTES, 2 * PART_BYTES + 6] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&file, &bad).unwrap();
            assert!(cache.verified(&file, "some").is_none(), "a change of byte {at}");
        }
        let mut turned = good[PART_BYTES..2 * PART_BYTES].to_vec();
        turned.extend_from_slice(&good[..PART_BYTES]);
        turned.extend_from_slice(&good[2 * PART_BYTES..]);
        for bad in [&turned, &good[PART_BYTES..].to_vec(), &[&good[..PART_BYTES], &good].concat()] {
            fs::write(&file, bad).unwrap();
            assert!(cache.verified(&file, "some").is_none());
        }
        fs::write(&file, &good).unwrap();
        assert!(cache.verified(&file, "some").is_some());
    }
}

//! Compiled code on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use jackfield_host::{Engine, EngineOptions, NodeInstance};
use tempfile::TempDir;

use super::guest::{Node, options};

fn engine(folder: &TempDir) -> Engine {
    let inside = |name: &str| Some(folder.path().join(name));
    Engine::new(EngineOptions { cache_dir: inside("cache"), state_dir: inside("state"), ..EngineOptions::default() })
        .unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn only_file(folder: &Path) -> std::path::PathBuf {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[tokio::test]
async fn a_second_load_compiles_nothing() {
    let folder = TempDir::new().unwrap();
    let bytes = Node::default().bytes();
    assert!(engine(&folder).load(&bytes, "guest").unwrap().compiled());
    // A new engine is what the next process has.
    let cached = engine(&folder).load(&bytes, "guest").unwrap();
    assert!(!cached.compiled());
    NodeInstance::open(&cached, options(|_| {}), "test", "{}").await.unwrap();
    assert_eq!(mode(&folder.path().join("cache")), 0o700);
    assert_eq!(mode(&folder.path().join("state/machine.key")), 0o600);
}

#[tokio::test]
async fn a_changed_byte_anywhere_is_noticed() {
    let folder = TempDir::new().unwrap();
    let bytes = Node::default().bytes();
    engine(&folder).load(&bytes, "guest").unwrap();
    let file = only_file(&folder.path().join("cache"));
    let good = fs::read(&file).unwrap();
    let last = good.len() - 1;
    for at in [0, good.len() / 3, good.len() / 2, last - 300, last - 40, last - 33, last] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&file, &bad).unwrap();
        let component = engine(&folder).load(&bytes, "guest").unwrap();
        assert!(component.compiled(), "a change at byte {at} of {} was not noticed", good.len());
        assert!(!engine(&folder).load(&bytes, "guest").unwrap().compiled(), "it was not put right");
    }
    for length in [0, 10, 100, last] {
        fs::write(&file, &good[..length]).unwrap();
        assert!(engine(&folder).load(&bytes, "guest").unwrap().compiled());
    }
}

#[test]
fn code_under_another_components_name_is_not_taken() {
    let folder = TempDir::new().unwrap();
    let bytes = Node::default().bytes();
    let component = engine(&folder).load(&bytes, "guest").unwrap();
    let file = only_file(&folder.path().join("cache"));
    let other = Node { process: "nop", ..Node::default() }.bytes();
    let loaded = engine(&folder).load(&other, "other").unwrap();
    fs::copy(&file, file.with_file_name(format!("{}.code", loaded.digest()))).unwrap();
    assert_ne!(component.digest(), loaded.digest());
    assert!(engine(&folder).load(&other, "other").unwrap().compiled());
}

#[tokio::test]
async fn code_that_was_looked_for_early_is_taken_for_its_own_component_only() {
    let folder = TempDir::new().unwrap();
    let bytes = Node::default().bytes();
    let compiled = engine(&folder).load(&bytes, "guest").unwrap();
    let (digest, other) = (compiled.digest(), "0".repeat(64));
    let engine = engine(&folder);
    let early = |digest: &str| engine.look_early(digest).unwrap();
    let found = engine.load_found(digest, "guest", Arc::default(), Some(early(digest))).unwrap().unwrap();
    assert!(!found.compiled());
    assert_eq!((found.digest(), found.exports(), found.imports()), (digest, compiled.exports(), compiled.imports()));
    assert_eq!(found.api_version(), compiled.api_version());
    NodeInstance::open(&found, options(|_| {}), "test", "{}").await.unwrap();
    // Nothing was kept of the other, and what was found for this one is not its.
    for guess in [None, Some(early(digest)), Some(early(&other))] {
        assert!(engine.load_found(&other, "guest", Arc::default(), guess).unwrap().is_none());
    }
    // What was guessed wrong is looked for again.
    for guess in [None, Some(early(&other))] {
        assert!(engine.load_found(digest, "guest", Arc::default(), guess).unwrap().is_some());
    }
    for guess in [digest, &other] {
        let loaded = engine.load_hashed(&bytes, digest.to_owned(), "guest", Arc::default(), Some(early(guess)));
        assert!(!loaded.unwrap().compiled());
    }
}

#[test]
fn another_machines_cache_is_not_taken() {
    let folder = TempDir::new().unwrap();
    let bytes = Node::default().bytes();
    engine(&folder).load(&bytes, "guest").unwrap();
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    assert!(engine(&folder).load(&bytes, "guest").unwrap().compiled());
}

#[test]
fn open_folders_are_closed() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path().join("cache");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    engine(&folder);
    assert_eq!(mode(&cache), 0o700);
}

//! docs/reference is what `jackfield plugin docs` makes of the manifests. `JACKFIELD_BLESS=1` (or `scripts/reference`)
//! writes it anew.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The Markdown files of a folder.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "md"));
    let named = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.map(|path| (named(&path), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn the_reference_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join("docs/reference");
    let folder = tempfile::tempdir().unwrap();
    let output = support::jackfield(folder.path()).args(["plugin", "docs", "-o", "made"]).output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output));
    let made = pages(&folder.path().join("made"));
    for entry in fs::read_dir(root.join("plugins")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.join("plugin.toml").exists() {
            assert!(made.contains_key(&format!("{name}.md")), "there is no page for {name}: scripts/build lays it out");
        }
    }
    if std::env::var_os("JACKFIELD_BLESS").is_some() {
        let _ = fs::remove_dir_all(&committed);
        fs::create_dir_all(&committed).unwrap();
        made.iter().for_each(|(name, page)| fs::write(committed.join(name), page).unwrap());
        return;
    }
    let there = pages(&committed);
    let differing: Vec<&String> =
        made.keys().chain(there.keys()).filter(|name| made.get(*name) != there.get(*name)).collect();
    assert!(differing.is_empty(), "scripts/reference writes these anew: {differing:?}");
}

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

/// What manifests provide and what pages tell, by the texts of both: each node, format and codec has its part of a page,
/// and each node an example of all of its parameters.
#[test]
fn everything_that_is_provided_has_its_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(root.join("plugins")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(manifest) = fs::read_to_string(folder.join("plugin.toml")) else { continue };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let page = fs::read_to_string(root.join(format!("docs/reference/{name}.md"))).unwrap_or_default();
        let manifest: toml::Table = manifest.parse().unwrap();
        for (kind, title, key) in [("node", "Node", "type"), ("format", "Format", "id"), ("codec", "Codec", "id")] {
            let provided = manifest["provides"].get(kind).and_then(|all| all.as_array()).into_iter().flatten();
            for one in provided {
                count += 1;
                let heading = format!("## {title} {}\n", one[key].as_str().unwrap());
                let Some((_, part)) = page.split_once(&heading) else {
                    missing.push(format!("{name}: {heading}"));
                    continue;
                };
                let part = part.split("\n## ").next().unwrap();
                let properties =
                    one.get("parameters").or(one.get("options")).and_then(|schema| schema.get("properties"));
                for property in properties.and_then(|all| all.as_table()).into_iter().flat_map(|all| all.keys()) {
                    if !part.contains(&format!("| `{property}` |")) {
                        missing.push(format!("{name}: {property} of {}", heading.trim()));
                    }
                }
                if kind == "node" && !part.contains("\nFor example `params = ") {
                    missing.push(format!("{name}: an example of {}", heading.trim()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 40, "{count} of them");
}

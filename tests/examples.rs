//! Every example runs as it stands, and writes what tests/examples/NAME.expected shows: each output with its number of
//! lines and the first of them. `JACKFIELD_BLESS=1` writes these files anew.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of an output that are shown.
const SHOWN: usize = 5;

/// Outputs whose lines are shown; of further ones only the number.
const OPENED: usize = 6;

/// Examples whose data is fetched; `scripts/demo` runs them.
const FETCHED: &[&str] = &["flights"];

/// Folders below examples/ that hold a pipeline.
fn examples(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let with_pipeline = entries.filter(|path| path.join("pipeline.toml").exists());
    let mut names: Vec<String> =
        with_pipeline.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names.retain(|name| !FETCHED.contains(&name.as_str()));
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        // What a run beside the sources has left is no part of the example.
        if path.is_dir() && !path.ends_with("out") {
            copy(&path, &target);
        } else if path.is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn outputs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// An output as text: what is not is read with `jackfield convert`.
fn lines(folder: &Path, file: &Path) -> String {
    let text = fs::read_to_string(file);
    let is_text = file.extension().is_some_and(|ending| ["csv", "tsv", "jsonl", "json"].iter().any(|e| ending == *e));
    if let (true, Ok(text)) = (is_text, text) {
        return text;
    }
    let output = support::jackfield(folder).arg("convert").arg(file).args(["-", "--to", "jsonl"]).output().unwrap();
    assert!(output.status.success(), "{}: {}", file.display(), support::text(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn examples_write_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    copy(&root.join("examples"), &folder.path().join("examples"));
    let mut differing = Vec::new();
    for name in examples(root) {
        let pipeline = format!("examples/{name}/pipeline.toml");
        let output = support::jackfield(folder.path()).args(["run", &pipeline, "--threads", "2"]).output().unwrap();
        assert!(output.status.success(), "{name}: {}", support::text(&output));
        let out = folder.path().join(format!("examples/{name}/out"));
        let mut said = String::new();
        for (number, file) in outputs(&out).into_iter().enumerate() {
            let text = lines(folder.path(), &file);
            let shown = file.strip_prefix(&out).unwrap().display().to_string();
            writeln!(said, "--- {shown}: {} lines", text.lines().count()).unwrap();
            let shown = if number < OPENED { SHOWN } else { 0 };
            text.lines().take(shown).for_each(|line| writeln!(said, "{line}").unwrap());
        }
        let golden = root.join("tests/examples").join(format!("{name}.expected"));
        if std::env::var_os("JACKFIELD_BLESS").is_some() {
            fs::create_dir_all(golden.parent().unwrap()).unwrap();
            fs::write(&golden, &said).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != said {
            differing.push(format!("{}\n{said}", golden.display()));
        }
    }
    assert!(differing.is_empty(), "JACKFIELD_BLESS=1 writes these anew:\n{}", differing.join("\n"));
}

#[test]
fn committed_data_is_small_and_has_its_licence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("examples/README.md")).unwrap();
    for name in examples(root) {
        assert!(page.contains(&format!("({name}/pipeline.toml)")), "examples/README.md does not list {name}");
        for file in outputs(&root.join("examples").join(&name)) {
            let shown = file.strip_prefix(root.join("examples")).unwrap().display().to_string();
            if shown.contains("/out/") || shown.ends_with("pipeline.toml") {
                continue;
            }
            assert!(fs::metadata(&file).unwrap().len() < 300_000, "{shown} is too large to be committed");
            assert!(page.contains(&format!("`{shown}`")), "examples/README.md does not say where {shown} is from");
        }
    }
}

//! Components that were built for released interfaces run on this host: `tests/frozen` holds them.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use jackfield_host::{API_VERSION, inspect};

mod support;

use support::{folder, fresh_state, grant, jackfield, text};

fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen")
}

/// The folders of all releases.
fn releases() -> Vec<PathBuf> {
    let entries = fs::read_dir(frozen()).unwrap().map(|entry| entry.unwrap().path());
    let mut releases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    releases.sort();
    assert!(!releases.is_empty());
    releases
}

/// Runs a pipeline over four rows with the plugins of a release; gives what is in `file`.
fn run(release: &Path, names: &[&str], pipeline: &str, config: &str, file: &str) -> String {
    let state = fresh_state();
    let folder = folder(pipeline, &[("in.csv", b"x,y\n1,a\n2,\n3,ccc\n4,d\n"), ("jackfield.toml", config.as_bytes())]);
    let plugins = folder.path().join("plugins");
    for name in names {
        let to = plugins.join(name);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(release.join(name)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    grant(&plugins, names, state.path());
    let mut command = jackfield(folder.path());
    command.env("JACKFIELD_PLUGINS", &plugins).env("JACKFIELD_STATE", state.path());
    let output = command.args(["run", "pipeline.toml", "-v", "--config", "jackfield.toml"]).output().unwrap();
    assert!(output.status.success(), "{}: {}", release.display(), text(&output));
    match file {
        "" => text(&output),
        file => fs::read_to_string(folder.path().join(file)).unwrap(),
    }
}

#[test]
fn nodes_formats_and_codecs_of_every_release_run() {
    let pipeline = "[source.a]\npath = \"in.csv\"\nformat = \"lines\"\n\n[node.n]\ntype = \"kinds-node\"\ninput = \"a\"\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.lines.rot13\"\n";
    for release in releases() {
        let written = run(&release, &["kinds"], pipeline, "", "out.lines.rot13");
        assert!(written.contains("3,ppp"), "{}: {written}", release.display());
    }
}

#[test]
fn services_lifecycles_and_healths_of_every_release_run() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"ask\"\ninput = \"a\"\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    for release in releases() {
        let said =
            run(&release, &["answers", "asks"], pipeline, "[plugin.answers.config]\ngreeting = \"good day,\"\n", "");
        assert!(said.contains("good day, 4 rows from echo"), "{}: {said}", release.display());
    }
}

#[test]
fn hooks_of_every_release_run() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"filter\"\ninput = \"a\"\nparams = { where = \"x > 1\" }\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    for release in releases() {
        let config = "[plugin.hooks]\nenabled = true\n[plugin.hooks.config]\ndo = { plan = \"log\" }\n";
        let written = run(&release, &["hooks"], pipeline, config, "out.jsonl");
        assert_eq!(written.lines().count(), 3, "{}: {written}", release.display());
    }
}

#[test]
fn what_is_frozen_is_what_was_built_then() {
    let listed = fs::read_to_string(frozen().join("digests.txt")).unwrap();
    let mut seen = 0;
    for release in releases() {
        let version = release.file_name().unwrap().to_str().unwrap().strip_prefix('v').unwrap().to_owned();
        for plugin in fs::read_dir(&release).unwrap().map(|entry| entry.unwrap().path()) {
            let name = plugin.file_name().unwrap().to_str().unwrap().to_owned();
            let file = plugin.join(format!("{name}.wasm"));
            let inspected = inspect(&fs::read(&file).unwrap()).unwrap();
            assert_eq!(inspected.api_version.as_deref(), Some(version.as_str()), "{name}");
            let sum = std::process::Command::new("sha256sum").arg(&file).output().unwrap();
            let digest = text(&sum).split(' ').next().unwrap().to_owned();
            let line = format!("{digest}  v{version}/{name}/{name}.wasm");
            assert!(listed.contains(&line), "{name} was built anew: what is frozen stays as it was");
            seen += 1;
        }
    }
    assert_eq!(seen, listed.lines().count());
    // Whoever raises the version adds a folder.
    assert!(releases().iter().any(|release| release.ends_with(format!("v{API_VERSION}"))), "{API_VERSION}");
}

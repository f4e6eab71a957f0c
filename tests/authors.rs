//! `plugin new`, `plugin build` and `doctor`: what they say where something is missing, wrong or in the way. What needs a
//! compiler of another language is in `scripts/test-authors`.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

/// Runs the binary in a folder with these arguments, and with an empty folder of tools.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = support::jackfield(folder);
    command.env("JACKFIELD_TOOLS", folder.join("no tools")).args(arguments);
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn fails(output: &Output, exit: i32, wanted: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(exit), "{text}");
    for part in wanted {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

fn make(folder: &Path, name: &str, language: &str, kind: &str) {
    let made = run(folder, &["plugin", "new", name, "--lang", language, "--kind", kind]);
    assert!(made.status.success(), "{}", stderr(&made));
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn every_template_is_filled_and_its_manifest_and_cases_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for language in ["rust", "c", "c++", "zig", "go", "python", "ts"] {
        for kind in ["node", "format", "codec", "hook", "service"] {
            let template = format!("guest-sdk/{language}/template/{kind}");
            if !Path::new(env!("CARGO_MANIFEST_DIR")).join(template).is_dir() {
                continue;
            }
            let name = format!("try-{}-{kind}", language.replace('+', "x"));
            make(folder.path(), &name, language, kind);
            let project = folder.path().join(&name);
            for file in files(&project) {
                let inside = file.strip_prefix(&project).unwrap();
                assert!(!inside.to_string_lossy().contains("__name__"), "{}", file.display());
                if inside.starts_with("sdk") || inside.starts_with("wit") {
                    continue;
                }
                let text = fs::read_to_string(&file).unwrap();
                for variable in ["name", "snake", "pascal", "title", "author", "jackfield", "engine"] {
                    assert!(!text.contains(&format!("{{{{{variable}}}}}")), "{}: {variable}", file.display());
                }
            }
            for file in ["README.md", ".gitignore", ".editorconfig", ".github/workflows/ci.yml", "wit/plugin.wit"] {
                assert!(project.join(file).is_file(), "{name} has no {file}");
            }
            assert_eq!(project.join("Cargo.lock").is_file(), language == "rust", "{name}");
            let manifest = fs::read_to_string(project.join("plugin.toml")).unwrap();
            let (read, problems) = jackfield_manifest::parse_manifest("plugin.toml", &manifest);
            assert!(read.is_some_and(|read| read.plugin == name) && problems.is_empty(), "{name}: {problems:#?}");
            // No case can call a service.
            if kind == "service" {
                continue;
            }
            let cases: Vec<_> = files(&project.join("tests"))
                .into_iter()
                .filter(|f| f.extension().is_some_and(|e| e == "toml"))
                .collect();
            assert!(!cases.is_empty(), "{name} has no cases");
            for file in cases {
                let (read, problems) =
                    jackfield_manifest::parse_cases("cases.toml", &fs::read_to_string(&file).unwrap());
                assert!(
                    read.is_some_and(|read| !read.cases.is_empty()) && problems.is_empty(),
                    "{name}: {problems:#?}"
                );
            }
        }
    }
}

#[test]
fn a_project_is_made_once_under_a_good_name() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), "late", "c", "node");
    let again = run(folder.path(), &["plugin", "new", "late", "--lang", "c", "--kind", "node"]);
    fails(&again, 3, &["error[folder-occupied]: late is there and not empty"]);
    let named = run(folder.path(), &["plugin", "new", "Späte Flüge", "--lang", "zig", "--kind", "hook"]);
    fails(
        &named,
        3,
        &["error[invalid-name]: `Späte Flüge`", "error[template-missing]: there is no template for a hook in Zig"],
    );
    let silent = run(folder.path(), &["plugin", "new", "other", "--kind", "node"]);
    fails(&silent, 2, &["--lang is missing: the language (rust, c, c++, zig, go, python, ts)"]);
    let json = run(folder.path(), &["plugin", "new", "third", "--lang", "c", "--kind", "codec", "--json"]);
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(document["files"].as_array().unwrap().iter().any(|file| file == "src/plugin.c"));
}

#[test]
fn missing_tools_come_with_the_command_that_installs_them() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), "late", "c", "node");
    let mut command = support::jackfield(folder.path());
    command.env("JACKFIELD_TOOLS", folder.path().join("no tools")).env("PATH", "/nonexistent");
    let built = command.args(["plugin", "build", "late"]).output().unwrap();
    fails(
        &built,
        1,
        &["error[tool-missing]: zig 0.17.0 is missing", "help: jackfield doctor --fix, or: python3 -m venv"],
    );
    assert!(!folder.path().join("late/late.wasm").exists());
    let doctor = run(folder.path(), &["doctor", "--lang", "c", "--json"]);
    let document: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let zig = document["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "zig").unwrap();
    assert_eq!((zig["state"].as_str(), doctor.status.code()), (Some("missing"), Some(1)), "{document:#}");
    assert!(zig["install"].as_str().unwrap().contains("install ziglang==0.17.0"));
}

#[test]
fn without_a_network_doctor_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = support::jackfield(folder.path());
    command.env("JACKFIELD_TOOLS", folder.path().join("tools"));
    // Nobody listens there, and nothing is looked up in what the user has configured.
    command.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple").env("PIP_CONFIG_FILE", "/dev/null");
    command
        .env("PIP_RETRIES", "0")
        .env("PIP_DEFAULT_TIMEOUT", "1")
        .env("PIP_NO_INDEX", "1")
        .env_remove("PIP_FIND_LINKS");
    let fixed = command.args(["doctor", "--lang", "c", "--fix"]).output().unwrap();
    fails(&fixed, 1, &["error[install-failed]: zig could not be installed", "is there a network", "ziglang==0.17.0"]);
}

#[test]
fn a_place_that_nothing_can_be_installed_in_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut command = support::jackfield(folder.path());
    let fixed =
        command.env("JACKFIELD_TOOLS", folder.path().join("file/tools")).args(["doctor", "--lang", "c", "--fix"]);
    fails(&fixed.output().unwrap(), 1, &["cannot create the folder", "file/tools"]);
}

#[test]
fn what_is_wrong_with_a_project_is_said_before_anything_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = run(folder.path(), &["plugin", "build"]);
    fails(&nothing, 3, &["error[no-project]", "holds no plugin.toml"]);
    fs::write(
        folder.path().join("plugin.toml"),
        "[plugin]\nname = \"x\"\nversion = \"1.0.0\"\ncomponent = \"x.wasm\"\n[[provides.node]]\ntype = \"x\"\n",
    )
    .unwrap();
    fails(&run(folder.path(), &["plugin", "build"]), 3, &["error[unknown-language]", "[build] language = \"c\""]);
    let broken =
        "[plugin]\nname = \"x\"\nversion = \"1\"\ncomponent = \"x.wasm\"\n[build]\nlanguage = \"cobol\"\nflag = 1\n";
    fs::write(folder.path().join("plugin.toml"), broken).unwrap();
    fails(
        &run(folder.path(), &["plugin", "build"]),
        3,
        &["error[invalid-version]", "`build.language` cannot be `cobol`", "unknown key `flag`"],
    );
    make(folder.path(), "none", "c", "node");
    let manifest = folder.path().join("none/plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let (head, _) = text.split_once("[[provides.node]]").unwrap();
    fs::write(&manifest, head).unwrap();
    fails(&run(folder.path(), &["plugin", "build", "none"]), 3, &["error[provides-nothing]"]);
}

//! The rules of this repository that a compiler does not check. A failure says which rule, why it exists and what to do.
//!
//! The facts come from `cargo metadata` and from the files that git would commit.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate of the workspace may depend on, of our own crates.
const DIRECTION: &[(&str, &[&str])] = &[
    ("jackfield-manifest", &[]),
    ("jackfield-authoring", &["jackfield-manifest"]),
    ("jackfield-columns", &[]),
    ("jackfield-host", &["jackfield-manifest", "jackfield-columns"]),
    ("jackfield-runtime", &["jackfield-manifest", "jackfield-columns", "jackfield-host"]),
    ("jackfield-server", &["jackfield-manifest", "jackfield-columns", "jackfield-host", "jackfield-runtime"]),
    (
        "jackfield",
        &[
            "jackfield-manifest",
            "jackfield-authoring",
            "jackfield-columns",
            "jackfield-host",
            "jackfield-runtime",
            "jackfield-server",
        ],
    ),
];

/// Crates of others that only some of ours may name (by prefix), and why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("wasmtime", &["jackfield-host"], "the sandbox is one crate, so that one crate is reviewed for it"),
    ("cranelift", &["jackfield-host"], "the sandbox is one crate, so that one crate is reviewed for it"),
    ("axum", &["jackfield-server"], "only the daemon speaks HTTP to its users"),
    ("hyper", &["jackfield-server", "jackfield-host"], "network access goes through the daemon or the host's egress"),
    ("rustls", &["jackfield-server", "jackfield-host"], "network access goes through the daemon or the host's egress"),
    ("clap", &["jackfield"], "libraries know no command line"),
    ("anyhow", &["jackfield"], "libraries have error types that callers can match on"),
    ("indicatif", &["jackfield"], "libraries do not write to terminals"),
    ("comfy-table", &["jackfield"], "libraries do not write to terminals"),
];

/// Longest file that needs no reason, in lines.
const MOST_LINES: usize = 800;

/// Files of more lines, each with the reason why it is not split.
const LONG_FILES: &[(&str, &str)] = &[];

/// The workspaces beside the root's: guests, and what the benchmarks compare with.
const OTHER_WORKSPACES: &[&str] =
    &["plugins", "guest-sdk/rust", "tests/guests", "benches/native", "fuzz", "examples/authors/rust"];

/// Names that say nothing about what a crate or file holds.
const VAGUE: &[&str] = &["common", "utils", "util", "helpers", "misc"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    assert!(
        output.status.success(),
        "{program} {} failed in {}: {}",
        arguments.join(" "),
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn metadata(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let text = run(&cargo, &[&["metadata", "--format-version", "1", "--offline"], arguments].concat(), folder);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The packages of a workspace, without what they depend on in turn.
fn packages(folder: &Path) -> Vec<Value> {
    metadata(folder, &["--no-deps"])
}

/// All workspaces that exist, the root's first.
fn workspaces() -> Vec<PathBuf> {
    let others = OTHER_WORKSPACES.iter().map(|folder| root().join(folder));
    std::iter::once(root().to_path_buf()).chain(others).filter(|folder| folder.join("Cargo.toml").exists()).collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// Names of the direct dependencies, of `kinds` ("normal", "dev", "build").
fn dependencies<'a>(package: &'a Value, kinds: &[&str]) -> Vec<&'a str> {
    let wanted = |dependency: &&Value| kinds.contains(&dependency["kind"].as_str().unwrap_or("normal"));
    package["dependencies"].as_array().unwrap().iter().filter(wanted).map(name).collect()
}

/// All files that are or would be committed, relative to the root, with `/`.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    if root().join(".git").exists() {
        let listed =
            run("git", &["-c", "core.quotepath=off", "ls-files", "--cached", "--others", "--exclude-standard"], root());
        files.extend(listed.lines().filter(|file| root().join(file).is_file()).map(str::to_owned));
    } else {
        // A source archive has no git folder: everything but build output counts.
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root().join(&folder)).unwrap() {
                let entry = entry.unwrap();
                let path = folder.join(entry.file_name());
                let skipped = ["target", "out"].iter().any(|name| entry.file_name() == *name);
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() && !skipped => folders.push(path),
                    kind if kind.is_file() => files.push(path.to_string_lossy().into_owned()),
                    _ => {}
                }
            }
        }
    }
    files.sort();
    files.dedup();
    files
}

fn rust_files() -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(".rs")).collect()
}

/// Names of the folders directly inside a folder of the tree, none if it does not exist.
fn folders(parent: &str) -> BTreeSet<String> {
    let prefix = format!("{parent}/");
    let inside = files();
    let inside = inside.iter().filter_map(|file| file.strip_prefix(&prefix)?.split_once('/'));
    inside.map(|(folder, _)| folder.to_owned()).collect()
}

/// A file's text, unless it is not text.
fn text(file: &str) -> Option<String> {
    fs::read_to_string(root().join(file)).ok()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[track_caller]
fn none(problems: Vec<String>, reason: &str) {
    assert!(problems.is_empty(), "\n  {}\nwhy: {reason}\n", problems.join("\n  "));
}

#[test]
fn crates_depend_in_one_direction() {
    let mut problems = Vec::new();
    for package in packages(root()) {
        let Some((_, allowed)) = DIRECTION.iter().find(|(crate_name, _)| *crate_name == name(&package)) else {
            problems.push(format!("{} is not in DIRECTION: say what it may depend on", name(&package)));
            continue;
        };
        for dependency in dependencies(&package, &["normal", "build", "dev"]) {
            if dependency.starts_with("jackfield") && dependency != name(&package) && !allowed.contains(&dependency) {
                problems.push(format!("{} must not depend on {dependency}", name(&package)));
            }
        }
    }
    none(problems, "manifest, columns <- host <- runtime <- server <- cli: what is below can be used and tested alone");
}

#[test]
fn some_dependencies_are_reserved() {
    let mut problems = Vec::new();
    for package in packages(root()) {
        for dependency in dependencies(&package, &["normal", "build"]) {
            for (prefix, allowed, why) in RESERVED {
                let rest = dependency.strip_prefix(prefix);
                let reserved = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']));
                if reserved && !allowed.contains(&name(&package)) {
                    problems.push(format!("{} must not depend on {dependency}: {why}", name(&package)));
                }
            }
        }
    }
    none(problems, "each of these crates has one place; call that place instead");
}

/// Crates that speak to a network, and the crates that may depend on them: ours, and those of others that are looked at
/// for it. `wasmtime-wasi-http` brings types, and is built without its own way of sending.
const NETWORK: &[(&str, &[&str])] = &[
    ("hyper", &["jackfield-host", "wasmtime-wasi-http"]),
    ("h2", &["hyper"]),
    ("rustls", &["tokio-rustls"]),
    ("tokio-rustls", &["jackfield-host"]),
    ("axum", &["jackfield-server"]),
    ("reqwest", &[]),
    ("native-tls", &[]),
    ("openssl", &[]),
];

#[test]
fn the_network_has_one_way_out() {
    // Of one platform, so that crates for others need not have been fetched.
    let host = run("rustc", &["-vV"], root());
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let linked = metadata(root(), &["--locked", "--filter-platform", host]);
    let mut problems = Vec::new();
    for package in &linked {
        let optional = |dependency: &Value| dependency["optional"].as_bool().unwrap_or(false);
        for dependency in package["dependencies"].as_array().unwrap() {
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            let Some((what, allowed)) = NETWORK.iter().find(|(what, _)| *what == name(dependency)) else { continue };
            if kind == "normal" && !optional(dependency) && !allowed.contains(&name(package)) {
                problems.push(format!("{} must not depend on {what}", name(package)));
            }
        }
    }
    let wasi = linked.iter().find(|package| name(package) == "jackfield-host").unwrap();
    let http = wasi["dependencies"].as_array().unwrap().iter().find(|d| name(d) == "wasmtime-wasi-http").unwrap();
    let sends = http["features"].as_array().unwrap().iter().any(|feature| feature == "default-send-request");
    if sends || http["uses_default_features"].as_bool().unwrap() {
        problems
            .push("wasmtime-wasi-http must be built without `default-send-request`, which checks nothing".to_owned());
    }
    none(problems, "what connects without host::egress in between would be a way out for plugins");
}

#[test]
fn only_the_command_line_prints() {
    let mut problems = Vec::new();
    for file in rust_files() {
        let build_script = file.ends_with("/build.rs") && file.matches('/').count() == 2;
        let library = file.starts_with("crates/") && !file.starts_with("crates/cli/") && !file.contains("/tests/");
        // A build script speaks to cargo that way.
        let library = library && !build_script;
        if !library {
            continue;
        }
        for (number, line) in read(&file).lines().enumerate() {
            let code = line.trim_start();
            let prints = ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("];
            if !code.starts_with("//") && prints.iter().any(|print| code.contains(print)) {
                problems.push(format!("{file}:{}: {code}", number + 1));
            }
        }
    }
    none(problems, "a library that prints spoils --json and - sinks; return it, or send it through the run's events");
}

#[test]
fn files_are_short() {
    let mut problems = Vec::new();
    for file in rust_files() {
        let lines = read(&file).lines().count();
        match LONG_FILES.iter().find(|(long, _)| *long == file) {
            None if lines > MOST_LINES => problems.push(format!("{file} has {lines} lines: split it by topic")),
            Some(_) if lines <= MOST_LINES => {
                problems.push(format!("{file} has {lines} lines and needs no reason in LONG_FILES any more"));
            }
            _ => {}
        }
    }
    for (file, _) in LONG_FILES.iter().filter(|(file, _)| !root().join(file).exists()) {
        problems.push(format!("{file} is in LONG_FILES and does not exist"));
    }
    none(problems, "a file has one topic; what is longer than 800 lines states in tests/tidy.rs why");
}

#[test]
fn files_say_what_they_are() {
    let problems = rust_files().into_iter().filter(|file| !read(file).starts_with("//!"));
    let problems = problems.map(|file| format!("{file} does not start with a //! line")).collect();
    none(problems, "the first line of a file tells its topic and what it must not know");
}

#[test]
fn names_say_what_is_inside() {
    let mut problems = Vec::new();
    for package in workspaces().iter().flat_map(|folder| packages(folder)) {
        let short = name(&package).trim_start_matches("jackfield-");
        // A module may be called `types` (the column types are one); a crate of that name would hold anything.
        if VAGUE.contains(&short) || short == "types" {
            problems.push(format!("{} is no name for a crate", name(&package)));
        }
    }
    for file in rust_files() {
        let stem = Path::new(&file).file_stem().unwrap().to_string_lossy().into_owned();
        if VAGUE.contains(&stem.as_str()) {
            problems.push(format!("{file} is named after nothing in particular"));
        }
        if stem == "mod" {
            problems.push(format!("{file}: make it a file beside its folder, so that its name says what it is"));
        }
    }
    none(problems, "vague names collect whatever has no better place, and then everything depends on them");
}

#[test]
fn plugin_folders_are_plugins() {
    let mut problems = Vec::new();
    for folder in folders("plugins") {
        // A library that several plugins share is no plugin; its Cargo.toml builds no component.
        let cargo = text(&format!("plugins/{folder}/Cargo.toml"));
        let shared = cargo.is_some_and(|cargo| !cargo.contains("cdylib"));
        let manifest = format!("plugins/{folder}/plugin.toml");
        if folder != ".cargo" && !shared && !root().join(&manifest).exists() {
            problems.push(format!("{manifest} is missing"));
        }
    }
    none(problems, "a plugin is a folder with a manifest; scripts/build lays out only these");
}

#[test]
fn test_guests_are_used() {
    let outside = rust_files().into_iter().filter(|file| !file.starts_with("tests/guests/"));
    let cases = files().into_iter().filter(|file| file.starts_with("tests/cases/"));
    let sources: String = outside.chain(cases).filter_map(|file| text(&file)).collect();
    let mut problems = Vec::new();
    for folder in folders("tests/guests") {
        let is_guest = text(&format!("tests/guests/{folder}/Cargo.toml")).is_some_and(|cargo| cargo.contains("cdylib"));
        let named = sources.contains(&format!("\"{folder}\"")) || sources.contains(&format!("{folder}.wasm"));
        if is_guest && !named {
            problems.push(format!("no test names \"{folder}\": use tests/guests/{folder} or remove it"));
        }
    }
    none(problems, "a hostile guest that no test runs proves nothing and costs build time");
}

#[test]
fn dependencies_are_justified() {
    let page = read("docs/dependencies.md");
    let listed: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let all: Vec<Value> = workspaces().iter().flat_map(|folder| packages(folder)).collect();
    let ours: BTreeSet<&str> = all.iter().map(name).collect();
    let mut used = BTreeMap::new();
    for package in &all {
        for dependency in dependencies(package, &["normal", "build", "dev"]) {
            if !ours.contains(dependency) {
                used.insert(dependency, name(package));
            }
        }
    }
    let mut problems = Vec::new();
    for (dependency, by) in used.iter().filter(|(dependency, _)| !listed.contains(*dependency)) {
        problems.push(format!("docs/dependencies.md has no line for {dependency}, which {by} uses"));
    }
    for dependency in listed.iter().filter(|dependency| !used.contains_key(*dependency)) {
        problems.push(format!("docs/dependencies.md justifies {dependency}, which nothing uses"));
    }
    none(problems, "each dependency is code we answer for; one line says what it is for and why not less");
}

#[test]
fn guests_are_built_from_the_same_interfaces() {
    let interfaces = wit_files("wit");
    let mut problems = Vec::new();
    if interfaces.is_empty() {
        problems.push("wit/ holds no interfaces".to_owned());
    }
    let elsewhere = files();
    let elsewhere = elsewhere.iter().filter(|file| file.ends_with(".wit") && !file.starts_with("wit/"));
    let copies: BTreeSet<&str> = elsewhere.filter_map(|file| Some(file.rsplit_once('/')?.0)).collect();
    for copy in copies {
        if wit_files(copy) != interfaces {
            problems.push(format!("{copy} differs from wit/: name wit/ by its path instead, or copy it anew"));
        }
    }
    none(problems, "guests and host must agree on every type");
}

#[test]
fn nothing_names_a_machine() {
    // Put together here, so that this file does not contain what it looks for.
    let forbidden = [
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
        ["/wo", "rk/"],
        ["crates", ".io"],
        ["py", "pi.org"],
        ["pythonhosted", ".org"],
        ["deb.debian", ".org"],
        ["npmjs", ".org"],
        ["proxy.golang", ".org"],
    ]
    .map(|parts| parts.concat());
    let mut problems = Vec::new();
    for file in files() {
        // Lock files name the index that cargo resolved from.
        if file.ends_with(".lock") {
            continue;
        }
        let Some(text) = text(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| line.contains(word.as_str())) {
                problems.push(format!("{file}:{}: names {word}", number + 1));
            }
        }
    }
    none(problems, "the tree builds on any machine, with whatever registries and mirrors it is configured for");
}

/// The WIT files directly inside a folder, by name.
fn wit_files(folder: &str) -> BTreeMap<String, String> {
    let prefix = format!("{folder}/");
    let all = files();
    let here = all.iter().filter_map(|file| Some((file, file.strip_prefix(&prefix)?)));
    here.filter(|(_, name)| name.ends_with(".wit") && !name.contains('/'))
        .map(|(file, name)| (name.to_owned(), read(file)))
        .collect()
}

//! Plugins as a system: first-party by digest, grants, versions side by side, requirements of a run, and the example
//! host. The plugins are the first-party ones, copied and changed.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod support;

use support::{folder, fresh_state, grant, jackfield, text};

const PIPELINE: &str = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"rows/filter\"\ninput = \"a\"\n\
                        params = { where = \"x > 1\" }\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";

/// The folder of the binary, with `plugins` in it.
fn release() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_jackfield")).parent().unwrap().to_path_buf()
}

/// A copy of a first-party plugin in `folder`/plugins/`name`, with a changed manifest.
fn copy(folder: &Path, name: &str, plugin: &str, change: impl Fn(String) -> String) -> PathBuf {
    let (from, to) = (release().join("plugins").join(plugin), folder.join("plugins").join(name));
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(&from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let manifest = fs::read_to_string(to.join("plugin.toml")).unwrap();
    fs::write(to.join("plugin.toml"), change(manifest)).unwrap();
    to
}

fn run(folder: &Path, state: &Path, arguments: &[&str]) -> Output {
    let mut command = jackfield(folder);
    command.env("JACKFIELD_STATE", state).env("JACKFIELD_PLUGINS", folder.join("plugins"));
    command.args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Grants plugins of `folder` all that they ask for.
fn trust(folder: &Path, state: &Path, names: &[&str]) {
    grant(&folder.join("plugins"), names, state);
}

#[test]
fn a_stranger_runs_when_it_was_granted_and_again_when_it_has_changed() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n")]);
    let state = fresh_state();
    let renamed = |version: &str, more: &str| {
        let (version, more) = (version.to_owned(), more.to_owned());
        move |text: String| {
            let text = text.replacen("name = \"rows\"", "name = \"myrows\"", 1);
            text.replacen("version = \"0.1.0\"", &format!("version = \"{version}\""), 1) + &more
        }
    };
    copy(folder.path(), "myrows", "rows", renamed("0.1.0", ""));
    let pipeline = PIPELINE.replace("rows/filter", "myrows/filter");
    fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
    let go = || run(folder.path(), state.path(), &["run", "pipeline.toml"]);

    // Looking is no use.
    for arguments in [&["check", "pipeline.toml"][..], &["plugin", "list"], &["run", "--dry-run", "pipeline.toml"]] {
        let output = run(folder.path(), state.path(), arguments);
        assert!(!stderr(&output).contains("first time"), "{arguments:?}: {}", text(&output));
    }
    let first = go();
    assert!(first.status.success(), "{}", text(&first));
    let told = stderr(&first);
    assert!(told.contains("plugin myrows 0.1.0 is used for the first time\n"), "{told}");
    assert!(told.contains("  asks    nothing\n") && told.contains("  from    "), "{told}");
    assert!(!stderr(&go()).contains("first time"), "it was introduced twice");
    copy(folder.path(), "myrows", "rows", renamed("0.1.1", ""));
    assert!(stderr(&go()).contains("plugin myrows 0.1.1 has changed (it was 0.1.0)\n"));

    // What asks for something has to be granted. Planning would run it, so that is denied as well.
    let asks = "\n[permissions]\nclock = { reason = \"stamps rows\" }\n";
    copy(folder.path(), "myrows", "rows", renamed("0.2.0", asks));
    for _ in 0..2 {
        let told = stderr(&go());
        assert!(told.contains("plugin myrows 0.2.0 is not the one that was granted (version 0.1.1)\n"), "{told}");
        assert!(told.contains("  + asks  clock: stamps rows\n"), "{told}");
    }
    let json = run(folder.path(), state.path(), &["run", "--json", "pipeline.toml"]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["errors"][0]["code"], "plugin-not-granted", "{document}");
    let check = run(folder.path(), state.path(), &["check", "pipeline.toml"]);
    assert_eq!(check.status.code(), Some(4), "{}", text(&check));
    assert!(stderr(&check).contains("jackfield plugin grant myrows\n"), "{}", text(&check));
    trust(folder.path(), state.path(), &["myrows"]);
    assert!(go().status.success());
    // What takes the place of one that had rights is not waved through because it asks for less.
    copy(folder.path(), "myrows", "rows", renamed("0.3.0", ""));
    assert_eq!(go().status.code(), Some(4));
}

#[test]
fn first_party_plugins_need_no_grant() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n")]);
    let state = fresh_state();
    let output = run(folder.path(), state.path(), &["run", "pipeline.toml"]);
    assert!(output.status.success() && !text(&output).contains("grant"), "{}", text(&output));
}

#[test]
fn first_party_is_a_digest_and_not_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = fresh_state();
    // An installation of its own, in which somebody changes a manifest and a component.
    let binary = folder.path().join("jackfield");
    fs::copy(env!("CARGO_BIN_EXE_jackfield"), &binary).unwrap();
    copy(folder.path(), "csv", "csv", |text| text);
    copy(folder.path(), "gzip", "gzip", |text| text + "\n[permissions]\nclock = true\n");
    let zstd = copy(folder.path(), "zstd", "zstd", |text| text);
    let component = fs::read(zstd.join("zstd.wasm")).unwrap();
    // An empty custom section at the end changes the bytes and nothing else.
    fs::write(zstd.join("zstd.wasm"), [&component[..], &[0, 2, 1, b'x']].concat()).unwrap();
    let mut command = Command::new(&binary);
    let nowhere = folder.path().join("nowhere");
    for name in ["JACKFIELD_CONFIG", "JACKFIELD_PLUGINS"] {
        command.env_remove(name);
    }
    command.env("JACKFIELD_STATE", state.path()).env("JACKFIELD_CACHE", folder.path().join("cache"));
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS"] {
        command.env(name, &nowhere);
    }
    let output = command.args(["plugin", "list", "--json"]).current_dir(folder.path()).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ranks: Vec<(&str, &str, bool)> = document["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| {
            let warned = plugin["warnings"].to_string().contains("not-first-party");
            (plugin["name"].as_str().unwrap(), plugin["from"].as_str().unwrap(), warned)
        })
        .collect();
    assert_eq!(ranks, [("csv", "first-party", false), ("gzip", "discovered", true), ("zstd", "discovered", true)]);
}

#[test]
fn the_digest_of_a_stranger_is_remembered_in_the_cache_only() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n")]);
    let (state, cache) = (fresh_state(), tempfile::tempdir().unwrap());
    copy(folder.path(), "mine", "csv", |text| text.replacen("name = \"csv\"", "name = \"mine\"", 1));
    let info = || {
        let mut command = jackfield(folder.path());
        command.env("JACKFIELD_STATE", state.path()).env("JACKFIELD_CACHE", cache.path());
        command.env("JACKFIELD_PLUGINS", folder.path().join("plugins"));
        let output = command.args(["plugin", "info", "mine", "--json"]).output().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        document["component"]["sha256"].as_str().unwrap().to_owned()
    };
    let digest = info();
    let file = cache.path().join("plugins.json");
    assert!(fs::read_to_string(&file).unwrap().contains(&digest));
    fs::write(&file, "{ nonsense").unwrap();
    assert_eq!(info(), digest);
    assert!(fs::read_to_string(&file).unwrap().contains(&digest), "a damaged cache was not put right");
}

#[test]
fn versions_run_side_by_side_in_one_pipeline() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n3\n")]);
    let state = fresh_state();
    let version = |version: &'static str| {
        move |text: String| {
            let text = text.replacen("name = \"rows\"", "name = \"myrows\"", 1);
            text.replacen("version = \"0.1.0\"", &format!("version = \"{version}\""), 1)
        }
    };
    copy(folder.path(), "old", "rows", version("1.0.0"));
    copy(folder.path(), "new", "rows", version("2.0.0"));
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"myrows@1/filter\"\ninput = \"a\"\n\
                    params = { where = \"x > 1\" }\n\n[node.m]\ntype = \"myrows@2/filter\"\ninput = \"n\"\n\
                    params = { where = \"x > 2\" }\n\n[sink.out]\ninput = \"m\"\npath = \"out.jsonl\"\n";
    fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
    trust(folder.path(), state.path(), &["myrows@1", "myrows@2"]);
    let output = run(folder.path(), state.path(), &["run", "--json", "pipeline.toml"]);
    assert!(output.status.success(), "{}", text(&output));
    let report = text(&output);
    assert!(report.contains("\"myrows 1.0.0\"") && report.contains("\"myrows 2.0.0\""), "{report}");
    assert_eq!(fs::read_to_string(folder.path().join("out.jsonl")).unwrap(), "{\"x\":3}\n");
    // Without a version the newest counts; the pipeline may pin another one.
    let unqualified = PIPELINE.replace("rows/filter", "myrows/filter");
    for (pin, used) in [("", "myrows 2.0.0"), ("\n[plugin.myrows]\nversion = \"^1\"\n", "myrows 1.0.0")] {
        fs::write(folder.path().join("pipeline.toml"), format!("{unqualified}{pin}")).unwrap();
        let output = run(folder.path(), state.path(), &["check", "--json", "pipeline.toml"]);
        assert!(text(&output).contains(used), "{pin:?}: {}", text(&output));
    }
}

#[test]
fn what_a_pipeline_uses_is_checked_together() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n")]);
    let state = fresh_state();
    let requiring = |name: &'static str, from: &'static str, more: &'static str| {
        copy(folder.path(), name, from, move |text| {
            text.replacen(&format!("name = \"{from}\""), &format!("name = \"{name}\""), 1) + more
        })
    };
    // Each of them can be used, but not both at once.
    requiring("one", "csv", "\n[requires]\nshared = \"^1\"\n");
    requiring("two", "rows", "\n[requires]\nshared = \"^2\"\n");
    for version in ["1.0.0", "2.0.0"] {
        copy(folder.path(), &format!("shared-{version}"), "zstd", move |text| {
            let text = text.replacen("name = \"zstd\"", "name = \"shared\"", 1);
            text.replacen("version = \"0.1.0\"", &format!("version = \"{version}\""), 1)
        });
    }
    let pipeline = PIPELINE.replace("rows/filter", "two/filter").replace("in.csv\"", "in.csv\"\nformat = \"one/csv\"");
    fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
    trust(folder.path(), state.path(), &["one", "two", "shared@1", "shared@2"]);
    let output = run(folder.path(), state.path(), &["check", "pipeline.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let told = stderr(&output);
    assert!(told.contains("error[conflicting-requirements]"), "{told}");
    assert!(told.contains("one 0.1.0 requires shared ^1") && told.contains("two 0.1.0 requires shared ^2"), "{told}");
}

#[test]
fn what_is_deprecated_is_said_where_it_is_used() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n")]);
    let state = fresh_state();
    copy(folder.path(), "myrows", "rows", |text| {
        let text = text.replacen("name = \"rows\"", "name = \"myrows\"\ndeprecated = \"unmaintained\"", 1);
        text.replacen("type = \"filter\"", "type = \"filter\"\ndeprecated = { replacement = \"rows/filter\" }", 1)
            + "\n[limits]\nmemory = \"64GiB\"\n"
    });
    fs::write(folder.path().join("pipeline.toml"), PIPELINE.replace("rows/filter", "myrows/filter")).unwrap();
    trust(folder.path(), state.path(), &["myrows"]);
    let told = stderr(&run(folder.path(), state.path(), &["check", "pipeline.toml"]));
    assert!(told.contains("warning[deprecated]: plugin myrows is deprecated: unmaintained"), "{told}");
    assert!(told.contains("warning[deprecated]: node type filter is deprecated; use rows/filter instead"), "{told}");
    assert!(told.contains("warning[limit-above-ceiling]: the manifest of myrows asks for memory"), "{told}");
}

#[test]
fn inputs_have_the_columns_that_the_manifest_says() {
    let folder = folder(PIPELINE, &[("in.csv", b"x\n1\n2\n")]);
    let state = fresh_state();
    fs::write(folder.path().join("pipeline.toml"), PIPELINE.replace("rows/filter", "myrows/filter")).unwrap();
    let check = |columns: &str| {
        copy(folder.path(), "myrows", "rows", |text| {
            let text = text.replacen("name = \"rows\"", "name = \"myrows\"", 1);
            text.replacen("name = \"in\"", &format!("name = \"in\"\ntype = \"{columns}\""), 1)
        });
        // A manifest that cannot be read cannot be granted either.
        run(folder.path(), state.path(), &["plugin", "grant", "myrows"]);
        run(folder.path(), state.path(), &["check", "pipeline.toml"])
    };
    assert!(check("struct<x: int64>").status.success());
    let told = stderr(&check("struct<x: utf8, y: int64>"));
    assert!(told.contains("error[type-mismatch]: node.n: the input `in` needs `x` as utf8, it is int64"), "{told}");
    assert!(told.contains("error[unknown-column]: node.n: the input `in` needs a column `y` of type int64"), "{told}");
    let told = stderr(&check("struct<x>"));
    assert!(told.contains("error[invalid-type]"), "{told}");
}

#[test]
fn a_folder_that_is_named_twice_is_no_conflict() {
    let folder = folder(PIPELINE, &[]);
    let mut command = jackfield(folder.path());
    let output = command.env("JACKFIELD_PLUGINS", release().join("plugins")).args(["plugin", "list"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
}

#[test]
fn the_example_host_runs() {
    // `cargo test` builds the examples beside the tests.
    let example = release().join("examples").join("embed");
    let output = Command::new(&example).arg(release().join("plugins")).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("node kilometres from units 0.1.0 (first-party)\n"), "{told}");
    assert!(told.contains("node km: 3 rows in, 3 out\n"), "{told}");
    assert!(told.contains("\nflight,distance,km\n1545,1400.0,2253.0816\n"), "{told}");
}

//! What plugin authors do with a plugin that is wrong: find it out at random, run again what a run did not survive, measure
//! it, and look where its fuel goes.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

mod support;

/// A folder with the guest `faults` and a file of cases.
fn with_cases(cases: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let plugin = support::set_down("faults", folder.path()).join("faults");
    fs::create_dir(plugin.join("tests")).unwrap();
    fs::write(plugin.join("tests/cases.toml"), cases).unwrap();
    (folder, plugin)
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    support::jackfield(folder).args(arguments).output().unwrap()
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", support::text(output)))
}

/// Files of a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

#[test]
fn what_random_rows_find_is_small_and_stays_as_a_case() {
    let (folder, plugin) = with_cases(
        "[[case]]\nname = \"rows\"\ntype = \"fault\"\nparams = { how = \"panic\", after = 1 }\n\
         schema.in = { a = \"int64\", t = \"utf8\" }\ninput.in = []\n",
    );
    let path = plugin.to_string_lossy().into_owned();
    let output = run(folder.path(), &["plugin", "test", &path, "--property", "60", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", support::text(&output));
    let found = json(&output);
    let failure = &found["property"][0]["failure"];
    assert_eq!(failure["errors"][0]["code"], "plugin-trap", "{found}");
    // The guest panics with the second batch, so two rows in two batches are the least.
    assert_eq!(failure["rows"], 2, "{found}");
    let written = files(&plugin.join("tests"), ".toml");
    assert_eq!(written.len(), 2, "{written:?}");
    // It stays, and fails until the plugin is mended.
    let again = json(&run(folder.path(), &["plugin", "test", &path, "found", "--json"]));
    assert_eq!((&again["passed"], &again["failed"]), (&0.into(), &1.into()), "{again}");
    assert_eq!(again["cases"][0]["mismatches"][0]["errors"][0]["code"], "plugin-trap", "{again}");
}

#[test]
fn what_is_blessed_passes_and_is_not_changed_again() {
    let (folder, plugin) = with_cases(
        "type = \"fault\"\nparams = { how = \"fail\", after = 9 }\n\n[[case]]\nname = \"rows\" # a remark\n\
         schema.in = { f = \"float64\", l = \"list<int64>\", d = \"date\", b = \"binary\" }\n\
         input.in = [{ f = nan, l = [1, 2], d = 2024-02-29, b = \"AAE=\" }, { f = -0.0, l = [] }]\n\
         output.out = []\n\n[[case]]\nname = \"wrong\"\nparams = { how = \"fail\" }\ninput.in = [{ a = 1 }]\n",
    );
    let path = plugin.to_string_lossy().into_owned();
    let file = plugin.join("tests/cases.toml");
    assert_eq!(run(folder.path(), &["plugin", "test", &path]).status.code(), Some(1));
    let output = run(folder.path(), &["plugin", "test", &path, "--bless"]);
    assert_eq!(output.status.code(), Some(0), "{}", support::text(&output));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("# a remark") && text.contains("f = nan") && text.contains("on-purpose"), "{text}");
    assert_eq!(run(folder.path(), &["plugin", "test", &path]).status.code(), Some(0));
    assert_eq!(run(folder.path(), &["plugin", "test", &path, "--bless"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn rows_that_a_plugin_did_not_survive_are_run_again() {
    let pipeline = "batch-rows = 2\n[source.in]\npath = \"in.csv\"\n[node.crash]\ntype = \"fault\"\ninput = \"in\"\n\
                    params = { how = \"recurse\", after = 1 }\n[sink.out]\ninput = \"crash\"\npath = \"out.csv\"\n";
    let folder = support::folder(pipeline, &[("in.csv", b"a\n1\n2\n3\n4\n")]);
    let plugins = support::set_down("faults", folder.path());
    let state = support::fresh_state();
    let command = |arguments: &[&str]| {
        let mut command = support::jackfield(folder.path());
        command.env("JACKFIELD_PLUGINS", &plugins).env("JACKFIELD_STATE", state.path());
        command.args(arguments).output().unwrap()
    };
    let output = command(&["run", "pipeline.toml"]);
    assert_eq!(output.status.code(), Some(5), "{}", support::text(&output));
    let told = support::text(&output);
    assert!(told.contains("it was working on batch 2: 2 rows, records 3 to 4 of in.csv"), "{told}");
    let saved = files(&state.path().join("failures"), ".toml");
    let [saved] = saved.as_slice() else { panic!("{saved:?}") };
    assert!(told.contains(&format!("jackfield plugin replay {}", saved.display())), "{told}");
    // The rows are somebody's data.
    for file in files(&state.path().join("failures"), "") {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }
    // The same end is kept once.
    command(&["run", "pipeline.toml"]);
    assert_eq!(files(&state.path().join("failures"), ".toml").len(), 1);

    // It recursed with the second batch; with the first one it does not, so the same rows alone are well.
    let saved = saved.to_string_lossy().into_owned();
    let replayed = command(&["plugin", "replay", &saved, "--json"]);
    assert_eq!(json(&replayed)["cases"][0]["passed"], true);
    let text = fs::read_to_string(&saved).unwrap().replace("after = 1", "after = 0");
    fs::write(&saved, text).unwrap();
    let replayed = command(&["plugin", "replay", &saved, "--json"]);
    assert_eq!(json(&replayed)["cases"][0]["mismatches"][0]["errors"][0]["code"], "stack");

    let plugin = plugins.join("faults");
    let taken = command(&["plugin", "test", &plugin.to_string_lossy(), "--from", &saved, "--json"]);
    assert_eq!(taken.status.code(), Some(1));
    assert_eq!(json(&taken)["cases"][0]["mismatches"][0]["errors"][0]["code"], "stack");
    assert_eq!(files(&plugin.join("tests"), "").len(), 2);
}

#[test]
fn a_run_saves_rejected_rows_where_the_user_wants_them() {
    let pipeline = "[source.in]\npath = \"in.csv\"\n[node.half]\ntype = \"derive\"\ninput = \"in\"\n\
                    params = { columns = { half = \"10 // a\" } }\non-error = \"skip\"\n[sink.out]\ninput = \"half\"\npath = \"out.csv\"\n";
    let folder = support::folder(pipeline, &[("in.csv", b"a\n1\n0\n3\n0\n")]);
    let output = run(folder.path(), &["run", "pipeline.toml", "--save-failures", "saved"]);
    assert!(output.status.success(), "{}", support::text(&output));
    let saved = files(&folder.path().join("saved"), ".toml");
    let [saved] = saved.as_slice() else { panic!("{saved:?}") };
    let replayed = run(folder.path(), &["plugin", "replay", &saved.to_string_lossy()]);
    assert!(replayed.status.success(), "{}", support::text(&replayed));
}

#[test]
fn fuel_is_found_where_it_is_burnt() {
    let (folder, plugin) = with_cases(
        "[[case]]\nname = \"fills\"\ntype = \"fault\"\nparams = { how = \"fail\", after = 9 }\ninput.in = [{ a = 1 }]\n",
    );
    let path = plugin.to_string_lossy().into_owned();
    let output = run(
        folder.path(),
        &["plugin", "profile", &path, "--case", "fills", "--samples", "20", "-o", "p.svg", "--json"],
    );
    assert!(output.status.success(), "{}", support::text(&output));
    let profile = json(&output);
    assert_eq!(profile["taken"], 20, "{profile}");
    let svg = fs::read_to_string(folder.path().join("p.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    // The same each time.
    run(folder.path(), &["plugin", "profile", &path, "--case", "fills", "--samples", "20", "-o", "q.svg"]);
    assert_eq!(svg, fs::read_to_string(folder.path().join("q.svg")).unwrap());
}

#[test]
fn everything_that_a_plugin_provides_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    for (plugin, expected) in [("gzip", 2), ("jsonl", 4)] {
        let arguments = ["plugin", "bench", plugin, "--rows", "1000", "--seconds", "0", "--json"];
        let output = run(folder.path(), &arguments);
        let rates = json(&output);
        assert_eq!(rates["rates"].as_array().unwrap().len(), expected, "{rates}");
        for rate in rates["rates"].as_array().unwrap() {
            assert!(
                rate["bytes-per-second"].as_f64().unwrap() > 0.0 && rate["rounds"].as_u64().unwrap() >= 3,
                "{rate}"
            );
        }
    }
    let arguments = ["plugin", "bench", "rows", "--type", "filter", "--rows", "1000", "--seconds", "0", "--json"];
    let rates = json(&run(folder.path(), &arguments));
    assert!(rates["rates"][0]["nothing-seconds"].as_f64().unwrap() > 0.0, "{rates}");
}

#[test]
fn what_comes_with_jackfield_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let list = json(&run(folder.path(), &["plugin", "list", "--json"]));
    for plugin in list["plugins"].as_array().unwrap() {
        let name = plugin["name"].as_str().unwrap();
        let checkup = json(&run(folder.path(), &["plugin", "check", name, "--json"]));
        assert_eq!(checkup["bad"], 0, "{checkup:#}");
        let findings = checkup["findings"].as_array().unwrap();
        assert!(findings.iter().any(|finding| finding["check"] == "is what the manifest says"), "{checkup:#}");
    }
}

#[test]
fn hooks_are_told_what_cases_say() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = support::set_down("hooks", folder.path()).join("hooks");
    fs::create_dir(plugin.join("tests")).unwrap();
    let file = plugin.join("tests/cases.toml");
    let node = "{ name = \"n\", type = \"filter\", inputs = [\"a\"], params";
    let cases = format!(
        r#"type = "hook:work"

[[case]]
name = "lets it through"
type = "hook:plan"
answer = "proceed"

[[case]]
name = "changes a parameter"
type = "hook:plan"
config = {{ do = {{ plan = "set-params" }}, fields = {{ where = "x > 1" }} }}
event.nodes = [{node} = {{}} }}]
answer = "changed"
fields.nodes = [{node} = {{ where = "x > 1" }} }}]

[[case]]
name = "says no"
type = "hook:plan"
config = {{ do = {{ plan = "veto" }} }}
answer = "veto"
error = {{ code = "on-purpose", help = "there is none" }}

[[case]]
name = "stands around"
config = {{ do = {{ work = "around" }} }}
outcome = {{ rows-out = 3 }}
answer = "proceed"
fields = {{ rows-out = 3, rows-rejected = 0 }}

[[case]]
name = "gives fewer rows"
config = {{ do = {{ work = "first-row" }} }}
input.rows = [{{ a = 1 }}, {{ a = 2 }}]
answer = "changed"
output.rows = [{{ a = 1 }}]
fields = {{ rows = 2 }}

[[case]]
name = "takes the place of what fails"
config = {{ do = {{ work = "swallow-error" }} }}
fails = "no room"
answer = "replaced"

[[case]]
name = "what fails, fails"
config = {{ do = {{ work = "around" }} }}
fails = "no room"
error = {{ message = "no room" }}

[[case]]
name = "may not add rows"
type = "hook:emit"
config = {{ do = {{ emit = "more-rows" }} }}
input.rows = [{{ a = 1 }}]
error = {{ code = "hook-nonsense", message = "2 rows, more than the 1" }}

[[case]]
name = "dies"
config = {{ do = {{ work = "panic" }} }}
error = {{ code = "plugin-trap", message = "on purpose" }}
"#
    );
    fs::write(&file, cases).unwrap();
    let path = plugin.to_string_lossy().into_owned();
    let output = run(folder.path(), &["plugin", "test", &path]);
    assert!(output.status.success(), "{}", support::text(&output));

    let wrong = "type = \"hook:plan\"\n[[case]]\nname = \"no veto\"\nanswer = \"veto\"\n\
                 [[case]]\nname = \"other fields\"\nfields = { pipeline = \"mine\" }\n\
                 [[case]]\nname = \"no such field\"\nevent = { nods = [] }\n\
                 [[case]]\nname = \"no rows there\"\ninput.rows = [{ a = 1 }]\n\
                 [[case]]\nname = \"no such hook\"\ntype = \"hook:plann\"\n";
    fs::write(&file, wrong).unwrap();
    let output = run(folder.path(), &["plugin", "test", &path]);
    let told = support::text(&output);
    for words in [
        "expected the answer veto, it gave proceed",
        "fields.pipeline differs",
        "event.nods: pipeline.plan has no such field; it has: pipeline, sources, nodes, sinks",
        "input.rows: there are no rows at pipeline.plan",
        "plugin hooks has no hook `plann`; it has: plan, work, emit",
    ] {
        assert!(told.contains(words), "`{words}` is not in\n{told}");
    }
    assert_eq!(json(&run(folder.path(), &["plugin", "test", &path, "--json"]))["failed"], 5);
}

#[test]
fn a_component_that_was_built_with_another_manifest_is_told() {
    let (folder, plugin) = with_cases("");
    let manifest = plugin.join("plugin.toml");
    let sum = std::process::Command::new("sha256sum").arg(&manifest).output().unwrap();
    let sum = support::text(&sum);
    let digest = (0..32).map(|at| u8::from_str_radix(&sum[2 * at..2 * at + 2], 16).unwrap());
    let component = files(&plugin, ".wasm").remove(0);
    let mut bytes = fs::read(&component).unwrap();
    // A custom section: its size, the length of its name, the name, the content.
    bytes.extend([0, 58, 25]);
    bytes.extend(b"jackfield:manifest-digest");
    bytes.extend(digest);
    fs::write(&component, bytes).unwrap();
    let told = |arguments: &[&str]| {
        let mut command = support::jackfield(folder.path());
        let output = command.env("JACKFIELD_PLUGINS", plugin.parent().unwrap()).args(arguments).output().unwrap();
        support::text(&output)
    };
    let path = plugin.to_string_lossy().into_owned();
    let commands: [&[&str]; 3] = [&["plugin", "list"], &["plugin", "info", "faults"], &["plugin", "check", &path]];
    let words = "its component was built with another plugin.toml than this one";
    for command in commands {
        assert!(!told(command).contains(words), "{command:?}");
    }
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{text}\n# changed\n")).unwrap();
    for command in commands {
        let said = told(command);
        assert!(said.contains(words) && said.contains("jackfield plugin build"), "{command:?}: {said}");
    }
}

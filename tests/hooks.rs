//! Hooks through the binary: what they may do, what they may not, and that none takes the host or another plugin down.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Output;

mod support;

use support::{folder, jackfield, lay_out, names, set_down, text, try_grant};

const ROWS: &str = "x,y\n1,a\n2,\n3,ccc\n4,d\n";

const PIPELINE: &str = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"filter\"\ninput = \"a\"\nparams = { where = \"x > 1\" }\n\n\
                        [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";

const LIMITS: &str = "\n[limits]\ncall-timeout = \"300ms\"\nmemory = \"32MiB\"\n";

const PASSED: &str = "{\"x\":2,\"y\":null}\n{\"x\":3,\"y\":\"ccc\"}\n{\"x\":4,\"y\":\"d\"}\n";

/// One hook of the guest `hooks`.
fn hook(id: &str, point: &str, kind: &str, more: &str) -> String {
    format!("[[provides.hook]]\nid = \"{id}\"\npoint = \"{point}\"\nkind = \"{kind}\"\n{more}\n")
}

/// Installs the guest `hooks` under a name of its own, with these hooks.
fn install(folder: &Path, name: &str, hooks: &str) {
    let plugins = set_down("hooks", folder);
    let manifest = fs::read_to_string(plugins.join("hooks/plugin.toml")).unwrap();
    let (head, _) = manifest.split_once("[[provides.hook]]").unwrap();
    let config = manifest.split_once("[config]").unwrap().1;
    let head = head.replace("name = \"hooks\"", &format!("name = \"{name}\""));
    fs::write(plugins.join("hooks/plugin.toml"), format!("{head}{hooks}\n[config]{config}")).unwrap();
    if name != "hooks" {
        fs::rename(plugins.join("hooks"), plugins.join(name)).unwrap();
    }
    // Some of them are broken on purpose.
    try_grant(&plugins, &[name], Path::new(env!("CARGO_TARGET_TMPDIR")));
}

struct Ran {
    output: Output,
    folder: tempfile::TempDir,
}

impl Ran {
    fn said(&self) -> String {
        text(&self.output)
    }

    fn exit(&self) -> i32 {
        self.output.status.code().unwrap_or(-1)
    }

    fn result(&self) -> String {
        fs::read_to_string(self.folder.path().join("out.jsonl")).unwrap_or_default()
    }

    #[track_caller]
    fn ended(&self, what: &str, exit: i32, words: &[&str]) {
        let said = self.said();
        assert_eq!(self.exit(), exit, "{what}: {said}");
        assert!(!said.contains("panicked at crates"), "{what}: {said}");
        for word in words {
            assert!(said.contains(word), "{what}: `{word}` is not in\n{said}");
        }
        if exit != 0 {
            let left = ["in.csv", "jackfield.toml", "pipeline.toml"];
            assert_eq!(names(self.folder.path()), left, "{what}: {said}");
        }
    }
}

fn run_with(pipeline: &str, operator: &str, arguments: &[&str], install: impl FnOnce(&Path)) -> Ran {
    let folder = folder(pipeline, &[("in.csv", ROWS.as_bytes()), ("jackfield.toml", operator.as_bytes())]);
    install(folder.path());
    let mut command = jackfield(folder.path());
    command.args(arguments).env("JACKFIELD_PLUGINS", folder.path().join("plugins"));
    let output = command.args(["--config", "jackfield.toml"]).output().unwrap();
    Ran { output, folder }
}

/// Runs the pipeline with one hook that does `what`; `fields` is TOML.
fn with(point: &str, kind: &str, more: &str, what: &str, fields: &str) -> Ran {
    with_pipeline(PIPELINE, point, kind, more, what, fields)
}

fn with_pipeline(pipeline: &str, point: &str, kind: &str, more: &str, what: &str, fields: &str) -> Ran {
    let operator = format!(
        "[plugin.hooks]\nenabled = true\n[plugin.hooks.config]\ndo = {{ h = \"{what}\" }}\nfields = {fields}\n{LIMITS}"
    );
    run_with(pipeline, &operator, &["run", "pipeline.toml", "-v"], |folder| {
        install(folder, "hooks", &hook("h", point, kind, more));
    })
}

#[test]
fn hooks_that_misbehave_end_the_run_with_their_name() {
    let data = "data = true";
    for (point, kind, more, what, exit, words) in [
        ("pipeline.plan", "before", "", "panic", 1, &["hooks/h", "on purpose"][..]),
        ("pipeline.plan", "before", "", "spin", 5, &["hooks/h", "call-timeout"]),
        ("pipeline.plan", "before", "", "hog", 5, &["hooks/h", "memory"]),
        ("pipeline.plan", "before", "", "fail", 1, &["hooks/h", "fails on purpose"]),
        ("pipeline.plan", "before", "", "other-point", 1, &["hook-nonsense", "hooks/h"]),
        ("pipeline.plan", "before", "", "other-subject", 1, &["hook-nonsense", "hooks/h"]),
        ("pipeline.plan", "before", "", "huge", 1, &["hooks/h", "bytes of fields"]),
        ("pipeline.plan", "before", "", "replace", 1, &["hook-nonsense", "does not honour"]),
        ("pipeline.plan", "before", "", "veto-without", 1, &["hooks/h", "without a reason"]),
        ("pipeline.start", "before", "", "panic", 1, &["hooks/h"]),
        ("pipeline.complete", "before", "", "panic", 1, &["hooks/h"]),
        ("node.before", "before", "", "panic", 1, &["hooks/h"]),
        ("node.process", "before", "", "panic", 1, &["hooks/h"]),
        ("node.process", "before", "", "spin", 5, &["hooks/h", "call-timeout"]),
        ("node.process", "before", "", "hog", 5, &["hooks/h", "memory"]),
        ("node.process", "before", "", "deep", 1, &["hook-nonsense", "hooks/h"]),
        ("node.process", "before", "", "first-row", 1, &["hooks/h"]),
        ("node.process", "before", data, "more-rows", 1, &["hook-nonsense", "6 rows, more than the 3"]),
        ("node.process", "before", data, "other-columns", 1, &["hook-nonsense", "other columns"]),
        ("node.process", "around", data, "replace-columns", 1, &["hook-nonsense", "other columns"]),
        ("node.process", "around", "", "million", 5, &["hooks/h", "1000 times"]),
        ("node.process", "around", "", "next-nonsense", 1, &["hook-nonsense", "`node`"]),
        ("node.process", "around", "", "panic-after", 1, &["hooks/h"]),
        ("node.process", "around", "", "spin-after", 5, &["hooks/h", "call-timeout"]),
        ("batch.emit", "before", data, "more-rows", 1, &["hook-nonsense", "more than"]),
        ("batch.emit", "before", data, "other-columns", 1, &["hook-nonsense", "other columns"]),
        ("metrics.collect", "before", "", "veto", 1, &["hook-nonsense", "does not honour"]),
        ("format.detect", "around", "", "panic-after", 1, &["hooks/h"]),
    ] {
        with(point, kind, more, what, "{}").ended(&format!("{what} at {point}"), exit, words);
    }
}

#[test]
fn hooks_that_may_fail_are_passed_over_with_one_warning() {
    let open = "on-failure = \"fail-open\"";
    let open_data = "on-failure = \"fail-open\"\ndata = true";
    for (point, kind, more, what) in [
        ("pipeline.plan", "before", open, "panic"),
        ("pipeline.plan", "after", open, "other-point"),
        ("format.detect", "around", open, "panic"),
        ("format.detect", "around", open, "panic-after"),
        ("pipeline.start", "before", open, "hog"),
        ("node.before", "before", open, "fail"),
        ("node.process", "before", open, "spin"),
        ("node.process", "around", open, "panic"),
        ("node.process", "around", open, "panic-after"),
        ("node.process", "around", open, "spin-after"),
        ("node.process", "around", open, "next-nonsense"),
        ("node.process", "around", open, "recurse"),
        ("node.process", "after", open_data, "huge"),
        ("batch.emit", "before", open_data, "more-rows"),
        ("pipeline.complete", "after", open, "panic"),
        ("metrics.collect", "before", open, "panic"),
        ("plugin.stop", "before", open, "panic"),
    ] {
        let ran = with(point, kind, more, what, "{}");
        ran.ended(&format!("{what} at {point}"), 0, &["warning[hook-passed-over]", "hooks/h"]);
        assert_eq!(ran.said().matches("warning[hook-passed-over]").count(), 1, "{what}: {}", ran.said());
        assert_eq!(ran.result(), PASSED, "{what} at {point}");
    }
}

#[test]
fn a_refusal_ends_the_run_and_at_plan_time_exits_with_3() {
    for (point, exit) in [
        ("pipeline.plan", 3),
        ("format.detect", 3),
        ("config.load", 3),
        ("plugin.load", 3),
        ("plugin.init", 3),
        ("plugin.start", 3),
        ("pipeline.start", 1),
        ("node.before", 1),
        ("node.process", 1),
        ("batch.emit", 1),
        ("pipeline.complete", 1),
    ] {
        for kind in ["before", "around", "after"] {
            let ran = with(point, kind, "", "veto", "{}");
            ran.ended(point, exit, &["error[hook-veto]", "hooks/h", "refuses on purpose", "help: there is none"]);
        }
    }
    let ran = with("pipeline.plan", "before", "", "veto-twice", "{}");
    ran.ended("two reasons", 3, &["first reason", "second reason", "--> pipeline.toml:7"]);
    // A refusal stands, whatever its policy about failures.
    with("node.process", "before", "on-failure = \"fail-open\"", "veto", "{}").ended("fail-open", 1, &["hook-veto"]);
}

#[test]
fn hooks_change_what_their_point_lets_them() {
    let data = "data = true";
    let ran = with("pipeline.plan", "before", "", "set-params", "{ where = \"x = 3\" }");
    ran.ended("params", 0, &[]);
    assert_eq!(ran.result(), "{\"x\":3,\"y\":\"ccc\"}\n");
    let ran = with("pipeline.plan", "before", "", "set-params", "{ wher = \"x = 3\" }");
    ran.ended("wrong params", 3, &["did you mean `where`?"]);
    let ran = with("node.process", "before", data, "no-rows", "{}");
    ran.ended("no rows", 0, &[]);
    assert_eq!(ran.result(), "");
    for kind in ["before", "around"] {
        let ran = with("node.process", kind, data, "replace-rows", "{}");
        ran.ended("replaced", 0, &[]);
        assert_eq!(ran.result(), "{\"x\":2,\"y\":null}\n");
    }
    let ran = with("node.process", "replace", data, "replace-rows", "{}");
    assert_eq!(ran.result(), "{\"x\":2,\"y\":null}\n");
    let ran = with("node.process", "replace", "", "replace", "{}");
    assert_eq!(ran.result(), "", "a step without rows");
    let ran = with("batch.emit", "before", data, "first-row", "{}");
    assert_eq!(ran.result(), "{\"x\":2,\"y\":null}\n", "{}", ran.said());
    let ran = with("format.detect", "before", "", "replace", "{ format = \"jsonl\" }");
    ran.ended("format", 1, &["the row is not a JSON object"]);
    let ran = with("format.detect", "after", "", "change", "{ format = \"nothing\" }");
    ran.ended("unknown format", 3, &["unknown-format"]);
    let ran = with("config.load", "before", "", "change", "{ config = {} }");
    ran.ended("config", 0, &[]);
    let ran = with("config.load", "before", "", "change", "{ config = { a = 1 } }");
    ran.ended("a configuration that the plugin does not take", 3, &["plugin.csv.config: there is no `a` here"]);
}

#[test]
fn chains_call_on_never_once_or_often() {
    for what in ["around", "twice", "again-after-error"] {
        let ran = with("node.process", "around", "data = true", what, "{}");
        assert_eq!(ran.result(), PASSED, "{what}: {}", ran.said());
    }
    // After the thousandth call each further one is refused at once, until the time of the hook is over.
    let ran = with("node.process", "around", "", "million-deaf", "{}");
    ran.ended("million-deaf", 5, &["hooks/h", "call-timeout"]);
    let failing = PIPELINE.replace("x > 1", "cast(y as int64) > 1");
    let ran = with_pipeline(&failing, "node.process", "around", "", "around", "{}");
    assert_eq!(ran.exit(), 1, "{}", ran.said());
    assert!(ran.said().contains("node.n") && !ran.said().contains("hooks/h"), "{}", ran.said());
}

#[test]
fn errors_of_nodes_can_be_recovered_from() {
    let failing = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"fault\"\ninput = \"a\"\nparams = { how = \"fail\" }\n\n\
                   [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let run = |point: &str, kind: &str, what: &str, fields: &str| {
        let operator = format!(
            "[plugin.hooks]\nenabled = true\n[plugin.hooks.config]\ndo = {{ h = \"{what}\" }}\nfields = {fields}\n"
        );
        run_with(failing, &operator, &["run", "pipeline.toml", "--fail-on-rejected"], |folder| {
            lay_out("faults", folder);
            install(folder, "hooks", &hook("h", point, kind, ""));
        })
    };
    assert_eq!(run("node.error", "before", "proceed", "{}").exit(), 1);
    let skipped = run("node.error", "before", "change", "{ action = \"skip\" }");
    assert_eq!(skipped.exit(), 6, "{}", skipped.said());
    assert!(skipped.said().contains("4 rows rejected by node.n"), "{}", skipped.said());
    assert_eq!(run("node.error", "before", "change", "{ action = \"dance\" }").exit(), 1);
    assert_eq!(run("node.process", "around", "swallow-error", "{}").exit(), 0);
    assert_eq!(run("node.process", "around", "again-after-error", "{}").exit(), 1);
}

#[test]
fn hooks_take_part_only_where_the_operator_says_so() {
    let veto = "[plugin.hooks.config]\ndo = { plan = \"veto\" }\n";
    let installed = |folder: &Path| install(folder, "hooks", &hook("plan", "pipeline.plan", "before", ""));
    let run = |pipeline: &str, operator: &str| run_with(pipeline, operator, &["run", "pipeline.toml"], installed);
    run(PIPELINE, veto).ended("not enabled", 0, &[]);
    run(PIPELINE, &format!("[plugin.hooks]\nenabled = true\n{veto}")).ended("enabled", 3, &["hook-veto"]);
    let asking = format!("{PIPELINE}\n[plugin.hooks]\nenabled = true\n");
    run(&asking, veto).ended("by the pipeline", 4, &["hook-not-enabled", "jackfield.toml", "--> pipeline.toml:14"]);
    let off = format!("{PIPELINE}\n[plugin.hooks]\nenabled = false\n");
    run(&off, &format!("[plugin.hooks]\nenabled = true\n{veto}")).ended("switched off", 4, &["hook-not-disabled"]);
    let weaker = format!("{PIPELINE}\n[plugin.hooks.config]\ndo = {{}}\n");
    let ran = run(&weaker, &format!("[plugin.hooks]\nenabled = true\n{veto}"));
    ran.ended("weakened", 3, &["hook-config-fixed", "`do`"]);
}

#[test]
fn telemetry_measures_nodes_and_sees_no_data() {
    let asked = format!("{PIPELINE}\n[plugin.telemetry]\nenabled = true\n");
    let ran = run_with(&asked, "", &["run", "pipeline.toml", "--json"], |_| {});
    let report: serde_json::Value = serde_json::from_slice(&ran.output.stdout).unwrap();
    let metric = |name: &str| {
        let all = report["metrics"].as_array().unwrap();
        let found = all.iter().find(|metric| metric["name"] == format!("telemetry.{name}") && metric["stage"] == "n");
        found.unwrap_or_else(|| panic!("{name}: {report:#}"))["value"].as_u64().unwrap()
    };
    assert_eq!((metric("batches"), metric("rows-in"), metric("rows-out"), metric("failures")), (1, 3, 3, 0));
    assert!(metric("time") >= metric("longest"));
    let ran = run_with(&asked, "", &["run", "pipeline.toml", "-v"], |_| {});
    assert!(ran.said().contains("n: telemetry.rows-in = 3 rows"), "{}", ran.said());
    assert_eq!(ran.result(), PASSED);
    let ran = run_with(PIPELINE, "", &["run", "pipeline.toml", "--json"], |_| {});
    let report: serde_json::Value = serde_json::from_slice(&ran.output.stdout).unwrap();
    assert_eq!(report["metrics"], serde_json::json!([]));
    let ran = run_with(&asked, "", &["run", "pipeline.toml", "--json", "--threads", "2"], |_| {});
    assert!(ran.said().contains("telemetry.batches"), "{}", ran.said());
}

#[test]
fn guard_refuses_parameters_where_they_stand() {
    let rules = "[plugin.guard]\nenabled = true\n[plugin.guard.config]\ndeny-types = [\"limit\"]\n\
                 [[plugin.guard.config.rules]]\ntype = \"filter\"\nparam = \"where\"\nwithout = [\"X > 1\"]\nmessage = \"ask first\"\n";
    let two = PIPELINE.replace(
        "[sink.out]\ninput = \"n\"",
        "[node.l]\ntype = \"limit\"\ninput = \"n\"\nparams = { rows = 1 }\n\n[sink.out]\ninput = \"l\"",
    );
    let ran = run_with(&two, rules, &["check", "pipeline.toml"], |_| {});
    ran.ended(
        "guard",
        3,
        &["error[hook-veto]", "guard/rules", "ask first", "--> pipeline.toml:7", "--> pipeline.toml:10"],
    );
    run_with(&PIPELINE.replace("x > 1", "x >= 2"), rules, &["run", "pipeline.toml"], |_| {}).ended("fine", 0, &[]);
    let impossible = "[plugin.guard]\nenabled = true\n[[plugin.guard.config.rules]]\ntype = \"a\"\nparam = \"b\"\nminimum = 2\nmaximum = 1\n";
    let ran = run_with(PIPELINE, impossible, &["run", "pipeline.toml"], |_| {});
    ran.ended("impossible", 3, &["impossible-rule", "`minimum` is more than `maximum`", "jackfield.toml:6"]);
    let wrong = "[plugin.guard]\nenabled = true\n[plugin.guard.config]\ndeny-type = [\"a\"]\nrules = 3\n";
    let ran = run_with(PIPELINE, wrong, &["run", "pipeline.toml"], |_| {});
    ran.ended("wrong", 3, &["did you mean `deny-types`?", "jackfield.toml:5"]);
}

#[test]
fn contradictions_are_reported_in_full() {
    let operator = "[plugin.one]\nenabled = true\n[plugin.two]\nenabled = true\n";
    let run = |one: &str, two: &str| {
        run_with(PIPELINE, operator, &["run", "pipeline.toml"], |folder| {
            install(folder, "one", one);
            install(folder, "two", two);
        })
    };
    let before = |more: &str| hook("h", "pipeline.plan", "before", more);
    let ran = run(&before("before = [\"two\"]"), &before("before = [\"one/h\"]"));
    ran.ended("circle", 3, &["hook-order", "one/h says before = [\"two\"]", "two/h says before = [\"one/h\"]"]);
    let ran = run(&before("after = [\"two\"]"), &hook("h", "pipeline.plan", "after", ""));
    ran.ended("kinds", 3, &["hook-order", "one/h is before and two/h is after"]);
    let replace = || hook("h", "node.process", "replace", "");
    run(&replace(), &replace()).ended("two replace", 3, &["hook-conflict", "one/h and two/h"]);
    run(&hook("h", "pipeline.start", "replace", ""), "").ended("nothing to replace", 3, &["hook-conflict", "one/h"]);
    let both = format!("{}{}", hook("g", "node.process", "around", ""), hook("h", "node.process", "around", ""));
    run(&both, "").ended("nested", 3, &["hook-conflict", "one/g and one/h"]);
    let unknown = run(&hook("h", "node.proces", "around", ""), "");
    // A manifest that cannot be read stops no other plugin; its hooks are not there.
    unknown.ended("unknown point", 0, &[]);
    run(&before("before = [\"two\"]"), &before("")).ended("fine", 0, &[]);
}

#[test]
fn every_point_of_a_run_is_told_in_order() {
    let points = [
        "config.load",
        "plugin.load",
        "plugin.init",
        "plugin.start",
        "pipeline.plan",
        "format.detect",
        "pipeline.start",
        "node.before",
        "node.process",
        "batch.emit",
        "metrics.collect",
        "pipeline.complete",
        "plugin.stop",
    ];
    let hooks: String = points.iter().map(|point| hook(&point.replace('.', "-"), point, "before", "")).collect();
    let what: Vec<String> = points.iter().map(|point| format!("{} = \"log\"", point.replace('.', "-"))).collect();
    let operator = format!("[plugin.hooks]\nenabled = true\n[plugin.hooks.config]\ndo = {{ {} }}\n", what.join(", "));
    let ran = run_with(PIPELINE, &operator, &["run", "pipeline.toml", "-v"], |folder| install(folder, "hooks", &hooks));
    let said = ran.said();
    ran.ended("all points", 0, &[]);
    // Stages run side by side, and the source may end before the node has begun: the last call of each counts.
    let last = |point: &str| said.rfind(&format!("{point} ")).unwrap_or_else(|| panic!("{point} is not in {said}"));
    let first = |point: &str| said.find(&format!("{point} ")).unwrap_or_else(|| panic!("{point} is not in {said}"));
    for pair in [
        ["pipeline.plan", "config.load"],
        ["config.load", "plugin.load"],
        ["plugin.load", "plugin.init"],
        ["plugin.init", "plugin.start"],
        ["plugin.start", "pipeline.start"],
        ["format.detect", "pipeline.start"],
        ["pipeline.start", "node.before"],
        ["node.before", "node.process"],
        ["node.process", "metrics.collect"],
        ["metrics.collect", "pipeline.complete"],
        ["pipeline.complete", "plugin.stop"],
    ] {
        assert!(first(pair[0]) < last(pair[1]), "{pair:?} in {said}");
    }
    assert!(said.contains("batch.emit batch-emit a") && said.contains("batch.emit batch-emit n"), "{said}");
    assert!(!said.contains("plugin.stop plugin-stop hooks"), "hooks are not told of their own plugin: {said}");
}

#[test]
fn what_hooks_see_depends_on_what_their_manifest_asks() {
    let failing = PIPELINE.replace("x > 1", "cast(y as int64) > 1");
    let tell = |more: &str| with_pipeline(&failing, "pipeline.fail", "before", more, "tell", "{}").said();
    let blind = tell("");
    let lines =
        |said: &str| said.lines().filter(|line| line.contains("\"codes\"")).map(str::to_owned).collect::<Vec<_>>();
    assert!(lines(&blind).len() == 1 && !lines(&blind)[0].contains("messages"), "{blind}");
    assert!(lines(&tell("data = true"))[0].contains("messages"));
}

#[test]
fn a_hook_plugin_that_cannot_start_follows_its_policy() {
    let operator = "[plugin.hooks]\nenabled = true\n[plugin.hooks.config]\ndo = { init = \"fail\" }\n";
    let run = |more: &str| {
        run_with(PIPELINE, operator, &["run", "pipeline.toml"], |folder| {
            install(folder, "hooks", &hook("h", "node.process", "before", more));
        })
    };
    run("").ended("closed", 3, &["refuses its configuration", "jackfield.toml:4"]);
    let open = run("on-failure = \"fail-open\"");
    open.ended("open", 0, &["hook-passed-over", "left out"]);
    assert_eq!(open.result(), PASSED);
}

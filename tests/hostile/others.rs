//! Plugins that misbehave, run by the binary: each is stopped with a message that names it, and nothing else suffers.

use std::fs;
use std::process::Output;

use crate::support::{folder, jackfield, lay_out, names, text};

const ROWS: &str = "x,y\n1,a\n2,\n3,ccc\n4,d\n";

/// Runs `in.csv` -> a node of a guest -> `out.jsonl`.
fn through(guest: &str, node: &str, params: &str, more: &str) -> (Output, tempfile::TempDir) {
    let pipeline = format!(
        "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"{node}\"\ninput = \"a\"\nparams = {params}\n\n\
         [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n{more}"
    );
    run(guest, &pipeline)
}

fn run(guest: &str, pipeline: &str) -> (Output, tempfile::TempDir) {
    run_on(guest, pipeline, ROWS)
}

fn run_on(guest: &str, pipeline: &str, rows: &str) -> (Output, tempfile::TempDir) {
    let folder = folder(pipeline, &[("in.csv", rows.as_bytes())]);
    let plugins = lay_out(guest, folder.path());
    let output = jackfield(folder.path()).args(["run", "pipeline.toml"]).env("JACKFIELD_PLUGINS", plugins).output();
    (output.unwrap(), folder)
}

/// Exit code and message are as expected, and nothing was left behind.
fn stopped(what: &str, (output, folder): (Output, tempfile::TempDir), exit: &[i32], words: &[&str]) {
    let said = text(&output);
    assert!(exit.contains(&output.status.code().unwrap_or(-1)), "{what}: {:?}\n{said}", output.status);
    assert!(!said.contains("panicked at crates") && !said.contains("accepted"), "{what}: {said}");
    for word in words {
        assert!(said.contains(word), "{what}: `{word}` is not in\n{said}");
    }
    assert_eq!(names(folder.path()), ["in.csv", "pipeline.toml"], "{what}");
}

#[test]
fn faults_name_the_plugin_and_the_limit() {
    let limits = "\n[limits]\ncall-timeout = \"300ms\"\nmemory = \"32MiB\"\n";
    let fuel = "\n[limits]\nfuel-per-call = 10000000\n";
    let cases = [
        ("spin", limits, 5, vec!["faults 0.1.0", "call-timeout", "300"]),
        ("spin", fuel, 5, vec!["faults 0.1.0", "fuel-per-call"]),
        ("panic", limits, 1, vec!["faults 0.1.0", "backtrace"]),
        ("recurse", limits, 5, vec!["faults 0.1.0", "stack"]),
        ("hog", limits, 5, vec!["faults 0.1.0", "memory", "32 MiB"]),
        ("fail", limits, 1, vec!["node.n"]),
    ];
    for (how, more, exit, words) in cases {
        let ran = through("faults", "fault", &format!("{{ how = \"{how}\" }}"), more);
        stopped(how, ran, &[exit, if how == "recurse" { 1 } else { exit }], &words);
    }
}

#[test]
fn faults_outside_of_process_are_caught_too() {
    for when in ["new", "bind", "finish"] {
        for (how, exit) in [("spin", 5), ("panic", 1)] {
            let params = format!("{{ how = \"{how}\", when = \"{when}\" }}");
            let ran = through("faults", "fault", &params, "\n[limits]\ncall-timeout = \"300ms\"\n");
            stopped(&format!("{how} in {when}"), ran, &[exit], &["faults 0.1.0"]);
        }
    }
}

#[test]
fn hoards_hit_the_limit_that_they_wear_out() {
    let limits = "\n[limits]\nmemory = \"64MiB\"\nhandles = 1000\ncall-timeout = \"20s\"\n";
    for (what, words) in [
        ("handles", vec!["handles"]),
        ("slices", vec!["handles"]),
        ("groups", vec!["memory"]),
        ("text", vec!["memory"]),
    ] {
        let ran = through("hoards", "hoard", &format!("{{ what = \"{what}\" }}"), limits);
        stopped(what, ran, &[1, 5], &words);
    }
}

#[test]
fn batches_that_a_plugin_keeps_count_as_its_memory() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"hoard\"\ninput = \"a\"\nparams = { what = \"batches\" }\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n\n[limits]\nmemory = \"16MiB\"\n";
    let rows: String = std::iter::once("n\n".to_owned()).chain((0..4_000_000).map(|n| format!("{n}\n"))).collect();
    stopped("batches", run_on("hoards", pipeline, &rows), &[5], &["hoards 0.1.0", "memory", "16 MiB"]);
}

#[test]
fn a_kernel_in_a_loop_is_stopped_by_the_deadline() {
    let ran = through("hoards", "hoard", "{ what = \"kernels\" }", "\n[limits]\ncall-timeout = \"300ms\"\n");
    stopped("kernels", ran, &[5], &["call-timeout"]);
}

#[test]
fn a_million_chained_selections_need_little_memory() {
    let (output, folder) = through("hoards", "hoard", "{ what = \"selections\" }", "\n[limits]\nmemory = \"64MiB\"\n");
    assert!(output.status.success(), "{}", text(&output));
    assert!(folder.path().join("out.jsonl").exists());
}

#[test]
fn what_plugins_log_cannot_steer_a_terminal() {
    let (output, _folder) = through("hoards", "hoard", "{ what = \"escapes\" }", "");
    let said = text(&output);
    assert!(!said.contains('\u{1b}') && !said.contains('\r'), "{said:?}");
}

#[test]
fn no_lie_is_believed() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/lies/plugin.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let lies = manifest["provides"]["node"][0]["parameters"]["properties"]["what"]["enum"].as_array().unwrap();
    assert!(lies.len() > 40);
    for lie in lies {
        let lie = lie.as_str().unwrap();
        // The sink wants one column only, so that there is one that nobody demanded.
        let more = if lie == "not-demanded" { "columns = [\"y\"]\n" } else { "" };
        let ran = through("lies", "lie", &format!("{{ what = \"{lie}\" }}"), more);
        stopped(lie, ran, &[1, 3, 5], &[]);
    }
}

#[test]
fn nothing_that_was_filtered_away_can_be_read() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.f]\ntype = \"filter\"\ninput = \"a\"\n\
                    params = { where = \"x = 1 or x = 4\" }\n\n[node.n]\ntype = \"peek\"\ninput = \"f\"\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let (output, folder) = run("peek", pipeline);
    assert!(output.status.success(), "{}", text(&output));
    let seen = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    // x: 1 and 4 as little-endian int64; y: `a` and `d` with offsets from zero. Neither 2, 3 nor `ccc` is anywhere.
    assert!(seen.contains("01000000000000000400000000000000\""), "{seen}");
    assert!(seen.contains("\"6164\""), "{seen}");
    assert!(!seen.contains("63") && !seen.contains("0300000000000000"), "{seen}");
}

#[test]
fn a_plugin_sees_nothing_of_the_machine() {
    let (output, folder) = through("surroundings", "look-around", "{}", "");
    assert!(output.status.success(), "{}", text(&output));
    let seen = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert!(!seen.contains("pipeline.toml") && !seen.contains("PATH") && !seen.contains("/root"), "{seen}");
}

#[test]
fn components_that_cannot_be_trusted_are_refused_when_loaded() {
    stopped("sockets", through("sockets", "connect", "{}", ""), &[3], &["wasi:sockets", "network.socket"]);
    stopped("liar", through("liar", "ghost", "{}", ""), &[3], &["jackfield:plugin/node"]);
}

#[test]
fn formats_and_codecs_that_misbehave_are_stopped() {
    let source = |format: &str, more: &str| {
        format!("[source.a]\npath = \"in.csv\"\n{format}\n\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n{more}")
    };
    stopped("trap-format", run("formats", &source("format = \"trap-format\"", "")), &[1], &["formats 0.1.0"]);
    stopped("wrong-columns", run("formats", &source("format = \"wrong-columns\"", "")), &[1], &["formats 0.1.0"]);
    let rows = format!("x,y\n{}", "1,a\n".repeat(10_000));
    let trap = source("format = \"csv\"\ncodec = \"trap\"", "");
    stopped("trap", run_on("codecs", &trap, &rows), &[1], &["codecs 0.1.0"]);
}

#[test]
fn an_endless_format_ends_when_nobody_wants_more() {
    let pipeline = "[source.a]\npath = \"in.csv\"\nformat = \"endless-format\"\n\n[node.n]\ntype = \"limit\"\ninput = \"a\"\n\
                    params = { rows = 10 }\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let (output, folder) = run("formats", pipeline);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read_to_string(folder.path().join("out.jsonl")).unwrap().lines().count(), 10);
}

#[test]
fn one_component_may_be_a_node_a_format_and_a_codec() {
    let pipeline = "[source.a]\npath = \"in.csv\"\nformat = \"lines\"\n\n[node.n]\ntype = \"kinds-node\"\ninput = \"a\"\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.lines.rot13\"\n";
    let (output, folder) = run("kinds", pipeline);
    assert!(output.status.success(), "{}", text(&output));
    assert!(folder.path().join("out.lines.rot13").exists());
}

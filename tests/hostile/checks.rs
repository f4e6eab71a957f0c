//! `plugin check --hostile`: what it finds, and that the first-party plugins hold.

use serde_json::Value;

use crate::support::{jackfield, lay_out, text};

/// Exit code and report of a check; `guest`: a guest to lay out before.
fn check(name: &str, guest: Option<&str>, more: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = jackfield(folder.path());
    if let Some(guest) = guest {
        command.env("JACKFIELD_PLUGINS", lay_out(guest, folder.path()));
    }
    let output = command.args(["plugin", "check", name, "--hostile", "--json"]).args(more).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (output.status.code(), report)
}

fn defects(report: &Value) -> Vec<String> {
    let trials = report["trials"].as_array().unwrap().iter();
    let wrong = trials.filter(|trial| trial["verdict"] == "defect");
    wrong.map(|t| format!("{} on {}: {} {}", t["subject"], t["input"], t["code"], t["message"])).collect()
}

fn holds(name: &str, least: usize, more: &[&str]) {
    let (code, report) = check(name, None, more);
    assert_eq!(defects(&report), Vec::<String>::new(), "{name}");
    assert_eq!(code, Some(0));
    let tried = report["trials"].as_array().unwrap().iter().filter(|trial| trial["verdict"] != "not-tried").count();
    assert!(tried >= least, "{name}: only {tried} inputs were tried: {report:#}");
}

#[test]
fn csv_holds() {
    holds("csv", 40, &[]);
}

#[test]
fn jsonl_holds() {
    holds("jsonl", 40, &[]);
}

#[test]
fn gzip_holds() {
    holds("gzip", 35, &[]);
}

#[test]
fn zstd_holds() {
    holds("zstd", 35, &[]);
}

#[test]
fn rows_hold() {
    let params = [
        "filter={\"where\": \"a > 1 and t <> 'x'\"}",
        "select={\"columns\": [\"a\"]}",
        "derive={\"columns\": {\"c\": \"a // 7 + 1\", \"d\": \"upper(t)\"}}",
        "cast={\"columns\": {\"a\": \"utf8\"}, \"on-failure\": \"null\"}",
        "limit={\"rows\": 3}",
        "aggregate={\"by\": [\"b\"], \"columns\": {\"n\": \"count(*)\", \"s\": \"sum(f)\", \"l\": \"min(t)\"}}",
    ];
    let more: Vec<&str> = params.iter().flat_map(|one| ["--params", one]).collect();
    holds("rows", 40, &more);
}

#[test]
fn guard_holds() {
    holds("guard", 4, &[]);
}

#[test]
fn telemetry_holds() {
    holds("telemetry", 8, &[]);
}

#[test]
fn a_service_and_hooks_that_do_well_hold() {
    for (name, least) in [("answers", 40), ("hooks", 12)] {
        let (code, report) = check(name, Some(name), &[]);
        assert_eq!((code, defects(&report)), (Some(0), Vec::new()), "{name}");
        let tried = report["trials"].as_array().unwrap().iter().filter(|trial| trial["verdict"] != "not-tried").count();
        assert!(tried >= least, "{name}: only {tried} inputs were tried: {report:#}");
    }
}

#[test]
fn hooks_and_services_that_crash_or_lie_are_found() {
    for (guest, default, code_of, subject) in [
        ("hooks", "do = { work = \"panic\" }", "plugin-trap", "hook work"),
        ("hooks", "do = { plan = \"spin\" }", "call-timeout", "hook plan"),
        ("hooks", "do = { emit = \"change\" }\nfields = { made-up = 1 }", "hook-nonsense", "hook emit"),
        (
            "answers",
            "init = \"well\"\nstart = \"panic\"\nstop = \"well\"\nhealth = \"healthy\"\ngreeting = \"hello\"",
            "plugin-trap",
            "service echo",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let plugins = lay_out(guest, folder.path());
        let file = plugins.join(guest).join("plugin.toml");
        // What the plugin does is its configuration, whose defaults the check takes.
        let manifest = std::fs::read_to_string(&file).unwrap();
        let (head, _) = manifest.split_once("[config]").unwrap();
        let properties: Vec<String> = default
            .lines()
            .map(|line| line.split_once(" = ").unwrap())
            .map(|(key, value)| format!("[config.properties.{key}]\ndefault = {value}\n"))
            .collect();
        let keys: Vec<&str> = default.lines().filter_map(|line| line.split(' ').next()).collect();
        let config =
            format!("[config]\nrequired = {keys:?}\n{}\n[limits]\ncall-timeout = \"300ms\"\n", properties.concat());
        std::fs::write(&file, format!("{head}{config}")).unwrap();
        crate::support::grant(&plugins, &[guest], std::path::Path::new(env!("CARGO_TARGET_TMPDIR")));
        let mut command = jackfield(folder.path());
        command.env("JACKFIELD_PLUGINS", &plugins);
        let output = command.args(["plugin", "check", guest, "--hostile", "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
        let found = defects(&report).join("\n");
        assert!(found.contains(code_of) && found.contains(subject), "{default}: {found} {report:#}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn a_codec_that_crashes_is_found() {
    let (code, report) = check("codecs", Some("codecs"), &[]);
    assert_eq!(code, Some(1));
    let defects = defects(&report).join("\n");
    assert!(defects.contains("plugin-trap") && defects.contains("codec trap"), "{defects}");
    assert!(defects.contains("expansion"), "{defects}");
}

#[test]
fn a_format_that_lies_is_found() {
    let (code, report) = check("formats", Some("formats"), &[]);
    assert_eq!(code, Some(1));
    let defects = defects(&report).join("\n");
    assert!(defects.contains("format wrong-columns") && defects.contains("plugin-protocol"), "{defects}");
}

#[test]
fn d05_nondeterministic() {
    let (code, report) = check("corpus", Some("corpus"), &["--params", "corpus={\"case\": \"d05-counts-calls\"}"]);
    assert!(defects(&report).join("\n").contains("nondeterministic"), "{report:#}");
    assert_eq!(code, Some(1));
    let (code, report) = check("corpus", Some("corpus"), &["--params", "corpus={\"case\": \"honest\"}"]);
    assert_eq!((code, defects(&report)), (Some(0), Vec::new()));
}

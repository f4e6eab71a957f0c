//! L: what plugins say.

use crate::case::Case;
use crate::support::{folder, jackfield, lay_out, text};

fn hoard(what: &str) -> Case {
    Case::node("hoards", "hoard", &format!("{{ what = \"{what}\" }}"))
}

/// Nothing that a terminal would obey.
fn harmless(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') && !text.contains('\u{202e}')
}

#[test]
fn l01_log_flood() {
    let ran = hoard("log").run();
    assert!(ran.succeeded());
    let lines = ran.log();
    // A million lines in a few seconds; a hundred in each are let through, and the rest is counted.
    let seconds = ran.took().as_secs() as usize + 2;
    assert!(lines.len() <= 100 * seconds, "{} lines in {seconds} s", lines.len());
    let count =
        |line: &&str| -> Option<usize> { line.split("dropped-lines\", \"").nth(1)?.split('"').next()?.parse().ok() };
    let dropped: usize = lines.iter().filter_map(count).sum();
    // The line that tells of the last ones is the host's own.
    assert_eq!(lines.len() - 1 + dropped, 1_000_000, "{:?}", lines.last());
    let ran = hoard("log").limit("log-lines = 5").run();
    assert!(ran.log().len() <= 5 * (ran.took().as_secs() as usize + 2), "{}", ran.log().len());
    let ran = hoard("log").limit("log-bytes = 100").run();
    assert!(ran.log().len() <= 6 * (ran.took().as_secs() as usize + 2), "{}", ran.log().len());
}

#[test]
fn l02_terminal_escapes_in_a_log_line() {
    let ran = hoard("escapes").run();
    assert!(ran.succeeded());
    assert_eq!(ran.log().len(), 1);
    assert!(harmless(ran.log()[0]) && ran.log()[0].contains("52;c;"), "{:?}", ran.log());
}

#[test]
fn l03_panics_of_kernels_are_not_shown() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"corpus\"\ninput = \"a\"\n\
                    params = { case = \"l03-panics\" }\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let folder = folder(pipeline, &[("in.csv", b"x,y\n1,a\n2,b\n")]);
    let plugins = lay_out("corpus", folder.path());
    let output = jackfield(folder.path()).args(["run", "pipeline.toml"]).env("JACKFIELD_PLUGINS", plugins).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    // A panic that is caught is still printed unless somebody sees to it: a way past every limit of what may be logged.
    let said = text(&output);
    assert!(!said.contains("panicked") && said.len() < 2000, "{} bytes: {}", said.len(), &said[..said.len().min(2000)]);
}

/// Everything that `args` print with a plugin all of whose texts are hostile.
fn shown(args: &[&str], pipeline: &str) -> String {
    let folder = folder(pipeline, &[("in.csv", b"x\n1\n")]);
    let plugins = lay_out("words", folder.path());
    let output = jackfield(folder.path()).args(args).env("JACKFIELD_PLUGINS", plugins).output().unwrap();
    text(&output)
}

fn says(what: &str) -> String {
    format!(
        "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"words\"\ninput = \"a\"\nparams = {{ what = \"{what}\" }}\n\n\
         [sink.out]\ninput = \"n\"\npath = \"-\"\nformat = \"jsonl\"\n"
    )
}

#[test]
fn l02_terminal_escapes_in_failures_and_panics() {
    for what in ["failure", "bind", "panic", "reject", "port"] {
        let said = shown(&["run", "pipeline.toml"], &says(what));
        assert!(said.contains("error[") && harmless(&said), "{what}: {said:?}");
        let said = shown(&["run", "pipeline.toml", "--json"], &says(what));
        assert!(harmless(&said), "{what}: {said:?}");
    }
}

#[test]
fn l02_terminal_escapes_in_column_names() {
    for args in
        [&["check", "pipeline.toml", "-v"][..], &["graph", "pipeline.toml"], &["run", "pipeline.toml", "--dry-run"]]
    {
        let said = shown(args, &says("column"));
        assert!(harmless(&said), "{args:?}: {said:?}");
    }
}

#[test]
fn l02_terminal_escapes_in_manifests() {
    for args in
        [&["plugin", "list"][..], &["plugin", "info", "words"], &["plugin", "tree"], &["plugin", "why", "words"]]
    {
        let said = shown(args, "");
        assert!(harmless(&said), "{args:?}: {said:?}");
    }
    let said = shown(&["plugin", "info", "words"], "");
    assert!(said.contains("\\u{1b}"), "the description is shown, with its escape spelled out: {said}");
}

//! What `parse_pipeline` says about good and bad pipelines.

use expect_test::{Expect, expect};
use jackfield_manifest::{parse_pipeline, render};

fn problems(text: &str, sets: &[&str]) -> String {
    let sets: Vec<_> = sets.iter().map(|set| set.parse().unwrap()).collect();
    let env = |name: &str| match name {
        "FILE" => Some("a.csv".to_owned()),
        "EMPTY" => Some(String::new()),
        "ROWS" => Some("2".to_owned()),
        _ => None,
    };
    let (pipeline, problems) = parse_pipeline("pipeline.toml", text, &sets, &env);
    let mut out: Vec<String> = problems.iter().map(render).collect();
    if pipeline.is_none() {
        out.push("(no pipeline)".into());
    }
    out.join("\n\n")
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&problems(text, &[]));
}

#[test]
fn bad_several() {
    check(
        r#"[source.a]
path = "data/airlines.csv"
typo = 1

[node.n]
type = "filtre"
input = "a"
params = { where = "1 = 1" }

[node.m]
type = "limit"
input = "nowhere"
params = { rows = "ten" }

[sink.out]
input = "m"
path = "out.jsonl"
"#,
        expect![[r#"
            error[unknown-key]: unknown key `typo` in source `a`
              --> pipeline.toml:3:1
               |
             3 | typo = 1
               | ^^^^
            help: there are `path`, `format`, `codec`, `options`, `codec-options`, `schema`, `on-error`, `file-name-column` and `schema-drift`

            error[unknown-stage]: there is no source or node `nowhere`
              --> pipeline.toml:12:9
                |
             12 | input = "nowhere"
                |         ^^^^^^^^^
            help: there are `a`, `n` and `m`"#]],
    );
}

#[test]
fn bad_toml() {
    check(
        r#"[source.a
path = 1
"#,
        expect![[r#"
            error[syntax]: the file is not TOML: unclosed table, expected `]`
              --> pipeline.toml:1:10
               |
             1 | [source.a
               |          ^

            (no pipeline)"#]],
    );
}

#[test]
fn bad_cycle() {
    check(
        r#"[node.a]
type = "limit"
input = "b"
params = { rows = 1 }

[node.b]
type = "limit"
input = "a"
params = { rows = 1 }

[sink.out]
input = "b"
path = "out.jsonl"
"#,
        expect![[r#"
            error[cycle]: cycle: a -> b -> a
              --> pipeline.toml:8:9
               |
             8 | input = "a"
               |         ^^^
            help: a node cannot take rows from itself, directly or through others"#]],
    );
}

#[test]
fn bad_variable() {
    check(
        r#"[source.a]
path = "${IN_NOT_SET}.csv"

[sink.out]
input = "a"
path = "out.jsonl"
"#,
        expect![[r#"
            error[unset-variable]: the environment variable `IN_NOT_SET` is not set
              --> pipeline.toml:2:9
               |
             2 | path = "${IN_NOT_SET}.csv"
               |         ^^^^^^^^^^^^^
            help: set it, or give a default: ${IN_NOT_SET:-…}"#]],
    );
}

#[test]
fn variables() {
    check(
        r#"[source.a]
path = "${IN_NOT_SET:-in.csv}"

[node.n]
type = "filter"
input = "a"
params = { where = "x = '$${y}'" }

[sink.out]
input = "n"
path = "out.jsonl"
"#,
        expect![[""]],
    );
}

#[test]
fn number_from_variable() {
    check(
        r#"[source.a]
path = "in.csv"

[node.n]
type = "limit"
input = "a"
params = { rows = "${ROWS_NOT_SET:-2}" }

[sink.out]
input = "n"
path = "out.jsonl"
"#,
        expect![[""]],
    );
}

#[test]
fn set_override() {
    check(
        r#"[source.flights]
path = "data/flights-jan.csv.gz"
options = { null-values = ["NA", ""] }

[node.late]
type = "filter"
input = "flights"
params = { where = "dep_delay > 60" }

[sink.out]
input = "late"
path = "out.jsonl"
"#,
        expect![[""]],
    );
}

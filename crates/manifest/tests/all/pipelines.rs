//! What `parse_pipeline` says about good and bad pipelines.

use expect_test::{Expect, expect};
use jackfield_manifest::{Bytes, IfExists, OnError, SchemaDrift, parse_pipeline, render};

pub(super) fn problems(text: &str, sets: &[&str]) -> String {
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

pub(super) fn check(text: &str, expected: Expect) {
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

#[test]
fn everything_that_a_pipeline_can_say() {
    let text = r#"
name = "whole"
batch-rows = 4096
deterministic = true
[source.flights]
path = ["a/*.csv.gz", "b.csv"]
format = "csv"
codec = "gzip"
options = { null-values = ["NA"] }
codec-options = { level = 3 }
schema = { dep_delay = "int64", "odd name" = "utf8" }
on-error = "skip"
file-name-column = "file"
schema-drift = "union"
[source.airlines]
path = "-"
[node.late]
type = "rows@1.2/filter"
input = "flights"
params = { where = "dep_delay > 60" }
on-error = { dead-letter = "bad.jsonl" }
[node.both]
type = "union"
inputs = ["late.unmatched", "flights"]
[node.named]
type = "join"
inputs = { left = "late", right = "airlines" }
on-error = { dead-letter = "bad.jsonl" }
[sink.out]
input = "named"
path = "out/late.jsonl.zst"
if-exists = "append"
columns = ["carrier"]
partition-by = ["month"]
split-size = "256MiB"
[sink.screen]
input = "both"
path = "-"
[limits]
memory = 1048576
[plugin.rows]
version = "^1.2"
config = { threads = 1 }
"#;
    let (pipeline, problems) = parse_pipeline("p.toml", text, &[], &|_| None);
    assert_eq!(problems, []);
    let pipeline = pipeline.unwrap();
    assert_eq!((pipeline.name.as_str(), pipeline.batch_rows, pipeline.deterministic), ("whole", Some(4096), true));
    let source = &pipeline.sources[0];
    assert_eq!((source.paths.len(), &source.on_error, source.schema_drift), (2, &OnError::Skip, SchemaDrift::Union));
    assert_eq!(source.schema.keys().collect::<Vec<_>>(), ["dep_delay", "odd name"]);
    let inputs = |node: usize| -> Vec<String> {
        let inputs = pipeline.nodes[node].inputs.iter();
        inputs.map(|i| format!("{} <- {} ({})", i.port.as_deref().unwrap_or("-"), i.from, i.path.join("/"))).collect()
    };
    assert_eq!(inputs(0), ["- <- flights (node/late/input)"]);
    assert_eq!(inputs(1), ["in.0 <- late.unmatched (node/both/inputs/0)", "in.1 <- flights (node/both/inputs/1)"]);
    assert_eq!(inputs(2), ["left <- late (node/named/inputs/left)", "right <- airlines (node/named/inputs/right)"]);
    assert_eq!(pipeline.nodes[0].node_type.to_string(), "rows@^1.2/filter");
    assert_eq!(pipeline.nodes[0].on_error, OnError::DeadLetter("bad.jsonl".into()));
    let sink = &pipeline.sinks[0];
    assert_eq!((sink.if_exists, sink.split_size), (IfExists::Append, Some(Bytes(256 << 20))));
    assert_eq!((pipeline.limits.memory, pipeline.plugins.len()), (Some(Bytes(1 << 20)), 1));
}

#[test]
fn numbers_from_variables() {
    let text = "batch-rows = \"${ROWS}\"\ndeterministic = \"${NOT_SET:-true}\"\n[source.a]\npath = \"${FILE}\"\n[sink.z]\ninput = \"a\"\npath = \"${ROWS}\"\n[limits]\nmemory = \"${NOT_SET:-1MiB}\"\nfuel-per-call = \"${FILE}\"\n";
    check(
        text,
        expect![[r#"
        error[wrong-type]: `limits.fuel-per-call` must be a whole number, not text
          --> pipeline.toml:10:17
            |
         10 | fuel-per-call = "${FILE}"
            |                 ^^^^^^^^^"#]],
    );
}

#[test]
fn bad_variables() {
    check(
        r#"
[source.a]
path = ["${", "a/${not a name}", """
${NOT_SET} and ${ALSO_NOT_SET}"""]
[sink.z]
input = "a"
path = "\t${NOT_SET}"
"#,
        expect![[r#"
            error[invalid-variable]: `${` without a closing `}`
              --> pipeline.toml:3:10
               |
             3 | path = ["${", "a/${not a name}", """
               |          ^^
            help: write ${NAME} or ${NAME:-default}; for a literal ${ write $${

            error[invalid-variable]: `not a name` is not the name of a variable
              --> pipeline.toml:3:18
               |
             3 | path = ["${", "a/${not a name}", """
               |                  ^^
            help: write ${NAME} or ${NAME:-default}; for a literal ${ write $${

            error[unset-variable]: the environment variable `NOT_SET` is not set
              --> pipeline.toml:4:1
               |
             4 | ${NOT_SET} and ${ALSO_NOT_SET}"""]
               | ^^^^^^^^^^
            help: set it, or give a default: ${NOT_SET:-…}

            error[unset-variable]: the environment variable `ALSO_NOT_SET` is not set
              --> pipeline.toml:4:16
               |
             4 | ${NOT_SET} and ${ALSO_NOT_SET}"""]
               |                ^^^^^^^^^^^^^^^
            help: set it, or give a default: ${ALSO_NOT_SET:-…}

            error[unset-variable]: the environment variable `NOT_SET` is not set
              --> pipeline.toml:7:11
               |
             7 | path = "\t${NOT_SET}"
               |           ^^^^^^^^^^
            help: set it, or give a default: ${NOT_SET:-…}"#]],
    );
}

#[test]
fn set_replaces_an_unset_variable() {
    let text = "[source.a]\npath = \"${NOT_SET}\"\n[sink.z]\ninput = \"a\"\npath = \"z\"\n";
    expect![[""]].assert_eq(&problems(text, &["source.a.path=b.csv"]));
}

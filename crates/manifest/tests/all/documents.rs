//! Places inside documents, replaced variables, `--set`, and values as JSON.

use expect_test::{Expect, expect};
use jackfield_manifest::{
    Document, Pipeline, SetOption, Value, decode, nearest, parse_bytes, parse_duration, parse_pipeline, render, to_json,
};
use serde_json::json;

const PLACEHOLDER: &str =
    "[source.a]\npath = \"a\"\n[sink.z]\ninput = \"n\"\npath = \"z\"\n[node.n]\ntype = \"filter\"\ninput = \"a\"\n";

fn env(name: &str) -> Option<String> {
    match name {
        "COLUMN" => Some("dep_delay".to_owned()),
        "EMPTY" => Some(String::new()),
        "ROWS" => Some("2".to_owned()),
        _ => None,
    }
}

fn pipeline(params: &str, sets: &[&str]) -> Pipeline {
    let sets: Vec<SetOption> = sets.iter().map(|set| set.parse().unwrap()).collect();
    let (pipeline, problems) = parse_pipeline("p.toml", &format!("{PLACEHOLDER}{params}"), &sets, &env);
    assert_eq!(problems, []);
    pipeline.unwrap()
}

fn mark(document: &Document, path: &[&str], offset: Option<u32>) -> String {
    let location = match offset {
        Some(offset) => document.locate_offset(path, offset),
        None => document.locate(path),
    };
    let location = location.unwrap();
    let before = " ".repeat(location.column as usize - 1);
    let marks = "^".repeat(location.length as usize);
    format!("{}:{}\n{}\n{before}{marks}", location.file, location.line, location.text)
}

/// Marks the first `?` of the text of `where` as the plugin sees it.
fn check_offset(params: &str, sets: &[&str], expected: Expect) {
    let pipeline = pipeline(params, sets);
    let text = pipeline.nodes[0].params["where"].as_text().unwrap();
    let offset = u32::try_from(text.find('?').unwrap()).unwrap();
    expected.assert_eq(&mark(&pipeline.document, &["node", "n", "params", "where"], Some(offset)));
}

#[test]
fn offsets_in_strings() {
    check_offset(
        r#"params = { where = "x > ? 1" }"#,
        &[],
        expect![[r#"
        p.toml:9
        params = { where = "x > ? 1" }
                                ^"#]],
    );
    check_offset(
        r#"params = { where = "\"x\" = '\u00e9\t\\' ? 1" }"#,
        &[],
        expect![[r#"
        p.toml:9
        params = { where = "\"x\" = '\u00e9\t\\' ? 1" }
                                                 ^"#]],
    );
    check_offset(
        "params = { where = 'é = \\n ?' }",
        &[],
        expect![[r#"
        p.toml:9
        params = { where = 'é = \n ?' }
                                   ^"#]],
    );
    check_offset(
        "params.where = \"\"\"\nx > 1\n  AND ? y\n\"\"\"",
        &[],
        expect![[r#"
        p.toml:11
          AND ? y
              ^"#]],
    );
    check_offset(
        "params.where = \"\"\"x > 1 \\\n   AND \\\n\n   ? y\"\"\"",
        &[],
        expect![[r#"
        p.toml:12
           ? y"""
           ^"#]],
    );
    check_offset(
        "params.where = '''\nx > 1\n  AND ? y'''",
        &[],
        expect![[r#"
        p.toml:11
          AND ? y'''
              ^"#]],
    );
    check_offset(
        "params.where = \"\"\"\r\nx\r\n ?\"\"\"\r\n",
        &[],
        expect![[r#"
        p.toml:11
         ?"""
         ^"#]],
    );
}

#[test]
fn offsets_behind_variables() {
    check_offset(
        r#"params.where = "${COLUMN} > '$${' ? 1""#,
        &[],
        expect![[r#"
        p.toml:9
        params.where = "${COLUMN} > '$${' ? 1"
                                          ^"#]],
    );
    check_offset(
        r#"params.where = "x = ${NOT_SET:-a ? b} and y""#,
        &[],
        expect![[r#"
        p.toml:9
        params.where = "x = ${NOT_SET:-a ? b} and y"
                            ^^^^^^^^^^^^^^^^^"#]],
    );
    check_offset(
        r#"params.where = "\t${EMPTY} ${COLUMN} \t?""#,
        &[],
        expect![[r#"
        p.toml:9
        params.where = "\t${EMPTY} ${COLUMN} \t?"
                                               ^"#]],
    );
}

#[test]
fn offsets_in_set_options() {
    check_offset(
        "",
        &["node.n.params.where=é > ? 1"],
        expect![[r#"
        --set:1
        node.n.params.where=é > ? 1
                                ^"#]],
    );
    check_offset(
        "params.where = 'x'",
        &["node.n.params.where=${COLUMN} ?"],
        expect![[r#"
        --set:1
        node.n.params.where=${COLUMN} ?
                                      ^"#]],
    );
}

#[test]
fn offset_at_the_end_is_the_closing_quote() {
    let pipeline = pipeline("params.where = 'x >'", &[]);
    expect![[r#"
        p.toml:9
        params.where = 'x >'
                           ^"#]]
    .assert_eq(&mark(&pipeline.document, &["node", "n", "params", "where"], Some(3)));
    expect![[r#"
        p.toml:9
        params.where = 'x >'
                           ^"#]]
    .assert_eq(&mark(&pipeline.document, &["node", "n", "params", "where"], Some(300)));
}

#[test]
fn places_of_values_keys_and_nearest_ancestors() {
    let pipeline = pipeline("params = { by = [\"a\", { b = 1 }], n = 1 }\n", &[]);
    let document = &pipeline.document;
    let place = |path: &[&str]| mark(document, path, None);
    expect![[r#"
        p.toml:9
        params = { by = ["a", { b = 1 }], n = 1 }
                                    ^"#]]
    .assert_eq(&place(&["node", "n", "params", "by", "1", "b"]));
    expect![[r#"
        p.toml:9
        params = { by = ["a", { b = 1 }], n = 1 }
                        ^^^^^^^^^^^^^^^^"#]]
    .assert_eq(&place(&["node", "n", "params", "by", "7", "b"]));
    expect![[r#"
        p.toml:9
        params = { by = ["a", { b = 1 }], n = 1 }
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]]
    .assert_eq(&place(&["node", "n", "params", "nothing"]));
    expect![[r#"
        p.toml:6
        [node.n]
        ^^^^^^^^"#]]
    .assert_eq(&place(&["node", "n"]));
    let key = document.locate_key(&["node", "n", "params", "by"]).unwrap();
    assert_eq!((key.line, key.column, key.length), (9, 12, 2));
    assert!(document.locate(&["nothing", "here"]).is_none());
    assert!(document.locate(&[]).is_none());
}

#[test]
fn variables() {
    let text = |params: &str| match &pipeline(&format!("params.where = {params}"), &[]).nodes[0].params["where"] {
        Value::Text { text, loose } => format!("{text} {loose}"),
        other => format!("{other:?}"),
    };
    assert_eq!(text("'${ROWS}'"), "2 true");
    assert_eq!(text("'${ROWS} '"), "2  false");
    assert_eq!(text("'${EMPTY:-d}'"), "d true");
    assert_eq!(text("'${EMPTY}'"), " true");
    assert_eq!(text("'${NOT_SET:-}x'"), "x false");
    assert_eq!(text("'$${ROWS} $ROWS $$'"), "${ROWS} $ROWS $$ false");
    assert_eq!(text("'$$${ROWS}'"), "$${ROWS} false", "the first `$${{` wins, reading from the left");
    assert_eq!(text("'${NOT_SET:-$${}'"), "$${ true", "a default is not looked into");
}

#[test]
fn set_options() {
    let set = |text: &str| text.parse::<SetOption>().map(|set| (set.path, set.value)).map_err(|p| render(&p));
    let good = |path: &[&str], value: &str| Ok((path.iter().map(|key| key.to_string()).collect(), value.to_owned()));
    assert_eq!(set("a.b=c=d"), good(&["a", "b"], "c=d"));
    assert_eq!(set("a.\"b.c=\".'d'=1"), good(&["a", "b.c=", "d"], "1"));
    assert_eq!(set("a="), good(&["a"], ""));
    for bad in ["", "a", "a.b", "=x", "a..b=1", "a.\"b=1", "a.\"b\"c=1"] {
        assert!(set(bad).is_err(), "{bad}");
    }
    let changed = pipeline(
        "params = { by = ['a', 'b'] }",
        &["batch-rows=10", "limits.memory=1MiB", "node.n.params.by.1=c", "source.a.path=x, y"],
    );
    assert_eq!(changed.batch_rows, Some(10));
    assert_eq!(changed.sources[0].paths, ["x, y"], "where text is due it is taken as it is");
    assert_eq!(to_json(&changed.nodes[0].params["by"], None), json!(["a", "c"]));
}

#[test]
fn bad_set_options_have_a_place() {
    let sets: Vec<SetOption> = ["batch-rows=ten", "node.laet.params.where=x", "name.x=1", "source.a.pth=1"]
        .iter()
        .map(|s| s.parse().unwrap())
        .collect();
    let (_, problems) = parse_pipeline("p.toml", PLACEHOLDER, &sets, &env);
    let text: Vec<String> = problems.iter().map(render).collect();
    expect![[r#"
        error[wrong-type]: `name` must be text, not a table
          --> --set:1:1
           |
         1 | name.x=1
           | ^^^^^^

        error[wrong-type]: `batch-rows` must be a whole number, not text
          --> --set:1:12
           |
         1 | batch-rows=ten
           |            ^^^

        error[unknown-key]: unknown key `pth` in source `a`
          --> --set:1:1
           |
         1 | source.a.pth=1
           | ^^^^^^^^^^^^
        help: did you mean `path`?

        error[unknown-stage]: the file has no node `laet`
          --> --set:1:1
           |
         1 | node.laet.params.where=x
           | ^^^^^^^^^^^^^^^^^^^^^^
        help: there are `a` and `n`"#]]
    .assert_eq(&text.join("\n\n"));
}

#[test]
fn loose_text_follows_the_schema() {
    let schema = json!({
        "type": "object",
        "$defs": { "count": { "type": "integer" } },
        "properties": {
            "rows": { "$ref": "#/$defs/count" },
            "by": { "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "object" }] },
            "either": { "type": ["string", "integer"] },
            "kind": { "enum": ["left", "right"] },
            "on": { "type": "boolean" },
            "sample": { "anyOf": [{ "type": "integer" }, { "const": "all" }] },
            "whole": { "anyOf": [{ "type": "integer" }, { "const": "all" }] },
        }
    });
    let sets = ["rows=2", "by=['a', \"b\"]", "either=3", "kind=left", "other=4", "on=maybe", "sample=5", "whole=all"];
    let sets: Vec<String> = sets.iter().map(|set| format!("node.n.params.{set}")).collect();
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    let pipeline = pipeline("", &sets);
    let params = Value::Table(pipeline.nodes[0].params.clone());
    assert_eq!(
        to_json(&params, Some(&schema)),
        json!({
            "rows": 2, "by": ["a", "b"], "either": "3", "kind": "left", "other": "4", "on": "maybe", "sample": 5,
            "whole": "all",
        })
    );
    assert_eq!(to_json(&params, None)["rows"], "2");
}

#[test]
fn options_of_the_command_line_may_be_lists_and_tables() {
    let sets = ["source.a.path=[\"x.csv\", 'y.csv']", "node.n.params={}", "node.n.params.by=['a']"];
    let read = pipeline("params = { rows = 1 }", &sets);
    assert_eq!(read.sources[0].paths, ["x.csv", "y.csv"]);
    let params = to_json(
        &Value::Table(read.nodes[0].params.clone()),
        Some(&json!({ "properties": { "by": { "type": "array" } } })),
    );
    assert_eq!(params, json!({ "by": ["a"] }));
    assert_eq!(pipeline("", &["source.a.path=[x].csv"]).sources[0].paths, ["[x].csv"]);
}

#[test]
fn values_as_json() {
    let pipeline =
        pipeline("params = { a = 1.5, b = nan, c = 1979-05-27T07:32:00Z, d = [true, 0x10], z = { y = -1 } }", &[]);
    let json = to_json(&Value::Table(pipeline.nodes[0].params.clone()), None);
    assert_eq!(json.to_string(), r#"{"a":1.5,"b":"nan","c":"1979-05-27T07:32:00Z","d":[true,16],"z":{"y":-1}}"#);
}

#[test]
fn units() {
    for (text, bytes) in
        [("64MiB", 64 << 20), ("1.5 gib", 3 << 29), ("10MB", 10_000_000), ("7B", 7), ("1_000KB", 1_000_000)]
    {
        assert_eq!(parse_bytes(text).unwrap().0, bytes, "{text}");
    }
    for text in ["", "64", "MiB", "1.2.3MB", "-1MB", "64 parsecs", "99999999999TiB", "1.MiB"] {
        assert!(parse_bytes(text).is_err(), "{text}");
    }
    assert_eq!(parse_bytes("1024KiB").unwrap().to_string(), "1MiB");
    assert_eq!(parse_bytes("1000B").unwrap().to_string(), "1000B");
    assert_eq!(parse_duration("250ms").unwrap().as_millis(), 250);
    assert_eq!(parse_duration("1.5h").unwrap().as_secs(), 5400);
    assert!(parse_duration("5").is_err() && parse_duration("5 years").is_err());
}

#[test]
fn near_names() {
    let near = |word: &str, names: &[&'static str]| nearest(word, names.iter().copied());
    assert_eq!(near("filtre", &["limit", "filter", "fill"]), ["filter"]);
    assert_eq!(near("null_values", &["null-values", "values"]), ["null-values"]);
    assert_eq!(near("agg", &["aggregate", "cast"]), ["aggregate"]);
    assert!(near("nowhere", &["a", "n"]).is_empty());
    assert!(near("", &["a"]).is_empty());
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_eq!(decode("p.toml", "é".as_bytes()).unwrap(), "é");
    let problem = decode("p.toml", b"a = 1\nname = 'caf\xe9'\nb = 2\n").unwrap_err();
    expect![[r#"
        error[invalid-utf8]: the file is not UTF-8: byte 0xe9 is not part of a character
          --> p.toml:2:12
           |
         2 | name = 'caf�'
           |            ^
        help: save the file in the encoding UTF-8"#]]
    .assert_eq(&render(&problem));
}

#[test]
fn long_lines_and_control_characters_are_tamed() {
    let text = format!("{PLACEHOLDER}params = {{ a = \"{}\", b = \"${{NOT_SET}} \" }}", "x".repeat(500));
    let (_, problems) = parse_pipeline("p.toml", &text, &[], &env);
    expect![[r#"
        error[unset-variable]: the environment variable `NOT_SET` is not set
          --> p.toml:9:525
           |
         9 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", b = "${NOT_SET} " }
           |                                                                                 ^^^^^^^^^^
        help: set it, or give a default: ${NOT_SET:-…}"#]]
    .assert_eq(&render(&problems[0]));
    let (_, problems) = parse_pipeline("p.toml", &format!("{PLACEHOLDER}'\u{9b}2J' = 1\n"), &[], &env);
    expect![[r#"
        error[unknown-key]: unknown key `�2J` in node `n`
          --> p.toml:9:1
           |
         9 | '�2J' = 1
           | ^^^^^
        help: there are `type`, `input`, `inputs`, `params` and `on-error`"#]]
    .assert_eq(&render(&problems[0]));
}

#[test]
fn a_line_of_data_is_shown_without_a_column() {
    let place = jackfield_manifest::Location::of_line("in.csv", 12, b"2,\x1b[31m\nrest");
    let problem = jackfield_manifest::Problem::error("invalid-value", "column n: it is wrong").at(Some(place));
    expect![[r#"
        error[invalid-value]: column n: it is wrong
          --> in.csv:12
            |
         12 | 2,?[31m"#]]
    .assert_eq(&render(&problem).replace('\u{fffd}', "?"));
}

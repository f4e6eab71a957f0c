//! Pipelines with all that people get wrong.

use expect_test::expect;

use crate::pipelines::check;

#[test]
fn wrong_values() {
    check(
        r#"
name = 3
batch-rows = 0
[source."a b"]
path = "x"
[source.b]
path = []
format = true
schema = { a = 1 }
on-error = "skipp"
schema-drift = "merge"
[source.c]
path = ""
on-error = { deadletter = "x" }
[node.n]
type = "rows@x/filter"
input = "b."
params = "where"
[node.m]
inputs = 3
[node.o]
type = "a/b/c"
input = "b"
inputs = ["b", 1]
[sink.out]
split-size = "many"
columns = "a"
[limits]
memory = 0
call-timeout = 5
[plugin.p]
version = "1.x.y"
"#,
        expect![[r#"
            error[wrong-type]: `name` must be text, not a whole number
              --> pipeline.toml:2:8
               |
             2 | name = 3
               |        ^
            help: put it in quotes

            error[invalid-value]: `batch-rows` must be from 1 to 2147483647, not 0
              --> pipeline.toml:3:14
               |
             3 | batch-rows = 0
               |              ^

            error[invalid-name]: `a b` is not a name: ' ' is not a letter, digit, `_` or `-`
              --> pipeline.toml:4:9
               |
             4 | [source."a b"]
               |         ^^^^^

            error[invalid-value]: `path` of source `b` is an empty list
              --> pipeline.toml:7:8
               |
             7 | path = []
               |        ^^

            error[wrong-type]: `format` of source `b` must be text, not a boolean
              --> pipeline.toml:8:10
               |
             8 | format = true
               |          ^^^^
            help: put it in quotes

            error[wrong-type]: `a` of `schema` of source `b` must be text, not a whole number
              --> pipeline.toml:9:16
               |
             9 | schema = { a = 1 }
               |                ^
            help: put it in quotes

            error[invalid-value]: `on-error` of source `b` cannot be `skipp`
              --> pipeline.toml:10:12
                |
             10 | on-error = "skipp"
                |            ^^^^^^^
            help: did you mean `skip`?

            error[invalid-value]: `schema-drift` of source `b` cannot be `merge`
              --> pipeline.toml:11:16
                |
             11 | schema-drift = "merge"
                |                ^^^^^^^
            help: there are `fail`, `union` and `cast`

            error[invalid-value]: `path` of source `c`: a path must not be empty
              --> pipeline.toml:13:8
                |
             13 | path = ""
                |        ^^

            error[missing-key]: `on-error` of source `c` has no `dead-letter`
              --> pipeline.toml:14:12
                |
             14 | on-error = { deadletter = "x" }
                |            ^^^^^^^^^^^^^^^^^^^^

            error[unknown-key]: unknown key `deadletter` in `on-error` of source `c`
              --> pipeline.toml:14:14
                |
             14 | on-error = { deadletter = "x" }
                |              ^^^^^^^^^^
            help: did you mean `dead-letter`?

            error[invalid-name]: a name must not be empty
              --> pipeline.toml:17:9
                |
             17 | input = "b."
                |         ^^^^

            error[wrong-type]: `params` of node `n` must be a table, not text
              --> pipeline.toml:18:10
                |
             18 | params = "where"
                |          ^^^^^^^

            error[missing-key]: node `m` has no `type`
              --> pipeline.toml:19:1
                |
             19 | [node.m]
                | ^^^^^^^^

            error[wrong-type]: `inputs` of node `m` must be a list or a table, not a whole number
              --> pipeline.toml:20:10
                |
             20 | inputs = 3
                |          ^

            error[invalid-name]: `b/c` is not a name: '/' is not a letter, digit, `_` or `-`
              --> pipeline.toml:22:8
                |
             22 | type = "a/b/c"
                |        ^^^^^^^

            error[invalid-value]: node `o` has both `input` and `inputs`
              --> pipeline.toml:24:10
                |
             24 | inputs = ["b", 1]
                |          ^^^^^^^^
            help: keep one of them

            error[wrong-type]: an entry of `inputs` of node `o` must be text, not a whole number
              --> pipeline.toml:24:16
                |
             24 | inputs = ["b", 1]
                |                ^
            help: put it in quotes

            error[missing-key]: sink `out` has no `input`
              --> pipeline.toml:25:1
                |
             25 | [sink.out]
                | ^^^^^^^^^^

            error[missing-key]: sink `out` has no `path`
              --> pipeline.toml:25:1
                |
             25 | [sink.out]
                | ^^^^^^^^^^

            error[invalid-value]: `split-size` of sink `out`: expected a size such as "64MiB" (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), not "many"
              --> pipeline.toml:26:14
                |
             26 | split-size = "many"
                |              ^^^^^^

            error[wrong-type]: `columns` of sink `out` must be a list, not text
              --> pipeline.toml:27:11
                |
             27 | columns = "a"
                |           ^^^

            error[invalid-value]: `limits.memory`: more than 0 is needed
              --> pipeline.toml:29:10
                |
             29 | memory = 0
                |          ^

            error[wrong-type]: `limits.call-timeout` must be a duration such as "5s", not a whole number
              --> pipeline.toml:30:16
                |
             30 | call-timeout = 5
                |                ^

            error[invalid-version]: `version` of plugin `p` must be a version requirement such as "^1.2": unexpected character after wildcard in version req
              --> pipeline.toml:32:11
                |
             32 | version = "1.x.y"
                |           ^^^^^^^"#]],
    );
}

#[test]
fn names_that_clash() {
    check(
        r#"
[source.a]
path = "a.csv"
[node.a]
type = "x"
input = "out"
[sink.out]
input = "nods"
path = "o"
[nodes.x]
type = "filter"
"#,
        expect![[r#"
            error[duplicate-name]: `a` is the name of a source and of a node
              --> pipeline.toml:4:7
               |
             4 | [node.a]
               |       ^
            help: rename one of them

            error[unknown-stage]: `out` is a sink, and sinks have no output
              --> pipeline.toml:6:9
               |
             6 | input = "out"
               |         ^^^^^
            help: name the source or node that the sink takes its rows from

            error[unknown-stage]: there is no source or node `nods`
              --> pipeline.toml:8:9
               |
             8 | input = "nods"
               |         ^^^^^^
            help: there is only `a`

            error[unknown-key]: unknown key `nodes` in the pipeline
              --> pipeline.toml:10:2
                |
             10 | [nodes.x]
                |  ^^^^^
            help: did you mean `node`?"#]],
    );
}

#[test]
fn files_that_clash() {
    check(
        r#"
[source.a]
path = ["data/a.csv", "-"]
on-error = { dead-letter = "bad.jsonl" }
[source.b]
path = "-"
[node.n]
type = "x"
inputs = ["a", "b"]
on-error = { dead-letter = "bad.jsonl" }
[sink.one]
input = "n"
path = "./out//x.jsonl"
[sink.two]
input = "n"
path = "out/y/../x.jsonl"
[sink.three]
input = "n"
path = "data/./a.csv"
[sink.four]
input = "n"
path = "bad.jsonl"
[sink.five]
input = "n"
path = "-"
[sink.six]
input = "n"
path = "-"
"#,
        expect![[r#"
            error[duplicate-path]: standard input is read by source `a` and by source `b`
              --> pipeline.toml:6:8
               |
             6 | path = "-"
               |        ^^^
            help: let one of them read a file, or both share one source

            error[duplicate-path]: out/y/../x.jsonl is written by sink `one` and by sink `two`
              --> pipeline.toml:16:8
                |
             16 | path = "out/y/../x.jsonl"
                |        ^^^^^^^^^^^^^^^^^^
            help: write to another file

            error[duplicate-path]: data/./a.csv is read by source `a` and written by sink `three`
              --> pipeline.toml:19:8
                |
             19 | path = "data/./a.csv"
                |        ^^^^^^^^^^^^^^
            help: write to another file

            error[duplicate-path]: bad.jsonl is written by the dead letters of source `a` and by sink `four`
              --> pipeline.toml:22:8
                |
             22 | path = "bad.jsonl"
                |        ^^^^^^^^^^^
            help: write to another file

            error[duplicate-path]: sink `five` and sink `six` both write to standard output
              --> pipeline.toml:28:8
                |
             28 | path = "-"
                |        ^^^
            help: let one of them write to a file"#]],
    );
}

#[test]
fn cycles() {
    let node = |name: &str, inputs: &str| format!("[node.{name}]\ntype = 'x'\ninputs = [{inputs}]\n");
    let text = [node("a", "'a'"), node("b", "'d', 's'"), node("c", "'b'"), node("d", "'c'"), node("s", "")].concat();
    check(
        &format!("{text}[sink.z]\ninput = 'd'\npath = 'z'\n"),
        expect![[r#"
        error[cycle]: cycle: a -> a
          --> pipeline.toml:3:11
           |
         3 | inputs = ['a']
           |           ^^^
        help: a node cannot take rows from itself, directly or through others

        error[cycle]: cycle: b -> c -> d -> b
          --> pipeline.toml:9:11
           |
         9 | inputs = ['b']
           |           ^^^
        help: a node cannot take rows from itself, directly or through others"#]],
    );
}

#[test]
fn nothing_comes_out() {
    check(
        "",
        expect![[r#"
        error[no-sink]: the pipeline has no sink, so nothing would come out of it
        help: add a [sink.NAME] with `input` and `path`"#]],
    );
}

#[test]
fn repeated_keys_do_not_hide_the_rest() {
    check(
        r#"
[source.a]
path = "a"
path = "b"
[source.a]
path = "c"
[sink.z]
inptu = "a"
path = "z"
"#,
        expect![[r#"
            error[duplicate-key]: the key `path` is given twice
              --> pipeline.toml:4:1
               |
             4 | path = "b"
               | ^^^^
            help: remove one of the two

            error[duplicate-key]: the key `a` is given twice
              --> pipeline.toml:5:9
               |
             5 | [source.a]
               |         ^
            help: remove one of the two

            error[duplicate-key]: the key `path` is given twice
              --> pipeline.toml:6:1
               |
             6 | path = "c"
               | ^^^^
            help: remove one of the two

            error[missing-key]: sink `z` has no `input`
              --> pipeline.toml:7:1
               |
             7 | [sink.z]
               | ^^^^^^^^

            error[unknown-key]: unknown key `inptu` in sink `z`
              --> pipeline.toml:8:1
               |
             8 | inptu = "a"
               | ^^^^^
            help: did you mean `input`?"#]],
    );
}

#[test]
fn broken_syntax() {
    check(
        "a = \"x\nb = 1\n",
        expect![[r#"
        error[syntax]: the file is not TOML: invalid basic string, expected `"`
          --> pipeline.toml:1:7
           |
         1 | a = "x
           |       ^

        (no pipeline)"#]],
    );
    check(
        "a = [1, 2\nb = 3\n",
        expect![[r#"
        error[syntax]: the file is not TOML: missing comma between array elements, expected `,`
          --> pipeline.toml:2:1
           |
         2 | b = 3
           | ^

        (no pipeline)"#]],
    );
    check(
        "= 1\n",
        expect![[r#"
        error[syntax]: the file is not TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
          --> pipeline.toml:1:1
           |
         1 | = 1
           | ^

        (no pipeline)"#]],
    );
    check(
        "a = 99999999999999999999\nb = 1e999\n[sink.z]\ninput='a'\npath='z'",
        expect![[r#"
        error[unknown-key]: unknown key `a` in the pipeline
          --> pipeline.toml:1:1
           |
         1 | a = 99999999999999999999
           | ^
        help: there are `name`, `batch-rows`, `deterministic`, `source`, `node`, `sink`, `limits` and `plugin`

        error[number-out-of-range]: the number 99999999999999999999 does not fit 64 bits with sign
          --> pipeline.toml:1:5
           |
         1 | a = 99999999999999999999
           |     ^^^^^^^^^^^^^^^^^^^^

        error[unknown-key]: unknown key `b` in the pipeline
          --> pipeline.toml:2:1
           |
         2 | b = 1e999
           | ^
        help: there are `name`, `batch-rows`, `deterministic`, `source`, `node`, `sink`, `limits` and `plugin`

        error[number-out-of-range]: the number 1e999 does not fit float64
          --> pipeline.toml:2:5
           |
         2 | b = 1e999
           |     ^^^^^

        error[unknown-stage]: there is no source or node `a`
          --> pipeline.toml:4:7
           |
         4 | input='a'
           |       ^^^"#]],
    );
    check(
        "a = 'x'\u{0}\n",
        expect![[r#"
        error[syntax]: the file is not TOML: unexpected key or value, expected newline, `#`
          --> pipeline.toml:1:8
           |
         1 | a = 'x'�
           |        ^

        (no pipeline)"#]],
    );
}

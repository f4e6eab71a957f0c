//! What `parse_manifest` says about good and bad files.

use expect_test::{Expect, expect};
use jackfield_manifest::{Bytes, HostPattern, parse_manifest, render};

fn check(text: &str, expected: Expect) {
    let (manifest, problems) = parse_manifest("plugin.toml", text);
    let mut out: Vec<String> = problems.iter().map(render).collect();
    if manifest.is_none() {
        out.push("(no manifest)".into());
    }
    expected.assert_eq(&out.join("\n\n"));
}

const WHOLE: &str = r##"
[plugin]
name = "csv"
version = "1.2.0"
description = "Reads and writes CSV and TSV"
authors = ["A. Nyone"]
license = "MIT"
engine = ">=0.1, <2"
component = "csv.wasm"

[requires]
text-encoding = "^1"
geo = { version = "^2", optional = true }
"capability:geo.lookup" = "^2"

[[provides.capability]]
id = "text.normalise"
version = "1.0.0"

[[provides.codec]]
id = "gzip"
extensions = ["gz"]
magic = ["1f8b"]

[[provides.hook]]
id = "audit"
point = "node.process"
kind = "around"
priority = 10
before = []
after = []
on-failure = "fail-open"
data = false

[[provides.format]]
id = "csv"
extensions = ["csv", "tsv"]
media-types = ["text/csv"]
options = { type = "object", properties = { delimiter = { type = "string", default = "," } } }

[[provides.node]]
type = "filter"
display-name = "Filter"
category = "Rows"
icon = "funnel"
color = "#4c6ef5"
inputs = [{ name = "in" }]
outputs = [{ name = "out" }, { name = "unmatched", optional = true }]
pure = true
main-parameter = "where"
resources = { memory = "32MiB" }
[provides.node.parameters]
type = "object"
required = ["where"]
properties.where = { type = "string" }

[permissions]
filesystem.read = [{ path = "/geo", reason = "country table" }]
filesystem.write = [{ path = "/out/", quota = "1GiB", reason = "results" }]
network.http = [{ host = "*.Example.com", ports = [443], methods = ["GET"], paths = ["/v1/"], addresses = ["public"], reason = "rates" }]
network.socket = [{ host = "db.internal", port = 5432, reason = "rows" }]
secrets = [{ name = "token", hosts = ["api.example.com"], reason = "log in" }]
env = []
clock = true
random = true
memory.unlimited = false

[limits]
memory = "64MiB"
fuel-per-call = 1_000_000_000
call-timeout = "5s"

[config]
type = "object"
properties.region = { type = "string" }
"##;

#[test]
fn whole_manifest() {
    let (manifest, problems) = parse_manifest("plugin.toml", WHOLE);
    assert_eq!(problems, []);
    let manifest = manifest.unwrap();
    assert_eq!((manifest.plugin.as_str(), manifest.version.to_string().as_str()), ("csv", "1.2.0"));
    assert_eq!(manifest.requires.keys().collect::<Vec<_>>(), ["text-encoding", "geo", "capability:geo.lookup"]);
    assert!(manifest.requires["geo"].optional && manifest.requires["capability:geo.lookup"].capability);
    assert_eq!(manifest.codecs[0].magic, [[0x1f, 0x8b]]);
    let node = &manifest.nodes[0];
    assert_eq!((node.inputs.len(), node.outputs[1].name.as_str(), node.outputs[1].optional), (1, "unmatched", true));
    assert_eq!(node.parameters.as_ref().unwrap()["properties"]["where"]["type"], "string");
    assert_eq!(node.resources.memory, Some(Bytes(32 << 20)));
    let permissions = &manifest.permissions;
    assert_eq!(permissions.filesystem_write[0].path.as_str(), "/out");
    assert_eq!(permissions.network_http[0].host, HostPattern::Below("example.com".into()));
    assert!(permissions.clock.is_some() && permissions.memory_unlimited.is_none() && permissions.gpu.is_none());
    assert_eq!(manifest.limits.call_timeout, Some(std::time::Duration::from_secs(5)));
}

#[test]
fn nothing_required_is_there() {
    check(
        "[plugin]\nname = \"Bad Name\"\n",
        expect![[r#"
            error[missing-key]: `plugin` has no `version`
              --> plugin.toml:1:1
               |
             1 | [plugin]
               | ^^^^^^^^

            error[missing-key]: `plugin` has no `component`
              --> plugin.toml:1:1
               |
             1 | [plugin]
               | ^^^^^^^^

            error[invalid-name]: `Bad Name` must be lower-case letters and digits with single `-` between them, such as `my-plugin`
              --> plugin.toml:2:8
               |
             2 | name = "Bad Name"
               |        ^^^^^^^^^^

            (no manifest)"#]],
    );
    check(
        "",
        expect![[r#"
        error[missing-key]: the manifest has no `plugin`
          --> plugin.toml:1:1

        (no manifest)"#]],
    );
}

#[test]
fn misspelt_keys() {
    check(
        r#"
[plugin]
name = "a"
version = "1.0"
componnent = "a.wasm"
[provides]
formats = []
[permisions]
"#,
        expect![[r#"
            error[missing-key]: `plugin` has no `component`
              --> plugin.toml:2:1
               |
             2 | [plugin]
               | ^^^^^^^^

            error[invalid-version]: `1.0` is not a version such as "1.2.0": unexpected end of input while parsing minor version number
              --> plugin.toml:4:11
               |
             4 | version = "1.0"
               |           ^^^^^

            error[unknown-key]: unknown key `componnent` in `plugin`
              --> plugin.toml:5:1
               |
             5 | componnent = "a.wasm"
               | ^^^^^^^^^^
            help: did you mean `component`?

            error[unknown-key]: unknown key `formats` in `provides`
              --> plugin.toml:7:1
               |
             7 | formats = []
               | ^^^^^^^
            help: did you mean `format`?

            error[unknown-key]: unknown key `permisions` in the manifest
              --> plugin.toml:8:2
               |
             8 | [permisions]
               |  ^^^^^^^^^^
            help: did you mean `permissions`?

            (no manifest)"#]],
    );
}

#[test]
fn permissions() {
    check(
        r#"
[plugin]
name = "a"
version = "1.0.0"
component = "../a.wasm"
[permissions]
filesystem.read = [{ path = "/", reason = "all" }, { path = "../x", reason = "up" }, { path = "/a/../b", reason = "r" }]
filesystem.write = [{ path = "/out" }]
network.http = [
  { host = "https://example.com", reason = "r" },
  { host = "ex*mple.com", reason = "r" },
  { host = "127.1", reason = "r" },
  { host = "::1", reason = "r" },
  { host = "example.com", ports = [0], methods = ["get"], paths = ["v1"], addresses = ["lan"], reason = "r" },
]
network.socket = [{ host = "db", reason = "r" }]
secrets = [{ name = "t", reason = "r" }]
env = ["A-B"]
clock = "yes"
storage = [{ url = "http://x", reason = "r" }]
exec = [{ command = "/bin/sh", reason = "r" }]
network.htttp = []
filesystem.read-write = []
"#,
        expect![[r#"
            error[invalid-value]: `../a.wasm` must be a file inside the plugin's folder, such as "plugin.wasm"
              --> plugin.toml:5:13
               |
             5 | component = "../a.wasm"
               |             ^^^^^^^^^^^

            error[invalid-permission]: `/` is too much: a plugin asks for the folders that it needs
              --> plugin.toml:7:29
               |
             7 | filesystem.read = [{ path = "/", reason = "all" }, { path = "../x", reason = "up" }, { path = "/a/../b", reason = "r" }]
               |                             ^^^

            error[invalid-permission]: `../x` must be an absolute path as the plugin sees it, such as "/geo"
              --> plugin.toml:7:61
               |
             7 | filesystem.read = [{ path = "/", reason = "all" }, { path = "../x", reason = "up" }, { path = "/a/../b", reason = "r" }]
               |                                                             ^^^^^^

            error[invalid-permission]: `/a/../b` must be a path without `.`, `..`, `\` and empty parts
              --> plugin.toml:7:95
               |
             7 | filesystem.read = [{ path = "/", reason = "all" }, { path = "../x", reason = "up" }, { path = "/a/../b", reason = "r" }]
               |                                                                                               ^^^^^^^^^

            error[missing-key]: an entry of `permissions.filesystem.write` has no `reason`
              --> plugin.toml:8:21
               |
             8 | filesystem.write = [{ path = "/out" }]
               |                     ^^^^^^^^^^^^^^^^^
            help: say in a few words what it is for; whoever grants it reads it

            error[invalid-permission]: `https://example.com` must be a host without scheme, port and path
              --> plugin.toml:10:12
                |
             10 |   { host = "https://example.com", reason = "r" },
                |            ^^^^^^^^^^^^^^^^^^^^^

            error[invalid-permission]: `ex*mple.com`: `*` may only stand alone or as `*.` in front of a name
              --> plugin.toml:11:12
                |
             11 |   { host = "ex*mple.com", reason = "r" },
                |            ^^^^^^^^^^^^^

            error[invalid-permission]: `127.1` is not the name of a host
              --> plugin.toml:12:12
                |
             12 |   { host = "127.1", reason = "r" },
                |            ^^^^^^^

            error[invalid-permission]: an IPv6 address stands in brackets: `[::1]`
              --> plugin.toml:13:12
                |
             13 |   { host = "::1", reason = "r" },
                |            ^^^^^

            error[invalid-permission]: 0 is not a port: they go from 1 to 65535
              --> plugin.toml:14:36
                |
             14 |   { host = "example.com", ports = [0], methods = ["get"], paths = ["v1"], addresses = ["lan"], reason = "r" },
                |                                    ^

            error[invalid-value]: `methods` of an entry of `permissions.network.http` cannot be `get`
              --> plugin.toml:14:51
                |
             14 |   { host = "example.com", ports = [0], methods = ["get"], paths = ["v1"], addresses = ["lan"], reason = "r" },
                |                                                   ^^^^^
            help: did you mean `GET`?

            error[invalid-permission]: `v1` must be the beginning of a path such as "/v1/", without `..`, `?`, `#` and `%`
              --> plugin.toml:14:68
                |
             14 |   { host = "example.com", ports = [0], methods = ["get"], paths = ["v1"], addresses = ["lan"], reason = "r" },
                |                                                                    ^^^^

            error[invalid-value]: `addresses` of an entry of `permissions.network.http` cannot be `lan`
              --> plugin.toml:14:88
                |
             14 |   { host = "example.com", ports = [0], methods = ["get"], paths = ["v1"], addresses = ["lan"], reason = "r" },
                |                                                                                        ^^^^^
            help: there are `public`, `private`, `loopback`, `link-local` and `metadata`

            error[missing-key]: an entry of `permissions.network.socket` has no `port`
              --> plugin.toml:16:19
                |
             16 | network.socket = [{ host = "db", reason = "r" }]
                |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error[missing-key]: an entry of `permissions.secrets` has no `hosts`
              --> plugin.toml:17:12
                |
             17 | secrets = [{ name = "t", reason = "r" }]
                |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error[invalid-permission]: `A-B` is not the name of an environment variable
              --> plugin.toml:18:8
                |
             18 | env = ["A-B"]
                |        ^^^^^

            error[wrong-type]: `permissions.clock` must be true, false or { reason = "…" }, not text
              --> plugin.toml:19:9
                |
             19 | clock = "yes"
                |         ^^^^^

            error[invalid-permission]: `http://x` must be a URL such as "s3://bucket/folder/" (s3, gs, az)
              --> plugin.toml:20:20
                |
             20 | storage = [{ url = "http://x", reason = "r" }]
                |                    ^^^^^^^^^^

            error[invalid-permission]: `/bin/sh` must be the name of a command, without a folder and without arguments
              --> plugin.toml:21:21
                |
             21 | exec = [{ command = "/bin/sh", reason = "r" }]
                |                     ^^^^^^^^^

            error[unknown-key]: unknown key `htttp` in `permissions.network`
              --> plugin.toml:22:9
                |
             22 | network.htttp = []
                |         ^^^^^
            help: did you mean `http`?

            error[unknown-key]: unknown key `read-write` in `permissions.filesystem`
              --> plugin.toml:23:12
                |
             23 | filesystem.read-write = []
                |            ^^^^^^^^^^
            help: did you mean `read`?

            (no manifest)"#]],
    );
}

#[test]
fn provided_things() {
    check(
        r#"
[plugin]
name = "a"
version = "1.0.0"
component = "a.wasm"
[[provides.node]]
type = "filter"
color = "blue"
inputs = [{ name = "in" }, { name = "in" }]
outputs = [{ name = "out", multiple = true }]
parameters = { where = { type = "string" } }
[[provides.node]]
type = "filter"
main-parameter = "wher"
parameters = { type = "object", properties = { where = { type = "string" } } }
[[provides.codec]]
id = "gzip"
extensions = [".gz"]
magic = ["1f8"]
[[provides.hook]]
id = "h"
point = "node.process"
kind = "arround"
[requires]
b = "not a version"
[limits]
memory = "64"
call-timeout = "5"
fuel-per-call = 0
handles = "many"
"#,
        expect![[r##"
            error[invalid-value]: `blue` must be a colour such as "#4c6ef5"
              --> plugin.toml:8:9
               |
             8 | color = "blue"
               |         ^^^^^^

            error[duplicate-name]: the port `in` is given twice
              --> plugin.toml:9:28
               |
             9 | inputs = [{ name = "in" }, { name = "in" }]
               |                            ^^^^^^^^^^^^^^^

            error[unknown-key]: unknown key `multiple` in an entry of `outputs` of a provided node
              --> plugin.toml:10:28
                |
             10 | outputs = [{ name = "out", multiple = true }]
                |                            ^^^^^^^^
            help: there are `name`, `optional`, `display-name`, `description` and `type`

            error[invalid-schema]: `parameters` of a provided node is a JSON Schema, and has no `properties` but a key `where`
              --> plugin.toml:11:1
                |
             11 | parameters = { where = { type = "string" } }
                | ^^^^^^^^^^
            help: write a JSON Schema: { type = "object", properties = { … } }

            error[duplicate-name]: the node `filter` is provided twice
              --> plugin.toml:12:1
                |
             12 | [[provides.node]]
                | ^^^^^^^^^^^^^^^^^
            help: remove one of the two

            error[invalid-value]: `main-parameter` is `wher`, but there is no such parameter
              --> plugin.toml:14:18
                |
             14 | main-parameter = "wher"
                |                  ^^^^^^

            error[invalid-value]: `.gz` must be a file name ending in lower case, without the dot
              --> plugin.toml:18:15
                |
             18 | extensions = [".gz"]
                |               ^^^^^

            error[invalid-value]: `1f8` must be 1 to 64 bytes in hex, such as "1f8b"
              --> plugin.toml:19:10
                |
             19 | magic = ["1f8"]
                |          ^^^^^

            error[invalid-value]: `kind` of a provided hook cannot be `arround`
              --> plugin.toml:23:8
                |
             23 | kind = "arround"
                |        ^^^^^^^^^
            help: did you mean `around`?

            error[invalid-version]: the requirement `b` must be a version requirement such as "^1.2": unexpected character 'n' while parsing major version number
              --> plugin.toml:25:5
                |
             25 | b = "not a version"
                |     ^^^^^^^^^^^^^^^

            error[invalid-value]: `limits.memory`: expected a size such as "64MiB" (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), not "64"
              --> plugin.toml:27:10
                |
             27 | memory = "64"
                |          ^^^^

            error[invalid-value]: `limits.call-timeout`: expected a duration such as "5s" (ns, us, ms, s, m, h, d), not "5"
              --> plugin.toml:28:16
                |
             28 | call-timeout = "5"
                |                ^^^

            error[invalid-value]: `limits.fuel-per-call` must be at least 1, not 0
              --> plugin.toml:29:17
                |
             29 | fuel-per-call = 0
                |                 ^

            error[wrong-type]: `limits.handles` must be a whole number, not text
              --> plugin.toml:30:11
                |
             30 | handles = "many"
                |           ^^^^^^"##]],
    );
}

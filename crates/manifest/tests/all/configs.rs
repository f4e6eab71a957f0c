//! What `parse_config` says about good and bad files.

use expect_test::{Expect, expect};
use jackfield_manifest::{HostPattern, Secret, parse_config, render};

fn check(text: &str, expected: Expect) {
    let (_, problems) = parse_config("jackfield.toml", text);
    let out: Vec<String> = problems.iter().map(render).collect();
    expected.assert_eq(&out.join("\n\n"));
}

#[test]
fn whole_config() {
    let text = r#"
[plugins]
folders = ["/opt/plugins", "plugins"]
prefer = { "format:csv" = "mycsv" }
[policy]
filesystem.read = [{ path = "/" }]
network.http = [{ host = "*" }]
clock = true
[limits]
memory = "1GiB"
[plugin.mycsv]
version = "^1"
config = { region = "eu" }
[secrets]
token = { env = "API_TOKEN" }
key = { file = "/run/secrets/key" }
"#;
    let (config, problems) = parse_config("jackfield.toml", text);
    assert_eq!(problems, []);
    let config = config.unwrap();
    assert_eq!(config.prefer[0].plugin, "mycsv");
    assert_eq!(config.policy.unwrap().network_http[0].host, HostPattern::Any);
    assert_eq!(config.secrets["key"], Secret::File("/run/secrets/key".into()));
}

#[test]
fn secrets_are_not_shown() {
    check(
        "[secrets]\na = \"hunter2\"\nb = { value = \"hunter2\" }\nc = { env = \"A\", file = \"b\" }\nd = {}\n",
        expect![[r#"
            error[invalid-value]: secret `a` does not say where the secret comes from
              --> jackfield.toml:2:1
               |
             2 | a
               | ^
            help: write { env = "NAME" } or { file = "PATH" }, so that the secret itself stays out of the file

            error[invalid-value]: secret `b` does not say where the secret comes from
              --> jackfield.toml:3:1
               |
             3 | b
               | ^
            help: write { env = "NAME" } or { file = "PATH" }, so that the secret itself stays out of the file

            error[invalid-value]: secret `c` needs either `env` or `file`
              --> jackfield.toml:4:1
               |
             4 | c = { env = "A", file = "b" }
               | ^

            error[invalid-value]: secret `d` needs either `env` or `file`
              --> jackfield.toml:5:1
               |
             5 | d = {}
               | ^"#]],
    );
}

#[test]
fn config_mistakes() {
    check(
        "[plugins]\nprefer = { csv = \"x\", \"format:a\" = 1 }\nfolder = []\n[polcy]\n",
        expect![[r#"
            error[invalid-name]: `csv` does not say what is preferred
              --> jackfield.toml:2:12
               |
             2 | prefer = { csv = "x", "format:a" = 1 }
               |            ^^^
            help: write "format:csv"; kinds are `node`, `format`, `codec`, `service`, `driver`, `validator`, `engine`, `capability` and `extension`

            error[wrong-type]: `format:a` of `plugins.prefer` must be text, not a whole number
              --> jackfield.toml:2:36
               |
             2 | prefer = { csv = "x", "format:a" = 1 }
               |                                    ^
            help: put it in quotes

            error[unknown-key]: unknown key `folder` in `plugins`
              --> jackfield.toml:3:1
               |
             3 | folder = []
               | ^^^^^^
            help: did you mean `folders`?

            error[unknown-key]: unknown key `polcy` in the configuration
              --> jackfield.toml:4:2
               |
             4 | [polcy]
               |  ^^^^^
            help: did you mean `policy`?"#]],
    );
}

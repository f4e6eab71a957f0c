//! HTTP, secrets and sockets.

use std::fs;

use crate::place::{Place, requests};
use crate::server::{Server, start_tls};
use crate::support::text;

#[test]
fn requests_go_where_the_rules_say_and_nowhere_else() {
    let server = Server::start();
    let place = requests(&server);
    let port = server.port;
    let here = |method: &str, path: &str| format!("{method} http://127.0.0.1:{port}{path}");
    let cases = [
        (here("GET", "/v1/hello"), "200 hello", true),
        (here("GET", "/v1/hello?q=1"), "200 hello", true),
        (here("POST", "/v1/rows | rows: 3 | a body"), "200 hello", true),
        (here("GET", "/v1/redirect"), "302*", true),
        (here("GET", "/v1/large"), "200 1048576 bytes", true),
        (here("DELETE", "/v1/hello"), "no: *", false),
        (here("TRACE", "/v1/hello"), "no: *", false),
        (here("GET", "/v2/hello"), "no: *", false),
        (here("GET", "/v1/../v2/hello"), "no: *", false),
        (here("GET", "/v1/%2e%2e/v2/hello"), "no: *", false),
        (here("GET", "/v1/%2e%2e%2fv2"), "no: *", false),
        (here("GET", "http://127.0.0.1/v1/"), "no: *", false),
        (format!("GET http://localhost:{port}/v1/hello"), "no: *", false),
        (format!("GET http://127.1:{port}/v1/hello"), "no: *", false),
        (format!("GET http://2130706433:{port}/v1/hello"), "no: *", false),
        (format!("GET http://[::ffff:127.0.0.1]:{port}/v1/hello"), "no: *", false),
        (format!("GET http://127.0.0.1@127.0.0.1:{port}/v1/hello"), "no: *", false),
        ("GET http://127.0.0.1:9/v1/hello".to_owned(), "no: *", false),
        ("GET https://example.com/v1/".to_owned(), "no: *", false),
        ("GET http://169.254.169.254/v1/".to_owned(), "no: *", false),
        (here("GET", &format!("/v1/{}", "x".repeat(9 << 10))), "no: *", false),
        (here("GET", &format!("/v1/hello | x: {}", "x".repeat(40 << 10))), "no: *", false),
        // Framing and routing are the host's.
        (here("GET", "/v1/hello | host: example.com"), "no: *", false),
        (here("GET", "/v1/hello | transfer-encoding: chunked"), "no: *", false),
        (here("GET", "/v1/hello | proxy-authorization: x"), "no: *", false),
        (here("POST", "/v1/hello | content-length: 3 | a body"), "no: *", false),
        // What comes back is bounded and checked as well.
        (here("GET", "/v1/headers"), "no: *", true),
        (here("GET", "/v1/short"), "200 short and then *", true),
    ];
    for (step, expected, arrives) in &cases {
        let said = place.expect(&[(step, expected)]);
        let asked = server.asked();
        assert_eq!(!asked.is_empty(), *arrives, "{step}: {asked:?} {said}");
        for asked in asked {
            assert!(asked.contains(&format!("\nhost: 127.0.0.1:{port}")), "{asked}");
            assert!(asked.starts_with(&format!("{} /v1/", step.split(' ').next().unwrap())), "{asked}");
        }
    }
    let said = place.expect(&[(&here("DELETE", "/v1/hello"), "no: *")]);
    for part in ["warning[denied]", "DELETE http://127.0.0.1", "methods = [\"DELETE\"]"] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    // What is not a public address has to be said.
    place.manifest(|text| text.replace(", addresses = [\"loopback\"]", ""));
    place.grant(&[]);
    let said = place.expect(&[(&here("GET", "/v1/hello"), "no: *")]);
    assert!(said.contains("at a loopback address") && said.contains("addresses = [\"loopback\"]"), "{said}");
    assert!(server.asked().is_empty());
}

#[test]
fn tls_is_with_the_host_that_was_named() {
    let port = start_tls();
    let mut place = Place::new("requests");
    place.manifest(|text| {
        let rule = |host: &str| {
            format!("{{ host = \"{host}\", ports = [{port}], addresses = [\"loopback\"], reason = \"asks\" }}")
        };
        let head = text.split("[permissions]").next().unwrap();
        format!("{head}[permissions]\nnetwork.http = [{}, {}]\n", rule("localhost"), rule("127.0.0.1"))
    });
    place.grant(&[]);
    let by_name = format!("GET https://localhost:{port}/");
    place.trusted = Some("ca.pem");
    place.expect(&[
        (&by_name, "200 secure"),
        // The certificate is for another name.
        (&format!("GET https://127.0.0.1:{port}/"), "no: *"),
        // There is no plain HTTP behind this port.
        (&format!("GET http://localhost:{port}/"), "no: *"),
    ]);
    // Nobody vouches for it.
    place.trusted = Some("README.md");
    place.expect(&[(&by_name, "no: *")]);
}

#[test]
fn a_request_ends_with_the_call_that_waits_for_it() {
    let server = Server::start();
    let place = requests(&server);
    place.pipeline(&[format!("GET http://127.0.0.1:{}/v1/never", server.port)], "");
    let pipeline = fs::read_to_string(place.path("pipeline.toml")).unwrap();
    fs::write(place.path("pipeline.toml"), pipeline + "\n[limits]\ncall-timeout = \"300ms\"\n").unwrap();
    let output = place.run(&["run", "pipeline.toml"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("call-timeout"), "{}", text(&output));
}

#[test]
fn secrets_are_seen_by_the_host_they_are_for_and_by_nobody_else() {
    let server = Server::start();
    let place = requests(&server);
    let port = server.port;
    let config = "[secrets]\ntoken = { env = \"JACKFIELD_TEST_TOKEN\" }\n";
    fs::write(place.path("operator.toml"), config).unwrap();
    let with = |step: &str| {
        place.pipeline(&[step.to_owned()], "");
        let output = place.run(&["run", "pipeline.toml", "--config", "operator.toml"]);
        assert!(output.status.success(), "{}", text(&output));
        (fs::read_to_string(place.path("out.jsonl")).unwrap(), text(&output))
    };
    let step = |path: &str, header: &str| format!("GET http://127.0.0.1:{port}/v1/{path} | authorization: {header}");
    let (seen, said) = with(&step("hello", "Bearer ${secret:token}"));
    let asked = server.asked().concat();
    assert!(asked.contains("authorization: Bearer hunter2"), "{asked}");
    assert!(!seen.contains("hunter2") && !said.contains("hunter2"), "{seen} {said}");
    for (header, words) in [("${secret:other}", "secret other for 127.0.0.1"), ("x", "")] {
        let (seen, said) = with(&step("hello", header));
        assert!(said.contains(words), "{said}");
        assert_eq!(seen.contains("no: "), !words.is_empty(), "{seen}");
        assert_eq!(server.asked().is_empty(), !words.is_empty());
    }
    // The variable that it comes from is no way around.
    let files = Place::new("files");
    files.manifest(|text| text.replace("\"ABSENT\"", "\"JACKFIELD_TEST_TOKEN\""));
    files.grant(&["--only", "env JACKFIELD_TEST_TOKEN"]);
    files.make("operator.toml", config);
    files.pipeline(&["env JACKFIELD_TEST_TOKEN".to_owned()], "");
    let output = files.run(&["run", "pipeline.toml", "--config", "operator.toml"]);
    assert!(output.status.success() && text(&output).contains("the variable holds a secret"), "{}", text(&output));
    assert!(fs::read_to_string(files.path("out.jsonl")).unwrap().contains("\"unset\""));
    // In a URL it would end up in logs.
    let (seen, _) = with(&format!("GET http://127.0.0.1:{port}/v1/${{secret:token}}"));
    assert!(seen.contains("no: ") && server.asked().is_empty(), "{seen}");
    // For another host than the one it is granted for.
    place.manifest(|text| text.replace("hosts = [\"127.0.0.1\"]", "hosts = [\"api.example.com\"]"));
    place.grant(&[]);
    let (seen, said) = with(&step("hello", "Bearer ${secret:token}"));
    assert!(seen.contains("no: ") && server.asked().is_empty(), "{seen}");
    assert!(said.contains("secrets = [{ name = \\\"token\\\"") || said.contains("name = \"token\""), "{said}");
    // Without a configuration there is nothing to fill in.
    place.manifest(|text| text.replace("hosts = [\"api.example.com\"]", "hosts = [\"127.0.0.1\"]"));
    place.grant(&[]);
    let said = place.expect(&[(&step("hello", "Bearer ${secret:token}"), "no: *")]);
    assert!(said.contains("not configured") && server.asked().is_empty(), "{said}");
}

#[test]
fn connections_go_where_the_rules_say_and_nowhere_else() {
    let server = Server::start();
    let place = Place::new("connects");
    let port = server.port;
    place.manifest(|text| text.replace("port = 80", &format!("port = {port}")));
    place.grant(&[]);
    let here = format!("connect 127.0.0.1:{port}");
    let said = place.expect(&[
        (&here, "welcome"),
        ("connect 127.0.0.1:9", "no: *"),
        (&format!("connect localhost:{port}"), "no: *"),
        (&format!("connect [::1]:{port}"), "no: *"),
        ("connect 169.254.169.254:80", "no: *"),
        ("connect example.com:443", "no: *"),
        ("listen 127.0.0.1:0", "no: *"),
        ("listen 0.0.0.0:0", "no: *"),
        ("udp 127.0.0.1:0", "no: *"),
    ]);
    assert!(said.contains("connecting to 127.0.0.1 port 9") && said.contains("network.socket"), "{said}");
    assert!(said.contains("looking up example.com"), "{said}");
    // By name: looked up, and connected to what it resolves to.
    place.manifest(|text| text.replace("host = \"127.0.0.1\"", "host = \"localhost\""));
    place.grant(&[]);
    place.expect(&[(&format!("connect localhost:{port}"), "welcome"), ("connect example.com:443", "no: *")]);
    // And not if it resolves to an address of a kind that nobody has granted.
    place.manifest(|text| text.replace(", addresses = [\"loopback\"]", ""));
    place.grant(&[]);
    place.expect(&[(&format!("connect localhost:{port}"), "no: *"), (&here, "no: *")]);
}

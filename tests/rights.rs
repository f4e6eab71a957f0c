//! What plugins may do is what was granted, and nothing beyond that: files, variables, time, randomness, HTTP, sockets and
//! secrets, used by guests that try more than they should.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

mod support;

use support::{fresh_state, jackfield, set_down, text};

/// A folder in which a guest is installed, with a state of its own.
struct Place {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
    guest: &'static str,
    /// The file of `tests/tls` whose certificates are trusted.
    trusted: Option<&'static str>,
}

impl Place {
    fn new(guest: &'static str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        set_down(guest, folder.path());
        fs::write(folder.path().join("in.csv"), "x\n1\n").unwrap();
        Place { folder, state: fresh_state(), guest, trusted: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn manifest(&self, change: impl Fn(String) -> String) {
        let path = self.path(&format!("plugins/{}/plugin.toml", self.guest));
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = jackfield(self.folder.path());
        command.env("JACKFIELD_STATE", self.state.path()).env("JACKFIELD_PLUGINS", self.path("plugins"));
        command.env("GREETING", "good day").env("JACKFIELD_TEST_TOKEN", "hunter2");
        if let Some(file) = self.trusted {
            command.env("SSL_CERT_FILE", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(file));
        }
        command.args(arguments).output().unwrap()
    }

    #[track_caller]
    fn grant(&self, arguments: &[&str]) {
        let output = self.run(&[&["plugin", "grant", self.guest][..], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }

    /// Grants the guest `files` all that it asks for.
    fn grant_files(&self) {
        fs::create_dir_all(self.path("out")).unwrap();
        self.make("maps/a.txt", "the map of a\n");
        self.make("one.txt", "only this\n");
        let path = |guest: &str, name: &str| format!("{guest}={}", self.path(name).display());
        let (geo, one, out) = (path("/geo", "maps"), path("/one.txt", "one.txt"), path("/out", "out"));
        self.grant(&["--path", &geo, "--path", &one, "--path", &out]);
    }

    fn pipeline(&self, steps: &[String], more: &str) {
        let steps: Vec<String> = steps.iter().map(|step| toml::Value::String(step.clone()).to_string()).collect();
        let pipeline = format!(
            "{more}\n[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"{}\"\ninput = \"a\"\n\
             params = {{ steps = [{}] }}\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n",
            self.guest,
            steps.join(", ")
        );
        fs::write(self.path("pipeline.toml"), pipeline).unwrap();
    }

    /// What came of each step, and all that was printed.
    #[track_caller]
    fn steps(&self, steps: &[String], more: &str) -> (Vec<String>, String) {
        self.pipeline(steps, more);
        let output = self.run(&["run", "pipeline.toml"]);
        assert!(output.status.success(), "{}", text(&output));
        let rows = fs::read_to_string(self.path("out.jsonl")).unwrap();
        let seen = rows.lines().map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            row["seen"].as_str().unwrap().to_owned()
        });
        (seen.collect(), text(&output))
    }

    #[track_caller]
    fn expect(&self, cases: &[(&str, &str)]) -> String {
        let steps: Vec<String> = cases.iter().map(|(step, _)| (*step).to_owned()).collect();
        let (seen, said) = self.steps(&steps, "");
        for ((step, expected), seen) in cases.iter().zip(&seen) {
            let fits = match expected.strip_suffix('*') {
                Some(start) => seen.starts_with(start),
                None => seen == expected,
            };
            assert!(fits, "{step}: expected {expected}, seen {seen}\n{said}");
        }
        said
    }
}

#[test]
fn files_that_were_granted_are_there_and_nothing_else_is() {
    let place = Place::new("files");
    place.make("secret.txt", "nobody's business\n");
    place.grant_files();
    std::os::unix::fs::symlink("../secret.txt", place.path("maps/up")).unwrap();
    std::os::unix::fs::symlink(place.path("secret.txt"), place.path("maps/absolute")).unwrap();
    std::os::unix::fs::symlink("a.txt", place.path("maps/inside")).unwrap();
    let said = place.expect(&[
        ("read /geo/a.txt", "the map of a"),
        ("read /geo/./a.txt", "the map of a"),
        ("read /geo/inside", "the map of a"),
        ("list /geo", "a.txt absolute inside up"),
        ("read /geo/up", "no: *"),
        ("read /geo/absolute", "no: *"),
        ("read /geo/../secret.txt", "no: *"),
        ("read /secret.txt", "no: *"),
        ("read /etc/passwd", "no: *"),
        ("list /", "no: *"),
        ("write /geo/a.txt x", "no: *"),
        ("append /geo/a.txt x", "no: *"),
        ("remove /geo/a.txt", "no: *"),
        ("rename /geo/a.txt /geo/b.txt", "no: *"),
        ("rename /geo/a.txt /out/a.txt", "no: *"),
        ("link /geo/a.txt /out/a.txt", "no: *"),
        ("mkdir /geo/new", "no: *"),
        // A file that was granted has no neighbours.
        ("read /one.txt", "only this"),
        ("stat /one.txt", "10"),
        ("list /one.txt", "no: *"),
        ("read /one.txt/../secret.txt", "no: *"),
        ("read /one.txt/secret.txt", "no: *"),
        ("write /one.txt x", "no: *"),
        ("write /out/b.txt hello", "done"),
        ("append /out/b.txt  again", "done"),
        ("read /out/b.txt", "hello again"),
        ("mkdir /out/folder", "done"),
        ("rename /out/b.txt /out/folder/c.txt", "done"),
        ("read /out/folder/c.txt", "hello again"),
        // Links that somebody else could be led out by are not made.
        ("symlink /out/evil ../../../etc/passwd", "no: *"),
        ("symlink /out/evil /etc/passwd", "no: *"),
    ]);
    assert_eq!(fs::read_to_string(place.path("out/folder/c.txt")).unwrap(), "hello again");
    assert_eq!(fs::read_to_string(place.path("maps/a.txt")).unwrap(), "the map of a\n");
    assert!(said.contains("warning[denied]") && said.contains("filesystem.write"), "{said}");
}

#[test]
fn quotas_hold_whatever_is_written_how() {
    for steps in [
        &[("fill /out/a 60000", "done"), ("fill /out/b 10000", "no: *")][..],
        &[("fill /out/a 70000", "no: *")],
        &[("fill /out/a 100", "done"), ("grow /out/a 1000000000", "no: *"), ("grow /out/a 200", "done")],
        // An entry counts, even if there is nothing in it.
        &[("many /out 1000", "16")],
        // What was written stays written: removing gives nothing back.
        &[("fill /out/a 55000", "done"), ("remove /out/a", "done"), ("fill /out/a 55000", "no: *")],
    ] {
        let place = Place::new("files");
        place.grant_files();
        let said = place.expect(steps);
        assert!(said.contains("64 KiB") || steps[0].0.starts_with("many"), "{said}");
        let written: u64 = fs::read_dir(place.path("out")).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(written <= 64 << 10, "{written}");
    }
}

#[test]
fn nothing_but_files_and_folders_is_opened() {
    let place = Place::new("files");
    place.grant_files();
    let fifo = place.path("maps/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(place.path("maps/socket")).unwrap();
    // A run that opened it would wait for ever.
    place.expect(&[("read /geo/fifo", "no: *"), ("read /geo/socket", "no: *"), ("read /geo/a.txt", "the map of a")]);
}

#[test]
fn time_randomness_and_variables_are_real_only_where_granted() {
    let place = Place::new("files");
    place.grant_files();
    let steps = ["env GREETING", "env ABSENT", "env HOME", "variables", "clock", "random"].map(str::to_owned);
    let (first, _) = place.steps(&steps, "");
    assert_eq!(first[..5], ["good day", "unset", "unset", "1", "real"], "{first:?}");
    let (second, _) = place.steps(&steps, "");
    assert_ne!(first[5], second[5], "real randomness");
    // A pipeline that is to give the same result each time gets neither.
    let (one, _) = place.steps(&steps, "deterministic = true");
    let (other, _) = place.steps(&steps, "deterministic = true");
    assert_eq!(one, other);
    assert_eq!(one[4], "frozen");

    let place = Place::new("files");
    place.grant(&["--only", "env GREETING"]);
    let (one, _) = place.steps(&steps, "deterministic = true");
    let (other, _) = place.steps(&steps, "deterministic = true");
    assert_eq!(one, other);
    assert_eq!(one[0], "good day");
    let (bare, _) = place.steps(&["read /geo/a.txt".to_owned(), "random".to_owned()], "");
    assert!(bare[0].starts_with("no: "), "{bare:?}");
    assert_eq!(bare[1], one[5], "without the right it is always the same");
}

#[test]
fn what_is_not_granted_does_not_run_and_the_message_says_how_to_grant_it() {
    let place = Place::new("files");
    for folder in ["maps", "out"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    place.pipeline(&["clock".to_owned()], "");
    for arguments in [&["run", "pipeline.toml"][..], &["check", "pipeline.toml"]] {
        let denied = place.run(arguments);
        let said = text(&denied);
        assert_eq!(denied.status.code(), Some(4), "{said}");
        for part in [
            "error[plugin-not-granted]: plugin files 0.1.0",
            "asks    filesystem.read /geo: the maps",
            "asks    filesystem.write /out quota 64KiB: the results",
            "jackfield plugin grant files --path /geo=/geo --path /one.txt=/one.txt --path /out=/out",
        ] {
            assert!(said.contains(part), "`{part}` is not in {said}");
        }
    }
    // The command as it is printed needs the places to exist; with others it does what it says.
    let wrong = place.run(&["plugin", "grant", "files"]);
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong));
    assert_eq!(text(&wrong).matches("error[grant-path]").count(), 3, "{}", text(&wrong));
    place.grant_files();
    place.expect(&[("clock", "real")]);

    // Another manifest is another plugin: it is refused until it is granted, with the difference in view.
    place.manifest(|text| {
        text.replace("\"ABSENT\"]", "\"ABSENT\", \"HOME\"]").replace("clock = { reason = \"stamps rows\" }\n", "")
    });
    let denied = place.run(&["run", "pipeline.toml"]);
    let said = text(&denied);
    assert_eq!(denied.status.code(), Some(4), "{said}");
    assert!(said.contains("is not the one that was granted (version 0.1.0)"), "{said}");
    assert!(said.contains("+ asks  env HOME\n") && said.contains("- asks  clock\n"), "{said}");
    assert!(said.contains(&format!("--path /geo={}", place.path("maps").canonicalize().unwrap().display())), "{said}");
    // The same places as before need not be said again.
    place.grant(&[]);
    place.expect(&[("clock", "frozen")]);
    let revoked = place.run(&["plugin", "revoke", "files"]);
    assert!(revoked.status.success() && text(&revoked).contains("revoked files 0.1.0"), "{}", text(&revoked));
    assert_eq!(place.run(&["run", "pipeline.toml"]).status.code(), Some(4));
}

#[test]
fn a_policy_takes_away_and_never_adds() {
    let place = Place::new("files");
    place.grant_files();
    let steps = ["clock", "env GREETING", "read /geo/a.txt", "write /out/x y"].map(str::to_owned);
    let (all, _) = place.steps(&steps, "");
    assert_eq!(all, ["real", "good day", "the map of a", "done"]);
    let top = place.folder.path().canonicalize().unwrap();
    let policy = format!("[policy]\nclock = true\nfilesystem.read = [{{ path = \"{}/maps\" }}]\n", top.display());
    fs::write(place.path("jackfield.toml"), policy).unwrap();
    let (some, said) = place.steps(&steps, "");
    assert_eq!((some[0].as_str(), some[1].as_str(), some[2].as_str()), ("real", "unset", "the map of a"), "{said}");
    assert!(some[3].starts_with("no: ") && said.contains("warning[policy-narrows]"), "{said}");
    let info = place.run(&["plugin", "info", "files"]);
    assert!(text(&info).contains("granted, but not allowed by [policy]"), "{}", text(&info));
    // A smaller quota holds.
    let policy = format!("[policy]\nfilesystem.write = [{{ path = \"{}/out\", quota = \"8KiB\" }}]\n", top.display());
    fs::write(place.path("jackfield.toml"), policy).unwrap();
    place.expect(&[("clock", "frozen"), ("fill /out/big 9000", "no: *"), ("read /geo/a.txt", "no: *")]);
}

#[test]
fn places_that_hold_the_hosts_own_things_cannot_be_granted() {
    let place = Place::new("files");
    place.grant_files();
    fs::create_dir_all(place.path("other")).unwrap();
    fs::create_dir_all(place.path("plugins/other")).unwrap();
    let state = place.state.path().display().to_string();
    let around = place.folder.path().display().to_string();
    let (maps, inside) = (place.path("maps").display().to_string(), place.path("maps/deep"));
    fs::create_dir_all(&inside).unwrap();
    let other = place.path("plugins/other").display().to_string();
    for (guest, host) in [
        ("/geo", "/"),
        ("/geo", "/proc"),
        ("/geo", "/proc/self"),
        ("/geo", "/sys"),
        ("/geo", "/dev"),
        ("/geo", &state),
        ("/geo", &around),
        ("/geo", &other),
        ("/out", &maps),
        ("/out", &inside.display().to_string()),
        ("/nowhere", &maps),
        ("/geo", "/does/not/exist"),
    ] {
        let path = format!("{guest}={host}");
        let output = place.run(&["plugin", "grant", "files", "--path", &path]);
        assert_eq!(output.status.code(), Some(3), "{path}: {}", text(&output));
    }
    // What was granted and is something else by now is not used.
    place.pipeline(&["clock".to_owned()], "");
    fs::rename(place.path("maps"), place.path("moved")).unwrap();
    std::os::unix::fs::symlink("/", place.path("maps")).unwrap();
    let output = place.run(&["run", "pipeline.toml"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("error[grant-path]"), "{}", text(&output));
}

#[test]
fn what_no_version_gives_yet_is_shown_and_refused() {
    for (asks, right) in [
        ("gpu = true", "gpu"),
        ("memory.unlimited = true", "memory.unlimited"),
        ("exec = [{ command = \"git\", reason = \"history\" }]", "exec git"),
        ("storage = [{ url = \"s3://b/\", reason = \"rows\" }]", "storage s3://b/"),
    ] {
        let place = Place::new("files");
        place.manifest(|text| format!("{}[permissions]\n{asks}\n", text.split("[permissions]").next().unwrap()));
        let output = place.run(&["plugin", "grant", "files"]);
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
        assert!(text(&output).contains("error[permission-not-available]") && text(&output).contains(right));
        let info = text(&place.run(&["plugin", "info", "files"]));
        assert!(info.contains("cannot be granted by this version"), "{info}");
    }
}

/// A server of the tests' own: what was asked of it, and where it listens.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = server.asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = asked.clone();
                std::thread::spawn(move || serve(stream, &asked));
            }
        });
        server
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "hello\n" {
            // A client that speaks no HTTP.
            let _ = stream.write_all(b"welcome\n");
            return;
        }
        let line = line.trim_end().to_owned();
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let said = format!("{}\n{}", head.join("\n"), String::from_utf8_lossy(&body));
    asked.lock().unwrap().push(said.clone());
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let answer = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{more}\r\n{body}", body.len())
    };
    let answer = match path.as_str() {
        "/v1/redirect" => answer("302 Found", "location: /v1/hello\r\n", ""),
        "/v1/headers" => answer("200 OK", &format!("x-large: {}\r\n", "x".repeat(64 << 10)), "x"),
        "/v1/short" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_owned(),
        "/v1/never" => {
            // Until the client goes.
            let _ = stream.read(&mut [0]);
            return;
        }
        "/v1/large" => answer("200 OK", "", &"x".repeat(1 << 20)),
        _ => answer("200 OK", "", "hello"),
    };
    let _ = stream.write_all(answer.as_bytes());
}

/// The guest `requests`, granted for a server.
fn requests(server: &Server) -> Place {
    let place = Place::new("requests");
    place.manifest(|text| text.replace("ports = [80]", &format!("ports = [{}]", server.port)));
    place.grant(&[]);
    fs::write(place.path("jackfield.toml"), "").unwrap();
    place
}

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

/// A server that speaks TLS as `localhost`; gives its port.
fn start_tls() -> u16 {
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let certificate = CertificateDer::from_pem_file(file("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("localhost.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            // A client that does not believe the certificate goes away.
            let mut head = [0; 4096];
            if stream.read(&mut head).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
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

#[test]
fn an_audit_tells_what_was_used_and_what_would_have_been_enough() {
    let place = Place::new("files");
    place.grant_files();
    place.expect(&[("read /geo/a.txt", "the map of a"), ("clock", "real"), ("write /geo/x y", "no: *")]);
    let audit = place.run(&["plugin", "audit", "files"]);
    let said = text(&audit);
    for part in [
        "filesystem.read /geo: the maps\n      granted; used: read",
        "filesystem.write /out quota 64KiB: the results\n      granted; never used",
        "wasi:clocks",
        "as granted: clock",
        "filesystem.write: writing to /geo (1 times)",
        "filesystem.read = [{ path = \"/geo\", reason = \"the maps\" }]",
        "clock = { reason = \"stamps rows\" }",
    ] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    let server = Server::start();
    let place = requests(&server);
    place.expect(&[(&format!("GET http://127.0.0.1:{}/v1/a", server.port), "200 hello")]);
    let output = place.run(&["plugin", "audit", "requests", "--json"]);
    let audit: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(audit["requests"][0]["path"], "/v1/a", "{audit}");
    assert_eq!(audit["rights"][0]["used"], "1 kind of request", "{audit}");
    let minimal = audit["minimal"].as_str().unwrap();
    assert!(minimal.contains("methods = [\"GET\"], paths = [\"/v1/\"], addresses = [\"loopback\"]"), "{minimal}");
}

/// A file tree as a plugin in a cage of its own would see it.
#[derive(Clone, Debug)]
enum Model {
    File(String),
    Folder(BTreeMap<String, Model>),
}

impl Model {
    fn empty() -> Model {
        Model::Folder(BTreeMap::new())
    }

    /// What lies at a path below the cage's top, which `..` does not leave. `None`: nothing, or it leads out.
    fn at(&mut self, path: &[&str]) -> Option<&mut Model> {
        let mut trail: Vec<String> = Vec::new();
        for (number, part) in path.iter().enumerate() {
            // Each part before the last has to be a folder, also where the next one leads back.
            let here = self.plain(&trail)?;
            let Model::Folder(entries) = here else { return None };
            match *part {
                "." => {}
                ".." => drop(trail.pop()?),
                name if entries.contains_key(name) || number + 1 == path.len() => trail.push(name.to_owned()),
                _ => return None,
            }
        }
        self.plain(&trail)
    }

    fn plain(&mut self, trail: &[String]) -> Option<&mut Model> {
        let mut here = self;
        for part in trail {
            let Model::Folder(entries) = here else { return None };
            here = entries.get_mut(part)?;
        }
        Some(here)
    }

    fn carry_out(&mut self, verb: &str, path: &str) -> Option<String> {
        let inside = path.strip_prefix("/out")?;
        let parts: Vec<&str> = inside.split('/').filter(|part| !part.is_empty()).collect();
        match verb {
            "read" => match self.at(&parts)? {
                Model::File(text) => Some(text.clone()),
                Model::Folder(_) => None,
            },
            "list" => match self.at(&parts)? {
                Model::Folder(entries) => Some(entries.keys().cloned().collect::<Vec<_>>().join(" ")),
                Model::File(_) => None,
            },
            "write" | "mkdir" | "remove" => {
                let (last, before) = parts.split_last()?;
                if matches!(*last, "." | "..") {
                    return None;
                }
                let Model::Folder(entries) = self.at(before)? else { return None };
                let made = match (verb, entries.get(*last)) {
                    ("write", Some(Model::Folder(_))) | ("mkdir", Some(_)) => return None,
                    ("remove", Some(Model::File(_))) => {
                        entries.remove(*last);
                        return Some("done".to_owned());
                    }
                    ("remove", _) => return None,
                    ("write", _) => Model::File("new".to_owned()),
                    _ => Model::empty(),
                };
                entries.insert((*last).to_owned(), made);
                Some("done".to_owned())
            }
            _ => None,
        }
    }
}

fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "c", ".", "..", "..", "out", "secret.txt"]);
    let top = prop::sample::select(vec!["/out", "/out", "/out", "/out", "", "/", "/geo", "/etc"]);
    (top, prop::collection::vec(part, 0..5)).prop_map(|(top, parts)| {
        parts
            .iter()
            .fold(top.to_owned(), |path, part| if path.ends_with('/') { path + part } else { format!("{path}/{part}") })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever paths a plugin makes up, it sees what it would see in a cage with nothing but the granted folder in it.
    #[test]
    fn a_granted_folder_is_a_cage(
        steps in prop::collection::vec((prop::sample::select(vec!["read", "list", "write", "mkdir", "remove"]), paths()), 1..40)
    ) {
        let place = Place::new("files");
        place.make("secret.txt", "nobody's business");
        fs::create_dir_all(place.path("out")).unwrap();
        place.manifest(|text| text.replace("quota = \"64KiB\"", "quota = \"64MiB\""));
        let out = format!("/out={}", place.path("out").display());
        place.grant(&["--path", &out, "--only", "filesystem.write /out quota 64MiB"]);
        let mut cage = Model::empty();
        let typed: Vec<String> = steps
            .iter()
            .map(|(verb, path)| if *verb == "write" { format!("{verb} {path} new") } else { format!("{verb} {path}") })
            .collect();
        let (seen, _) = place.steps(&typed, "");
        for ((verb, path), seen) in steps.iter().zip(seen) {
            match cage.carry_out(verb, path) {
                Some(expected) => prop_assert_eq!(&seen, &expected, "{} {}", verb, path),
                None => prop_assert!(seen.starts_with("no: "), "{} {}: {}", verb, path, seen),
            }
        }
        prop_assert_eq!(fs::read_to_string(place.path("secret.txt")).unwrap(), "nobody's business");
        prop_assert!(!Path::new("/etc/a").exists());
    }
}

//! N with a grant: requests and connections go where the rules say, and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::server::Server;

/// A rule of `network.http` besides its host and port.
const LOOPBACK: &str = "methods = [\"GET\", \"POST\"], paths = [\"/v1/\"], addresses = [\"loopback\"]";

/// The guest `requests` with these rules of `network.http`, all granted.
fn requests(steps: &[&str], rules: &[String]) -> Case {
    let rules = rules.join(", ");
    let asks = move |text: String| {
        let head = text.split("[permissions]").next().unwrap();
        format!("{head}[permissions]\nnetwork.http = [{rules}]\n")
    };
    Case::granted("requests", steps, asks, |_| Vec::new())
}

fn rule(host: &str, port: u16, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!("{more}, ") };
    format!("{{ host = \"{host}\", ports = [{port}], {more}reason = \"asks\" }}")
}

#[test]
fn n01_not_listed() {
    let server = Server::start();
    let port = server.port;
    let other = format!("GET http://localhost:{port}/v1/hello");
    let steps = [other.as_str(), "GET https://example.com/v1/", "POST https://example.com/"];
    let ran = requests(&steps, &[rule("127.0.0.1", port, LOOPBACK)]).run();
    ran.seen(&["no: *"; 3]);
    ran.denied("network.http", "GET https://example.com/v1/", "network.http = [{ host = \"example.com\"");
    ran.denied("network.http", "POST https://example.com/", "methods = [\"POST\"]");
    assert!(server.asked().is_empty());
}

#[test]
fn n02_metadata() {
    // Every host is granted, and still only public addresses are.
    let steps = [
        "GET http://169.254.169.254/latest/meta-data/",
        "GET http://[::ffff:169.254.169.254]/latest/",
        "GET http://[fd00:ec2::254]/latest/",
        "GET http://[64:ff9b::a9fe:a9fe]/latest/",
        "GET http://2852039166/latest/",
        "GET http://0xa9fea9fe/latest/",
        "GET http://0251.0376.0251.0376/latest/",
        "GET http://169.254.43518/latest/",
        "GET http://169.254.169.254./latest/",
    ];
    let ran = requests(&steps, &[rule("*", 80, "")]).run();
    ran.seen(&["no: *"; 9]);
    let fix = "addresses = [\"metadata\"]";
    ran.denied("network.http", "GET http://169.254.169.254/latest/meta-data/ at a metadata address", fix);
    ran.denied("network.http", "GET http://[::ffff:169.254.169.254]/latest/ at a metadata address", fix);
    ran.denied("network.http", "GET http://[fd00:ec2::254]/latest/ at a metadata address", fix);
    // Notations that some resolvers take for addresses are no hosts.
    for odd in ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"] {
        ran.denied("network.http", odd, "in its usual notation");
    }
    ran.within(Duration::from_secs(10));
}

/// A library that answers look-ups of `rebind.test` in turn, in place of the system's; and the log of them.
fn resolver(folder: &Path) -> (PathBuf, PathBuf) {
    let (source, library, log) = (folder.join("dns.c"), folder.join("dns.so"), folder.join("dns.log"));
    fs::write(&source, include_str!("dns.c")).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let status = compiler.status().expect("a C compiler is there: Rust links with it");
    assert!(status.success());
    (library, log)
}

#[test]
fn n03_rebinding() {
    let server = Server::start();
    let here = format!("GET http://rebind.test:{}/v1/hello", server.port);
    let case = requests(&[&here, &here], &[rule("rebind.test", server.port, LOOPBACK)]);
    let (library, log) = resolver(case.path());
    // An address that is granted first, then one that is not: a look at the first would allow the second.
    let case = case.variable("LD_PRELOAD", &library).variable("DNS_LOG", &log);
    let ran = case.variable("DNS_ANSWERS", Path::new("127.0.0.1 10.0.0.1 127.0.0.1 10.0.0.1")).run();
    ran.seen(&["200 hello", "no: *"]);
    ran.denied("network.http", "at a private address", "addresses = [\"private\"]");
    // Each request asked once, and connected to what it was told.
    assert_eq!(fs::read_to_string(ran.file("dns.log")).unwrap(), "127.0.0.1\n10.0.0.1\n127.0.0.1\n10.0.0.1\n");
    assert_eq!(server.asked().len(), 2, "one in each of two runs");
}

#[test]
fn n03_rebinding_to_this_machine() {
    let server = Server::start();
    let here = format!("GET http://rebind.test:{}/v1/hello", server.port);
    let case = requests(&[&here], &[rule("rebind.test", server.port, "paths = [\"/v1/\"]")]);
    let (library, log) = resolver(case.path());
    let case = case.variable("LD_PRELOAD", &library).variable("DNS_LOG", &log);
    let ran = case.variable("DNS_ANSWERS", Path::new("127.0.0.1 127.0.0.1")).run();
    ran.seen(&["no: *"]);
    ran.denied("network.http", "at a loopback address", "addresses = [\"loopback\"]");
    assert!(server.asked().is_empty());
}

#[test]
fn n04_redirect() {
    let server = Server::start();
    let port = server.port;
    let steps = [format!("GET http://127.0.0.1:{port}/v1/elsewhere"), "GET http://127.0.0.1:1/v1/hello".to_owned()];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let ran = requests(&steps, &[rule("127.0.0.1", port, LOOPBACK)]).run();
    // The plugin sees the redirect; that it follows it is another request, which is looked at like any other.
    ran.seen(&["302*", "no: *"]);
    ran.denied("network.http", "GET http://127.0.0.1:1/v1/hello", "ports = [1]");
    assert_eq!(server.asked().len(), 2, "one in each of two runs");
}

#[test]
fn n06_userinfo_and_port() {
    let server = Server::start();
    let port = server.port;
    let steps = [
        format!("GET http://allowed.test@127.0.0.1:{port}/v1/hello"),
        format!("GET http://allowed.test:80@127.0.0.1:{port}/v1/hello"),
        format!("GET http://127.0.0.1:{port}@allowed.test/v1/hello"),
        format!("GET http://127.0.0.1:{}/v1/hello", port ^ 1),
        "GET http://127.0.0.1/v1/hello".to_owned(),
        format!("GET http://allowed.test:{port}#@127.0.0.1/v1/hello"),
        format!("GET http://127.0.0.1:0{port}0/v1/hello"),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let rules = [rule("allowed.test", port, LOOPBACK), rule("127.0.0.1", 9, LOOPBACK)];
    let ran = requests(&steps, &rules).run();
    ran.seen(&["no: *"; 7]);
    ran.denied("network.http", "allowed.test@127.0.0.1", "without user names");
    ran.denied("network.http", &format!("GET http://127.0.0.1:{}/v1/hello", port ^ 1), "ports = [");
    assert!(server.asked().is_empty());
}

#[test]
fn n07_smuggling() {
    let server = Server::start();
    let here = |more: &str| format!("POST http://127.0.0.1:{}/v1/rows | {more}", server.port);
    let steps = [
        here("content-length: 3 | a longer body"),
        here("content-length: 100 | short"),
        here("content-length: 3 | content-length: 30 | a body"),
        here("transfer-encoding: chunked | 0"),
        here("transfer-encoding: identity | content-length: 1 | x"),
        here("connection: upgrade | x"),
        here("host: 127.0.0.1:1 | x"),
        here("x: a\r\ntransfer-encoding: chunked | x"),
        here("x: a\ny: b | x"),
        format!("POST http://127.0.0.1:{}/v1/rows\r\nx:y\r\n\r\n | x", server.port),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let ran = requests(&steps, &[rule("127.0.0.1", server.port, LOOPBACK)]).run();
    ran.seen(&["no: *"; 10]);
    assert_eq!(server.asked(), Vec::<String>::new(), "a request arrived whole");
}

#[test]
fn n09_slow_loris() {
    let server = Server::start();
    let step = format!("GET http://127.0.0.1:{}/v1/drip", server.port);
    let ran = requests(&[&step], &[rule("127.0.0.1", server.port, LOOPBACK)]).run();
    // A byte in a second is below the least rate, and after five seconds of grace it is over.
    ran.seen(&["200 x*"]);
    assert!(ran.output().contains("and then"), "{}", ran.output());
    ran.within(Duration::from_secs(10 * 5));
}

#[test]
fn n09_slow_loris_of_a_guest() {
    let server = Server::start();
    // It takes the head, never reads the body, and sleeps.
    let step = format!("hold GET http://127.0.0.1:{}/v1/large", server.port);
    let rules = [rule("127.0.0.1", server.port, LOOPBACK)];
    let ran = requests(&[&step], &rules).limit("call-timeout = \"300ms\"").run();
    ran.stopped("requests", "call-timeout", "300ms").within(Duration::from_secs(10));
}

#[test]
fn n10_sockets() {
    let server = Server::start();
    let port = server.port;
    let other = format!("connect 127.0.0.1:{}", port ^ 1);
    let here = format!("connect 127.0.0.1:{port}");
    let steps = [
        "listen 127.0.0.1:0",
        "listen 0.0.0.0:8080",
        "udp 127.0.0.1:0",
        "udp [::]:0",
        "connect example.com:443",
        &other,
        &here,
    ];
    let asks = move |text: String| text.replace("port = 80", &format!("port = {port}"));
    let ran = Case::granted("connects", &steps, asks, |_| Vec::new()).run();
    let no = "no: *";
    ran.seen(&[no, no, no, no, no, no, "welcome"]);
    ran.denied("network.socket", "listening at 127.0.0.1:0", "only by TCP");
    ran.denied("network.socket", "making a UDP socket", "only by TCP");
    ran.denied("network.socket", "looking up example.com", "host = \"example.com\"");
    ran.denied("network.socket", &format!("connecting to 127.0.0.1 port {}", port ^ 1), "port = ");
}

//! F and N without any grant: nothing of the machine can be reached.

use crate::case::Case;
use crate::wat::Node;

/// The guest tries, and fails with `accepted` where something worked.
fn denied(case: &str) {
    let ran = Case::node("corpus", "corpus", &format!("{{ case = \"{case}\" }}")).run();
    assert_eq!(ran.output().lines().count(), 4, "{case}");
}

#[test]
fn f01_dotdot_without_a_grant() {
    denied("f01-dotdot");
}

#[test]
fn f02_abs_link_without_a_grant() {
    denied("f02-abs-link");
}

#[test]
fn f03_rel_link_without_a_grant() {
    denied("f03-rel-link");
}

#[test]
fn f05_disk_fill_without_a_grant() {
    denied("f05-disk-fill");
}

#[test]
fn f06_fifo_without_a_grant() {
    denied("f06-fifo");
}

#[test]
fn f08_ro_write_without_a_grant() {
    denied("f08-ro-write");
}

#[test]
fn n01_http_without_a_permission() {
    let import = r#"(component (import "wasi:http/outgoing-handler@0.2.6" (instance)))"#;
    let ran = Case::evil(&wat::parse_str(import).unwrap()).run();
    ran.refused("import-not-permitted", &["wasi:http/outgoing-handler", "network.http", "[permissions]"]);
}

#[test]
fn n10_sockets_without_a_permission() {
    for interface in ["instance-network", "tcp", "udp", "tcp-create-socket", "udp-create-socket", "ip-name-lookup"] {
        let import = format!(r#"(component (import "wasi:sockets/{interface}@0.2.6" (instance)))"#);
        let ran = Case::evil(&wat::parse_str(import).unwrap()).run();
        ran.refused("import-not-permitted", &[interface, "network.socket"]);
    }
}

#[test]
fn p01_secrets_and_environment_without_a_grant() {
    denied("p01-surroundings");
}

#[test]
fn a_plugin_without_harm_runs() {
    // What the other tests compare with.
    let ran = Case::evil(&Node { bind: crate::wat::BINDS_OUT, ..Node::default() }.bytes()).run();
    assert!(ran.succeeded());
}

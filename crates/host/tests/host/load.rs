//! Bytes that are refused before they become code.

use std::fmt::Write;
use std::time::{Duration, Instant};

use jackfield_host::{LoadError, inspect};

use super::guest::{Node, component, engine};

fn refused(bytes: &[u8]) -> LoadError {
    let start = Instant::now();
    let error = engine().load(bytes, "evil.wasm").unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    error
}

#[test]
fn a_component_tells_what_it_is() {
    let bytes = Node::default().bytes();
    let inspection = inspect(&bytes).unwrap();
    assert!(inspection.provides.node && !inspection.provides.format);
    assert_eq!(inspection.api_version.as_deref(), Some("0.1.0"));
    let component = engine().load(&bytes, "guest").unwrap();
    assert!(component.exports().node);
    assert_eq!(component.digest().len(), 64);
}

#[test]
fn what_is_no_component_is_told_apart() {
    for (bytes, words) in [
        (wat::parse_str("(module)").unwrap(), "core module"),
        (b"\x7fELF and so on".to_vec(), "compiled code"),
        (b"hello".to_vec(), "does not start like WebAssembly"),
        (Vec::new(), "does not start like WebAssembly"),
    ] {
        let error = refused(&bytes);
        assert!(matches!(error, LoadError::NotAComponent { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.help().unwrap().contains("wasm32-wasip2"));
    }
}

#[test]
fn cut_and_changed_bytes_are_refused_without_harm() {
    let bytes = Node::default().bytes();
    for length in 8..bytes.len() {
        // What is cut at the end of a section may still be a component.
        let _ = engine().load(&bytes[..length], "cut");
    }
    for at in (8..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        // Anything but a crash will do: many changes are harmless.
        let _ = engine().load(&changed, "changed");
    }
}

#[test]
fn components_that_instantiate_each_other_are_refused_at_once() {
    let mut text = String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..9 {
        write!(text, "(component $c{level} (alias outer 1 $c{} (component $x))", level - 1).unwrap();
        text.push_str(&"(instance (instantiate $x))".repeat(10));
        text.push(')');
    }
    text.push_str("(instance (instantiate $c8)))");
    let bytes = wat::parse_str(&text).unwrap();
    assert!(bytes.len() < 1000);
    let error = refused(&bytes);
    assert!(matches!(error, LoadError::Precheck { .. }), "{error}");
}

#[test]
fn deep_nesting_and_huge_functions_are_refused() {
    let deep = "(component ".repeat(40) + &")".repeat(40);
    let error = refused(&wat::parse_str(deep).unwrap());
    assert!(error.to_string().contains("nests deeper"), "{error}");
    let long = format!("(component (core module (func {})))", "(nop)".repeat((1 << 20) + 1));
    let error = refused(&wat::parse_str(long).unwrap());
    assert!(error.to_string().contains("a function of"), "{error}");
}

#[test]
fn an_import_without_permission_is_named() {
    let text = r#"(component (import "wasi:sockets/instance-network@0.2.6" (instance)))"#;
    let error = refused(&wat::parse_str(text).unwrap());
    assert_eq!(
        error.to_string(),
        "evil.wasm imports wasi:sockets/instance-network@0.2.6, which needs the permission `network.socket`, \
         which its manifest does not ask for"
    );
    assert!(error.help().unwrap().contains("[permissions]"));
    let text = r#"(component (import "acme:own/thing@1.0.0" (instance)))"#;
    let error = refused(&wat::parse_str(text).unwrap());
    assert!(error.to_string().ends_with("which no permission gives"), "{error}");
}

#[test]
fn another_version_of_the_interfaces_is_named() {
    let text = r#"(component (import "jackfield:plugin/log@0.7.0" (instance)))"#;
    let error = refused(&wat::parse_str(text).unwrap());
    assert_eq!(
        error.to_string(),
        "evil.wasm was built for jackfield:plugin/log@0.7.0, this host offers jackfield:plugin@0.1.0"
    );
}

#[test]
fn an_interface_of_other_types_does_not_link() {
    let text = r#"(component
        (import "jackfield:plugin/config@0.1.0" (instance (export "get" (func (result u32)))))
        (instance $none) (export "jackfield:plugin/codec@0.1.0" (instance $none)))"#;
    let error = refused(&wat::parse_str(text).unwrap());
    assert!(matches!(error, LoadError::Link { .. }), "{error}");
}

#[test]
fn a_component_that_offers_nothing_is_refused() {
    let error = refused(&wat::parse_str("(component)").unwrap());
    assert!(error.to_string().contains("exports none of"), "{error}");
}

#[test]
fn the_worlds_encode() {
    // A module that lacks a world's exports is not taken for a plugin of that world.
    let made = std::panic::catch_unwind(|| component("(module)", "codec-plugin"));
    assert!(made.is_err());
}

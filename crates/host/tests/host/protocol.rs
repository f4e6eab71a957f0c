//! Guests that answer something else than they promised.

use jackfield_columns::FailureKind;
use jackfield_host::{CallError, FaultKind};

use super::guest::{Node, batch, fault, options};

#[tokio::test]
async fn emitting_to_a_port_that_was_not_bound_is_a_breach() {
    // One emission at 5000: port "out", a change with neither selection nor columns.
    let process = r#"
        (i64.store (i32.const 5000) (i64.const 0))
        (i32.store8 (i32.const 5100) (i32.const 120))
        (i32.store (i32.const 5000) (i32.const 5100))
        (i32.store (i32.const 5004) (i32.const 1))
        (i32.store (i32.const 4104) (i32.const 5000))
        (i32.store (i32.const 4108) (i32.const 1))"#;
    let fault = Node { process, ..Node::default() }.fault(options(|_| {})).await;
    assert_eq!(fault.kind, FaultKind::Protocol);
    assert!(fault.message.contains("port x"), "{}", fault.message);
}

#[tokio::test]
async fn a_binding_of_columns_that_are_not_there_is_a_breach() {
    // drain-first names a port of one letter that does not exist.
    let bind = r#"
        (i32.store8 (i32.const 5100) (i32.const 122))
        (i32.store (i32.const 5000) (i32.const 5100))
        (i32.store (i32.const 5004) (i32.const 1))
        (i32.store (i32.const 8220) (i32.const 5000))
        (i32.store (i32.const 8224) (i32.const 1))"#;
    let fault = Node { bind, ..Node::default() }.fault(options(|_| {})).await;
    assert_eq!(fault.kind, FaultKind::Protocol);
    assert!(fault.message.contains("no input port is called z"), "{}", fault.message);
}

#[tokio::test]
async fn failing_without_a_reason_is_a_breach() {
    let bind = "(i32.store8 (i32.const 8192) (i32.const 1))";
    let fault = Node { bind, ..Node::default() }.fault(options(|_| {})).await;
    assert_eq!(fault.kind, FaultKind::Protocol);
}

#[tokio::test]
async fn a_failure_of_process_is_no_fault() {
    // An error result whose failure has kind invalid-config and empty texts.
    let process = "(i32.store8 (i32.const 4096) (i32.const 1)) (i32.store8 (i32.const 4104) (i32.const 1))";
    let mut node = Node { process, ..Node::default() }.open(options(|_| {})).await.unwrap();
    for _ in 0..2 {
        match node.process("in", batch()).await.unwrap_err() {
            CallError::Failures(failures) => assert_eq!(failures[0].kind, FailureKind::InvalidConfig),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_borrow_kept_beyond_its_call_is_a_fault() {
    let node = Node { process: "(return (i32.const 4096))", ..Node::default() };
    let fault = node.fault(options(|_| {})).await;
    assert!(fault.message.contains("borrow handles still remain"), "{}", fault.message);
}

#[tokio::test]
async fn an_interface_that_is_missing_is_named() {
    let component = Node::default().load();
    let error = jackfield_host::detect(&component, options(|_| {}), None, b"").await.unwrap_err();
    assert!(fault(error).message.contains("no format interface"));
}

#[tokio::test]
async fn a_call_whose_future_was_dropped_was_the_last() {
    let node = Node { process: "(loop $l (br $l))", ..Node::default() };
    let mut node = node.open(options(|limits| limits.fuel_per_call = u64::MAX >> 1)).await.unwrap();
    let call = tokio::time::timeout(std::time::Duration::from_millis(10), node.process("in", batch()));
    call.await.unwrap_err();
    let error = node.process("in", batch()).await.unwrap_err();
    assert!(error.to_string().contains("cannot be called again"), "{error}");
}

//! Guests that want too much, and how they are stopped.

use std::time::{Duration, Instant};

use jackfield_host::{CallError, CancelToken, FaultKind};

use super::guest::{Node, batch, fault, options};

const LOOP: &str = "(loop $l (br $l))";

#[tokio::test]
async fn a_node_that_does_nothing_runs() {
    let mut node = Node::default().open(options(|_| {})).await.unwrap();
    let step = node.process("in", batch()).await.unwrap();
    assert!(step.emissions.is_empty());
    let usage = node.usage();
    assert_eq!(usage.calls, 4, "instantiate, constructor, bind, process");
    assert!(usage.fuel > 0 && usage.peak_memory_bytes >= 128 << 10, "{usage:?}");
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_time() {
    let node = Node { process: LOOP, ..Node::default() };
    let start = Instant::now();
    let fault = node
        .fault(options(|limits| {
            limits.call_timeout = Duration::from_millis(50);
            limits.fuel_per_call = u64::MAX >> 1;
        }))
        .await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(fault.kind, FaultKind::Timeout);
    let text = fault.to_string();
    assert_eq!(
        text,
        "plugin evil 1.2.3 in stage s of pipeline p: the call took too long \
         (limit: time of one call of 50ms, set by limits.call-timeout)"
    );
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_fuel() {
    let node = Node { process: LOOP, ..Node::default() };
    let fault = node.fault(options(|limits| limits.fuel_per_call = 10_000_000)).await;
    assert_eq!(fault.kind, FaultKind::Fuel);
    assert_eq!(fault.limit.unwrap().setting, "limits.fuel-per-call");
    assert!(fault.backtrace[0].contains("node_process"), "{:?}", fault.backtrace);
}

#[tokio::test]
async fn an_endless_start_function_is_stopped_too() {
    let node = Node { fields: "(func $spin (loop $l (br $l))) (start $spin)", ..Node::default() };
    let fault = node.fault(options(|limits| limits.fuel_per_call = 10_000_000)).await;
    assert_eq!(fault.kind, FaultKind::Fuel);
}

#[tokio::test]
async fn a_cancel_stops_a_loop() {
    let node = Node { process: LOOP, ..Node::default() };
    let options = options(|limits| limits.fuel_per_call = u64::MAX >> 1);
    let cancel: CancelToken = options.cancel.clone();
    let mut node = node.open(options).await.unwrap();
    let canceller = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(node.process("in", batch()), canceller);
    assert_eq!(result.unwrap_err(), CallError::Cancelled);
}

#[tokio::test]
async fn memory_is_limited_in_all() {
    // It grows until it is refused, and then panics as a Rust guest would.
    let process = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let fault = Node { process, ..Node::default() }.fault(options(|limits| limits.memory_bytes = 8 << 20)).await;
    assert_eq!(fault.kind, FaultKind::Memory);
    assert!(fault.message.contains("8.1 MiB in all"), "{}", fault.message);
    assert_eq!(fault.limit.unwrap().value, "8 MiB");
}

#[tokio::test]
async fn tables_count_as_memory() {
    let node = Node {
        fields: "(table $t 1 funcref)",
        process: "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 100000)) (i32.const -1)))) unreachable",
        ..Node::default()
    };
    let fault = node.fault(options(|limits| limits.memory_bytes = 8 << 20)).await;
    assert_eq!(fault.kind, FaultKind::Memory);
}

#[tokio::test]
async fn a_memory_that_starts_too_large_is_refused() {
    let node = Node::default();
    let fault = node.fault(options(|limits| limits.memory_bytes = 64 << 10)).await;
    assert_eq!(fault.kind, FaultKind::Memory);
}

#[tokio::test]
async fn recursion_overflows_the_guests_stack_only() {
    let node = Node {
        fields: "(func $deep (param i64) (result i64) (i64.add (local.get 0) (call $deep (i64.add (local.get 0) (i64.const 1)))))",
        process: "(drop (call $deep (i64.const 0)))",
        ..Node::default()
    };
    let fault = node.fault(options(|_| {})).await;
    assert_eq!(fault.kind, FaultKind::Stack);
}

const SHARE: &str =
    r#"(import "jackfield:plugin/data@0.1.0" "[method]batch.share" (func $share (param i32) (result i32)))"#;

#[tokio::test]
async fn handles_are_limited() {
    let node = Node {
        imports: SHARE,
        process: "(loop $l (drop (call $share (local.get $input))) (br $l))",
        ..Node::default()
    };
    let fault = node.fault(options(|limits| limits.handles = 100)).await;
    assert_eq!(fault.kind, FaultKind::Handles);
    assert_eq!(fault.limit.unwrap().setting, "limits.handles");
}

#[tokio::test]
async fn what_handles_keep_alive_is_charged_once_per_buffer() {
    let node = Node { imports: SHARE, process: "(drop (call $share (local.get $input)))", ..Node::default() };
    let mut node = node.open(options(|limits| limits.memory_bytes = 256 << 10)).await.unwrap();
    let same = batch();
    for _ in 0..50 {
        node.process("in", same.clone()).await.unwrap();
    }
    let mut calls = 0;
    let error = loop {
        calls += 1;
        match node.process("in", batch()).await {
            Ok(_) => assert!(calls < 1000, "a hoard of batches was never charged"),
            Err(error) => break error,
        }
    };
    assert!(calls > 50, "{calls}");
    assert_eq!(fault(error).kind, FaultKind::Memory);
}

#[tokio::test]
async fn a_panic_tells_its_text() {
    let node = Node { process: "unreachable", ..Node::default() };
    let fault = node.fault(options(|_| {})).await;
    assert_eq!(fault.kind, FaultKind::Trap);
    assert!(fault.message.contains("unreachable"), "{}", fault.message);
    assert!(fault.backtrace[0].contains("node_process"));
}

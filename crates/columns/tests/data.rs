//! The rules that batches, buffers, types, JSON and IPC hold, each test named by its rule.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(test)]

#[path = "data/buffers.rs"]
mod buffers;
#[path = "data/hidden.rs"]
mod hidden;
#[path = "data/ipc.rs"]
mod ipc;
#[path = "data/json.rs"]
mod json;
#[path = "data/sample.rs"]
mod sample;
#[path = "data/selections.rs"]
mod selections;
#[path = "data/selections_eager.rs"]
mod selections_eager;
#[path = "data/through.rs"]
mod through;
#[path = "data/types.rs"]
mod types;

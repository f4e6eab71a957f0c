//! The hostile corpus: for each way to break out that we know of a test that bears its id; docs/hostile.md lists them.
//!
//! Most cases run in a process of their own, beside another pipeline, and are asserted to leave nothing behind: see
//! `hostile/case.rs`.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
mod wat;

#[path = "hostile/calls.rs"]
mod calls;
#[path = "hostile/case.rs"]
mod case;
#[path = "hostile/checks.rs"]
mod checks;
#[path = "hostile/components.rs"]
mod components;
#[path = "hostile/explained.rs"]
mod explained;
#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/kernels.rs"]
mod kernels;
#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/network.rs"]
mod network;
#[path = "hostile/others.rs"]
mod others;
#[path = "hostile/output.rs"]
mod output;
#[path = "hostile/recycling.rs"]
mod recycling;
#[path = "hostile/rights.rs"]
mod rights;
#[path = "rights/server.rs"]
mod server;

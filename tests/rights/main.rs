//! What plugins may do is what was granted, and nothing beyond that: files, variables, time, randomness, HTTP, sockets and
//! secrets, used by guests that try more than they should.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cage;
mod files;
mod grants;
mod network;
mod place;
mod server;
#[path = "../support.rs"]
mod support;

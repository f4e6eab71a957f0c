//! The sandbox against guests that mean harm, written in WebAssembly text: no toolchain stands between a test and the
//! bytes it is about.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cache;
mod guest;
mod limits;
mod load;
mod protocol;

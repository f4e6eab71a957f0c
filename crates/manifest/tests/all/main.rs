//! Tests of the crate through its public functions, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod configs;
mod documents;
mod hostile;
mod manifests;
mod mistakes;
mod pipelines;

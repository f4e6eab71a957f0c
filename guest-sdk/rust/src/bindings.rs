//! What `wit-bindgen` makes of `wit/`: the host's interfaces once, and each kind of plugin on top of them, so that one
//! component may be of several kinds and exports only those it names.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, unsafe_code, clippy::all)]

// Made of bindings.template by build.rs, which knows where the interfaces lie.
include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

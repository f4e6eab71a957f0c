//! The sandbox against guests that mean harm, written in WebAssembly text: no toolchain stands between a test and the
//! bytes it is about.

mod cache;
mod guest;
mod limits;
mod load;
mod protocol;

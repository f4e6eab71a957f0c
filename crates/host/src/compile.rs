//! The seam where untrusted bytes become code.

use crate::LoadError;

/// Compiles a component that has passed the precheck. Everything a hostile component can do to the compiler happens
/// in here and nowhere else: what takes the bytes and gives the code may as well be another process.
pub(crate) fn compile(engine: &wasmtime::Engine, bytes: &[u8], name: &str) -> Result<Vec<u8>, LoadError> {
    engine
        .precompile_component(bytes)
        .map_err(|error| LoadError::Compile { name: name.to_owned(), reason: format!("{error:#}") })
}

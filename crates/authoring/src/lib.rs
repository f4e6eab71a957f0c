//! From a folder of source code to a plugin.
//!
//! A [`Project`] is a folder with a manifest and sources in one of the [`Language`]s. [`build`] finds the tools
//! ([`Tools`]), generates bindings, lets the language's own compiler work, and packs the result into a component with
//! our `wasi_snapshot_preview1`. [`template::create`] makes a project; [`doctor`] says which tools are missing.
//!
//! The crate knows no terminal and no sandbox: messages are [`Problem`](jackfield_manifest::Problem)s, compilers write
//! to stderr themselves, and whether the component is what its manifest says is for the host to find out.

pub mod adapter;
pub mod bindings;
pub mod build;
pub mod doctor;
mod failure;
mod language;
mod pack;
mod process;
mod project;
mod sections;
pub mod template;
mod tools;
mod world;

pub use build::{Built, Request, build};
pub use failure::BuildError;
pub use language::{Language, TemplateKind};
pub use pack::{API_VERSION_SECTION, DIGEST_SECTION};
pub use project::Project;
pub use tools::{Installer, Standing, Tool, Tools};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The embedded files below a folder, such as `wit`: path relative to it, and content.
pub(crate) fn embedded(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let prefix = format!("{folder}/");
    FILES.iter().filter_map(move |(path, bytes)| Some((path.strip_prefix(&prefix)?, *bytes)))
}

//! `[build]`: how the component is made of the sources beside the manifest.

use crate::reader::{Report, Section};

/// The words for languages that `language` may be.
const LANGUAGES: [(&str, &str); 7] =
    [("rust", "rust"), ("c", "c"), ("c++", "c++"), ("zig", "zig"), ("go", "go"), ("python", "python"), ("ts", "ts")];

/// `[build]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildDecl {
    /// `language`; otherwise the files tell.
    pub language: Option<&'static str>,
    /// `sources`: globs, or the one file that the build starts from; empty: what is usual in the language.
    pub sources: Vec<String>,
    /// `flags`: further words for the compiler.
    pub flags: Vec<String>,
    /// `adapter`.
    pub adapter: AdapterChoice,
}

/// What stands in for WASI's preview 1 in components that are made of a core module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// Ours: imports nothing but what the manifest asks for of clock and random, and has no files.
    #[default]
    Stub,
    /// The usual one, with files.
    Wasi,
}

impl BuildDecl {
    pub(super) fn read(mut section: Section, report: &mut Report<'_>) -> BuildDecl {
        let language = section.choice("language", &LANGUAGES, report);
        let mut texts = |key: &'static str, report: &mut Report<'_>| -> Vec<String> {
            section.texts(key, report).unwrap_or_default().into_iter().map(|text| text.value).collect()
        };
        let sources = texts("sources", report);
        let flags = texts("flags", report);
        let adapters = [("stub", AdapterChoice::Stub), ("wasi", AdapterChoice::Wasi)];
        let adapter = section.choice("adapter", &adapters, report).unwrap_or_default();
        section.finish(report);
        BuildDecl { language, sources, flags, adapter }
    }
}

//! The languages, and how to see which one a project is written in.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Rust, by cargo.
    Rust,
    /// C, by Zig's clang.
    C,
    /// C++, likewise, with C's header.
    Cpp,
    /// Zig, with C's header.
    Zig,
    /// Go.
    Go,
    /// Python.
    Python,
    /// TypeScript and JavaScript.
    TypeScript,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 7] = [
        Language::Rust,
        Language::C,
        Language::Cpp,
        Language::Zig,
        Language::Go,
        Language::Python,
        Language::TypeScript,
    ];

    /// The word for it in `[build]`, on the command line and in `guest-sdk`.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Cpp => "c++",
            Language::Zig => "zig",
            Language::Go => "go",
            Language::Python => "python",
            Language::TypeScript => "ts",
        }
    }

    /// The name that people know it by.
    pub fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::Cpp => "C++",
            Language::Zig => "Zig",
            Language::Go => "Go",
            Language::Python => "Python",
            Language::TypeScript => "TypeScript",
        }
    }

    /// The folder of its SDK in `guest-sdk`.
    pub fn sdk(self) -> &'static str {
        match self {
            Language::C | Language::Cpp | Language::Zig => "c",
            other => other.name(),
        }
    }

    /// What the files of a folder and of its `src` are written in; nothing if nobody can tell.
    pub fn recognise(folder: &Path) -> Option<Language> {
        let named = |name: &str| folder.join(name).is_file();
        if named("Cargo.toml") {
            return Some(Language::Rust);
        }
        if named("go.mod") {
            return Some(Language::Go);
        }
        if named("package.json") {
            return Some(Language::TypeScript);
        }
        let mut endings: Vec<String> = Vec::new();
        for place in [folder.to_path_buf(), folder.join("src")] {
            let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
            endings.extend(entries.filter_map(|entry| Some(entry.path().extension()?.to_str()?.to_owned())));
        }
        let any = |wanted: &[&str]| endings.iter().any(|ending| wanted.contains(&ending.as_str()));
        if named("pyproject.toml") || any(&["py"]) {
            Some(Language::Python)
        } else if any(&["zig"]) {
            Some(Language::Zig)
        } else if any(&["cpp", "cc", "cxx"]) {
            Some(Language::Cpp)
        } else if any(&["c"]) {
            Some(Language::C)
        } else if any(&["ts", "js"]) {
            Some(Language::TypeScript)
        } else {
            None
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Language, String> {
        let known = match text {
            "cpp" => Some(Language::Cpp),
            "typescript" | "js" | "javascript" => Some(Language::TypeScript),
            "py" => Some(Language::Python),
            "golang" => Some(Language::Go),
            name => Language::ALL.into_iter().find(|language| language.name() == name),
        };
        known.ok_or_else(|| {
            let names: Vec<&str> = Language::ALL.into_iter().map(Language::name).collect();
            format!("`{text}` is not one of {}", names.join(", "))
        })
    }
}

/// What a new plugin provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKind {
    /// A node type.
    Node,
    /// A file format.
    Format,
    /// A codec.
    Codec,
    /// A hook; in Rust.
    Hook,
    /// A service that other plugins call; in Rust.
    Service,
}

impl TemplateKind {
    /// All of them.
    pub const ALL: [TemplateKind; 5] =
        [TemplateKind::Node, TemplateKind::Format, TemplateKind::Codec, TemplateKind::Hook, TemplateKind::Service];

    /// The word for it in manifests and the name of the template's folder.
    pub fn name(self) -> &'static str {
        match self {
            TemplateKind::Node => "node",
            TemplateKind::Format => "format",
            TemplateKind::Codec => "codec",
            TemplateKind::Hook => "hook",
            TemplateKind::Service => "service",
        }
    }
}

impl fmt::Display for TemplateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TemplateKind {
    type Err = String;

    fn from_str(text: &str) -> Result<TemplateKind, String> {
        TemplateKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("`{text}` is not one of node, format, codec, hook, service"))
    }
}

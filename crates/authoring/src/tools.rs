//! The tool chains: which versions are pinned, where they lie, and whether they are there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_manifest::Problem;
use semver::Version;
use serde::Deserialize;

use crate::embedded;
use crate::failure::BuildError;
use crate::language::Language;
use crate::process::answer;

/// Who installs a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installer {
    /// A wheel, into a virtual environment in the user's cache.
    Pip,
    /// A package, into a folder beside it.
    Npm,
    /// A target of the Rust tool chain.
    Rustup,
    /// Nobody but the user.
    System,
}

/// One line of `toolchains.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tool {
    /// Who installs it.
    pub from: Installer,
    /// The program, the target, or the package to look for.
    pub program: String,
    /// The registry's name for it.
    pub package: Option<String>,
    /// The version to install.
    pub version: Option<String>,
    /// The oldest version that will do; otherwise exactly `version`.
    pub least: Option<String>,
    /// The languages that need it.
    #[serde(rename = "for")]
    pub languages: Vec<String>,
    /// What it is, for people.
    pub what: String,
    /// How to get it, where nobody else installs it.
    pub install: Option<String>,
}

/// Whether a tool is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is, here and in this version.
    Found(PathBuf, String),
    /// It is there in a version that will not do.
    Wrong(PathBuf, String),
    /// It is not.
    Missing,
}

/// The tools of this machine.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    path: OsString,
    pinned: BTreeMap<String, Tool>,
}

#[derive(Deserialize)]
struct Pinned {
    tool: BTreeMap<String, Tool>,
}

impl Tools {
    /// The tools below `folder` (`tools` in the user's cache), then those on the `path` of this process.
    ///
    /// # Errors
    /// The embedded list is broken, which the tests exclude.
    pub fn new(folder: &Path, path: Option<OsString>) -> Result<Tools, BuildError> {
        let text = embedded("guest-sdk").find(|(name, _)| *name == "toolchains.toml").map(|(_, bytes)| bytes);
        let text = String::from_utf8_lossy(text.unwrap_or_default());
        let pinned: Pinned = toml::from_str(&text).map_err(|error| {
            BuildError::machine(Problem::error("toolchains-broken", format!("guest-sdk/toolchains.toml: {error}")))
        })?;
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        Ok(Tools { folder, path: path.unwrap_or_default(), pinned: pinned.tool })
    }

    /// Where tools are installed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All tools by name, or those that a language needs.
    pub fn needed(&self, language: Option<Language>) -> impl Iterator<Item = (&str, &Tool)> {
        let wanted = move |tool: &Tool| language.is_none_or(|it| tool.languages.iter().any(|name| name == it.name()));
        self.pinned.iter().filter(move |(_, tool)| wanted(tool)).map(|(name, tool)| (name.as_str(), tool))
    }

    /// Whether a tool is there.
    pub fn standing(&self, tool: &Tool) -> Standing {
        match tool.from {
            Installer::Rustup => self.target(tool),
            Installer::Npm => self.package(tool),
            Installer::Pip | Installer::System => self.program(tool),
        }
    }

    /// The program of a tool that is there and fits.
    ///
    /// # Errors
    /// It is missing or has a version that will not do; the help is the command that installs it.
    pub fn find(&self, name: &str) -> Result<PathBuf, BuildError> {
        let Some(tool) = self.pinned.get(name) else {
            return Err(BuildError::machine(Problem::error("tool-missing", format!("no tool is called {name}"))));
        };
        match self.standing(tool) {
            Standing::Found(path, _) => Ok(path),
            standing => Err(BuildError::machine(self.lack(name, tool, &standing))),
        }
    }

    /// The programs of a language, all of which must be there.
    ///
    /// # Errors
    /// All that are not, the first of them as the problem to show.
    pub fn check(&self, language: Language) -> Result<(), BuildError> {
        let lacks: Vec<Problem> = self
            .needed(Some(language))
            // Whoever has the tools needs no Python to install them with.
            .filter(|(name, _)| *name != "python")
            .filter_map(|(name, tool)| match self.standing(tool) {
                Standing::Found(..) => None,
                standing => Some(self.lack(name, tool, &standing)),
            })
            .collect();
        match lacks.len() {
            0 => Ok(()),
            1 => {
                Err(lacks.into_iter().next().map_or_else(|| BuildError::Configuration(Vec::new()), BuildError::machine))
            }
            _ => {
                let words: Vec<&str> = lacks.iter().map(|problem| problem.message.as_str()).collect();
                let problem = Problem::error("tool-missing", words.join("; "));
                let help = format!("jackfield doctor --lang {} --fix", language.name());
                Err(BuildError::machine(problem.with_help(help)))
            }
        }
    }

    /// What is wrong with a tool and the command that puts it right.
    pub fn lack(&self, name: &str, tool: &Tool, standing: &Standing) -> Problem {
        let wanted = match (&tool.least, &tool.version) {
            (Some(least), _) => format!(" {least} or newer"),
            (None, Some(version)) => format!(" {version}"),
            (None, None) => String::new(),
        };
        let problem = match standing {
            Standing::Wrong(path, version) => {
                let message = format!("{name}{wanted} is needed, and {} is {version}", path.display());
                Problem::error("tool-version", message)
            }
            _ => Problem::error("tool-missing", format!("{name}{wanted} is missing: {}", tool.what)),
        };
        let how = match tool.from {
            Installer::System | Installer::Rustup => self.install_command(tool),
            _ => format!("jackfield doctor --fix, or: {}", self.install_command(tool)),
        };
        problem.with_help(how)
    }

    /// The one command that installs a tool, for a shell.
    pub fn install_command(&self, tool: &Tool) -> String {
        let package = tool.package.as_deref().unwrap_or(&tool.program);
        let version = tool.version.as_deref().unwrap_or("latest");
        let python = self.folder.join("python");
        match tool.from {
            Installer::Pip => {
                let pip = quoted(&bin(&python).join("pip"));
                let make = format!("python3 -m venv {}", quoted(&python));
                let install = format!("{pip} install {package}=={version}");
                if bin(&python).join("pip").exists() { install } else { format!("{make} && {install}") }
            }
            Installer::Npm => {
                let npm = bin(&python).join("npm");
                let npm = if npm.exists() {
                    format!("PATH={}:\"$PATH\" {}", quoted(&bin(&python)), quoted(&npm))
                } else {
                    "npm".to_owned()
                };
                let prefix = quoted(&self.folder.join("node"));
                format!("mkdir -p {prefix} && {npm} install --no-fund --no-audit --prefix {prefix} {package}@{version}")
            }
            Installer::Rustup => format!("rustup target add {}", tool.program),
            Installer::System => tool.install.clone().unwrap_or_default(),
        }
    }

    /// A package that npm installed below the tools' folder.
    ///
    /// # Errors
    /// It is not there in the pinned version.
    pub fn node_module(&self, name: &str) -> Result<PathBuf, BuildError> {
        let known = self.pinned.iter().find(|(key, tool)| *key == name || tool.program == name);
        let name = known.map_or(name, |(key, _)| key.as_str());
        self.find(name)
    }

    /// The `PATH` for compilers: our own tools first.
    pub fn path(&self) -> OsString {
        let own = [bin(&self.folder.join("python")), self.folder.join("node/node_modules/.bin")];
        let all = own.into_iter().chain(std::env::split_paths(&self.path));
        std::env::join_paths(all).unwrap_or_else(|_| self.path.clone())
    }

    fn candidates(&self, program: &str) -> impl Iterator<Item = PathBuf> {
        let own = bin(&self.folder.join("python")).join(program);
        let others: Vec<PathBuf> = std::env::split_paths(&self.path).map(|folder| folder.join(program)).collect();
        std::iter::once(own).chain(others).filter(|path| path.is_file())
    }

    /// The first that fits; else the first that is there at all.
    fn program(&self, tool: &Tool) -> Standing {
        let mut wrong = None;
        for path in self.candidates(&tool.program) {
            let Some(version) = version_of(&path, &tool.program, &self.path()) else { continue };
            if fits(tool, &version) {
                return Standing::Found(path, version);
            }
            wrong.get_or_insert((path, version));
        }
        wrong.map_or(Standing::Missing, |(path, version)| Standing::Wrong(path, version))
    }

    fn package(&self, tool: &Tool) -> Standing {
        let folder = self.folder.join("node/node_modules").join(&tool.program);
        let Ok(text) = std::fs::read_to_string(folder.join("package.json")) else { return Standing::Missing };
        // The first `"version": "…"` of a package's own description is its version.
        let version = text.split("\"version\"").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap_or("unknown");
        match fits(tool, version) {
            true => Standing::Found(folder, version.to_owned()),
            false => Standing::Wrong(folder, version.to_owned()),
        }
    }

    fn target(&self, tool: &Tool) -> Standing {
        let mut rustc = Command::new("rustc");
        rustc.args(["--print", "target-libdir", "--target", &tool.program]).env("PATH", &self.path);
        let Some(folder) = answer(&mut rustc) else { return Standing::Missing };
        let standard = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        match standard.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")) {
            true => Standing::Found(PathBuf::from(folder), "installed".to_owned()),
            false => Standing::Missing,
        }
    }
}

fn bin(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

/// A path as a word for a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// What a program says of its version: the first word with two dots or more, or one, that begins with a digit.
fn version_of(path: &Path, program: &str, search: &OsString) -> Option<String> {
    let argument = match program {
        "go" | "python-zig" => "version",
        _ => "--version",
    };
    let mut command = Command::new(path);
    command.arg(argument).env("PATH", search);
    if program == "go" {
        command.env("GOTOOLCHAIN", "local");
    }
    let text = answer(&mut command)?;
    let words = text.split_whitespace().map(|word| word.trim_start_matches("go").trim_start_matches('v'));
    let mut numbers = words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'));
    numbers.next().map(|word| word.trim_end_matches([',', ')']).to_owned())
}

fn fits(tool: &Tool, version: &str) -> bool {
    let parsed = |text: &str| {
        let numbers: Vec<u64> = text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect();
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
        Version::new(at(0), at(1), at(2))
    };
    match (&tool.least, &tool.version) {
        (Some(least), _) => parsed(version) >= parsed(least),
        (None, Some(wanted)) => parsed(version) == parsed(wanted),
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(folder: &Path) -> Tools {
        Tools::new(folder, Some(OsString::new())).unwrap()
    }

    #[test]
    fn the_list_names_only_languages_that_there_are() {
        let tools = tools(Path::new("/nowhere"));
        for (name, tool) in tools.needed(None) {
            for language in &tool.languages {
                assert!(language.parse::<Language>().is_ok(), "{name}: {language}");
            }
            assert_eq!(tool.package.is_some(), matches!(tool.from, Installer::Pip | Installer::Npm), "{name}");
            assert!(tool.package.is_none() || tool.version.is_some(), "{name} has no pinned version");
            assert_eq!(tool.install.is_some(), tool.from == Installer::System, "{name}");
        }
        for language in Language::ALL {
            assert!(tools.needed(Some(language)).count() > 0, "{language}");
        }
    }

    #[test]
    fn what_is_missing_comes_with_its_command() {
        let error = tools(Path::new("/no where/ü")).find("zig").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("error[tool-missing]: zig 0.17.0 is missing"), "{text}");
        assert!(text.contains("python3 -m venv '/no where/ü/python'"), "{text}");
        assert!(text.contains("install ziglang==0.17.0"), "{text}");
    }

    #[test]
    #[cfg(unix)]
    fn a_version_that_will_not_do_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("python/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let program = bin.join("go");
        std::fs::write(&program, "#!/bin/sh\necho go version go1.20.3 linux/amd64\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let text = tools(folder.path()).find("go").unwrap_err().to_string();
        assert!(text.contains("go 1.27.1 or newer is needed, and ") && text.contains("is 1.20.3"), "{text}");
        std::fs::write(&program, "#!/bin/sh\necho go version go1.28 linux/amd64\n").unwrap();
        assert_eq!(tools(folder.path()).find("go").unwrap(), program);
    }
}

//! A folder with a manifest and sources.

use std::path::{Path, PathBuf};

use jackfield_manifest::{Manifest, Problem, Severity, decode, parse_manifest};

use crate::failure::BuildError;
use crate::language::Language;

/// A folder with a manifest and sources.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// What `plugin.toml` says.
    pub manifest: Manifest,
    /// The bytes of `plugin.toml`, whose digest goes into the component.
    pub manifest_bytes: Vec<u8>,
    /// What the sources are written in.
    pub language: Language,
    /// What is odd about the manifest.
    pub warnings: Vec<Problem>,
}

impl Project {
    /// Reads the manifest of a folder and finds out its language.
    ///
    /// # Errors
    /// There is no manifest, it is wrong, or nobody can tell the language.
    pub fn open(folder: &Path) -> Result<Project, BuildError> {
        let folder = std::path::absolute(folder).map_err(|error| {
            BuildError::wrong(Problem::error("no-project", format!("`{}` is no folder: {error}", folder.display())))
        })?;
        let file = folder.join("plugin.toml");
        let shown = file.display().to_string();
        let bytes = std::fs::read(&file).map_err(|error| {
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => format!("{} holds no plugin.toml", folder.display()),
                _ => format!("{shown} cannot be read: {error}"),
            };
            let help = "name the folder of a plugin, or make one: jackfield plugin new NAME --lang c --kind node";
            BuildError::wrong(Problem::error("no-project", message).with_help(help))
        })?;
        let text = decode(&shown, &bytes).map_err(|problem| BuildError::Configuration(vec![*problem]))?;
        let (manifest, problems) = parse_manifest(&shown, text);
        let (errors, warnings): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|problem| problem.severity == Severity::Error);
        let manifest = match manifest {
            Some(manifest) if errors.is_empty() => manifest,
            _ => return Err(BuildError::Configuration(errors)),
        };
        let said = manifest.build.language.and_then(|name| name.parse().ok());
        let language = said.or_else(|| Language::recognise(&folder)).ok_or_else(|| {
            let message = format!("nothing in {} tells what the plugin is written in", folder.display());
            let help = "put the sources there or into src/, or say it in plugin.toml: [build] language = \"c\"";
            BuildError::wrong(Problem::error("unknown-language", message).with_help(help))
        })?;
        Ok(Project { folder, manifest, manifest_bytes: bytes, language, warnings })
    }

    /// Where the build leaves what it makes on the way.
    pub fn work(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// The component that the manifest names.
    pub fn component(&self) -> PathBuf {
        self.folder.join(&self.manifest.component)
    }

    /// The plugin interfaces that it exports, by what the manifest provides.
    pub fn exports(&self) -> Vec<&'static str> {
        let manifest = &self.manifest;
        let kinds = [
            ("node", !manifest.nodes.is_empty()),
            ("format", !manifest.formats.is_empty()),
            ("codec", !manifest.codecs.is_empty()),
            ("hook", !manifest.hooks.is_empty()),
            ("service", !manifest.services.is_empty()),
        ];
        kinds.into_iter().filter(|(_, provided)| *provided).map(|(name, _)| name).collect()
    }

    /// The source files that `[build] sources` or else `usual` name, absolute and in order.
    ///
    /// # Errors
    /// A name or a pattern without a file.
    pub(crate) fn sources(&self, usual: &[&str]) -> Result<Vec<PathBuf>, BuildError> {
        let said = &self.manifest.build.sources;
        let patterns: Vec<&str> =
            if said.is_empty() { usual.to_vec() } else { said.iter().map(String::as_str).collect() };
        let mut found = Vec::new();
        let mut problems = Vec::new();
        for pattern in patterns {
            // The folder's own name may hold what a pattern would take for something special.
            let rooted = format!("{}/{pattern}", glob::Pattern::escape(&self.folder.display().to_string()));
            let matches = match glob::glob(&rooted) {
                Ok(matches) => matches.flatten().filter(|path| path.is_file()).collect::<Vec<_>>(),
                Err(error) => {
                    let message = format!("`{pattern}` in `build.sources` is no pattern: {error}");
                    problems.push(Problem::error("invalid-value", message));
                    continue;
                }
            };
            if matches.is_empty() && !said.is_empty() {
                let message = format!("plugin.toml names the source `{pattern}`, and there is no such file");
                let help = "correct `sources` in [build]; paths are relative to plugin.toml";
                problems.push(Problem::error("source-missing", message).with_help(help));
            }
            found.extend(matches);
        }
        found.sort();
        found.dedup();
        if problems.is_empty() && found.is_empty() {
            let message = format!("{} holds no sources: {}", self.folder.display(), usual.join(", "));
            problems
                .push(Problem::error("source-missing", message).with_help("name them in plugin.toml: [build] sources"));
        }
        if problems.is_empty() { Ok(found) } else { Err(BuildError::Configuration(problems)) }
    }
}

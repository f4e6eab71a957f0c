//! `plugin new`: a project from the embedded templates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jackfield_manifest::Problem;

use crate::embedded;
use crate::failure::{BuildError, write};
use crate::language::{Language, TemplateKind};

/// A project to make.
#[derive(Clone, Debug)]
pub struct NewProject<'a> {
    /// The plugin's name: kebab-case.
    pub name: &'a str,
    /// Where the folder goes.
    pub folder: &'a Path,
    /// What it is written in.
    pub language: Language,
    /// What it provides.
    pub kind: TemplateKind,
    /// Who writes it, as `Name <mail>`; may be empty.
    pub author: &'a str,
}

/// The kinds that a language has templates for.
pub fn kinds(language: Language) -> Vec<TemplateKind> {
    let prefix = format!("guest-sdk/{}/template", language.name());
    let there: BTreeSet<&str> = embedded(&prefix).filter_map(|(path, _)| path.split('/').next()).collect();
    TemplateKind::ALL.into_iter().filter(|kind| there.contains(kind.name())).collect()
}

/// Whether a plugin can be called so; its help is a name that would do.
///
/// # Errors
/// `invalid-name`.
pub fn check_name(name: &str) -> Result<(), Problem> {
    let Some(better) = better_name(name) else { return Ok(()) };
    let message = format!("`{name}` is no name for a plugin: lower-case letters and digits, `-` between words");
    let problem = Problem::error("invalid-name", message);
    Err(if better.is_empty() { problem } else { problem.with_help(format!("such as `{better}`")) })
}

/// Makes the project and gives its files, relative to the folder, in order.
///
/// # Errors
/// The name will not do, there is no such template, the folder holds something, or cannot be written.
pub fn create(request: &NewProject<'_>) -> Result<Vec<PathBuf>, BuildError> {
    let mut problems: Vec<Problem> = check_name(request.name).err().into_iter().collect();
    let kinds = kinds(request.language);
    if !kinds.contains(&request.kind) {
        let message = format!("there is no template for a {} in {}", request.kind, request.language);
        let mut problem = Problem::error("template-missing", message);
        let names: Vec<&str> = kinds.into_iter().map(TemplateKind::name).collect();
        problem.help = Some(format!("{} has: {}", request.language, names.join(", ")));
        problems.push(problem);
    }
    let occupied = std::fs::read_dir(request.folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || request.folder.is_file() {
        let message = format!("{} is there and not empty", request.folder.display());
        problems.push(Problem::error("folder-occupied", message).with_help("choose another folder with --path"));
    }
    if !problems.is_empty() {
        return Err(BuildError::Configuration(problems));
    }
    let variables = variables(request);
    let mut made = Vec::new();
    let mut place = |relative: PathBuf, bytes: &[u8]| -> Result<(), BuildError> {
        write(&request.folder.join(&relative), bytes)?;
        made.push(relative);
        Ok(())
    };
    let sdk = format!("guest-sdk/{}", request.language.sdk());
    let template =
        format!("{}/template/{}", format_args!("guest-sdk/{}", request.language.name()), request.kind.name());
    for (path, bytes) in embedded(&template) {
        let text = std::str::from_utf8(bytes).map(|text| filled(text, &variables));
        place(file_name(path, &variables), text.as_deref().map_or(bytes, str::as_bytes))?;
    }
    for (path, bytes) in embedded(&sdk).filter(|(path, _)| !path.starts_with("template/")) {
        // In our tree the interfaces lie two folders above an SDK, in a project one.
        let mut text = std::str::from_utf8(bytes).map(|text| text.replace("../../wit", "../wit"));
        if path == "Cargo.toml" {
            text = text.map(|text| without_examples(&text));
        }
        // Cargo looks for it beside the project's manifest. With it, no index is asked for newer versions.
        let folder = if path == "Cargo.lock" { Path::new("") } else { Path::new("sdk") };
        place(folder.join(path), text.as_deref().map_or(bytes, str::as_bytes))?;
    }
    for (path, bytes) in embedded("wit") {
        place(Path::new("wit").join(path), bytes)?;
    }
    made.sort();
    Ok(made)
}

/// A manifest of Cargo's without its examples, which are not copied.
fn without_examples(text: &str) -> String {
    let mut kept = String::new();
    let mut skips = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with('[') {
            skips = line.starts_with("[[example]]");
        }
        if !skips {
            kept.push_str(line);
        }
    }
    kept
}

/// A name that would do instead, if this one will not; empty if nothing of it can be kept.
fn better_name(name: &str) -> Option<String> {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let good = name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(part);
    if good {
        return None;
    }
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let better = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    Some(better.trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(64).collect())
}

fn variables(request: &NewProject<'_>) -> Vec<(&'static str, String)> {
    let words: Vec<&str> = request.name.split('-').collect();
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
    };
    let version = env!("CARGO_PKG_VERSION");
    let numbers: Vec<&str> = version.split('.').collect();
    let (major, minor) = (numbers.first().copied().unwrap_or("0"), numbers.get(1).copied().unwrap_or("1"));
    let next = minor.parse::<u32>().unwrap_or(0) + 1;
    vec![
        ("name", request.name.to_owned()),
        ("snake", request.name.replace('-', "_")),
        ("pascal", words.iter().copied().map(capital).collect()),
        ("title", capital(&words.join(" "))),
        // It stands between quotes in TOML and JSON.
        ("author", request.author.replace(['"', '\\', '\n', '\r'], "")),
        ("jackfield", version.to_owned()),
        ("engine", format!(">={major}.{minor}, <{major}.{next}")),
    ]
}

fn filled(text: &str, variables: &[(&'static str, String)]) -> String {
    variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

/// `dot_gitignore` becomes `.gitignore`, `__name__` the name.
fn file_name(path: &str, variables: &[(&'static str, String)]) -> PathBuf {
    let named =
        variables.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("__{name}__"), value));
    named
        .split('/')
        .map(|part| part.strip_prefix("dot_").map_or_else(|| part.to_owned(), |rest| format!(".{rest}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested() {
        assert_eq!(better_name("late-flights2"), None);
        assert_eq!(better_name("Late Flights").as_deref(), Some("late-flights"));
        assert_eq!(better_name("3d_Größe").as_deref(), Some("d-gr-e"));
        assert_eq!(better_name("ü").as_deref(), Some(""));
    }

    #[test]
    fn examples_are_left_out() {
        let text = "[package]\nname = \"x\"\n\n[[example]]\nname = \"speed\"\n\n[lints.rust]\na = 1\n";
        assert_eq!(without_examples(text), "[package]\nname = \"x\"\n\n[lints.rust]\na = 1\n");
    }

    #[test]
    fn files_are_named_and_filled() {
        let request = NewProject {
            name: "late-flights",
            folder: Path::new("x"),
            language: Language::C,
            kind: TemplateKind::Node,
            author: "A \"B\" C",
        };
        let variables = variables(&request);
        assert_eq!(file_name("dot_github/workflows/ci.yml", &variables), Path::new(".github/workflows/ci.yml"));
        assert_eq!(file_name("src/__snake__.c", &variables), Path::new("src/late_flights.c"));
        let text = filled("{{name}} {{snake}} {{pascal}} {{title}} {{author}} ${{ matrix.os }}", &variables);
        assert_eq!(text, "late-flights late_flights LateFlights Late flights A B C ${{ matrix.os }}");
    }
}

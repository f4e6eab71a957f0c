//! `jackfield plugin new`.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_authoring::template::{NewProject, create, kinds};
use jackfield_authoring::{Language, TemplateKind};
use serde_json::json;

use crate::args::NewArguments;
use crate::doctor::build_failure;
use crate::output::{CommandError, CommandResult, Output};

pub(super) fn new(arguments: &NewArguments, output: &Output) -> CommandResult {
    let languages: Vec<&str> = Language::ALL.into_iter().map(Language::name).collect();
    let name = given(arguments.name.clone(), output, "NAME", "name of the plugin", &[])?;
    let language: Language = match arguments.lang {
        Some(language) => language,
        None => choose(output, "--lang", "language", &languages)?,
    };
    let offered: Vec<&str> = kinds(language).into_iter().map(TemplateKind::name).collect();
    let kind: TemplateKind = match arguments.kind {
        Some(kind) => kind,
        None => match (kinds(language).as_slice(), output.can_ask()) {
            ([only], true) => *only,
            _ => choose(output, "--kind", "kind", &offered)?,
        },
    };
    let folder = arguments.path.clone().unwrap_or_else(|| PathBuf::from(&name));
    let request = NewProject { name: &name, folder: &folder, language, kind, author: &author() };
    let made = create(&request).map_err(build_failure)?;
    if output.json {
        let files: Vec<String> = made.iter().map(|file| file.display().to_string()).collect();
        output.json_result(&json!({ "plugin": name, "folder": folder.display().to_string(), "files": files }))?;
        return Ok(0);
    }
    let own = |file: &&PathBuf| !file.starts_with("sdk") && !file.starts_with("wit");
    let mut text = format!("{}\n", folder.display());
    made.iter().filter(own).for_each(|file| text.push_str(&format!("  {}\n", file.display())));
    text.push_str("  sdk/  wit/\n");
    output.result(&text)?;
    output.note(&format!("next: cd {} && jackfield plugin build && jackfield plugin test", shell_word(&folder)));
    Ok(0)
}

/// What was given, or what somebody at the terminal answers.
fn given(
    given: Option<String>,
    output: &Output,
    option: &str,
    question: &str,
    choices: &[&str],
) -> Result<String, CommandError> {
    if let Some(given) = given {
        return Ok(given);
    }
    let shown = if choices.is_empty() { String::new() } else { format!(" ({})", choices.join(", ")) };
    if !output.can_ask() {
        return Err(CommandError::Usage(format!("{option} is missing: the {question}{shown}")));
    }
    loop {
        write!(std::io::stderr(), "{question}{shown}: ")?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(CommandError::Usage(format!("{option} is missing: the {question}{shown}")));
        }
        let answer = line.trim();
        if choices.contains(&answer) || (choices.is_empty() && !answer.is_empty()) {
            return Ok(answer.to_owned());
        }
    }
}

fn choose<T: std::str::FromStr<Err = String>>(
    output: &Output,
    option: &str,
    question: &str,
    choices: &[&str],
) -> Result<T, CommandError> {
    given(None, output, option, question, choices)?.parse().map_err(CommandError::Usage)
}

/// Who writes it, as git knows; empty if it does not.
fn author() -> String {
    let ask = |key: &str| {
        let answer = Command::new("git").args(["config", "--get", key]).output().ok()?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        (answer.status.success() && !text.is_empty()).then_some(text)
    };
    match (ask("user.name"), ask("user.email")) {
        (Some(name), Some(mail)) => format!("{name} <{mail}>"),
        (Some(name), None) => name,
        _ => String::new(),
    }
}

fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

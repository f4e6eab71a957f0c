//! `jackfield plugin new`.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_authoring::template::{NewProject, check_name, create, kinds};
use jackfield_authoring::{Language, TemplateKind};
use jackfield_manifest::Problem;
use serde_json::json;

use crate::args::NewArguments;
use crate::doctor::{build_failure, tools};
use crate::output::{CommandError, CommandResult, Output};
use crate::pipeline::printable;

pub(super) fn new(arguments: &NewArguments, output: &Output) -> CommandResult {
    let languages: Vec<&str> = Language::ALL.into_iter().map(Language::name).collect();
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => ask(output, "NAME", "name of the plugin", None, |answer| {
            check_name(answer).map(|()| answer.to_owned()).map_err(|problem| problem_line(&problem))
        })?,
    };
    let language: Language = match arguments.lang {
        Some(language) => language,
        None => choose(output, "--lang", "language", &languages, None)?,
    };
    let offered: Vec<&str> = kinds(language).into_iter().map(TemplateKind::name).collect();
    let kind: TemplateKind = match arguments.kind {
        Some(kind) => kind,
        None => match (kinds(language).as_slice(), output.can_ask()) {
            ([only], true) => *only,
            _ => choose(output, "--kind", "kind", &offered, Some("node"))?,
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
    if tools()?.check(language).is_err() {
        output.note(&format!(
            "{language} needs tools that are missing here: jackfield doctor --lang {} --fix",
            language.name()
        ));
    }
    let test = if kind == TemplateKind::Service { "cargo test" } else { "jackfield plugin test" };
    output.note(&format!("next: cd {} && jackfield plugin build && {test}", shell_word(&folder)));
    Ok(0)
}

/// What somebody at the terminal answers; an answer that will not do is told why and asked for again.
fn ask<T>(
    output: &Output,
    option: &str,
    question: &str,
    usual: Option<&str>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, CommandError> {
    let missing = || CommandError::Usage(format!("{option} is missing: the {question}"));
    if !output.can_ask() {
        return Err(missing());
    }
    let shown = usual.map_or_else(String::new, |usual| format!(" [{usual}]"));
    loop {
        write!(std::io::stderr(), "{question}{shown}: ")?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(missing());
        }
        let answer = match (line.trim(), usual) {
            ("", None) => continue,
            ("", Some(usual)) => usual,
            (answer, _) => answer,
        };
        match read(answer) {
            Ok(answer) => return Ok(answer),
            Err(why) => output.note(&printable(&why)),
        }
    }
}

fn choose<T: std::str::FromStr<Err = String>>(
    output: &Output,
    option: &str,
    question: &str,
    choices: &[&str],
    usual: Option<&str>,
) -> Result<T, CommandError> {
    let listed = choices.join(", ");
    ask(output, option, &format!("{question} ({listed})"), usual, |answer| match answer.parse::<T>() {
        Ok(_) if !choices.contains(&answer) => {
            // Other spellings of a language are understood, kinds that have no template are not.
            let known = answer.parse::<Language>().is_ok_and(|language| choices.contains(&language.name()));
            if known {
                answer.parse()
            } else {
                Err(format!("there is no template for a {answer}; there are: {listed}"))
            }
        }
        read => read,
    })
}

fn problem_line(problem: &Problem) -> String {
    let help = problem.help.as_ref().map_or_else(String::new, |help| format!(", {help}"));
    format!("{}{help}", problem.message)
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

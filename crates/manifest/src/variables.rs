//! `${VAR}` in text: replaced once, after parsing.

use std::ops::Range;

use crate::document::{Data, Entries, Item, Origin, Spot, Text, Variable};
use crate::problem::Problem;

/// Looks up a variable of the environment.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// A reference that could not be replaced.
pub(crate) struct Unreplaced {
    /// The text it is in.
    pub(crate) spot: Spot,
    /// Its bytes in the text.
    pub(crate) inside: Range<usize>,
    pub(crate) problem: Problem,
}

/// Replaces the variables in all text of a table that comes from the file. `--set` values are taken as they are, since
/// the shell has had them already.
pub(crate) fn replace(entries: &mut Entries, environment: Environment<'_>, found: &mut Vec<Unreplaced>) {
    for entry in entries.values_mut() {
        replace_in(&mut entry.item, environment, found);
    }
}

fn replace_in(item: &mut Item, environment: Environment<'_>, found: &mut Vec<Unreplaced>) {
    match &mut item.data {
        Data::Text(text) if item.spot.origin == Origin::File && text.text.contains("${") => {
            let spot = item.spot;
            *text = replaced(&text.text, environment, &mut |inside, problem| {
                found.push(Unreplaced { spot, inside, problem })
            });
        }
        Data::Array(items) => items.iter_mut().for_each(|item| replace_in(item, environment, found)),
        Data::Table(entries) => replace(entries, environment, found),
        _ => {}
    }
}

/// The text with values for variables. What cannot be replaced stays as written and is reported with its bytes.
fn replaced(text: &str, environment: Environment<'_>, report: &mut dyn FnMut(Range<usize>, Problem)) -> Text {
    let mut out = Text::default();
    let mut at = 0;
    while let Some(dollar) = text.get(at..).and_then(|rest| rest.find('$')).map(|found| at + found) {
        out.text.push_str(text.get(at..dollar).unwrap_or_default());
        let rest = text.get(dollar..).unwrap_or_default();
        let (length, value) = if rest.starts_with("$${") {
            (3, Some("${".to_owned()))
        } else if rest.starts_with("${secret:") {
            // Only the host's way out knows secrets; here they stay placeholders.
            (2, None)
        } else if rest.starts_with("${") {
            match reference(rest) {
                Ok(reference) => {
                    out.loose |= reference.length == text.len();
                    let length = reference.length;
                    let value = value(&reference, environment);
                    (length, value.map_err(|problem| report(dollar..dollar + length, *problem)).ok())
                }
                Err(problem) => {
                    report(dollar..dollar + 2, *problem);
                    (2, None)
                }
            }
        } else {
            (1, None)
        };
        let start = out.text.len();
        match value {
            Some(value) => {
                out.text.push_str(&value);
                out.variables.push(Variable { written: dollar..dollar + length, replaced: start..out.text.len() });
            }
            None => out.text.push_str(rest.get(..length).unwrap_or_default()),
        }
        at = dollar + length;
    }
    out.text.push_str(text.get(at..).unwrap_or_default());
    out
}

struct Reference<'t> {
    name: &'t str,
    default: Option<&'t str>,
    /// Bytes from `$` to `}`.
    length: usize,
}

/// Reads `${NAME}` or `${NAME:-default}` at the start of a text; the default goes to the first `}`.
fn reference(text: &str) -> Result<Reference<'_>, Box<Problem>> {
    let wrong = |message: String| {
        let help = "write ${NAME} or ${NAME:-default}; for a literal ${ write $${";
        Box::new(Problem::error("invalid-variable", message).with_help(help))
    };
    let Some(body) = text.get(2..).and_then(|rest| rest.split_once('}')).map(|(body, _)| body) else {
        return Err(wrong("`${` without a closing `}`".into()));
    };
    let (name, default) = match body.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(wrong(format!("`{name}` is not the name of a variable")));
    }
    Ok(Reference { name, default, length: body.len() + 3 })
}

fn value(reference: &Reference<'_>, environment: Environment<'_>) -> Result<String, Box<Problem>> {
    let name = reference.name;
    match (environment(name), reference.default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(default.into()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.into()),
        (None, None) => {
            let problem = Problem::error("unset-variable", format!("the environment variable `{name}` is not set"));
            Err(Box::new(problem.with_help(format!("set it, or give a default: ${{{name}:-…}}"))))
        }
    }
}

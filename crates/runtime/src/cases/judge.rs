//! Holds what a case gave against what it expects.

use std::path::Path;

use jackfield_host::{LogLevel, LogLine};
use jackfield_manifest::{Case, ExpectedError, ExpectedLog, Problem};
use serde_json::Value as Json;

use super::compare::{self, Shown};
use super::content::{self, Rows};
use super::ran::{Ran, bytes_of};
use super::{Came, Mismatch, hook};
use crate::loader::Runtime;

impl Runtime {
    pub(super) fn judge(&self, case: &Case, folder: &Path, ran: &Ran) -> Vec<Mismatch> {
        let mut found = Vec::new();
        match &case.error {
            Some(expected) if !ran.problems.iter().any(|problem| fits(expected, problem)) => {
                found.push(Mismatch::Error { expected: expected.clone(), problems: ran.problems.clone() });
            }
            Some(_) => {}
            None if case.survives && !ran.broke => {}
            // The reasons of a veto are its answer.
            None if ran.answer.as_ref().is_some_and(|answer| case.hook.answer.as_deref() == Some(answer.word)) => {}
            None if case.hook.answer.is_some() && ran.answer.as_ref().is_some_and(|answer| answer.word == "veto") => {}
            None if !ran.problems.is_empty() => found.push(Mismatch::Failed(ran.problems.clone())),
            None => {}
        }
        if ran.problems.is_empty() {
            for (port, content) in &case.outputs {
                let came = ran.outputs.iter().find(|(name, _)| name == port).map(|(_, came)| came);
                let judged = match came {
                    Some(Came::Rows(schema, batches)) => {
                        self.judge_rows(case, port, (schema, batches), content, folder, &mut found)
                    }
                    Some(Came::Bytes(bytes)) => judge_bytes(port, bytes, content, folder, &mut found),
                    None => Err("nothing came".to_owned()),
                };
                if let Err(why) = judged {
                    found.push(Mismatch::Unusable(format!("output.{port}: {why}")));
                }
            }
        }
        answer(case, ran, &mut found);
        rejections(case, ran, &mut found);
        found.extend(missing_log(&case.logs, &ran.logs));
        let budgets =
            [("fuel", case.budget.fuel, ran.fuel), ("memory", case.budget.memory_bytes, ran.peak_memory_bytes)];
        for (what, most, used) in budgets {
            if let Some(most) = most.filter(|most| used > *most) {
                found.push(Mismatch::Budget { what, most, used });
            }
        }
        found
    }

    fn judge_rows(
        &self,
        case: &Case,
        port: &str,
        (schema, batches): (&arrow::datatypes::SchemaRef, &[jackfield_columns::Batch]),
        content: &jackfield_manifest::Content,
        folder: &Path,
        found: &mut Vec<Mismatch>,
    ) -> Result<(), String> {
        if let Some(declared) = case.schemas.get(port) {
            let expected = compare::columns_of(&content::schema(declared)?);
            let actual = compare::columns_of(schema);
            if expected != actual {
                found.push(Mismatch::Columns { port: port.to_owned(), expected, actual });
            }
        }
        let rows = self.rows_of(content, folder, Some(schema))?;
        let mut columns: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let expected: Shown = match rows {
            Rows::Written(rows) => {
                for name in rows.iter().flat_map(|row| row.keys()) {
                    if !columns.contains(name) {
                        columns.push(name.clone());
                    }
                }
                compare::expected(&rows, schema, &columns)
            }
            Rows::Typed(schema, batches) => {
                for field in schema.fields() {
                    if !columns.contains(field.name()) {
                        columns.push(field.name().clone());
                    }
                }
                compare::shown(&batches, &columns)?
            }
        };
        let actual = compare::shown(batches, &columns)?;
        if let Some(diff) = compare::difference(&expected, &actual) {
            found.push(Mismatch::Rows { port: port.to_owned(), diff });
        }
        Ok(())
    }
}

fn judge_bytes(
    port: &str,
    actual: &[u8],
    content: &jackfield_manifest::Content,
    folder: &Path,
    found: &mut Vec<Mismatch>,
) -> Result<(), String> {
    let expected = bytes_of(content, folder)?;
    if expected != actual {
        found.push(Mismatch::Bytes { port: port.to_owned(), expected, actual: actual.to_vec() });
    }
    Ok(())
}

fn fits(expected: &ExpectedError, problem: &Problem) -> bool {
    let within = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| text.contains(wanted));
    expected.code.as_ref().is_none_or(|code| *code == problem.code)
        && within(&expected.message, &problem.message)
        && within(&expected.help, problem.help.as_deref().unwrap_or_default())
}

/// Rejected rows, in their order, against the entries that were due.
fn rejections(case: &Case, ran: &Ran, found: &mut Vec<Mismatch>) {
    let Some(expected) = &case.rejected else { return };
    let mut came = ran.rejected.iter();
    for entry in expected {
        let wanted = entry.row.as_ref().map(|table| Json::Object(content::row(table)));
        let told = || {
            let row = wanted.as_ref().map_or("any row".to_owned(), Json::to_string);
            let reason = entry.reason.as_ref().map_or(String::new(), |reason| format!(" with {reason:?}"));
            format!("{row}{reason}")
        };
        match came.next() {
            None => found.push(Mismatch::Rejected { message: format!("expected {}, no more were rejected", told()) }),
            Some(letter) => {
                let row_fits = match (&wanted, letter.get("row")) {
                    (Some(Json::Object(wanted)), Some(row)) => {
                        wanted.iter().all(|(name, value)| row.get(name).unwrap_or(&Json::Null) == value)
                    }
                    (Some(_), _) => false,
                    (None, _) => true,
                };
                let reason = letter.get("reason").and_then(Json::as_str).unwrap_or_default();
                if !row_fits || !entry.reason.as_ref().is_none_or(|wanted| reason.contains(wanted)) {
                    let message = format!("expected {}, found {}", told(), shown_letter(letter));
                    found.push(Mismatch::Rejected { message });
                }
            }
        }
    }
    for letter in came {
        found.push(Mismatch::Rejected { message: format!("not expected: {}", shown_letter(letter)) });
    }
}

fn shown_letter(letter: &Json) -> String {
    let row = letter.get("row").or_else(|| letter.get("raw")).unwrap_or(&Json::Null);
    format!("{row} with {}", letter.get("reason").unwrap_or(&Json::Null))
}

/// What a hook answered, against what it should.
fn answer(case: &Case, ran: &Ran, found: &mut Vec<Mismatch>) {
    let came = ran.answer.as_ref();
    if let Some(expected) = &case.hook.answer
        && came.is_none_or(|came| came.word != expected)
        // A failure has been told of already.
        && (came.is_some() || ran.problems.is_empty() || case.error.is_some())
    {
        let (actual, problems) = (came.map(|came| came.word), ran.problems.clone());
        found.push(Mismatch::Answer { expected: expected.clone(), actual, problems });
        return;
    }
    let differing = came.map(|came| hook::differing(&case.hook.fields, came)).unwrap_or_default();
    let fields = differing.into_iter().map(|(name, expected, actual)| Mismatch::Field { name, expected, actual });
    found.extend(fields);
}

/// The first line that was due and did not come behind those before it.
fn missing_log(expected: &[ExpectedLog], lines: &[LogLine]) -> Option<Mismatch> {
    let mut lines = lines.iter();
    for wanted in expected {
        let is_it = |line: &LogLine| {
            let fields: String = line.fields.iter().map(|(key, value)| format!(" {key}={value}")).collect();
            let text = format!("{}{fields}", line.message);
            wanted.level.is_none_or(|level| level == level_name(line.level)) && text.contains(&wanted.message)
        };
        if !lines.any(is_it) {
            return Some(Mismatch::Log(wanted.clone()));
        }
    }
    None
}

/// The word for a level in cases.
pub(super) fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

//! Writes what came as what is expected: into the file of the cases, and into the files that they name.

use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use jackfield_columns::json::{row_to_json, write_rows};
use jackfield_columns::{Batch, Unmetered, to_ipc, type_name};
use jackfield_manifest::{Case, Content, Value, to_toml, toml_key};
use serde_json::Value as Json;

use super::{Came, CaseReport, Mismatch};
use crate::lifecycle::base64;

/// Bytes that are written into the file of the cases at most.
const MOST_INLINE: usize = 16 << 10;

/// What a blessing changes.
#[derive(Debug, Clone, Default)]
pub struct Blessing {
    /// The new text of the file of cases.
    pub text: String,
    /// Other files, with what they hold now.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Cases that were changed.
    pub blessed: Vec<String>,
    /// Cases that still fail, and why they cannot be blessed.
    pub refused: Vec<(String, String)>,
}

/// What to write so that these cases pass. `folder` is that of their file, `text` what is in it.
pub fn bless(text: &str, folder: &Path, cases: &[(&Case, &CaseReport)]) -> Blessing {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut blessing = Blessing::default();
    for (case, report) in cases {
        let mut made = Made { text, folder, case, edits: Vec::new(), files: Vec::new() };
        match made.case(report) {
            Ok(()) if made.edits.is_empty() && made.files.is_empty() => {}
            Ok(()) => {
                edits.append(&mut made.edits);
                blessing.files.append(&mut made.files);
                blessing.blessed.push(case.name.clone());
            }
            Err(why) => blessing.refused.push((case.name.clone(), why)),
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut done = 0;
    for (range, new) in edits {
        blessing.text.push_str(text.get(done..range.start).unwrap_or_default());
        blessing.text.push_str(&new);
        done = range.end.max(done);
    }
    blessing.text.push_str(text.get(done..).unwrap_or_default());
    blessing
}

/// The changes of one case.
struct Made<'a> {
    text: &'a str,
    folder: &'a Path,
    case: &'a Case,
    edits: Vec<(Range<usize>, String)>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Made<'_> {
    fn case(&mut self, report: &CaseReport) -> Result<(), String> {
        let case = self.case;
        if let Some(Mismatch::Unusable(why)) = report.mismatches.iter().find(|m| matches!(m, Mismatch::Unusable(_))) {
            // A file that is not there yet is written; anything else is a fault of the case.
            let missing = case.outputs.values().any(|content| match content {
                Content::File(file) => !self.folder.join(file).exists(),
                _ => false,
            });
            if !missing {
                return Err(why.clone());
            }
        }
        let expects_nothing = case.outputs.is_empty()
            && case.error.is_none()
            && case.rejected.is_none()
            && case.logs.is_empty()
            && !case.survives;
        if let Some(problem) = report.actual.problems.first() {
            let parts = [("code", &problem.code), ("message", &problem.message)];
            let parts = parts.map(|(key, text)| {
                // The first line is what the plugin says; what follows are the guest's frames.
                let text = text.lines().next().unwrap_or_default();
                format!("{key} = {}", to_toml(&Value::Text { text: text.to_owned(), loose: false }))
            });
            let error = format!("{{ {} }}", parts.join(", "));
            match (&case.spans.error, expects_nothing) {
                (Some(span), _) if !report.passed() => self.edits.push((span.clone(), error)),
                (None, true) => self.insert("error", &error),
                (None, false) if !report.passed() => return Err("it fails where an output is expected".to_owned()),
                _ => {}
            }
            return Ok(());
        }
        if case.error.is_some() {
            return Err("it does not fail any more; remove its `error`".to_owned());
        }
        if expects_nothing && let Some((port, came)) = report.actual.outputs.first() {
            let written = inline(came)?;
            self.insert(&format!("output.{}", toml_key(port)), &written);
        }
        for (port, came) in &report.actual.outputs {
            if let Some(content) = case.outputs.get(port).filter(|_| self.differs(report, port)) {
                self.output(port, content, came)?;
            }
        }
        if report.mismatches.iter().any(|m| matches!(m, Mismatch::Rejected { .. }))
            && let Some(span) = &case.spans.rejected
        {
            self.edits.push((span.clone(), rejected(&report.actual.rejected)));
        }
        match report.mismatches.iter().find(|m| matches!(m, Mismatch::Log(_) | Mismatch::Budget { .. })) {
            Some(_) => Err("logs and budgets are not blessed".to_owned()),
            None => Ok(()),
        }
    }

    fn differs(&self, report: &CaseReport, port: &str) -> bool {
        report.mismatches.iter().any(|mismatch| match mismatch {
            Mismatch::Rows { port: other, .. }
            | Mismatch::Columns { port: other, .. }
            | Mismatch::Bytes { port: other, .. } => other == port,
            Mismatch::Unusable(_) => true,
            _ => false,
        })
    }

    fn output(&mut self, port: &str, content: &Content, came: &Came) -> Result<(), String> {
        match content {
            Content::File(file) => {
                let path = self.folder.join(file);
                let bytes = match came {
                    Came::Bytes(bytes) => bytes.clone(),
                    Came::Rows(_, batches) => file_of(&path, batches)?,
                };
                self.files.push((path, bytes));
            }
            _ => {
                if let Some(span) = self.case.spans.outputs.get(port) {
                    self.edits.push((span.clone(), inline(came)?));
                }
            }
        }
        if let (Came::Rows(schema, _), Some(span)) = (came, self.case.spans.schemas.get(port)) {
            self.edits.push((span.clone(), schema_of(schema)));
        }
        Ok(())
    }

    /// A new line behind that of the case's name, which is in the case's own table in any case.
    fn insert(&mut self, key: &str, value: &str) {
        let from = self.case.spans.name_end;
        let rest = self.text.get(from..).unwrap_or_default();
        let line_end = from + rest.find('\n').unwrap_or(rest.len());
        self.edits.push((line_end..line_end, format!("\n{key} = {value}")));
    }
}

/// Rows as a file of the kind that its name says.
fn file_of(path: &Path, batches: &[Batch]) -> Result<Vec<u8>, String> {
    let told = |failure: jackfield_columns::Failure| failure.message;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl" | "ndjson") => {
            let mut lines = Vec::new();
            for batch in batches {
                write_rows(batch, &mut lines, &mut Unmetered).map_err(told)?;
            }
            Ok(lines)
        }
        Some("json") => {
            let rows = rows(batches)?;
            serde_json::to_vec_pretty(&rows).map_err(|error| error.to_string())
        }
        Some("arrow") => to_ipc(batches, &mut Unmetered).map_err(told),
        _ => Err(format!("{} is not written: rows are written as .jsonl, .json or .arrow", path.display())),
    }
}

fn rows(batches: &[Batch]) -> Result<Vec<Json>, String> {
    let each = batches.iter().flat_map(|batch| (0..batch.rows()).map(move |row| row_to_json(batch, row)));
    each.collect::<Result<_, _>>().map_err(|failure| failure.message)
}

/// What came, as it is written into a case.
fn inline(came: &Came) -> Result<String, String> {
    match came {
        Came::Bytes(bytes) if bytes.len() > MOST_INLINE => {
            Err(format!("{} bytes are too many for a case; name a file", bytes.len()))
        }
        Came::Bytes(bytes) => Ok(match std::str::from_utf8(bytes) {
            Ok(text) => format!("{{ text = {} }}", to_toml(&Value::Text { text: text.to_owned(), loose: false })),
            Err(_) => format!("{{ base64 = \"{}\" }}", base64::encode(bytes)),
        }),
        Came::Rows(_, batches) => table(batches),
    }
}

/// Rows as tables; as JSON Lines where nulls stand inside of values, which TOML cannot write.
fn table(batches: &[Batch]) -> Result<String, String> {
    let rows = rows(batches)?;
    if rows.is_empty() {
        return Ok("[]".to_owned());
    }
    let inner_null = |row: &Json| row.as_object().is_some_and(|row| row.values().any(has_null_inside));
    if rows.iter().any(inner_null) {
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        return match lines.contains("'''") {
            true => Err("its text has three quotes in a row; name a file".to_owned()),
            false => Ok(format!("'''\n{lines}'''")),
        };
    }
    let mut text = "[\n".to_owned();
    let mut numbered = rows.iter();
    for batch in batches {
        for (row, json) in (0..batch.rows()).zip(&mut numbered) {
            text.push_str(&format!("  {},\n", row_text(batch, row, json)));
        }
    }
    text.push(']');
    if text.len() > 4 * MOST_INLINE {
        return Err(format!("{} rows are too many for a case; name a file", rows.len()));
    }
    Ok(text)
}

/// One row; what is null is left out.
fn row_text(batch: &Batch, row: usize, json: &Json) -> String {
    let cells = batch.schema().fields().iter().enumerate().filter_map(|(index, field)| {
        let value = json.get(field.name())?;
        let shown = match (value, special(batch, index, row)) {
            (_, Some(special)) => special,
            (Json::Null, None) => return None,
            (value, None) => to_toml(&from_json(value)),
        };
        Some(format!("{} = {shown}", toml_key(field.name())))
    });
    let cells: Vec<String> = cells.collect();
    if cells.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", cells.join(", ")) }
}

/// A number that JSON has not.
fn special(batch: &Batch, column: usize, row: usize) -> Option<String> {
    let array = batch.column(column, &mut Unmetered).ok()?;
    if array.is_null(row) {
        return None;
    }
    let value = match array.data_type() {
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row),
        _ => return None,
    };
    (!value.is_finite()).then(|| to_toml(&Value::Float(value)))
}

fn has_null_inside(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| item.is_null() || has_null_inside(item)),
        Json::Object(members) => members.values().any(|member| member.is_null() || has_null_inside(member)),
        _ => false,
    }
}

/// JSON as TOML.
pub(crate) fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Text { text: String::new(), loose: false },
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            // Whole numbers beyond 64 bits with sign are no TOML; they are read from text as well.
            (None, _) if number.is_u64() => Value::Text { text: number.to_string(), loose: false },
            (None, Some(number)) => Value::Float(number),
            (None, None) => Value::Text { text: number.to_string(), loose: false },
        },
        Json::String(text) => Value::Text { text: text.clone(), loose: false },
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(members) => {
            Value::Table(members.iter().map(|(key, value)| (key.clone(), from_json(value))).collect())
        }
    }
}

/// `{ a = "int64" }`.
pub(super) fn schema_of(schema: &SchemaRef) -> String {
    let fields = schema.fields().iter().map(|field| {
        let text = Value::Text { text: type_name(field.data_type()), loose: false };
        format!("{} = {}", toml_key(field.name()), to_toml(&text))
    });
    let fields: Vec<String> = fields.collect();
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

fn rejected(letters: &[Json]) -> String {
    let entries = letters.iter().map(|letter| {
        let reason = letter.get("reason").and_then(Json::as_str).unwrap_or_default();
        let reason = to_toml(&Value::Text { text: reason.to_owned(), loose: false });
        let row = letter.get("row").and_then(Json::as_object).map(|row| {
            let filled = row.iter().filter(|(_, value)| !value.is_null());
            let table = filled.map(|(key, value)| (key.clone(), from_json(value))).collect();
            format!("row = {}, ", to_toml(&Value::Table(table)))
        });
        format!("  {{ {}reason = {reason} }},\n", row.unwrap_or_default())
    });
    let entries: String = entries.collect();
    if entries.is_empty() { "[]".to_owned() } else { format!("[\n{entries}]") }
}

//! What goes into a port, read from the case or from a file.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use indexmap::IndexMap;
use jackfield_columns::{Batch, Unmetered, from_ipc, parse_type};
use jackfield_host::CancelToken;
use jackfield_manifest::{Content, Table, Value, to_json, to_toml};
use serde_json::Value as Json;

use super::build::{self, Row};
use crate::loader::Runtime;
use crate::plan::{Ends, PlanRequest};

/// Rows of a port before they have a type.
pub(super) enum Rows {
    /// As people write them.
    Written(Vec<Row>),
    /// As a file has them, with their types.
    Typed(SchemaRef, Vec<Batch>),
}

/// The schema that a case says for a port.
///
/// # Errors
/// A type that is none.
pub(super) fn schema(columns: &IndexMap<String, String>) -> Result<SchemaRef, String> {
    let field = |(name, text): (&String, &String)| {
        let data_type = parse_type(text).map_err(|failure| format!("schema: column {name}: {}", failure.message))?;
        Ok(Field::new(name, data_type, true))
    };
    let fields: Result<Vec<Field>, String> = columns.iter().map(field).collect();
    Ok(Arc::new(Schema::new(fields?)))
}

/// Rows with their types, all in one batch, or none.
///
/// # Errors
/// Values that are not of the types, in words.
pub(super) fn typed(
    rows: Rows,
    wanted: Option<&SchemaRef>,
    content: &Content,
) -> Result<(SchemaRef, Vec<Batch>), String> {
    match rows {
        Rows::Typed(schema, batches) => Ok((schema, batches)),
        Rows::Written(rows) => {
            let schema = match wanted {
                Some(schema) => schema.clone(),
                None => with_times(build::inferred(&rows)?, content),
            };
            let batch = build::batch(&schema, &rows)?;
            Ok((schema, if rows.is_empty() { Vec::new() } else { vec![batch] }))
        }
    }
}

/// TOML has dates and times, which JSON has not.
fn with_times(schema: SchemaRef, content: &Content) -> SchemaRef {
    let Content::Rows(rows) = content else { return schema };
    let of = |field: &Arc<Field>| -> Option<DataType> {
        let mut found: Option<DataType> = None;
        for value in rows.iter().filter_map(|row| row.get(field.name())) {
            let Value::Datetime(text) = value else { return None };
            let zone = text.ends_with(['Z', 'z']) || text.get(11..).is_some_and(|rest| rest.contains(['+', '-']));
            let this = match (text.contains('-') && text.len() >= 10, text.contains(':')) {
                (true, false) => DataType::Date32,
                (true, true) => DataType::Timestamp(TimeUnit::Microsecond, zone.then(|| "UTC".into())),
                _ => DataType::Time64(TimeUnit::Microsecond),
            };
            if found.as_ref().is_some_and(|known| *known != this) {
                return None;
            }
            found = Some(this);
        }
        found
    };
    let fields = schema.fields().iter().map(|field| match of(field) {
        Some(data_type) => Arc::new(Field::new(field.name(), data_type, true)),
        None => field.clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A table as a row.
pub(super) fn row(table: &Table) -> Row {
    match to_json(&Value::Table(table.clone()), None) {
        Json::Object(row) => row,
        _ => Row::new(),
    }
}

/// Rows as JSON Lines, or as one JSON array.
///
/// # Errors
/// The line that is no row.
pub(super) fn lines(text: &str) -> Result<Vec<Row>, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| format!("this is no JSON array of rows: {error}"));
    }
    let filled = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    filled
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("line {} is no row in JSON: {error}", number + 1))
        })
        .collect()
}

impl Runtime {
    /// The rows of a port. `wanted`: types for files whose format guesses them.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(super) fn rows_of(&self, content: &Content, folder: &Path, wanted: Option<&SchemaRef>) -> Result<Rows, String> {
        let file = match content {
            Content::Rows(tables) => return Ok(Rows::Written(tables.iter().map(row).collect())),
            Content::Lines(text) => return lines(text).map(Rows::Written),
            Content::Bytes(_) => return Err("rows are due, not bytes".to_owned()),
            Content::File(file) => file,
        };
        let path = folder.join(file);
        let bytes = || std::fs::read(&path).map_err(|error| format!("{file} cannot be read: {error}"));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "ndjson" | "json") => {
                let text = String::from_utf8(bytes()?).map_err(|_| format!("{file} is not UTF-8"))?;
                lines(&text).map(Rows::Written).map_err(|why| format!("{file}: {why}"))
            }
            Some("arrow") => {
                let batches = from_ipc(&bytes()?, &mut Unmetered).map_err(|failure| format!("{file}: {failure}"))?;
                let schema = batches.first().map(|batch| batch.schema().clone());
                Ok(Rows::Typed(schema.unwrap_or_else(|| Arc::new(Schema::empty())), batches))
            }
            _ => self.read_with_a_format(file, folder, wanted),
        }
    }

    fn read_with_a_format(&self, file: &str, folder: &Path, wanted: Option<&SchemaRef>) -> Result<Rows, String> {
        let mut text =
            format!("[source.in]\npath = {}\n", to_toml(&Value::Text { text: file.to_owned(), loose: false }));
        if let Some(schema) = wanted {
            let types = schema.fields().iter().map(|field| {
                let name = jackfield_manifest::toml_key(field.name());
                format!("{name} = \"{}\"", jackfield_columns::type_name(field.data_type()))
            });
            text.push_str(&format!("schema = {{ {} }}\n", types.collect::<Vec<_>>().join(", ")));
        }
        text.push_str("[sink.out]\ninput = \"in\"\npath = \"out\"\n");
        let mut ends = Ends::default();
        let kept = ends.keep("out");
        let request = PlanRequest {
            file,
            text: &text,
            folder,
            sets: &[],
            env: &|_| None,
            limit: None,
            now_micros: 0,
            // A run that fails cancels its token, and what comes after this one must not be cancelled.
            cancel: CancelToken::new(),
            log: Arc::new(|_| {}),
        };
        let told = |report: crate::Report| {
            let messages: Vec<&str> = report.problems().map(|problem| problem.message.as_str()).collect();
            format!("{file} cannot be read: {}", messages.join("; "))
        };
        let plan = self.plan_between(&request, &ends).map_err(told)?;
        let schema = kept.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
        plan.run().map_err(|(report, _)| told(report))?;
        Ok(Rows::Typed(schema, kept.take()))
    }
}

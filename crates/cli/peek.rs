//! `jackfield peek`: what is in a file, from its head alone.

mod chart;
mod columns;
mod plot;
mod steps;
mod table;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;

use jackfield_columns::json::row_to_json;
use jackfield_columns::{Batch, Failure, type_name};
use jackfield_manifest::{Problem, Severity};
use jackfield_runtime::host::CancelToken;
use jackfield_runtime::{Class, Plan, Report, RunReport, Runtime, SourceInfo};
use serde_json::{Map, Value as Json, json};

use crate::args::Global;
use crate::args::daily::{InputArguments, PeekArguments};
use crate::compose::{self, Policy};
use crate::composed::Composed;
use crate::output::{CommandError, CommandResult, Output, problem_json};
use crate::pipeline::{self, Asked, printable};
use crate::summary::{count, size};
use crate::{plugin, run};

/// So many bytes of a file are read to count its rows; what is larger is estimated.
const COUNTED_BYTES: u64 = 4 << 20;

/// The same of a compressed file, of which each byte takes longer.
const COUNTED_COMPRESSED_BYTES: u64 = 1 << 20;

/// Rows of a batch while rows are counted: few, so that little is read beyond the bytes above.
const COUNTED_ROWS: u32 = 16_384;

/// Rows that `--columns` looks at, at least.
const EXAMPLE_ROWS: u64 = 100;

/// What was seen of a file.
struct Seen {
    source: SourceInfo,
    /// Only the columns that were asked for.
    rows: Vec<Map<String, Json>>,
    /// Rows that could not be read.
    bad: u64,
    count: Count,
    warnings: Vec<Problem>,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Exact(u64),
    /// From the part that was read.
    About(u64),
    Unknown,
}

/// What `peek` works with.
struct Looker<'a> {
    runtime: &'a Runtime,
    arguments: &'a PeekArguments,
    output: &'a Output,
}

pub(crate) fn peek(global: &Global, arguments: &PeekArguments, output: &Output) -> CommandResult {
    let runtime = pipeline::open_runtime_to_run(global)?;
    let looker = Looker { runtime, arguments, output };
    if let Some(column) = &arguments.plot {
        return plot::plot(&looker, column);
    }
    let seen = looker.look()?;
    if output.json {
        output.json_result(&seen_json(&seen, arguments))?;
        return Ok(0);
    }
    let mut text = about(&seen, output);
    if arguments.columns {
        text.push_str(&columns::list(&seen, output));
    } else {
        let shown = seen.rows.get(..usize::try_from(arguments.rows).unwrap_or(usize::MAX).min(seen.rows.len()));
        text.push_str(&table::rows(&shown_fields(&seen), shown.unwrap_or_default(), output));
    }
    output.result(&text)?;
    notes(&seen).iter().for_each(|note| output.note(&printable(note)));
    if seen.bad > 0 {
        seen.warnings.iter().filter(|warning| warning.location.is_some()).for_each(|warning| output.problem(warning));
        tell_left_out(seen.bad, output);
    }
    Ok(0)
}

fn tell_left_out(rows: u64, output: &Output) {
    match rows {
        0 => {}
        1 => output.note("1 row could not be read and is left out"),
        more => output.note(&format!("{} rows could not be read and are left out", count(more))),
    }
}

impl Looker<'_> {
    fn look(&self) -> Result<Seen, CommandError> {
        let shown = self.arguments.rows;
        let wanted = if self.arguments.columns { shown.max(EXAMPLE_ROWS) } else { shown };
        let select = self.arguments.select.as_deref();
        // A row more than is shown tells whether there are any.
        let columns = || select.map(Wanted::Typed);
        let limit = Some(wanted.saturating_add(1));
        let (plan, mut warnings) = self.plan(columns(), 1024, limit, BadRows::Stop)?;
        let source = plan.sources().pop();
        let Some(source) = source else { return Err(anyhow::anyhow!("the plan has no source").into()) };
        let (mut rows, mut rejected) = (Vec::new(), 0);
        match self.head(plan, wanted, &mut rows) {
            Ok(_) => {}
            // Somebody who looks into a file wants to see what can be read of it; stdin is gone, though.
            Err(CommandError::Report(report))
                if self.is_about_rows(&report) && source.files.iter().all(|file| file.name.is_some()) =>
            {
                rows.clear();
                let (plan, _) = self.plan(columns(), 1024, limit, BadRows::Skip)?;
                rejected = self.head(plan, wanted, &mut rows)?.rejected();
                let warning =
                    |problem: &Problem| Problem { severity: Severity::Warning, help: None, ..problem.clone() };
                warnings.extend(report.problems().map(warning));
            }
            Err(error) => return Err(error),
        }
        let all = rows.len() as u64 <= wanted;
        rows.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let count = match all {
            true => Count::Exact(rows.len() as u64),
            false => self.count(&source),
        };
        Ok(Seen { source, rows, bad: rejected, count, warnings })
    }

    /// Whether what failed were rows, and not files, plugins or limits.
    fn is_about_rows(&self, report: &Report) -> bool {
        let files = |problem: &Problem| problem.location.as_ref().is_some_and(|place| place.column == 0);
        report.class() == Class::Failed && report.problems().all(files)
    }

    /// Runs a plan until there are more rows than are wanted.
    fn head(&self, plan: Plan, wanted: u64, rows: &mut Vec<Map<String, Json>>) -> Result<RunReport, CommandError> {
        let mut failed = None;
        let taken = plan.run_into(&mut |batch| {
            for row in 0..batch.rows() {
                match row_to_json(&batch, row) {
                    Ok(Json::Object(row)) => rows.push(row),
                    Ok(_) => {}
                    Err(failure) => failed = Some(failure),
                }
            }
            match rows.len() as u64 > wanted || failed.is_some() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        self.done(taken, failed)
    }

    /// The rows of all files, if they can be counted by reading little; no column is wanted, so that formats that know
    /// the number without reading the rows need not read them.
    fn count(&self, source: &SourceInfo) -> Count {
        let total: Option<u64> = source.files.iter().map(|file| file.bytes).sum();
        let Some(total) = total else { return Count::Unknown };
        let compressed = source.files.iter().any(|file| file.codec.is_some());
        let enough = if compressed { COUNTED_COMPRESSED_BYTES } else { COUNTED_BYTES };
        let known = self.known(source);
        let planned = self.plan_with(&known, Some(Wanted::Nothing), COUNTED_ROWS, None, BadRows::Skip);
        let Ok((plan, _)) = planned else { return Count::Unknown };
        let progress = plan.progress();
        let read = || progress.stages.first().map_or(0, |stage| stage.bytes.load(Ordering::Relaxed));
        let mut rows = 0;
        let mut whole = true;
        let taken = plan.run_into(&mut |batch| {
            rows += batch.rows() as u64;
            whole = read() <= enough;
            if whole { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        // A file that is spoilt further down has rows in front that can be shown.
        if taken.is_err() {
            return Count::Unknown;
        }
        if whole {
            return Count::Exact(rows);
        }
        if compressed {
            return Count::Unknown;
        }
        // The reader's own figures: it runs ahead of whoever takes the rows, as far as the machine's load lets it.
        let made = progress.stages.first().map_or(rows, |stage| stage.rows_out.load(Ordering::Relaxed));
        Count::About(rounded(made as f64 * total as f64 / read().max(1) as f64))
    }

    /// The arguments with what was found out, so that it need not be found out once more.
    fn known(&self, source: &SourceInfo) -> InputArguments {
        let mut input = self.arguments.input.clone();
        let fields = source.schema.fields().iter();
        let of_file = fields.filter(|field| Some(field.name()) != input.file_name_column.as_ref());
        input.schema = of_file.map(|field| (field.name().clone(), type_name(field.data_type()))).collect();
        input.from = Some(source.format.clone());
        let registry = self.runtime.registry();
        let options = registry.format(&source.format).ok().and_then(|(_, format)| format.options.clone());
        let infers = options.is_some_and(|options| options.pointer("/properties/infer-rows").is_some());
        if infers {
            input.options.retain(|(key, _)| key != "infer-rows");
            input.options.push(("infer-rows".to_owned(), "1".to_owned()));
        }
        input
    }

    fn plan(
        &self,
        columns: Option<Wanted<'_>>,
        batch_rows: u32,
        limit: Option<u64>,
        bad_rows: BadRows,
    ) -> Result<(Plan, Vec<Problem>), CommandError> {
        self.plan_with(&self.arguments.input, columns, batch_rows, limit, bad_rows)
    }

    /// Plans the reading of the files; what is wrong with them is told as `convert` would.
    fn plan_with(
        &self,
        input: &InputArguments,
        columns: Option<Wanted<'_>>,
        batch_rows: u32,
        limit: Option<u64>,
        bad_rows: BadRows,
    ) -> Result<(Plan, Vec<Problem>), CommandError> {
        let mut composed = Composed::default();
        composed.raw(&format!("batch-rows = {batch_rows}\n\n"));
        let registry = self.runtime.registry();
        let files = &self.arguments.files;
        compose::source(&mut composed, &registry, "in", files, input, &Policy::skip(bad_rows == BadRows::Skip));
        composed.raw("\n[sink.out]\ninput = \"in\"\npath = \"-\"\nformat = \"jsonl\"\n");
        match &columns {
            None => {}
            Some(Wanted::Nothing) => composed.raw("columns = []\n"),
            Some(Wanted::Typed(typed)) => {
                let origin = composed.typed(Some("--select"), typed);
                composed.entry("columns", &compose::names(typed, &origin));
            }
            Some(Wanted::One(name)) => {
                let origin = composed.typed(Some("--plot"), name);
                let value = crate::composed::Value::Text((*name).to_owned(), origin);
                composed.entry("columns", &crate::composed::Value::List(vec![value]));
            }
        }
        // Whoever skips rows plans the same files once more; what deserves a warning was told.
        let mut output = *self.output;
        output.quiet |= output.json || bad_rows == BadRows::Skip;
        let asked = Asked {
            shown: "peek",
            text: composed.text(),
            folder: Path::new("."),
            sets: &[],
            limit,
            told: &|problem| composed.told("peek", problem),
        };
        // Nothing is written, so nothing has to be taken away when somebody interrupts it.
        let plan = || pipeline::plan_text(self.runtime, &asked, CancelToken::new(), &output);
        let plan = run::granted(self.runtime, plan, self.output)?;
        plugin::grants::introduce(self.runtime, &plan.plugins().order, self.output);
        let warnings = plan.warnings().iter().map(|warning| composed.told("peek", warning.clone())).collect();
        Ok((plan, warnings))
    }

    fn done(
        &self,
        taken: Result<RunReport, (Report, RunReport)>,
        failed: Option<Failure>,
    ) -> Result<RunReport, CommandError> {
        let report = taken.map_err(|(report, _)| CommandError::Report(report))?;
        match failed {
            Some(failure) => Err(anyhow::anyhow!("{}", failure.message).into()),
            None => Ok(report),
        }
    }
}

/// What becomes of rows that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadRows {
    Stop,
    /// They are counted.
    Skip,
}

/// Which columns are read.
enum Wanted<'a> {
    /// None, to count rows.
    Nothing,
    /// Names with commas between them, as they were typed.
    Typed(&'a str),
    /// This one.
    One(&'a str),
}

/// Two digits of a number, the rest zeros: an estimate is no better.
fn rounded(number: f64) -> u64 {
    let step = 10_f64.powf(number.max(1.0).log10().floor() - 1.0).max(1.0);
    ((number / step).round() * step) as u64
}

/// A column that is shown.
#[derive(Debug, Clone)]
struct Shown {
    name: String,
    /// As a type is written.
    kind: String,
    numeric: bool,
}

/// The columns that were asked for, in that order; all of them if none were.
fn shown_fields(seen: &Seen) -> Vec<Shown> {
    let fields = seen.source.schema.fields();
    let shown = |field: &jackfield_runtime::arrow::datatypes::Field| Shown {
        name: field.name().clone(),
        kind: type_name(field.data_type()),
        numeric: field.data_type().is_numeric(),
    };
    match seen.rows.first() {
        // The rows hold them in the order in which they were asked for.
        Some(first) => first.keys().filter_map(|name| Some(shown(fields.find(name)?.1))).collect(),
        None => fields.iter().map(|field| shown(field)).collect(),
    }
}

/// What deserves a second look: columns that one value makes text, and a delimiter that is another one.
fn notes(seen: &Seen) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for note in &seen.source.notes {
        let Some(help) = note.help.as_deref().filter(|help| !told.contains(help)) else { continue };
        told.push(help);
        let same = seen.source.notes.iter().filter(|other| other.help == note.help);
        let columns: Vec<&str> = same.map(|other| other.column.as_str()).collect();
        let (column, others) = match columns.as_slice() {
            [only] => (*only, String::new()),
            [first, rest @ ..] => (*first, format!(" and {} more", rest.len())),
            [] => continue,
        };
        let verb = if columns.len() == 1 { "is" } else { "are" };
        let help = crate::composed::in_words_of_the_command_line(help);
        notes.push(format!("note: {column}{others} {verb} text, because {}; {help}", note.note));
    }
    if let ("csv" | "tsv", [only]) = (seen.source.format.as_str(), seen.source.schema.fields().as_ref())
        && let Some(delimiter) = [';', '\t', '|', ','].into_iter().find(|delimiter| only.name().contains(*delimiter))
    {
        let typed = if delimiter == '\t' { "\\t".to_owned() } else { delimiter.to_string() };
        notes.push(format!(
            "note: there is one column; say --option 'delimiter={typed}' if that is what separates them"
        ));
    }
    notes
}

/// The lines above the table.
fn about(seen: &Seen, output: &Output) -> String {
    let source = &seen.source;
    let mut lines = vec![("format", format!("{}, {}", source.format, source.format_why))];
    if let Some((codec, why)) = source.files.first().and_then(|file| file.codec.as_ref()) {
        lines.push(("codec", format!("{codec}, {why}")));
    }
    let bytes: Option<u64> = source.files.iter().map(|file| file.bytes).sum();
    lines.extend(bytes.map(|bytes| ("size", size(bytes))));
    match seen.count {
        Count::Exact(rows) => lines.push(("rows", count(rows))),
        Count::About(rows) => lines.push(("rows", format!("about {}, estimated from the first 4 MiB", count(rows)))),
        Count::Unknown => {}
    }
    lines.push(("columns", count(source.schema.fields().len() as u64)));
    let name = |file: &jackfield_runtime::FileInfo| file.name.clone().unwrap_or_else(|| "stdin".to_owned());
    let title = match source.files.as_slice() {
        [only] => name(only),
        several => {
            let first = several.iter().take(3).map(name).collect::<Vec<_>>().join(", ");
            let rest = if several.len() > 3 { ", …" } else { "" };
            format!("{} files: {first}{rest}", several.len())
        }
    };
    let mut text = format!("{}\n", output.bold(&printable(&title)));
    for (key, value) in lines {
        text.push_str(&format!("  {}  {}\n", output.dim(&format!("{key:7}")), printable(&value)));
    }
    text.push('\n');
    text
}

fn seen_json(seen: &Seen, arguments: &PeekArguments) -> Json {
    let source = &seen.source;
    let files = source.files.iter().map(|file| {
        let codec = file.codec.as_ref();
        json!({
            "name": file.name,
            "bytes": file.bytes,
            "codec": codec.map(|(codec, _)| codec),
            "codec-why": codec.map(|(_, why)| why.to_string()),
        })
    });
    let columns = source.schema.fields().iter();
    let columns = columns.map(|field| json!({ "name": field.name(), "type": type_name(field.data_type()) }));
    let (rows, about) = match seen.count {
        Count::Exact(rows) => (Some(rows), None),
        Count::About(rows) => (None, Some(rows)),
        Count::Unknown => (None, None),
    };
    let shown = if arguments.columns { 0 } else { usize::try_from(arguments.rows).unwrap_or(usize::MAX) };
    json!({
        "files": files.collect::<Vec<_>>(),
        "format": source.format,
        "format-why": source.format_why.to_string(),
        "rows": rows,
        "rows-estimate": about,
        "rows-rejected": seen.bad,
        "columns": columns.collect::<Vec<_>>(),
        "notes": notes(seen),
        "sample": seen.rows.iter().take(shown).collect::<Vec<_>>(),
        "warnings": seen.warnings.iter().map(problem_json).collect::<Vec<_>>(),
    })
}

/// A value as a cell shows it.
fn cell(value: Option<&Json>) -> Option<String> {
    match value {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(printable(text)),
        Some(other) => Some(printable(&other.to_string())),
    }
}

/// Rows of one column, in batches as they come.
fn one_column(batch: &Batch) -> Result<jackfield_runtime::arrow::array::ArrayRef, Failure> {
    batch.column(0, &mut jackfield_columns::Unmetered)
}

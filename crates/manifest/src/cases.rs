//! `tests/*.toml` of a plugin: what goes into a node, a format, a codec or a hook, and what has to come out.

mod content;
mod expectations;

use std::ops::Range;

use indexmap::IndexMap;

use crate::document::{Data, Document, Item};
use crate::limits::LimitSettings;
use crate::names::TypeRef;
use crate::problem::{Location, Problem};
use crate::reader::{Report, Section, text, wrong_type};
use crate::value::{Table, Value};

pub use content::{Bytes as CaseBytes, Content};
pub use expectations::{Budget, ExpectedError, ExpectedLog, ExpectedRejection, to_toml, toml_key};

/// Random batches of one run at most.
const MOST_RANDOM: i64 = 1_000_000;

/// A file of cases.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The text, to find places in and to write expectations into.
    pub document: Document,
    /// In the order of the file; their names differ.
    pub cases: Vec<Case>,
    /// `[property]`.
    pub property: Option<Property>,
}

/// `[property]`: random batches for the node types of the file's cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    /// So many batches for each.
    pub cases: u32,
    /// What the random numbers start with.
    pub seed: u64,
}

/// What a case is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A node type.
    Node(TypeRef),
    /// A file format, by its id.
    Format(String),
    /// A codec, by its id.
    Codec(String),
    /// A hook, by its id.
    Hook(String),
}

impl Subject {
    /// Whether the port takes bytes, not rows.
    pub fn takes_bytes(&self, port: &str) -> bool {
        match self {
            Subject::Node(_) | Subject::Hook(_) => false,
            Subject::Format(_) => port == "file",
            Subject::Codec(_) => true,
        }
    }

    /// As it is written in a case.
    pub fn text(&self) -> String {
        match self {
            Subject::Node(node) => match (&node.plugin, &node.version) {
                (Some(plugin), Some(version)) => format!("{plugin}@{version}/{}", node.name),
                (Some(plugin), None) => format!("{plugin}/{}", node.name),
                _ => node.name.clone(),
            },
            Subject::Format(id) => format!("format:{id}"),
            Subject::Codec(id) => format!("codec:{id}"),
            Subject::Hook(id) => format!("hook:{id}"),
        }
    }
}

/// `[[case]]`.
#[derive(Clone, Debug)]
pub struct Case {
    /// `name`.
    pub name: String,
    /// Where it begins.
    pub place: Option<Location>,
    /// `type`.
    pub subject: Subject,
    /// `params` of a node, options of a format or codec.
    pub params: Table,
    /// `input.PORT`.
    pub inputs: IndexMap<String, Content>,
    /// `output.PORT`.
    pub outputs: IndexMap<String, Content>,
    /// `schema.PORT`: columns and their types as text, not parsed here.
    pub schemas: IndexMap<String, IndexMap<String, String>>,
    /// `error`: the case has to fail so.
    pub error: Option<ExpectedError>,
    /// `rejected`: rows that leave by the error policy. `None`: a bad row fails the case.
    pub rejected: Option<Vec<ExpectedRejection>>,
    /// `logs`: lines that the plugin has to log, in this order, others between them.
    pub logs: Vec<ExpectedLog>,
    /// `limits`, checked, and as it is written.
    pub limits: Table,
    /// `budget`.
    pub budget: Budget,
    /// `config` of the plugin.
    pub config: Table,
    /// `batch-rows`: the input comes in batches of so many rows; `None`: in one.
    pub batch_rows: Option<u32>,
    /// `survives`: a failure is as good as an answer; a trap, a limit or a broken promise is not.
    pub survives: bool,
    /// `deterministic`, which is usual: clocks stand still.
    pub deterministic: bool,
    /// What only cases of hooks have.
    pub hook: HookCase,
    /// Where things stand that a blessing changes.
    pub spans: Spans,
}

/// What a hook is told, and what it has to answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HookCase {
    /// `event`: fields of the event; the others are made up.
    pub event: Table,
    /// `outcome`: what the thing that the hook stands around, or comes after, gives; the others are made up.
    pub outcome: Table,
    /// `fails`: it fails instead, with this message.
    pub fails: Option<String>,
    /// `answer`: `proceed`, `changed`, `replaced` or `veto`.
    pub answer: Option<String>,
    /// `fields` that the answer has; others are not compared.
    pub fields: Table,
}

/// What a hook can answer.
pub const HOOK_ANSWERS: [&str; 4] = ["proceed", "changed", "replaced", "veto"];

impl Case {
    /// A case that is in no file: one that a program makes.
    pub fn new(name: &str, subject: Subject) -> Case {
        Case {
            name: name.to_owned(),
            place: None,
            subject,
            params: Table::new(),
            inputs: IndexMap::new(),
            outputs: IndexMap::new(),
            schemas: IndexMap::new(),
            error: None,
            rejected: None,
            logs: Vec::new(),
            limits: Table::new(),
            budget: Budget::default(),
            config: Table::new(),
            batch_rows: None,
            survives: false,
            deterministic: true,
            hook: HookCase::default(),
            spans: Spans::default(),
        }
    }
}

/// Bytes of a file of cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// Behind the value of `name`: a line of the case can be put behind the end of this line.
    pub name_end: usize,
    /// The values of `output.PORT`.
    pub outputs: IndexMap<String, Range<usize>>,
    /// The values of `schema.PORT`.
    pub schemas: IndexMap<String, Range<usize>>,
    /// The value of `error`.
    pub error: Option<Range<usize>>,
    /// The value of `rejected`.
    pub rejected: Option<Range<usize>>,
}

/// What holds for all cases of a file that do not say otherwise.
struct Defaults {
    subject: Option<Subject>,
    params: Option<Table>,
    schemas: IndexMap<String, IndexMap<String, String>>,
    limits: Table,
    budget: Budget,
    config: Table,
    batch_rows: Option<u32>,
}

/// Reads a file of cases. Everything wrong is in the list; a case that cannot be run is left out.
pub fn parse_cases(file: &str, text: &str) -> (Option<CaseFile>, Vec<Problem>) {
    let (document, problems) = Document::parse(file, text);
    let Some(document) = document else { return (None, problems) };
    let mut report = Report::new(&document, problems);
    let mut top = Section::top("the file of cases", &document);
    let defaults = Defaults {
        subject: subject(&mut top, &mut report),
        params: top.table("params", &mut report),
        schemas: schemas(&mut top, &mut IndexMap::new(), &mut report),
        limits: limits(&mut top, &mut report),
        budget: Budget::read(&mut top, &mut report),
        config: top.table("config", &mut report).unwrap_or_default(),
        batch_rows: batch_rows(&mut top, &mut report),
    };
    let mut cases: Vec<Case> = Vec::new();
    if top.has("case") {
        for section in top.sections("case", "a case", &mut report) {
            let spot = section.spot;
            let Some(case) = case(section, &defaults, &document, &mut report) else { continue };
            if cases.iter().any(|known| known.name == case.name) {
                report.error(spot, "duplicate-name", format!("two cases are called `{}`", case.name));
            }
            cases.push(case);
        }
    }
    let property = top.section("property", &mut report).map(|mut section| {
        let cases = section.integer("cases", 1, MOST_RANDOM, &mut report).unwrap_or(100);
        let seed = section.integer("seed", 0, i64::MAX, &mut report).unwrap_or(1);
        section.finish(&mut report);
        Property { cases: u32::try_from(cases).unwrap_or(100), seed: u64::try_from(seed).unwrap_or(1) }
    });
    top.finish(&mut report);
    let problems = report.finish();
    (Some(CaseFile { document, cases, property }), problems)
}

fn case(mut s: Section, defaults: &Defaults, document: &Document, report: &mut Report<'_>) -> Option<Case> {
    let mut spans = Spans::default();
    let place = Some(document.place(s.spot));
    let name = s.required("name", report);
    let subject = subject(&mut s, report).or_else(|| defaults.subject.clone());
    if subject.is_none() && s.spot_of("type").is_none() {
        s.missing("type", report);
    }
    let params = s.table("params", report).or_else(|| defaults.params.clone()).unwrap_or_default();
    let mut schemas = schemas(&mut s, &mut spans.schemas, report);
    for (port, schema) in &defaults.schemas {
        schemas.entry(port.clone()).or_insert_with(|| schema.clone());
    }
    let known = subject.clone().unwrap_or(Subject::Format(String::new()));
    let inputs = ports(&mut s, "input", &known, &mut IndexMap::new(), report);
    let outputs = ports(&mut s, "output", &known, &mut spans.outputs, report);
    spans.error = span(&s, "error");
    let error = s.take("error").and_then(|item| ExpectedError::read(item, report));
    spans.rejected = span(&s, "rejected");
    let rejected = s.has("rejected").then(|| ExpectedRejection::read_all(&mut s, report));
    let logs = ExpectedLog::read_all(&mut s, report);
    let own = limits(&mut s, report);
    let limits = if own.is_empty() { defaults.limits.clone() } else { own };
    let budget = Budget::read(&mut s, report).or(defaults.budget);
    let config = s.table("config", report).unwrap_or_else(|| defaults.config.clone());
    let batch_rows = batch_rows(&mut s, report).or(defaults.batch_rows);
    let survives = s.boolean("survives", report).unwrap_or(false);
    let deterministic = s.boolean("deterministic", report).unwrap_or(true);
    let hook = match subject {
        Some(Subject::Hook(_)) => hook_case(&mut s, report),
        _ => HookCase::default(),
    };
    let spot = s.spot;
    s.finish(report);
    let (name, subject) = (name?, subject?);
    spans.name_end = name.spot.end;
    let wanted: &[&str] = match &subject {
        Subject::Node(_) => &[],
        Subject::Format(_) => &["rows", "file"],
        Subject::Codec(_) => &["decoded", "encoded"],
        Subject::Hook(_) => &["rows"],
    };
    for port in
        inputs.keys().chain(outputs.keys()).filter(|port| !wanted.is_empty() && !wanted.contains(&port.as_str()))
    {
        let message = format!("{} has no port `{port}`", subject.text());
        let help = format!("its ports are: {}", wanted.join(", "));
        report.add(spot, Problem::error("unknown-port", message).with_help(help));
    }
    if let ([one, other], true) = (wanted, inputs.len() != 1) {
        let message = format!("a case of {} needs one input", subject.text());
        let help = format!("say input.{one} = … or input.{other} = …");
        report.add(spot, Problem::error("missing-key", message).with_help(help));
    }
    Some(Case {
        name: name.value,
        place,
        subject,
        params,
        inputs,
        outputs,
        schemas,
        error,
        rejected,
        logs,
        limits,
        budget,
        config,
        batch_rows,
        survives,
        deterministic,
        hook,
        spans,
    })
}

fn hook_case(s: &mut Section, report: &mut Report<'_>) -> HookCase {
    let known = |text: &str| match HOOK_ANSWERS.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("answer: `{text}` is not one of {}", HOOK_ANSWERS.join(", "))),
    };
    HookCase {
        event: s.table("event", report).unwrap_or_default(),
        outcome: s.table("outcome", report).unwrap_or_default(),
        fails: s.text("fails", report).map(|text| text.value),
        answer: s.parsed("answer", "invalid-value", known, report),
        fields: s.table("fields", report).unwrap_or_default(),
    }
}

/// The bytes of a key's value.
fn span(section: &Section, key: &str) -> Option<Range<usize>> {
    section.value_spot(key).map(|spot| spot.start..spot.end)
}

fn subject(s: &mut Section, report: &mut Report<'_>) -> Option<Subject> {
    let parse = |text: &str| match text.split_once(':') {
        Some(("format", id)) if !id.is_empty() => Ok(Subject::Format(id.to_owned())),
        Some(("codec", id)) if !id.is_empty() => Ok(Subject::Codec(id.to_owned())),
        Some(("hook", id)) if !id.is_empty() => Ok(Subject::Hook(id.to_owned())),
        Some(("node", name)) => name.parse().map(Subject::Node).map_err(|error| format!("type: {error}")),
        Some(_) => Err(format!("type: expected a node type, format:ID, codec:ID or hook:ID, not `{text}`")),
        None => text.parse().map(Subject::Node).map_err(|error| format!("type: {error}")),
    };
    s.parsed("type", "invalid-name", parse, report)
}

fn batch_rows(s: &mut Section, report: &mut Report<'_>) -> Option<u32> {
    s.integer("batch-rows", 1, i64::from(i32::MAX), report).and_then(|rows| u32::try_from(rows).ok())
}

fn limits(s: &mut Section, report: &mut Report<'_>) -> Table {
    let Some(item) = s.take("limits") else { return Table::new() };
    let value = Value::from(item.clone());
    if let Some(section) = Section::of("limits".to_owned(), item, report) {
        LimitSettings::read(section, report);
    }
    match value {
        Value::Table(table) => table,
        _ => Table::new(),
    }
}

/// `schema.PORT = { column = "type" }`.
fn schemas(
    s: &mut Section,
    spans: &mut IndexMap<String, Range<usize>>,
    report: &mut Report<'_>,
) -> IndexMap<String, IndexMap<String, String>> {
    let Some(section) = s.section("schema", report) else { return IndexMap::new() };
    let mut schemas = IndexMap::new();
    for (port, entry) in section.into_entries() {
        spans.insert(port.clone(), entry.item.spot.start..entry.item.spot.end);
        let Data::Table(columns) = entry.item.data else {
            let what = "a table of columns and types";
            wrong_type(&format!("schema.{port}"), what, entry.item.spot, &entry.item.data, report);
            continue;
        };
        let columns: IndexMap<String, String> = columns
            .into_iter()
            .filter_map(|(column, entry)| {
                let read = text(&format!("schema.{port}.{column}"), entry.item, report)?;
                Some((column, read.value))
            })
            .collect();
        schemas.insert(port, columns);
    }
    schemas
}

fn ports(
    s: &mut Section,
    key: &'static str,
    subject: &Subject,
    spans: &mut IndexMap<String, Range<usize>>,
    report: &mut Report<'_>,
) -> IndexMap<String, Content> {
    let Some(section) = s.section(key, report) else { return IndexMap::new() };
    let mut read = IndexMap::new();
    for (port, entry) in section.into_entries() {
        let Item { spot, .. } = entry.item;
        spans.insert(port.clone(), spot.start..spot.end);
        if let Some(content) = Content::read(&format!("{key}.{port}"), entry.item, subject.takes_bytes(&port), report) {
            read.insert(port, content);
        }
    }
    read
}

//! Whether a plugin is sound: what `jackfield plugin check` looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use jackfield_columns::{Batch, parse_type};
use jackfield_host::{API_VERSION, inspect};
use jackfield_manifest::{Case, CaseBytes, Content, NodeDecl, Problem, Subject, TypeRef, Value};
use serde_json::Value as Json;

use super::ran::{Input, Ran, Setting};
use super::{Bench, Came, build, compare, from_json};
use crate::configuration::compile_schema;
use crate::discover::{BuiltWith, InstalledPlugin, STALE};
use crate::hostile::inputs::{lists, made_up, plain};
use crate::loader::Runtime;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// It could not be looked at.
    NotTried,
    /// It deserves a look.
    Warning,
    /// It is wrong.
    Bad,
}

impl Grade {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Grade::Good => "good",
            Grade::NotTried => "not-tried",
            Grade::Warning => "warning",
            Grade::Bad => "bad",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `manifest`, `component`, `node filter`, `format csv`, …
    pub subject: String,
    /// What was looked at, such as `schema of its parameters`.
    pub check: String,
    /// How it came out.
    pub grade: Grade,
    /// What there is to say; may be empty where it is good.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// All findings about a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// Name and version.
    pub plugin: String,
    /// In the order in which they were made.
    pub findings: Vec<Finding>,
}

impl Checkup {
    /// How many findings are of this grade.
    pub fn count(&self, grade: Grade) -> usize {
        self.findings.iter().filter(|finding| finding.grade == grade).count()
    }

    fn note(&mut self, subject: &str, check: &str, grade: Grade, message: impl Into<String>, help: Option<&str>) {
        let (subject, check, help) = (subject.to_owned(), check.to_owned(), help.map(str::to_owned));
        self.findings.push(Finding { subject, check, grade, message: message.into(), help });
    }
}

impl Runtime {
    /// Looks at everything that a plugin says and does, on small inputs. `parameters` are those of node types for which
    /// none can be made up from the manifest.
    pub fn check_up(
        &self,
        bench: &Bench<'_>,
        plugin: &Arc<InstalledPlugin>,
        parameters: &BTreeMap<String, Json>,
    ) -> Checkup {
        let mut checkup = Checkup { plugin: plugin.title(), findings: Vec::new() };
        about_manifest(self, plugin, &mut checkup);
        if !self.about_component(plugin, &mut checkup) {
            return checkup;
        }
        schemas(plugin, &mut checkup);
        for node in &plugin.manifest.nodes {
            self.about_node(bench, node, parameters.get(&node.node_type), &mut checkup);
        }
        for format in &plugin.manifest.formats {
            self.about_format(bench, &format.id, &mut checkup);
        }
        for codec in &plugin.manifest.codecs {
            self.about_codec(bench, &codec.id, &mut checkup);
        }
        for hook in &plugin.manifest.hooks {
            self.about_hook(bench, &hook.id, &mut checkup);
        }
        checkup
    }

    /// The component's version, exports and rights. `false`: it cannot be loaded.
    fn about_component(&self, plugin: &Arc<InstalledPlugin>, checkup: &mut Checkup) -> bool {
        let bytes = std::fs::read(&plugin.component).unwrap_or_default();
        if let Ok(found) = inspect(&bytes) {
            let built = found.api_version.unwrap_or_else(|| "none".to_owned());
            let message = format!("built for jackfield:plugin {built}, this host offers {API_VERSION}");
            checkup.note("component", "version of the interfaces", Grade::Good, message, None);
            let message = format!("imports {}", list(&found.imports));
            checkup.note("component", "imports", Grade::Good, message, None);
        }
        match self.load(plugin) {
            Ok(loaded) => {
                checkup.note("component", "is what the manifest says", Grade::Good, "", None);
                let warnings: Vec<_> = loaded.warnings.iter().filter(|warning| warning.code != STALE).collect();
                let check = "permissions and imports";
                if warnings.is_empty() {
                    checkup.note("component", check, Grade::Good, "", None);
                }
                for warning in warnings {
                    checkup.note("component", check, Grade::Warning, &warning.message, warning.help.as_deref());
                }
                about_build(plugin, checkup);
                true
            }
            Err(fault) => {
                for diagnosis in fault.diagnoses {
                    let problem = diagnosis.problem;
                    let message = format!("{} [{}]", problem.message, problem.code);
                    checkup.note(
                        "component",
                        "is what the manifest says",
                        Grade::Bad,
                        message,
                        problem.help.as_deref(),
                    );
                }
                false
            }
        }
    }

    fn about_node(&self, bench: &Bench<'_>, node: &NodeDecl, given: Option<&Json>, checkup: &mut Checkup) {
        let subject = format!("node {}", node.node_type);
        let made = given.cloned().unwrap_or_else(|| made_up(node.parameters.as_ref()));
        let setting = setting(bench, &subject, &made);
        let reference = TypeRef { plugin: None, version: None, name: node.node_type.clone() };
        let run_on = |columns: Columns, rows: Rows| -> Result<Ran, String> {
            let ran = self.run_node(&setting, &reference, inputs(node, columns, rows)?, &[])?;
            Ok(ran)
        };
        let mut columns = Columns::Plain;
        let mut first = run_on(columns, Rows::Some);
        // A node of lists refuses numbers, and is right.
        if first.as_ref().is_ok_and(|ran| !ran.broke && !ran.problems.is_empty()) {
            let of_lists = run_on(Columns::Lists, Rows::Some);
            if of_lists.as_ref().is_ok_and(|ran| ran.broke || ran.problems.is_empty()) {
                (columns, first) = (Columns::Lists, of_lists);
            }
        }
        let run = |rows: Rows| run_on(columns, rows);
        let first = match first {
            Ok(ran) => ran,
            Err(why) => return checkup.note(&subject, "opens and binds", Grade::NotTried, why, None),
        };
        let told = |ran: &Ran| ran.problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        if first.broke {
            let help = "run `jackfield plugin test` with a case of it, and look at what it wrote";
            return checkup.note(&subject, "opens and binds", Grade::Bad, told(&first), Some(help));
        }
        let unknown = |problem: &Problem| problem.message.contains("the component has no node");
        if first.problems.iter().any(unknown) {
            let help = "give it this name where the code registers it, or correct its `type` in plugin.toml";
            return checkup.note(&subject, "opens and binds", Grade::Bad, told(&first), Some(help));
        }
        if !first.problems.is_empty() {
            let help = "give the parameters in its schema a `default` or `examples` that speak of the columns a int64, b bool, \
                        t utf8, f float64, or name some with --params TYPE=JSON";
            let message = match given {
                Some(_) => told(&first),
                None => format!("it refuses the parameters that were made up, {made}: {}", told(&first)),
            };
            let grade = if given.is_some() { Grade::Bad } else { Grade::NotTried };
            return checkup.note(&subject, "opens and binds", grade, message, Some(help));
        }
        checkup.note(&subject, "opens and binds", Grade::Good, format!("with {made}"), None);
        for (name, rows) in [("no rows", Rows::None), ("rows of nulls", Rows::Nulls)] {
            match run(rows) {
                Ok(ran) if ran.broke => checkup.note(&subject, name, Grade::Bad, told(&ran), None),
                Ok(_) => checkup.note(&subject, name, Grade::Good, "", None),
                Err(why) => checkup.note(&subject, name, Grade::NotTried, why, None),
            }
        }
        if node.pure {
            let again = run(Rows::Some).map(|ran| shown(&ran.outputs));
            match again == Ok(shown(&first.outputs)) {
                true => checkup.note(&subject, "the same input twice", Grade::Good, "", None),
                false => {
                    let help = "say `pure = false`, or do not depend on the time, on random numbers or on the order of hash tables";
                    let message = "it says that it is pure, and gave something else for the same rows";
                    checkup.note(&subject, "the same input twice", Grade::Bad, message, Some(help));
                }
            }
        }
    }

    /// It has to answer an ordinary event of its point with something that the point honours.
    fn about_hook(&self, bench: &Bench<'_>, id: &str, checkup: &mut Checkup) {
        let subject = format!("hook {id}");
        let case = Case::new(&subject, Subject::Hook(id.to_owned()));
        let check = "answers an ordinary event";
        match self.run_hook_case(&Setting::of(bench, &case), &case, id, std::path::Path::new(".")) {
            Err(why) => checkup.note(&subject, check, Grade::NotTried, why, None),
            Ok(ran) => match (ran.broke, ran.problems.first(), &ran.answer) {
                (true, Some(problem), _) => {
                    checkup.note(&subject, check, Grade::Bad, &problem.message, problem.help.as_deref());
                }
                (_, _, Some(answer)) => {
                    checkup.note(&subject, check, Grade::Good, format!("with {}", answer.word), None);
                }
                (_, problem, None) => {
                    let why = problem.map_or_else(String::new, |problem| problem.message.clone());
                    checkup.note(&subject, check, Grade::NotTried, why, None);
                }
            },
        }
    }

    /// What it writes it has to read again.
    fn about_format(&self, bench: &Bench<'_>, id: &str, checkup: &mut Checkup) {
        let subject = format!("format {id}");
        let mut case = Case::new(&subject, Subject::Format(id.to_owned()));
        let lines = concat!(
            r#"{"a": 1, "b": true, "t": "one", "f": 0.5}"#,
            "\n",
            r#"{"a": -7, "b": false, "t": "two", "f": 1e10}"#,
            "\n",
            r#"{"a": 9007199254740993, "b": true, "t": "naïve", "f": -2.25}"#,
            "\n",
        );
        case.inputs.insert("rows".to_owned(), Content::Lines(lines.to_owned()));
        case.outputs.insert("rows".to_owned(), Content::Lines(lines.to_owned()));
        case.outputs.insert("file".to_owned(), Content::Lines(String::new()));
        let setting = Setting::of(bench, &case);
        let ran = match self.run_format(&setting, &case, id, std::path::Path::new(".")) {
            Ok(ran) => ran,
            Err(why) => return checkup.note(&subject, "reads what it writes", Grade::NotTried, why, None),
        };
        if let Some(problem) = ran.problems.first() {
            let grade = if ran.broke { Grade::Bad } else { Grade::NotTried };
            return checkup.note(&subject, "reads what it writes", grade, &problem.message, problem.help.as_deref());
        }
        let rows = ran.outputs.iter().find_map(|(port, came)| match came {
            Came::Rows(schema, batches) if port == "rows" => Some((schema.clone(), batches.clone())),
            _ => None,
        });
        let names: Vec<String> = ["a", "b", "t", "f"].map(str::to_owned).to_vec();
        let read = rows.map(|(schema, batches)| {
            let columns: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
            (columns, compare::shown(&batches, &names).map(|shown| shown.rows).unwrap_or_default())
        });
        let expected = super::content::lines(lines).ok().and_then(|rows| {
            let schema = build::inferred(&rows).ok()?;
            Some(compare::expected(&rows, &schema, &names).rows)
        });
        match (read, expected) {
            (Some((columns, read)), Some(expected)) if columns == names && alike(&read, &expected) => {
                checkup.note(&subject, "reads what it writes", Grade::Good, "", None);
            }
            (Some((columns, read)), _) => {
                let message = format!("it wrote columns a, b, t, f and read {}: {read:?}", list(&columns));
                let help = "write a case with input.rows and output.rows, and see what differs";
                checkup.note(&subject, "reads what it writes", Grade::Bad, message, Some(help));
            }
            (None, _) => checkup.note(&subject, "reads what it writes", Grade::NotTried, "it read nothing", None),
        }
    }

    /// What it encodes it has to decode again.
    fn about_codec(&self, bench: &Bench<'_>, id: &str, checkup: &mut Checkup) {
        let subject = format!("codec {id}");
        let noise = (0..200_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (name, bytes) in
            [("no bytes", Vec::new()), ("text", b"to be or not to be\n".repeat(1000)), ("noise", noise)]
        {
            let check = format!("decodes what it encodes: {name}");
            let mut case = Case::new(&subject, Subject::Codec(id.to_owned()));
            let content = Content::Bytes(CaseBytes { bytes: bytes.clone(), is_text: false });
            case.inputs.insert("decoded".to_owned(), content.clone());
            case.outputs.insert("decoded".to_owned(), content);
            let setting = Setting::of(bench, &case);
            match self.run_codec(&setting, &case, id, std::path::Path::new(".")) {
                Err(why) => checkup.note(&subject, &check, Grade::NotTried, why, None),
                Ok(ran) => match (ran.problems.first(), ran.outputs.first()) {
                    (Some(problem), _) => {
                        let grade = if ran.broke { Grade::Bad } else { Grade::NotTried };
                        checkup.note(&subject, &check, grade, &problem.message, problem.help.as_deref());
                    }
                    (None, Some((_, Came::Bytes(came)))) if *came == bytes => {
                        checkup.note(&subject, &check, Grade::Good, "", None);
                    }
                    _ => checkup.note(&subject, &check, Grade::Bad, "it gave back other bytes", None),
                },
            }
        }
    }
}

fn about_manifest(runtime: &Runtime, plugin: &InstalledPlugin, checkup: &mut Checkup) {
    let warnings: Vec<_> = plugin.warnings.iter().cloned().chain(runtime.limit_warnings(plugin)).collect();
    if warnings.is_empty() {
        checkup.note("manifest", "keys and values", Grade::Good, "", None);
    }
    for warning in warnings {
        checkup.note("manifest", "keys and values", Grade::Warning, warning.message, warning.help.as_deref());
    }
    if plugin.manifest.description.is_empty() {
        let help = "say in one line what it is for: `description` in [plugin]";
        checkup.note("manifest", "description", Grade::Warning, "it has none", Some(help));
    }
}

/// The JSON Schemas, and their defaults against themselves; the columns that ports declare.
fn schemas(plugin: &InstalledPlugin, checkup: &mut Checkup) {
    let manifest = &plugin.manifest;
    let mut all: Vec<(String, &str, Option<&Json>)> = Vec::new();
    for node in &manifest.nodes {
        all.push((format!("node {}", node.node_type), "schema of its parameters", node.parameters.as_ref()));
        for port in node.inputs.iter().filter(|port| port.columns.is_some()) {
            let text = port.columns.as_deref().unwrap_or_default();
            let wrong = match parse_type(text) {
                Ok(DataType::Struct(_)) => continue,
                Ok(_) => "it names no columns".to_owned(),
                Err(failure) => failure.message,
            };
            let message = format!("input {}: `{text}`: {wrong}", port.name);
            let help = "write columns as a type: struct<a: int64, b: utf8>";
            checkup.note(&format!("node {}", node.node_type), "columns of its inputs", Grade::Bad, message, Some(help));
        }
    }
    for format in &manifest.formats {
        all.push((format!("format {}", format.id), "schema of its options", format.options.as_ref()));
    }
    for codec in &manifest.codecs {
        all.push((format!("codec {}", codec.id), "schema of its options", codec.options.as_ref()));
    }
    all.push(("plugin".to_owned(), "schema of its configuration", manifest.config.as_ref()));
    for (subject, check, schema) in all {
        let Some(schema) = schema else { continue };
        if let Err(why) = compile_schema(schema) {
            checkup.note(&subject, check, Grade::Bad, why, Some("it has to be a JSON Schema"));
            continue;
        }
        let mut wrong = Vec::new();
        for example in schema.get("examples").and_then(Json::as_array).into_iter().flatten() {
            if compile_schema(schema).is_ok_and(|validator| !validator.is_valid(example)) {
                wrong.push(format!("the example {example} is none that it allows"));
            }
        }
        for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
            let Some(default) = property.get("default") else { continue };
            // References lead out of the property, so it is looked at inside of the whole.
            if property.get("$ref").is_some() {
                continue;
            }
            if compile_schema(property).is_ok_and(|validator| !validator.is_valid(default)) {
                wrong.push(format!("the default of `{name}`, {default}, is none that it allows"));
            }
        }
        match wrong.is_empty() {
            true => checkup.note(&subject, check, Grade::Good, "", None),
            false => {
                checkup.note(&subject, check, Grade::Bad, wrong.join("; "), Some("change the default or the schema"))
            }
        }
    }
}

/// Which rows a node is given.
#[derive(Clone, Copy)]
enum Rows {
    None,
    Nulls,
    Some,
}

/// Which columns the rows have, where the manifest declares none.
#[derive(Clone, Copy)]
enum Columns {
    /// a int64, b bool, t utf8, f float64.
    Plain,
    /// a list<int64>, t utf8.
    Lists,
}

/// Rows for all ports that have to be connected: of the columns that the manifest declares, else of these.
fn inputs(node: &NodeDecl, columns: Columns, rows: Rows) -> Result<Vec<Input>, String> {
    let failed = |failure: jackfield_columns::Failure| failure.message;
    let table = match columns {
        Columns::Plain => plain(),
        Columns::Lists => lists(),
    };
    let table = table.map_err(failed)?;
    let mut inputs = Vec::new();
    for port in node.inputs.iter().filter(|port| !port.optional) {
        let declared = port.columns.as_deref().and_then(|text| parse_type(text).ok());
        let (schema, some): (SchemaRef, Option<Batch>) = match declared {
            Some(DataType::Struct(fields)) => {
                let schema = Arc::new(arrow::datatypes::Schema::new(fields));
                let mut random = super::random::Random::new(1);
                let columns = schema.fields().iter().map(|f| super::random::array(f.data_type(), 8, 1, &mut random));
                let batch = Batch::of(schema.clone(), 8, columns.collect()).map_err(failed)?;
                (schema, Some(batch))
            }
            _ => {
                let extremes = table.batches.iter().find(|(name, _)| *name == "extremes").or(table.batches.first());
                let some = extremes.map(|(_, batch)| batch.clone());
                (table.schema.clone(), some)
            }
        };
        let nulls = || -> Result<Batch, String> {
            let columns = schema.fields().iter().map(|field| arrow::array::new_null_array(field.data_type(), 100));
            Batch::of(schema.clone(), 100, columns.collect()).map_err(failed)
        };
        let batches = match rows {
            Rows::None => Vec::new(),
            Rows::Nulls => vec![nulls()?],
            Rows::Some => some.into_iter().collect(),
        };
        let names = match port.multiple {
            true => vec!["in.0".to_owned(), "in.1".to_owned()],
            false => vec![port.name.clone()],
        };
        for name in names {
            inputs.push(Input { port: name, schema: schema.clone(), batches: batches.clone() });
        }
    }
    Ok(inputs)
}

fn setting<'a>(bench: &'a Bench<'a>, name: &str, params: &Json) -> Setting<'a> {
    let mut case = Case::new(name, Subject::Format(String::new()));
    // Rows that cannot be worked on are no defect.
    case.survives = true;
    if let Value::Table(params) = from_json(params) {
        case.params = params;
    }
    Setting::of(bench, &case)
}

fn shown(outputs: &[(String, Came)]) -> Vec<String> {
    let one = |(port, came): &(String, Came)| match came {
        Came::Bytes(bytes) => format!("{port} {bytes:?}"),
        Came::Rows(schema, batches) => {
            let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
            format!("{port} {:?}", compare::shown(batches, &names))
        }
    };
    outputs.iter().map(one).collect()
}

/// The same values, whatever their types: a format may have text only.
fn alike(one: &[Vec<String>], other: &[Vec<String>]) -> bool {
    let same = |one: &String, other: &String| {
        let numbers = one.parse::<f64>().ok().zip(other.parse::<f64>().ok());
        one == other || numbers.is_some_and(|(one, other)| one == other)
    };
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other)))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Whether the component was built with this manifest, as far as it says so.
fn about_build(plugin: &InstalledPlugin, checkup: &mut Checkup) {
    let check = "built with this manifest";
    let mut note = |grade, message: &str| checkup.note("component", check, grade, message, None);
    match plugin.built_with() {
        BuiltWith::FirstParty => note(Grade::Good, "the binary has the digests of both"),
        BuiltWith::Inside => note(Grade::Good, "the component holds it"),
        BuiltWith::This => note(Grade::Good, "the component says its digest"),
        BuiltWith::Another => {
            if let Some(warning) = plugin.built_with_another() {
                checkup.note("component", check, Grade::Warning, &warning.message, warning.help.as_deref());
            }
        }
        BuiltWith::Unsaid => {
            let message = "the component does not say which manifest it was built with";
            let help = "`jackfield plugin build` writes that into it";
            checkup.note("component", check, Grade::NotTried, message, Some(help));
        }
    }
}

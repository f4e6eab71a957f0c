//! Reads the sources, nodes and sinks.

use std::str::FromStr;

use crate::document::{Data, Entries, Entry, Item, Origin, Spot};
use crate::limits::bytes;
use crate::names::{NameError, PortRef, StageName, TypeRef};
use crate::problem::Problem;
use crate::reader::{Report, Section, Spotted, choose, settle, text, wrong_type};
use crate::suggest::suggestion;

use super::graph::{Edge, Names};
use super::paths::{File, Use};
use super::{IfExists, Input, Node, OnError, SchemaDrift, Sink, Source};

/// All stages of a pipeline, and what is needed to check them together.
pub(super) struct Stages {
    pub(super) sources: Vec<Source>,
    pub(super) nodes: Vec<Node>,
    pub(super) sinks: Vec<Sink>,
    pub(super) names: Names,
    pub(super) edges: Vec<Edge>,
    pub(super) files: Vec<File>,
}

pub(super) fn read(top: &mut Section, report: &mut Report<'_>) -> Stages {
    let sources = stages(top, "source", report);
    let nodes = stages(top, "node", report);
    let sinks = stages(top, "sink", report);
    let names = Names::collect(&sources, &nodes, &sinks, report);
    let mut stages = Stages { sources: vec![], nodes: vec![], sinks: vec![], names, edges: vec![], files: vec![] };
    for stage in sources {
        let Some(stage) = stage.open("source", report) else { continue };
        let source = stages.source(stage, report);
        stages.sources.push(source);
    }
    for stage in nodes {
        let Some(stage) = stage.open("node", report) else { continue };
        let node = stages.node(stage, report);
        stages.nodes.extend(node);
    }
    for stage in sinks {
        let Some(stage) = stage.open("sink", report) else { continue };
        let sink = stages.sink(stage, report);
        stages.sinks.extend(sink);
    }
    stages
}

/// A stage's table as it stands in the file.
pub(super) struct Raw {
    pub(super) key: Spot,
    pub(super) name: String,
    item: Item,
}

/// A stage with a good name, its table opened.
struct Stage {
    name: StageName,
    section: Section,
}

fn stages(top: &mut Section, kind: &'static str, report: &mut Report<'_>) -> Vec<Raw> {
    let entries = top.section(kind, report).map(Section::into_entries).unwrap_or_default();
    entries.into_iter().map(|(name, Entry { key, item })| Raw { key, name, item }).collect()
}

impl Raw {
    fn open(self, kind: &str, report: &mut Report<'_>) -> Option<Stage> {
        let name = StageName::new(&self.name).map_err(|why| report.error(self.key, "invalid-name", why.to_string()));
        let section = Section::of(format!("{kind} `{}`", self.name), self.item, report)?;
        Some(Stage { name: name.ok()?, section })
    }
}

impl Stages {
    fn source(&mut self, Stage { name, section: mut s }: Stage, report: &mut Report<'_>) -> Source {
        let paths = paths(&mut s, report);
        let owner = format!("source `{name}`");
        for path in &paths {
            self.files.push(File { spot: path.spot, path: path.value.clone(), owner: owner.clone(), role: Use::Read });
        }
        let source = Source {
            paths: paths.into_iter().map(|path| path.value).collect(),
            format: s.text("format", report).map(|text| text.value),
            codec: s.text("codec", report).map(|text| text.value),
            options: s.table("options", report).unwrap_or_default(),
            codec_options: s.table("codec-options", report).unwrap_or_default(),
            schema: s.text_table("schema", report),
            on_error: self.on_error(&mut s, &owner, report),
            file_name_column: s.text("file-name-column", report).map(|text| text.value),
            schema_drift: s.choice("schema-drift", DRIFTS, report).unwrap_or_default(),
            name,
        };
        s.finish(report);
        source
    }

    fn node(&mut self, Stage { name, section: mut s }: Stage, report: &mut Report<'_>) -> Option<Node> {
        if s.spot.origin != Origin::File && !s.has("type") {
            // A node that only `--set` names is most likely another one, misspelt.
            let nodes = self.names.outputs.keys().map(String::as_str).filter(|node| *node != name.as_str());
            let mut problem = Problem::error("unknown-stage", format!("the file has no node `{name}`"));
            problem.help = suggestion(name.as_str(), nodes);
            report.add(s.spot, problem);
            return None;
        }
        let node_type = s.required("type", report).and_then(|Spotted { spot, value }| {
            TypeRef::from_str(&value).map_err(|why| report.error(spot, "invalid-name", why.to_string())).ok()
        });
        let inputs = self.inputs(&mut s, &name, report);
        let owner = format!("node `{name}`");
        let params = s.table("params", report).unwrap_or_default();
        let on_error = self.on_error(&mut s, &owner, report);
        s.finish(report);
        Some(Node { name, node_type: node_type?, inputs, params, on_error })
    }

    fn sink(&mut self, Stage { name, section: mut s }: Stage, report: &mut Report<'_>) -> Option<Sink> {
        let owner = format!("sink `{name}`");
        let input = s.required("input", report).and_then(|input| self.reference(input, None, report));
        let path = s.required("path", report).filter(|path| not_empty(path, &owner, report));
        if let Some(path) = &path {
            self.files.push(File { spot: path.spot, path: path.value.clone(), owner, role: Use::Write });
        }
        let texts = |list: Vec<Spotted<String>>| list.into_iter().map(|text| text.value).collect::<Vec<_>>();
        let format = s.text("format", report).map(|text| text.value);
        let codec = s.text("codec", report).map(|text| text.value);
        let options = s.table("options", report).unwrap_or_default();
        let codec_options = s.table("codec-options", report).unwrap_or_default();
        let if_exists = s.choice("if-exists", IF_EXISTS, report).unwrap_or_default();
        let columns = s.texts("columns", report).map(texts);
        let partition_by = s.texts("partition-by", report).map(texts).unwrap_or_default();
        let split_size = bytes(&mut s, "split-size", report);
        s.finish(report);
        let (input, path) = (input?, path?.value);
        Some(Sink {
            name,
            input,
            path,
            format,
            codec,
            options,
            codec_options,
            if_exists,
            columns,
            partition_by,
            split_size,
        })
    }

    /// `input = "a"`, `inputs = ["a", "b"]`, or `inputs = { left = "a", right = "b" }`.
    fn inputs(&mut self, s: &mut Section, node: &StageName, report: &mut Report<'_>) -> Vec<Input> {
        let path = |keys: &[&str]| ["node", node.as_str()].iter().chain(keys).map(|key| key.to_string()).collect();
        let one = s.text("input", report);
        let several = s.take("inputs");
        if let (Some(_), Some(several)) = (&one, &several) {
            let message = format!("node `{node}` has both `input` and `inputs`");
            report.add(several.spot, Problem::error("invalid-value", message).with_help("keep one of them"));
        }
        let mut inputs = Vec::new();
        if let Some(input) = one {
            let from = self.reference(input, Some(node), report);
            inputs.extend(from.map(|from| Input { port: None, from, path: path(&["input"]) }));
        }
        let own = inputs.len();
        let Some(several) = several.map(settle) else { return inputs };
        let name = s.name("inputs");
        match several.data {
            Data::Array(items) => {
                for (number, item) in items.into_iter().enumerate() {
                    let from = self.reference_in(&name, item, node, report);
                    let (port, path) = (Some(format!("in.{number}")), path(&["inputs", &number.to_string()]));
                    inputs.extend(from.map(|from| Input { port, from, path }));
                }
            }
            Data::Table(entries) => self.named_inputs(entries, &name, node, &mut inputs, report),
            other => wrong_type(&name, "a list or a table", several.spot, &other, report),
        }
        if own > 0 {
            // Said in two ways, which is reported: the planner goes by the first.
            inputs.truncate(own);
        }
        inputs
    }

    fn named_inputs(
        &mut self,
        entries: Entries,
        name: &str,
        node: &StageName,
        inputs: &mut Vec<Input>,
        report: &mut Report<'_>,
    ) {
        let path = |keys: &[&str]| {
            ["node", node.as_str(), "inputs"].iter().chain(keys).map(|key| key.to_string()).collect::<Vec<_>>()
        };
        for (port, entry) in entries {
            let item = match entry.item.data {
                Data::Array(items) => {
                    for (number, item) in items.into_iter().enumerate() {
                        let from = self.reference_in(name, item, node, report);
                        let path = path(&[&port, &number.to_string()]);
                        inputs.extend(from.map(|from| Input { port: Some(format!("{port}.{number}")), from, path }));
                    }
                    continue;
                }
                _ => entry.item,
            };
            let from = self.reference_in(name, item, node, report);
            let path = path(&[&port]);
            inputs.extend(from.map(|from| Input { port: Some(port), from, path }));
        }
    }

    fn reference_in(&mut self, name: &str, item: Item, node: &StageName, report: &mut Report<'_>) -> Option<PortRef> {
        let input = text(&format!("an entry of {name}"), item, report)?;
        self.reference(input, Some(node), report)
    }

    /// Reads a reference and notes the edge; `None` if it leads nowhere, which is reported.
    fn reference(
        &mut self,
        input: Spotted<String>,
        to: Option<&StageName>,
        report: &mut Report<'_>,
    ) -> Option<PortRef> {
        let Spotted { spot, value } = input;
        let from = PortRef::from_str(&value).map_err(|NameError(why)| report.error(spot, "invalid-name", why)).ok()?;
        if !self.names.check_known(&from, spot, report) {
            return None;
        }
        self.edges.push(Edge { from: from.stage.to_string(), to: to.map(StageName::to_string), spot });
        Some(from)
    }

    fn on_error(&mut self, s: &mut Section, owner: &str, report: &mut Report<'_>) -> OnError {
        let name = s.name("on-error");
        let Some(item) = s.take("on-error") else { return OnError::Stop };
        let item = match &item.data {
            Data::Text(text) if text.loose && POLICIES.iter().all(|(word, _)| *word != text.text) => settle(item),
            _ => item,
        };
        match item.data {
            Data::Text(text) => {
                let text = Spotted { spot: item.spot, value: text.text };
                match choose(&name, &text, POLICIES, report) {
                    Some(Policy::Skip) => OnError::Skip,
                    _ => OnError::Stop,
                }
            }
            Data::Table(entries) => {
                let mut section = Section::new(name.clone(), item.spot, entries);
                let path = section.required("dead-letter", report).filter(|path| not_empty(path, &name, report));
                section.finish(report);
                let Some(Spotted { spot, value }) = path else { return OnError::Stop };
                let owner = format!("the dead letters of {owner}");
                self.files.push(File { spot, path: value.clone(), owner, role: Use::DeadLetters });
                OnError::DeadLetter(value)
            }
            other => {
                wrong_type(&name, "\"stop\", \"skip\" or { dead-letter = PATH }", item.spot, &other, report);
                OnError::Stop
            }
        }
    }
}

/// `path = "a"` or `path = ["a", "b"]`.
fn paths(s: &mut Section, report: &mut Report<'_>) -> Vec<Spotted<String>> {
    let name = s.name("path");
    let Some(item) = s.take("path") else {
        s.missing("path", report);
        return Vec::new();
    };
    // One path is text as it is; a list of them is written as one.
    let item = match &item.data {
        Data::Text(text) if text.loose && text.text.trim_start().starts_with('[') => match settle(item.clone()) {
            list @ Item { data: Data::Array(_), .. } => list,
            _ => item,
        },
        _ => item,
    };
    let (spot, items) = match item.data {
        Data::Array(items) => (item.spot, items),
        _ => (item.spot, vec![item]),
    };
    if items.is_empty() {
        report.error(spot, "invalid-value", format!("{name} is an empty list"));
    }
    let paths = items.into_iter().filter_map(|item| text(&name, item, report));
    let paths: Vec<_> = paths.collect();
    paths.into_iter().filter(|path| not_empty(path, &name, report)).collect()
}

fn not_empty(path: &Spotted<String>, name: &str, report: &mut Report<'_>) -> bool {
    if path.value.is_empty() {
        report.error(path.spot, "invalid-value", format!("{name}: a path must not be empty"));
    }
    !path.value.is_empty()
}

#[derive(Clone, Copy)]
enum Policy {
    Stop,
    Skip,
}

const POLICIES: &[(&str, Policy)] = &[("stop", Policy::Stop), ("skip", Policy::Skip)];
const DRIFTS: &[(&str, SchemaDrift)] =
    &[("fail", SchemaDrift::Fail), ("union", SchemaDrift::Union), ("cast", SchemaDrift::Cast)];
const IF_EXISTS: &[(&str, IfExists)] =
    &[("replace", IfExists::Replace), ("fail", IfExists::Fail), ("append", IfExists::Append)];

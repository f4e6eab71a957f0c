//! Plans a sink: where it writes, in which format, and whether that format can hold the rows.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use jackfield_columns::Failure;
use jackfield_host::{ByteSink, CallError, FormatWriter};
use jackfield_manifest::{IfExists, OnError, Sink, Value, to_json};
use serde_json::Value as Json;

use super::demand::Wanted;
use super::layout::Layout;
use super::paths::extensions;
use super::sketch::{Trust, Upstream};
use super::source::CodecChoice;
use super::{Body, Planner, Stage, detect, params};
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, place, problem};
use crate::loader::LoadedPlugin;
use crate::progress::StageKind;

/// Where a sink writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SinkTarget {
    /// Standard output.
    Stdout,
    /// A file, and its name as the user wrote it.
    File { path: PathBuf, shown: String, append: bool },
    /// Several files.
    Parts(Layout),
}

/// How a sink writes.
#[derive(Debug)]
pub(crate) struct SinkStage {
    pub(crate) target: SinkTarget,
    pub(crate) plugin: LoadedPlugin,
    pub(crate) format: String,
    pub(crate) options: String,
    pub(crate) codec: Option<CodecChoice>,
    /// The columns to write, in this order; `None` = all.
    pub(crate) columns: Option<Vec<String>>,
}

impl SinkStage {
    pub(crate) fn wanted(&self) -> Wanted {
        let with_partitions = |names: &Vec<String>| names.iter().chain(self.partition_by()).cloned().collect();
        let columns: Option<BTreeSet<String>> = self.columns.as_ref().map(with_partitions);
        Wanted { columns, ..Wanted::all() }
    }

    /// Whether what is written is a text of lines, as far as its format says so.
    pub(crate) fn writes_lines(&self) -> bool {
        let formats = &self.plugin.installed.manifest.formats;
        let media_types =
            formats.iter().filter(|format| format.id == self.format).flat_map(|format| &format.media_types);
        media_types.into_iter().any(|media_type| {
            media_type.starts_with("text/")
                || matches!(media_type.as_str(), "application/jsonl" | "application/x-ndjson")
        })
    }

    /// The columns whose values name folders; they are not in the files.
    fn partition_by(&self) -> &[String] {
        match &self.target {
            SinkTarget::Parts(layout) => &layout.partition_by,
            _ => &[],
        }
    }

    /// The schema that is written when rows of `schema` come in.
    pub(crate) fn written(&self, schema: &SchemaRef) -> SchemaRef {
        written(schema, self.columns.as_deref(), self.partition_by())
    }
}

/// Those of these columns that are written; those of `parts` name folders.
fn written(schema: &SchemaRef, columns: Option<&[String]>, parts: &[String]) -> SchemaRef {
    let fields: Vec<Field> = match columns {
        None if parts.is_empty() => return schema.clone(),
        None => schema.fields().iter().map(|field| field.as_ref().clone()).collect(),
        Some(names) => names.iter().filter_map(|name| schema.field_with_name(name).ok().cloned()).collect(),
    };
    Arc::new(Schema::new(fields.into_iter().filter(|field| !parts.contains(field.name())).collect::<Vec<_>>()))
}

/// Codes of what a writer says about its options, whatever the columns are.
const OWN: [&str; 3] = ["invalid-option", "not-supported", "syntax"];

/// Whether a writer says that it cannot hold a column, of what is known of the columns.
fn is_of_columns(failure: &Failure, trust: Trust) -> bool {
    let of_names = failure.code == "invalid-name";
    let told = match trust {
        Trust::Sure => of_names || failure.code == "type-mismatch",
        Trust::Names => of_names,
        Trust::Nothing => false,
    };
    told && failure.parameter.is_none()
}

impl Planner<'_> {
    /// A sink and where its input comes from, or `None` with its problems noted.
    pub(crate) async fn plan_sink(&mut self, sink: &Sink, input: Upstream) -> Option<(Stage, (usize, usize))> {
        let mut problems = Vec::new();
        let planned = self.try_sink(sink, &input, &mut problems).await;
        let right = problems.is_empty();
        for diagnosis in problems {
            self.note(diagnosis, &["sink", sink.name.as_str()]);
        }
        Some((planned.filter(|_| right)?, input.place?))
    }

    /// The sink, as far as what is wrong with it leaves that.
    async fn try_sink(&mut self, sink: &Sink, input: &Upstream, problems: &mut Vec<Diagnosis>) -> Option<Stage> {
        let name = sink.name.as_str();
        if let Some(schema) = &input.schema {
            let mut found = self.unknown_columns(sink, schema);
            found.extend(self.wrong_partitions(sink, schema));
            found.retain(|found| match input.trust {
                Trust::Sure => true,
                Trust::Names => found.problem.code != "type-mismatch",
                Trust::Nothing => false,
            });
            problems.extend(found);
        }
        let known = input.schema.as_deref().filter(|_| input.trust > Trust::Nothing);
        problems.extend(self.columns_twice(sink, known));
        let target = self.target(sink).map_err(|diagnosis| problems.push(diagnosis)).ok();
        let codec = self.sink_codec(sink).await.unwrap_or_else(|more| {
            problems.extend(more);
            None
        });
        let (installed, format) = match self.sink_format(sink) {
            Ok(found) => found,
            Err(diagnosis) => {
                problems.push(diagnosis);
                return None;
            }
        };
        let declared = installed.manifest.formats.iter().find(|declared| declared.id == format);
        let option_schema = declared.and_then(|declared| declared.options.clone());
        let options = to_json(&Value::Table(sink.options.clone()), option_schema.as_ref());
        let wrong = params::validate(self.document(), &["sink", name, "options"], &options, option_schema.as_ref());
        let usable = match wrong.as_slice() {
            [] => Some((options, Vec::new())),
            _ => params::mended(&options, option_schema.as_ref()),
        };
        problems.extend(wrong);
        let target = match target {
            Some(SinkTarget::Parts(layout)) => {
                let layout = self.named(sink, layout, declared, codec.as_ref());
                problems.extend(self.already_there(sink, &layout));
                Some(SinkTarget::Parts(layout))
            }
            other => other,
        };
        let plugin = match self.ready(&installed).await {
            Ok(plugin) => plugin,
            Err(found) => {
                problems.extend(found);
                return None;
            }
        };
        self.use_format(&installed, &format, &["sink", name, "format"]);
        let (options, changed) = usable?;
        self.try_writer(sink, input, (&plugin, &format), (&options, changed), problems).await;
        let target = target?;
        let store = self.store(name, &plugin.installed, &plugin.limits);
        let counters = Planner::counters(name, StageKind::Sink, &plugin.installed, None);
        let options = options.to_string();
        let stage = SinkStage { target, plugin, format, options, codec, columns: sink.columns.clone() };
        Some(Stage {
            name: name.to_owned(),
            counters,
            on_error: OnError::Stop,
            outputs: Vec::new(),
            store,
            body: Body::Sink(Box::new(stage)),
        })
    }

    /// Opens a writer on nothing, to hear whether it takes these options and columns. Options that it refuses are noted
    /// and left out one after the other, so that all of them are found.
    async fn try_writer(
        &mut self,
        sink: &Sink,
        input: &Upstream,
        (plugin, format): (&LoadedPlugin, &str),
        (options, mut changed): (&Json, Vec<String>),
        problems: &mut Vec<Diagnosis>,
    ) {
        // Columns that come with the first batch are looked at then.
        if input.place.is_some() && input.schema.is_none() {
            return;
        }
        let name = sink.name.as_str();
        let columns = match input.trust {
            Trust::Nothing => Arc::new(Schema::empty()),
            Trust::Names | Trust::Sure => written(&input.columns(), sink.columns.as_deref(), &sink.partition_by),
        };
        let mut options = options.clone();
        let mut certain = problems.is_empty() && input.trust == Trust::Sure;
        loop {
            let store = self.store(name, &plugin.installed, &plugin.limits);
            let nothing = ByteSink::discard();
            let text = options.to_string();
            let opened = FormatWriter::open(&plugin.component, store, format, &text, &columns, nothing).await;
            let failures = match opened {
                Ok(_) => return,
                Err(CallError::Failures(failures)) => failures,
                Err(other) if certain => return problems.extend(call_problems(other, &format!("sink.{name}"))),
                Err(_) => return,
            };
            let mut left_out = false;
            for failure in failures {
                let pointer = failure.parameter.as_deref().and_then(|pointer| pointer.split('/').nth(1));
                let option = pointer.map(|option| option.replace("~1", "/").replace("~0", "~"));
                let written = option.as_ref().is_none_or(|option| !changed.contains(option));
                let of_options = written && OWN.contains(&failure.code.as_str());
                if let Some(option) = option {
                    left_out |= options.as_object_mut().is_some_and(|all| all.shift_remove(&option).is_some());
                    changed.push(option);
                }
                if certain || of_options || is_of_columns(&failure, input.trust) {
                    problems.push(place(self.document(), &["sink", name], "options", failure));
                }
            }
            if !left_out {
                return;
            }
            certain = false;
        }
    }

    fn target(&self, sink: &Sink) -> Result<SinkTarget, Diagnosis> {
        let name = sink.name.as_str();
        if !sink.partition_by.is_empty() || sink.split_size.is_some() {
            return self.several(sink).map(SinkTarget::Parts);
        }
        if sink.path == "-" {
            return Ok(SinkTarget::Stdout);
        }
        let path = self.request.folder.join(&sink.path);
        let location = self.document().locate(&["sink", name, "path"]);
        if path.is_dir() {
            let message = format!("{} is a folder", sink.path);
            let help = "name the file to write";
            return Err(problem("output-is-folder", message).with_help(help).at(location).class(Class::Configuration));
        }
        if sink.if_exists == IfExists::Fail && path.exists() {
            let help = "remove it, or say if-exists = \"replace\"";
            let message = format!("{} is there already", sink.path);
            return Err(problem("output-exists", message).with_help(help).at(location).class(Class::Failed));
        }
        let append = sink.if_exists == IfExists::Append;
        Ok(SinkTarget::File { path, shown: sink.path.clone(), append })
    }

    async fn sink_codec(&mut self, sink: &Sink) -> Result<Option<CodecChoice>, Vec<Diagnosis>> {
        let registry = self.registry.clone();
        let codec = match sink.codec.as_deref() {
            Some("none") => None,
            Some(codec) => Some(codec.to_owned()),
            None => extensions(&sink.path).next().and_then(|e| registry.codec_by_extension(e)).map(str::to_owned),
        };
        let Some(codec) = codec else { return Ok(None) };
        let name = sink.name.as_str();
        let choice = self.codec_choice(name, "sink", &codec, &sink.codec_options).await;
        choice.map(Some).map_err(|found| {
            let located = |found: Diagnosis| {
                found.problem.or_at(self.document().locate(&["sink", name, "codec"])).class(found.class)
            };
            found.into_iter().map(located).collect()
        })
    }

    fn sink_format(&self, sink: &Sink) -> Result<(Arc<crate::InstalledPlugin>, String), Diagnosis> {
        let registry = self.registry.clone();
        let by_name = || extensions(&sink.path).find_map(|e| registry.format_by_extension(e)).map(str::to_owned);
        let name = sink.name.as_str();
        match sink.format.clone().or_else(by_name) {
            Some(format) => detect::known(self, &format).map_err(|diagnosis| {
                diagnosis.problem.or_at(self.document().locate(&["sink", name, "format"])).class(diagnosis.class)
            }),
            None => {
                let names: Vec<&str> = registry.formats().map(|(_, format)| format.id.as_str()).collect();
                let message = format!("sink.{name}: the name {} does not tell the format to write", sink.path);
                let help = format!("say format = \"…\"; installed: {}", names.join(", "));
                let at = self.document().locate(&["sink", name, "path"]);
                Err(problem("unknown-format", message).with_help(help).at(at).class(Class::Configuration))
            }
        }
    }

    fn unknown_columns(&self, sink: &Sink, schema: &Schema) -> Vec<Diagnosis> {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut problems = Vec::new();
        for (number, column) in sink.columns.iter().flatten().enumerate() {
            if !names.contains(&column.as_str()) {
                let near = jackfield_manifest::nearest(column, names.iter().copied());
                let help = match near.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the columns are: {}", names.join(", ")),
                };
                let path = ["sink", sink.name.as_str(), "columns", &number.to_string()];
                let unknown = problem("unknown-column", format!("there is no column `{column}`")).with_help(help);
                problems.push(unknown.at(self.document().locate(&path)).class(Class::Configuration));
            }
        }
        problems
    }

    /// Columns that are kept twice, but for those that are told to be unknown.
    fn columns_twice(&self, sink: &Sink, known: Option<&Schema>) -> Vec<Diagnosis> {
        let columns = sink.columns.as_deref().unwrap_or_default();
        let is_known = |column: &String| known.is_none_or(|schema| schema.field_with_name(column).is_ok());
        let again = columns.iter().enumerate().filter(|(number, column)| {
            is_known(column) && columns.iter().take(*number).any(|earlier| earlier == *column)
        });
        let told = again.map(|(number, column)| {
            let path = ["sink", sink.name.as_str(), "columns", &number.to_string()];
            let twice = problem("duplicate-column", format!("the column `{column}` is named twice"));
            let twice = twice.with_help("remove one of the two").at(self.document().locate(&path));
            twice.class(Class::Configuration)
        });
        told.collect()
    }
}

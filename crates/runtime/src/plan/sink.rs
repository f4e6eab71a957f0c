//! Plans a sink: where it writes, in which format, and whether that format can hold the rows.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use jackfield_host::{ByteSink, CallError, FormatWriter};
use jackfield_manifest::{IfExists, OnError, Sink, Value, to_json};

use super::demand::Wanted;
use super::layout::Layout;
use super::paths::extensions;
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
        let parts = self.partition_by();
        let fields: Vec<Field> = match &self.columns {
            None if parts.is_empty() => return schema.clone(),
            None => schema.fields().iter().map(|field| field.as_ref().clone()).collect(),
            Some(names) => names.iter().filter_map(|name| schema.field_with_name(name).ok().cloned()).collect(),
        };
        Arc::new(Schema::new(fields.into_iter().filter(|field| !parts.contains(field.name())).collect::<Vec<_>>()))
    }
}

impl Planner<'_> {
    /// A sink and where its input comes from, or `None` with its problems noted.
    pub(crate) async fn plan_sink(
        &mut self,
        sink: &Sink,
        input: Option<(usize, usize)>,
        stages: &[Stage],
    ) -> Option<(Stage, (usize, usize))> {
        let schema = input.map(|(from, output)| stages[from].outputs[output].schema.clone());
        match self.try_sink(sink, schema.flatten()).await {
            Ok(stage) => Some((stage, input?)),
            Err(problems) => {
                for diagnosis in problems {
                    self.note(diagnosis, &["sink", sink.name.as_str()]);
                }
                None
            }
        }
    }

    async fn try_sink(&mut self, sink: &Sink, schema: Option<SchemaRef>) -> Result<Stage, Vec<Diagnosis>> {
        let name = sink.name.as_str();
        let mut problems = Vec::new();
        if let Some(schema) = &schema {
            problems.extend(self.unknown_columns(sink, schema));
            problems.extend(self.wrong_partitions(sink, schema));
        }
        let target = match self.target(sink) {
            Ok(target) => target,
            Err(diagnosis) => {
                problems.push(diagnosis);
                return Err(problems);
            }
        };
        let codec = match self.sink_codec(sink).await {
            Ok(codec) => codec,
            Err(diagnosis) => {
                problems.push(diagnosis);
                None
            }
        };
        let (installed, format) = match self.sink_format(sink) {
            Ok(found) => found,
            Err(diagnosis) => {
                problems.push(diagnosis);
                return Err(problems);
            }
        };
        let declared = installed.manifest.formats.iter().find(|declared| declared.id == format);
        let option_schema = declared.and_then(|declared| declared.options.clone());
        let options = to_json(&Value::Table(sink.options.clone()), option_schema.as_ref());
        problems.extend(params::validate(
            self.document(),
            &["sink", name, "options"],
            &options,
            option_schema.as_ref(),
        ));
        let target = match target {
            SinkTarget::Parts(layout) => {
                let layout = self.named(sink, layout, declared, codec.as_ref());
                match self.already_there(sink, &layout) {
                    None => SinkTarget::Parts(layout),
                    Some(diagnosis) => {
                        problems.push(diagnosis);
                        return Err(problems);
                    }
                }
            }
            other => other,
        };
        let plugin = match self.ready(&installed).await {
            Ok(plugin) => plugin,
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        self.use_format(&installed, &format, &["sink", name, "format"]);
        if !problems.is_empty() {
            return Err(problems);
        }
        let store = self.store(name, &plugin.installed, &plugin.limits);
        let counters = Planner::counters(name, StageKind::Sink, &plugin.installed, None);
        let options = options.to_string();
        let stage = SinkStage { target, plugin, format, options, codec, columns: sink.columns.clone() };
        if let Some(schema) = &schema {
            let written = stage.written(schema);
            let component = &stage.plugin.component;
            let sink_of_nothing = ByteSink::discard();
            let writer =
                FormatWriter::open(component, store.clone(), &stage.format, &stage.options, &written, sink_of_nothing);
            writer.await.map_err(|error| match error {
                CallError::Failures(failures) => {
                    failures.into_iter().map(|f| place(self.document(), &["sink", name], "options", f)).collect()
                }
                other => call_problems(other, &format!("sink.{name}")),
            })?;
        }
        Ok(Stage {
            name: name.to_owned(),
            counters,
            on_error: OnError::Stop,
            outputs: Vec::new(),
            store,
            body: Body::Sink(Box::new(stage)),
        })
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

    async fn sink_codec(&mut self, sink: &Sink) -> Result<Option<CodecChoice>, Diagnosis> {
        let registry = self.registry.clone();
        let codec = match sink.codec.as_deref() {
            Some("none") => None,
            Some(codec) => Some(codec.to_owned()),
            None => extensions(&sink.path).next().and_then(|e| registry.codec_by_extension(e)).map(str::to_owned),
        };
        let Some(codec) = codec else { return Ok(None) };
        let name = sink.name.as_str();
        let choice = self.codec_choice(name, "sink", &codec, &sink.codec_options).await;
        choice.map(Some).map_err(|diagnosis| {
            diagnosis.problem.or_at(self.document().locate(&["sink", name, "codec"])).class(diagnosis.class)
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
            } else if sink.columns.iter().flatten().take(number).any(|earlier| earlier == column) {
                let path = ["sink", sink.name.as_str(), "columns", &number.to_string()];
                let twice = problem("duplicate-column", format!("the column `{column}` is named twice"));
                let twice = twice.with_help("remove one of the two").at(self.document().locate(&path));
                problems.push(twice.class(Class::Configuration));
            }
        }
        problems
    }
}

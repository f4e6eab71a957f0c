//! Plans a source: its files, their codec and format, and the schema of its rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_columns::{parse_type, type_name};
use jackfield_host::{ByteSource, Demand, FormatReader, Next, StoreOptions};
use jackfield_manifest::{Location, SchemaDrift, Source, Value, to_json};
use serde_json::{Map, Value as Json};

use super::paths::{Input, resolve};
use super::{Body, ColumnNote, DEFAULT_BATCH_ROWS, Planner, Port, Stage, Why, detect, hooks, params, partitions};
use crate::diagnose::{Class, Diagnosis, ProblemExt, decoding_problems, failure_problem, place, problem};
use crate::discover::InstalledPlugin;
use crate::exec::decode::{Trouble, spawn_decoder};
use crate::loader::LoadedPlugin;
use crate::progress::StageKind;

/// So many bytes of a source that cannot be opened twice are kept while its schema is found out.
const RECORD_BYTES: usize = 64 * 1024 * 1024;

/// A codec that stands between a file and its format.
#[derive(Debug, Clone)]
pub(crate) struct CodecChoice {
    pub(crate) plugin: LoadedPlugin,
    pub(crate) codec: String,
    pub(crate) options: String,
    pub(crate) store: StoreOptions,
}

/// A file of a source and how it is compressed.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) input: Input,
    pub(crate) codec: Option<CodecChoice>,
    /// Why it has that codec.
    pub(crate) codec_why: Why,
    /// What it holds, where planning has looked.
    pub(crate) schema: Option<SchemaRef>,
    /// The values that the folders it lies in say.
    pub(crate) partition: Vec<Option<String>>,
}

/// How a source is read.
#[derive(Debug)]
pub(crate) struct SourceStage {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) plugin: LoadedPlugin,
    pub(crate) format: String,
    pub(crate) format_why: Why,
    pub(crate) notes: Vec<ColumnNote>,
    /// The format's options with the complete schema under `schema`.
    pub(crate) options: String,
    /// What the files hold, without the column of file names.
    pub(crate) file_schema: SchemaRef,
    pub(crate) file_name_column: Option<String>,
    /// The columns whose values the folders say.
    pub(crate) partitions: Vec<Field>,
    pub(crate) drift: SchemaDrift,
    /// Whether the format's files say their types themselves.
    pub(crate) own_types: bool,
    /// The first file, where planning has read its head and kept it.
    pub(crate) opened: Option<(ByteSource, Trouble)>,
}

impl Planner<'_> {
    /// A source, or `None` with its problems noted.
    pub(crate) async fn plan_source(&mut self, source: &Source) -> Option<Stage> {
        let name = source.name.as_str();
        let own = ["source", name];
        match self.try_source(source).await {
            Ok(stage) => Some(stage),
            Err(problems) => {
                for diagnosis in problems {
                    self.note(diagnosis, &[own[0], own[1], "path"]);
                }
                None
            }
        }
    }

    async fn try_source(&mut self, source: &Source) -> Result<Stage, Vec<Diagnosis>> {
        let name = source.name.as_str();
        let mut problems = self.check_schema(source);
        let inputs = match resolve(self.request.folder, &source.paths) {
            Ok(inputs) => inputs,
            Err(more) => {
                problems.extend(more);
                // The options can still be checked where the format does not depend on the files.
                if let Some((plugin, format)) = source.format.as_deref().and_then(|f| detect::known(self, f).ok()) {
                    let _ = self.options(source, &plugin, &format).map_err(|more| problems.extend(more));
                }
                return Err(problems);
            }
        };
        let mut files = Vec::new();
        for input in &inputs {
            match self.source_file(source, input).await {
                Ok(file) => files.push(file),
                Err(diagnosis) => problems.push(diagnosis),
            }
        }
        if let Some(Err(unknown)) = source.format.as_deref().map(|format| detect::known(self, format)) {
            problems.push(self.at(unknown, &["source", name, "format"]));
            return Err(problems);
        }
        let Some((first, head)) = files.first_mut() else { return Err(problems) };
        let trouble = Trouble::default();
        let mut bytes = match head.take() {
            Some(bytes) => Ok(bytes),
            None => open_plain(&first.input),
        }
        .map_err(|d| vec![d])?;
        trouble.count_with(bytes.counter());
        if let Some(codec) = &first.codec {
            bytes = spawn_decoder(codec, bytes, first.input.shown(), &trouble).map_err(|d| vec![d])?;
        }
        let reopens = first.codec.is_none() && matches!(first.input, Input::File { .. });
        if !reopens {
            bytes.record(RECORD_BYTES);
        }
        let shown = first.input.shown().to_owned();
        let first_input = first.input.clone();
        let found = hooks::format(self, source.format.as_deref(), name, &shown, &mut bytes).await;
        let (installed, format) = found.map_err(|more| trouble.instead_of(more))?;
        let detected = self.detected.iter().find(|(stage, _)| stage == name);
        let format_why = match (&source.format, detected) {
            (Some(_), _) => Why::Asked,
            (None, Some((_, reason))) => Why::Content(reason.clone()),
            (None, None) => Why::Name,
        };
        let plugin = self.ready(&installed).await?;
        self.use_format(&installed, &format, &["source", name, "format"]);
        let (mut partitions, values) = partitions::of(&inputs, &source.schema);
        let mut options = match self.options(source, &installed, &format) {
            Ok(options) => options,
            Err(more) => {
                problems.extend(more);
                return Err(problems);
            }
        };
        if let Some(Json::Object(types)) = options.get_mut("schema") {
            partitions.iter().for_each(|field| drop(types.shift_remove(field.name())));
        }
        if !problems.is_empty() {
            return Err(problems);
        }

        let store = self.store(name, &plugin.installed, &plugin.limits);
        let text = Json::Object(options.clone()).to_string();
        let what = format!("source.{name}: {shown}");
        let opened = FormatReader::open(&plugin.component, store.clone(), &format, &text, bytes, everything()).await;
        let mut reader =
            opened.map_err(|error| trouble.instead_of(self.reader_problems(error, source, &what, &installed)))?;
        let schema = reader.schema().await;
        let schema =
            schema.map_err(|error| trouble.instead_of(self.reader_problems(error, source, &what, &installed)))?;
        self.check_schema_names(source, &schema, &partitions)?;
        let bytes = reader.into_source();
        let opened = if reopens {
            None
        } else if let Some(bytes) = bytes.and_then(|mut bytes| bytes.rewind().then_some(bytes)) {
            Some((bytes, trouble))
        } else if matches!(first_input, Input::Stdin) {
            let message = format!("source.{name}: more of stdin was read to find its schema than can be kept");
            let help = "give the types in `schema`, lower `infer-rows`, or read from a file";
            return Err(vec![problem("too-large", message).with_help(help).class(Class::Configuration)]);
        } else {
            None
        };

        let mut files: Vec<SourceFile> = files.into_iter().map(|(file, _)| file).collect();
        for (file, partition) in files.iter_mut().zip(values) {
            file.partition = partition;
        }
        let (first_schema, mut schema) = (schema.clone(), schema);
        let user_options = Json::Object(options.clone()).to_string();
        // A file without rows says nothing about types: the first one with rows does.
        let mut empty = match files.as_slice() {
            [first, _, ..] => self.is_empty(source, &plugin, &format, &user_options, first).await?,
            _ => false,
        };
        for file in files.iter_mut().skip(1) {
            let found = self.schema_of(source, &plugin, &format, &user_options, file).await?;
            if empty && !self.is_empty(source, &plugin, &format, &user_options, file).await? {
                (schema, empty) = (typed_by(&schema, &found), false);
            }
            if source.schema_drift == SchemaDrift::Union {
                schema = union(&schema, &found);
            }
            file.schema = Some(found);
        }
        if let [first, _, ..] = files.as_mut_slice() {
            first.schema = Some(first_schema);
        }
        let own_types = installed.manifest.formats.iter().any(|declared| declared.id == format && declared.own_types);
        let complete = schema.fields().iter().map(|f| (f.name().clone(), Json::String(type_name(f.data_type()))));
        options.insert("schema".to_owned(), Json::Object(complete.collect()));
        let total = inputs.iter().map(size).sum::<Option<u64>>();
        let counters = Planner::counters(name, StageKind::Source, &plugin.installed, total);
        let mut shown_schema = schema.as_ref().clone();
        // What the files hold themselves counts more than the names of their folders.
        let in_files = |field: &Field| schema.field_with_name(field.name()).is_ok();
        if let Some(told) = partitions.iter().find(|f| in_files(f) && source.schema.contains_key(f.name())) {
            let message = format!(
                "source.{name}: the column `{}` is in the files and in the names of their folders",
                told.name()
            );
            let help = format!("rename the folders, or leave `{}` out of `schema`", told.name());
            return Err(vec![problem("duplicate-column", message).with_help(help).class(Class::Configuration)]);
        }
        for file in &mut files {
            let mut fields = partitions.iter();
            file.partition.retain(|_| fields.next().is_some_and(|field| !in_files(field)));
        }
        partitions.retain(|field| schema.field_with_name(field.name()).is_err());
        if !partitions.is_empty() {
            let fields = shown_schema.fields().iter().map(|field| field.as_ref().clone()).chain(partitions.clone());
            shown_schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), shown_schema.metadata().clone());
        }
        if let Some(column) = &source.file_name_column {
            if shown_schema.field_with_name(column).is_ok() {
                let message = format!("source.{name}: the file already has a column `{column}`");
                let help = "choose another name for file-name-column";
                return Err(vec![problem("duplicate-column", message).with_help(help).class(Class::Configuration)]);
            }
            let mut fields = shown_schema.fields().to_vec();
            fields.push(Arc::new(Field::new(column, DataType::Utf8, true)));
            shown_schema = Schema::new_with_metadata(fields, shown_schema.metadata().clone());
        }
        Ok(Stage {
            name: name.to_owned(),
            counters,
            on_error: source.on_error.clone(),
            outputs: vec![Port { name: "out".to_owned(), schema: Some(Arc::new(shown_schema)), wanted: None }],
            store,
            body: Body::Source(Box::new(SourceStage {
                files,
                plugin,
                format,
                format_why,
                notes: ColumnNote::all(&schema),
                options: Json::Object(options).to_string(),
                file_schema: super::without_notes(schema),
                file_name_column: source.file_name_column.clone(),
                partitions,
                drift: source.schema_drift,
                own_types,
                opened,
            })),
        })
    }

    /// The schema of a further file of a source, as it would be if the file stood alone.
    async fn schema_of(
        &mut self,
        source: &Source,
        plugin: &LoadedPlugin,
        format: &str,
        options: &str,
        file: &SourceFile,
    ) -> Result<SchemaRef, Vec<Diagnosis>> {
        let name = source.name.as_str();
        let trouble = Trouble::default();
        let shown = file.input.shown();
        let what = format!("source.{name}: {shown}");
        let mut bytes = open_plain(&file.input).map_err(|d| vec![d])?;
        if let Some(codec) = &file.codec {
            bytes = spawn_decoder(codec, bytes, shown, &trouble).map_err(|d| vec![d])?;
        }
        let failed = |error| trouble.instead_of(decoding_problems(error, &what, &plugin.installed));
        let store = self.store(name, &plugin.installed, &plugin.limits);
        let opened = FormatReader::open(&plugin.component, store, format, options, bytes, everything()).await;
        opened.map_err(failed)?.schema().await.map_err(failed)
    }

    /// Whether a file holds no rows.
    async fn is_empty(
        &mut self,
        source: &Source,
        plugin: &LoadedPlugin,
        format: &str,
        options: &str,
        file: &SourceFile,
    ) -> Result<bool, Vec<Diagnosis>> {
        let (name, trouble) = (source.name.as_str(), Trouble::default());
        let shown = file.input.shown();
        // Standard input cannot be read again, and is taken as it is.
        if matches!(file.input, Input::Stdin) {
            return Ok(false);
        }
        let mut bytes = open_plain(&file.input).map_err(|d| vec![d])?;
        if let Some(codec) = &file.codec {
            bytes = spawn_decoder(codec, bytes, shown, &trouble).map_err(|d| vec![d])?;
        }
        let store = self.store(name, &plugin.installed, &plugin.limits);
        let demand = Demand { columns: Some(Vec::new()), limit: Some(1), batch_rows: 1, ..everything() };
        let Ok(mut reader) = FormatReader::open(&plugin.component, store, format, options, bytes, demand).await else {
            return Ok(false);
        };
        if reader.schema().await.is_err() {
            return Ok(false);
        }
        loop {
            // What is wrong with the file is told when it is read.
            match reader.next().await {
                Ok(Next::Chunk(chunk)) if chunk.batch.rows() == 0 && chunk.bad.is_empty() => {}
                Ok(Next::End) => return Ok(true),
                _ => return Ok(false),
            }
        }
    }

    /// The codec of one file. Of stdin, what was read to find it out comes back as a source that still holds it.
    async fn source_file(
        &mut self,
        source: &Source,
        input: &Input,
    ) -> Result<(SourceFile, Option<ByteSource>), Diagnosis> {
        let name = source.name.as_str();
        let mut bytes = open_plain(input)?;
        if matches!(input, Input::Stdin) {
            bytes.record(RECORD_BYTES);
        }
        let head = bytes.head(detect::HEAD_BYTES).await.map_err(|f| failure_problem(f, input.shown()))?;
        let codec = detect::codec(self, source.codec.as_deref(), input.shown(), &head);
        let codec = codec.map_err(|d| self.at(d, &["source", name, "codec"]))?;
        let kept = matches!(input, Input::Stdin).then_some(bytes);
        let Some(codec) = codec else {
            let partition = Vec::new();
            let file = SourceFile { input: input.clone(), codec: None, codec_why: Why::Asked, schema: None, partition };
            return Ok((file, kept));
        };
        let codec_why = match (&source.codec, self.registry.codec_by_magic(&head, Some(&codec))) {
            (Some(_), _) => Why::Asked,
            (None, Some(_)) => Why::Content(String::new()),
            (None, None) => Why::Name,
        };
        let choice = self.codec_choice(name, "source", &codec, &source.codec_options).await?;
        let partition = Vec::new();
        Ok((SourceFile { input: input.clone(), codec: Some(choice), codec_why, schema: None, partition }, kept))
    }

    /// A codec with its options checked.
    pub(crate) async fn codec_choice(
        &mut self,
        stage: &str,
        kind: &str,
        codec: &str,
        options: &jackfield_manifest::Table,
    ) -> Result<CodecChoice, Diagnosis> {
        let registry = self.registry.clone();
        let (installed, declared) = registry.codec(codec).map_err(|unknown| {
            problem("unknown-codec", format!("there is no codec `{codec}`"))
                .with_help(unknown.help("codec"))
                .class(Class::Configuration)
        })?;
        let value = to_json(&Value::Table(options.clone()), declared.options.as_ref());
        let path = [kind, stage, "codec-options"];
        let mut wrong = params::validate(self.document(), &path, &value, declared.options.as_ref()).into_iter();
        if let Some(first) = wrong.next() {
            self.found.extend(wrong);
            return Err(first);
        }
        let plugin = self.ready(&installed).await.map_err(|mut found| found.remove(0))?;
        let place = [kind, stage, "codec"];
        self.use_plugin(&installed, &place);
        self.deprecated(&format!("codec {}", declared.id), &declared.deprecated, &place);
        let store = self.store(stage, &plugin.installed, &plugin.limits);
        Ok(CodecChoice { plugin, codec: declared.id.clone(), options: value.to_string(), store })
    }

    /// Notes that a stage uses a format.
    pub(crate) fn use_format(&mut self, plugin: &Arc<InstalledPlugin>, format: &str, place: &[&str]) {
        self.use_plugin(plugin, place);
        let declared = plugin.manifest.formats.iter().find(|declared| declared.id == format);
        if let Some(declared) = declared {
            self.deprecated(&format!("format {format}"), &declared.deprecated, place);
        }
    }

    fn at(&self, diagnosis: Diagnosis, path: &[&str]) -> Diagnosis {
        diagnosis.problem.or_at(self.document().locate(path)).class(diagnosis.class)
    }

    /// Type texts in `schema` that are none.
    fn check_schema(&self, source: &Source) -> Vec<Diagnosis> {
        let mut problems = Vec::new();
        for (column, text) in &source.schema {
            if let Err(failure) = parse_type(text) {
                let at = self.document().locate(&["source", source.name.as_str(), "schema", column]);
                let wrong = problem("invalid-type", format!("schema of column `{column}`: {}", failure.message)).at(at);
                problems.push(jackfield_manifest::Problem { help: failure.help, ..wrong }.class(Class::Configuration));
            }
        }
        problems
    }

    /// Columns of `schema` that the file does not have.
    fn check_schema_names(&self, source: &Source, schema: &Schema, partitions: &[Field]) -> Result<(), Vec<Diagnosis>> {
        let names = schema.fields().iter().map(AsRef::as_ref).chain(partitions);
        let names: Vec<&str> = names.map(|field| field.name().as_str()).collect();
        let unknown = source.schema.keys().filter(|column| !names.contains(&column.as_str()));
        let problems: Vec<Diagnosis> = unknown
            .map(|column| {
                let near = jackfield_manifest::nearest(column, names.iter().copied());
                let help = match near.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the columns are: {}", names.join(", ")),
                };
                problem("unknown-column", format!("source.{} has no column `{column}`", source.name))
                    .with_help(help)
                    .at(self.document().locate_key(&["source", source.name.as_str(), "schema", column]))
                    .class(Class::Configuration)
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The format's options as JSON, with the source's `schema`.
    fn options(
        &self,
        source: &Source,
        plugin: &InstalledPlugin,
        format: &str,
    ) -> Result<Map<String, Json>, Vec<Diagnosis>> {
        let declared = plugin.manifest.formats.iter().find(|declared| declared.id == format);
        let schema = declared.and_then(|declared| declared.options.clone());
        let value = to_json(&Value::Table(source.options.clone()), schema.as_ref());
        let path = ["source", source.name.as_str(), "options"];
        let problems = params::validate(self.document(), &path, &value, schema.as_ref());
        if !problems.is_empty() {
            return Err(problems);
        }
        let Json::Object(mut options) = value else { return Ok(Map::new()) };
        let types = source.schema.iter().map(|(column, text)| (column.clone(), Json::String(text.clone())));
        options.insert("schema".to_owned(), Json::Object(types.collect()));
        Ok(options)
    }

    /// What a reader said while it was opened: about its options, or about the file.
    fn reader_problems(
        &self,
        error: jackfield_host::CallError,
        source: &Source,
        what: &str,
        plugin: &InstalledPlugin,
    ) -> Vec<Diagnosis> {
        let name = source.name.as_str();
        let jackfield_host::CallError::Failures(failures) = error else {
            return decoding_problems(error, what, plugin);
        };
        let mut problems = Vec::new();
        for failure in failures {
            let about_schema = failure.parameter.as_deref().is_some_and(|p| p.starts_with("/schema"));
            let section = if about_schema { "" } else { "options" };
            problems.push(match failure.kind {
                jackfield_columns::FailureKind::InvalidConfig => {
                    place(self.document(), &["source", name], section, failure)
                }
                _ => {
                    let line = failure.row;
                    let mut diagnosis = failure_problem(failure, what);
                    if let (Some(line), Some((_, file))) = (line, what.split_once(": ")) {
                        diagnosis.problem.location = Some(Location::of_line(file, line + 1, &[]));
                    }
                    diagnosis
                }
            });
        }
        problems
    }
}

/// Opens a file or stdin without looking at what is in it.
pub(crate) fn open_plain(input: &Input) -> Result<ByteSource, Diagnosis> {
    match input {
        Input::Stdin => ByteSource::stdin().map_err(|error| {
            problem("file-not-readable", format!("stdin cannot be read: {error}")).class(Class::Failed)
        }),
        Input::File { path, shown } => ByteSource::file(path).map_err(|error| {
            problem("file-not-readable", format!("{shown} cannot be read: {}", super::paths::reason(&error)))
                .class(Class::Failed)
        }),
    }
}

pub(super) fn size(input: &Input) -> Option<u64> {
    match input {
        Input::Stdin => None,
        Input::File { path, .. } => std::fs::metadata(path).ok().map(|meta| meta.len()),
    }
}

/// The demand of the first opening, which is after the schema.
pub(crate) fn everything() -> Demand {
    Demand {
        columns: None,
        predicates: Vec::new(),
        limit: None,
        batch_rows: DEFAULT_BATCH_ROWS,
        resume: None,
        extra: Vec::new(),
    }
}

/// The columns of the first with the types that the second has for them.
fn typed_by(first: &SchemaRef, second: &SchemaRef) -> SchemaRef {
    let typed = |field: &Arc<Field>| match second.field_with_name(field.name()) {
        Ok(other) => Arc::new(field.as_ref().clone().with_data_type(other.data_type().clone())),
        Err(_) => field.clone(),
    };
    Arc::new(Schema::new(first.fields().iter().map(typed).collect::<Vec<_>>()))
}

/// The columns of both, in order of first appearance; numbers of two kinds become float64.
fn union(first: &SchemaRef, second: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = first.fields().to_vec();
    for field in second.fields() {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            None => fields.push(field.clone()),
            Some(known) if known.data_type() == field.data_type() => {}
            Some(known) if known.data_type().is_numeric() && field.data_type().is_numeric() => {
                *known = Arc::new(known.as_ref().clone().with_data_type(DataType::Float64));
            }
            // What the first file says holds; values that do not fit are bad rows.
            Some(_) => {}
        }
    }
    Arc::new(Schema::new(fields))
}

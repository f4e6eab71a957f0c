//! Plans a source: its files, their codec and format, and the schema of its rows.

mod files;
mod options;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_columns::type_name;
use jackfield_host::{ByteSource, Demand, FormatReader, StoreOptions};
use jackfield_manifest::{SchemaDrift, Source};
use serde_json::Value as Json;

use super::paths::{Input, extensions, resolve};
use super::sketch::{Sketch, Trust};
use super::{Body, ColumnNote, DEFAULT_BATCH_ROWS, Planner, Port, Stage, Why, detect, drift, hooks, partitions};
use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::discover::InstalledPlugin;
use crate::exec::decode::Trouble;
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

/// Keys of a source that say nothing about its columns.
const HARMLESS: [&str; 3] = ["on-error", "codec-options", "schema-drift"];

/// What was read of the head of a source's first file.
struct Head {
    /// What the file holds.
    schema: SchemaRef,
    /// The bytes of its reader.
    bytes: Option<ByteSource>,
    trouble: Trouble,
}

impl Planner<'_> {
    /// A source, or with its problems noted what can be told of its columns all the same.
    pub(crate) async fn plan_source(&mut self, source: &Source) -> Result<Stage, Sketch> {
        let mut problems = Vec::new();
        let drawn = self.look_at(source, &mut problems).await;
        let right = problems.is_empty();
        for diagnosis in problems {
            self.note(diagnosis, &["source", source.name.as_str(), "path"]);
        }
        match drawn {
            Some((stage, Trust::Sure)) if right => Ok(stage),
            Some((stage, trust)) => Err(Sketch { outputs: stage.outputs, trust: trust.min(Trust::Names) }),
            None => Err(Sketch::named(["out"])),
        }
    }

    /// The source, as far as what is wrong with it leaves that, and how far its columns are known.
    async fn look_at(&mut self, source: &Source, problems: &mut Vec<Diagnosis>) -> Option<(Stage, Trust)> {
        let name = source.name.as_str();
        problems.extend(self.check_schema(source));
        let (inputs, missing) = resolve(self.request.folder, &source.paths);
        problems.extend(missing);
        let mut files = Vec::new();
        for input in &inputs {
            match self.source_file(source, input).await {
                Ok(file) => files.push(file),
                // What is wrong with the codec is the same for all files.
                Err(more) => more.into_iter().for_each(|found| {
                    if !problems.contains(&found) {
                        problems.push(found);
                    }
                }),
            }
        }
        let all_files = problems.is_empty();
        let asked = match source.format.as_deref().map(|format| detect::known(self, format)) {
            Some(Err(unknown)) => {
                problems.push(self.at(unknown, &["source", name, "format"]));
                return None;
            }
            Some(Ok(found)) => Some(found),
            None => None,
        };
        let Some((first, head)) = files.first_mut() else {
            self.look_at_options(source, asked, problems);
            return None;
        };
        let (first, head) = (first.clone(), head.take());
        let trouble = Trouble::default();
        let mut bytes = match self.first_bytes(&first, head, &trouble) {
            Ok(bytes) => bytes,
            Err(diagnosis) => {
                problems.push(diagnosis);
                self.look_at_options(source, asked, problems);
                return None;
            }
        };
        let shown = first.input.shown().to_owned();
        let found = hooks::format(self, source.format.as_deref(), name, &shown, &mut bytes).await;
        let (installed, format) = match found {
            Ok(found) => found,
            Err(more) => {
                problems.extend(trouble.instead_of(more));
                return None;
            }
        };
        let detected = self.detected.iter().find(|(stage, _)| stage == name);
        let format_why = match (&source.format, detected) {
            (Some(_), _) => Why::Asked,
            (None, Some((_, reason))) => Why::Content(reason.clone()),
            (None, None) => Why::Name,
        };
        let (chosen, wrong) = self.options(source, &installed, &format);
        problems.extend(wrong);
        let plugin = match self.ready(&installed).await {
            Ok(plugin) => plugin,
            Err(more) => {
                problems.extend(more);
                return None;
            }
        };
        self.use_format(&installed, &format, &["source", name, "format"]);
        let mut chosen = chosen?;
        let (mut partitions, values) = partitions::of(&inputs, &source.schema);
        if let Some(Json::Object(types)) = chosen.options.get_mut("schema") {
            partitions.iter().for_each(|field| drop(types.shift_remove(field.name())));
        }

        let head = self.read_head(source, &plugin, &format, (&first, bytes, trouble), &mut chosen, problems).await?;
        let Head { schema, bytes, trouble } = head;
        let options::Chosen { mut options, mut trust, told, .. } = chosen;
        if trust > Trust::Nothing {
            problems.extend(self.check_schema_names(source, &schema, &partitions, &told));
        }
        let opened = if reopens(&first) {
            None
        } else if let Some(bytes) = bytes.and_then(|mut bytes| bytes.rewind().then_some(bytes)) {
            Some((bytes, trouble))
        } else if matches!(first.input, Input::Stdin) {
            let message = format!("source.{name}: more of stdin was read to find its schema than can be kept");
            let help = "give the types in `schema`, lower `infer-rows`, or read from a file";
            problems.push(problem("too-large", message).with_help(help).class(Class::Configuration));
            None
        } else {
            None
        };

        let mut files: Vec<SourceFile> = files.into_iter().map(|(file, _)| file).collect();
        for (file, partition) in files.iter_mut().zip(values) {
            file.partition = partition;
        }
        let drift = match self.misread.holds("source", name, "schema-drift") {
            true => SchemaDrift::Union,
            false => source.schema_drift,
        };
        let (first_schema, mut schema) = (schema.clone(), schema);
        let user_options = Json::Object(options.clone()).to_string();
        // What the other files hold is only asked where what is found in them follows from them alone.
        if trust > Trust::Nothing {
            // A file without rows says nothing about types: the first one with rows does.
            let mut empty = match files.as_slice() {
                [first, _, ..] => self.is_empty(source, &plugin, &format, &user_options, first).await.unwrap_or(false),
                _ => false,
            };
            for file in files.iter_mut().skip(1) {
                let found = match self.schema_of(source, &plugin, &format, &user_options, file).await {
                    Ok(found) => found,
                    Err(more) => {
                        problems.extend(more);
                        continue;
                    }
                };
                if empty && !self.is_empty(source, &plugin, &format, &user_options, file).await.unwrap_or(false) {
                    (schema, empty) = (typed_by(&schema, &found), false);
                }
                if drift == SchemaDrift::Union {
                    schema = union(&schema, &found);
                }
                file.schema = Some(found);
            }
        }
        let own_types = installed.manifest.formats.iter().any(|declared| declared.id == format && declared.own_types);
        let drifted = self.drifted(source, &schema, &files, own_types, drift);
        if !drifted.is_empty() {
            // Behind it no column of any file is unknown.
            schema = files.iter().filter_map(|file| file.schema.as_ref()).fold(schema, |all, own| union(&all, own));
            problems.extend(drifted);
        }
        if let [first, _, ..] = files.as_mut_slice() {
            first.schema = Some(first_schema);
        }
        let complete = schema.fields().iter().map(|f| (f.name().clone(), Json::String(type_name(f.data_type()))));
        options.insert("schema".to_owned(), Json::Object(complete.collect()));
        let total = inputs.iter().map(size).sum::<Option<u64>>();
        let counters = Planner::counters(name, StageKind::Source, &plugin.installed, total);
        // What the files hold themselves counts more than the names of their folders.
        let in_files = |field: &Field| schema.field_with_name(field.name()).is_ok();
        for field in partitions.iter().filter(|f| in_files(f) && source.schema.contains_key(f.name())) {
            let column = field.name();
            let message =
                format!("source.{name}: the column `{column}` is in the files and in the names of their folders");
            let help = format!("rename the folders, or leave `{column}` out of `schema`");
            problems.push(problem("duplicate-column", message).with_help(help).class(Class::Configuration));
        }
        for file in &mut files {
            let mut fields = partitions.iter();
            file.partition.retain(|_| fields.next().is_some_and(|field| !in_files(field)));
        }
        partitions.retain(|field| schema.field_with_name(field.name()).is_err());
        let shown_schema = schema.as_ref();
        let mut fields = shown_schema.fields().to_vec();
        fields.extend(partitions.iter().cloned().map(Arc::new));
        if let Some(column) = &source.file_name_column {
            let message = format!("source.{name}: the file already has a column `{column}`");
            let help = "choose another name for file-name-column";
            let location = self.document().locate(&["source", name, "file-name-column"]);
            let twice = problem("duplicate-column", message).with_help(help).at(location);
            match fields.iter().any(|known| known.name() == column) {
                false => fields.push(Arc::new(Field::new(column, DataType::Utf8, true))),
                true if trust > Trust::Nothing => problems.push(twice.class(Class::Configuration)),
                true => {}
            }
        }
        let shown_schema = Schema::new_with_metadata(fields, shown_schema.metadata().clone());
        // Files that could not be looked at may have further columns.
        if !self.misread.spares("source", name, &HARMLESS) || !all_files && drift == SchemaDrift::Union {
            trust = Trust::Nothing;
        } else if self.misread.holds("source", name, "schema-drift") {
            trust = trust.min(Trust::Names);
        }
        let stage = Stage {
            name: name.to_owned(),
            counters,
            on_error: source.on_error.clone(),
            outputs: vec![Port { name: "out".to_owned(), schema: Some(Arc::new(shown_schema)), wanted: None }],
            store: self.store(name, &plugin.installed, &plugin.limits),
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
        };
        Some((stage, trust))
    }

    /// What the further files of a source have that its policy does not allow.
    fn drifted(
        &self,
        source: &Source,
        schema: &Schema,
        files: &[SourceFile],
        own_types: bool,
        policy: SchemaDrift,
    ) -> Vec<Diagnosis> {
        if policy != source.schema_drift {
            return Vec::new();
        }
        let others = files.iter().skip(1).filter_map(|file| Some((file, file.schema.as_ref()?)));
        let told = others.filter_map(|(file, found)| {
            // Files that do not say their types are read with those of the first.
            let own = if own_types { found.as_ref() } else { schema };
            let differences = drift::differences(policy, schema, found, own);
            let name = source.name.as_str();
            (!differences.is_empty()).then(|| drift::problem(name, file.input.shown(), &differences, policy))
        });
        told.collect()
    }

    /// Notes what is wrong with the options of a source that cannot be opened, if its format can be told without that.
    fn look_at_options(
        &self,
        source: &Source,
        asked: Option<(Arc<InstalledPlugin>, String)>,
        problems: &mut Vec<Diagnosis>,
    ) {
        let registry = self.registry.clone();
        let named =
            || source.paths.iter().flat_map(|path| extensions(path)).find_map(|e| registry.format_by_extension(e));
        let format = asked.or_else(|| detect::known(self, named()?).ok());
        if let Some((plugin, format)) = format {
            problems.extend(self.options(source, &plugin, &format).1);
        }
    }

    /// The bytes of a source's first file as its format reads them; `head` are those of a file that has been begun.
    fn first_bytes(
        &self,
        file: &SourceFile,
        head: Option<ByteSource>,
        trouble: &Trouble,
    ) -> Result<ByteSource, Diagnosis> {
        let mut bytes = match head {
            Some(begun) => file.decoded(begun, trouble)?,
            None => file.open(trouble)?,
        };
        if !reopens(file) {
            bytes.record(RECORD_BYTES);
        }
        Ok(bytes)
    }

    /// Opens the first file for its schema. Options that the reader refuses are noted and left out one after the other, so
    /// that all of them are found.
    async fn read_head(
        &mut self,
        source: &Source,
        plugin: &LoadedPlugin,
        format: &str,
        (file, bytes, trouble): (&SourceFile, ByteSource, Trouble),
        chosen: &mut options::Chosen,
        problems: &mut Vec<Diagnosis>,
    ) -> Option<Head> {
        let name = source.name.as_str();
        let what = format!("source.{name}: {}", file.input.shown());
        let (mut bytes, mut trouble) = (bytes, trouble);
        loop {
            let store = self.store(name, &plugin.installed, &plugin.limits);
            let text = Json::Object(chosen.options.clone()).to_string();
            let error = match FormatReader::open(&plugin.component, store, format, &text, bytes, everything()).await {
                Ok(mut reader) => match reader.schema().await {
                    Ok(schema) => return Some(Head { schema, bytes: reader.into_source(), trouble }),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let error = chosen.about_others(error);
            let (changed, names_known) = (chosen.changed, chosen.trust > Trust::Nothing);
            let again = chosen.leave_out(&error) && is_file(&file.input);
            let found = trouble.instead_of(self.reader_problems(error, source, &what, &plugin.installed));
            // Without the options that were left out a file may well not be what it is with them.
            let own = |found: &Diagnosis| {
                !changed
                    || found.class == Class::Configuration && (names_known || found.problem.code != "unknown-column")
            };
            problems.extend(found.into_iter().filter(own));
            if !again {
                return None;
            }
            trouble = Trouble::default();
            bytes = self.first_bytes(file, None, &trouble).ok()?;
        }
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
}

/// Opens a file or stdin without looking at what is in it.
fn open_plain(input: &Input) -> Result<ByteSource, Diagnosis> {
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

/// Whether a file can be opened a second time to be read from its start as it is.
fn reopens(file: &SourceFile) -> bool {
    file.codec.is_none() && matches!(file.input, Input::File { .. })
}

/// Whether it is a file on a disk, and no pipe or device.
fn is_file(input: &Input) -> bool {
    matches!(input, Input::File { path, .. } if path.is_file())
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

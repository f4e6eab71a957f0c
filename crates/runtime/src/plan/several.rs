//! Plans sinks of several files: what their folders and files are called, and which columns can name folders.

use arrow::datatypes::{DataType, Schema};
use jackfield_columns::type_name;
use jackfield_manifest::{FormatDecl, IfExists, Sink, nearest};

use super::Planner;
use super::layout::Layout;
use super::source::CodecChoice;
use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};

impl Planner<'_> {
    /// Where a sink of several files writes; its files have no ending yet.
    pub(super) fn several(&self, sink: &Sink) -> Result<Layout, Diagnosis> {
        let key = if sink.partition_by.is_empty() { "split-size" } else { "partition-by" };
        if sink.path == "-" {
            let message = format!("sink.{}: several files cannot go to standard output", sink.name);
            return Err(problem("invalid-value", message)
                .with_help(format!("give the path of a file or folder, or leave `{key}` out"))
                .at(self.document().locate_key(&["sink", sink.name.as_str(), key]))
                .class(Class::Configuration));
        }
        let append = sink.if_exists == IfExists::Append;
        let split = sink.split_size.map(|bytes| bytes.0);
        let path = self.request.folder.join(&sink.path);
        if !sink.partition_by.is_empty() {
            return Ok(Layout {
                folder: path,
                shown: sink.path.clone(),
                prefix: format!("{}/", sink.path.trim_end_matches('/')),
                partition_by: sink.partition_by.clone(),
                split,
                stem: "part-".to_owned(),
                ending: String::new(),
                append,
            });
        }
        if path.is_dir() {
            let location = self.document().locate(&["sink", sink.name.as_str(), "path"]);
            let message = format!("{} is a folder", sink.path);
            let help = "name the file; `flights.csv` is written as `flights-0.csv`, `flights-1.csv` and so on";
            return Err(problem("output-is-folder", message).with_help(help).at(location).class(Class::Configuration));
        }
        let (above, name) = sink.path.rsplit_once('/').map_or(("", sink.path.as_str()), |(above, name)| (above, name));
        let prefix = sink.path.strip_suffix(name).unwrap_or_default().to_owned();
        let (stem, ending) = self.parted_name(name);
        let folder = match (above, prefix.is_empty()) {
            ("", false) => "/".into(),
            _ => self.request.folder.join(above),
        };
        let (shown, stem) = (sink.path.clone(), format!("{stem}-"));
        Ok(Layout { folder, shown, prefix, partition_by: Vec::new(), split, stem, ending, append })
    }

    /// A file's name without and with only the extensions that say format and codec.
    fn parted_name<'a>(&self, name: &'a str) -> (&'a str, String) {
        let mut stem = name;
        while let Some((before, extension)) = stem.rsplit_once('.') {
            let known = self.registry.format_by_extension(extension).is_some()
                || self.registry.codec_by_extension(extension).is_some();
            if !known || before.is_empty() {
                break;
            }
            stem = before;
        }
        (stem, name.strip_prefix(stem).unwrap_or_default().to_owned())
    }

    /// The layout with the ending that says what is in its files, where the path did not say it.
    pub(super) fn named(
        &self,
        sink: &Sink,
        layout: Layout,
        format: Option<&FormatDecl>,
        codec: Option<&CodecChoice>,
    ) -> Layout {
        if layout.partition_by.is_empty() {
            return layout;
        }
        let name = sink.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let (_, ending) = self.parted_name(name);
        if !ending.is_empty() {
            return Layout { ending, ..layout };
        }
        let mut ending = String::new();
        if let Some(format) = format {
            ending.push('.');
            ending.push_str(format.extensions.first().unwrap_or(&format.id));
        }
        if let Some(codec) = codec {
            let offers = &codec.plugin.installed.manifest.codecs;
            let offer = offers.iter().find(|offer| offer.id == codec.codec);
            ending.push('.');
            ending.push_str(offer.and_then(|offer| offer.extensions.first()).unwrap_or(&codec.codec));
        }
        Layout { ending, ..layout }
    }

    /// That there are files of an earlier run where there must be none.
    pub(super) fn already_there(&self, sink: &Sink, layout: &Layout) -> Option<Diagnosis> {
        if sink.if_exists != IfExists::Fail {
            return None;
        }
        let first = layout.present().into_iter().min()?;
        let shown = first.strip_prefix(&layout.folder).unwrap_or(&first);
        let message = format!("{}{} is there already", layout.prefix, shown.display());
        let location = self.document().locate(&["sink", sink.name.as_str(), "path"]);
        let help = "remove it, or say if-exists = \"replace\" or \"append\"";
        Some(problem("output-exists", message).with_help(help).at(location).class(Class::Failed))
    }

    /// Columns that cannot name folders.
    pub(super) fn wrong_partitions(&self, sink: &Sink, schema: &Schema) -> Vec<Diagnosis> {
        let mut problems = Vec::new();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for (number, column) in sink.partition_by.iter().enumerate() {
            let found = match schema.field_with_name(column) {
                Err(_) => {
                    let help = match nearest(column, names.iter().copied()).first() {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the columns are: {}", names.join(", ")),
                    };
                    problem("unknown-column", format!("there is no column `{column}`")).with_help(help)
                }
                Ok(_) if sink.partition_by.iter().take(number).any(|earlier| earlier == column) => {
                    problem("duplicate-column", format!("the column `{column}` is named twice"))
                        .with_help("remove one of the two")
                }
                Ok(field) if !names_folders(field.data_type()) => {
                    let told = type_name(field.data_type());
                    let message = format!("rows cannot be parted by `{column}`, which is {told}");
                    problem("type-mismatch", message).with_help("cast it to a number, a date or text before the sink")
                }
                Ok(_) => continue,
            };
            let place = ["sink", sink.name.as_str(), "partition-by", &number.to_string()];
            problems.push(found.at(self.document().locate(&place)).class(Class::Configuration));
        }
        let columns = sink.columns.as_ref().map_or(names.clone(), |names| names.iter().map(String::as_str).collect());
        let left = columns.iter().any(|name| !sink.partition_by.iter().any(|column| column == name));
        if problems.is_empty() && !sink.partition_by.is_empty() && !left {
            let place = self.document().locate_key(&["sink", sink.name.as_str(), "partition-by"]);
            let message = "all columns name folders, and none is left for the files";
            problems.push(
                problem("invalid-value", message)
                    .with_help("part by fewer columns")
                    .at(place)
                    .class(Class::Configuration),
            );
        }
        problems
    }
}

/// Whether each value is one text and each text one value.
fn names_folders(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, values) => names_folders(values),
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) | DataType::Interval(_) => false,
        other => !other.is_nested() && !other.is_floating() && *other != DataType::Null,
    }
}

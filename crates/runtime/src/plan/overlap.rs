//! Finds outputs that are files which the pipeline reads, or writes, under another name: by a glob, a folder or a link.
//! Names that are the same were compared when the pipeline file was read.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jackfield_manifest::OnError;

use super::{Body, Input, Planner, SinkTarget, Stage};
use crate::diagnose::{Class, ProblemExt, problem};

/// What tells a file from all others.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    /// A file that is there: its device and number.
    Node(u64, u64),
    /// One that is not: where it would be.
    Place(PathBuf),
}

/// A file that the pipeline writes.
struct Output {
    identity: Identity,
    owner: String,
    shown: String,
    /// Where the pipeline names it.
    key: [String; 3],
    letters: bool,
}

pub(super) fn check(planner: &mut Planner<'_>, stages: &[Stage]) {
    let outputs: Vec<Output> = stages.iter().flat_map(|stage| outputs(planner.request.folder, stage)).collect();
    let mut readers: HashMap<Identity, &str> = HashMap::new();
    if outputs.iter().any(|output| matches!(output.identity, Identity::Node(..))) {
        for stage in stages {
            let Body::Source(source) = &stage.body else { continue };
            let paths = source.files.iter().filter_map(|file| match &file.input {
                Input::File { path, .. } => identity(path),
                Input::Stdin => None,
            });
            readers.extend(paths.map(|identity| (identity, stage.name.as_str())));
        }
    }
    let mut found = Vec::new();
    for stage in stages {
        let Body::Sink(sink) = &stage.body else { continue };
        let SinkTarget::Parts(layout) = &sink.target else { continue };
        let mut read = stages.iter().filter_map(|stage| match &stage.body {
            Body::Source(source) => Some((stage.name.as_str(), source)),
            _ => None,
        });
        let reader = read.find(|(_, source)| {
            source.files.iter().any(|file| matches!(&file.input, Input::File { path, .. } if layout.may_hold(path)))
        });
        let Some((source, _)) = reader else { continue };
        // The same name was told when the file was read.
        let sources = &planner.pipeline.sources;
        if sources.iter().any(|source| source.paths.contains(&layout.shown)) {
            continue;
        }
        let message = format!("{} is read by source `{source}` and written by sink `{}`", layout.shown, stage.name);
        let location = planner.document().locate(&["sink", &stage.name, "path"]);
        let clash = problem("duplicate-path", message).with_help("write to another folder");
        found.push(clash.at(location).class(Class::Configuration));
    }
    for (number, output) in outputs.iter().enumerate() {
        let (owner, shown) = (&output.owner, &output.shown);
        let earlier = outputs.iter().take(number).find(|earlier| {
            earlier.identity == output.identity && !(earlier.letters && output.letters) && earlier.key != output.key
        });
        let message = match (readers.get(&output.identity), earlier) {
            (Some(source), _) => format!("{shown} is read by source `{source}` and written by {owner}"),
            (None, Some(earlier)) => format!("{shown} is written by {} and by {owner}", earlier.owner),
            (None, None) => continue,
        };
        let [kind, name, key] = &output.key;
        let mut keys = vec![kind.as_str(), name.as_str(), key.as_str()];
        if output.letters {
            keys.push("dead-letter");
        }
        let location = planner.document().locate(&keys);
        let clash = problem("duplicate-path", message).with_help("write to another file");
        found.push(clash.at(location).class(Class::Configuration));
    }
    planner.found.extend(found);
}

fn outputs(folder: &Path, stage: &Stage) -> Vec<Output> {
    let kind = match &stage.body {
        Body::Source(_) | Body::Given(_) => "source",
        Body::Node(_) => "node",
        Body::Sink(_) | Body::Kept(_) => "sink",
    };
    let own = format!("{kind} `{}`", stage.name);
    let key = |key: &str| [kind.to_owned(), stage.name.clone(), key.to_owned()];
    let mut outputs = Vec::new();
    if let OnError::DeadLetter(shown) = &stage.on_error
        && let Some(identity) = identity(&folder.join(shown))
    {
        let owner = format!("the dead letters of {own}");
        outputs.push(Output { identity, owner, shown: shown.clone(), key: key("on-error"), letters: true });
    }
    if let Body::Sink(sink) = &stage.body
        && let SinkTarget::File { path, shown, .. } = &sink.target
        && let Some(identity) = identity(path)
    {
        outputs.push(Output { identity, owner: own, shown: shown.clone(), key: key("path"), letters: false });
    }
    outputs
}

/// None for devices and pipes, which many may use, and for what is in a folder that is not there yet.
fn identity(path: &Path) -> Option<Identity> {
    match std::fs::metadata(path) {
        Ok(meta) => meta.is_file().then(|| Identity::Node(meta.dev(), meta.ino())),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let folder = std::fs::canonicalize(folder).ok()?;
            Some(Identity::Place(folder.join(path.file_name()?)))
        }
    }
}

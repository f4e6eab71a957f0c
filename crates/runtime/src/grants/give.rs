//! Makes a grant out of what somebody chose, or says all that is wrong with the choice.

use std::path::PathBuf;

use jackfield_host::Access;
use jackfield_manifest::{Entry, Problem, nearest};

use super::{Choice, Grant, GrantedRight, Introduction, guest_path, places};
use crate::diagnose::{Class, Diagnosis, ProblemExt, Report, problem};
use crate::settings::Settings;

impl Introduction {
    /// The grant that a choice comes to.
    ///
    /// # Errors
    /// Everything that cannot be granted.
    pub(crate) fn grant(&self, choice: &Choice, settings: &Settings) -> Result<Grant, Report> {
        let manifest = &self.plugin.manifest;
        let mut found: Vec<Diagnosis> =
            unknown(self, choice).into_iter().map(|p| p.class(Class::Configuration)).collect();
        let mut rights = Vec::new();
        let mut files: Vec<(PathBuf, Access)> = Vec::new();
        for (entry, ask) in manifest.permissions.entries() {
            if choice.only.as_ref().is_some_and(|only| !only.contains(&ask.right)) {
                continue;
            }
            if !entry.can_be_granted() {
                found.push(not_available(self.plugin.name(), entry).class(Class::Denied));
                continue;
            }
            let mut host = None;
            if let Some(guest) = guest_path(entry) {
                let access = if matches!(entry, Entry::Write(_)) { Access::Write } else { Access::Read };
                match self.place(guest, access, choice, settings) {
                    Ok(place) => {
                        files.push((place.clone(), access));
                        host = Some(place);
                    }
                    Err(problem) => found.push(problem.class(Class::Configuration)),
                }
            }
            rights.push(GrantedRight { right: ask.right, reason: ask.reason, host });
        }
        found.extend(overlaps(&files).map(|problem| problem.class(Class::Configuration)));
        if !found.is_empty() {
            return Err(Report { diagnoses: found });
        }
        Ok(Grant {
            plugin: manifest.plugin.clone(),
            version: manifest.version.to_string(),
            digest: self.identity.digest.clone(),
            manifest: self.identity.manifest.clone(),
            from: self.plugin.origin(),
            by: choice.by.clone(),
            at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            asked: self.asks.iter().map(|ask| ask.right.clone()).collect(),
            rights,
        })
    }

    fn place(&self, guest: &str, access: Access, choice: &Choice, settings: &Settings) -> Result<PathBuf, Problem> {
        let host = choice.paths.get(guest).or_else(|| self.paths.get(guest)).cloned();
        let host = host.unwrap_or_else(|| guest.into());
        let help = format!("say which place of this machine is meant: --path {guest}=FOLDER");
        let wrong = |why: String| problem("grant-path", format!("{} {why}", host.display())).with_help(help.clone());
        let place = places::real(&host).map_err(&wrong)?;
        match places::refusal(&place, access, &self.plugin, settings) {
            Some(why) => Err(wrong(format!("cannot be granted: it {why}"))),
            None => Ok(place),
        }
    }
}

/// A file that is read here and written there could be moved from the one place to the other.
pub(crate) fn overlaps(files: &[(PathBuf, Access)]) -> impl Iterator<Item = Problem> {
    let read = files.iter().filter(|(_, access)| *access == Access::Read);
    let pairs = read.flat_map(|(read, _)| {
        let written = files.iter().filter(|(_, access)| *access == Access::Write);
        written.filter(|(written, _)| places::overlap(read, written)).map(move |(written, _)| (read, written))
    });
    pairs.map(|(read, written)| {
        let message = format!(
            "{} would be granted for reading and {} for writing, and they overlap",
            read.display(),
            written.display()
        );
        problem("grant-path", message).with_help("keep the two in folders apart")
    })
}

/// What to say of a permission that no version gives yet.
pub(crate) fn not_available(plugin: &str, entry: Entry<'_>) -> Problem {
    let message = format!("plugin {plugin} asks for `{}`, which this version of jackfield cannot give", entry.right());
    problem("permission-not-available", message)
        .with_help("use a version of the plugin that does without, or a later jackfield")
}

/// Names in the choice that the plugin does not ask for.
fn unknown(introduction: &Introduction, choice: &Choice) -> Vec<Problem> {
    let name = introduction.plugin.name();
    let asked = |known: Vec<&str>, typed: &str, what: &str| {
        let help = match nearest(typed, known.iter().copied()).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "it asks for no such thing".to_owned(),
            None => format!("it asks for: {}", known.join("; ")),
        };
        problem("not-asked", format!("plugin {name} does not ask for {what} `{typed}`")).with_help(help)
    };
    let rights = || introduction.asks.iter().map(|ask| ask.right.as_str());
    let paths = || introduction.paths.keys().map(String::as_str);
    let only = choice.only.iter().flatten().filter(|typed| !rights().any(|right| right == **typed));
    let mut found: Vec<Problem> = only.map(|typed| asked(rights().collect(), typed, "the right")).collect();
    let places = choice.paths.keys().filter(|typed| !paths().any(|path| path == **typed));
    found.extend(places.map(|typed| asked(paths().collect(), typed, "the path")));
    found
}

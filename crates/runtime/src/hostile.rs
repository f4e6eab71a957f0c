//! Hostile inputs against a plugin: what `jackfield plugin check --hostile` runs, for plugin authors and host developers.
//!
//! A plugin may refuse an input with a failure of its own, or take it. It must not crash, break its word, reach a limit
//! on small inputs, lose what it wrote itself, or give other output for the same input where it says that it does not.

mod codecs;
mod formats;
mod hooks;
pub(crate) mod inputs;
mod nodes;
mod services;

use std::collections::BTreeMap;
use std::sync::Arc;

use jackfield_host::{ByteSink, CallError, CancelToken, Label, StoreOptions};
use jackfield_manifest::Problem;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use crate::diagnose::{Class, Diagnosis, ProblemExt, Report, call_problems, problem};
use crate::discover::{Form, InstalledPlugin};
use crate::lifecycle::config::checked;
use crate::loader::{LoadedPlugin, Runtime};

/// What came of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The plugin took it.
    Took,
    /// The plugin refused it, in these words.
    Refused(String),
    /// A defect of the plugin: a crash, a broken promise, a limit.
    Defect {
        /// The code that a run would end with, or `nondeterministic` or `not-reversible`.
        code: String,
        /// What happened.
        message: String,
    },
    /// It could not be tried, and why.
    NotTried(String),
}

/// One input and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What was tried, such as `node filter`.
    pub subject: String,
    /// On what, such as `all null`.
    pub input: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// All trials of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostileReport {
    /// Name and version.
    pub plugin: String,
    /// In the order of the manifest.
    pub trials: Vec<Trial>,
}

impl HostileReport {
    /// How many trials found a defect.
    pub fn defects(&self) -> usize {
        self.trials.iter().filter(|trial| matches!(trial.verdict, Verdict::Defect { .. })).count()
    }
}

/// Gathers the trials of one node type, format, codec, hook or service.
struct Trials<'a> {
    plugin: &'a LoadedPlugin,
    store: StoreOptions,
    subject: String,
    found: Vec<Trial>,
}

impl Trials<'_> {
    fn note(&mut self, input: impl Into<String>, verdict: Verdict) {
        self.found.push(Trial { subject: self.subject.clone(), input: input.into(), verdict });
    }

    fn defect(&mut self, input: impl Into<String>, code: &str, message: impl Into<String>) {
        self.note(input, Verdict::Defect { code: code.to_owned(), message: message.into() });
    }
}

/// Pieces that a plugin may write before they are taken.
const PIECES_IN_FLIGHT: usize = 16;

/// Gives `work` a sink, and what was written into it once the work is done and has let go of it.
async fn written<T>(work: impl AsyncFnOnce(ByteSink) -> Result<T, CallError>) -> Result<Vec<u8>, CallError> {
    let (sender, mut pieces) = mpsc::channel(PIECES_IN_FLIGHT);
    let sink = ByteSink::to_channel("hostile".to_owned(), sender);
    let taken = async {
        let mut bytes = Vec::new();
        while let Some(Ok(piece)) = pieces.recv().await {
            bytes.extend(piece);
        }
        bytes
    };
    let (worked, bytes) = tokio::join!(work(sink), taken);
    worked.map(|_| bytes)
}

/// What an error of a call means here.
fn verdict(error: CallError) -> Verdict {
    match error {
        CallError::Failures(failures) => {
            let texts: Vec<String> = failures.into_iter().map(|failure| failure.message).collect();
            Verdict::Refused(texts.join("; "))
        }
        other => match call_problems(other, "").into_iter().next() {
            Some(Diagnosis { problem: Problem { code, message, .. }, .. }) => Verdict::Defect { code, message },
            None => Verdict::NotTried("it was stopped".to_owned()),
        },
    }
}

impl Runtime {
    /// Runs hostile inputs against everything that a plugin provides. `parameters` are those of node types that need
    /// some; otherwise they are made up from the manifest's schema.
    ///
    /// # Errors
    /// The plugin cannot be loaded, or is part of the host.
    pub fn check_hostile(
        &self,
        plugin: &Arc<InstalledPlugin>,
        parameters: &BTreeMap<String, Json>,
        cancel: CancelToken,
    ) -> Result<HostileReport, Report> {
        if plugin.form == Form::Native {
            let native = problem("not-supported", format!("{} is part of the host: it has no sandbox", plugin.name()));
            return Err(native.class(Class::Configuration).into());
        }
        let loaded = self.load(plugin)?;
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| Report::from(problem("io", error.to_string()).class(Class::Failed)))?;
        let manifest = &plugin.manifest;
        let label =
            Label { plugin: manifest.plugin.clone(), version: manifest.version.to_string(), ..Label::default() };
        let config = inputs::made_up(manifest.config.as_ref());
        let config = checked(manifest, &config, &|_| None).unwrap_or(config).to_string();
        let limits = loaded.limits.clone();
        let store = StoreOptions { limits, label, cancel, config, ..StoreOptions::default() };
        let trials = |subject: String| Trials { plugin: &loaded, store: store.clone(), subject, found: Vec::new() };
        let mut found = Vec::new();
        for node in &manifest.nodes {
            let mut of_node = trials(format!("node {}", node.node_type));
            executor.block_on(nodes::run(&mut of_node, node, parameters.get(&node.node_type)));
            found.append(&mut of_node.found);
        }
        for format in &manifest.formats {
            let mut of_format = trials(format!("format {}", format.id));
            executor.block_on(formats::run(&mut of_format, &format.id));
            found.append(&mut of_format.found);
        }
        for codec in &manifest.codecs {
            let mut of_codec = trials(format!("codec {}", codec.id));
            executor.block_on(codecs::run(&mut of_codec, &codec.id));
            found.append(&mut of_codec.found);
        }
        for hook in &manifest.hooks {
            let mut of_hook = trials(format!("hook {}", hook.id));
            executor.block_on(hooks::run(&mut of_hook, hook));
            found.append(&mut of_hook.found);
        }
        for service in &manifest.services {
            let mut of_service = trials(format!("service {}", service.id));
            executor.block_on(services::run(&mut of_service, &service.id));
            found.append(&mut of_service.found);
        }
        Ok(HostileReport { plugin: plugin.title(), trials: found })
    }
}

//! Plugins that are part of the host: node types in Rust over the same batches, without a sandbox.
//!
//! They are for who embeds the runtime. Their manifests are those of other plugins, so that lists, palettes and checks
//! treat them alike; they count as first-party, because who runs them wrote them.

mod running;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use jackfield_columns::{Batch, Failure};
use jackfield_host::{Binding, Progress, Step};
use jackfield_manifest::{Manifest, Problem, Severity};
use serde_json::Value as Json;

use crate::diagnose::problem;
use crate::discover::{Form, InstalledPlugin, Rank, wrong_engine};

pub(crate) use running::{NodeCode, RunningNode};

/// A node of the host's own. The calls come in the order of a plugin's: bind, then process and finish per input port.
pub trait NativeNode: Send {
    /// Sees the schema of every connected input, and says what comes out and what is needed.
    ///
    /// # Errors
    /// Everything that is wrong with the inputs.
    fn bind(&mut self, inputs: &[(String, SchemaRef)]) -> Result<Binding, Vec<Failure>>;

    /// Works on one batch.
    ///
    /// # Errors
    /// A failure ends the run; rows that cannot be worked on are better `rejected` in the step.
    fn process(&mut self, port: &str, batch: &Batch) -> Result<Step, Failure>;

    /// Goes on after a step that said [`Progress::More`].
    ///
    /// # Errors
    /// A failure ends the run.
    fn resume(&mut self) -> Result<Step, Failure> {
        Ok(nothing())
    }

    /// Hears that an input has ended.
    ///
    /// # Errors
    /// A failure ends the run.
    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        Ok(nothing())
    }
}

/// A step that hands on nothing and waits for the next input.
pub fn nothing() -> Step {
    Step { emissions: Vec::new(), rejected: Vec::new(), progress: Progress::Ready }
}

/// Makes an instance of a node type from its parameters, which were checked against the manifest's schema.
type Make = Arc<dyn Fn(&Json) -> Result<Box<dyn NativeNode>, Vec<Failure>> + Send + Sync>;

/// A plugin of the host's own.
#[derive(Clone)]
pub struct NativePlugin {
    installed: Arc<InstalledPlugin>,
    nodes: BTreeMap<String, Make>,
}

impl NativePlugin {
    /// A plugin with a manifest in TOML, as `plugin.toml` but without `component`.
    ///
    /// # Errors
    /// Everything that is wrong with the manifest.
    pub fn new(manifest: &str) -> Result<NativePlugin, Vec<Problem>> {
        let (parsed, mut problems) = jackfield_manifest::parse_embedded_manifest("native plugin.toml", manifest);
        problems.extend(parsed.as_ref().and_then(wrong_engine));
        problems.extend(parsed.iter().flat_map(not_native));
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        let Some(manifest) = parsed.filter(|_| !broken) else { return Err(problems) };
        let installed = InstalledPlugin {
            manifest,
            folder: PathBuf::new(),
            component: PathBuf::new(),
            form: Form::Native,
            rank: Rank::FirstParty,
            folder_number: 0,
            warnings: problems,
        };
        Ok(NativePlugin { installed: Arc::new(installed), nodes: BTreeMap::new() })
    }

    /// Gives the code of a node type that the manifest provides. It is called for each instance, of which there are
    /// several: to plan, and with `--threads` to run.
    #[must_use]
    pub fn node<N, F>(mut self, node_type: &str, make: F) -> NativePlugin
    where
        N: NativeNode + 'static,
        F: Fn(&Json) -> Result<N, Vec<Failure>> + Send + Sync + 'static,
    {
        let make: Make = Arc::new(move |params| make(params).map(|node| Box::new(node) as Box<dyn NativeNode>));
        self.nodes.insert(node_type.to_owned(), make);
        self
    }

    /// The plugin as the registry lists it.
    pub fn installed(&self) -> &Arc<InstalledPlugin> {
        &self.installed
    }

    fn make(&self, node_type: &str) -> Option<&Make> {
        self.nodes.get(node_type)
    }
}

/// What a manifest provides that the host's code cannot be.
fn not_native(manifest: &Manifest) -> Vec<Problem> {
    let formats = manifest.formats.iter().map(|format| ("format", &format.id));
    let codecs = manifest.codecs.iter().map(|codec| ("codec", &codec.id));
    let hooks = manifest.hooks.iter().map(|hook| ("hook", &hook.id));
    let services = manifest.services.iter().map(|service| ("service", &service.id));
    let all = formats.chain(codecs).chain(hooks).chain(services);
    all.map(|(kind, id)| {
        let message =
            format!("the native plugin {} provides the {kind} `{id}`: only nodes can be native", manifest.plugin);
        let place = manifest.document.locate_key(&["provides", kind]);
        problem("not-supported", message).with_help("put it into a plugin of its own").at(place)
    })
    .collect()
}

impl std::fmt::Debug for NativePlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nodes: Vec<&String> = self.nodes.keys().collect();
        f.debug_struct("NativePlugin").field("plugin", &self.installed.title()).field("nodes", &nodes).finish()
    }
}

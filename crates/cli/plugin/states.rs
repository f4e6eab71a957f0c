//! Where plugins stand, as far as their manifests tell, or after they were started.

use std::sync::Arc;

use jackfield_runtime::{InstalledPlugin, Report, Runtime, Standing};

use super::grants::introduce;
use crate::output::{CommandError, Output};
use crate::pipeline::{log_to_stderr, printable};

/// How each plugin stands; with `start` after it was started, asked and stopped.
pub(crate) fn states(
    runtime: &Runtime,
    plugins: &[Arc<InstalledPlugin>],
    start: bool,
    output: &Output,
) -> Result<Vec<Standing>, CommandError> {
    let registry = runtime.registry();
    if !start {
        let standing = |plugin: &Arc<InstalledPlugin>| Standing {
            plugin: plugin.name().to_owned(),
            version: plugin.manifest.version.to_string(),
            state: registry.state(plugin),
            reason: None,
        };
        return Ok(plugins.iter().map(standing).collect());
    }
    introduce(runtime, plugins, output);
    let mut events = runtime.events();
    let standings = runtime
        .try_out(plugins, log_to_stderr(output))
        .map_err(|diagnoses| CommandError::Report(Report { diagnoses }))?;
    if output.verbose > 0 {
        while let Ok(event) = events.try_recv() {
            let reason = event.reason.map_or_else(String::new, |reason| format!(": {reason}"));
            output.note(&printable(&format!(
                "{} {}: {} -> {}{reason}",
                event.plugin, event.version, event.from, event.to
            )));
        }
    }
    Ok(standings)
}

//! Finds out which codec and which format a file has: by its name, and by its content.

use std::sync::Arc;

use jackfield_host::{ByteSource, detect};
use jackfield_manifest::{Pipeline, Problem};

use super::Planner;
use super::paths::extensions;
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, problem};
use crate::discover::InstalledPlugin;
use crate::registry::Registry;

/// So much of a file is looked at.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// From this confidence on, content counts more than the name.
const CLEAR: u8 = 80;

/// The plugins that a pipeline names, and those that the names of its files tell: most of what it will need.
pub(crate) fn named(registry: &Registry, pipeline: &Pipeline) -> Vec<Arc<InstalledPlugin>> {
    let format = |asked: Option<&str>, path: &str| {
        let name = asked.or_else(|| extensions(path).find_map(|extension| registry.format_by_extension(extension)));
        Some(registry.format(name?).ok()?.0)
    };
    let codec = |asked: Option<&str>, path: &str| {
        let name = asked.or_else(|| registry.codec_by_extension(extensions(path).next()?));
        Some(registry.codec(name?).ok()?.0)
    };
    let sources = pipeline.sources.iter().flat_map(|source| {
        let path = source.paths.first().map_or("", String::as_str);
        [format(source.format.as_deref(), path), codec(source.codec.as_deref(), path)]
    });
    let nodes = pipeline.nodes.iter().map(|node| Some(registry.node(&node.node_type).ok()?.0));
    let sinks = pipeline
        .sinks
        .iter()
        .flat_map(|sink| [format(sink.format.as_deref(), &sink.path), codec(sink.codec.as_deref(), &sink.path)]);
    unique(sources.chain(nodes).chain(sinks).flatten())
}

/// The codec of a file: what is asked for, else what its content says, else its name.
pub(crate) fn codec(
    planner: &mut Planner<'_>,
    asked: Option<&str>,
    name: &str,
    head: &[u8],
) -> Result<Option<String>, Diagnosis> {
    let registry = planner.registry.clone();
    if let Some(asked) = asked {
        if asked == "none" {
            return Ok(None);
        }
        return match registry.codec(asked) {
            // As it was asked for: it may name the plugin and the version.
            Ok(_) => Ok(Some(asked.to_owned())),
            Err(unknown) => {
                let help = unknown.help("codec");
                Err(problem("unknown-codec", format!("there is no codec `{asked}`"))
                    .with_help(help)
                    .class(Class::Configuration))
            }
        };
    }
    let by_name = extensions(name).next().and_then(|extension| registry.codec_by_extension(extension));
    let by_content = registry.codec_by_magic(head, by_name);
    match (by_name, by_content) {
        (_, Some(content)) => {
            if by_name != Some(content) {
                let message = match by_name {
                    Some(by_name) => format!("{name} looks like {by_name} by its name, but its content is {content}"),
                    None => format!("{name} is compressed with {content}, which its name does not say"),
                };
                planner.warnings.push(mismatch(message, format!("say codec = \"{content}\" to silence this")));
            }
            Ok(Some(content.to_owned()))
        }
        // What a codec makes may well be text, as base64 is; only one that tells its first bytes is missed here.
        (Some(by_name), None) if !head.is_empty() && is_plain_text(head) && tells_first_bytes(&registry, by_name) => {
            let message = format!("{name} looks like {by_name} by its name, but its content is plain text");
            planner.warnings.push(mismatch(message, "say codec = \"none\" to silence this".to_owned()));
            Ok(None)
        }
        (by_name, None) => Ok(by_name.map(str::to_owned)),
    }
}

fn tells_first_bytes(registry: &Registry, codec: &str) -> bool {
    registry.codec(codec).is_ok_and(|(_, declared)| declared.magic.iter().any(|magic| !magic.is_empty()))
}

fn is_plain_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !head.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t'))
}

fn mismatch(message: String, help: String) -> Problem {
    let mut warning = problem("misleading-name", message).with_help(help);
    warning.severity = jackfield_manifest::Severity::Warning;
    warning
}

/// The format of a source: what is asked for, else what its name says unless its content clearly says otherwise.
pub(crate) async fn format(
    planner: &mut Planner<'_>,
    asked: Option<&str>,
    stage: &str,
    name: &str,
    bytes: &mut ByteSource,
) -> Result<(Arc<InstalledPlugin>, String), Vec<Diagnosis>> {
    let registry = planner.registry.clone();
    let named = asked
        .map(str::to_owned)
        .or_else(|| extensions(name).find_map(|extension| registry.format_by_extension(extension)).map(str::to_owned));
    if let (Some(asked), true) = (&named, asked.is_some()) {
        return known(planner, asked).map_err(|d| vec![d]);
    }
    let head = bytes.head(HEAD_BYTES).await.map_err(|failure| vec![crate::diagnose::failure_problem(failure, name)])?;
    // Where the name and the first bytes agree nobody needs to be asked.
    if let Some(named) = &named
        && registry.format(named).is_ok_and(|(_, format)| format.magic.iter().any(|magic| head.starts_with(magic)))
    {
        return known(planner, named).map_err(|d| vec![d]);
    }
    let mut best: Option<(u8, String, String)> = None;
    let providers: Vec<Arc<InstalledPlugin>> = unique(registry.formats().map(|(plugin, _)| plugin.clone()));
    for plugin in providers.into_iter().filter(|plugin| may_know(plugin, named.as_deref(), &head)) {
        // A plugin that cannot be loaded only matters here if it is the one that is needed.
        let Ok(loaded) = planner.runtime.load(&plugin) else { continue };
        let options = planner.store(stage, &loaded.installed, &loaded.limits);
        let candidates = match detect(&loaded.component, options, Some(name), &head).await {
            Ok(candidates) => candidates,
            Err(error) => {
                let text: Vec<String> =
                    call_problems(error, plugin.name()).into_iter().map(|d| d.problem.message).collect();
                planner.warnings.push(mismatch(text.join("; "), "the format is found without this plugin".to_owned()));
                continue;
            }
        };
        for candidate in candidates {
            let known = plugin.manifest.formats.iter().any(|format| format.id == candidate.format);
            if known && best.as_ref().is_none_or(|(confidence, ..)| candidate.confidence > *confidence) {
                best = Some((candidate.confidence, candidate.format, candidate.reason));
            }
        }
    }
    match (named, best) {
        (Some(named), Some((confidence, content, reason))) if confidence >= CLEAR && content != named => {
            let message = format!("{name} looks like {named} by its name, but its content is {content}: {reason}");
            planner.warnings.push(mismatch(message, format!("say format = \"{content}\" to silence this")));
            planner.detected.push((stage.to_owned(), reason));
            known(planner, &content).map_err(|d| vec![d])
        }
        (Some(named), _) => known(planner, &named).map_err(|d| vec![d]),
        (None, Some((_, content, reason))) => {
            planner.detected.push((stage.to_owned(), reason));
            known(planner, &content).map_err(|d| vec![d])
        }
        (None, None) => {
            let names: Vec<&str> = registry.formats().map(|(_, format)| format.id.as_str()).collect();
            let message = format!("neither the name nor the content of {name} tells its format");
            let help = format!("say format = \"…\"; installed: {}", names.join(", "));
            Err(vec![problem("unknown-format", message).with_help(help).class(Class::Configuration)])
        }
    }
}

/// Whether a plugin has to be loaded to hear what it says about a file. Formats that all tell their first bytes speak for
/// themselves, so that the large ones cost nothing where they are not met.
fn may_know(plugin: &InstalledPlugin, named: Option<&str>, head: &[u8]) -> bool {
    plugin.manifest.formats.iter().any(|format| {
        let begins = format.magic.iter().any(|magic| head.starts_with(magic));
        format.magic.is_empty() || begins || named == Some(format.id.as_str())
    })
}

fn unique(plugins: impl Iterator<Item = Arc<InstalledPlugin>>) -> Vec<Arc<InstalledPlugin>> {
    let mut found: Vec<Arc<InstalledPlugin>> = Vec::new();
    for plugin in plugins {
        if !found.iter().any(|known| known.component == plugin.component) {
            found.push(plugin);
        }
    }
    found
}

/// The plugin of a format that is known by name.
pub(crate) fn known(planner: &Planner<'_>, name: &str) -> Result<(Arc<InstalledPlugin>, String), Diagnosis> {
    match planner.registry.format(name) {
        Ok((plugin, format)) => Ok((plugin, format.id.clone())),
        Err(unknown) => Err(problem("unknown-format", format!("there is no format `{name}`"))
            .with_help(unknown.help("format"))
            .class(Class::Configuration)),
    }
}

//! Reads a pipeline file and plans it: what `run`, `check` and `graph` begin with.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use jackfield_manifest::printable;
use jackfield_manifest::{Problem, SetOption, Severity};
use jackfield_runtime::host::{CancelToken, LogLevel, LogLine, LogSink};
use jackfield_runtime::{Class, Diagnosis, FirstParty, Plan, PlanRequest, Report, Runtime, Settings};

use crate::args::{Global, PipelineArguments};
use crate::output::{CommandError, Output};

/// The runtime with the settings of this process.
pub(crate) fn open_runtime(global: &Global) -> Result<Runtime, CommandError> {
    settings(global).map(Runtime::open)
}

/// The same where something will be planned or run. It lives as long as the process: to free what the manifests of all
/// plugins say, piece by piece, would take longer than to read a small file.
pub(crate) fn open_runtime_to_run(global: &Global) -> Result<&'static Runtime, CommandError> {
    settings(global).map(|settings| &*Box::leak(Box::new(Runtime::open_to_run(settings))))
}

pub(crate) fn settings(global: &Global) -> Result<Settings, CommandError> {
    let executable = std::env::current_exe()?;
    let built = crate::FIRST_PARTY.iter();
    let first_party: Vec<FirstParty> =
        built.map(|&(name, version, digest, manifest)| FirstParty { name, version, digest, manifest }).collect();
    let config = global.config.as_deref();
    let env = |name: &str| std::env::var_os(name);
    let settings = Settings::from_environment(config, Path::new(""), &executable, &first_party, &env);
    settings.map_err(|problems| configuration(problems).into())
}

pub(crate) fn configuration(problems: Vec<Problem>) -> Report {
    let errors = problems.into_iter().filter(|p| p.severity == Severity::Error);
    Report { diagnoses: errors.map(|problem| Diagnosis { problem, class: Class::Configuration }).collect() }
}

/// A pipeline to plan: its text, and how what is found in it is told.
pub(crate) struct Asked<'a> {
    /// What messages call the text.
    pub(crate) shown: &'a str,
    pub(crate) text: &'a str,
    /// The folder that paths in it are relative to.
    pub(crate) folder: &'a Path,
    pub(crate) sets: &'a [SetOption],
    pub(crate) limit: Option<u64>,
    /// Problems as users are told them.
    pub(crate) told: &'a dyn Fn(Problem) -> Problem,
}

/// Plans the pipeline that the arguments name, and shows its warnings.
pub(crate) fn plan(
    runtime: &Runtime,
    arguments: &PipelineArguments,
    limit: Option<u64>,
    cancel: CancelToken,
    output: &Output,
) -> Result<Plan, CommandError> {
    let (shown, bytes) = read(&arguments.file)?;
    let text = jackfield_manifest::decode(&shown, &bytes).map_err(|problem| configuration(vec![*problem]))?;
    let asked = Asked {
        shown: &shown,
        text,
        folder: arguments.file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        sets: &arguments.set,
        limit,
        told: &|problem| problem,
    };
    plan_text(runtime, &asked, cancel, output)
}

/// Plans a pipeline, and shows its warnings.
pub(crate) fn plan_text(
    runtime: &Runtime,
    asked: &Asked<'_>,
    cancel: CancelToken,
    output: &Output,
) -> Result<Plan, CommandError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let planned = runtime.plan(&PlanRequest {
        file: asked.shown,
        text: asked.text,
        folder: asked.folder,
        sets: asked.sets,
        env: &|name| std::env::var(name).ok(),
        limit: asked.limit,
        now_micros: i64::try_from(now).unwrap_or(i64::MAX),
        cancel,
        log: log_to_stderr(output),
    });
    let plan = planned.map_err(|report| {
        let told = |Diagnosis { problem, class }| Diagnosis { problem: (asked.told)(problem), class };
        Report { diagnoses: report.diagnoses.into_iter().map(told).collect() }
    })?;
    plan.warnings().iter().for_each(|warning| output.problem(&(asked.told)(warning.clone())));
    Ok(plan)
}

/// Shows what plugins log, as far as the user wants to see it.
pub(crate) fn log_to_stderr(output: &Output) -> LogSink {
    let level = match output.verbose {
        0 => LogLevel::Warn,
        1 => LogLevel::Info,
        _ => LogLevel::Trace,
    };
    let quiet = output.quiet;
    Arc::new(move |line| {
        if !quiet && line.level >= level {
            show_log(&line);
        }
    })
}

/// A pipeline file: its name as messages show it, and its content.
pub(crate) fn read(file: &Path) -> Result<(String, Vec<u8>), Report> {
    let shown = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_owned(),
            _ => error.to_string(),
        };
        let problem = Problem::error("pipeline-not-readable", format!("{shown} cannot be read: {reason}"))
            .with_help("name a pipeline file, such as pipeline.toml");
        configuration(vec![problem])
    })?;
    Ok((shown, bytes))
}

/// A plugin's words on stderr, with whatever could steer a terminal made visible.
fn show_log(line: &LogLine) {
    let level = match line.level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    let fields: String = line.fields.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    // What a plugin says while no stage calls it.
    let stage = if line.label.stage.is_empty() { String::new() } else { format!("{} ", line.label.stage) };
    let text = format!("{level}[{stage}{}]: {}{fields}", line.label.plugin, line.message);
    eprintln!("{}", printable(&text));
}

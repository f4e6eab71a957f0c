//! Reads a pipeline file and plans it: what `run`, `check` and `graph` begin with.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use jackfield_manifest::printable;
use jackfield_manifest::{Problem, Severity};
use jackfield_runtime::host::{CancelToken, LogLevel, LogLine, LogSink};
use jackfield_runtime::{Class, Diagnosis, FirstParty, Plan, PlanRequest, Report, Runtime, Settings};

use crate::args::{Global, PipelineArguments};
use crate::output::{CommandError, Output};

/// The runtime with the settings of this process.
pub(crate) fn open_runtime(global: &Global) -> Result<Runtime, CommandError> {
    settings(global).map(Runtime::open)
}

/// The same where something will be planned or run.
pub(crate) fn open_runtime_to_run(global: &Global) -> Result<Runtime, CommandError> {
    settings(global).map(Runtime::open_to_run)
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let plan = runtime.plan(&PlanRequest {
        file: &shown,
        text,
        folder: arguments.file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        sets: &arguments.set,
        env: &|name| std::env::var(name).ok(),
        limit,
        now_micros: i64::try_from(now).unwrap_or(i64::MAX),
        cancel,
        log: log_to_stderr(output),
    })?;
    plan.warnings().iter().for_each(|warning| output.problem(warning));
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

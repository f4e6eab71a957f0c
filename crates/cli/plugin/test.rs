//! `jackfield plugin test` and `jackfield plugin replay`.

pub(super) mod show;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_manifest::{Case, CaseFile, Content, Problem, Severity, Subject, parse_cases};
use jackfield_runtime::cases::{Bench, CaseReport, PropertyReport, bless, saved};
use jackfield_runtime::host::CancelToken;
use jackfield_runtime::{Class, Diagnosis, InstalledPlugin, Report, Runtime, discover};
use serde_json::{Value, json};

use crate::args::{Global, TestArguments};
use crate::output::{CommandError, CommandResult, Output, Paint, problem_json};
use crate::pipeline::{printable, settings};
use crate::signals;

/// A file of cases.
pub(super) struct Read {
    /// As messages show it.
    pub(super) shown: String,
    path: PathBuf,
    pub(super) folder: PathBuf,
    text: String,
    pub(super) file: CaseFile,
}

/// All that a run of the tests found.
#[derive(Default)]
struct Found {
    /// The file of each case, and what came of it.
    cases: Vec<(String, CaseReport)>,
    properties: Vec<(String, PropertyReport)>,
    /// Files that were written.
    written: Vec<String>,
    /// Cases that were blessed.
    blessed: usize,
    /// Cases that could not be, and why.
    refused: Vec<(String, String)>,
}

impl Found {
    fn failed(&self) -> usize {
        let cases = self.cases.iter().filter(|(_, report)| !report.passed()).count();
        cases + self.properties.iter().filter(|(_, report)| report.failure.is_some()).count()
    }
}

pub(super) fn test(global: &Global, arguments: &TestArguments, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let (runtime, plugin) = open(global, &arguments.folder)?;
    plugin.built_with_another().iter().for_each(|warning| output.problem(warning));
    let own = arguments.folder.join("tests");
    let paths = match &arguments.from {
        Some(from) => vec![take(from, &own)?],
        None if arguments.suite.is_empty() => files(&own)?,
        None => {
            let each: Result<Vec<_>, CommandError> = arguments.suite.iter().map(|path| files(path)).collect();
            each?.concat()
        }
    };
    let files = read(&paths)?;
    let wanted = |file: &Read, case: &Case| {
        let name = format!("{}: {}", file.shown, case.name);
        arguments.filter.as_ref().is_none_or(|filter| name.contains(filter))
    };
    if !files.iter().any(|file| file.file.cases.iter().any(|case| wanted(file, case))) {
        let places = if arguments.suite.is_empty() { vec![own.clone()] } else { arguments.suite.clone() };
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        let message = match &arguments.filter {
            Some(filter) => format!("no case in {} is called like `{filter}`", places.join(", ")),
            None => format!("there are no cases in {}", places.join(", ")),
        };
        return Err(wrong(Problem::error("no-cases", message).with_help(
            "a case is a [[case]] with `name`, `type`, `params` and `input.PORT` in tests/NAME.toml; --bless writes what comes out of it",
        ))
        .into());
    }
    let bench = Bench { plugin: &plugin, cancel: cancel.clone() };
    let mut found = Found::default();
    if !output.json {
        output.result(&format!("{}\n", output.bold(&printable(&plugin.title()))))?;
    }
    for file in &files {
        let mut reports: Vec<(&Case, CaseReport)> = Vec::new();
        for case in file.file.cases.iter().filter(|case| wanted(file, case)) {
            if cancel.is_cancelled() {
                return Ok(crate::signals::exit_code().unwrap_or(130));
            }
            reports.push((case, runtime.run_case(&bench, case, &file.folder)));
        }
        if arguments.bless {
            reports = blessed(&runtime, &bench, file, reports, &mut found)?;
        }
        for (_, report) in reports {
            if !output.json {
                output.result(&show::case(&file.shown, &report, output))?;
            }
            found.cases.push((file.shown.clone(), report));
        }
        properties(&runtime, &bench, file, arguments, &own, &mut found, output)?;
    }
    finish(&plugin, &found, output)
}

/// Prints what is left to say, and gives the exit code.
fn finish(plugin: &InstalledPlugin, found: &Found, output: &Output) -> CommandResult {
    let failed = found.failed();
    let passed = found.cases.len() + found.properties.len() - failed;
    if output.json {
        output.json_result(&json!({
            "plugin": plugin.title(),
            "cases": found.cases.iter().map(|(file, report)| show::case_json(file, report)).collect::<Vec<_>>(),
            "property": found.properties.iter().map(|(file, report)| show::property_json(file, report)).collect::<Vec<_>>(),
            "passed": passed,
            "failed": failed,
            "blessed": found.blessed,
            "written": found.written,
            "not-blessed": found.refused.iter().map(|(case, why)| json!({ "case": case, "why": why })).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut text = String::new();
        for (case, why) in &found.refused {
            text.push_str(&printable(&format!("not blessed: {case}: {why}\n")).replace("\\n", "\n"));
        }
        for file in &found.written {
            text.push_str(&format!("wrote {}\n", printable(file)));
        }
        let line = format!("{passed} passed, {failed} failed");
        let color = if failed > 0 { Paint::Red } else { Paint::Green };
        text.push_str(&format!("{}\n", output.paint(color, &line)));
        output.result(&text)?;
    }
    Ok(u8::from(failed > 0))
}

/// Writes what came as what is expected, and runs the changed cases again.
fn blessed<'f>(
    runtime: &Runtime,
    bench: &Bench<'_>,
    file: &'f Read,
    reports: Vec<(&'f Case, CaseReport)>,
    found: &mut Found,
) -> Result<Vec<(&'f Case, CaseReport)>, CommandError> {
    let pairs: Vec<(&Case, &CaseReport)> = reports.iter().map(|(case, report)| (*case, report)).collect();
    let blessing = bless(file.file.document.text(), &file.folder, &pairs);
    found.refused.extend(blessing.refused.iter().map(|(case, why)| (format!("{}: {case}", file.shown), why.clone())));
    if blessing.blessed.is_empty() {
        return Ok(reports);
    }
    let write = |path: &Path, bytes: &[u8]| {
        saved::write_whole(path, bytes).map_err(|why| wrong_class(Problem::error("cannot-write", why), Class::Failed))
    };
    for (path, bytes) in &blessing.files {
        write(path, bytes)?;
        found.written.push(path.display().to_string());
    }
    if blessing.text != file.text {
        write(&file.path, blessing.text.as_bytes())?;
        found.written.push(file.shown.clone());
    }
    found.blessed += blessing.blessed.len();
    // What was written is what the next run reads: so it is read now.
    let (again, _) = parse_cases(&file.shown, &blessing.text);
    let again = again.map(|file| file.cases).unwrap_or_default();
    let rerun = |(case, report): (&'f Case, CaseReport)| match again.iter().find(|new| new.name == case.name) {
        Some(new) if blessing.blessed.contains(&case.name) => (case, runtime.run_case(bench, new, &file.folder)),
        _ => (case, report),
    };
    Ok(reports.into_iter().map(rerun).collect())
}

/// Random batches for the node types and parameters of a file's cases, each once.
fn properties(
    runtime: &Runtime,
    bench: &Bench<'_>,
    file: &Read,
    arguments: &TestArguments,
    own: &Path,
    found: &mut Found,
    output: &Output,
) -> Result<(), CommandError> {
    let said = file.file.property;
    let Some(cases) = arguments.property.or(said.map(|property| property.cases)) else { return Ok(()) };
    let seed = arguments.seed.or(said.map(|property| property.seed)).unwrap_or(1);
    let mut tried: Vec<&Case> = Vec::new();
    for case in &file.file.cases {
        let alike = |other: &&Case| {
            other.subject == case.subject
                && other.params == case.params
                && other.schemas == case.schemas
                && (!case.schemas.is_empty() || other.inputs == case.inputs)
        };
        let named = format!("{}: {}", file.shown, case.name);
        if tried.iter().any(alike) || arguments.filter.as_ref().is_some_and(|filter| !named.contains(filter)) {
            continue;
        }
        tried.push(case);
        let Some(report) = runtime.try_at_random(bench, case, &file.folder, cases, seed) else { continue };
        if let Some(failure) = &report.failure {
            let digest = digest(&format!("{} {:?} {:?}", report.subject, case.params, failure.saved.about));
            let stem = format!("found-{}-{digest}", report.subject.replace(['/', ':', '@'], "-"));
            let name = format!("survives what was found at random, {digest}");
            match failure.saved.write(own, &name, &stem) {
                Ok(path) => found.written.push(path.display().to_string()),
                Err(why) => found.refused.push((case.name.clone(), why)),
            }
        }
        if !output.json {
            output.result(&show::property(&file.shown, &report, output))?;
        }
        found.properties.push((file.shown.clone(), report));
    }
    Ok(())
}

/// A short name for a text: FNV-1a.
fn digest(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{:08x}", hash >> 32)
}

/// The plugin that somebody means: the one of a folder or file, if there is such a one, else an installed one.
pub(super) fn named(
    global: &Global,
    runtime: Runtime,
    name: &str,
) -> Result<(Runtime, Arc<InstalledPlugin>), CommandError> {
    let path = Path::new(name);
    if path.join("plugin.toml").is_file() || path.join("dist/plugin.toml").is_file() || path.is_file() {
        return open(global, path);
    }
    if name == "." {
        let problem = Problem::error("manifest-not-readable", "there is no plugin.toml in this folder");
        return Err(wrong(problem.with_help("name a plugin or its folder")).into());
    }
    let plugin = super::find(&runtime.registry(), name)?;
    Ok((runtime, plugin))
}

/// A runtime in which the plugin of a folder takes the place of all others of its name.
pub(super) fn open(global: &Global, folder: &Path) -> Result<(Runtime, Arc<InstalledPlugin>), CommandError> {
    let built = built(folder);
    let runtime = Runtime::builder(settings(global)?).worked_on(built.clone()).open_to_run();
    let registry = runtime.registry();
    let is_it = |plugin: &&Arc<InstalledPlugin>| plugin.folder == built || plugin.component == built;
    if let Some(plugin) = registry.plugins().iter().find(is_it) {
        let plugin = plugin.clone();
        return Ok((runtime, plugin));
    }
    // Only now is it looked at why not, which is the same work once more.
    let read = if built.is_file() { discover::read_file(&built) } else { discover::read(&built) };
    match read {
        Err(mut problems) => {
            for problem in problems.iter_mut().filter(|problem| problem.code == "component-missing") {
                problem.help = Some(
                    "build it with `jackfield plugin build`, or name its file with `component` in plugin.toml"
                        .to_owned(),
                );
            }
            let diagnoses = problems.into_iter().map(|problem| Diagnosis { problem, class: Class::Configuration });
            Err(Report { diagnoses: diagnoses.collect() }.into())
        }
        Ok(plugin) => {
            let why = registry.unresolved().iter().find(|unresolved| unresolved.plugin.name() == plugin.name());
            let problem = why.map(|unresolved| unresolved.problem.clone());
            let message = format!("the plugin in {} cannot be used", built.display());
            Err(wrong(problem.unwrap_or_else(|| Problem::error("unknown-plugin", message))).into())
        }
    }
}

/// Where the plugin of a source folder lies once it is built: beside its manifest, or in `dist`.
fn built(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let dist = folder.join("dist");
    let complete = |folder: &Path| discover::read(folder).is_ok();
    if !complete(folder) && dist.join("plugin.toml").is_file() { dist } else { folder.to_owned() }
}

pub(super) fn wrong(problem: Problem) -> Report {
    wrong_class(problem, Class::Configuration)
}

pub(super) fn wrong_class(problem: Problem, class: Class) -> Report {
    Report::from(Diagnosis { problem, class })
}

/// The files of cases at a path: the file itself, or all of a folder.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml") && file.is_file());
    files.sort();
    Ok(files)
}

/// Reads all files of cases; everything that is wrong with any of them is told at once.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Read>, CommandError> {
    let mut files = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let shown = shown.strip_prefix("./").map_or(shown.clone(), str::to_owned);
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                wrong.push(Problem::error("cases-not-readable", format!("{shown} cannot be read: {error}")));
                continue;
            }
        };
        let text = match jackfield_manifest::decode(&shown, &bytes) {
            Ok(text) => text.to_owned(),
            Err(problem) => {
                wrong.push(*problem);
                continue;
            }
        };
        let (file, problems) = parse_cases(&shown, &text);
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        wrong.extend(problems);
        if let Some(file) = file.filter(|_| !broken) {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
            files.push(Read { shown, path: path.clone(), folder, text, file });
        }
    }
    if wrong.is_empty() {
        return Ok(files);
    }
    Err(crate::pipeline::configuration(wrong).into())
}

/// Copies saved rows and their case into a plugin's tests; gives the file of the case.
fn take(from: &Path, tests: &Path) -> Result<PathBuf, CommandError> {
    let files = read(&[from.to_owned()])?;
    let failed = |why: String| CommandError::from(wrong_class(Problem::error("cannot-write", why), Class::Failed));
    let Some(file) = files.first() else { return Ok(from.to_owned()) };
    std::fs::create_dir_all(tests).map_err(|error| failed(format!("{} cannot be made: {error}", tests.display())))?;
    for content in file.file.cases.iter().flat_map(|case| case.inputs.values()) {
        let Content::File(name) = content else { continue };
        let source = file.folder.join(name);
        let bytes = std::fs::read(&source).map_err(|error| {
            let message = format!("{} cannot be read: {error}", source.display());
            wrong_class(Problem::error("cases-not-readable", message), Class::Failed)
        })?;
        let name = Path::new(name).file_name().map(PathBuf::from).unwrap_or_default();
        saved::write_whole(&tests.join(name), &bytes).map_err(failed)?;
    }
    let target = tests.join(from.file_name().unwrap_or_default());
    saved::write_whole(&target, file.text.as_bytes()).map_err(failed)?;
    Ok(target)
}

pub(super) fn replay(runtime: &Runtime, file: &Path, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let files = read(&[file.to_owned()])?;
    let registry = runtime.registry();
    let mut found = Found::default();
    let mut last = None;
    for file in &files {
        for case in &file.file.cases {
            let plugin = match &case.subject {
                Subject::Node(node) => registry.node(node).map(|(plugin, _)| plugin),
                Subject::Format(id) => registry.format(id).map(|(plugin, _)| plugin),
                Subject::Codec(id) => registry.codec(id).map(|(plugin, _)| plugin),
                Subject::Hook(id) => {
                    let has = |plugin: &&Arc<InstalledPlugin>| plugin.manifest.hooks.iter().any(|hook| hook.id == *id);
                    let found = registry.plugins().iter().find(has).cloned();
                    let message = format!("no installed plugin has a hook `{id}`");
                    Ok(found.ok_or_else(|| wrong(Problem::error("unknown-type", message)))?)
                }
            };
            let plugin = plugin.map_err(|unknown| {
                let message = format!("no installed plugin provides {}", case.subject.text());
                wrong(Problem::error("unknown-type", message).with_help(unknown.help("node type, format or codec")))
            })?;
            let bench = Bench { plugin: &plugin, cancel: cancel.clone() };
            let report = runtime.run_case(&bench, case, &file.folder);
            if !output.json {
                output.result(&show::case(&file.shown, &report, output))?;
            }
            found.cases.push((file.shown.clone(), report));
            last = Some(plugin);
        }
    }
    match last {
        Some(plugin) => finish(&plugin, &found, output),
        None => Err(wrong(Problem::error("no-cases", format!("there are no cases in {}", file.display()))).into()),
    }
}

/// Problems as JSON.
fn problems_json(problems: &[Problem]) -> Vec<Value> {
    problems.iter().map(problem_json).collect()
}

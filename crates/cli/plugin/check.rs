//! `jackfield plugin check`.

use std::collections::BTreeMap;

use jackfield_runtime::Runtime;
use jackfield_runtime::cases::{Bench, Checkup, Finding, Grade};
use jackfield_runtime::host::CancelToken;
use jackfield_runtime::hostile::{HostileReport, Trial, Verdict};
use serde_json::{Value, json};

use super::test::named;
use crate::args::{CheckArguments, Global};
use crate::output::{CommandError, CommandResult, Output, Paint};
use crate::pipeline::printable;
use crate::signals;

pub(super) fn check(global: &Global, runtime: Runtime, arguments: &CheckArguments, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let (runtime, plugin) = named(global, runtime, &arguments.name)?;
    let parameters = arguments.params.iter().map(|one| parameter(one)).collect::<Result<BTreeMap<_, _>, _>>()?;
    // What cannot be loaded is told as it is everywhere else.
    runtime.load(&plugin).map_err(jackfield_runtime::Report::from)?;
    let bench = Bench { plugin: &plugin, cancel: cancel.clone() };
    let checkup = runtime.check_up(&bench, &plugin, &parameters);
    let report = match arguments.hostile {
        true => Some(runtime.check_hostile(&plugin, &parameters, cancel.clone())?),
        false => None,
    };
    if cancel.is_cancelled() {
        return Ok(signals::exit_code().unwrap_or(130));
    }
    let bad = checkup.count(Grade::Bad);
    let defects = report.as_ref().map_or(0, HostileReport::defects);
    if output.json {
        output.json_result(&report_json(&checkup, report.as_ref()))?;
    } else {
        show_checkup(&checkup, output)?;
        if let Some(report) = &report {
            show(report, output)?;
        }
    }
    Ok(u8::from(bad + defects > 0))
}

/// A line for each subject where everything is good, and one for each finding that is not.
fn show_checkup(checkup: &Checkup, output: &Output) -> std::io::Result<()> {
    let mut text = format!("{}\n", output.bold(&printable(&checkup.plugin)));
    let mut subjects: Vec<&str> = Vec::new();
    for finding in &checkup.findings {
        if !subjects.contains(&finding.subject.as_str()) {
            subjects.push(&finding.subject);
        }
    }
    // The same advice is given once in a row.
    let mut advised = None;
    for subject in subjects {
        let findings: Vec<&Finding> = checkup.findings.iter().filter(|finding| finding.subject == subject).collect();
        let good: Vec<&str> =
            findings.iter().filter(|f| f.grade == Grade::Good).map(|finding| finding.check.as_str()).collect();
        if !good.is_empty() && output.verbose == 0 && !output.quiet {
            let line = printable(&format!("{subject}: {}", good.join(", ")));
            text.push_str(&format!("  {} {line}\n", output.paint(Paint::Green, "good")));
        }
        for finding in findings {
            let (color, word) = match finding.grade {
                Grade::Good if output.verbose == 0 => continue,
                Grade::Good => (Paint::Green, "good"),
                Grade::NotTried => (Paint::Yellow, "not tried"),
                Grade::Warning => (Paint::Yellow, "warning"),
                Grade::Bad => (Paint::Red, "BAD"),
            };
            let line = format!("{subject}: {}: {}", finding.check, finding.message);
            let mut lines = line.trim_end_matches([' ', ':']).lines();
            let first = printable(lines.next().unwrap_or_default());
            text.push_str(&format!("  {} {first}\n", output.paint(color, word)));
            for line in lines {
                text.push_str(&format!("    {}\n", printable(line)));
            }
            if let Some(help) = finding.help.as_ref().filter(|help| advised != Some(*help)) {
                advised = Some(help);
                text.push_str(&format!("    help: {}\n", printable(help)));
            }
        }
    }
    let line = match (checkup.count(Grade::Bad), checkup.count(Grade::Warning), checkup.count(Grade::NotTried)) {
        (0, 0, 0) => output.paint(Paint::Green, "sound"),
        (0, warnings, untried) => {
            output.paint(Paint::Yellow, &format!("sound, {warnings} warnings, {untried} not tried"))
        }
        (bad, warnings, untried) => {
            output.paint(Paint::Red, &format!("{bad} defects, {warnings} warnings, {untried} not tried"))
        }
    };
    text.push_str(&format!("{line}\n"));
    output.result(&text)
}

/// `TYPE=JSON`.
pub(super) fn parameter(text: &str) -> Result<(String, Value), CommandError> {
    let wrong = |why: String| CommandError::Usage(format!("--params {text}: {why}"));
    let (node, json) = text.split_once('=').ok_or_else(|| wrong("expected TYPE=JSON".to_owned()))?;
    let json = serde_json::from_str(json).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
    Ok((node.to_owned(), json))
}

fn words(verdict: &Verdict) -> (&'static str, Option<&str>, &str) {
    match verdict {
        Verdict::Took => ("took", None, ""),
        Verdict::Refused(why) => ("refused", None, why),
        Verdict::Defect { code, message } => ("defect", Some(code), message),
        Verdict::NotTried(why) => ("not-tried", None, why),
    }
}

fn report_json(checkup: &Checkup, report: Option<&HostileReport>) -> Value {
    let trial = |trial: &Trial| {
        let (verdict, code, message) = words(&trial.verdict);
        json!({ "subject": trial.subject, "input": trial.input, "verdict": verdict, "code": code, "message": message })
    };
    let finding = |finding: &Finding| {
        json!({
            "subject": finding.subject,
            "check": finding.check,
            "grade": finding.grade.name(),
            "message": finding.message,
            "help": finding.help,
        })
    };
    json!({
        "plugin": checkup.plugin,
        "findings": checkup.findings.iter().map(finding).collect::<Vec<_>>(),
        "bad": checkup.count(Grade::Bad),
        "warnings": checkup.count(Grade::Warning),
        "trials": report.map(|report| report.trials.iter().map(trial).collect::<Vec<_>>()).unwrap_or_default(),
        "defects": report.map_or(0, HostileReport::defects),
    })
}

/// A line for each thing that the plugin provides, and below it what went wrong, or, with -v, everything.
fn show(report: &HostileReport, output: &Output) -> std::io::Result<()> {
    let mut text = format!("{}\n", output.bold(&printable(&report.plugin)));
    let mut subjects: Vec<&str> = report.trials.iter().map(|trial| trial.subject.as_str()).collect();
    subjects.dedup();
    for subject in subjects {
        let of_subject: Vec<&Trial> = report.trials.iter().filter(|trial| trial.subject == subject).collect();
        let count = |wanted: &str| of_subject.iter().filter(|trial| words(&trial.verdict).0 == wanted).count();
        let mut line = format!("  {}: {} inputs", printable(subject), of_subject.len());
        for (verdict, about) in
            [("took", "taken"), ("refused", "refused"), ("not-tried", "not tried"), ("defect", "DEFECTS")]
        {
            match count(verdict) {
                0 => {}
                number => line.push_str(&format!(", {number} {about}")),
            }
        }
        text.push_str(&format!("{line}\n"));
        for trial in of_subject {
            let (verdict, code, message) = words(&trial.verdict);
            if output.verbose == 0 && matches!(verdict, "took" | "refused") {
                continue;
            }
            let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
            let message = message.lines().next().unwrap_or_default();
            let line = format!("{verdict}{code} {}: {message}", trial.input);
            text.push_str(&format!("    {}\n", printable(line.trim_end_matches([' ', ':']))));
        }
    }
    output.result(&text)
}

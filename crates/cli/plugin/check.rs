//! `jackfield plugin check`.

use std::collections::BTreeMap;

use jackfield_runtime::Runtime;
use jackfield_runtime::host::CancelToken;
use jackfield_runtime::hostile::{HostileReport, Trial, Verdict};
use serde_json::{Value, json};

use super::find;
use crate::args::CheckArguments;
use crate::output::{CommandError, CommandResult, Output};
use crate::pipeline::printable;
use crate::signals;

pub(super) fn check(runtime: &Runtime, arguments: &CheckArguments, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let registry = runtime.registry();
    let plugin = find(&registry, &arguments.name)?;
    if !arguments.hostile {
        // Loading compares the component with its manifest, and all that it says must be true.
        runtime.load(&plugin).map_err(jackfield_runtime::Report::from)?;
        let title = printable(&plugin.title());
        match output.json {
            true => output.json_result(&json!({ "plugin": plugin.title(), "trials": [], "defects": 0 }))?,
            false => output.note(&format!("{title} is what its manifest says")),
        }
        return Ok(0);
    }
    let parameters = arguments.params.iter().map(|one| parameter(one)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let report = runtime.check_hostile(&plugin, &parameters, cancel)?;
    if output.json {
        output.json_result(&report_json(&report))?;
    } else {
        show(&report, output)?;
    }
    Ok(if report.defects() > 0 { 1 } else { 0 })
}

/// `TYPE=JSON`.
fn parameter(text: &str) -> Result<(String, Value), CommandError> {
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

fn report_json(report: &HostileReport) -> Value {
    let trial = |trial: &Trial| {
        let (verdict, code, message) = words(&trial.verdict);
        json!({ "subject": trial.subject, "input": trial.input, "verdict": verdict, "code": code, "message": message })
    };
    json!({
        "plugin": report.plugin,
        "trials": report.trials.iter().map(trial).collect::<Vec<_>>(),
        "defects": report.defects(),
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

//! How cases and what came of them are shown.

use jackfield_manifest::{Problem, render};
use jackfield_runtime::cases::{CaseReport, Mismatch, PropertyReport, RowChange, RowDiff};
use serde_json::{Value, json};

use super::problems_json;
use crate::output::{Output, Paint};
use crate::pipeline::printable;

/// Rows that are shown around a difference, and rows of a difference at most.
const CONTEXT: usize = 2;
const MOST_SHOWN: usize = 60;

/// Characters of a cell at most.
const WIDEST: usize = 60;

/// A case in a line, and below it what is not as expected.
pub(super) fn case(file: &str, report: &CaseReport, output: &Output) -> String {
    let name = printable(&format!("{file}: {}", report.name));
    let used = format!(
        "{} fuel, {}, {}",
        grouped(report.fuel),
        mebibytes(report.peak_memory_bytes),
        milliseconds(report.elapsed)
    );
    let word = match report.passed() {
        true => output.paint(Paint::Green, "ok  "),
        false => output.paint(Paint::Red, "FAIL"),
    };
    let used = output.paint(Paint::Dim, &used);
    let mut text = match output.quiet && report.passed() {
        true => String::new(),
        false => format!("  {word} {name}  ({used})\n"),
    };
    for mismatch in &report.mismatches {
        for line in lines(mismatch, output) {
            text.push_str(&format!("       {line}\n"));
        }
    }
    text
}

/// What random batches found.
pub(super) fn property(file: &str, report: &PropertyReport, output: &Output) -> String {
    let name = printable(&format!("{file}: {}, random rows", report.case));
    match &report.failure {
        None => {
            let used = output.paint(Paint::Dim, &format!("{} batches", report.survived));
            format!("  {} {name}  ({used})\n", output.paint(Paint::Green, "ok  "))
        }
        Some(failure) => {
            let (first, last) = failure.rows;
            let mut text = format!("  {} {name}\n", output.paint(Paint::Red, "FAIL"));
            let after = format!("after {} batches; {first} rows were made {last}", report.survived);
            text.push_str(&format!("       {after}\n"));
            for line in failure.problems.iter().flat_map(problem_lines) {
                text.push_str(&format!("       {line}\n"));
            }
            text
        }
    }
}

fn lines(mismatch: &Mismatch, output: &Output) -> Vec<String> {
    match mismatch {
        Mismatch::Unusable(why) => vec![format!("the case cannot be run: {}", printable(why))],
        Mismatch::Failed(problems) => problems.iter().flat_map(problem_lines).collect(),
        Mismatch::Error { expected, problems } => {
            let parts = [("code", &expected.code), ("message", &expected.message), ("help", &expected.help)];
            let parts = parts.iter().filter_map(|(key, text)| Some(format!("{key} = {:?}", text.as_ref()?)));
            let mut lines = vec![format!("expected the error {{ {} }}", parts.collect::<Vec<_>>().join(", "))];
            match problems.is_empty() {
                true => lines.push("it did not fail".to_owned()),
                false => lines.extend(problems.iter().flat_map(problem_lines)),
            }
            lines
        }
        Mismatch::Columns { port, expected, actual } => {
            let mut lines = vec![format!("output.{port}: the columns differ")];
            let shown = |(name, text): &(String, String)| printable(&format!("{name}: {text}"));
            for column in expected.iter().filter(|column| !actual.contains(column)) {
                lines.push(output.paint(Paint::Red, &format!("- {}", shown(column))));
            }
            for column in actual.iter().filter(|column| !expected.contains(column)) {
                lines.push(output.paint(Paint::Green, &format!("+ {}", shown(column))));
            }
            if lines.len() == 1 {
                let names = |columns: &[(String, String)]| {
                    columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
                };
                lines.push(output.paint(Paint::Red, &format!("- {}", printable(&names(expected)))));
                lines.push(output.paint(Paint::Green, &format!("+ {}", printable(&names(actual)))));
            }
            lines
        }
        Mismatch::Rows { port, diff } => {
            let mut lines = vec![format!("output.{port}: {}", counted(diff))];
            lines.extend(table(diff, output));
            lines
        }
        Mismatch::Bytes { port, expected, actual } => bytes(port, expected, actual, output),
        Mismatch::Rejected { message } => vec![format!("rejected: {}", printable(message))],
        Mismatch::Log(wanted) => {
            let level = wanted.level.map(|level| format!(" at level {level}")).unwrap_or_default();
            vec![format!("it did not log {:?}{level}", wanted.message)]
        }
        Mismatch::Answer { expected, actual, problems } => {
            let came = actual.unwrap_or("a failure");
            let mut lines = vec![format!("expected the answer {expected}, it gave {came}")];
            lines.extend(problems.iter().flat_map(problem_lines));
            lines
        }
        Mismatch::Field { name, expected, actual } => vec![
            format!("fields.{} differs", printable(name)),
            output.paint(Paint::Red, &printable(&format!("- {expected}"))),
            output.paint(Paint::Green, &printable(&format!("+ {actual}"))),
        ],
        Mismatch::Budget { what: "memory", most, used } => {
            vec![format!("over its budget: {} of memory, at most {}", mebibytes(*used), mebibytes(*most))]
        }
        Mismatch::Budget { what, most, used } => {
            vec![format!("over its budget: {} {what}, at most {}", grouped(*used), grouped(*most))]
        }
    }
}

fn problem_lines(problem: &Problem) -> Vec<String> {
    render(problem).trim_end().lines().map(printable).collect()
}

fn counted(diff: &RowDiff) -> String {
    let count = |is: fn(&RowChange) -> bool| diff.changes.iter().filter(|change| is(change)).count();
    let missing = count(|change| matches!(change, RowChange::Missing(_)));
    let extra = count(|change| matches!(change, RowChange::Extra(_)));
    format!("the rows differ: {missing} expected and not there, {extra} there and not expected")
}

/// The rows around each difference, with the columns one below the other.
fn table(diff: &RowDiff, output: &Output) -> Vec<String> {
    let changed: Vec<bool> = diff.changes.iter().map(|change| !matches!(change, RowChange::Same(_))).collect();
    let near = |place: usize| {
        let from = place.saturating_sub(CONTEXT);
        changed.iter().skip(from).take(place - from + CONTEXT + 1).any(|changed| *changed)
    };
    let cells = |change: &RowChange| -> (char, Vec<String>) {
        let (mark, cells) = match change {
            RowChange::Same(cells) => (' ', cells),
            RowChange::Missing(cells) => ('-', cells),
            RowChange::Extra(cells) => ('+', cells),
        };
        (mark, cells.iter().map(|cell| shortened(cell)).collect())
    };
    let heads: Vec<String> = diff.columns.iter().map(|name| shortened(name)).collect();
    let mut shown: Vec<Option<(char, Vec<String>)>> = Vec::new();
    for (place, change) in diff.changes.iter().enumerate() {
        if near(place) {
            shown.push(Some(cells(change)));
        } else if shown.last().is_some_and(Option::is_some) || shown.is_empty() {
            shown.push(None);
        }
    }
    let left = shown.len().saturating_sub(MOST_SHOWN);
    shown.truncate(MOST_SHOWN);
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
    for (_, row) in shown.iter().flatten() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |mark: char, row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{mark} {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let mut lines = vec![output.bold(&line(' ', &heads))];
    for row in shown {
        lines.push(match row {
            None => output.paint(Paint::Dim, "  …"),
            Some(('-', row)) => output.paint(Paint::Red, &line('-', &row)),
            Some(('+', row)) => output.paint(Paint::Green, &line('+', &row)),
            Some((mark, row)) => line(mark, &row),
        });
    }
    if left > 0 {
        lines.push(format!("  … and {left} rows more"));
    }
    lines
}

fn shortened(cell: &str) -> String {
    let cell = printable(cell);
    match cell.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", cell.get(..end).unwrap_or_default()),
        None => cell,
    }
}

/// Bytes that are text line by line, others by the first place where they differ.
fn bytes(port: &str, expected: &[u8], actual: &[u8], output: &Output) -> Vec<String> {
    let mut lines =
        vec![format!("output.{port}: the bytes differ: {} expected, {} came", expected.len(), actual.len())];
    if let (Ok(old), Ok(new)) = (std::str::from_utf8(expected), std::str::from_utf8(actual)) {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
        let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
        let rest =
            |lines: &[&str]| lines.iter().skip(head).map(|line| shortened(&format!("{line:?}"))).collect::<Vec<_>>();
        lines.push(format!("from line {} on:", head + 1));
        for line in rest(&old).iter().take(5) {
            lines.push(output.paint(Paint::Red, &format!("- {line}")));
        }
        for line in rest(&new).iter().take(5) {
            lines.push(output.paint(Paint::Green, &format!("+ {line}")));
        }
        return lines;
    }
    let at = expected.iter().zip(actual).take_while(|(one, other)| one == other).count();
    let part = |bytes: &[u8]| {
        let from = at - at % 16;
        let part = bytes.iter().skip(from).take(16).map(|byte| format!("{byte:02x}"));
        format!("{from:08x}  {}", part.collect::<Vec<_>>().join(" "))
    };
    lines.push(format!("the first difference is at byte {at}:"));
    lines.push(output.paint(Paint::Red, &format!("- {}", part(expected))));
    lines.push(output.paint(Paint::Green, &format!("+ {}", part(actual))));
    lines
}

/// A case for programs.
pub(super) fn case_json(file: &str, report: &CaseReport) -> Value {
    json!({
        "file": file,
        "name": report.name,
        "type": report.subject,
        "passed": report.passed(),
        "fuel": report.fuel,
        "peak-memory-bytes": report.peak_memory_bytes,
        "elapsed-seconds": report.elapsed.as_secs_f64(),
        "mismatches": report.mismatches.iter().map(mismatch_json).collect::<Vec<_>>(),
    })
}

fn mismatch_json(mismatch: &Mismatch) -> Value {
    match mismatch {
        Mismatch::Unusable(why) => json!({ "kind": "unusable", "message": why }),
        Mismatch::Failed(problems) => json!({ "kind": "failed", "errors": problems_json(problems) }),
        Mismatch::Error { expected, problems } => json!({
            "kind": "error",
            "expected": { "code": expected.code, "message": expected.message, "help": expected.help },
            "errors": problems_json(problems),
        }),
        Mismatch::Columns { port, expected, actual } => {
            json!({ "kind": "columns", "port": port, "expected": expected, "actual": actual })
        }
        Mismatch::Rows { port, diff } => {
            let rows = diff.changes.iter().map(|change| match change {
                RowChange::Same(cells) => json!({ "change": "same", "cells": cells }),
                RowChange::Missing(cells) => json!({ "change": "missing", "cells": cells }),
                RowChange::Extra(cells) => json!({ "change": "extra", "cells": cells }),
            });
            let rows: Vec<Value> = rows.collect();
            json!({ "kind": "rows", "port": port, "columns": diff.columns, "rows": rows })
        }
        Mismatch::Bytes { port, expected, actual } => {
            json!({ "kind": "bytes", "port": port, "expected-bytes": expected.len(), "actual-bytes": actual.len() })
        }
        Mismatch::Rejected { message } => json!({ "kind": "rejected", "message": message }),
        Mismatch::Log(wanted) => json!({ "kind": "log", "level": wanted.level, "message": wanted.message }),
        Mismatch::Answer { expected, actual, problems } => {
            json!({ "kind": "answer", "expected": expected, "actual": actual, "errors": problems_json(problems) })
        }
        Mismatch::Field { name, expected, actual } => {
            json!({ "kind": "field", "name": name, "expected": expected, "actual": actual })
        }
        Mismatch::Budget { what, most, used } => json!({ "kind": "budget", "of": what, "most": most, "used": used }),
    }
}

/// The same for random batches.
pub(super) fn property_json(file: &str, report: &PropertyReport) -> Value {
    let failure = report
        .failure
        .as_ref()
        .map(|failure| json!({ "errors": problems_json(&failure.problems), "rows": failure.rows.1 }));
    json!({ "file": file, "case": report.case, "type": report.subject, "survived": report.survived, "failure": failure })
}

/// A number with its thousands apart.
pub(in crate::plugin) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes as mebibytes.
pub(in crate::plugin) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64)
}

fn milliseconds(time: std::time::Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

//! What a run did, as a table.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use jackfield_runtime::{RunReport, StageKind, StageReport};

use crate::output::Output;

/// A line for everybody, and the table where somebody watches or asks for it.
pub(crate) fn show(report: &RunReport, output: &Output) {
    if output.draws_progress() || output.verbose > 0 {
        output.note(&table(report));
    }
    show_metrics(report, output);
    let sinks = report.stages.iter().filter(|stage| stage.kind == StageKind::Sink);
    let (rows, bytes) = sinks.fold((0, 0), |(rows, bytes), sink| (rows + sink.rows_in, bytes + sink.bytes));
    let closed = if report.stdout_closed { ", until the reader of stdout went away" } else { "" };
    output.note(&format!(
        "{}: {} {} written ({}) in {}{closed}",
        crate::pipeline::printable(&report.pipeline),
        count(rows),
        if rows == 1 { "row" } else { "rows" },
        size(bytes),
        duration(report.elapsed)
    ));
    if report.rejected() > 0 {
        show_rejected(report, output);
    }
}

/// How many rows left by an error policy, by stage.
pub(crate) fn show_rejected(report: &RunReport, output: &Output) {
    for stage in report.stages.iter().filter(|stage| stage.rows_rejected > 0) {
        let rows = if stage.rows_rejected == 1 { "row" } else { "rows" };
        output.note(&format!("{} {rows} rejected by {}.{}", count(stage.rows_rejected), stage.kind.name(), stage.name));
    }
}

/// The figures that hooks have added, for those who ask for more.
pub(crate) fn show_metrics(report: &RunReport, output: &Output) {
    if output.verbose == 0 {
        return;
    }
    for metric in &report.metrics {
        let stage = metric.stage.as_ref().map_or_else(String::new, |stage| format!("{stage}: "));
        let value = match metric.unit.as_deref() {
            Some("ns") if metric.value >= 0.0 => duration(Duration::from_nanos(metric.value as u64)),
            Some(unit) => format!("{} {unit}", metric.value),
            None => metric.value.to_string(),
        };
        output.note(&crate::pipeline::printable(&format!("{stage}{} = {value}", metric.name)));
    }
}

fn table(report: &RunReport) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = ["stage", "plugin", "rows in", "rows out", "rejected", "bytes", "busy", "waiting", "fuel", "memory"];
    table.set_header(header);
    for stage in &report.stages {
        table.add_row(row(stage));
    }
    for number in 2..header.len() {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn row(stage: &StageReport) -> [String; 10] {
    let unless_zero = |value: u64, text: String| if value == 0 { String::new() } else { text };
    [
        format!("{}.{}", stage.kind.name(), stage.name),
        stage.plugin.clone(),
        if stage.kind == StageKind::Source { String::new() } else { count(stage.rows_in) },
        count(stage.rows_out),
        unless_zero(stage.rows_rejected, count(stage.rows_rejected)),
        unless_zero(stage.bytes, size(stage.bytes)),
        duration(stage.busy),
        duration(stage.waiting),
        short(stage.fuel),
        size(stage.peak_memory_bytes),
    ]
}

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the largest unit that leaves a whole number before the point.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

fn short(number: u64) -> String {
    match number {
        0..=9_999 => number.to_string(),
        10_000..=9_999_999 => format!("{} k", number / 1_000),
        10_000_000..=9_999_999_999 => format!("{} M", number / 1_000_000),
        _ => format!("{} G", number / 1_000_000_000),
    }
}

/// A time span in the unit that people would use.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.2} s"),
        s => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
    }
}

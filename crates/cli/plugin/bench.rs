//! `jackfield plugin bench` and `jackfield plugin profile`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::{Table, presets};
use jackfield_manifest::{Problem, Subject};
use jackfield_runtime::cases::{Bench, BenchRequest, Profile, Rate, flame_graph, saved};
use jackfield_runtime::host::CancelToken;
use jackfield_runtime::{Class, InstalledPlugin, Runtime};
use serde_json::{Value, json};

use super::check::parameter;
use super::test::show::{grouped, mebibytes};
use super::test::{files, named, read, wrong, wrong_class};
use crate::args::{BenchArguments, DataArguments, Global, ProfileArguments};
use crate::output::{CommandError, CommandResult, Output, Paint};
use crate::pipeline::printable;
use crate::signals;

pub(super) fn bench(global: &Global, runtime: Runtime, arguments: &BenchArguments, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let (runtime, plugin) = named(global, runtime, &arguments.name)?;
    let seconds = Duration::try_from_secs_f64(arguments.seconds)
        .map_err(|error| CommandError::Usage(format!("--seconds {}: {error}", arguments.seconds)))?;
    let request = request(&arguments.data, seconds)?;
    check_only(&plugin, request.only.as_deref())?;
    let bench = Bench { plugin: &plugin, cancel: cancel.clone() };
    let draws = output.draws_progress();
    let (rates, failed) = runtime.bench(&bench, &request, &mut |subject| {
        if draws {
            eprint!("\r\u{1b}[Kmeasuring {}", printable(subject));
        }
    });
    if draws {
        eprint!("\r\u{1b}[K");
    }
    if cancel.is_cancelled() {
        return Ok(signals::exit_code().unwrap_or(130));
    }
    if output.json {
        output.json_result(&json!({
            "plugin": plugin.title(),
            "rates": rates.iter().map(rate_json).collect::<Vec<_>>(),
            "not-measured": failed.iter().map(|(what, why)| json!({ "type": what, "why": why })).collect::<Vec<_>>(),
        }))?;
    } else {
        output.result(&shown(&plugin, &rates, output))?;
        for (what, why) in &failed {
            output.note(&printable(&format!("not measured: {what}: {why}")));
        }
    }
    // Formats that only read and codecs that only decode are measured in part, which is no failure.
    Ok(u8::from(rates.is_empty()))
}

fn request(data: &DataArguments, time: Duration) -> Result<BenchRequest, CommandError> {
    let params = data.params.iter().map(|one| parameter(one)).collect::<Result<BTreeMap<String, Value>, _>>()?;
    let rows = usize::try_from(data.rows).unwrap_or(usize::MAX);
    let input = data.input.as_ref().map(std::path::absolute).transpose()?;
    Ok(BenchRequest { rows, time, only: data.only.clone(), params, input })
}

/// What a plugin provides that can be measured.
fn subjects(plugin: &InstalledPlugin) -> Vec<String> {
    let manifest = &plugin.manifest;
    let nodes = manifest.nodes.iter().map(|node| node.node_type.clone());
    let formats = manifest.formats.iter().map(|format| format!("format:{}", format.id));
    let codecs = manifest.codecs.iter().map(|codec| format!("codec:{}", codec.id));
    nodes.chain(formats).chain(codecs).collect()
}

fn check_only(plugin: &InstalledPlugin, only: Option<&str>) -> Result<(), CommandError> {
    let subjects = subjects(plugin);
    let missing = only.filter(|only| !subjects.iter().any(|subject| subject == only));
    let message = match (missing, subjects.is_empty()) {
        (Some(missing), _) => format!("plugin {} has no `{missing}`", plugin.name()),
        (None, true) => format!("plugin {} has no nodes, formats or codecs", plugin.name()),
        (None, false) => return Ok(()),
    };
    let help = format!("it has: {}", subjects.join(", "));
    Err(wrong(Problem::error("unknown-type", message).with_help(help)).into())
}

fn shown(plugin: &InstalledPlugin, rates: &[Rate], output: &Output) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let heads = ["", "", "rows/s", "MB/s", "time", "fuel", "memory", "against a node that does nothing"];
    table.set_header(heads.map(|head| output.bold(head)));
    for rate in rates {
        let seconds = rate.best.as_secs_f64().max(1e-9);
        let rows = rate.rows.map_or_else(String::new, |rows| grouped((rows as f64 / seconds) as u64));
        let megabytes = format!("{:.1}", rate.bytes as f64 / seconds / 1e6);
        let against = rate
            .nothing
            .map_or_else(String::new, |nothing| format!("{:.2} ms more", (seconds - nothing.as_secs_f64()) * 1000.0));
        table.add_row([
            printable(&rate.subject),
            rate.work.to_owned(),
            rows,
            megabytes,
            format!("{:.2} ms", seconds * 1000.0),
            grouped(rate.fuel),
            mebibytes(rate.peak_memory_bytes),
            against,
        ]);
    }
    let rounds = "time inside the plugin and the kernels that it calls, best of its rounds";
    format!(
        "{}\n{}\n{}\n",
        output.bold(&printable(&plugin.title())),
        table.trim_fmt(),
        output.paint(Paint::Dim, rounds)
    )
}

fn rate_json(rate: &Rate) -> Value {
    let seconds = rate.best.as_secs_f64();
    json!({
        "type": rate.subject,
        "work": rate.work,
        "rows": rate.rows,
        "bytes": rate.bytes,
        "best-seconds": seconds,
        "rows-per-second": rate.rows.map(|rows| rows as f64 / seconds.max(1e-9)),
        "bytes-per-second": rate.bytes as f64 / seconds.max(1e-9),
        "fuel": rate.fuel,
        "peak-memory-bytes": rate.peak_memory_bytes,
        "rounds": rate.rounds,
        "nothing-seconds": rate.nothing.map(|nothing| nothing.as_secs_f64()),
    })
}

pub(super) fn profile(
    global: &Global,
    runtime: Runtime,
    arguments: &ProfileArguments,
    output: &Output,
) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let (runtime, plugin) = named(global, runtime, &arguments.name)?;
    let bench = Bench { plugin: &plugin, cancel: cancel.clone() };
    let draws = output.draws_progress();
    let samples = arguments.samples;
    let mut told = |number: u32| {
        if draws && number.is_multiple_of(10) {
            eprint!("\r\u{1b}[Ksample {number} of {samples}");
        }
    };
    let failed = |why: String| CommandError::from(wrong_class(Problem::error("not-measured", why), Class::Failed));
    let profile = match &arguments.case {
        Some(wanted) => {
            let files = read(&files(&Path::new(&arguments.name).join("tests"))?)?;
            let mut cases = files.iter().flat_map(|file| file.file.cases.iter().map(move |case| (file, case)));
            let found = cases.find(|(file, case)| format!("{}: {}", file.shown, case.name).contains(wanted));
            let Some((file, case)) = found else {
                let message = format!("no case in {}/tests is called like `{wanted}`", arguments.name);
                return Err(wrong(Problem::error("no-cases", message)).into());
            };
            runtime.profile_case(&bench, case, &file.folder, samples, &mut told)
        }
        None => {
            let mut request = request(&arguments.data, Duration::ZERO)?;
            let all = subjects(&plugin);
            if request.only.is_none()
                && let [only] = all.as_slice()
            {
                request.only = Some(only.clone());
            }
            check_only(&plugin, request.only.as_deref())?;
            match &request.only {
                None => {
                    let message = format!("plugin {} provides several things: say which with --type", plugin.name());
                    let help = format!("it has: {}", all.join(", "));
                    return Err(wrong(Problem::error("unknown-type", message).with_help(help)).into());
                }
                Some(only) => match only.split_once(':') {
                    Some(("format", id)) => {
                        let subject = Subject::Format(id.to_owned());
                        runtime.profile_bytes(&bench, &request, &subject, samples, &mut told)
                    }
                    Some((_, id)) => {
                        let subject = Subject::Codec(id.to_owned());
                        runtime.profile_bytes(&bench, &request, &subject, samples, &mut told)
                    }
                    None => runtime.profile_node(&bench, &request, only, samples, &mut told),
                },
            }
        }
    };
    if draws {
        eprint!("\r\u{1b}[K");
    }
    let profile = profile.map_err(failed)?;
    if cancel.is_cancelled() {
        return Ok(signals::exit_code().unwrap_or(130));
    }
    let file: &PathBuf = &arguments.output;
    saved::write_whole(file, flame_graph(&profile).as_bytes()).map_err(failed)?;
    if output.json {
        output.json_result(&profile_json(&plugin, &profile, file))?;
    } else {
        output.result(&top(&plugin, &profile, file, output))?;
    }
    Ok(0)
}

/// The functions in which most of the fuel is burnt, without what they call.
fn own(profile: &Profile) -> Vec<(&str, u32)> {
    let mut own: BTreeMap<&str, u32> = BTreeMap::new();
    for sample in &profile.samples {
        *own.entry(sample.frames.last().map_or("", String::as_str)).or_default() += sample.count;
    }
    let mut own: Vec<(&str, u32)> = own.into_iter().collect();
    own.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    own
}

fn top(plugin: &InstalledPlugin, profile: &Profile, file: &Path, output: &Output) -> String {
    let title = printable(&format!("{}: {}", plugin.title(), profile.subject));
    let mut text = format!("{}\n", output.bold(&title));
    text.push_str(&format!("{} units of fuel, {} samples; burnt most by:\n", grouped(profile.fuel), profile.taken));
    for (name, count) in own(profile).into_iter().take(10) {
        let share = 100.0 * f64::from(count) / f64::from(profile.taken.max(1));
        text.push_str(&format!("  {share:5.1} %  {}\n", printable(name)));
    }
    text.push_str(&format!("wrote {}\n", printable(&file.display().to_string())));
    text
}

fn profile_json(plugin: &InstalledPlugin, profile: &Profile, file: &Path) -> Value {
    json!({
        "plugin": plugin.title(),
        "subject": profile.subject,
        "fuel": profile.fuel,
        "taken": profile.taken,
        "file": file.display().to_string(),
        "samples": profile.samples.iter().map(|sample| json!({ "frames": sample.frames, "count": sample.count })).collect::<Vec<_>>(),
    })
}

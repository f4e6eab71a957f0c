//! `[limits]` and `[plugin.NAME]`, which pipelines, manifests and configurations share.

use std::time::Duration;

use indexmap::IndexMap;
use semver::VersionReq;

use crate::document::{Data, Item};
use crate::names::check_name;
use crate::reader::{Report, Section, settle, wrong_type};
use crate::units::{Bytes, parse_bytes, parse_duration};
use crate::value::Table;

/// What a `[limits]` table sets; `None` leaves the limit as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// `memory`: memory of one instance, in bytes.
    pub memory: Option<Bytes>,
    /// `fuel-per-call`: units of fuel for one call into the plugin.
    pub fuel_per_call: Option<u64>,
    /// `fuel-per-instance`: units of fuel for all calls of an instance together.
    pub fuel_per_instance: Option<u64>,
    /// `call-timeout`: wall-clock time of one call, without the time it waits for input and output.
    pub call_timeout: Option<Duration>,
    /// `instance-timeout`: time of all calls of an instance together, likewise.
    pub instance_timeout: Option<Duration>,
    /// `hostcall-fuel`: bytes that one call of the plugin into the host may hand over.
    pub hostcall_fuel: Option<Bytes>,
    /// `handles`: open handles on columns, batches and the like.
    pub handles: Option<u32>,
    /// `resource-table`: open files, streams, polls and sockets of WASI.
    pub resource_table: Option<u32>,
    /// `open-files`: folders and files that are open at once.
    pub open_files: Option<u32>,
    /// `written-bytes`: bytes that an instance may write, to its sink and to granted files.
    pub written_bytes: Option<Bytes>,
    /// `emitted-bytes`: bytes of one answer.
    pub emitted_bytes: Option<Bytes>,
    /// `emitted-rows`: rows of one answer.
    pub emitted_rows: Option<u64>,
    /// `expansion`: so many times what it was given an instance may give.
    pub expansion: Option<u64>,
    /// `spill-bytes`: bytes that an instance may have on temporary storage.
    pub spill_bytes: Option<Bytes>,
    /// `run-spill-bytes`: bytes that all instances of a run together may have there.
    pub run_spill_bytes: Option<Bytes>,
    /// `log-lines`: log lines in a second.
    pub log_lines: Option<u32>,
    /// `log-bytes`: bytes of log lines in a second.
    pub log_bytes: Option<Bytes>,
    /// `recycle-calls`: batches after which a row-wise node is made anew.
    pub recycle_calls: Option<u64>,
    /// `recycle-age`: the age at which it is.
    pub recycle_age: Option<Duration>,
    /// `recycle-memory`: the memory with which it is, in bytes.
    pub recycle_memory: Option<Bytes>,
    /// `recycle-handles`: the handles left open between two calls with which it is.
    pub recycle_handles: Option<u32>,
}

impl LimitSettings {
    /// Reads the keys of a limits table; all limits are more than zero.
    pub(crate) fn read(mut section: Section, report: &mut Report<'_>) -> LimitSettings {
        let limits = LimitSettings {
            memory: bytes(&mut section, "memory", report),
            fuel_per_call: count(&mut section, "fuel-per-call", i64::MAX, report),
            fuel_per_instance: count(&mut section, "fuel-per-instance", i64::MAX, report),
            call_timeout: timeout(&mut section, "call-timeout", report),
            instance_timeout: timeout(&mut section, "instance-timeout", report),
            hostcall_fuel: bytes(&mut section, "hostcall-fuel", report),
            handles: small(&mut section, "handles", report),
            resource_table: small(&mut section, "resource-table", report),
            open_files: small(&mut section, "open-files", report),
            written_bytes: bytes(&mut section, "written-bytes", report),
            emitted_bytes: bytes(&mut section, "emitted-bytes", report),
            emitted_rows: count(&mut section, "emitted-rows", i64::MAX, report),
            expansion: count(&mut section, "expansion", i64::MAX, report),
            spill_bytes: bytes(&mut section, "spill-bytes", report),
            run_spill_bytes: bytes(&mut section, "run-spill-bytes", report),
            log_lines: small(&mut section, "log-lines", report),
            log_bytes: bytes(&mut section, "log-bytes", report),
            recycle_calls: count(&mut section, "recycle-calls", i64::MAX, report),
            recycle_age: timeout(&mut section, "recycle-age", report),
            recycle_memory: bytes(&mut section, "recycle-memory", report),
            recycle_handles: small(&mut section, "recycle-handles", report),
        };
        section.finish(report);
        limits
    }
}

/// A whole number of at least one.
fn count(section: &mut Section, key: &'static str, most: i64, report: &mut Report<'_>) -> Option<u64> {
    section.integer(key, 1, most, report).and_then(|number| u64::try_from(number).ok())
}

fn small(section: &mut Section, key: &'static str, report: &mut Report<'_>) -> Option<u32> {
    count(section, key, i64::from(u32::MAX), report).and_then(|number| u32::try_from(number).ok())
}

/// A size: `"64MiB"`, or a whole number of bytes.
pub(crate) fn bytes(section: &mut Section, key: &'static str, report: &mut Report<'_>) -> Option<Bytes> {
    let name = section.name(key);
    let item = section.take(key)?;
    let item = match settle(item.clone()) {
        settled @ Item { data: Data::Integer(_), .. } => settled,
        _ => item,
    };
    let read = match &item.data {
        Data::Text(text) => parse_bytes(&text.text),
        Data::Integer(number) => u64::try_from(*number).map(Bytes).map_err(|_| format!("{number} bytes are none")),
        other => {
            wrong_type(&name, "a size such as \"64MiB\"", item.spot, other, report);
            return None;
        }
    };
    let read = read.and_then(|bytes| if bytes.0 == 0 { Err("more than 0 is needed".into()) } else { Ok(bytes) });
    read.map_err(|why| report.error(item.spot, "invalid-value", format!("{name}: {why}"))).ok()
}

fn timeout(section: &mut Section, key: &'static str, report: &mut Report<'_>) -> Option<Duration> {
    let name = section.name(key);
    let item = section.take(key)?;
    let Data::Text(text) = &item.data else {
        wrong_type(&name, "a duration such as \"5s\"", item.spot, &item.data, report);
        return None;
    };
    let read = match parse_duration(&text.text) {
        Ok(duration) if duration.is_zero() => Err("more than 0 is needed".into()),
        other => other,
    };
    read.map_err(|why| report.error(item.spot, "invalid-value", format!("{name}: {why}"))).ok()
}

/// What `[plugin.NAME]` sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginSettings {
    /// `version`: the versions that will do.
    pub version: Option<VersionReq>,
    /// `config`: the plugin's own configuration.
    pub config: Table,
    /// `enabled`: whether the plugin's hooks take part. `None`: it says nothing.
    pub enabled: Option<bool>,
}

impl PluginSettings {
    /// Reads `[plugin]`, a table for each plugin.
    pub(crate) fn read_all(top: &mut Section, report: &mut Report<'_>) -> IndexMap<String, PluginSettings> {
        let mut plugins = IndexMap::new();
        for (name, entry) in top.section("plugin", report).map(Section::into_entries).unwrap_or_default() {
            if let Err(why) = check_name(&name) {
                report.error(entry.key, "invalid-name", why.to_string());
                continue;
            }
            let Some(mut section) = Section::of(format!("plugin `{name}`"), entry.item, report) else { continue };
            let settings = PluginSettings {
                version: version_requirement(&mut section, "version", report),
                config: section.table("config", report).unwrap_or_default(),
                enabled: section.boolean("enabled", report),
            };
            section.finish(report);
            plugins.insert(name, settings);
        }
        plugins
    }
}

/// A semver requirement such as `^1.2` or `>=0.1, <2`.
pub(crate) fn version_requirement(
    section: &mut Section,
    key: &'static str,
    report: &mut Report<'_>,
) -> Option<VersionReq> {
    let name = section.name(key);
    let parse = |text: &str| {
        VersionReq::parse(text).map_err(|why| format!("{name} must be a version requirement such as \"^1.2\": {why}"))
    };
    section.parsed(key, "invalid-version", parse, report)
}

//! Reads `[permissions]` and `[policy]`.

use std::str::FromStr;

use crate::document::{Data, Item, Spot};
use crate::limits::bytes;
use crate::names::{NameError, check_name};
use crate::problem::Problem;
use crate::reader::{Report, Section, choose, settle, wrong_type};

use super::targets::{self, HostPattern, PathPattern};
use super::{
    AddressClass, Asked, EnvRule, ExecRule, HttpRule, Method, Permissions, ReadRule, SecretRule, SocketRule,
    StorageAccess, StorageRule, WriteRule,
};

/// Whose permissions these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A plugin asks: each entry needs a reason, and the whole file system cannot be asked for.
    Asks,
    /// An operator allows.
    Allows,
}

const CODE: &str = "invalid-permission";

/// Folders that are asked for under no name.
const NEVER: [&str; 3] = ["/proc", "/sys", "/dev"];

impl Permissions {
    pub(crate) fn read(mut section: Section, side: Side, report: &mut Report<'_>) -> Permissions {
        let spot = section.spot;
        let mut permissions = Permissions::default();
        if let Some(mut files) = section.section("filesystem", report) {
            permissions.filesystem_read = rules(&mut files, "read", side, report, read_rule);
            permissions.filesystem_write = rules(&mut files, "write", side, report, write_rule);
            files.finish(report);
        }
        if let Some(mut network) = section.section("network", report) {
            permissions.network_http = rules(&mut network, "http", side, report, http_rule);
            permissions.network_socket = rules(&mut network, "socket", side, report, socket_rule);
            network.finish(report);
        }
        permissions.secrets = rules(&mut section, "secrets", side, report, secret_rule);
        permissions.env = env(&mut section, side, report);
        permissions.clock = asked(&mut section, "clock", report);
        permissions.random = asked(&mut section, "random", report);
        permissions.storage = rules(&mut section, "storage", side, report, storage_rule);
        permissions.exec = rules(&mut section, "exec", side, report, exec_rule);
        permissions.gpu = asked(&mut section, "gpu", report);
        if let Some(mut memory) = section.section("memory", report) {
            permissions.memory_unlimited = asked(&mut memory, "unlimited", report);
            memory.finish(report);
        }
        section.finish(report);
        if side == Side::Asks {
            overlaps(&permissions, spot, report);
        }
        permissions
    }
}

/// A file that can be read here and written there could be moved from the one place to the other.
fn overlaps(permissions: &Permissions, spot: Spot, report: &mut Report<'_>) {
    for read in &permissions.filesystem_read {
        for write in permissions.filesystem_write.iter().filter(|write| write.path.overlaps(&read.path)) {
            let (read, write) = (read.path.as_str(), write.path.as_str());
            let message = format!("filesystem.read {read} and filesystem.write {write} overlap");
            let help = "ask to write where both are needed, or keep the two in folders apart";
            report.add(spot, Problem::error(CODE, message).with_help(help));
        }
    }
    let paths = permissions.filesystem_write.iter().map(|rule| &rule.path);
    let paths: Vec<&PathPattern> = paths.chain(permissions.filesystem_read.iter().map(|rule| &rule.path)).collect();
    for (number, path) in paths.iter().enumerate() {
        if paths.iter().take(number).any(|other| other == path) {
            report.add(spot, Problem::error(CODE, format!("`{}` is asked for twice", path.as_str())));
        }
    }
}

/// What every entry goes through: `rule` takes its own keys, the reason and unknown keys are looked after here.
struct Entry<'s> {
    section: &'s mut Section,
    side: Side,
    reason: Option<String>,
}

fn rules<T>(
    section: &mut Section,
    key: &'static str,
    side: Side,
    report: &mut Report<'_>,
    rule: impl Fn(Entry<'_>, &mut Report<'_>) -> Option<T>,
) -> Vec<T> {
    let name = section.name(key);
    let items = section.list(key, report).unwrap_or_default().into_iter();
    items.filter_map(|item| one(&name, item, side, report, &rule)).collect()
}

fn one<T>(
    name: &str,
    item: Item,
    side: Side,
    report: &mut Report<'_>,
    rule: &impl Fn(Entry<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<T> {
    let mut section = Section::of(format!("an entry of {name}"), item, report)?;
    let reason = section.text("reason", report);
    if let (Side::Asks, true) = (side, reason.as_ref().is_none_or(|reason| reason.value.trim().is_empty())) {
        let message = format!("an entry of {name} has no `reason`");
        let problem = Problem::error("missing-key", message);
        report.add(section.spot, problem.with_help("say in a few words what it is for; whoever grants it reads it"));
    }
    let entry = Entry { section: &mut section, side, reason: reason.map(|reason| reason.value) };
    let read = rule(entry, report);
    section.finish(report);
    read
}

fn read_rule(Entry { section, side, reason }: Entry<'_>, report: &mut Report<'_>) -> Option<ReadRule> {
    Some(ReadRule { path: path(section, side, report)?, reason })
}

fn write_rule(Entry { section, side, reason }: Entry<'_>, report: &mut Report<'_>) -> Option<WriteRule> {
    let (path, quota) = (path(section, side, report), bytes(section, "quota", report));
    Some(WriteRule { path: path?, quota, reason })
}

fn http_rule(Entry { section, reason, .. }: Entry<'_>, report: &mut Report<'_>) -> Option<HttpRule> {
    let host = required(section, "host", HostPattern::from_str, report);
    let ports = ports(section, report);
    let methods = section.texts("methods", report).map(|words| {
        let name = section.name("methods");
        words.iter().filter_map(|word| choose(&name, word, METHODS, report)).collect()
    });
    let paths = each(section, "paths", targets::url_path, report).unwrap_or_default();
    let addresses = addresses(section, report);
    let methods = methods.unwrap_or_else(|| vec![Method::Get, Method::Head]);
    Some(HttpRule { host: host?, ports, methods, paths, addresses, reason })
}

fn socket_rule(Entry { section, reason, .. }: Entry<'_>, report: &mut Report<'_>) -> Option<SocketRule> {
    let host = required(section, "host", HostPattern::from_str, report);
    if !section.has("port") {
        section.missing("port", report);
    }
    let port = section.integer("port", 1, i64::from(u16::MAX), report).and_then(|port| u16::try_from(port).ok());
    let addresses = addresses(section, report);
    Some(SocketRule { host: host?, port: port?, addresses, reason })
}

fn secret_rule(Entry { section, reason, .. }: Entry<'_>, report: &mut Report<'_>) -> Option<SecretRule> {
    let name = required(section, "name", |text| check_name(text).map(|()| text.to_owned()), report);
    if !section.has("hosts") {
        section.missing("hosts", report);
    }
    let hosts = each(section, "hosts", HostPattern::from_str, report);
    if hosts.as_ref().is_some_and(Vec::is_empty) {
        report.error(section.spot, CODE, "`hosts` of a secret names nobody who may see it");
    }
    Some(SecretRule { name: name?, hosts: hosts?, reason })
}

fn storage_rule(Entry { section, reason, .. }: Entry<'_>, report: &mut Report<'_>) -> Option<StorageRule> {
    let url = required(section, "url", targets::storage_url, report);
    let access = section.choice("access", ACCESS, report).unwrap_or(StorageAccess::Read);
    Some(StorageRule { url: url?, access, reason })
}

fn exec_rule(Entry { section, reason, .. }: Entry<'_>, report: &mut Report<'_>) -> Option<ExecRule> {
    Some(ExecRule { command: required(section, "command", targets::command, report)?, reason })
}

/// `env = ["NAME", { name = "NAME", reason = "…" }]`.
fn env(section: &mut Section, side: Side, report: &mut Report<'_>) -> Vec<EnvRule> {
    let name = section.name("env");
    let items = section.list("env", report).unwrap_or_default();
    let rule = |Entry { section, reason, .. }: Entry<'_>, report: &mut Report<'_>| {
        Some(EnvRule { name: required(section, "name", targets::variable, report)?, reason })
    };
    let rules = items.into_iter().filter_map(|item| match &item.data {
        Data::Text(text) => match targets::variable(&text.text) {
            Ok(name) => Some(EnvRule { name, reason: None }),
            Err(why) => {
                report.error(item.spot, CODE, why.to_string());
                None
            }
        },
        _ => one(&name, item, side, report, &rule),
    });
    rules.collect()
}

/// `clock = true`, or `clock = { reason = "…" }`.
fn asked(section: &mut Section, key: &'static str, report: &mut Report<'_>) -> Option<Asked> {
    let name = section.name(key);
    let item = settle(section.take(key)?);
    match item.data {
        Data::Boolean(asked) => asked.then(Asked::default),
        Data::Table(entries) => {
            let mut section = Section::new(name, item.spot, entries);
            let reason = section.text("reason", report).map(|reason| reason.value);
            section.finish(report);
            Some(Asked { reason })
        }
        other => {
            wrong_type(&name, "true, false or { reason = \"…\" }", item.spot, &other, report);
            None
        }
    }
}

fn required<T>(
    section: &mut Section,
    key: &'static str,
    parse: impl FnOnce(&str) -> Result<T, NameError>,
    report: &mut Report<'_>,
) -> Option<T> {
    let text = section.required(key, report)?;
    parse(&text.value).map_err(|why| report.error(text.spot, CODE, why.to_string())).ok()
}

fn each<T>(
    section: &mut Section,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, NameError>,
    report: &mut Report<'_>,
) -> Option<Vec<T>> {
    let texts = section.texts(key, report)?;
    let parsed = texts
        .into_iter()
        .filter_map(|text| parse(&text.value).map_err(|why| report.error(text.spot, CODE, why.to_string())).ok());
    Some(parsed.collect())
}

fn path(section: &mut Section, side: Side, report: &mut Report<'_>) -> Option<PathPattern> {
    let whole = |text: &str| match PathPattern::from_str(text) {
        Ok(path) if side == Side::Asks && path.as_str() == "/" => {
            Err(NameError("`/` is too much: a plugin asks for the folders that it needs".into()))
        }
        Ok(path) if side == Side::Asks && NEVER.iter().any(|never| path.is_in(never)) => {
            Err(NameError(format!("`{text}` cannot be granted: it is a window on the whole machine")))
        }
        other => other,
    };
    required(section, "path", whole, report)
}

fn ports(section: &mut Section, report: &mut Report<'_>) -> Vec<u16> {
    let name = section.name("ports");
    if !section.has("ports") {
        return vec![443];
    }
    let mut ports = Vec::new();
    for item in section.list("ports", report).unwrap_or_default() {
        match item.data {
            Data::Integer(number) => match u16::try_from(number) {
                Ok(port) if port > 0 => ports.push(port),
                _ => report.error(item.spot, CODE, format!("{number} is not a port: they go from 1 to 65535")),
            },
            other => wrong_type(&format!("an entry of {name}"), "a whole number", item.spot, &other, report),
        }
    }
    ports
}

fn addresses(section: &mut Section, report: &mut Report<'_>) -> Vec<AddressClass> {
    let name = section.name("addresses");
    let Some(words) = section.texts("addresses", report) else { return vec![AddressClass::Public] };
    words.iter().filter_map(|word| choose(&name, word, ADDRESSES, report)).collect()
}

const METHODS: &[(&str, Method)] = &[
    ("GET", Method::Get),
    ("HEAD", Method::Head),
    ("POST", Method::Post),
    ("PUT", Method::Put),
    ("PATCH", Method::Patch),
    ("DELETE", Method::Delete),
    ("OPTIONS", Method::Options),
];

const ADDRESSES: &[(&str, AddressClass)] = &[
    ("public", AddressClass::Public),
    ("private", AddressClass::Private),
    ("loopback", AddressClass::Loopback),
    ("link-local", AddressClass::LinkLocal),
    ("metadata", AddressClass::Metadata),
];

const ACCESS: &[(&str, StorageAccess)] = &[("read", StorageAccess::Read), ("write", StorageAccess::Write)];

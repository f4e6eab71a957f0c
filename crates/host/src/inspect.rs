//! What a component says about itself, found without compiling it.

use jackfield_manifest::Permissions;

use crate::precheck::{Refusal, check};
use crate::{Layers, LoadError, Rights, Verdict};

/// The version of `jackfield:plugin` that this host offers.
pub const API_VERSION: &str = "0.1.0";

/// The package of the plugin interfaces.
const API: &str = "jackfield:plugin";

/// Interfaces that a plugin may import.
const OFFERED: [&str; 13] = [
    "types",
    "flow",
    "data",
    "compute",
    "sql",
    "exchange",
    "spill",
    "streams",
    "checksums",
    "log",
    "config",
    "hooking",
    "services",
];

/// Packages of WASI that every plugin may import: toolchains do so unasked, and without a grant they lead nowhere.
const LINKED: [&str; 5] = ["wasi:cli", "wasi:io", "wasi:clocks", "wasi:random", "wasi:filesystem"];

/// Packages that a permission would allow.
const PERMITTED: [(&str, &str); 5] = [
    ("wasi:sockets", "network.socket"),
    ("wasi:http", "network.http"),
    ("wasi:keyvalue", "storage"),
    ("wasi:blobstore", "storage"),
    ("wasi:nn", "gpu"),
];

/// Which plugin interfaces a component exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Node types.
    pub node: bool,
    /// File formats.
    pub format: bool,
    /// Compression codecs.
    pub codec: bool,
    /// Hooks.
    pub hook: bool,
    /// Services for other plugins.
    pub service: bool,
    /// It wants its configuration, and to be started and stopped.
    pub lifecycle: bool,
    /// It can be asked how it is.
    pub health: bool,
}

impl Exports {
    /// It offers something that a manifest can provide.
    #[must_use]
    pub fn any_kind(self) -> bool {
        self.node || self.format || self.codec || self.hook || self.service
    }
}

/// What a component says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Imported interfaces, with versions.
    pub imports: Vec<String>,
    /// Exported interfaces, with versions.
    pub exports: Vec<String>,
    /// Which of them are plugin interfaces.
    pub provides: Exports,
    /// The version of `jackfield:plugin` it was built for: the newest it names.
    pub api_version: Option<String>,
    /// The manifest in the custom section `jackfield:manifest`.
    pub manifest: Option<String>,
}

/// Names found in a component, not yet judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) manifest: Option<String>,
}

/// Checks a component and lists what it imports and exports, without compiling it.
///
/// # Errors
/// Everything that [`crate::Engine::load`] finds before it compiles, but for imports that a permission would allow.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    inspect_named(bytes, "the file")
}

/// The same, under the name that messages give it.
pub(crate) fn inspect_named(bytes: &[u8], name: &str) -> Result<Inspection, LoadError> {
    let found = check(bytes).map_err(|refusal| match refusal {
        Refusal::NotAComponent(reason) => LoadError::NotAComponent { name: name.to_owned(), reason },
        Refusal::Bound(reason) => LoadError::Precheck { name: name.to_owned(), reason },
    })?;
    judge(found, name)
}

/// What is to be said of names that were found in a component.
pub(crate) fn judge(found: Found, name: &str) -> Result<Inspection, LoadError> {
    let mut newest: Option<(u64, String)> = None;
    for interface in found.imports.iter().chain(&found.exports) {
        if let Some((patch, version)) = api_of(interface, name)?
            && newest.as_ref().is_none_or(|(known, _)| patch > *known)
        {
            newest = Some((patch, version));
        }
    }
    for import in &found.imports {
        check_import(import, name, None)?;
    }
    let exports = |wanted: &str| found.exports.iter().any(|export| interface_of(export) == Some(wanted));
    let provides = Exports {
        node: exports("node"),
        format: exports("format"),
        codec: exports("codec"),
        hook: exports("hook"),
        service: exports("service"),
        lifecycle: exports("lifecycle"),
        health: exports("health"),
    };
    Ok(Inspection {
        provides,
        api_version: newest.map(|(_, version)| version),
        imports: found.imports,
        exports: found.exports,
        manifest: found.manifest,
    })
}

/// The interface's name, where it is one of ours.
fn interface_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(API)?.strip_prefix('/')?;
    Some(rest.split('@').next().unwrap_or(rest))
}

/// The version an interface of ours has, and its last number. An error where this host does not offer that version.
fn api_of(interface: &str, name: &str) -> Result<Option<(u64, String)>, LoadError> {
    if interface_of(interface).is_none() {
        return Ok(None);
    }
    let version = interface.split_once('@').map_or("", |(_, version)| version);
    match (numbers(version), numbers(API_VERSION)) {
        (Some((track, patch)), Some((offered, newest))) if track == offered && patch <= newest => {
            Ok(Some((patch, version.to_owned())))
        }
        _ => Err(LoadError::Api {
            name: name.to_owned(),
            wanted: interface.to_owned(),
            offered: format!("{API}@{API_VERSION}"),
        }),
    }
}

/// Major and minor, within which interfaces are only ever added, and patch.
fn numbers(version: &str) -> Option<((u64, u64), u64)> {
    let mut parts = version.split('.').map(str::parse::<u64>);
    let (major, minor, patch) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    parts.next().is_none().then_some(((major, minor), patch))
}

/// The permission that an import needs: its key in `[permissions]`. `None`: it needs none, or none allows it.
#[must_use]
pub fn permission_of(import: &str) -> Option<&'static str> {
    let package = import.split(['/', '@']).next().unwrap_or(import);
    PERMITTED.iter().find(|(permitted, _)| *permitted == package).map(|(_, permission)| *permission)
}

/// As [`inspect`], and what it imports beyond what its manifest asks for is found as well. Nothing need be granted yet.
///
/// # Errors
/// As for [`inspect`]; an import whose permission `asked` does not ask for.
pub fn inspect_asked(bytes: &[u8], name: &str, asked: &Permissions) -> Result<Inspection, LoadError> {
    let inspection = inspect_named(bytes, name)?;
    let rights = Rights {
        http: Layers { asked: asked.network_http.clone(), ..Layers::default() },
        sockets: Layers { asked: asked.network_socket.clone(), ..Layers::default() },
        ..Rights::default()
    };
    for import in &inspection.imports {
        if let Err(error @ LoadError::Import { verdict: Verdict::NotAsked, .. }) =
            check_import(import, name, Some(&rights))
        {
            return Err(error);
        }
    }
    Ok(inspection)
}

/// Everything that a component imports is offered to all plugins, or to it.
///
/// # Errors
/// The first import that is not.
pub(crate) fn check_imports(imports: &[String], name: &str, rights: &Rights) -> Result<(), LoadError> {
    imports.iter().try_for_each(|import| check_import(import, name, Some(rights)))
}

/// Without rights to look at, what some permission allows passes.
fn check_import(import: &str, name: &str, rights: Option<&Rights>) -> Result<(), LoadError> {
    let package = import.split(['/', '@']).next().unwrap_or(import);
    let offered = match interface_of(import) {
        Some(interface) => OFFERED.contains(&interface),
        None => import.contains('/') && LINKED.contains(&package),
    };
    let permission = permission_of(import);
    let verdict = match (permission, rights) {
        _ if offered => Verdict::Allowed,
        (Some(_), None) => Verdict::Allowed,
        (Some(permission), Some(rights)) => rights.of_import(permission),
        (None, _) => Verdict::NotAsked,
    };
    if verdict == Verdict::Allowed {
        return Ok(());
    }
    Err(LoadError::Import { name: name.to_owned(), import: import.to_owned(), permission, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_by_track() {
        let of = |version: &str| api_of(&format!("jackfield:plugin/node@{version}"), "p");
        assert_eq!(of("0.1.0").unwrap().unwrap().1, "0.1.0");
        for newer in ["0.1.1", "0.2.0", "1.1.0", "", "0.1", "0.1.0-rc.1"] {
            assert!(matches!(of(newer), Err(LoadError::Api { .. })), "{newer}");
        }
        assert!(api_of("wasi:io/streams@0.2.6", "p").unwrap().is_none());
    }

    #[test]
    fn an_import_is_linked_or_named_with_its_permission() {
        let nothing = Rights::default();
        check_import("wasi:io/streams@0.2.6", "p", Some(&nothing)).unwrap();
        check_import("jackfield:plugin/sql@0.1.0", "p", Some(&nothing)).unwrap();
        for (import, wanted) in [
            ("wasi:sockets/tcp@0.2.6", Some("network.socket")),
            ("wasi:http/outgoing-handler@0.2.6", Some("network.http")),
            ("wasi:iot/pins@0.1.0", None),
            ("wasi:io", None),
            ("jackfield:plugin/secrets@0.1.0", None),
            ("print", None),
        ] {
            match check_import(import, "p", Some(&nothing)) {
                Err(LoadError::Import { permission, .. }) => assert_eq!(permission, wanted),
                other => panic!("{import}: {other:?}"),
            }
        }
    }
}

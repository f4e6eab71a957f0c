//! Hosts, paths and other things that rules are about, as types.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::names::NameError;

fn wrong<T>(why: String) -> Result<T, NameError> {
    Err(NameError(why))
}

/// An absolute path as the guest sees it, without `.`, `..`, empty parts and a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern(String);

impl PathPattern {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// It is this folder, or lies in it.
    pub fn is_in(&self, folder: &str) -> bool {
        let rest = self.0.strip_prefix(folder.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// One is the other, or lies in it.
    pub fn overlaps(&self, other: &PathPattern) -> bool {
        self.is_in(&other.0) || other.is_in(&self.0)
    }
}

impl FromStr for PathPattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some(below) = text.strip_prefix('/') else {
            return wrong(format!("`{text}` must be an absolute path as the plugin sees it, such as \"/geo\""));
        };
        let odd = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0']);
        let parts = below.strip_suffix('/').unwrap_or(below);
        if !parts.is_empty() && parts.split('/').any(odd) {
            return wrong(format!("`{text}` must be a path without `.`, `..`, `\\` and empty parts"));
        }
        Ok(PathPattern(format!("/{parts}")))
    }
}

/// Which hosts a rule is about. Names are lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// `*`: every host.
    Any,
    /// `*.example.com`: every host below it, itself not. Holds `example.com`.
    Below(String),
    /// `example.com`: this host only.
    Exact(String),
    /// `192.0.2.1`, `[2001:db8::1]`: this address only.
    Address(IpAddr),
}

impl HostPattern {
    /// A host is meant: a name in lower case without a dot at the end, or an address without brackets.
    ///
    /// ```
    /// use jackfield_manifest::HostPattern;
    ///
    /// let pattern: HostPattern = "*.example.com".parse().unwrap();
    /// assert!(pattern.matches("a.example.com") && pattern.matches("a.b.example.com"));
    /// assert!(!pattern.matches("example.com") && !pattern.matches("badexample.com"));
    /// let pattern: HostPattern = "[::1]".parse().unwrap();
    /// assert!(pattern.matches("::1") && pattern.matches("0:0::1"));
    /// ```
    pub fn matches(&self, host: &str) -> bool {
        match self {
            HostPattern::Any => true,
            HostPattern::Below(name) => {
                let rest = host.strip_suffix(name.as_str()).and_then(|rest| rest.strip_suffix('.'));
                rest.is_some_and(|rest| !rest.is_empty())
            }
            HostPattern::Exact(name) => host == name,
            HostPattern::Address(address) => host.parse::<IpAddr>().is_ok_and(|host| host == *address),
        }
    }
}

impl FromStr for HostPattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "*" {
            return Ok(HostPattern::Any);
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return match inner.parse::<Ipv6Addr>() {
                Ok(address) => Ok(HostPattern::Address(address.into())),
                Err(_) => wrong(format!("`{text}` is not an IPv6 address")),
            };
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return match address {
                IpAddr::V4(_) => Ok(HostPattern::Address(address)),
                IpAddr::V6(_) => wrong(format!("an IPv6 address stands in brackets: `[{text}]`")),
            };
        }
        match text.strip_prefix("*.") {
            Some(rest) => Ok(HostPattern::Below(host_name(rest, text)?)),
            None => Ok(HostPattern::Exact(host_name(text, text)?)),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Any => f.write_str("*"),
            HostPattern::Below(name) => write!(f, "*.{name}"),
            HostPattern::Exact(name) => f.write_str(name),
            HostPattern::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            HostPattern::Address(address) => write!(f, "{address}"),
        }
    }
}

/// A DNS name in lower case; `whole` is what messages show.
fn host_name(name: &str, whole: &str) -> Result<String, NameError> {
    if !name.is_ascii() {
        return wrong(format!("`{whole}` must be written in ASCII (xn--…)"));
    }
    if name.contains(':') || name.contains('/') {
        return wrong(format!("`{whole}` must be a host without scheme, port and path"));
    }
    if name.contains('*') {
        return wrong(format!("`{whole}`: `*` may only stand alone or as `*.` in front of a name"));
    }
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        inner && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    // A last label that begins with a digit is how some resolvers are made to read an address (`127.1`, `0x7f.1`).
    let number = name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    if name.len() > 253 || number || !name.split('.').all(label) {
        return wrong(format!("`{whole}` is not the name of a host"));
    }
    Ok(name.to_ascii_lowercase())
}

/// The name of a variable of the environment.
pub(super) fn variable(text: &str) -> Result<String, NameError> {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(text.into());
    }
    wrong(format!("`{text}` is not the name of an environment variable"))
}

/// The bare name of a command.
pub(super) fn command(text: &str) -> Result<String, NameError> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
    if !text.is_empty() && !text.starts_with(['.', '-']) && text.chars().all(good) {
        return Ok(text.into());
    }
    wrong(format!("`{text}` must be the name of a command, without a folder and without arguments"))
}

/// A prefix of URL paths.
pub(super) fn url_path(text: &str) -> Result<String, NameError> {
    let odd = |part: &str| part == "." || part == "..";
    if !text.starts_with('/') || text.contains(['?', '#', '\\', '%', ' ']) || text.split('/').any(odd) {
        return wrong(format!(
            "`{text}` must be the beginning of a path such as \"/v1/\", without `..`, `?`, `#` and `%`"
        ));
    }
    Ok(text.into())
}

/// A URL of an object store.
pub(super) fn storage_url(text: &str) -> Result<String, NameError> {
    let rest = ["s3://", "gs://", "az://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let good = |rest: &str| {
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let named = !bucket.is_empty() && bucket.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        named && !path.split('/').any(|part| part == ".." || part == ".") && !path.contains(['?', '#'])
    };
    if rest.is_some_and(good) {
        return Ok(text.into());
    }
    wrong(format!("`{text}` must be a URL such as \"s3://bucket/folder/\" (s3, gs, az)"))
}

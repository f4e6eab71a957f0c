//! The permission grammar: what a plugin asks for and an operator allows.
//!
//! Written in `[permissions]` of a manifest and in `[policy]` of a configuration, parsed once, here. What is absent is
//! denied; an entry that is not understood is a problem, never ignored. In a manifest every entry of a list needs a
//! `reason`, which is shown to the person who grants it; in a policy it may be left out.
//!
//! | key | form of an entry | further keys (default) |
//! |---|---|---|
//! | `filesystem.read` | `{ path = "/geo" }`: absolute, as the guest sees it, no `.` or `..`; in a manifest not `/` | |
//! | `filesystem.write` | `{ path = "/out" }`, likewise | `quota` = size (none) |
//! | `network.http` | `{ host = HOST }` | `ports` ([443]), `methods` (["GET", "HEAD"]), `paths` = prefixes (all), `addresses` (["public"]) |
//! | `network.socket` | `{ host = HOST, port = 5432 }` | `addresses` (["public"]) |
//! | `secrets` | `{ name = "token", hosts = [HOST, …] }` | |
//! | `env` | `"NAME"`, or `{ name = "NAME" }` | |
//! | `storage` | `{ url = "s3://bucket/folder/" }`: `s3`, `gs` or `az` | `access` = "read" or "write" ("read") |
//! | `exec` | `{ command = "git" }`: a bare name | |
//! | `clock`, `random`, `gpu`, `memory.unlimited` | `true`, `false`, or `{ }` | |
//!
//! | HOST | means |
//! |---|---|
//! | `example.com` | this host |
//! | `*.example.com` | every host below it, not itself; `*` stands nowhere else |
//! | `192.0.2.1`, `[2001:db8::1]` | this address; `addresses` must allow its kind as well |
//! | `*` | every host |
//!
//! `addresses` are kinds that a name may resolve to: `public`, `private`, `loopback`, `link-local`, `metadata`.

mod lines;
mod read;
mod targets;

pub use lines::Ask;
pub(crate) use read::Side;
pub use targets::{HostPattern, PathPattern};

use crate::units::Bytes;

/// A `[permissions]` table of a manifest, or the `[policy]` of a configuration. Empty means none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// `filesystem.read`.
    pub filesystem_read: Vec<ReadRule>,
    /// `filesystem.write`.
    pub filesystem_write: Vec<WriteRule>,
    /// `network.http`.
    pub network_http: Vec<HttpRule>,
    /// `network.socket`.
    pub network_socket: Vec<SocketRule>,
    /// `secrets`.
    pub secrets: Vec<SecretRule>,
    /// `env`.
    pub env: Vec<EnvRule>,
    /// `clock`: the real time.
    pub clock: Option<Asked>,
    /// `random`: real randomness.
    pub random: Option<Asked>,
    /// `storage`.
    pub storage: Vec<StorageRule>,
    /// `exec`.
    pub exec: Vec<ExecRule>,
    /// `gpu`.
    pub gpu: Option<Asked>,
    /// `memory.unlimited`.
    pub memory_unlimited: Option<Asked>,
}

/// A permission without further detail that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// One entry of `filesystem.read`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRule {
    /// The folder or file.
    pub path: PathPattern,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// One entry of `filesystem.write`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRule {
    /// The folder or file.
    pub path: PathPattern,
    /// The most that may be written, in bytes.
    pub quota: Option<Bytes>,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// Kinds of addresses that a name may resolve to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Addresses of the public internet.
    Public,
    /// Private networks.
    Private,
    /// The machine itself.
    Loopback,
    /// Link-local addresses without the metadata services of clouds.
    LinkLocal,
    /// The metadata services of clouds.
    Metadata,
}

/// HTTP methods that can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`.
    Options,
}

/// One entry of `network.http`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRule {
    /// The hosts.
    pub host: HostPattern,
    /// Default: 443.
    pub ports: Vec<u16>,
    /// Default: `GET` and `HEAD`.
    pub methods: Vec<Method>,
    /// Prefixes of the path; default: all.
    pub paths: Vec<String>,
    /// Default: `public`.
    pub addresses: Vec<AddressClass>,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// One entry of `network.socket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRule {
    /// The hosts.
    pub host: HostPattern,
    /// The TCP port.
    pub port: u16,
    /// Default: `public`.
    pub addresses: Vec<AddressClass>,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// One entry of `secrets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRule {
    /// The name of the secret.
    pub name: String,
    /// The hosts that may see it.
    pub hosts: Vec<HostPattern>,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// One entry of `env`: a variable that the plugin may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvRule {
    /// The variable.
    pub name: String,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// What an object-store rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageAccess {
    /// Reading only.
    Read,
    /// Reading and writing.
    Write,
}

/// One entry of `storage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageRule {
    /// A URL prefix such as `s3://bucket/folder/`.
    pub url: String,
    /// Default: read.
    pub access: StorageAccess,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

/// One entry of `exec`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecRule {
    /// The name of the command, without a folder.
    pub command: String,
    /// Shown to the person who grants it.
    pub reason: Option<String>,
}

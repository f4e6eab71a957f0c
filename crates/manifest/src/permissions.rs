//! The permission grammar: what a plugin asks for and an operator allows.
//!
//! Written in `[permissions]` of a manifest and in `[policy]` of a configuration, parsed once, here. What is absent is
//! denied; an entry that is not understood is a problem, never ignored. In a manifest every entry of a list needs a
//! `reason`, which is shown to the person who grants it; in a policy it may be left out.
//!
//! | key | form of an entry | further keys (default) |
//! |---|---|---|
//! | `filesystem.read` | `{ path = "/geo" }`, a folder or a file: absolute, no `.` or `..`. In a manifest the path that the plugin sees, not `/`, `/proc`, `/sys`, `/dev`; in a policy a place of the host below which folders may be granted | |
//! | `filesystem.write` | `{ path = "/out" }`, likewise; not in, and not around, a path of `filesystem.read` | `quota` = size (1 GiB) |
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
//!
//! `storage`, `exec`, `gpu` and `memory.unlimited` are understood and shown; this version grants none of them.
//!
//! # Accepted forms
//!
//! ```
//! let forms = [
//!     (r#"filesystem.read = [{ path = "/geo", reason = "r" }]"#, "filesystem.read /geo"),
//!     (r#"filesystem.read = [{ path = "/geo/", reason = "r" }]"#, "filesystem.read /geo"),
//!     (r#"filesystem.write = [{ path = "/out", reason = "r" }]"#, "filesystem.write /out"),
//!     (r#"filesystem.write = [{ path = "/out", quota = "1GiB", reason = "r" }]"#, "filesystem.write /out quota 1GiB"),
//!     (r#"network.http = [{ host = "Example.com", reason = "r" }]"#, "network.http example.com"),
//!     (r#"network.http = [{ host = "*.example.com", ports = [443, 8443], reason = "r" }]"#, "network.http *.example.com ports 443, 8443"),
//!     (r#"network.http = [{ host = "*", methods = ["POST"], paths = ["/v1/"], reason = "r" }]"#, "network.http * methods POST paths /v1/"),
//!     (r#"network.http = [{ host = "192.0.2.1", addresses = ["private"], reason = "r" }]"#, "network.http 192.0.2.1 addresses private"),
//!     (r#"network.socket = [{ host = "[2001:db8::1]", port = 5432, reason = "r" }]"#, "network.socket [2001:db8::1]:5432"),
//!     (r#"network.socket = [{ host = "db.internal", port = 5432, addresses = ["public", "private"], reason = "r" }]"#, "network.socket db.internal:5432 addresses public, private"),
//!     (r#"secrets = [{ name = "token", hosts = ["api.example.com"], reason = "r" }]"#, "secrets token for api.example.com"),
//!     (r#"env = ["HOME"]"#, "env HOME"),
//!     (r#"env = [{ name = "HOME", reason = "r" }]"#, "env HOME"),
//!     (r#"clock = true"#, "clock"),
//!     (r#"random = { reason = "r" }"#, "random"),
//!     (r#"storage = [{ url = "s3://bucket/a/", access = "write", reason = "r" }]"#, "storage s3://bucket/a/ write"),
//!     (r#"exec = [{ command = "git", reason = "r" }]"#, "exec git"),
//!     (r#"gpu = true"#, "gpu"),
//!     (r#"memory.unlimited = true"#, "memory.unlimited"),
//! ];
//! for (form, right) in forms {
//!     let text = format!("[plugin]\nname = \"p\"\nversion = \"1.0.0\"\ncomponent = \"p.wasm\"\n[permissions]\n{form}\n");
//!     let (manifest, problems) = jackfield_manifest::parse_manifest("plugin.toml", &text);
//!     assert_eq!(problems, [], "{form}");
//!     let asks = manifest.unwrap().permissions.asks();
//!     assert_eq!(asks.iter().map(|ask| ask.right.as_str()).collect::<Vec<_>>(), [right], "{form}");
//! }
//! ```
//!
//! # Refused forms
//!
//! ```
//! for form in [
//!     r#"filesystem.read = [{ path = "/geo" }]"#, // no reason
//!     r#"filesystem.read = ["/geo"]"#,
//!     r#"filesystem.read = [{ path = "geo", reason = "r" }]"#,
//!     r#"filesystem.read = [{ path = "/", reason = "r" }]"#,
//!     r#"filesystem.read = [{ path = "/proc/self", reason = "r" }]"#,
//!     r#"filesystem.write = [{ path = "/dev", reason = "r" }]"#,
//!     r#"filesystem.read = [{ path = "/a/../b", reason = "r" }]"#,
//!     r#"filesystem = { read = [{ path = "/a", reason = "r" }], write = [{ path = "/a/b", reason = "r" }] }"#,
//!     r#"network.http = [{ host = "https://example.com", reason = "r" }]"#,
//!     r#"network.http = [{ host = "a.*.example.com", reason = "r" }]"#,
//!     r#"network.http = [{ host = "127.1", reason = "r" }]"#,
//!     r#"network.http = [{ host = "example.com", ports = [0], reason = "r" }]"#,
//!     r#"network.http = [{ host = "example.com", methods = ["CONNECT"], reason = "r" }]"#,
//!     r#"network.http = [{ host = "example.com", paths = ["/a/../"], reason = "r" }]"#,
//!     r#"network.socket = [{ host = "example.com", reason = "r" }]"#,
//!     r#"secrets = [{ name = "token", reason = "r" }]"#,
//!     r#"secrets = [{ name = "token", hosts = [], reason = "r" }]"#,
//!     r#"env = ["A B"]"#,
//!     r#"clock = "yes""#,
//!     r#"exec = [{ command = "/bin/sh", reason = "r" }]"#,
//!     r#"storage = [{ url = "https://example.com", reason = "r" }]"#,
//!     r#"teleport = true"#,
//! ] {
//!     let text = format!("[plugin]\nname = \"p\"\nversion = \"1.0.0\"\ncomponent = \"p.wasm\"\n[permissions]\n{form}\n");
//!     let (_, problems) = jackfield_manifest::parse_manifest("plugin.toml", &text);
//!     assert!(!problems.is_empty(), "{form}");
//! }
//! ```

mod lines;
mod read;
mod targets;

pub use lines::{Ask, Entry};
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

impl AddressClass {
    /// The word for it in the grammar.
    pub fn name(self) -> &'static str {
        match self {
            AddressClass::Public => "public",
            AddressClass::Private => "private",
            AddressClass::Loopback => "loopback",
            AddressClass::LinkLocal => "link-local",
            AddressClass::Metadata => "metadata",
        }
    }
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

impl Method {
    /// The method as it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }
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

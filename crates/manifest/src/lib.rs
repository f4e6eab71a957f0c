//! What plugins and pipelines say: `plugin.toml`, `pipeline.toml`, `jackfield.toml`.
//!
//! Texts come in, typed values and located problems go out. The crate does no I/O, knows no WebAssembly and runs
//! nothing.
//!
//! * Every function that reads a file reports **all** problems of it at once, each with file, line, column and help,
//!   and returns what it could read beside them, so that a planner can go on looking for further ones.
//! * Key order is kept, because derived columns and sinks go by it.
//! * Nothing here panics, whatever the text.

mod cases;
mod config;
mod document;
mod limits;
mod manifest;
mod names;
mod permissions;
mod pipeline;
mod problem;
mod reader;
mod set;
mod suggest;
mod units;
mod value;
mod variables;

pub use cases::{
    Budget, Case, CaseBytes, CaseFile, Content, ExpectedError, ExpectedLog, ExpectedRejection, HOOK_ANSWERS, HookCase,
    Property, Spans, Subject, parse_cases, to_toml, toml_key,
};
pub use config::{Config, OfferKind, Prefer, Secret, parse_config};
pub use document::{Document, decode};
pub use limits::{LimitSettings, PluginSettings};
pub use manifest::{
    AdapterChoice, BuildDecl, CapabilityDecl, CodecDecl, Deprecation, FormatDecl, HookDecl, HookKind, HookPoint,
    Manifest, NodeDecl, OfferDecl, OnFailure, PortDecl, Requirement, Resources, RouteDecl, parse_embedded_manifest,
    parse_manifest,
};
pub use names::{NameError, PortRef, StageName, TypeRef};
pub use permissions::{
    AddressClass, Ask, Asked, Entry, EnvRule, ExecRule, HostPattern, HttpRule, Method, PathPattern, Permissions,
    ReadRule, SecretRule, SocketRule, StorageAccess, StorageRule, WriteRule,
};
pub use pipeline::{IfExists, Input, Node, OnError, Pipeline, SchemaDrift, Sink, Source, parse_pipeline};
pub use problem::{LINE_LIMIT, Location, Problem, Severity, printable, render, steers};
pub use set::SetOption;
pub use suggest::nearest;
pub use units::{Bytes, parse_bytes, parse_duration};
pub use value::{Table, Value, to_json};

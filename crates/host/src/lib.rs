//! The sandbox: compiles, links, limits and calls plugins.
//!
//! This is the only crate that names wasmtime. A caller makes one [`Engine`], loads each component once, and opens as
//! many instances as it needs: [`NodeInstance`], [`FormatReader`], [`FormatWriter`], [`Decoder`], [`Encoder`],
//! [`PluginInstance`]. An
//! instance has a store of its own, belongs to one task, and is gone after any fault.

mod account;
mod balance;
mod bindings;
mod cache;
mod clock;
mod compile;
mod component;
mod convert;
mod denials;
mod egress;
mod engine;
mod fault;
mod files;
mod guest;
mod held;
mod hooking;
mod imports;
mod inspect;
mod ledger;
mod limits;
mod load;
mod options;
mod plain;
mod precheck;
pub mod rights;
mod session;
mod sink;
mod sockets;
mod source;
mod spill;
mod state;
mod wasi;

pub use component::Component;
pub use engine::{Early, Engine, EngineOptions};
pub use fault::{CallError, Fault, FaultKind, Label, LimitHit};
pub use guest::codec::{Decoder, Encoder};
pub use guest::format::{FormatReader, FormatWriter, detect};
pub use guest::node::NodeInstance;
pub use guest::plugin::PluginInstance;
pub use hooking::{Health, HealthStatus, HookEvent, HookOutcome, LARGEST_FIELDS, MOST_NEXT, Pending, Rest, Services};
pub use inspect::{API_VERSION, Exports, Inspection, inspect, inspect_asked, permission_of};
pub use limits::{LimitEntry, LimitValue, Limits};
pub use load::{EngineError, LoadError};
pub use options::{CancelToken, FaultSink, LogLevel, LogLine, LogSink, StoreOptions, Usage, Without};
pub use plain::{
    BadRow, Binding, Candidate, Chunk, Demand, Emission, Need, Next, OutColumn, Output, OutputPort, Progress, Rejected,
    Step,
};
pub use rights::{Access, Denial, DenialSink, FileRight, Layers, Rights, SecretSource, Use, Verdict};
pub use sink::{ByteSink, PieceSender};
pub use source::{ByteSource, LARGEST_READ, Piece, PieceReceiver};
pub use spill::{PIECE_BYTES, SpillShare, SpillSpace, Spool};

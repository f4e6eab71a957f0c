//! Write Jackfield plugins in Rust.
//!
//! A plugin is a WebAssembly component that exports one or several kinds of thing: nodes ([`Node`]), file formats
//! ([`Format`]), codecs ([`Codec`]), hooks ([`Hook`]) and services ([`Service`]); any of them may have a [`Lifecycle`]
//! and say how it is ([`Health`]). Implement the trait, name the type in the macro of its kind, and build
//! for `wasm32-wasip2` as a `cdylib`:
//!
//! ```no_run
//! use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
//!
//! /// Keeps the rows whose `delay` is more than an hour.
//! struct Late;
//!
//! impl Node for Late {
//!     fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
//!         Ok(Late)
//!     }
//!     fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
//!         Ok(Binding::passing(&inputs[0]).needs("in", &["delay"]).row_wise())
//!     }
//!     fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
//!         Ok(Step::keep(batch.column("delay")?.gt(60)?))
//!     }
//! }
//!
//! jackfield_sdk::export_node!(Late);
//! ```
//!
//! Most nodes say only what becomes of columns. For them there is a shorter way, [`table`]: a function that says it once, with
//! operators. [`nodes!`] exports several node types, made either way, from one component:
//!
//! ```no_run
//! use jackfield_sdk::table::Table;
//!
//! fn late(rows: Table, _: &()) -> Table {
//!     let delay = rows.col("delay");
//!     rows.filter(delay.gt(60)).with_column("hours", delay.float() / 60.0)
//! }
//!
//! jackfield_sdk::nodes! { "late" => table(late) }
//! ```
//!
//! Batches and columns stay in the host: [`Batch`] and [`Column`] are handles, and their methods run as native Arrow
//! kernels over whole columns. For loops of its own a plugin reads columns as raw Arrow [`Buffers`] and makes new ones
//! with [`builders`].
//!
//! What does not touch a handle (builders, views, type text, parameters, failures) also runs natively and so in ordinary
//! unit tests; a call of the host outside WebAssembly panics.

pub mod batch;
#[doc(hidden)]
pub mod bindings;
pub mod builders;
pub mod checksums;
pub mod codec;
pub mod column;
pub mod failure;
pub mod format;
pub mod health;
pub mod hook;
pub mod lifecycle;
pub mod log;
pub mod node;
pub mod params;
pub mod schema;
pub mod service;
pub mod spill;
pub mod sql;
pub mod streams;
pub mod table;
pub mod type_text;
pub mod views;

pub use batch::Batch;
pub use bindings::host::jackfield::plugin::compute;
pub use bindings::host::jackfield::plugin::data::Column;
pub use bindings::host::jackfield::plugin::exchange;
pub use bindings::host::jackfield::plugin::flow::{BadRow, Outcome, Progress, Rejected};
pub use bindings::host::jackfield::plugin::streams::{Piece, Sink, Source};
pub use bindings::host::jackfield::plugin::types::{
    Buffers, DataType, Demand, DictionaryKey, Failure, FailureKind, Field, IntervalUnit, Predicate, Scalar, Schema,
    TimeUnit,
};
pub use codec::{Codec, Encode};
pub use format::{Candidate, Chunk, Format, Next, Reader, Writer};
pub use health::{Health, Report, Status};
pub use hook::{Chain, Event, Hook, Outcome as HookOutcome};
pub use lifecycle::Lifecycle;
pub use node::{Binding, InputPort, Node, OutputPort, Step};
pub use params::Params;
pub use service::{Service, call_service};
pub use streams::{SinkWriter, SourceReader};
pub use type_text::{parse_type, type_name};

/// The plugin's configuration, as the operator gave it and the manifest's schema completed it.
///
/// # Errors
/// `invalid-config` where it has not the shape of `T`.
pub fn config<T: serde::de::DeserializeOwned>() -> Result<T, Vec<Failure>> {
    Params::new(bindings::host::jackfield::plugin::config::get()).parse()
}

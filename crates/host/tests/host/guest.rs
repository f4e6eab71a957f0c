//! Makes components from a few lines of WebAssembly text, and runs them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_columns::Batch;
use jackfield_host::{CallError, Component, Engine, EngineOptions, Fault, Label, Limits, NodeInstance, StoreOptions};

#[path = "../../../../tests/wat.rs"]
mod wat;
pub(crate) use wat::{Node, component};

impl Node<'_> {
    /// Loads it into the tests' engine.
    pub(crate) fn load(&self) -> Component {
        engine().load(&self.bytes(), "guest").unwrap()
    }

    /// Opens it and binds it to one input of one column.
    pub(crate) async fn open(&self, options: StoreOptions) -> Result<NodeInstance, CallError> {
        let mut node = NodeInstance::open(&self.load(), options, "test", "{}").await?;
        node.bind(&[("in".to_owned(), schema())]).await?;
        Ok(node)
    }

    /// Processes a batch; gives the fault that must come of it.
    pub(crate) async fn fault(&self, options: StoreOptions) -> Fault {
        let mut node = match self.open(options).await {
            Ok(node) => node,
            Err(error) => return fault(error),
        };
        let error = node.process("in", batch()).await.unwrap_err();
        let fault = fault(error);
        let again = node.process("in", batch()).await.unwrap_err();
        assert!(again.to_string().contains("cannot be called again"), "{again}");
        fault
    }
}

pub(crate) fn fault(error: CallError) -> Fault {
    match error {
        CallError::Fault(fault) => *fault,
        other => panic!("expected a fault, found {other:?}"),
    }
}

/// One engine for all tests, as a process has.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineOptions::default()).unwrap())
}

pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]))
}

pub(crate) fn batch() -> Batch {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    Batch::of(schema(), 100, vec![column]).unwrap()
}

/// Options that name everybody, with limits that a test changes.
pub(crate) fn options(change: impl FnOnce(&mut Limits)) -> StoreOptions {
    let mut limits = Limits { call_timeout: Duration::from_secs(20), ..Limits::default() };
    change(&mut limits);
    let text = str::to_owned;
    let label = Label { pipeline: text("p"), stage: text("s"), plugin: text("evil"), version: text("1.2.3") };
    StoreOptions { limits, label, ..StoreOptions::default() }
}

//! Makes components from a few lines of WebAssembly text, and runs them.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_columns::Batch;
use jackfield_host::{CallError, Component, Engine, EngineOptions, Fault, Label, Limits, NodeInstance, StoreOptions};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A core module that implements the node interface. `{parts}` are fields of the module, and bodies of the functions:
/// what they do before they answer as a node that changes nothing.
#[derive(Default)]
pub(crate) struct Node {
    /// Imports, before everything else.
    pub(crate) imports: &'static str,
    /// Memories, tables, globals and functions.
    pub(crate) fields: &'static str,
    /// In the constructor.
    pub(crate) constructor: &'static str,
    /// In `bind`. The binding that comes back lies at address 8192, zeroed unless this fills it: no ports.
    pub(crate) bind: &'static str,
    /// In `process`. The step that comes back lies at address 4096, zeroed unless this fills it: nothing. `$input` is
    /// the batch's handle.
    pub(crate) process: &'static str,
}

impl Node {
    pub(crate) fn text(&self) -> String {
        let Self { imports, fields, constructor, bind, process } = self;
        format!(
            r#"(module
              (import "[export]jackfield:plugin/node@0.1.0" "[resource-new]instance" (func $new (param i32) (result i32)))
              (import "jackfield:plugin/data@0.1.0" "[resource-drop]batch" (func $drop (param i32)))
              {imports}
              (memory (export "memory") 2)
              (global $free (mut i32) (i32.const 65536))
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
                (global.set $free (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              {fields}
              (func (export "jackfield:plugin/node@0.1.0#[constructor]instance") (param i32 i32 i32 i32) (result i32)
                {constructor}
                (i32.store (i32.const 1028) (call $new (i32.const 1)))
                (i32.const 1024))
              (func (export "jackfield:plugin/node@0.1.0#[method]instance.bind") (param i32 i32 i32) (result i32)
                {bind}
                (i32.const 8192))
              (func $node_process (export "jackfield:plugin/node@0.1.0#[method]instance.process")
                (param $self i32) (param i32 i32) (param $input i32) (param i32 i32) (result i32)
                (local $i i32)
                {process}
                (call $drop (local.get $input))
                (i32.const 4096))
              (func (export "jackfield:plugin/node@0.1.0#[method]instance.resume") (param i32) (result i32)
                (i32.const 4096))
              (func (export "jackfield:plugin/node@0.1.0#[method]instance.finish") (param i32 i32 i32) (result i32)
                (i32.const 4096)))"#
        )
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        component(&self.text(), "node-plugin")
    }

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

/// A component of one of the worlds in `wit/`, from a core module's text.
pub(crate) fn component(text: &str, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
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

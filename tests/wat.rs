//! Components from a few lines of WebAssembly text: no toolchain stands between a test and the bytes it is about.
//!
//! The tests of the host, the hostile corpus and the fuzz targets all make theirs here.
#![allow(dead_code, unreachable_pub)] // Each of them uses its part.

use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A core module that implements the node interface. The parts are fields of the module, and bodies of the functions:
/// what they do before they answer as a node that changes nothing.
#[derive(Default)]
pub struct Node<'a> {
    /// Imports, before everything else.
    pub imports: &'a str,
    /// Memories, tables, globals and functions.
    pub fields: &'a str,
    /// In the constructor.
    pub constructor: &'a str,
    /// In `bind`. The binding that comes back lies at address 8192, zeroed unless this fills it: no ports.
    pub bind: &'a str,
    /// In `process`. The step that comes back lies at address 4096, zeroed unless this fills it: nothing. `$input` is
    /// the batch's handle.
    pub process: &'a str,
}

/// For [`Node::bind`]: a binding of the one output port `out`, whose columns are known with the first batch only.
pub const BINDS_OUT: &str = r#"
    (i32.store8 (i32.const 7100) (i32.const 111))
    (i32.store8 (i32.const 7101) (i32.const 117))
    (i32.store8 (i32.const 7102) (i32.const 116))
    (i32.store (i32.const 7000) (i32.const 7100))
    (i32.store (i32.const 7004) (i32.const 3))
    (i32.store (i32.const 8196) (i32.const 7000))
    (i32.store (i32.const 8200) (i32.const 1))"#;

impl Node<'_> {
    /// The module's text.
    pub fn text(&self) -> String {
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

    /// The component's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        component(&self.text(), "node-plugin")
    }
}

/// The folder of the interfaces, seen from any crate of this repository.
fn interfaces() -> PathBuf {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("wit"));
    above.find(|folder| folder.join("plugin.wit").is_file()).expect("wit/ lies above every crate")
}

/// A component of one of the worlds in `wit/`, from a core module's text.
pub fn component(text: &str, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(interfaces()).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// The component with so many instances more of a module that has no imports: each has memories, tables and a start
/// function of its own.
pub fn with_modules(component: &[u8], module: &[u8], times: u32) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let index = core_modules(component);
    let mut section = |id: u8, content: &[u8]| {
        bytes.push(id);
        bytes.extend(leb(u32::try_from(content.len()).unwrap()));
        bytes.extend_from_slice(content);
    };
    section(1, module);
    let mut instances = leb(times);
    for _ in 0..times {
        // Instantiate the module, with no arguments.
        instances.push(0);
        instances.extend(leb(index));
        instances.push(0);
    }
    section(2, &instances);
    bytes
}

/// How many core modules a component's own sections define.
fn core_modules(component: &[u8]) -> u32 {
    let (mut at, mut count) = (8, 0);
    while at < component.len() {
        count += u32::from(component[at] == 1);
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            at += 1;
            size |= usize::from(component[at] & 0x7f) << shift;
            shift += 7;
            if component[at] & 0x80 == 0 {
                break;
            }
        }
        at += 1 + size;
    }
    count
}

fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

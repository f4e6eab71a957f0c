//! Whole components against a host with all limits on: modules by wasm-smith run their start functions inside a plugin,
//! and components by wasm-smith are loaded.
#![no_main]

#[path = "../../../tests/wat.rs"]
mod wat_node;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use jackfield_host::{CallError, Engine, EngineOptions, FaultKind, Limits, NodeInstance, StoreOptions};
use tokio::runtime::Runtime;
use wasm_smith::{Component, Config, Module};

struct Host {
    engine: Engine,
    runtime: Runtime,
    plugin: Vec<u8>,
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host {
        engine: Engine::new(EngineOptions::default()).expect("the engine starts"),
        runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts"),
        plugin: wat_node::Node::default().bytes(),
    })
}

fn config() -> Config {
    Config {
        max_imports: 0,
        max_memories: 1,
        max_tables: 4,
        allow_start_export: true,
        gc_enabled: false,
        exceptions_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

fn module(bytes: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let module = Module::new(config(), bytes)?;
    let times = u32::from(u8::arbitrary(bytes).unwrap_or(1)) % 12;
    let Host { engine, runtime, plugin } = host();
    let component = wat_node::with_modules(plugin, &module.to_bytes(), times);
    let Ok(component) = engine.load(&component, "fuzz") else { return Ok(()) };
    let limits = Limits {
        memory_bytes: 16 << 20,
        fuel_per_call: 20_000_000,
        call_timeout: Duration::from_secs(2),
        ..Limits::default()
    };
    let options = StoreOptions { limits, ..StoreOptions::default() };
    let started = Instant::now();
    let opened = runtime.block_on(NodeInstance::open(&component, options, "test", "{}"));
    assert!(started.elapsed() < Duration::from_secs(20), "a limit did not hold: {:?}", started.elapsed());
    match opened {
        Ok(node) => assert!(node.usage().peak_memory_bytes <= 16 << 20),
        Err(CallError::Fault(fault)) => {
            assert_ne!(fault.kind, FaultKind::Host, "{fault}");
            let shown = fault.to_string();
            assert!(!shown.contains('\u{1b}'), "{shown:?}");
        }
        Err(CallError::Failures(_) | CallError::Cancelled) => {}
    }
    Ok(())
}

fn component(bytes: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let component = Component::new(Config::default(), bytes)?;
    let _ = host().engine.load(&component.to_bytes(), "fuzz");
    Ok(())
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    // Bytes that were not enough for what was begun make no input.
    let _ = match bool::arbitrary(&mut bytes) {
        Ok(true) => component(&mut bytes),
        _ => module(&mut bytes),
    };
});

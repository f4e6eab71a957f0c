//! Any text as a `plugin.toml`, as a manifest inside a component, and as a `jackfield.toml`; what is found is shown.
#![no_main]

use jackfield_manifest::{parse_config, parse_embedded_manifest, parse_manifest, render};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (manifest, problems) = parse_manifest("plugin.toml", text);
    problems.iter().for_each(|problem| drop(render(problem)));
    assert!(manifest.is_some() || !problems.is_empty(), "nothing was read and nothing was said");
    parse_embedded_manifest("plugin.wasm", text);
    let (config, problems) = parse_config("jackfield.toml", text);
    assert!(config.is_some() || !problems.is_empty(), "nothing was read and nothing was said");
});

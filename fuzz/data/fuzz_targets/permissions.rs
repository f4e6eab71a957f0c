//! Any text as the `[permissions]` of a manifest and as the `[policy]` of a configuration. What was read is shown as a
//! person would see it.
#![no_main]

use jackfield_manifest::{parse_config, parse_manifest};

const HEAD: &str =
    "[plugin]\nname = \"p\"\nversion = \"1.0.0\"\ndescription = \"d\"\ncomponent = \"p.wasm\"\n\n[permissions]\n";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (manifest, _) = parse_manifest("plugin.toml", &format!("{HEAD}{text}"));
    if let Some(manifest) = manifest {
        for ask in manifest.permissions.asks() {
            let shown = ask.to_string();
            assert!(!shown.is_empty() && !shown.contains('\u{1b}'), "{shown:?}");
        }
    }
    let _ = parse_config("jackfield.toml", &format!("[policy]\n{text}"));
    let host = format!("{HEAD}network.http = [{{ host = {text:?}, reason = \"r\" }}]\n");
    let _ = parse_manifest("plugin.toml", &host);
    let path = format!("{HEAD}filesystem.read = [{{ path = {text:?}, reason = \"r\" }}]\n");
    let _ = parse_manifest("plugin.toml", &path);
});

//! What `wit-bindgen` makes of the interfaces, in process.

use std::path::Path;

use jackfield_manifest::Problem;
use wit_bindgen_core::Files;

use crate::failure::BuildError;
use crate::world;

/// Generated files: path relative to where they go, and content.
pub type Generated = Vec<(String, Vec<u8>)>;

/// The prefix of C's names for the world's own types, and the name of its files: `bindings.h`, `bindings.c`.
const C_WORLD: &str = "bindings";

/// C bindings of the world in a folder of WIT. Its type is embedded later, so there is no object file.
///
/// # Errors
/// The interfaces cannot be read, or the generator does not know something in them.
pub fn c(wit: &Path) -> Result<Generated, BuildError> {
    let options = wit_bindgen_c::Opts {
        rename_world: Some(C_WORLD.to_owned()),
        autodrop_borrows: wit_bindgen_c::Enabled::Yes,
        no_object_file: true,
        ..wit_bindgen_c::Opts::default()
    };
    let mut generated = generate(wit, world::WORLD, &mut *options.build())?;
    // The type is embedded after linking, so nothing is left of the object file that this function would drag in.
    for (_, bytes) in generated.iter_mut().filter(|(name, _)| name.ends_with(".c")) {
        bytes.extend_from_slice(format!("\nvoid __component_type_object_force_link_{C_WORLD}(void) {{}}\n").as_bytes());
    }
    Ok(generated)
}

/// The module that the SDK for Go is.
const GO_MODULE: &str = "github.com/jackfield/jackfield/guest-sdk/go";

/// Go bindings of these kinds, as files of the SDK's folder. Each kind's exports are a package of their own, because Go
/// links whole packages, and a plugin exports only what its manifest provides.
///
/// # Errors
/// As for C.
pub fn go(wit: &Path, kinds: &[&str]) -> Result<Generated, BuildError> {
    let mut all = Generated::new();
    for kind in kinds {
        let options = wit_bindgen_go::Opts {
            format: wit_bindgen_go::Format::False,
            pkg_name: Some(format!("{GO_MODULE}/internal/bindings")),
            quiet: true,
            ..wit_bindgen_go::Opts::default()
        };
        for (name, bytes) in generate(wit, &world::world_of(kind), &mut *options.build())? {
            let name = format!("internal/bindings/{}", name.replace("wit_exports/", &format!("wit_exports_{kind}/")));
            if !all.iter().any(|(known, _)| *known == name) {
                all.push((name, go_file(&bytes)));
            }
        }
    }
    Ok(all)
}

/// Generated code is compiled for WebAssembly only, and finds the generator's own runtime in the SDK.
fn go_file(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace("go.bytecodealliance.org/pkg/wit/", &format!("{GO_MODULE}/internal/wit/"));
    format!("//go:build wasip1\n\n{text}").into_bytes()
}

fn generate(
    wit: &Path,
    world: &str,
    generator: &mut dyn wit_bindgen_core::WorldGenerator,
) -> Result<Generated, BuildError> {
    let (mut resolve, world) = world::resolve(wit, world)?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files).map_err(|error| {
        BuildError::machine(Problem::error("bindings-failed", format!("no bindings of {}: {error:#}", wit.display())))
    })?;
    Ok(files.iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;
    use crate::world::{OFFERED, WORLD, world_of, world_text};

    /// The interfaces with the worlds of these kinds.
    fn folder(kinds: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in embedded("wit") {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let place = |name: &str, exports: &[&str]| {
            let text = world_text(name, &OFFERED, exports);
            std::fs::write(folder.path().join(format!("{name}.wit")), text).unwrap();
        };
        place(WORLD, kinds);
        kinds.iter().for_each(|kind| place(&world_of(kind), &[*kind]));
        folder
    }

    const KINDS: [&str; 3] = ["node", "format", "codec"];

    #[test]
    fn c_has_functions_for_all_kinds() {
        let folder = folder(&KINDS);
        let files = c(folder.path()).unwrap();
        let header = files.iter().find(|(name, _)| name == "bindings.h").map(|(_, bytes)| bytes).unwrap();
        let header = String::from_utf8_lossy(header);
        for function in ["node_method_instance_process", "format_method_reader_next", "codec_method_decoder_read"] {
            assert!(header.contains(&format!("exports_jackfield_plugin_{function}(")), "{function}");
        }
    }

    /// The SDK for Go carries its bindings, so that editors and `go test` know them before the first build.
    #[test]
    fn the_bindings_in_the_sdk_for_go_are_those_of_the_interfaces() {
        let folder = folder(&KINDS);
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/go");
        for (name, bytes) in go(folder.path(), &KINDS).unwrap() {
            let path = sdk.join(&name);
            if std::env::var_os("JACKFIELD_BLESS").is_some() {
                crate::failure::write(&path, &bytes).unwrap();
            }
            let there = std::fs::read(&path).unwrap_or_default();
            assert!(there == bytes, "{name} is not what wit/ gives; JACKFIELD_BLESS=1 writes it anew");
        }
    }
}

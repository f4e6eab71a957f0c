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
    generate(wit, &mut *options.build())
}

/// Go bindings of the world in a folder of WIT, as packages below `package`.
///
/// # Errors
/// As for C.
pub fn go(wit: &Path, package: &str) -> Result<Generated, BuildError> {
    let options = wit_bindgen_go::Opts {
        format: wit_bindgen_go::Format::False,
        pkg_name: Some(package.to_owned()),
        quiet: true,
        ..wit_bindgen_go::Opts::default()
    };
    generate(wit, &mut *options.build())
}

fn generate(wit: &Path, generator: &mut dyn wit_bindgen_core::WorldGenerator) -> Result<Generated, BuildError> {
    let (mut resolve, world) = world::resolve(wit)?;
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
    use crate::world::world_text;

    /// The interfaces with a world of these exports.
    fn folder(exports: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in embedded("wit") {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let text = world_text(&crate::world::OFFERED, exports);
        std::fs::write(folder.path().join("jackfield-plugin.wit"), text).unwrap();
        folder
    }

    #[test]
    fn c_has_functions_for_all_kinds() {
        let folder = folder(&["node", "format", "codec"]);
        let files = c(folder.path()).unwrap();
        if let Some(out) = std::env::var_os("BINDINGS_OUT") {
            for (name, bytes) in &files {
                crate::failure::write(&Path::new(&out).join("c").join(name), bytes).unwrap();
            }
            for (name, bytes) in &go(folder.path(), "example.com/x").unwrap() {
                crate::failure::write(&Path::new(&out).join("go").join(name), bytes).unwrap();
            }
        }
        let header = files.iter().find(|(name, _)| name == "bindings.h").map(|(_, bytes)| bytes).unwrap();
        let header = String::from_utf8_lossy(header);
        for function in ["node_method_instance_process", "format_method_reader_next", "codec_method_decoder_read"] {
            assert!(header.contains(&format!("exports_jackfield_plugin_{function}(")), "{function}");
        }
    }
}

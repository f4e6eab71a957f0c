//! From what a compiler gave to the component that lies beside the manifest.

use jackfield_manifest::{AdapterChoice, Problem};
use sha2::{Digest, Sha256};
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};

use crate::adapter::{self, Forwarded};
use crate::build::Compiled;
use crate::failure::BuildError;
use crate::project::Project;
use crate::sections;
use crate::world;

/// The custom section with the SHA-256 (32 bytes) of the manifest that a component was built with.
pub const DIGEST_SECTION: &str = "jackfield:manifest-digest";
/// The custom section with the version of `jackfield:plugin` that a component was built for, as text.
pub const API_VERSION_SECTION: &str = "jackfield:api-version";

/// The version of the embedded interfaces.
const API_VERSION: &str = "0.1.0";

/// A component, and what its type says.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// Embeds the type, adapts, strips, marks and validates.
pub(crate) fn pack(
    project: &Project,
    compiled: Compiled,
    wit: &std::path::Path,
    release: bool,
) -> Result<Packed, BuildError> {
    let mut bytes = match compiled {
        Compiled::Component(bytes) => bytes,
        Compiled::Module(bytes) => encode(project, bytes, wit)?,
    };
    let dropped = |name: &str| {
        name.starts_with("jackfield:")
            || name == "producers"
            || name == "target_features"
            || (release && (name.starts_with(".debug") || name == "name" || name == "component-name"))
    };
    bytes = sections::without(&bytes, &dropped);
    sections::add_custom(&mut bytes, API_VERSION_SECTION, API_VERSION.as_bytes());
    sections::add_custom(&mut bytes, DIGEST_SECTION, &Sha256::digest(&project.manifest_bytes));
    let decoded = wit_component::decode(&bytes).map_err(|error| not_a_component(project, &format!("{error:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(not_a_component(project, "it is a package of interfaces"));
    };
    let Some(world) = resolve.worlds.get(world) else { return Err(not_a_component(project, "it has no world")) };
    let names = |items: &mut dyn Iterator<Item = &wit_parser::WorldKey>| -> Vec<String> {
        items.map(|key| resolve.name_world_key(key)).collect()
    };
    let imports = names(&mut world.imports.keys());
    let exports = names(&mut world.exports.keys());
    Ok(Packed { bytes, imports, exports })
}

/// A core module becomes a component: its type is embedded if the bindings have not done it, and preview 1 is ours.
fn encode(project: &Project, mut module: Vec<u8>, wit: &std::path::Path) -> Result<Vec<u8>, BuildError> {
    if sections::is_component(&module) {
        return Ok(module);
    }
    if !sections::has_type(&module) {
        let (resolve, world) = world::resolve(wit, world::WORLD)?;
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .map_err(|error| does_not_fit(project, &error))?;
    }
    let forwarded = Forwarded::of(&project.manifest);
    let uses_files = project.manifest.build.adapter == AdapterChoice::Wasi;
    if uses_files {
        let other = |name: &str| adapter::is_file_call(name).then_some(adapter::FILES);
        module = sections::rename_imports(&module, adapter::NAME, &other);
    }
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).map_err(|error| does_not_fit(project, &error))?;
    let ours = adapter::module(forwarded)?;
    encoder.adapter(adapter::NAME, &ours).map_err(|error| does_not_fit(project, &error))?;
    if uses_files {
        let theirs = WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
        encoder.adapter(adapter::FILES, theirs).map_err(|error| does_not_fit(project, &error))?;
    }
    encoder.encode().map_err(|error| does_not_fit(project, &error))
}

/// What the compiler made lacks an export, or imports what nobody offers.
fn does_not_fit(project: &Project, why: &dyn std::fmt::Display) -> BuildError {
    let why = format!("{why:#}");
    let provides = project.exports().join(", ");
    let message = format!("what the compiler made does not fit the manifest, which provides {provides}: {why}");
    let problem = Problem::error("component-mismatch", message);
    let lacks = why.contains("failed to find export") || why.contains("does not export");
    let help = if lacks {
        "write what the manifest says under [[provides.…]], or take it out of plugin.toml"
    } else {
        "import only what wit/ declares; a newer or older sdk/ than wit/ may be the cause"
    };
    BuildError::wrong(problem.with_help(help))
}

fn not_a_component(project: &Project, why: &str) -> BuildError {
    let message = format!("the build of {} gave no valid component: {why}", project.manifest.plugin);
    BuildError::wrong(Problem::error("component-broken", message))
}

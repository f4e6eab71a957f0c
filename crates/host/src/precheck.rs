//! What is refused before the compiler sees it.
//!
//! Compiling costs far more than reading: 849 bytes of components that instantiate each other ten times over, eight
//! levels deep, take the compiler a minute and gigabytes of memory. The bounds here are far above what any toolchain
//! emits and cost one pass over the bytes.

use wasmparser::{ComponentInstance, Encoding, Instance, Parser, Payload};

use crate::inspect::Found;
use crate::limits::bytes_text;

/// Bytes of a component.
const LARGEST_COMPONENT: usize = 64 << 20;
/// Bytes of one function's body: compiling takes more than linear time in it.
const LARGEST_FUNCTION: usize = 1 << 20;
/// Components and modules inside one another.
const DEEPEST_NESTING: usize = 16;
/// Instances, once every nested component has been instantiated.
const MOST_INSTANCES: u64 = 256;

/// Why a component is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The bytes are no component, and why.
    NotAComponent(String),
    /// A bound is broken, and which.
    Bound(String),
}

fn malformed(error: &wasmparser::BinaryReaderError) -> Refusal {
    Refusal::NotAComponent(format!("it is malformed: {} at byte {}", error.message(), error.offset()))
}

fn first_bytes(bytes: &[u8]) -> Result<(), Refusal> {
    let refuse = |reason: &str| Err(Refusal::NotAComponent(reason.to_owned()));
    if bytes.starts_with(b"\x7fELF") {
        return refuse("it is compiled code, which is never taken from outside");
    }
    if !bytes.starts_with(b"\0asm") {
        return refuse("it does not start like WebAssembly");
    }
    if Parser::is_core_wasm(bytes) {
        return refuse("it is a core module");
    }
    if !Parser::is_component(bytes) {
        return refuse("it is of a version that is not known");
    }
    if bytes.len() > LARGEST_COMPONENT {
        let (size, most) = (bytes_text(bytes.len() as u64), bytes_text(LARGEST_COMPONENT as u64));
        return Err(Refusal::Bound(format!("it has {size}, more than {most}")));
    }
    Ok(())
}

/// Reads the whole component once, checks the bounds, and gives what it imports and exports.
pub(crate) fn check(bytes: &[u8]) -> Result<Found, Refusal> {
    first_bytes(bytes)?;
    let mut found = Found::default();
    // Instances that come of instantiating each component that encloses the place, as far as it has been read.
    let mut open: Vec<u64> = Vec::new();
    // The largest of those that are complete. Whichever component is instantiated, it costs no more.
    let mut largest: u64 = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| malformed(&error))? {
            Payload::Version { encoding, .. } => {
                if open.len() >= DEEPEST_NESTING {
                    return Err(Refusal::Bound(format!("it nests deeper than {DEEPEST_NESTING} levels")));
                }
                open.push(u64::from(encoding == Encoding::Component));
            }
            Payload::End(_) => largest = largest.max(open.pop().unwrap_or_default()),
            Payload::CodeSectionEntry(body) => {
                let size = body.range().len();
                if size > LARGEST_FUNCTION {
                    let (size, most) = (bytes_text(size as u64), bytes_text(LARGEST_FUNCTION as u64));
                    return Err(Refusal::Bound(format!("it has a function of {size}, more than {most}")));
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { .. } = instance.map_err(|error| malformed(&error))? {
                        add(&mut open, 1)?;
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate { .. } = instance.map_err(|error| malformed(&error))? {
                        add(&mut open, largest.max(1))?;
                    }
                }
            }
            Payload::ComponentImportSection(section) if open.len() == 1 => {
                for import in section {
                    found.imports.push(import.map_err(|error| malformed(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if open.len() == 1 => {
                for export in section {
                    found.exports.push(export.map_err(|error| malformed(&error))?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if open.len() == 1 && section.name() == "jackfield:manifest" => {
                found.manifest = Some(String::from_utf8_lossy(section.data()).into_owned());
            }
            _ => {}
        }
    }
    Ok(found)
}

fn add(open: &mut [u64], instances: u64) -> Result<(), Refusal> {
    if let Some(here) = open.last_mut() {
        *here = here.saturating_add(instances);
        if *here > MOST_INSTANCES {
            return Err(Refusal::Bound(format!("it may come to more than {MOST_INSTANCES} instances")));
        }
    }
    Ok(())
}

//! The interfaces and the world of a project, as WIT on disk and resolved.

use std::path::{Path, PathBuf};

use wit_parser::{Resolve, WorldId};

use jackfield_manifest::Problem;

use crate::embedded;
use crate::failure::{BuildError, write_changed};
use crate::language::Language;
use crate::project::Project;

/// The world that every plugin is built for; its name shows in no component.
pub(crate) const WORLD: &str = "jackfield-plugin";

/// What the host offers. Compiled languages import of these only what they call.
pub(crate) const OFFERED: [&str; 9] =
    ["log", "config", "data", "compute", "sql", "exchange", "streams", "checksums", "services"];

/// Writes the interfaces and the world into `build/wit`, the same for every language, and gives the folder.
pub(crate) fn write_world(project: &Project) -> Result<PathBuf, BuildError> {
    let folder = project.work().join("wit");
    let own = project.folder.join("wit");
    if own.is_dir() {
        copy_own(&own, &folder)?;
    } else {
        for (name, bytes) in embedded("wit") {
            write_changed(&folder.join(name), bytes)?;
        }
    }
    let mut text = world_text(WORLD, &imports(project), &project.exports());
    // Bindings that an SDK keeps apart by kind are generated from worlds of one kind each.
    for kind in project.exports() {
        text.push_str(&one_world(&world_of(kind), &OFFERED, &[kind]));
    }
    write_changed(&folder.join("jackfield-plugin.wit"), text.as_bytes())?;
    Ok(folder)
}

/// The interfaces that the project carries, which may be older than the binary's.
fn copy_own(own: &Path, folder: &Path) -> Result<(), BuildError> {
    let unreadable = |error: std::io::Error| crate::failure::file_problem("read", own, &error);
    for entry in std::fs::read_dir(own).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "wit") {
            let bytes = std::fs::read(&path).map_err(unreadable)?;
            if let Some(name) = path.file_name() {
                write_changed(&folder.join(name), &bytes)?;
            }
        }
    }
    Ok(())
}

/// Languages whose components import every function of every interface get those that the kinds need; the others all.
pub(crate) fn imports(project: &Project) -> Vec<&'static str> {
    if !matches!(project.language, Language::Python | Language::TypeScript) {
        return OFFERED.to_vec();
    }
    let exports = project.exports();
    let any = |kinds: &[&str]| exports.iter().any(|kind| kinds.contains(kind));
    let needed = |name: &str| match name {
        "compute" | "exchange" | "data" => any(&["node", "format"]),
        "sql" => any(&["node", "format"]),
        "streams" => any(&["format", "codec"]),
        "checksums" => any(&["codec"]),
        "services" => any(&["hook", "service"]),
        _ => true,
    };
    OFFERED.into_iter().filter(|name| needed(name)).collect()
}

pub(crate) fn world_text(name: &str, imports: &[&str], exports: &[&str]) -> String {
    format!("package jackfield:plugin@0.1.0;\n{}", one_world(name, imports, exports))
}

/// The name of the world that exports one kind only.
pub(crate) fn world_of(kind: &str) -> String {
    format!("{WORLD}-{kind}")
}

fn one_world(name: &str, imports: &[&str], exports: &[&str]) -> String {
    let mut text = format!("\nworld {name} {{\n");
    imports.iter().for_each(|name| text.push_str(&format!("  import {name};\n")));
    exports.iter().for_each(|name| text.push_str(&format!("  export {name};\n")));
    text.push_str("}\n");
    text
}

/// Reads a folder of WIT and selects a world.
pub(crate) fn resolve(folder: &Path, world: &str) -> Result<(Resolve, WorldId), BuildError> {
    let wrong = |error: String| {
        let message = format!("the interfaces in {} cannot be read: {error}", folder.display());
        let help = "replace wit/ in the project by what `jackfield plugin new` makes";
        BuildError::wrong(Problem::error("interfaces-broken", message).with_help(help))
    };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(folder).map_err(|error| wrong(format!("{error:#}")))?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| wrong(format!("{error:#}")))?;
    Ok((resolve, world))
}

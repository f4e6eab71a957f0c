//! Rust: cargo makes a component by itself.

use std::path::PathBuf;
use std::process::Command;

use jackfield_manifest::Problem;

use super::{Compiled, Job};
use crate::failure::BuildError;

const TARGET: &str = "wasm32-wasip2";

/// Runs cargo in the project and reads the component that its library became.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    let cargo = job.tools.find("cargo")?;
    // Both are quick for a plugin, and only optimised code says something about speed; --release also drops names.
    let target = target_folder(job, &cargo)?;
    let mut build = Command::new(&cargo);
    build.args(["build", "--release", "--lib", "--target", TARGET]).args(&job.project.manifest.build.flags);
    if !job.release {
        build.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only").env("CARGO_PROFILE_RELEASE_STRIP", "none");
    }
    job.run(&mut build)?;
    let folder = target.join(TARGET).join("release");
    let names = [library_name(job), Some(job.project.manifest.plugin.clone())];
    let candidates = names.into_iter().flatten().map(|name| folder.join(format!("{}.wasm", name.replace('-', "_"))));
    let found: Option<PathBuf> = candidates.into_iter().find(|path| path.is_file());
    let Some(component) = found else {
        let message = format!("cargo made no component in {}", folder.display());
        let help = "Cargo.toml needs [lib] crate-type = [\"cdylib\"]";
        return Err(BuildError::wrong(Problem::error("component-missing", message).with_help(help)));
    };
    Ok(Compiled::Component(job.read(&component)?))
}

/// Where cargo puts what it builds, which the environment, a configuration or a workspace may decide.
fn target_folder(job: &Job<'_>, cargo: &std::path::Path) -> Result<PathBuf, BuildError> {
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&job.project.folder);
    let text = match crate::process::answer(&mut metadata) {
        Some(text) => text,
        None => {
            // Once more, so that cargo's own words reach the author.
            let mut again = Command::new(cargo);
            again.args(["metadata", "--no-deps", "--format-version", "1", "--quiet"]);
            job.run(&mut again)?;
            String::new()
        }
    };
    let after = text.split("\"target_directory\":\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(after.map_or_else(|| job.project.folder.join("target"), |path| PathBuf::from(path.replace("\\\\", "\\"))))
}

/// `lib.name`, else `package.name`, of Cargo.toml.
fn library_name(job: &Job<'_>) -> Option<String> {
    let text = std::fs::read_to_string(job.project.folder.join("Cargo.toml")).ok()?;
    let document: toml::Table = text.parse().ok()?;
    let name = |table: &str| Some(document.get(table)?.get("name")?.as_str()?.to_owned());
    name("lib").or_else(|| name("package"))
}

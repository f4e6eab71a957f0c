//! `plugin build`: from sources to the component beside the manifest.

mod c;
mod declared;
mod go;
mod python;
mod rust;
mod typescript;

use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_manifest::Problem;

use crate::embedded;
use crate::failure::{BuildError, file_problem, write_changed};
use crate::language::Language;
use crate::pack::pack;
use crate::process;
use crate::project::Project;
use crate::tools::Tools;
use crate::world::write_world;

/// What to build, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The project.
    pub project: &'a Project,
    /// The tools of this machine.
    pub tools: &'a Tools,
    /// Optimise, and leave out names and debug information.
    pub release: bool,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The component.
    pub component: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// The interfaces that it exports.
    pub exports: Vec<String>,
    /// Worth saying, but no reason to stop.
    pub warnings: Vec<Problem>,
}

/// What a recipe gets.
pub(crate) struct Job<'a> {
    pub(crate) project: &'a Project,
    pub(crate) tools: &'a Tools,
    pub(crate) release: bool,
    /// `build/wit`: the interfaces and the world.
    pub(crate) wit: &'a Path,
    /// `build`, which exists.
    pub(crate) work: &'a Path,
}

impl Job<'_> {
    /// Runs a compiler in the project's folder; what it says is passed on.
    pub(crate) fn run(&self, command: &mut Command) -> Result<(), BuildError> {
        command.current_dir(&self.project.folder).env("PATH", self.tools.path());
        process::compile(command)
    }

    /// What a tool prints about the project; what it says beside that goes to stderr.
    pub(crate) fn printed(&self, command: &mut Command) -> Result<String, BuildError> {
        command.current_dir(&self.project.folder).env("PATH", self.tools.path());
        process::printed(command)
    }

    /// The SDK: the project's own copy, else the one of this binary, laid out below `build`.
    pub(crate) fn sdk(&self) -> Result<PathBuf, BuildError> {
        let own = self.project.folder.join("sdk");
        if own.is_dir() {
            return Ok(own);
        }
        let folder = self.work.join("sdk");
        let ours = embedded(&format!("guest-sdk/{}", self.project.language.sdk())).collect::<Vec<_>>();
        for (path, bytes) in ours.into_iter().filter(|(path, _)| !path.starts_with("template/")) {
            write_changed(&folder.join(path), bytes)?;
        }
        Ok(folder)
    }

    /// What a compiler left in a file.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, BuildError> {
        std::fs::read(path).map_err(|error| file_problem("read", path, &error))
    }
}

/// What a recipe gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiled {
    /// A core module, with or without the type that bindings embed.
    Module(Vec<u8>),
    /// A component.
    Component(Vec<u8>),
}

/// Builds a project and writes the component that its manifest names.
///
/// # Errors
/// A tool is missing, the sources are wrong (their compiler has said how), or what it made does not fit the manifest.
pub fn build(request: &Request<'_>) -> Result<Built, BuildError> {
    let project = request.project;
    if project.exports().is_empty() {
        let problem = Problem::error("provides-nothing", format!("{} provides nothing", project.manifest.plugin));
        let help = "say in plugin.toml what it provides, such as [[provides.node]] type = \"…\"";
        return Err(BuildError::Configuration(vec![problem.with_help(help)]));
    }
    request.tools.check(project.language)?;
    let work = project.work();
    std::fs::create_dir_all(&work).map_err(|error| file_problem("create the folder", &work, &error))?;
    // A folder that lets us make others may still refuse the result: that is known before a compiler runs for a minute.
    let beside = project.component();
    let draft = beside.with_extension("wasm.draft");
    crate::failure::write(&draft, &[])?;
    let made = compile_and_pack(request, &work);
    let packed = match made {
        Ok(packed) => packed,
        Err(error) => {
            // What cannot be removed is only an empty file.
            let _ = std::fs::remove_file(&draft);
            return Err(error);
        }
    };
    std::fs::write(&draft, &packed.bytes).map_err(|error| file_problem("write", &draft, &error))?;
    std::fs::rename(&draft, &beside).map_err(|error| file_problem("write", &beside, &error))?;
    Ok(Built {
        component: beside,
        size: packed.bytes.len(),
        imports: packed.imports,
        exports: packed.exports,
        warnings: project.warnings.clone(),
    })
}

fn compile_and_pack(request: &Request<'_>, work: &Path) -> Result<crate::pack::Packed, BuildError> {
    let wit = write_world(request.project)?;
    let job = Job { project: request.project, tools: request.tools, release: request.release, wit: &wit, work };
    let compiled = match request.project.language {
        Language::Rust => rust::compile(&job),
        Language::C | Language::Cpp | Language::Zig => c::compile(&job),
        Language::Go => go::compile(&job),
        Language::Python => python::compile(&job),
        Language::TypeScript => typescript::compile(&job),
    }?;
    pack(request.project, compiled, &wit, request.release)
}

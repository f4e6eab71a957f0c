//! C, C++ and Zig: Zig's clang, with the C library that comes with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Compiled, Job};
use crate::bindings;
use crate::embedded;
use crate::failure::{BuildError, write_changed};
use crate::language::Language;

/// Bytes of the stack. Zig's own choice of 16 MiB would count against the plugin's memory.
const STACK: &str = "-Wl,-z,stack-size=1048576";

/// What Zig imports the header as.
const HEADER_MODULE: &str = "jackfield";

/// Generates bindings, compiles the author's files with the SDK, and gives the core module.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    let generated = job.work.join("bindings");
    for (name, bytes) in bindings::c(job.wit)? {
        write_changed(&generated.join(name), &bytes)?;
    }
    let language = job.project.language;
    let usual: &[&str] = match language {
        Language::Cpp => &["*.cpp", "*.cc", "*.cxx", "*.c", "src/*.cpp", "src/*.cc", "src/*.cxx", "src/*.c"],
        Language::Zig => &["plugin.zig", "src/plugin.zig"],
        _ => &["*.c", "src/*.c"],
    };
    let sources = job.project.sources(usual)?;
    let sdk = sdk(job)?;
    let zig = job.tools.find("zig")?;
    let mut objects = Vec::new();
    if language == Language::Zig {
        let object = job.work.join("plugin.o");
        let header = header_for_zig(job, &zig, &sdk)?;
        let mut command = zig_command(job, &zig, "build-obj");
        command.args([
            "-target",
            "wasm32-wasi",
            "-lc",
            "-fno-strip",
            if job.release { "-OReleaseFast" } else { "-ODebug" },
        ]);
        command.arg(format!("-femit-bin={}", object.display())).args(&job.project.manifest.build.flags);
        command.args(["--dep", HEADER_MODULE]);
        command.args(sources.iter().take(1).map(|root| format!("-Mroot={}", root.display())));
        command.args(["-target", "wasm32-wasi"]).arg(format!("-M{HEADER_MODULE}={}", header.display()));
        job.run(&mut command)?;
        objects.push(object);
    }
    let c_plus_plus = language == Language::Cpp;
    // The SDK and the bindings are C, also beside C++.
    for source in [sdk.join("jackfield.c"), generated.join("bindings.c")] {
        objects.push(object(job, &zig, &source, &[include(&sdk), include(&generated)], false)?);
    }
    if language != Language::Zig {
        for source in &sources {
            let is_c = source.extension().is_some_and(|ending| ending == "c");
            objects.push(object(job, &zig, source, &[include(&sdk)], c_plus_plus && !is_c)?);
        }
    }
    let core = job.work.join("core.wasm");
    let mut link = zig_command(job, &zig, if c_plus_plus { "c++" } else { "cc" });
    link.args(["-target", "wasm32-wasi", "-mexec-model=reactor", STACK, "-Wl,--gc-sections"]);
    link.arg(if job.release { "-O2" } else { "-g" });
    link.args(&objects).arg("-o").arg(&core);
    job.run(&mut link)?;
    Ok(Compiled::Module(job.read(&core)?))
}

/// C's header as a module of Zig's, which cannot include it. Made anew only if the header is newer: the first time, Zig
/// compiles its translator.
fn header_for_zig(job: &Job<'_>, zig: &Path, sdk: &Path) -> Result<PathBuf, BuildError> {
    let header = sdk.join("jackfield.h");
    let module = job.work.join("jackfield.zig");
    let made = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if made(&module).is_some_and(|then| made(&header).is_some_and(|header| header < then)) {
        return Ok(module);
    }
    let mut command = zig_command(job, zig, "translate-c");
    command.args(["-target", "wasm32-wasi", "-lc"]).arg(include(sdk)).arg(header);
    let text = job.printed(&mut command)?;
    write_changed(&module, text.as_bytes())?;
    Ok(module)
}

/// One object file, in `build/objects`; made anew only if its source or a header changed.
fn object(
    job: &Job<'_>,
    zig: &Path,
    source: &Path,
    includes: &[String],
    c_plus_plus: bool,
) -> Result<PathBuf, BuildError> {
    let relative = source.strip_prefix(&job.project.folder).unwrap_or(source);
    let name: String =
        relative.to_string_lossy().chars().map(|c| if c == '/' || c == '\\' { '-' } else { c }).collect();
    let folder = job.work.join(if job.release { "objects-release" } else { "objects" });
    std::fs::create_dir_all(&folder)
        .map_err(|error| crate::failure::file_problem("create the folder", &folder, &error))?;
    let object = folder.join(format!("{name}.o"));
    let mut command = zig_command(job, zig, if c_plus_plus { "c++" } else { "cc" });
    command.args(["-target", "wasm32-wasi", "-c", "-Wall", "-fno-sanitize=undefined"]);
    command.args(if job.release { ["-O2", "-DNDEBUG"].as_slice() } else { ["-O1", "-g", "-UNDEBUG"].as_slice() });
    if c_plus_plus {
        command.args(["-fno-exceptions", "-fno-rtti", "-std=c++20"]);
    }
    command.args(job.project.exports().iter().map(|kind| format!("-DJACKFIELD_{}", kind.to_uppercase())));
    command.args(includes).args(&job.project.manifest.build.flags);
    command.arg(source).arg("-o").arg(&object);
    job.run(&mut command)?;
    Ok(object)
}

fn zig_command(job: &Job<'_>, zig: &Path, word: &str) -> Command {
    let mut command = Command::new(zig);
    // The local cache would otherwise lie among the author's files.
    command.arg(word).env("ZIG_LOCAL_CACHE_DIR", job.work.join("zig-cache"));
    command
}

fn include(folder: &Path) -> String {
    format!("-I{}", folder.display())
}

/// The project's own SDK, or the binary's, laid out in `build/sdk`.
fn sdk(job: &Job<'_>) -> Result<PathBuf, BuildError> {
    let own = job.project.folder.join("sdk");
    if own.join("jackfield.c").is_file() {
        return Ok(own);
    }
    let folder = job.work.join("sdk");
    for (name, bytes) in embedded("guest-sdk/c").filter(|(name, _)| !name.starts_with("template/")) {
        write_changed(&folder.join(name), bytes)?;
    }
    Ok(folder)
}

//! TypeScript and JavaScript: esbuild makes one module, componentize-js puts it into an engine.

use std::process::Command;

use super::{Compiled, Job};
use crate::failure::{BuildError, write_changed};
use crate::world::WORLD;

/// Bundles the entry file that `[build] sources` names, else `src/plugin.ts`, and componentizes it.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    let node = job.tools.find("node")?;
    let esbuild = job.tools.node_module("esbuild")?;
    let engine = job.tools.node_module("componentize-js")?;
    let entry = job.project.manifest.build.sources.first().map_or("src/plugin.ts", String::as_str);
    let bundle = job.work.join("plugin.js");
    let mut command = Command::new(&node);
    command.arg(esbuild.join("bin/esbuild")).args([entry, "--bundle", "--format=esm", "--target=es2022"]);
    command.args(["--external:jackfield:*", "--log-level=warning"]).arg(format!("--outfile={}", bundle.display()));
    command.args(&job.project.manifest.build.flags);
    job.run(&mut command)?;
    let component = job.work.join("typescript.wasm");
    let script = job.work.join("componentize.mjs");
    write_changed(&script, SCRIPT.as_bytes())?;
    let mut command = Command::new(&node);
    command.arg(&script).arg(engine).arg(&bundle).arg(job.wit).arg(WORLD).arg(&component);
    job.run(&mut command)?;
    Ok(Compiled::Component(job.read(&component)?))
}

const SCRIPT: &str = r"import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
const [engine, sourcePath, witPath, worldName, out] = process.argv.slice(2);
const entry = createRequire(`${engine}/package.json`).resolve('@bytecodealliance/componentize-js');
const { componentize } = await import(pathToFileURL(entry));
const disableFeatures = ['stdio', 'random', 'clocks', 'http', 'fetch-event'];
const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
await writeFile(out, component);
";

//! TypeScript and JavaScript: esbuild makes one module, componentize-js puts it into an engine.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::{Compiled, Job, declared};
use crate::failure::{BuildError, write_changed};
use crate::world::{WORLD, imports};

/// Bundles the entry file that `[build] sources` names, else `src/plugin.ts`, and componentizes it.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    let usual = ["src/plugin.ts", "src/plugin.js"];
    let source = job.project.sources(&usual)?.into_iter().next().unwrap_or_default();
    let sdk = job.sdk()?;
    compare(job, &sdk, &source)?;

    let bundle = job.work.join("plugin.js");
    let entry = job.work.join("entry.js");
    write_changed(&entry, entry_text(&imports(job.project), &job.project.exports(), &source).as_bytes())?;
    bundled(
        job,
        &sdk,
        &entry,
        &bundle,
        &["--target=es2022", "--external:jackfield:*", "--sourcemap=external", "--sources-content=false"],
    )?;
    let component = job.work.join("typescript.wasm");
    let script = job.work.join("componentize.mjs");
    write_changed(&script, SCRIPT.as_bytes())?;
    let mut command = Command::new(job.tools.find("node")?);
    command.arg(&script).arg(job.tools.node_module("componentize-js")?).arg(&bundle).arg(job.wit).arg(WORLD);
    command.arg(&component).arg(left_out(job));
    job.run(&mut command)?;
    Ok(Compiled::Component(job.read(&component)?))
}

/// What the component is made of: the SDK learns which interfaces there are, and the plugin declares what it has.
fn entry_text(imports: &[&str], exports: &[&str], source: &Path) -> String {
    let mut text = String::new();
    for name in imports {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "import * as {name} from \"jackfield:plugin/{name}@0.1.0\";");
    }
    let _ = writeln!(text, "import {{ start, {} }} from \"@jackfield/sdk/component\";", exports.join(", "));
    let _ = writeln!(text, "import {};", quoted(source));
    let _ = writeln!(text, "start({{ {} }});", imports.join(", "));
    let _ = writeln!(text, "export {{ {} }};", exports.join(", "));
    text
}

/// Asks the plugin, natively, what it declares.
fn compare(job: &Job<'_>, sdk: &Path, source: &Path) -> Result<(), BuildError> {
    let (entry, bundle) = (job.work.join("declared.js"), job.work.join("declared.mjs"));
    let source = quoted(source);
    let text = format!(
        "import {{ declared }} from \"@jackfield/sdk/component\";\nimport {source};\nconsole.log(JSON.stringify(declared()));\n"
    );
    write_changed(&entry, text.as_bytes())?;
    bundled(job, sdk, &entry, &bundle, &["--platform=node", "--sourcemap=inline"])?;
    let mut command = Command::new(job.tools.find("node")?);
    // What the module throws as it is loaded is told with the author's own line.
    command.arg("--enable-source-maps").arg(&bundle);
    declared::compare(job.project, &job.printed(&mut command)?, "make plugin.toml and the code say the same")
}

fn bundled(job: &Job<'_>, sdk: &Path, entry: &Path, bundle: &Path, more: &[&str]) -> Result<(), BuildError> {
    // Beside the packages lies a script or a program of that name, whichever fits the machine.
    let mut command = Command::new(job.tools.node_module("esbuild")?.with_file_name(".bin").join("esbuild"));
    command.arg(entry);
    command.args(["--bundle", "--format=esm", "--log-level=warning"]).args(more);
    for (name, file) in [("", "index"), ("/component", "component"), ("/testing", "testing")] {
        command.arg(format!("--alias:@jackfield/sdk{name}={}", sdk.join(format!("src/{file}.ts")).display()));
    }
    command.args(&job.project.manifest.build.flags).arg(format!("--outfile={}", bundle.display()));
    job.run(&mut command)
}

/// The abilities of the engine that the manifest asks nothing for.
fn left_out(job: &Job<'_>) -> String {
    let permissions = &job.project.manifest.permissions;
    let mut names = vec!["stdio", "http", "fetch-event"];
    if permissions.clock.is_none() {
        names.push("clocks");
    }
    if permissions.random.is_none() {
        names.push("random");
    }
    names.join(",")
}

/// A path as a string of JavaScript.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "/").replace('"', "\\\"");
    format!("\"{text}\"")
}

const SCRIPT: &str = r"import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
const [engine, sourcePath, witPath, worldName, out, leftOut] = process.argv.slice(2);
const { exports } = JSON.parse(await readFile(`${engine}/package.json`, 'utf8'));
const { componentize } = await import(pathToFileURL(`${engine}/${exports.import}`));
// The component carries the map, so that what the plugin throws is told with its own line.
const { sources, mappings } = JSON.parse(await readFile(`${sourcePath}.map`, 'utf8'));
const bundle = await readFile(sourcePath, 'utf8');
await writeFile(sourcePath, `${bundle}\nglobalThis.jackfieldSources = ${JSON.stringify({ sources, mappings })};\n`);
const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures: leftOut.split(',') });
await writeFile(out, component);
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_imports_what_the_world_has() {
        let text = entry_text(&["log", "streams"], &["codec"], Path::new("/a \"b\"/plugin.ts"));
        let expected = "import * as log from \"jackfield:plugin/log@0.1.0\";\n\
                        import * as streams from \"jackfield:plugin/streams@0.1.0\";\n\
                        import { start, codec } from \"@jackfield/sdk/component\";\n\
                        import \"/a \\\"b\\\"/plugin.ts\";\n\
                        start({ log, streams });\n\
                        export { codec };\n";
        assert_eq!(text, expected);
    }
}

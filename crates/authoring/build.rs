//! Embeds the SDKs, their templates and the interfaces, so that the binary alone can make a project and build it.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What lies in an SDK's folder and is not part of it.
const LEFT_OUT: [&str; 10] = [
    "target",
    "build",
    "node_modules",
    "__pycache__",
    "examples",
    "tests",
    "Cargo.lock",
    ".pytest_cache",
    ".mypy_cache",
    "proptest-regressions",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo did not set CARGO_MANIFEST_DIR")?);
    let root = root.join("../..").canonicalize()?;
    let mut files = Vec::new();
    for folder in ["guest-sdk", "wit"] {
        walk(&root, Path::new(folder), &mut files)?;
    }
    files.sort();
    let mut code = String::from(
        "/// Path from the root of the tree, with `/`, and content.\npub(crate) const FILES: &[(&str, &[u8])] = &[\n",
    );
    for file in files {
        let name = file.to_str().ok_or("a file of the SDK has a name that is not UTF-8")?.replace('\\', "/");
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", root.join(&file))?;
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?);
    fs::write(out.join("embedded.rs"), code)?;
    Ok(())
}

/// Collects the files below a folder, relative to the root. Folders are watched too, because a new file changes only them.
fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", root.join(folder).display());
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        let inside_template = path.components().any(|part| part.as_os_str() == "template");
        // What the SDK of Rust was tested with is what a new project begins with.
        let lock = path == Path::new("guest-sdk/rust/Cargo.lock");
        let left_out =
            LEFT_OUT.iter().any(|left_out| name == *left_out) && !(inside_template && name == "tests") && !lock;
        if left_out || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(root, &path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", root.join(&path).display());
            files.push(path);
        }
    }
    Ok(())
}

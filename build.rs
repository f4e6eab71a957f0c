//! Puts the digests of the first-party plugins into the binary, so that it trusts exactly the components it was built with.
//!
//! `scripts/build` builds the plugins first and writes a list beside them, `plugins/digests.txt` in the folder of the
//! profile: a line per plugin with name, version, and the SHA-256 in hexadecimal of its component and of its manifest.
//! Before the list exists the binary knows no first-party plugin.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or("cargo did not set OUT_DIR")?;
    // PROFILE/build/PACKAGE-HASH/out
    let profile = out.ancestors().nth(3).unwrap_or(Path::new("."));
    let file = profile.join("plugins/digests.txt");
    println!("cargo::rerun-if-changed={}", file.display());
    let list = match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| format!("{}: {error}", file.display()))?,
    };
    let mut rows = String::new();
    for line in list.lines() {
        let hexadecimal = |digest: &str| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match line.split(' ').collect::<Vec<_>>()[..] {
            [name, version, digest, manifest] if hexadecimal(digest) && hexadecimal(manifest) => {
                rows.push_str(&format!("    ({name:?}, {version:?}, {digest:?}, {manifest:?}),\n"));
            }
            // The list of an earlier build may still lie in a target folder that is kept; the next one replaces it.
            // What is not understood is not trusted.
            _ => println!("cargo::warning={}: expected `name version sha256 sha256`, found `{line}`", file.display()),
        }
    }
    let code = format!(
        "/// Name, version, and SHA-256 (lower-case hexadecimal) of component and manifest of each plugin that was built\n\
         /// together with this binary.\n\
         pub(crate) const FIRST_PARTY: &[(&str, &str, &str, &str)] = &[\n{rows}];\n"
    );
    fs::write(out.join("first_party.rs"), code)?;
    Ok(())
}

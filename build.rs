//! Puts the digests of the first-party plugins into the binary, so that it trusts exactly the components it was built with.
//!
//! `scripts/build` builds the plugins first and names its list in `JACKFIELD_FIRST_PARTY_DIGESTS`: a line per plugin with
//! name, version, and the SHA-256 in hexadecimal of its component and of its manifest. Without the variable, or before the list exists, the binary knows no first-party plugin.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs, io};

const LIST: &str = "JACKFIELD_FIRST_PARTY_DIGESTS";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={LIST}");
    let mut list = String::new();
    if let Some(path) = env::var_os(LIST) {
        println!("cargo::rerun-if-changed={}", path.display());
        match fs::read_to_string(&path) {
            Ok(text) => list = text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{LIST} names {}: {error}", path.display()).into()),
        }
    }
    let mut rows = String::new();
    for line in list.lines() {
        let hexadecimal = |digest: &str| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match line.split(' ').collect::<Vec<_>>()[..] {
            [name, version, digest, manifest] if hexadecimal(digest) && hexadecimal(manifest) => {
                rows.push_str(&format!("    ({name:?}, {version:?}, {digest:?}, {manifest:?}),\n"));
            }
            // The list of an earlier build may still lie in a target folder that is kept; the next one replaces it.
            // What is not understood is not trusted.
            _ => println!("cargo::warning={LIST}: expected `name version sha256 sha256`, found `{line}`"),
        }
    }
    let code = format!(
        "/// Name, version, and SHA-256 (lower-case hexadecimal) of component and manifest of each plugin that was built\n\
         /// together with this binary.\n\
         pub(crate) const FIRST_PARTY: &[(&str, &str, &str, &str)] = &[\n{rows}];\n"
    );
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or("cargo did not set OUT_DIR")?;
    fs::write(out.join("first_party.rs"), code)?;
    Ok(())
}

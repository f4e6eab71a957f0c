//! Finds the interfaces, `wit/`: above the SDK in Jackfield's own tree, beside it in a plugin's project.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=src/bindings.template");
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let places = ["../wit", "../../wit", "wit"].map(|place| own.join(place));
    let Some(wit) = places.iter().find(|place| place.join("plugin.wit").is_file()) else {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        println!("cargo::error=the interfaces are missing: there is no plugin.wit in {}", places.join(", "));
        return;
    };
    println!("cargo::rerun-if-changed={}", wit.display());
    let template = fs::read_to_string(own.join("src/bindings.template"));
    let path = wit.display().to_string().escape_default().to_string();
    let written = template.and_then(|text| {
        let out = env::var_os("OUT_DIR").unwrap_or_default();
        fs::write(Path::new(&out).join("bindings.rs"), text.replace("@WIT@", &path))
    });
    if let Err(error) = written {
        println!("cargo::error=the bindings cannot be written: {error}");
    }
}

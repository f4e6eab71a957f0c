//! Runs the binary in a folder of its own, apart from the machine's configuration.
#![allow(dead_code)] // Each test binary uses its part.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The binary, in `folder`, with nothing of the user's settings. The compile cache is shared, so that a hundred cases do
/// not compile the same plugins a hundred times.
pub(crate) fn jackfield(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield"));
    for name in ["JACKFIELD_CONFIG", "JACKFIELD_PLUGINS", "JACKFIELD_LOG", "NO_COLOR"] {
        command.env_remove(name);
    }
    let shared = env!("CARGO_TARGET_TMPDIR");
    command.env("JACKFIELD_STATE", shared).env("JACKFIELD_CACHE", shared).env("HOME", shared);
    let nowhere = Path::new(shared).join("nothing-is-here");
    command.env("XDG_CONFIG_HOME", &nowhere).env("XDG_DATA_HOME", &nowhere).env("XDG_DATA_DIRS", &nowhere);
    command.env("USER", "tester").env("TZ", "Asia/Kathmandu").current_dir(folder).stdin(Stdio::null());
    command
}

/// A state folder of a run's own, in which nothing is remembered; the machine's key in it is the one that the shared
/// compile cache was written with.
pub(crate) fn fresh_state() -> tempfile::TempDir {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let key = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine.key");
    if !key.exists() {
        // Whoever comes first makes it; a key is 32 bytes that nobody can guess, but these tests guard nothing.
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key);
        if let Ok(mut file) = made {
            file.write_all(&[7; 32]).unwrap();
        }
    }
    let state = tempfile::tempdir().unwrap();
    while fs::metadata(&key).unwrap().len() < 32 {
        std::thread::yield_now();
    }
    fs::copy(&key, state.path().join("machine.key")).unwrap();
    state
}

/// A folder with a pipeline and further files.
pub(crate) fn folder(pipeline: &str, files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// Lays a plugin of `tests/guests` out in `folder`/plugins, and grants it all that it asks for, in the shared state;
/// `scripts/test` builds them.
pub(crate) fn lay_out(guest: &str, folder: &Path) -> PathBuf {
    let plugins = set_down(guest, folder);
    grant(&plugins, &[guest], Path::new(env!("CARGO_TARGET_TMPDIR")));
    plugins
}

/// The same for a plugin that nobody has granted anything.
pub(crate) fn set_down(guest: &str, folder: &Path) -> PathBuf {
    let plugins = folder.join("plugins");
    let target = plugins.join(guest);
    fs::create_dir_all(&target).unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(guest).join("plugin.toml");
    fs::copy(manifest, target.join("plugin.toml")).unwrap();
    // The test runs from target/release/deps.
    let release = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let component = release.join("test-guests").join(format!("{guest}.wasm"));
    fs::copy(&component, target.join(format!("{guest}.wasm")))
        .unwrap_or_else(|error| panic!("{}: {error}; scripts/test builds the guests", component.display()));
    plugins
}

/// `jackfield plugin grant` for plugins in a folder of plugins.
#[track_caller]
pub(crate) fn grant(plugins: &Path, arguments: &[&str], state: &Path) {
    let output = try_grant(plugins, arguments, state);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
}

/// The same where the plugins may be such that nobody can grant them.
pub(crate) fn try_grant(plugins: &Path, arguments: &[&str], state: &Path) -> Output {
    let mut command = jackfield(plugins);
    command.env("JACKFIELD_PLUGINS", plugins).env("JACKFIELD_STATE", state);
    command.args(["plugin", "grant"]).args(arguments).output().unwrap()
}

/// Both outputs as text, for messages and searches.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Files in a folder that were not there before a run: neither inputs nor plugins.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "plugins")
        .collect();
    names.sort();
    names
}

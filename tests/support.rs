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

/// A workbook: the parts that every one has, and these; `true` for one that is in gzip already.
pub(crate) fn workbook(parts: &[(&str, Vec<u8>, bool)]) -> Vec<u8> {
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relation = |id: u32, kind: &str, target: &str| {
        format!("<Relationship Id=\"rId{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |inner: &str| format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{inner}</Relationships>");
    let all: Vec<(String, Vec<u8>, bool)> = [
        ("[Content_Types].xml", format!("<Types xmlns=\"{PACKAGE}/content-types\"/>")),
        ("_rels/.rels", relations(&relation(1, "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(&(relation(1, "worksheet", "worksheets/sheet1.xml") + &relation(2, "styles", "styles.xml") + &relation(3, "sharedStrings", "sharedStrings.xml"))),
        ),
        ("xl/styles.xml", format!("<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>")),
    ]
    .into_iter()
    .map(|(name, xml)| (name.to_owned(), xml.into_bytes(), false))
    .chain(parts.iter().map(|(name, bytes, packed)| ((*name).to_owned(), bytes.clone(), *packed)))
    .collect();
    archive(&all)
}

/// A zip archive.
fn archive(parts: &[(String, Vec<u8>, bool)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, packed) in parts {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let (method, body, crc, size) = match packed {
            false => (0u16, bytes.as_slice(), crc32(bytes), bytes.len() as u32),
            true => (8, &bytes[10..bytes.len() - 8], word(bytes.len() - 8), word(bytes.len() - 4)),
        };
        let mut fields = Vec::new();
        fields.extend([20u16, 0, method, 0, 33].iter().flat_map(|field| field.to_le_bytes()));
        fields.extend([crc, body.len() as u32, size].iter().flat_map(|field| field.to_le_bytes()));
        fields.extend([name.len() as u16, 0].iter().flat_map(|field| field.to_le_bytes()));
        let begin = out.len() as u32;
        out.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), body].concat());
        directory.extend([b"PK\x01\x02\x14\0", &fields[..], &[0; 10], &begin.to_le_bytes(), name.as_bytes()].concat());
    }
    let (begin, count) = (out.len() as u32, parts.len() as u16);
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].iter().flat_map(|field| field.to_le_bytes()));
    out.extend([directory.len() as u32, begin].iter().flat_map(|field| field.to_le_bytes()));
    out.extend_from_slice(&[0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xedb8_8320 })
    })
}

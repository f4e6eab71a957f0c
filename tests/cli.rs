//! Golden cases of the command line: `tests/cli/NAME.toml` says what is typed into an otherwise empty folder, and
//! `tests/cli/NAME.expected` what comes of it. `JACKFIELD_BLESS=1` writes the expected files anew.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;

mod support;

/// What is typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    /// What the case shows, for those who read it.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default = "default_args")]
    args: Vec<String>,
    /// The text of `pipeline.toml`.
    pipeline: Option<String>,
    /// Further files; `hex:…` gives bytes.
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Folders of `tests/guests` that are installed.
    #[serde(default)]
    guests: Vec<String>,
    /// Commands that come first, and have to succeed. `plugin grant` of the guests is not among them.
    #[serde(default)]
    before: Vec<Vec<String>>,
}

fn default_args() -> Vec<String> {
    vec!["run".to_owned(), "pipeline.toml".to_owned()]
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let cases = paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let trials = cases.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Trial::test(name, move || check(&path))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn check(path: &Path) -> Result<(), Failed> {
    let case: Case = toml::from_str(&fs::read_to_string(path)?)?;
    let actual = run(&case)?;
    let golden = path.with_extension("expected");
    if std::env::var_os("JACKFIELD_BLESS").is_some() {
        fs::write(&golden, actual)?;
        return Ok(());
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    if actual == expected {
        return Ok(());
    }
    Err(format!(
        "{} differs (JACKFIELD_BLESS=1 writes it anew)\n--- expected\n{expected}\n--- actual\n{actual}",
        golden.display()
    )
    .into())
}

fn run(case: &Case) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    let mut files = case.files.clone();
    if let Some(pipeline) = &case.pipeline {
        files.insert("pipeline.toml".to_owned(), pipeline.clone());
    }
    for (name, text) in &files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, bytes(text)?)?;
    }
    // What a case grants is not granted in another one.
    let state = support::fresh_state();
    let prepared = |arguments: &[String]| {
        let mut command = support::jackfield(folder.path());
        command.env("JACKFIELD_STATE", state.path()).args(arguments).envs(&case.env);
        if !case.guests.is_empty() {
            command.env("JACKFIELD_PLUGINS", folder.path().join("plugins"));
        }
        command
    };
    for guest in &case.guests {
        support::set_down(guest, folder.path());
    }
    for arguments in &case.before {
        let output = prepared(arguments).output()?;
        if !output.status.success() {
            return Err(format!("{arguments:?} failed: {}", support::text(&output)).into());
        }
    }
    let mut command = prepared(&case.args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = bytes(&case.stdin)?;
    // A program that does not want all of its input closes the pipe, which is its right.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output()?;
    writer.join().unwrap();

    let mut text = format!("exit: {}\n", output.status.code().map_or("signal".to_owned(), |code| code.to_string()));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let said = normal(&String::from_utf8_lossy(bytes), folder.path());
        let said = said.replace(&*state.path().to_string_lossy(), "STATE");
        // The digests of guests depend on the compiler that built them.
        let said = if case.guests.is_empty() { said } else { without_digests(&said) };
        section(&mut text, name, &said);
    }
    for (name, content) in left_behind(folder.path(), folder.path())? {
        if !files.get(&name).is_some_and(|text| bytes(text).is_ok_and(|b| b == content)) {
            section(&mut text, &name, &shown(&content));
        }
    }
    Ok(text)
}

fn bytes(text: &str) -> Result<Vec<u8>, Failed> {
    let Some(hex) = text.strip_prefix("hex:") else { return Ok(text.as_bytes().to_vec()) };
    let pairs = hex.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16));
    Ok(bytes.collect::<Result<_, _>>()?)
}

fn section(text: &mut String, name: &str, content: &str) {
    if !content.is_empty() {
        write!(text, "--- {name}\n{content}").unwrap();
        if !content.ends_with('\n') {
            text.push_str("\n(no newline at the end)\n");
        }
    }
}

fn shown(content: &[u8]) -> String {
    match std::str::from_utf8(content) {
        Ok(text) => text.to_owned(),
        Err(_) => format!(
            "({} bytes that are no text, starting with {:02x?})\n",
            content.len(),
            &content[..content.len().min(4)]
        ),
    }
}

/// Takes out what changes from run to run or from build to build: the folder, how long things took, backtraces.
fn normal(text: &str, folder: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_jackfield")).parent().unwrap();
    let text = text.replace(&*folder.to_string_lossy(), "FOLDER").replace(&*binary.to_string_lossy(), "BINARY");
    let mut lines = Vec::new();
    let mut in_backtrace = false;
    for line in text.lines() {
        let frame =
            line.trim_start().split_once(':').is_some_and(|(n, rest)| n.parse::<u32>().is_ok() && rest.contains(" - "));
        if in_backtrace && (line.starts_with("    ") && !line.trim_start().starts_with("help:") || frame) {
            continue;
        }
        in_backtrace = line.trim_start() == "backtrace:";
        // How much fuel something takes depends on the compiler that built the guest.
        let used = line.split_once("over its budget: ").and_then(|(head, tail)| Some((head, tail.split_once(' ')?.1)));
        let without_number = used.map(|(head, tail)| format!("{head}over its budget: _ {tail}"));
        let line = without_number.as_deref().unwrap_or(line);
        let measured = ["elapsed-seconds", "busy-seconds", "waiting-seconds", "fuel", "peak-memory-bytes"];
        match (line.split_once(") in "), line.split_once("\": ")) {
            (Some((head, _)), _) if head.contains("written") => lines.push(format!("{head}) in TIME")),
            (_, Some((key, _))) if measured.contains(&key.trim_start_matches([' ', '"'])) => {
                lines.push(format!("{key}\": _"));
            }
            // What a case of `plugin test` used.
            _ => match line.split_once(" fuel, ").and_then(|(head, tail)| Some((head.rsplit_once('(')?.0, tail))) {
                Some((head, tail)) if tail.ends_with(" ms)") => lines.push(format!("{head}(USED)")),
                _ => lines.push(line.to_owned()),
            },
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The text with `DIGEST` in the place of 64 hexadecimal digits, and `TIME` in the place of times of grants.
fn without_digests(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_alphanumeric() || "-:".contains(character) {
            word.push(character);
            continue;
        }
        let digest = word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
        let time = word.len() == 20 && word.starts_with("20") && word.ends_with('Z');
        out.push_str(if digest {
            "DIGEST"
        } else if time {
            "TIME"
        } else {
            &word
        });
        out.push(character);
        word.clear();
    }
    out.pop();
    out
}

fn left_behind(folder: &Path, top: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failed> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("plugins") {
            continue;
        }
        if path.is_dir() {
            files.extend(left_behind(&path, top)?);
        } else {
            files.insert(path.strip_prefix(top)?.to_string_lossy().into_owned(), fs::read(&path)?);
        }
    }
    Ok(files)
}

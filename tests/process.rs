//! The binary among other processes: signals, pipes that close, a disk that is full, a cache that was tampered with.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

mod support;

use support::{folder, jackfield, names, text};

const FROM_STDIN: &str = "[source.a]\npath = \"-\"\nformat = \"csv\"\nschema = { x = \"int64\" }\n\n\
                          [sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";

/// A run that reads from a pipe which stays open, past its planning.
fn started(folder: &Path) -> Child {
    let mut command = jackfield(folder);
    command.args(["run", "-v", "pipeline.toml"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let rows: String = std::iter::once("x\n".to_owned()).chain((0..300_000).map(|n| format!("{n}\n"))).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        stdin.write_all(rows.as_bytes()).unwrap();
        stdin
    });
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !line.starts_with("running") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the run ended before it started");
    }
    child.stderr = Some(stderr.into_inner());
    child.stdin = Some(writer.join().unwrap());
    child
}

#[test]
fn a_signal_ends_a_run_in_order() {
    for (signal, exit) in [("INT", 130), ("TERM", 143)] {
        let folder = folder(FROM_STDIN, &[("out.jsonl", b"old\n")]);
        let mut child = started(folder.path());
        let killed = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let stdin = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(exit), "{signal}");
        drop(stdin);
        assert_eq!(names(folder.path()), ["out.jsonl", "pipeline.toml"]);
        assert_eq!(fs::read(folder.path().join("out.jsonl")).unwrap(), b"old\n");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"-\"\nformat = \"jsonl\"\n";
    let rows: String = std::iter::once("x\n".to_owned()).chain((0..500_000).map(|n| format!("{n}\n"))).collect();
    let folder = folder(pipeline, &[("in.csv", rows.as_bytes())]);
    let mut child = jackfield(folder.path())
        .args(["run", "pipeline.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 8];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(&first, b"{\"x\":0}\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(!text(&output).contains("error"), "{}", text(&output));
}

#[test]
fn a_full_disk_is_an_error_with_its_name() {
    let pipeline =
        "[source.a]\npath = \"in.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"/dev/full\"\nformat = \"jsonl\"\n";
    let folder = folder(pipeline, &[("in.csv", b"x\n1\n")]);
    let output = jackfield(folder.path()).args(["run", "pipeline.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("/dev/full") && text(&output).contains("space"), "{}", text(&output));
    assert!(fs::metadata("/dev/full").is_ok_and(|meta| !meta.is_file()), "a device is not replaced by a file");
}

#[test]
fn dead_letters_leave_devices_and_links_in_place() {
    let pipeline = "[source.a]\npath = \"in.csv\"\nschema = { x = \"int64\" }\non-error = { dead-letter = \"bad\" }\n\n\
                    [sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";
    let folder = folder(pipeline, &[("in.csv", b"x\n1\ntwo\n"), ("letters", b"old\n")]);
    let run = |dead_letter: &str| {
        let set = format!("source.a.on-error.dead-letter={dead_letter}");
        jackfield(folder.path()).args(["run", "pipeline.toml", "--set", &set]).output().unwrap()
    };
    let full = run("/dev/full");
    assert_eq!(full.status.code(), Some(1), "{}", text(&full));
    assert!(text(&full).contains("/dev/full") && text(&full).contains("space"), "{}", text(&full));
    assert!(fs::metadata("/dev/full").is_ok_and(|meta| !meta.is_file()), "a device is not replaced by a file");
    assert!(!folder.path().join("out.jsonl").exists(), "a run whose letters are lost has failed");

    std::os::unix::fs::symlink("letters", folder.path().join("link")).unwrap();
    let linked = run("link");
    assert_eq!(linked.status.code(), Some(0), "{}", text(&linked));
    assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
    assert!(fs::read_to_string(folder.path().join("letters")).unwrap().contains("two"));
}

#[test]
fn a_source_is_not_overwritten_by_way_of_a_link() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.csv\"\n";
    let folder = folder(pipeline, &[("in.csv", b"x\n1\n")]);
    let out = folder.path().join("out.csv");
    let refused = |what: &str| {
        let output = jackfield(folder.path()).args(["run", "pipeline.toml"]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{what}: {}", text(&output));
        assert!(text(&output).contains("duplicate-path"), "{what}: {}", text(&output));
        assert_eq!(fs::read(folder.path().join("in.csv")).unwrap(), b"x\n1\n", "{what}");
        fs::remove_file(&out).unwrap();
    };
    std::os::unix::fs::symlink("in.csv", &out).unwrap();
    refused("a symbolic link");
    fs::hard_link(folder.path().join("in.csv"), &out).unwrap();
    refused("a hard link");
}

#[test]
fn nothing_is_compiled_twice_and_nothing_forged_is_run() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";
    let folder = folder(pipeline, &[("in.csv", b"x\n1\n")]);
    let cache = folder.path().join("plugins");
    let run = || {
        let mut command = jackfield(folder.path());
        let output = command.args(["run", "pipeline.toml"]).env("JACKFIELD_CACHE", &cache).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(fs::read(folder.path().join("out.jsonl")).unwrap(), b"{\"x\":1}\n");
    };
    run();
    let files = cached(&cache);
    assert!(!files.is_empty());
    let written = |files: &[std::path::PathBuf]| -> Vec<_> {
        files.iter().map(|file| fs::metadata(file).unwrap().modified().unwrap()).collect()
    };
    let before = written(&files);
    run();
    assert_eq!(written(&files), before, "the second start compiles nothing");
    for file in &files {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    }
    let forged: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    run();
    for (file, forged) in files.iter().zip(forged) {
        assert_ne!(fs::read(file).unwrap(), forged, "a forged entry is compiled anew");
    }
}

fn cached(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(cached(&path));
        } else {
            files.push(path);
        }
    }
    files
}

//! F and M05 with a grant: what was granted is there, and nothing beyond it.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::case::Case;
use crate::support::{jackfield, set_down, text, try_grant};

/// The folders that every case here grants: `maps` for reading as `/geo`, `out` for writing as `/out`; and what lies
/// beside them.
fn lay(folder: &Path) -> Vec<String> {
    for name in ["maps", "out"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("maps/a.txt"), "the map of a").unwrap();
    fs::write(folder.join("secret.txt"), "nobody's business").unwrap();
    let path = |guest: &str, name: &str| format!("{guest}={}", folder.join(name).display());
    let paths = [path("/geo", "maps"), path("/out", "out")];
    paths.into_iter().flat_map(|path| ["--path".to_owned(), path]).collect()
}

/// Asks for the two folders and for nothing else.
fn two_folders(text: String) -> String {
    let head = text.split("[permissions]").next().unwrap();
    format!(
        "{head}[permissions]\nfilesystem.read = [{{ path = \"/geo\", reason = \"the maps\" }}]\n\
         filesystem.write = [{{ path = \"/out\", quota = \"64KiB\", reason = \"the results\" }}]\n"
    )
}

fn granted(steps: &[&str], more: impl FnOnce(&Path)) -> Case {
    Case::granted("files", steps, two_folders, |folder| {
        let arguments = lay(folder);
        more(folder);
        arguments
    })
}

const OUTSIDE: &str = "grant the one that this lies in";

#[test]
fn f01_dotdot() {
    let steps =
        ["read /geo/../secret.txt", "read /geo/a.txt/../../secret.txt", "read /out/../secret.txt", "read /geo/a.txt"];
    let ran = granted(&steps, |_| {}).run();
    ran.seen(&["no: PermissionDenied", "no: *", "no: PermissionDenied", "the map of a"]);
    ran.denied("filesystem.read", "../secret.txt from /geo", OUTSIDE);
    ran.denied("filesystem.write", "../secret.txt from /out", OUTSIDE);
}

#[test]
fn f02_abs_link() {
    let steps = ["read /geo/link", "list /geo/folder", "write /out/link x", "symlink /out/new /etc/passwd"];
    let ran = granted(&steps, |folder| {
        symlink(folder.join("secret.txt"), folder.join("maps/link")).unwrap();
        symlink("/etc", folder.join("maps/folder")).unwrap();
        symlink(folder.join("secret.txt"), folder.join("out/link")).unwrap();
    })
    .run();
    ran.seen(&["no: PermissionDenied"; 4]);
    ran.denied("filesystem.read", "opening link from /geo", OUTSIDE);
    ran.denied("filesystem.write", "making a link to /etc/passwd in /out", "beside or below");
    assert_eq!(fs::read_to_string(ran.file("secret.txt")).unwrap(), "nobody's business");
    assert!(!ran.file("out/new").exists());
}

#[test]
fn f03_rel_link() {
    let steps = [
        "read /geo/link",
        "read /geo/deep/link",
        "write /out/link x",
        "symlink /out/new ../secret.txt",
        "read /geo/inside",
    ];
    let ran = granted(&steps, |folder| {
        symlink("../secret.txt", folder.join("maps/link")).unwrap();
        fs::create_dir(folder.join("maps/deep")).unwrap();
        symlink("../../secret.txt", folder.join("maps/deep/link")).unwrap();
        symlink("../secret.txt", folder.join("out/link")).unwrap();
        symlink("a.txt", folder.join("maps/inside")).unwrap();
    })
    .run();
    let no = "no: PermissionDenied";
    ran.seen(&[no, no, no, no, "the map of a"]);
    ran.denied("filesystem.read", "opening link from /geo", OUTSIDE);
    assert_eq!(fs::read_to_string(ran.file("secret.txt")).unwrap(), "nobody's business");
}

#[test]
fn f05_disk_fill() {
    let steps = [
        "write /out/grown x",
        "grow /out/grown 1125899906842624",
        "fill /out/a 60000",
        "fill /out/b 60000",
        "many /out 1000",
    ];
    let ran = granted(&steps, |_| {}).run();
    // It ran twice in one process, and a quota is for all instances of it together.
    let rows = ran.output();
    assert!(rows.lines().nth(1).unwrap().contains("no: ") && rows.lines().nth(3).unwrap().contains("no: "), "{rows}");
    ran.denied("filesystem.write", "writing more than 64 KiB to /out", "quota = \"…\"");
    let written: u64 =
        fs::read_dir(ran.file("out")).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(written <= 64 << 10, "{written}");
}

#[test]
fn f05_disk_fill_beyond_written_bytes() {
    // The quota is one wall, the limit on all that an instance writes is another.
    let ran = granted(&["fill /out/a 9000", "fill /out/b 9000"], |_| {}).limit("written-bytes = \"16KiB\"").run();
    ran.stopped("files", "written-bytes", "16 KiB");
}

#[test]
fn f06_fifo() {
    let steps = ["read /geo/fifo", "write /out/fifo x", "read /geo/socket", "read /geo/link", "read /geo/a.txt"];
    let mut socket = None;
    let ran = granted(&steps, |folder| {
        for fifo in ["maps/fifo", "out/fifo"] {
            assert!(Command::new("mkfifo").arg(folder.join(fifo)).status().unwrap().success());
        }
        symlink("fifo", folder.join("maps/link")).unwrap();
        socket = Some(UnixListener::bind(folder.join("maps/socket")).unwrap());
    })
    .run();
    // Whoever opened one would wait for ever, and so would the end of the process.
    ran.seen(&[
        "no: PermissionDenied",
        "no: PermissionDenied",
        "no: PermissionDenied",
        "no: PermissionDenied",
        "the map of a",
    ]);
    ran.denied("filesystem.read", "opening fifo from /geo, which is no regular file", "regular files and folders");
    ran.within(std::time::Duration::from_secs(10));
}

#[test]
fn f07_bad_grant() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = set_down("files", folder.path());
    let state = crate::support::fresh_state();
    let (asked, own) = (plugins.join("files/plugin.toml"), state.path().display().to_string());
    let original = fs::read_to_string(&asked).unwrap();
    let cache = env!("CARGO_TARGET_TMPDIR");
    for place in ["/", "/proc", "/proc/self", "/sys", "/sys/kernel", "/dev", "/dev/shm", &own, cache] {
        // The manifest asks for the place by its own name, and the command grants what is asked.
        let head = original.split("[permissions]").next().unwrap();
        let wish = format!("filesystem.read = [{{ path = {place:?}, reason = \"curious\" }}]\n");
        fs::write(&asked, format!("{head}[permissions]\n{wish}")).unwrap();
        for access in ["read", "write"] {
            let text = fs::read_to_string(&asked).unwrap();
            fs::write(&asked, text.replace("filesystem.read", &format!("filesystem.{access}"))).unwrap();
            let refused = try_grant(&plugins, &["files", "--path", &format!("{place}={place}")], state.path());
            let said = text_of(&refused);
            assert_eq!(refused.status.code(), Some(3), "{access} {place}: {said}");
            assert!(
                ["grant-path", "invalid-permission", "unknown-plugin"].iter().any(|code| said.contains(code)),
                "{access} {place}: {said}"
            );
            assert!(said.contains("help: "), "{access} {place}: {said}");
            // And it does not run.
            fs::write(folder.path().join("in.csv"), "x\n1\n").unwrap();
            let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"files\"\ninput = \"a\"\n\
                            params = { steps = [] }\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
            fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
            let mut run = jackfield(folder.path());
            run.env("JACKFIELD_PLUGINS", &plugins).env("JACKFIELD_STATE", state.path());
            let run = run.args(["run", "pipeline.toml"]).output().unwrap();
            assert!(matches!(run.status.code(), Some(3 | 4)), "{access} {place}: {}", text_of(&run));
            assert!(!folder.path().join("out.jsonl").exists());
        }
    }
}

fn text_of(output: &std::process::Output) -> String {
    text(output)
}

#[test]
fn f08_ro_write() {
    let steps = [
        "write /geo/new x",
        "write /geo/a.txt x",
        "append /geo/a.txt x",
        "truncate /geo/a.txt",
        "grow /geo/a.txt 0",
        "chmod /geo/a.txt",
        "mkdir /geo/new",
        "remove /geo/a.txt",
        "rename /geo/a.txt /geo/b.txt",
        "link /geo/a.txt /geo/b.txt",
        "symlink /geo/b.txt a.txt",
        // From the place for reading to the one for writing, where the bytes could be changed.
        "link /geo/a.txt /out/a.txt",
        "rename /geo/a.txt /out/a.txt",
        "link /out/own.txt /geo/own.txt",
        "read /geo/a.txt",
    ];
    let mut before = None;
    let ran = granted(&steps, |folder| {
        fs::write(folder.join("out/own.txt"), "its own").unwrap();
        let stat = fs::metadata(folder.join("maps/a.txt")).unwrap();
        before = Some((stat.mtime_nsec(), stat.mode(), stat.nlink(), stat.ino()));
    })
    .run();
    let mut expected = vec!["no: *"; steps.len() - 1];
    expected.push("the map of a");
    ran.seen(&expected);
    ran.denied("filesystem.write", "writing to /geo", "filesystem.write = [{ path = \"/geo\"");
    let stat = fs::metadata(ran.file("maps/a.txt")).unwrap();
    assert_eq!(before, Some((stat.mtime_nsec(), stat.mode(), stat.nlink(), stat.ino())));
    assert_eq!(fs::read_dir(ran.file("maps")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(ran.file("out")).unwrap().count(), 1);
}

#[test]
fn m05_fd_hoard() {
    let ran = granted(&["hoard /geo/a.txt"], |_| {}).run();
    ran.stopped("files", "open-files", "128").peaked(10 * (16 << 20));
}

#[test]
fn m05_fd_hoard_beyond_the_resource_table() {
    let ran = granted(&["hoard /geo/a.txt"], |_| {}).limit("resource-table = 60").run();
    ran.stopped("files", "resource-table", "60");
}

//! Files, variables, time and randomness.

use std::fs;

use crate::place::Place;

#[test]
fn files_that_were_granted_are_there_and_nothing_else_is() {
    let place = Place::new("files");
    place.make("secret.txt", "nobody's business\n");
    place.grant_files();
    std::os::unix::fs::symlink("../secret.txt", place.path("maps/up")).unwrap();
    std::os::unix::fs::symlink(place.path("secret.txt"), place.path("maps/absolute")).unwrap();
    std::os::unix::fs::symlink("a.txt", place.path("maps/inside")).unwrap();
    let said = place.expect(&[
        ("read /geo/a.txt", "the map of a"),
        ("read /geo/./a.txt", "the map of a"),
        ("read /geo/inside", "the map of a"),
        ("list /geo", "a.txt absolute inside up"),
        ("read /geo/up", "no: *"),
        ("read /geo/absolute", "no: *"),
        ("read /geo/../secret.txt", "no: *"),
        ("read /secret.txt", "no: *"),
        ("read /etc/passwd", "no: *"),
        ("list /", "no: *"),
        ("write /geo/a.txt x", "no: *"),
        ("append /geo/a.txt x", "no: *"),
        ("remove /geo/a.txt", "no: *"),
        ("rename /geo/a.txt /geo/b.txt", "no: *"),
        ("rename /geo/a.txt /out/a.txt", "no: *"),
        ("link /geo/a.txt /out/a.txt", "no: *"),
        ("mkdir /geo/new", "no: *"),
        // A file that was granted has no neighbours.
        ("read /one.txt", "only this"),
        ("stat /one.txt", "10"),
        ("list /one.txt", "no: *"),
        ("read /one.txt/../secret.txt", "no: *"),
        ("read /one.txt/secret.txt", "no: *"),
        ("write /one.txt x", "no: *"),
        ("write /out/b.txt hello", "done"),
        ("append /out/b.txt  again", "done"),
        ("read /out/b.txt", "hello again"),
        ("mkdir /out/folder", "done"),
        ("rename /out/b.txt /out/folder/c.txt", "done"),
        ("read /out/folder/c.txt", "hello again"),
        // Links that somebody else could be led out by are not made.
        ("symlink /out/evil ../../../etc/passwd", "no: *"),
        ("symlink /out/evil /etc/passwd", "no: *"),
    ]);
    assert_eq!(fs::read_to_string(place.path("out/folder/c.txt")).unwrap(), "hello again");
    assert_eq!(fs::read_to_string(place.path("maps/a.txt")).unwrap(), "the map of a\n");
    assert!(said.contains("warning[denied]") && said.contains("filesystem.write"), "{said}");
}

#[test]
fn quotas_hold_whatever_is_written_how() {
    for steps in [
        &[("fill /out/a 60000", "done"), ("fill /out/b 10000", "no: *")][..],
        &[("fill /out/a 70000", "no: *")],
        &[("fill /out/a 100", "done"), ("grow /out/a 1000000000", "no: *"), ("grow /out/a 200", "done")],
        // An entry counts, even if there is nothing in it.
        &[("many /out 1000", "16")],
        // What was written stays written: removing gives nothing back.
        &[("fill /out/a 55000", "done"), ("remove /out/a", "done"), ("fill /out/a 55000", "no: *")],
    ] {
        let place = Place::new("files");
        place.grant_files();
        let said = place.expect(steps);
        assert!(said.contains("64 KiB") || steps[0].0.starts_with("many"), "{said}");
        let written: u64 = fs::read_dir(place.path("out")).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(written <= 64 << 10, "{written}");
    }
}

#[test]
fn nothing_but_files_and_folders_is_opened() {
    let place = Place::new("files");
    place.grant_files();
    let fifo = place.path("maps/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(place.path("maps/socket")).unwrap();
    // A run that opened it would wait for ever.
    place.expect(&[("read /geo/fifo", "no: *"), ("read /geo/socket", "no: *"), ("read /geo/a.txt", "the map of a")]);
}

#[test]
fn time_randomness_and_variables_are_real_only_where_granted() {
    let place = Place::new("files");
    place.grant_files();
    let steps = ["env GREETING", "env ABSENT", "env HOME", "variables", "clock", "random"].map(str::to_owned);
    let (first, _) = place.steps(&steps, "");
    assert_eq!(first[..5], ["good day", "unset", "unset", "1", "real"], "{first:?}");
    let (second, _) = place.steps(&steps, "");
    assert_ne!(first[5], second[5], "real randomness");
    // A pipeline that is to give the same result each time gets neither.
    let (one, _) = place.steps(&steps, "deterministic = true");
    let (other, _) = place.steps(&steps, "deterministic = true");
    assert_eq!(one, other);
    assert_eq!(one[4], "frozen");

    let place = Place::new("files");
    place.grant(&["--only", "env GREETING"]);
    let (one, _) = place.steps(&steps, "deterministic = true");
    let (other, _) = place.steps(&steps, "deterministic = true");
    assert_eq!(one, other);
    assert_eq!(one[0], "good day");
    let (bare, _) = place.steps(&["read /geo/a.txt".to_owned(), "random".to_owned()], "");
    assert!(bare[0].starts_with("no: "), "{bare:?}");
    assert_eq!(bare[1], one[5], "without the right it is always the same");
}

//! Grants, policies, audits: who says what, and what is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_runtime::host::CancelToken;
use jackfield_runtime::settings::PluginFolder;
use jackfield_runtime::{Choice, Class, PlanRequest, Rank, Runtime, Settings};

use crate::place::{Place, requests};
use crate::server::Server;
use crate::support::text;

#[test]
fn what_is_not_granted_does_not_run_and_the_message_says_how_to_grant_it() {
    let place = Place::new("files");
    for folder in ["maps", "out"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    place.pipeline(&["clock".to_owned()], "");
    for arguments in [&["run", "pipeline.toml"][..], &["check", "pipeline.toml"]] {
        let denied = place.run(arguments);
        let said = text(&denied);
        assert_eq!(denied.status.code(), Some(4), "{said}");
        for part in [
            "error[plugin-not-granted]: plugin files 0.1.0",
            "asks    filesystem.read /geo: the maps",
            "asks    filesystem.write /out quota 64KiB: the results",
            "jackfield plugin grant files --path /geo=/geo --path /one.txt=/one.txt --path /out=/out",
        ] {
            assert!(said.contains(part), "`{part}` is not in {said}");
        }
    }
    // The command as it is printed needs the places to exist; with others it does what it says.
    let wrong = place.run(&["plugin", "grant", "files"]);
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong));
    assert_eq!(text(&wrong).matches("error[grant-path]").count(), 3, "{}", text(&wrong));
    place.grant_files();
    place.expect(&[("clock", "real")]);

    // Another manifest is another plugin: it is refused until it is granted, with the difference in view.
    place.manifest(|text| {
        text.replace("\"ABSENT\"]", "\"ABSENT\", \"HOME\"]").replace("clock = { reason = \"stamps rows\" }\n", "")
    });
    let denied = place.run(&["run", "pipeline.toml"]);
    let said = text(&denied);
    assert_eq!(denied.status.code(), Some(4), "{said}");
    assert!(said.contains("is not the one that was granted (version 0.1.0)"), "{said}");
    assert!(said.contains("+ asks  env HOME\n") && said.contains("- asks  clock\n"), "{said}");
    assert!(said.contains(&format!("--path /geo={}", place.path("maps").canonicalize().unwrap().display())), "{said}");
    // The same places as before need not be said again.
    place.grant(&[]);
    place.expect(&[("clock", "frozen")]);
    let revoked = place.run(&["plugin", "revoke", "files"]);
    assert!(revoked.status.success() && text(&revoked).contains("revoked files 0.1.0"), "{}", text(&revoked));
    assert_eq!(place.run(&["run", "pipeline.toml"]).status.code(), Some(4));
}

#[test]
fn a_policy_takes_away_and_never_adds() {
    let place = Place::new("files");
    place.grant_files();
    let steps = ["clock", "env GREETING", "read /geo/a.txt", "write /out/x y"].map(str::to_owned);
    let (all, _) = place.steps(&steps, "");
    assert_eq!(all, ["real", "good day", "the map of a", "done"]);
    let top = place.folder.path().canonicalize().unwrap();
    let policy = format!("[policy]\nclock = true\nfilesystem.read = [{{ path = \"{}/maps\" }}]\n", top.display());
    fs::write(place.path("jackfield.toml"), policy).unwrap();
    let (some, said) = place.steps(&steps, "");
    assert_eq!((some[0].as_str(), some[1].as_str(), some[2].as_str()), ("real", "unset", "the map of a"), "{said}");
    assert!(some[3].starts_with("no: ") && said.contains("warning[policy-narrows]"), "{said}");
    let info = place.run(&["plugin", "info", "files"]);
    assert!(text(&info).contains("granted, but not allowed by [policy]"), "{}", text(&info));
    // A smaller quota holds.
    let policy = format!("[policy]\nfilesystem.write = [{{ path = \"{}/out\", quota = \"8KiB\" }}]\n", top.display());
    fs::write(place.path("jackfield.toml"), policy).unwrap();
    place.expect(&[("clock", "frozen"), ("fill /out/big 9000", "no: *"), ("read /geo/a.txt", "no: *")]);
}

#[test]
fn places_that_hold_the_hosts_own_things_cannot_be_granted() {
    let place = Place::new("files");
    place.grant_files();
    fs::create_dir_all(place.path("other")).unwrap();
    fs::create_dir_all(place.path("plugins/other")).unwrap();
    let state = place.state.path().display().to_string();
    let around = place.folder.path().display().to_string();
    let (maps, inside) = (place.path("maps").display().to_string(), place.path("maps/deep"));
    fs::create_dir_all(&inside).unwrap();
    let other = place.path("plugins/other").display().to_string();
    for (guest, host) in [
        ("/geo", "/"),
        ("/geo", "/proc"),
        ("/geo", "/proc/self"),
        ("/geo", "/sys"),
        ("/geo", "/dev"),
        ("/geo", &state),
        ("/geo", &around),
        ("/geo", &other),
        ("/out", &maps),
        ("/out", &inside.display().to_string()),
        ("/nowhere", &maps),
        ("/geo", "/does/not/exist"),
    ] {
        let path = format!("{guest}={host}");
        let output = place.run(&["plugin", "grant", "files", "--path", &path]);
        assert_eq!(output.status.code(), Some(3), "{path}: {}", text(&output));
    }
    // What was granted and is something else by now is not used.
    place.pipeline(&["clock".to_owned()], "");
    fs::rename(place.path("maps"), place.path("moved")).unwrap();
    std::os::unix::fs::symlink("/", place.path("maps")).unwrap();
    let output = place.run(&["run", "pipeline.toml"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("error[grant-path]"), "{}", text(&output));
}

#[test]
fn what_no_version_gives_yet_is_shown_and_refused() {
    for (asks, right) in [
        ("gpu = true", "gpu"),
        ("memory.unlimited = true", "memory.unlimited"),
        ("exec = [{ command = \"git\", reason = \"history\" }]", "exec git"),
        ("storage = [{ url = \"s3://b/\", reason = \"rows\" }]", "storage s3://b/"),
    ] {
        let place = Place::new("files");
        place.manifest(|text| format!("{}[permissions]\n{asks}\n", text.split("[permissions]").next().unwrap()));
        let output = place.run(&["plugin", "grant", "files"]);
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
        assert!(text(&output).contains("error[permission-not-available]") && text(&output).contains(right));
        let info = text(&place.run(&["plugin", "info", "files"]));
        assert!(info.contains("cannot be granted by this version"), "{info}");
    }
}

#[test]
fn an_audit_tells_what_was_used_and_what_would_have_been_enough() {
    let place = Place::new("files");
    place.grant_files();
    place.expect(&[("read /geo/a.txt", "the map of a"), ("clock", "real"), ("write /geo/x y", "no: *")]);
    let audit = place.run(&["plugin", "audit", "files"]);
    let said = text(&audit);
    for part in [
        "filesystem.read /geo: the maps\n      granted; used: read",
        "filesystem.write /out quota 64KiB: the results\n      granted; never used",
        "wasi:clocks",
        "as granted: clock",
        "filesystem.write: writing to /geo (1 times)",
        "filesystem.read = [{ path = \"/geo\", reason = \"the maps\" }]",
        "clock = { reason = \"stamps rows\" }",
    ] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    let server = Server::start();
    let place = requests(&server);
    place.expect(&[(&format!("GET http://127.0.0.1:{}/v1/a", server.port), "200 hello")]);
    let output = place.run(&["plugin", "audit", "requests", "--json"]);
    let audit: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(audit["requests"][0]["path"], "/v1/a", "{audit}");
    assert_eq!(audit["rights"][0]["used"], "1 kind of request", "{audit}");
    let minimal = audit["minimal"].as_str().unwrap();
    assert!(minimal.contains("methods = [\"GET\"], paths = [\"/v1/\"], addresses = [\"loopback\"]"), "{minimal}");
}

#[test]
fn a_program_that_embeds_the_runtime_grants_and_hears_of_denials() {
    let place = Place::new("requests");
    place.pipeline(&["GET https://example.com/a".to_owned(), "GET https://example.com/a".to_owned()], "");
    let release = Path::new(env!("CARGO_BIN_EXE_jackfield")).parent().unwrap();
    let folder = |path: PathBuf| PluginFolder { path, rank: Rank::Configured };
    // Without a state folder, grants last as long as the runtime.
    let settings = Settings {
        folders: vec![folder(place.path("plugins")), folder(release.join("plugins"))],
        ..Settings::default()
    };
    let runtime = Runtime::open(settings);
    let mut events = runtime.denials();
    let text = fs::read_to_string(place.path("pipeline.toml")).unwrap();
    let request = PlanRequest {
        file: "pipeline.toml",
        text: &text,
        folder: place.folder.path(),
        sets: &[],
        env: &|_| None,
        limit: None,
        now_micros: 0,
        cancel: CancelToken::new(),
        log: Arc::new(|_| {}),
    };
    let mut granted = 0;
    let plan = loop {
        match runtime.plan(&request) {
            Ok(plan) => break plan,
            Err(report) => {
                assert_eq!(report.class(), Class::Denied, "{report}");
                for stranger in runtime.strangers(&report) {
                    runtime.grant(&stranger, &Choice::default()).unwrap();
                    granted += 1;
                }
            }
        }
    };
    assert_eq!(granted, 1, "csv and jsonl ask for nothing");
    let report = plan.run().unwrap();
    assert_eq!(report.denied.len(), 1, "{:?}", report.denied);
    assert_eq!((report.denied[0].permission.as_str(), report.denied[0].count), ("network.http", 2));
    // Told once, however often it was tried.
    let event = events.try_recv().unwrap();
    assert_eq!((event.what.as_str(), event.label.plugin.as_str()), ("GET https://example.com/a", "requests"));
    assert!(events.try_recv().is_err());
    assert_eq!(runtime.revoke(|grant| grant.plugin == "requests").unwrap().len(), 1);
    assert!(runtime.plan(&request).is_err());
}

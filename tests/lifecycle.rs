//! Starting, stopping, services and health, through the binary and through the API for embedding.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jackfield_runtime::discover::Rank;
use jackfield_runtime::host::{HealthStatus, Limits};
use jackfield_runtime::settings::PluginFolder;
use jackfield_runtime::{Choice, Runtime, Settings, State};

mod support;

use support::{folder, jackfield, lay_out, names, text};

const PIPELINE: &str = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"ask\"\ninput = \"a\"\n\n\
                        [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";

fn run(pipeline: &str, config: &str, guests: &[&str]) -> (i32, String, tempfile::TempDir) {
    let folder = folder(pipeline, &[("in.csv", b"x\n1\n2\n"), ("jackfield.toml", config.as_bytes())]);
    for guest in guests {
        lay_out(guest, folder.path());
    }
    let mut command = jackfield(folder.path());
    command.env("JACKFIELD_PLUGINS", folder.path().join("plugins"));
    let output = command.args(["run", "pipeline.toml", "-v", "--config", "jackfield.toml"]).output().unwrap();
    (output.status.code().unwrap_or(-1), text(&output), folder)
}

#[test]
fn a_plugin_starts_behind_what_it_requires_and_stops_ahead_of_it() {
    let config = "[plugin.answers.config]\ngreeting = \"good day,\"\n";
    let (exit, said, _folder) = run(PIPELINE, config, &["answers", "asks"]);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("good day, 2 rows from echo"), "{said}");
    let place = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words} is not in {said}"));
    assert!(place("answers starts") < place("good day") && place("good day") < place("answers stops"), "{said}");
    let own = format!("{PIPELINE}\n[plugin.answers.config]\ngreeting = \"ahoy\"\n");
    assert!(run(&own, config, &["answers", "asks"]).1.contains("ahoy 2 rows"));
}

#[test]
fn what_cannot_start_is_named_with_what_requires_it_and_nothing_else_suffers() {
    for (step, how, exit) in [
        ("init", "fail", 1),
        ("init", "panic", 1),
        ("start", "fail", 1),
        ("start", "panic", 1),
        ("start", "spin", 5),
        ("init", "spin", 5),
    ] {
        let config = format!("[plugin.answers.config]\n{step} = \"{how}\"\n[limits]\ncall-timeout = \"300ms\"\n");
        let (code, said, folder) = run(PIPELINE, &config, &["answers", "asks"]);
        assert_eq!(code, exit, "{step} {how}: {said}");
        assert!(said.contains("answers") && said.contains("plugin asks cannot work without answers"), "{said}");
        assert_eq!(names(folder.path()), ["in.csv", "jackfield.toml", "pipeline.toml"]);
        let others = PIPELINE.replace("type = \"ask\"", "type = \"limit\"\nparams = { rows = 1 }");
        assert_eq!(run(&others, &config, &["answers", "asks"]).0, 0, "a pipeline without it runs");
    }
    for how in ["fail", "panic", "spin"] {
        let config = format!("[plugin.answers.config]\nstop = \"{how}\"\n[limits]\ncall-timeout = \"300ms\"\n");
        let (exit, said, _folder) = run(PIPELINE, &config, &["answers", "asks"]);
        assert_eq!(exit, 0, "{how}: {said}");
        assert!(said.contains("plugin answers did not stop as it should"), "{how}: {said}");
    }
}

#[test]
fn wrong_configurations_are_listed_where_they_are_said() {
    let config = "[plugin.answers.config]\nstart = \"slowly\"\ngreting = \"x\"\n";
    let (exit, said, _folder) = run(PIPELINE, config, &["answers", "asks"]);
    assert_eq!(exit, 3, "{said}");
    assert!(said.contains("did you mean `greeting`?") && said.contains("jackfield.toml:2"), "{said}");
    let (exit, said, _folder) = run(PIPELINE, "", &["asks"]);
    assert!(exit == 3 && said.contains("requires answers ^1, which is not installed"), "{said}");
}

#[test]
fn services_fail_and_crash_alone() {
    let with = |params: &str| PIPELINE.replace("input = \"a\"\n\n", &format!("input = \"a\"\nparams = {params}\n\n"));
    for (params, words) in [
        ("{ method = \"fail\" }", &["2 rows is not welcome"][..]),
        ("{ method = \"panic\" }", &["answers", "panicked"]),
        ("{ method = \"dance\" }", &["there is no method dance"]),
        ("{ service = \"answers/other\" }", &["unknown-service", "it has: echo"]),
        ("{ service = \"csv/echo\" }", &["service-not-required", "[requires]"]),
        ("{ service = \"nothing\" }", &["service-not-required"]),
    ] {
        let (exit, said, _folder) = run(&with(params), "", &["answers", "asks"]);
        assert!(exit == 1 || exit == 4, "{params}: {exit} {said}");
        for word in words {
            assert!(said.contains(word), "{params}: `{word}` is not in {said}");
        }
    }
}

fn settings(folder: &Path, config: &str) -> Settings {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let config = jackfield_manifest::parse_config("jackfield.toml", config).0.unwrap();
    Settings {
        folders: vec![PluginFolder { path: folder.join("plugins"), rank: Rank::Configured }],
        cache_dir: Some(shared.to_owned()),
        state_dir: Some(shared.to_owned()),
        limits: Limits { call_timeout: Duration::from_millis(500), ..Limits::default() },
        config: Some(Arc::new(config)),
        ..Settings::default()
    }
}

fn with_runtime<T>(config: &str, work: impl AsyncFnOnce(Runtime, Arc<Mutex<Vec<String>>>) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    lay_out("answers", folder.path());
    lay_out("asks", folder.path());
    lay_out("hooks", folder.path());
    let manifest = folder.path().join("plugins/hooks/plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let more = ["service.call", "health.check", "plugin.fail", "plugin.stop"].map(|point| {
        let id = point.replace('.', "-");
        format!("[[provides.hook]]\nid = \"{id}\"\npoint = \"{point}\"\nkind = \"before\"\ndata = true\n")
    });
    fs::write(&manifest, text.replacen("[config]", &format!("{}\n[config]", more.concat()), 1)).unwrap();
    let runtime = Runtime::open(settings(folder.path(), config));
    for plugin in runtime.registry().plugins() {
        let introduction = runtime.introduction(plugin).unwrap();
        runtime.grant(&introduction, &Choice::default()).unwrap();
    }
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    executor.block_on(work(runtime, Arc::default()))
}

fn logging(lines: &Arc<Mutex<Vec<String>>>) -> Arc<dyn Fn(jackfield_runtime::host::LogLine) + Send + Sync> {
    let lines = lines.clone();
    Arc::new(move |line| lines.lock().unwrap().push(line.message))
}

#[test]
fn an_embedding_host_calls_services_and_hears_of_transitions() {
    with_runtime("", async |runtime, lines| {
        let mut events = runtime.events();
        let running = runtime.start(&["asks"], logging(&lines)).await.unwrap();
        let answer = running.call_service("answers/echo", "greet", b"host".to_vec()).await.unwrap();
        assert_eq!(answer, b"hello host from echo");
        let error = running.call_service("answers/echo", "fail", b"nobody".to_vec()).await.unwrap_err();
        assert_eq!(error.message, "nobody is not welcome");
        running.stop().await;
        let error = running.call_service("answers/echo", "greet", Vec::new()).await.unwrap_err();
        assert_eq!(error.code, "service-unavailable");
        let mut told = Vec::new();
        while let Ok(event) = events.try_recv() {
            told.push(format!("{} {} -> {}", event.plugin, event.from, event.to));
        }
        let steps = ["discovered -> resolved", "resolved -> loaded", "loaded -> started"];
        let started = |plugin: &str| steps.map(|step| format!("{plugin} {step}"));
        let stopped = ["asks started -> stopped".to_owned(), "answers started -> stopped".to_owned()];
        let expected: Vec<String> = started("answers").into_iter().chain(started("asks")).chain(stopped).collect();
        assert_eq!(told, expected);
        assert_eq!(lines.lock().unwrap().as_slice(), ["answers starts", "answers stops"]);
    });
}

#[test]
fn a_service_that_crashes_fails_with_its_dependents_named() {
    with_runtime("", async |runtime, lines| {
        let running = runtime.start(&["asks"], logging(&lines)).await.unwrap();
        let mut events = runtime.events();
        let error = running.call_service("answers/echo", "panic", Vec::new()).await.unwrap_err();
        assert!(error.code == "service-failed" && error.message.contains("answers"), "{error:?}");
        let event = events.try_recv().unwrap();
        assert_eq!((event.plugin.as_str(), event.to), ("answers", State::Failed));
        assert_eq!(event.dependents, ["asks"]);
        assert_eq!(running.state("asks"), Some(State::Started), "it may still do what needs no service");
        let error = running.call_service("answers/echo", "greet", Vec::new()).await.unwrap_err();
        assert!(error.code == "service-unavailable" && error.message.contains("failed"), "{error:?}");
    });
}

#[test]
fn health_degrades_recovers_and_fails() {
    with_runtime("[plugin.answers.config]\nhealth = \"degraded\"\n", async |runtime, lines| {
        let running = runtime.start(&["answers"], logging(&lines)).await.unwrap();
        let health = running.health("answers").await.unwrap();
        assert_eq!((health.status, health.message.as_str()), (HealthStatus::Degraded, "slow on purpose"));
        assert_eq!(running.state("answers"), Some(State::Degraded));
        assert!(running.call_service("answers/echo", "greet", Vec::new()).await.is_ok());
        running.health("answers").await.unwrap();
        assert_eq!(running.state("answers"), Some(State::Started));
        assert!(running.health("nobody").await.is_none());
    });
    for how in ["failing", "panic", "spin"] {
        with_runtime(&format!("[plugin.answers.config]\nhealth = \"{how}\"\n"), async |runtime, lines| {
            let running = runtime.start(&["asks"], logging(&lines)).await.unwrap();
            let mut events = runtime.events();
            assert_eq!(running.health("answers").await.unwrap().status, HealthStatus::Failing, "{how}");
            let event = events.try_recv().unwrap();
            assert_eq!((event.to, event.dependents), (State::Failed, vec!["asks".to_owned()]), "{how}");
            assert!(running.health("answers").await.is_none(), "what has failed is not asked again");
        });
    }
}

#[test]
fn health_is_asked_from_time_to_time() {
    with_runtime("[plugin.answers.config]\nhealth = \"failing\"\n", async |runtime, lines| {
        let running = runtime.start(&["answers"], logging(&lines)).await.unwrap();
        let mut events = runtime.events();
        let watch = running.watch_health(Duration::from_millis(5)).unwrap();
        let event = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
        assert_eq!((event.plugin.as_str(), event.to), ("answers", State::Failed));
        assert_eq!(event.reason.as_deref(), Some("broken on purpose"));
        drop(watch);
    });
}

#[test]
fn hooks_stand_around_services_and_health() {
    let config = |what: &str| {
        let fields = "{ status = \"degraded\", message = \"says the hook\", payload = \"aGVsbG8=\" }";
        format!("[plugin.hooks]\nenabled = true\n[plugin.hooks.config]\ndo = {{ {what} }}\nfields = {fields}\n")
    };
    with_runtime(&config("service-call = \"veto\", plugin-stop = \"log\""), async |runtime, lines| {
        let running = runtime.start(&["answers"], logging(&lines)).await.unwrap();
        let error = running.call_service("answers/echo", "greet", Vec::new()).await.unwrap_err();
        assert!(error.code == "hook-veto" && error.message.contains("hooks/service-call"), "{error:?}");
        running.stop().await;
        assert!(lines.lock().unwrap().iter().any(|line| line == "plugin.stop plugin-stop answers"));
    });
    with_runtime(&config("service-call = \"tell\""), async |runtime, lines| {
        let running = runtime.start(&["answers"], logging(&lines)).await.unwrap();
        running.call_service("answers/echo", "greet", b"f".to_vec()).await.unwrap();
        let lines = lines.lock().unwrap();
        assert!(lines.iter().any(|line| line.contains("\"caller\":\"host\"") && line.contains("Zg==")), "{lines:?}");
    });
    with_runtime(&config("plugin-fail = \"tell\""), async |runtime, lines| {
        let running = runtime.start(&["asks"], logging(&lines)).await.unwrap();
        let _ = running.call_service("answers/echo", "panic", Vec::new()).await.unwrap_err();
        let lines = lines.lock().unwrap();
        assert!(lines.iter().any(|line| line.contains("\"dependents\":[\"asks\"]")), "{lines:?}");
    });
    with_runtime(&config("service-call = \"panic\""), async |runtime, lines| {
        let running = runtime.start(&["answers"], logging(&lines)).await.unwrap();
        let error = running.call_service("answers/echo", "greet", Vec::new()).await.unwrap_err();
        assert!(error.message.contains("hooks/service-call"), "{error:?}");
        assert_eq!(running.state("answers"), Some(State::Started), "the fault is the hook's");
    });
}

#[test]
fn states_end_when_the_last_handle_goes() {
    with_runtime("", async |runtime, lines| {
        let running = runtime.start(&["answers"], logging(&lines)).await.unwrap();
        drop(running);
        assert_eq!(lines.lock().unwrap().as_slice(), ["answers starts", "answers stops"]);
    });
}

#[test]
fn the_list_shows_how_far_each_plugin_comes() {
    let list = |config: &str, arguments: &[&str]| {
        let folder = folder("", &[("jackfield.toml", config.as_bytes())]);
        for guest in ["answers", "asks"] {
            lay_out(guest, folder.path());
        }
        let mut command = jackfield(folder.path());
        command.env("JACKFIELD_PLUGINS", folder.path().join("plugins"));
        let output = command.args(["plugin", "list", "--config", "jackfield.toml"]).args(arguments).output().unwrap();
        (output.status.code().unwrap_or(-1), text(&output))
    };
    let states = |said: &str| {
        let state = |plugin: &str| {
            let line = said.lines().find(|line| line.trim_start().starts_with(plugin)).unwrap_or_default();
            line.split_whitespace().nth(2).unwrap_or_default().to_owned()
        };
        [state("answers "), state("asks "), state("csv ")]
    };
    let (exit, said) = list("", &[]);
    assert_eq!((exit, states(&said)), (0, ["resolved", "resolved", "resolved"].map(str::to_owned)), "{said}");
    let (exit, said) = list("", &["--start", "-v"]);
    assert_eq!((exit, states(&said)), (0, ["started", "started", "started"].map(str::to_owned)), "{said}");
    let place = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words} is not in {said}"));
    assert!(place("asks 0.1.0: started -> stopped") < place("answers 1.2.0: started -> stopped"), "{said}");
    let (exit, said) = list("[plugin.answers.config]\nhealth = \"degraded\"\n", &["--start"]);
    assert_eq!((exit, states(&said)), (0, ["degraded", "started", "started"].map(str::to_owned)), "{said}");
    assert!(said.contains("answers 1.2.0, degraded: slow on purpose"), "{said}");
    let (exit, said) = list("[plugin.answers.config]\nstart = \"fail\"\n", &["--start"]);
    assert_eq!((exit, states(&said)), (1, ["failed", "resolved", "started"].map(str::to_owned)), "{said}");
    assert!(
        said.contains("this plugin fails on purpose") && said.contains("asks cannot work without answers"),
        "{said}"
    );
}

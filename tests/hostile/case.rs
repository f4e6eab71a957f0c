//! One hostile run in a process of its own, with another pipeline running beside it all the time.
//!
//! The test starts its own executable once more; [`child`] runs the pipeline there and tells what became of it. So a
//! case that killed its host would fail its own test only, and memory, descriptors and threads are those of the case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jackfield_runtime::host::CancelToken;
use jackfield_runtime::settings::PluginFolder;
use jackfield_runtime::{PlanRequest, Rank, Report, RunReport, Runtime, Settings};
use serde_json::{Value, json};

use crate::support::{fresh_state, lay_out, set_down, text, try_grant};

/// Where the child looks for its case.
const FOLDER: &str = "JACKFIELD_HOSTILE_FOLDER";

/// Stands before the child's report on its standard output.
const REPORT: &str = "hostile-report: ";

/// So much memory a run may leave with the allocator, which keeps it for the next one.
const KEPT_BYTES: u64 = 96 << 20;

/// The other pipeline.
const NEIGHBOUR: &str = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"filter\"\ninput = \"a\"\n\
                         params = { where = \"x > 10\" }\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";

/// What is run.
pub(crate) struct Case {
    folder: tempfile::TempDir,
    pipeline: String,
    limits: String,
    raised: Vec<&'static str>,
    /// Of the child's process.
    variables: Vec<(&'static str, PathBuf)>,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Ran {
    folder: tempfile::TempDir,
    report: Value,
}

impl Case {
    /// `in.csv` -> the node of a guest from `tests/guests` -> `out.jsonl`.
    pub(crate) fn node(guest: &str, node: &str, params: &str) -> Case {
        let case = Case::pipeline(&through(node, params));
        lay_out(guest, case.folder.path());
        case
    }

    /// The same with a node `evil` of this component.
    pub(crate) fn evil(component: &[u8]) -> Case {
        let case = Case::pipeline(&through("evil", "{}"));
        let folder = case.folder.path().join("plugins/evil");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("evil.wasm"), component).unwrap();
        let manifest = "[plugin]\nname = \"evil\"\nversion = \"6.6.6\"\ndescription = \"Means harm\"\nlicense = \"MIT\"\n\
                        component = \"evil.wasm\"\n\n[[provides.node]]\ntype = \"evil\"\n";
        fs::write(folder.join("plugin.toml"), manifest).unwrap();
        case
    }

    /// Any pipeline, beside `in.csv` with some rows of `x,y`.
    pub(crate) fn pipeline(text: &str) -> Case {
        let folder = tempfile::tempdir().unwrap();
        let case = Case {
            folder,
            pipeline: text.to_owned(),
            limits: String::new(),
            raised: Vec::new(),
            variables: Vec::new(),
        };
        case.file("in.csv", b"x,y\n1,a\n2,\n3,ccc\n4,d\n")
    }

    /// A guest whose parameter `steps` says what it tries, with its rights: `manifest` changes what it asks for, and
    /// `prepare` makes files and gives the arguments of `jackfield plugin grant`. Nobody else's grants are touched.
    pub(crate) fn granted(
        guest: &str,
        steps: &[&str],
        manifest: impl Fn(String) -> String,
        prepare: impl FnOnce(&Path) -> Vec<String>,
    ) -> Case {
        let steps: Vec<String> = steps.iter().map(|step| toml::Value::String((*step).to_owned()).to_string()).collect();
        let case = Case::pipeline(&through(guest, &format!("{{ steps = [{}] }}", steps.join(", "))));
        let folder = case.folder.path();
        let plugins = set_down(guest, folder);
        let asked = plugins.join(guest).join("plugin.toml");
        fs::write(&asked, manifest(fs::read_to_string(&asked).unwrap())).unwrap();
        let state = folder.join("state");
        fs::create_dir(&state).unwrap();
        fs::copy(fresh_state().path().join("machine.key"), state.join("machine.key")).unwrap();
        let mut arguments = vec![guest.to_owned()];
        arguments.extend(prepare(folder));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let granted = try_grant(&plugins, &arguments, &state);
        assert!(granted.status.success(), "{arguments:?}: {}", text(&granted));
        case
    }

    /// A variable of the environment of the process that it runs in.
    pub(crate) fn variable(mut self, name: &'static str, value: &Path) -> Case {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Where its files lie.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A guest from `tests/guests` besides.
    pub(crate) fn with_guest(self, guest: &str) -> Case {
        lay_out(guest, self.folder.path());
        self
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Case {
        fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// A line of `[limits]`.
    pub(crate) fn limit(mut self, line: &str) -> Case {
        self.limits.push_str(line);
        self.limits.push('\n');
        self
    }

    /// Raises a limit to where it is never reached, as only the operator can.
    pub(crate) fn raise(mut self, name: &'static str) -> Case {
        self.raised.push(name);
        self
    }

    /// Runs it.
    pub(crate) fn run(self) -> Ran {
        let path = self.folder.path();
        let limits = if self.limits.is_empty() { String::new() } else { format!("\n[limits]\n{}", self.limits) };
        fs::write(path.join("pipeline.toml"), format!("{}{limits}", self.pipeline)).unwrap();
        fs::write(path.join("raised.json"), json!(self.raised).to_string()).unwrap();
        fs::create_dir(path.join("neighbour")).unwrap();
        let rows: String = (0..1000).map(|row| format!("{row},t\n")).collect();
        fs::write(path.join("neighbour/in.csv"), format!("x,y\n{rows}")).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "case::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, path)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "the host did not survive: {:?}\n{said}", output.status);
        let report = said.lines().find_map(|line| line.split_once(REPORT)).unwrap_or_else(|| panic!("{said}")).1;
        let ran = Ran { folder: self.folder, report: serde_json::from_str(report).unwrap() };
        ran.left_nothing();
        ran
    }
}

fn through(node: &str, params: &str) -> String {
    format!(
        "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"{node}\"\ninput = \"a\"\nparams = {params}\n\n\
         [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n"
    )
}

impl Ran {
    /// Whether it ran to its end.
    pub(crate) fn succeeded(&self) -> bool {
        self.report["problems"].as_array().unwrap().is_empty()
    }

    /// It was refused or stopped with this code, and the message has these words; what to do is said.
    pub(crate) fn refused(&self, code: &str, words: &[&str]) -> &Ran {
        let problems = self.report["problems"].as_array().unwrap();
        let of_code = |problem: &&Value| problem["code"] == code;
        let problem = problems.iter().find(of_code).unwrap_or_else(|| panic!("no {code} in {}", self.brief()));
        let text = format!("{} {}", problem["message"].as_str().unwrap(), problem["help"].as_str().unwrap_or(""));
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
        assert!(!text.contains("panicked at crates"), "{text}");
        assert!(!self.folder.path().join("out.jsonl").exists(), "a refused run left its output");
        self
    }

    /// The codes of all problems.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let problems = self.report["problems"].as_array().unwrap();
        assert!(!problems.is_empty(), "nothing was refused");
        problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect()
    }

    /// A limit stopped it: the message names plugin, limit, value and setting, the help says what to raise, and the one
    /// event of it says the same.
    pub(crate) fn stopped(&self, plugin: &str, code: &str, value: &str) -> &Ran {
        let setting = format!("limits.{code}");
        self.refused(code, &[plugin, value, &setting, &format!("raise `{setting}`")]);
        self.event(plugin, code);
        let limit = &self.report["stops"][0]["limit"];
        assert_eq!((limit["value"].as_str(), limit["setting"].as_str()), (Some(value), Some(setting.as_str())));
        self
    }

    /// There is one event, which names the plugin and the code, and it was counted.
    pub(crate) fn event(&self, plugin: &str, code: &str) -> &Ran {
        let stops = self.report["stops"].as_array().unwrap();
        assert_eq!(stops.len(), 1, "{}", self.brief());
        assert_eq!((stops[0]["code"].as_str(), stops[0]["plugin"].as_str()), (Some(code), Some(plugin)));
        let counted = self.report["counts"].as_array().unwrap();
        let counter = counted.iter().find(|count| count["code"] == code && count["plugin"] == plugin);
        assert!(counter.is_some_and(|counter| counter["count"].as_u64().unwrap() > 0), "not counted: {counted:?}");
        self
    }

    /// Its calls took no longer than this besides what is the same for all runs.
    pub(crate) fn within(&self, most: Duration) -> &Ran {
        assert!(self.took() <= most, "it took {:?}, more than {most:?}", self.took());
        self
    }

    /// What came of each step of a guest that has some: as it is, or up to a `*`.
    #[track_caller]
    pub(crate) fn seen(&self, expected: &[&str]) -> &Ran {
        let rows: Vec<Value> = self.output().lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        assert_eq!(rows.len(), expected.len(), "{rows:?}");
        for (row, expected) in rows.iter().zip(expected) {
            let seen = row["seen"].as_str().unwrap();
            let fits = match expected.strip_suffix('*') {
                Some(start) => seen.starts_with(start),
                None => seen == *expected,
            };
            assert!(fits, "{}: expected {expected}, seen {seen}; {}", row["step"], self.brief());
        }
        self
    }

    /// It was denied something: an event names plugin, permission, what was tried and the fix, each in these words, and
    /// the counter counts it.
    #[track_caller]
    pub(crate) fn denied(&self, permission: &str, what: &str, fix: &str) -> &Ran {
        let denials = self.report["denials"].as_array().unwrap();
        let about =
            |denial: &&Value| denial["permission"] == permission && denial["what"].as_str().unwrap().contains(what);
        let denial = denials.iter().find(about).unwrap_or_else(|| panic!("no denial of {what}: {}", self.brief()));
        assert!(denial["help"].as_str().unwrap().contains(fix), "`{fix}` is not in {denial}");
        assert!(!denial["plugin"].as_str().unwrap().is_empty());
        let counted = self.report["denied"].as_array().unwrap();
        let counter = counted.iter().find(|count| count["what"] == denial["what"]);
        assert!(counter.is_some_and(|counter| counter["count"].as_u64().unwrap() > 0), "not counted: {denial}");
        self
    }

    /// A file of the case.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How long planning and running took.
    pub(crate) fn took(&self) -> Duration {
        Duration::from_secs_f64(self.report["seconds"].as_f64().unwrap())
    }

    /// The resident memory grew by no more than this at any time.
    pub(crate) fn peaked(&self, most: u64) -> &Ran {
        let grown = self.report["peak-bytes"].as_u64().unwrap();
        assert!(grown <= most, "resident memory grew by {} MiB", grown >> 20);
        self
    }

    /// Lines that plugins logged.
    pub(crate) fn log(&self) -> Vec<&str> {
        self.report["log"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
    }

    /// The output, where the run was to succeed.
    pub(crate) fn output(&self) -> String {
        assert!(self.succeeded(), "{}", self.brief());
        fs::read_to_string(self.folder.path().join("out.jsonl")).unwrap()
    }

    /// The report without the plugin's log.
    fn brief(&self) -> Value {
        let mut report = self.report.clone();
        report["log"] = Value::Null;
        report
    }

    fn left_nothing(&self) {
        let report = &self.brief();
        let of = |when: &str, what: &str| report[when][what].as_u64().unwrap();
        // A thread of a run before may still have been about to end.
        assert!(of("after", "descriptors") <= of("before", "descriptors"), "open files: {report}");
        assert!(of("after", "threads") <= of("before", "threads"), "threads: {report}");
        let (before, after) = (of("before", "bytes"), of("after", "bytes"));
        assert!(after <= before + KEPT_BYTES, "memory grew from {before} to {after}: {report}");
        assert!(report["neighbour"].as_u64().unwrap() > 0, "no other pipeline ran meanwhile: {report}");
        assert_eq!(report["neighbour-failed"], 0, "another pipeline failed: {report}");
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains(".tmp")), "{left:?}");
    }
}

/// Descriptors, threads and resident memory of this process.
fn process() -> Value {
    let count = |folder: &str| fs::read_dir(folder).map_or(0, |entries| entries.count());
    json!({ "descriptors": count("/proc/self/fd"), "threads": count("/proc/self/task"), "bytes": status("VmRSS") })
}

fn status(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let number: String = line.chars().filter(char::is_ascii_digit).collect();
    number.parse::<u64>().unwrap() * 1024
}

fn plugins_beside_the_binary() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_jackfield")).with_file_name("plugins")
}

fn open(folder: &Path, raised: &[String]) -> Runtime {
    let configured = |path: PathBuf| PluginFolder { path, rank: Rank::Configured };
    let shared = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let own = folder.join("state");
    let state = if own.exists() { own } else { shared.clone() };
    let mut settings = Settings {
        folders: vec![configured(plugins_beside_the_binary()), configured(folder.join("plugins"))],
        cache_dir: Some(shared.clone()),
        state_dir: Some(state),
        ..Settings::default()
    };
    for name in raised {
        match name.as_str() {
            "fuel-per-call" => settings.limits.fuel_per_call = u64::MAX >> 2,
            "call-timeout" => settings.limits.call_timeout = Duration::from_secs(600),
            other => panic!("nothing raises {other}"),
        }
    }
    Runtime::open(settings)
}

fn run(
    runtime: &Runtime,
    folder: &Path,
    pipeline: &str,
    log: impl Fn(String) + Send + Sync + 'static,
) -> (Option<RunReport>, Option<Report>) {
    let plan = match runtime.plan(&PlanRequest {
        file: "pipeline.toml",
        text: pipeline,
        folder,
        sets: &[],
        env: &|_| None,
        limit: None,
        now_micros: 0,
        cancel: CancelToken::new(),
        log: Arc::new(move |line| log(format!("{} {:?}", line.message, line.fields))),
    }) {
        Ok(plan) => plan,
        Err(report) => return (None, Some(report)),
    };
    match plan.run() {
        Ok(done) => (Some(done), None),
        Err((report, done)) => (Some(done), Some(report)),
    }
}

/// The process once there are no more than so many threads: those that nobody waits for end a moment after the run.
fn settle(threads: u64) -> Value {
    let patience = Instant::now();
    loop {
        let now = process();
        if now["threads"].as_u64().unwrap() <= threads || patience.elapsed() > Duration::from_secs(20) {
            return now;
        }
        std::thread::yield_now();
    }
}

/// What the test's second process does; without a folder to work in, nothing.
#[test]
#[ignore = "started by the tests themselves"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let raised: Vec<String> = serde_json::from_slice(&fs::read(folder.join("raised.json")).unwrap()).unwrap();
    let pipeline = fs::read_to_string(folder.join("pipeline.toml")).unwrap();
    let runtime = open(&folder, &raised);
    let beside = folder.join("neighbour");
    let neighbour = || {
        let (_, failed) = run(&runtime, &beside, NEIGHBOUR, |_| {});
        failed.is_none() && fs::read_to_string(beside.join("out.jsonl")).unwrap().lines().count() == 989
    };
    assert!(neighbour() && neighbour(), "the other pipeline does not run by itself");
    // Each thing that a plugin tries is told once, however often it does.
    let mut denied = runtime.denials();
    // What is compiled stays loaded, and the compiler keeps its threads: neither belongs to what a run leaves behind.
    let _ = run(&runtime, &folder, &pipeline, |_| {});
    assert!(neighbour(), "the other pipeline does not run behind the case");
    let mut before = process();
    let mut events = runtime.stop_events();
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (done, ran, failed) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let (result, seconds, peak) = std::thread::scope(|scope| {
        scope.spawn(|| {
            // At least once while the case runs, and once behind it.
            loop {
                let last = done.load(Ordering::SeqCst);
                ran.fetch_add(1, Ordering::SeqCst);
                failed.fetch_add(u64::from(!neighbour()), Ordering::SeqCst);
                if last {
                    return;
                }
            }
        });
        // From here on the peak is the case's.
        let _ = fs::write("/proc/self/clear_refs", "5");
        let resident = status("VmRSS");
        let started = Instant::now();
        let lines = Arc::clone(&log);
        let result = run(&runtime, &folder, &pipeline, move |line| lines.lock().unwrap().push(line));
        let seconds = started.elapsed().as_secs_f64();
        let peak = status("VmHWM").saturating_sub(resident);
        done.store(true, Ordering::SeqCst);
        (result, seconds, peak)
    });
    let mut stops = Vec::new();
    while let Ok(stop) = events.try_recv() {
        let limit = stop.limit.map(|limit| json!({ "value": limit.value, "setting": limit.setting }));
        stops.push(json!({ "code": stop.code, "plugin": stop.plugin, "limit": limit }));
    }
    let mut denials = Vec::new();
    while let Ok(denial) = denied.try_recv() {
        denials.push(json!({
            "permission": denial.permission, "what": denial.what, "help": denial.help, "plugin": denial.label.plugin,
        }));
    }
    let counts: Vec<Value> = runtime
        .stop_counts()
        .into_iter()
        .map(|stop| json!({ "plugin": stop.plugin, "code": stop.code, "count": stop.count }))
        .collect();
    let (done, refused) = result;
    let counted: Vec<Value> = done.map_or_else(Vec::new, |report| {
        report.denied.iter().map(|denied| json!({ "what": denied.what, "count": denied.count })).collect()
    });
    let problems = refused.map_or_else(Vec::new, |report| {
        report.problems().map(|p| json!({ "code": p.code, "message": p.message, "help": p.help })).collect()
    });
    let mut after = settle(before["threads"].as_u64().unwrap());
    // An allocator may take more once, beside other threads; what is lost is lost each time.
    for _ in 0..2 {
        if after["bytes"].as_u64().unwrap() <= before["bytes"].as_u64().unwrap() + KEPT_BYTES {
            break;
        }
        before["bytes"] = after["bytes"].clone();
        let _ = run(&runtime, &folder, &pipeline, |_| {});
        after = settle(before["threads"].as_u64().unwrap());
    }
    let report = json!({
        "problems": problems,
        "stops": stops,
        "counts": counts,
        "denials": denials,
        "denied": counted,
        "log": *log.lock().unwrap(),
        "seconds": seconds,
        "peak-bytes": peak,
        "before": before,
        "after": after,
        "neighbour": ran.load(Ordering::SeqCst),
        "neighbour-failed": failed.load(Ordering::SeqCst),
    });
    println!("\n{REPORT}{report}");
}

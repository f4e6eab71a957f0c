//! A folder with a guest in it, and what comes of its steps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{fresh_state, jackfield, set_down, text};

/// A folder in which a guest is installed, with a state of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) state: tempfile::TempDir,
    pub(crate) guest: &'static str,
    /// The file of `tests/tls` whose certificates are trusted.
    pub(crate) trusted: Option<&'static str>,
}

impl Place {
    pub(crate) fn new(guest: &'static str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        set_down(guest, folder.path());
        fs::write(folder.path().join("in.csv"), "x\n1\n").unwrap();
        Place { folder, state: fresh_state(), guest, trusted: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn make(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn manifest(&self, change: impl Fn(String) -> String) {
        let path = self.path(&format!("plugins/{}/plugin.toml", self.guest));
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = jackfield(self.folder.path());
        command.env("JACKFIELD_STATE", self.state.path()).env("JACKFIELD_PLUGINS", self.path("plugins"));
        command.env("GREETING", "good day").env("JACKFIELD_TEST_TOKEN", "hunter2");
        if let Some(file) = self.trusted {
            command.env("SSL_CERT_FILE", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(file));
        }
        command.args(arguments).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn grant(&self, arguments: &[&str]) {
        let output = self.run(&[&["plugin", "grant", self.guest][..], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }

    /// Grants the guest `files` all that it asks for.
    pub(crate) fn grant_files(&self) {
        fs::create_dir_all(self.path("out")).unwrap();
        self.make("maps/a.txt", "the map of a\n");
        self.make("one.txt", "only this\n");
        let path = |guest: &str, name: &str| format!("{guest}={}", self.path(name).display());
        let (geo, one, out) = (path("/geo", "maps"), path("/one.txt", "one.txt"), path("/out", "out"));
        self.grant(&["--path", &geo, "--path", &one, "--path", &out]);
    }

    pub(crate) fn pipeline(&self, steps: &[String], more: &str) {
        let steps: Vec<String> = steps.iter().map(|step| toml::Value::String(step.clone()).to_string()).collect();
        let pipeline = format!(
            "{more}\n[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"{}\"\ninput = \"a\"\n\
             params = {{ steps = [{}] }}\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n",
            self.guest,
            steps.join(", ")
        );
        fs::write(self.path("pipeline.toml"), pipeline).unwrap();
    }

    /// What came of each step, and all that was printed.
    #[track_caller]
    pub(crate) fn steps(&self, steps: &[String], more: &str) -> (Vec<String>, String) {
        self.pipeline(steps, more);
        let output = self.run(&["run", "pipeline.toml"]);
        assert!(output.status.success(), "{}", text(&output));
        let rows = fs::read_to_string(self.path("out.jsonl")).unwrap();
        let seen = rows.lines().map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            row["seen"].as_str().unwrap().to_owned()
        });
        (seen.collect(), text(&output))
    }

    #[track_caller]
    pub(crate) fn expect(&self, cases: &[(&str, &str)]) -> String {
        let steps: Vec<String> = cases.iter().map(|(step, _)| (*step).to_owned()).collect();
        let (seen, said) = self.steps(&steps, "");
        for ((step, expected), seen) in cases.iter().zip(&seen) {
            let fits = match expected.strip_suffix('*') {
                Some(start) => seen.starts_with(start),
                None => seen == expected,
            };
            assert!(fits, "{step}: expected {expected}, seen {seen}\n{said}");
        }
        said
    }
}

/// The guest `requests`, granted for a server.
pub(crate) fn requests(server: &crate::server::Server) -> Place {
    let place = Place::new("requests");
    place.manifest(|text| text.replace("ports = [80]", &format!("ports = [{}]", server.port)));
    place.grant(&[]);
    fs::write(place.path("jackfield.toml"), "").unwrap();
    place
}

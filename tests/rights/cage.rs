//! A property: whatever paths a plugin makes up, a granted folder is all that it sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::place::Place;

/// A file tree as a plugin in a cage of its own would see it.
#[derive(Clone, Debug)]
enum Model {
    File(String),
    Folder(BTreeMap<String, Model>),
}

impl Model {
    fn empty() -> Model {
        Model::Folder(BTreeMap::new())
    }

    /// What lies at a path below the cage's top, which `..` does not leave. `None`: nothing, or it leads out.
    fn at(&mut self, path: &[&str]) -> Option<&mut Model> {
        let mut trail: Vec<String> = Vec::new();
        for (number, part) in path.iter().enumerate() {
            // Each part before the last has to be a folder, also where the next one leads back.
            let here = self.plain(&trail)?;
            let Model::Folder(entries) = here else { return None };
            match *part {
                "." => {}
                ".." => drop(trail.pop()?),
                name if entries.contains_key(name) || number + 1 == path.len() => trail.push(name.to_owned()),
                _ => return None,
            }
        }
        self.plain(&trail)
    }

    fn plain(&mut self, trail: &[String]) -> Option<&mut Model> {
        let mut here = self;
        for part in trail {
            let Model::Folder(entries) = here else { return None };
            here = entries.get_mut(part)?;
        }
        Some(here)
    }

    fn carry_out(&mut self, verb: &str, path: &str) -> Option<String> {
        let inside = path.strip_prefix("/out")?;
        let parts: Vec<&str> = inside.split('/').filter(|part| !part.is_empty()).collect();
        match verb {
            "read" => match self.at(&parts)? {
                Model::File(text) => Some(text.clone()),
                Model::Folder(_) => None,
            },
            "list" => match self.at(&parts)? {
                Model::Folder(entries) => Some(entries.keys().cloned().collect::<Vec<_>>().join(" ")),
                Model::File(_) => None,
            },
            "write" | "mkdir" | "remove" => {
                let (last, before) = parts.split_last()?;
                if matches!(*last, "." | "..") {
                    return None;
                }
                let Model::Folder(entries) = self.at(before)? else { return None };
                let made = match (verb, entries.get(*last)) {
                    ("write", Some(Model::Folder(_))) | ("mkdir", Some(_)) => return None,
                    ("remove", Some(Model::File(_))) => {
                        entries.remove(*last);
                        return Some("done".to_owned());
                    }
                    ("remove", _) => return None,
                    ("write", _) => Model::File("new".to_owned()),
                    _ => Model::empty(),
                };
                entries.insert((*last).to_owned(), made);
                Some("done".to_owned())
            }
            _ => None,
        }
    }
}

fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "c", ".", "..", "..", "out", "secret.txt"]);
    let top = prop::sample::select(vec!["/out", "/out", "/out", "/out", "", "/", "/geo", "/etc"]);
    (top, prop::collection::vec(part, 0..5)).prop_map(|(top, parts)| {
        parts
            .iter()
            .fold(top.to_owned(), |path, part| if path.ends_with('/') { path + part } else { format!("{path}/{part}") })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever paths a plugin makes up, it sees what it would see in a cage with nothing but the granted folder in it.
    #[test]
    fn a_granted_folder_is_a_cage(
        steps in prop::collection::vec((prop::sample::select(vec!["read", "list", "write", "mkdir", "remove"]), paths()), 1..40)
    ) {
        let place = Place::new("files");
        place.make("secret.txt", "nobody's business");
        fs::create_dir_all(place.path("out")).unwrap();
        place.manifest(|text| text.replace("quota = \"64KiB\"", "quota = \"64MiB\""));
        let out = format!("/out={}", place.path("out").display());
        place.grant(&["--path", &out, "--only", "filesystem.write /out quota 64MiB"]);
        let mut cage = Model::empty();
        let typed: Vec<String> = steps
            .iter()
            .map(|(verb, path)| if *verb == "write" { format!("{verb} {path} new") } else { format!("{verb} {path}") })
            .collect();
        let (seen, _) = place.steps(&typed, "");
        for ((verb, path), seen) in steps.iter().zip(seen) {
            match cage.carry_out(verb, path) {
                Some(expected) => prop_assert_eq!(&seen, &expected, "{} {}", verb, path),
                None => prop_assert!(seen.starts_with("no: "), "{} {}: {}", verb, path, seen),
            }
        }
        prop_assert_eq!(fs::read_to_string(place.path("secret.txt")).unwrap(), "nobody's business");
        prop_assert!(!Path::new("/etc/a").exists());
    }
}

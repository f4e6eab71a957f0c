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
    /// Followed beneath the cage's top; one that is absolute, or leads above it, leads nowhere.
    Link(String),
}

/// Links that somebody else has made in the folder: inside of it, out of it, and in a circle.
const LINKS: [(&str, &str); 6] = [
    ("in", "a"),
    ("up", "../secret.txt"),
    ("abs", "/etc"),
    ("loop", "loop"),
    ("deep", "a/../b"),
    ("far", "b/../../out/a"),
];

/// Links in a row that are followed.
const MOST_LINKS: u32 = 16;

fn parts_of(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

impl Model {
    fn empty() -> Model {
        Model::Folder(BTreeMap::new())
    }

    fn top() -> Model {
        Model::Folder(LINKS.iter().map(|(name, to)| ((*name).to_owned(), Model::Link((*to).to_owned()))).collect())
    }

    /// The way to what a path names, from `trail` on, without links, `.` and `..`; its last part need not be there.
    /// `None`: it leads out, or through something that is no folder.
    fn walk(&self, mut trail: Vec<String>, parts: &[&str], follow: bool, links: u32) -> Option<Vec<String>> {
        for (number, part) in parts.iter().enumerate() {
            // Each part before the last has to be a folder, also where the next one leads back.
            let Model::Folder(entries) = self.plain(&trail)? else { return None };
            let last = number + 1 == parts.len();
            match (*part, entries.get(*part)) {
                (".", _) => {}
                ("..", _) => drop(trail.pop()?),
                (_, Some(Model::Link(target))) if !last || follow => {
                    if target.starts_with('/') || links == 0 {
                        return None;
                    }
                    trail = self.walk(trail, &parts_of(target), true, links - 1)?;
                }
                (name, Some(_)) => trail.push(name.to_owned()),
                (name, None) if last => trail.push(name.to_owned()),
                _ => return None,
            }
        }
        Some(trail)
    }

    fn plain(&self, trail: &[String]) -> Option<&Model> {
        let mut here = self;
        for part in trail {
            let Model::Folder(entries) = here else { return None };
            here = entries.get(part)?;
        }
        Some(here)
    }

    /// The folder that a way ends in.
    fn folder_of(&mut self, trail: &[String]) -> Option<&mut BTreeMap<String, Model>> {
        let mut here = self;
        for part in trail.split_last()?.1 {
            let Model::Folder(entries) = here else { return None };
            here = entries.get_mut(part)?;
        }
        match here {
            Model::Folder(entries) => Some(entries),
            _ => None,
        }
    }

    fn carry_out(&mut self, verb: &str, path: &str, more: &str) -> Option<String> {
        let parts = parts_of(path.strip_prefix("/out")?);
        let changes = !matches!(verb, "read" | "list");
        if changes && matches!(*parts.last()?, "." | "..") {
            return None;
        }
        let follow = matches!(verb, "read" | "list" | "write");
        let trail = self.walk(Vec::new(), &parts, follow, MOST_LINKS)?;
        let there = self.plain(&trail).cloned();
        let made = match (verb, there) {
            ("read", Some(Model::File(text))) => return Some(text),
            ("list", Some(Model::Folder(entries))) => {
                return Some(entries.keys().cloned().collect::<Vec<_>>().join(" "));
            }
            ("write", None | Some(Model::File(_))) => Some(Model::File("new".to_owned())),
            ("mkdir", None) => Some(Model::empty()),
            // Links that would lead out are not made.
            ("symlink", None) if !more.starts_with('/') && !more.contains("..") => Some(Model::Link(more.to_owned())),
            ("remove", Some(Model::File(_) | Model::Link(_))) => None,
            _ => return None,
        };
        let name = trail.last()?.clone();
        let folder = self.folder_of(&trail)?;
        match made {
            Some(made) => drop(folder.insert(name, made)),
            None => drop(folder.remove(&name)),
        }
        Some("done".to_owned())
    }
}

fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "in",
        "up",
        "abs",
        "loop",
        "deep",
        "far",
        ".",
        "..",
        "..",
        "out",
        "secret.txt",
    ]);
    let top = prop::sample::select(vec!["/out", "/out", "/out", "/out", "", "/", "/geo", "/etc"]);
    (top, prop::collection::vec(part, 0..5)).prop_map(|(top, parts)| {
        parts
            .iter()
            .fold(top.to_owned(), |path, part| if path.ends_with('/') { path + part } else { format!("{path}/{part}") })
    })
}

fn verbs() -> impl Strategy<Value = (&'static str, &'static str)> {
    let targets = prop::sample::select(vec!["a", "b", "in", "b/c", "./a", "..", "../secret.txt", "a/../../x", "/etc"]);
    prop_oneof![
        4 => prop::sample::select(vec!["read", "list", "write", "mkdir", "remove"]).prop_map(|verb| (verb, "new")),
        1 => targets.prop_map(|target| ("symlink", target)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever paths a plugin makes up, it sees what it would see in a cage with nothing but the granted folder in it.
    #[test]
    fn a_granted_folder_is_a_cage(steps in prop::collection::vec((verbs(), paths()), 1..60)) {
        let place = Place::new("files");
        place.make("secret.txt", "nobody's business");
        fs::create_dir_all(place.path("out")).unwrap();
        for (name, target) in LINKS {
            std::os::unix::fs::symlink(target, place.path("out").join(name)).unwrap();
        }
        place.manifest(|text| text.replace("quota = \"64KiB\"", "quota = \"64MiB\""));
        let out = format!("/out={}", place.path("out").display());
        place.grant(&["--path", &out, "--only", "filesystem.write /out quota 64MiB"]);
        let mut cage = Model::top();
        let typed: Vec<String> = steps.iter().map(|((verb, more), path)| format!("{verb} {path} {more}")).collect();
        let (seen, _) = place.steps(&typed, "");
        for (((verb, more), path), seen) in steps.iter().zip(seen) {
            match cage.carry_out(verb, path, more) {
                Some(expected) => prop_assert_eq!(&seen, &expected, "{} {} {}", verb, path, more),
                None => prop_assert!(seen.starts_with("no: "), "{} {} {}: {}", verb, path, more, seen),
            }
        }
        prop_assert_eq!(fs::read_to_string(place.path("secret.txt")).unwrap(), "nobody's business");
        prop_assert!(!Path::new("/etc/a").exists());
    }
}

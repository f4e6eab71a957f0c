//! Selections against a search that tries everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use semver::{Version, VersionReq};

use super::*;

fn candidate(name: &str, version: &str, requires: &[(&str, &str, bool)], provides: &[(&str, &str)]) -> Candidate {
    let requires = requires.iter().map(|(target, version, optional)| Wanted {
        target: match target.strip_prefix("capability:") {
            Some(id) => Target::Capability(id.to_owned()),
            None => Target::Plugin((*target).to_owned()),
        },
        version: VersionReq::parse(version).unwrap(),
        optional: *optional,
    });
    Candidate {
        name: name.to_owned(),
        version: Version::parse(version).unwrap(),
        requires: requires.collect(),
        provides: provides.iter().map(|(id, version)| ((*id).to_owned(), Version::parse(version).unwrap())).collect(),
    }
}

fn universe(candidates: Vec<Candidate>) -> Universe {
    Universe::new(candidates, &BTreeMap::new())
}

fn names(universe: &Universe, selection: &Selection) -> Vec<String> {
    selection.order.iter().map(|index| universe.name(*index)).collect()
}

fn explained(universe: &Universe, root: usize) -> String {
    let explanation = universe.explain(&universe.solve(&[root]).unwrap_err());
    format!("{}: {}\n{}\n", explanation.code, explanation.summary, explanation.chain.join("\n"))
}

#[test]
fn requirements_come_first() {
    let all = universe(vec![
        candidate("app", "1.0.0", &[("left", "^1", false), ("capability:geo", "^2", false)], &[]),
        candidate("left", "1.2.0", &[("base", "*", false)], &[]),
        candidate("maps", "0.3.0", &[("base", "*", false)], &[("geo", "2.1.0")]),
        candidate("base", "1.0.0", &[], &[]),
    ]);
    let selection = all.solve(&[0]).unwrap();
    let order = names(&all, &selection);
    assert_eq!(order.first().unwrap(), "base 1.0.0");
    assert_eq!(order.last().unwrap(), "app 1.0.0");
    assert_eq!(order.len(), 4);
}

#[test]
fn an_older_version_is_taken_where_only_it_goes_with_the_others() {
    let all = universe(vec![
        candidate("app", "1.0.0", &[("left", "*", false), ("shared", "^1", false)], &[]),
        candidate("left", "2.0.0", &[("shared", "^2", false)], &[]),
        candidate("left", "1.0.0", &[("shared", "^1", false)], &[]),
        candidate("shared", "2.0.0", &[], &[]),
        candidate("shared", "1.0.0", &[], &[]),
    ]);
    assert!(all.greedy(&[0]).is_none());
    assert_eq!(names(&all, &all.solve(&[0]).unwrap()), ["shared 1.0.0", "left 1.0.0", "app 1.0.0"]);
    // Others are free to use the newer one at the same time.
    assert_eq!(names(&all, &all.solve(&[1]).unwrap()), ["shared 2.0.0", "left 2.0.0"]);
}

#[test]
fn the_chain_is_told() {
    let all = universe(vec![
        candidate("app", "1.0.0", &[("left", "^1", false), ("right", "^1", false)], &[]),
        candidate("left", "1.2.0", &[("shared", "^1", false)], &[]),
        candidate("right", "1.0.0", &[("shared", "^2", false)], &[]),
        candidate("shared", "1.0.0", &[], &[]),
        candidate("shared", "2.0.0", &[], &[]),
    ]);
    let text = explained(&all, 0);
    assert!(
        text.starts_with("conflicting-requirements: no set of versions satisfies all that is required\n"),
        "{text}"
    );
    for line in [
        "app 1.0.0 requires left ^1",
        "app 1.0.0 requires right ^1",
        "left 1.2.0 requires shared ^1",
        "right 1.0.0 requires shared ^2",
        "installed of shared: 1.0.0, 2.0.0",
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let all = universe(vec![
        candidate("app", "1.0.0", &[("left", "^1", false)], &[]),
        candidate("left", "1.2.0", &[("capability:geo", "^2", false)], &[]),
        candidate("old", "1.0.0", &[], &[("geo", "1.0.0")]),
    ]);
    assert_eq!(
        explained(&all, 0),
        "missing-requirement: left 1.2.0 requires capability:geo ^2, and no installed version fits\n\
         app 1.0.0 requires left ^1\nleft 1.2.0 requires capability:geo ^2\n\
         installed of left: 1.2.0\ninstalled of capability:geo: 1.0.0 by old 1.0.0\n"
    );
    let alone = universe(vec![candidate("app", "1.0.0", &[("geo", "^1", false)], &[])]);
    assert!(explained(&alone, 0).starts_with("missing-requirement: app 1.0.0 requires geo ^1, which is not installed"));
    let optional = universe(vec![candidate("app", "1.0.0", &[("geo", "^1", true)], &[])]);
    assert_eq!(names(&optional, &optional.solve(&[0]).unwrap()), ["app 1.0.0"]);
}

#[test]
fn cycles_are_named_in_full() {
    for length in [1, 2, 5, 60] {
        let name = |number: usize| format!("p{}", number % length);
        let ring = (0..length).map(|n| candidate(&name(n), "1.0.0", &[(&name(n + 1), "*", false)], &[]));
        let ring = universe(ring.collect());
        let Err(conflict @ Conflict::Cycle(_)) = ring.solve(&[0]) else { panic!("a cycle of {length} was not found") };
        let summary = ring.explain(&conflict).summary;
        assert_eq!(summary.matches(" -> ").count(), length, "{summary}");
    }
}

#[test]
fn a_way_around_a_cycle_is_found() {
    let all = universe(vec![
        candidate("app", "1.0.0", &[("base", "*", false)], &[]),
        candidate("base", "2.0.0", &[("app", "*", false)], &[]),
        candidate("base", "1.0.0", &[], &[]),
    ]);
    assert_eq!(names(&all, &all.solve(&[0]).unwrap()), ["base 1.0.0", "app 1.0.0"]);
    // What is optional gives way.
    let optional = universe(vec![
        candidate("app", "1.0.0", &[("base", "*", false)], &[]),
        candidate("base", "2.0.0", &[("app", "*", true)], &[]),
    ]);
    assert_eq!(names(&optional, &optional.solve(&[0]).unwrap()), ["base 2.0.0", "app 1.0.0"]);
}

#[test]
fn a_preferred_provider_is_taken() {
    let candidates = vec![
        candidate("app", "1.0.0", &[("capability:geo", "*", false)], &[]),
        candidate("first", "1.0.0", &[], &[("geo", "1.0.0")]),
        candidate("second", "1.0.0", &[], &[("geo", "1.0.0")]),
    ];
    let preferred = BTreeMap::from([("geo".to_owned(), "second".to_owned())]);
    let order = |universe: &Universe| names(universe, &universe.solve(&[0]).unwrap());
    assert_eq!(order(&Universe::new(candidates.clone(), &BTreeMap::new())), ["first 1.0.0", "app 1.0.0"]);
    assert_eq!(order(&Universe::new(candidates, &preferred)), ["second 1.0.0", "app 1.0.0"]);
}

/// Whether a choice (a candidate per plugin, a provider per capability) satisfies all requirements of its members.
fn holds(candidates: &[Candidate], members: &BTreeSet<usize>, providers: &BTreeMap<String, usize>) -> bool {
    let mut edges = Vec::new();
    for from in members {
        for wanted in candidates[*from].requires.iter().filter(|wanted| !wanted.optional) {
            let to = match &wanted.target {
                Target::Plugin(name) => members
                    .iter()
                    .find(|m| candidates[**m].name == *name)
                    .copied()
                    .filter(|m| wanted.version.matches(&candidates[*m].version)),
                Target::Capability(id) => providers.get(id).copied().filter(|provider| {
                    let provides = &candidates[*provider].provides;
                    members.contains(provider)
                        && provides.iter().any(|(known, version)| known == id && wanted.version.matches(version))
                }),
            };
            let Some(to) = to else { return false };
            edges.push((*from, to));
        }
    }
    // Without cycle: members can be taken away one after the other, each when it requires none that is left.
    let mut left = members.clone();
    while !left.is_empty() {
        let free = left.iter().find(|m| !edges.iter().any(|(from, to)| from == *m && left.contains(to))).copied();
        match free {
            Some(free) => drop(left.remove(&free)),
            None => return false,
        }
    }
    true
}

/// Tries every choice there is.
fn possible(candidates: &[Candidate], root: usize) -> bool {
    let mut options: Vec<Vec<Option<usize>>> = Vec::new();
    let names: BTreeSet<&str> = candidates.iter().map(|c| c.name.as_str()).collect();
    for name in &names {
        let versions = (0..candidates.len()).filter(|i| candidates[*i].name == *name).map(Some);
        options.push(std::iter::once(None).chain(versions).collect());
    }
    let ids: BTreeSet<&str> = candidates.iter().flat_map(|c| c.provides.iter().map(|(id, _)| id.as_str())).collect();
    for id in &ids {
        let providers = (0..candidates.len()).filter(|i| candidates[*i].provides.iter().any(|(known, _)| known == id));
        options.push(std::iter::once(None).chain(providers.map(Some)).collect());
    }
    let total: usize = options.iter().map(Vec::len).product();
    (0..total).any(|mut number| {
        let choice: Vec<Option<usize>> = options
            .iter()
            .map(|option| {
                let chosen = option[number % option.len()];
                number /= option.len();
                chosen
            })
            .collect();
        let members: BTreeSet<usize> = choice.iter().take(names.len()).flatten().copied().collect();
        let providers = ids.iter().zip(choice.iter().skip(names.len()));
        let providers = providers.filter_map(|(id, c)| Some(((*id).to_owned(), (*c)?))).collect();
        members.contains(&root) && holds(candidates, &members, &providers)
    })
}

/// Few names, few versions, many requirements: most graphs have a conflict somewhere.
fn graphs() -> impl Strategy<Value = Vec<Candidate>> {
    let target = prop_oneof![
        4 => (0..4usize).prop_map(|n| Target::Plugin(format!("p{n}"))),
        1 => (0..2usize).prop_map(|n| Target::Capability(format!("c{n}"))),
        1 => Just(Target::Plugin("missing".to_owned())),
    ];
    let version = prop_oneof![
        3 => Just("*"), 2 => Just("^1"), 2 => Just("^2"), 1 => Just(">=1, <3"), 1 => Just("=2.0.0"),
    ];
    let wanted = (target, version, prop::bool::weighted(0.2)).prop_map(|(target, version, optional)| Wanted {
        target,
        version: VersionReq::parse(version).unwrap(),
        optional,
    });
    let candidate = (0..4usize, 1..3u64, prop::collection::vec(wanted, 0..3), prop::option::weighted(0.3, 0..2usize));
    prop::collection::vec(candidate, 1..6).prop_map(|drawn| {
        let mut candidates: Vec<Candidate> = Vec::new();
        for (name, major, mut requires, provides) in drawn {
            let mut seen = BTreeSet::new();
            requires.retain(|wanted| seen.insert(wanted.target.clone()));
            let (name, version) = (format!("p{name}"), Version::new(major, 0, 0));
            let provides = provides.map(|id| (format!("c{id}"), version.clone())).into_iter().collect();
            if !candidates.iter().any(|known| known.name == name && known.version == version) {
                candidates.push(Candidate { name, version, requires, provides });
            }
        }
        candidates
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_selection_is_found_if_and_only_if_there_is_one(candidates in graphs()) {
        let all = universe(candidates.clone());
        for root in 0..candidates.len() {
            match all.solve(&[root]) {
                Ok(selection) => {
                    let place = |index: usize| selection.order.iter().position(|member| *member == index);
                    prop_assert!(place(root).is_some());
                    for edge in &selection.edges {
                        prop_assert!(place(edge.to).unwrap() < place(edge.from).unwrap(), "{edge:?} is not respected");
                        let wanted = &candidates[edge.from].requires[edge.wanted];
                        let chosen = &candidates[edge.to];
                        let fits = match &wanted.target {
                            Target::Plugin(name) => chosen.name == *name && wanted.version.matches(&chosen.version),
                            Target::Capability(id) => chosen.provides.iter().any(|(known, version)| {
                                known == id && wanted.version.matches(version)
                            }),
                        };
                        prop_assert!(fits);
                    }
                    for member in &selection.order {
                        for (number, wanted) in candidates[*member].requires.iter().enumerate() {
                            let met = selection.edges.iter().any(|e| e.from == *member && e.wanted == number);
                            prop_assert!(met || wanted.optional, "{} is not met", all.name(*member));
                        }
                    }
                    let distinct: BTreeSet<&str> = selection.order.iter().map(|i| candidates[*i].name.as_str()).collect();
                    prop_assert_eq!(distinct.len(), selection.order.len(), "two versions of a plugin in one selection");
                }
                Err(conflict) => {
                    prop_assert!(!possible(&candidates, root), "there is a selection, and not {conflict:?}");
                    real(&candidates, root, &conflict)?;
                }
            }
        }
    }

    #[test]
    fn all_roots_together_are_ordered(candidates in graphs()) {
        let all = universe(candidates.clone());
        let roots: Vec<usize> = (0..candidates.len())
            .filter(|i| !candidates[..*i].iter().any(|known| known.name == candidates[*i].name))
            .collect();
        if let Ok(selection) = all.solve(&roots) {
            prop_assert!(roots.iter().all(|root| selection.order.contains(root)));
            // Whoever goes with all others goes alone as well.
            prop_assert!(roots.iter().all(|root| all.solve(&[*root]).is_ok()));
        }
    }
}

/// A conflict names requirements that are there, and that exclude each other without any further one.
fn real(candidates: &[Candidate], root: usize, conflict: &Conflict) -> Result<(), TestCaseError> {
    match conflict {
        Conflict::Requirements(facts) => {
            prop_assert!(!facts.is_empty());
            let mut only = candidates.to_vec();
            for (index, candidate) in only.iter_mut().enumerate() {
                let named = |number: usize| facts.contains(&(index, number));
                let requires = std::mem::take(&mut candidate.requires).into_iter().enumerate();
                candidate.requires = requires.filter(|(number, _)| named(*number)).map(|(_, wanted)| wanted).collect();
            }
            prop_assert!(!possible(&only, root), "{facts:?} exclude nothing");
        }
        Conflict::Cycle(edges) => {
            prop_assert!(!edges.is_empty());
            for (edge, next) in edges.iter().zip(edges.iter().cycle().skip(1)) {
                prop_assert_eq!(edge.to, next.from);
                prop_assert!(!candidates[edge.from].requires[edge.wanted].optional);
            }
        }
        Conflict::TwoVersions(..) => prop_assert!(false, "there was one root"),
    }
    Ok(())
}

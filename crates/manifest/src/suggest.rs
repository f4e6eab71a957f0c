//! Names that a misspelt word may have meant.

/// Longer words than this are nobody's typing error.
const LONGEST: usize = 100;

/// The names that `word` may have meant, best first, at most three.
///
/// One name is near another if at most a third of the longer one's letters are wrong, or if it begins with the word;
/// case and the difference of `_` and `-` count nothing.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return Vec::new();
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let wanted = plain(word);
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| name.len() <= LONGEST && *name != word)
        .filter_map(|name| {
            let candidate = plain(name);
            let allowed = (wanted.chars().count().max(candidate.chars().count()) / 3).max(1);
            let distance = strsim::damerau_levenshtein(&wanted, &candidate);
            let begins = wanted.len() >= 3 && (candidate.starts_with(&wanted) || wanted.starts_with(&candidate));
            (distance <= allowed || begins && candidate.len() >= 3).then_some((distance, name))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The help that goes with an unknown word: the near names, else all names if they are few.
pub(crate) fn suggestion<'a>(word: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let near = nearest(word, names.clone());
    if !near.is_empty() {
        return Some(format!("did you mean {}?", quoted(&near, "or")));
    }
    let all: Vec<&str> = names.collect();
    match all.len() {
        0 => None,
        1 => Some(format!("there is only `{}`", all.concat())),
        2..=24 => Some(format!("there are {}", quoted(&all, "and"))),
        _ => None,
    }
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn quoted(names: &[&str], last: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => names.concat(),
    }
}

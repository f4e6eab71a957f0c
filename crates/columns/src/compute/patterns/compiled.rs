//! Patterns, compiled once and kept: bounded in length, in compiled size and in number.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex_automata::meta;
use regex_automata::nfa::thompson::NFA;
use regex_automata::util::syntax;

use super::search::Pattern;
use crate::Failure;

/// Bytes that a pattern may have.
const MAX_PATTERN: usize = 4096;
/// Bytes of a compiled pattern, and of the table that a search builds as it goes.
pub(super) const MAX_COMPILED: usize = 1 << 20;
/// Characters that may be looked up for patterns without case: some ten milliseconds.
const MAX_FOLDED: usize = 3_400_000;
/// Patterns that are kept.
const KEPT: usize = 32;

type Kept = Vec<((String, bool), Arc<Pattern>)>;

/// The patterns last used, the latest at the end.
static CACHE: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(Vec::with_capacity(KEPT)));

/// The regular expression of that pattern.
///
/// # Errors
/// `syntax`, or `too-large` for a pattern of more than 4 KiB or one that compiles to more than 1 MiB.
pub(super) fn compile(pattern: &str, ignore_case: bool) -> Result<Arc<Pattern>, Failure> {
    if pattern.len() > MAX_PATTERN {
        return Err(Failure::limit("too-large", "a pattern may have at most 4 KiB").with_parameter("/pattern"));
    }
    let key = (pattern.to_owned(), ignore_case);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = cache.iter().position(|(kept, _)| *kept == key) {
        let found = cache.remove(place);
        let regex = Arc::clone(&found.1);
        cache.push(found);
        return Ok(regex);
    }
    drop(cache);
    if folding(pattern, ignore_case) > MAX_FOLDED {
        let message = "the pattern ignores case in too many large classes of characters";
        let failure = Failure::limit("too-large", message).with_parameter("/pattern");
        return Err(failure.with_help("a class that has no case, or both, is quicker as (?-i:…)"));
    }
    // Parsed once, for the searches of short texts and those of long ones.
    let hir = syntax::parse_with(pattern, &dialect(ignore_case)).map_err(|error| refused(&error.to_string()))?;
    let limits = meta::Config::new().nfa_size_limit(Some(MAX_COMPILED)).hybrid_cache_capacity(MAX_COMPILED);
    let regex = meta::Regex::builder().configure(limits).build_from_hir(&hir).map_err(|_| too_large())?;
    let limits = NFA::config().nfa_size_limit(Some(MAX_COMPILED));
    let nfa = NFA::compiler().configure(limits).build_from_hir(&hir).map_err(|_| too_large())?;
    let regex = Arc::new(Pattern::new(regex, nfa, pattern.to_owned(), ignore_case));
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= KEPT {
        cache.remove(0);
    }
    cache.push((key, Arc::clone(&regex)));
    Ok(regex)
}

fn too_large() -> Failure {
    Failure::limit("too-large", "the pattern compiles to more than 1 MiB").with_parameter("/pattern")
}

fn refused(error: &str) -> Failure {
    // The error draws the pattern over several lines; its last line says what is wrong.
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let failure = Failure::invalid_config("syntax", format!("the pattern is not a regular expression: {reason}"));
    failure.with_parameter("/pattern")
}

/// How patterns are read.
pub(super) fn dialect(ignore_case: bool) -> syntax::Config {
    syntax::Config::new().case_insensitive(ignore_case).nest_limit(64)
}

/// About how many characters are looked up to find those that differ in case only: without case, each class is gone
/// through character by character before its size is known to any limit.
fn folding(pattern: &str, ignore_case: bool) -> usize {
    /// All characters.
    const ALL: usize = 1_100_000;
    /// Those of a class of letters, or of a script.
    const SOME: usize = 140_000;
    let flags = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').any(|c| c == 'i');
    if !ignore_case
        && !pattern.match_indices("(?").any(|(place, _)| flags(pattern.get(place + 2..).unwrap_or_default()))
    {
        return 0;
    }
    let (mut cost, mut characters, mut before) = (0, pattern.chars().peekable(), ' ');
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('\\', Some('P' | 'W' | 'D' | 'S')) => cost += ALL,
            ('\\', Some('p')) => {
                let mut rest = characters.clone().skip(1).peekable();
                let name: String = match rest.peek() {
                    Some('{') => rest.skip(1).take_while(|c| *c != '}').collect(),
                    _ => rest.take(1).collect(),
                };
                let small = name.len() <= 2 && !name.starts_with(['C', '^'])
                    || matches!(&*name, "Latin" | "Greek" | "Cyrillic" | "Han" | "Alphabetic" | "Letter");
                cost += if small { SOME } else { ALL };
            }
            ('\\', Some('w')) => cost += SOME,
            // A range whose end is not ASCII, or is written by its number.
            ('-', Some(end)) if before != '[' && (end == '\\' || !end.is_ascii()) => cost += ALL,
            _ => {}
        }
        if character == '\\' {
            characters.next();
        }
        before = character;
    }
    cost
}

/// A LIKE pattern as a regular expression over the whole text.
///
/// # Errors
/// As [`compile`].
pub(super) fn like(pattern: &str, ignore_case: bool) -> Result<Arc<Pattern>, Failure> {
    if pattern.len() > MAX_PATTERN {
        return Err(Failure::limit("too-large", "a pattern may have at most 4 KiB").with_parameter("/pattern"));
    }
    let mut regex = String::new();
    let mut characters = pattern.chars();
    let mut literal = String::new();
    while let Some(character) = characters.next() {
        let special = match character {
            '%' => ".*",
            '_' => ".",
            '\\' => {
                literal.push(characters.next().unwrap_or('\\'));
                continue;
            }
            other => {
                literal.push(other);
                continue;
            }
        };
        regex.push_str(&regex::escape(&std::mem::take(&mut literal)));
        regex.push_str(special);
    }
    regex.push_str(&regex::escape(&literal));
    // Any text at the begin or the end need not be gone through: what is between may stand anywhere.
    let (from, to) = (regex.trim_start_matches(".*"), regex.trim_end_matches(".*"));
    let begin = if from.len() < regex.len() { "" } else { "^" };
    let end = if to.len() < regex.len() { "" } else { "$" };
    let regex = format!("(?s){begin}{}{end}", from.trim_end_matches(".*"));
    let key_fits = regex.len() <= MAX_PATTERN;
    if key_fits { compile(&regex, ignore_case) } else { Err(Failure::limit("too-large", "the pattern is too long")) }
}

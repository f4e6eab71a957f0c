//! Patterns, compiled once and kept: bounded in length, in compiled size and in number.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::RegexBuilder;
use regex_automata::nfa::thompson::NFA;
use regex_automata::util::syntax;

use super::search::Pattern;
use crate::Failure;

/// Bytes that a pattern may have.
const MAX_PATTERN: usize = 4096;
/// Bytes of a compiled pattern, and of the table that a search builds as it goes.
pub(super) const MAX_COMPILED: usize = 1 << 20;
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
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .nest_limit(64)
        .build()
        .map_err(|error| refused(&error))?;
    let syntax = syntax::Config::new().case_insensitive(ignore_case).nest_limit(64);
    let nfa = NFA::config().nfa_size_limit(Some(MAX_COMPILED));
    let nfa = NFA::compiler().syntax(syntax).configure(nfa).build(pattern).map_err(|_| too_large())?;
    let regex = Arc::new(Pattern::new(regex, nfa, ignore_case));
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

fn refused(error: &regex::Error) -> Failure {
    match error {
        regex::Error::CompiledTooBig(_) => too_large(),
        other => {
            // The error draws the pattern over several lines; its last line says what is wrong.
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let failure =
                Failure::invalid_config("syntax", format!("the pattern is not a regular expression: {reason}"));
            failure.with_parameter("/pattern")
        }
    }
}

/// A LIKE pattern as a regular expression over the whole text.
///
/// # Errors
/// As [`compile`].
pub(super) fn like(pattern: &str, ignore_case: bool) -> Result<Arc<Pattern>, Failure> {
    if pattern.len() > MAX_PATTERN {
        return Err(Failure::limit("too-large", "a pattern may have at most 4 KiB").with_parameter("/pattern"));
    }
    let mut regex = String::from("(?s)^");
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
    regex.push('$');
    let key_fits = regex.len() <= MAX_PATTERN;
    if key_fits { compile(&regex, ignore_case) } else { Err(Failure::limit("too-large", "the pattern is too long")) }
}

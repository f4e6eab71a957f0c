//! Names that a misspelt word may have meant.

/// The names that `word` may have meant, best first, at most three.
pub fn nearest<'a>(_word: &str, _names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    todo!()
}

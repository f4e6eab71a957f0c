//! Failures: what went wrong, for a person (`message`, `help`) and for a program (`kind`, `code`).

use crate::{Failure, FailureKind};
use std::io;

impl Failure {
    /// A failure of some kind. `code` is stable and kebab-case; `message` is lower case, without a full stop.
    pub fn new(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Failure {
            kind,
            code: code.to_owned(),
            message: message.into(),
            row: None,
            column: None,
            parameter: None,
            offset: None,
            help: None,
        }
    }

    /// The data is wrong.
    pub fn invalid_input(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidInput, code, message)
    }

    /// Parameters, options or configuration are wrong.
    pub fn invalid_config(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidConfig, code, message)
    }

    /// A limit of the plugin's own said no.
    pub fn limit(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Limit, code, message)
    }

    /// Something outside is not there now; retrying may help.
    pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, code, message)
    }

    /// A defect in the plugin.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, "internal", message)
    }

    /// The column `name` does not exist; `names` are those that do, of which the nearest become the help.
    pub fn unknown_column<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let nearest = nearest(name, &names);
        let help = match (nearest.is_empty(), names.is_empty()) {
            (false, _) => format!("did you mean {}?", nearest.join(" or ")),
            (true, false) if names.len() <= 30 => format!("the columns are {}", names.join(", ")),
            (true, false) => format!("the columns begin with {}", names.get(..30).unwrap_or_default().join(", ")),
            (true, true) => "the input has no columns".to_owned(),
        };
        Self::invalid_config("unknown-column", format!("there is no column `{name}`")).with_column(name).with_help(help)
    }

    /// Names the row of the input of this call, from 0.
    pub fn with_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Names the column.
    pub fn with_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Names the parameter or option, as a JSON pointer such as `/columns/hours`.
    pub fn with_parameter(mut self, pointer: impl Into<String>) -> Self {
        self.parameter = Some(pointer.into());
        self
    }

    /// Says where in the text of the parameter, as a byte offset.
    pub fn with_offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Says what to do about it.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// So that a failure travels through `std::io` code: [`Failure::from`] of the error gives it back.
impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        io::Error::other(failure)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let (code, message) = match error.kind() {
            io::ErrorKind::UnexpectedEof => ("truncated", "the data ends too early".to_owned()),
            _ => ("invalid-data", error.to_string()),
        };
        match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(_) => Failure::invalid_input(code, message),
        }
    }
}

impl From<Failure> for Vec<Failure> {
    fn from(failure: Failure) -> Self {
        vec![failure]
    }
}

/// The up to three of `names` that are nearest to `word`, nearest first.
pub fn nearest<'a>(word: &str, names: &[&'a str]) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = names
        .iter()
        .map(|name| (distance(&word, &name.to_lowercase()), *name))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein's distance, where two swapped neighbours cost one.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(100).collect();
    let b: Vec<char> = b.chars().take(100).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && *x == b[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_a_journey_through_io() {
        let failure = Failure::invalid_input("checksum", "the checksum does not match").with_row(3);
        let back = Failure::from(io::Error::from(failure.clone()));
        assert_eq!(back.code, "checksum");
        assert_eq!(back.row, Some(3));
    }

    #[test]
    fn an_early_end_is_called_truncated() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::UnexpectedEof));
        assert_eq!(failure.code, "truncated");
    }

    #[test]
    fn the_nearest_names_are_found() {
        assert_eq!(nearest("dep_dealy", &["carrier", "arr_delay", "dep_delay"]), ["dep_delay"]);
        assert!(nearest("zzz", &["carrier"]).is_empty());
    }

    #[test]
    fn an_unknown_column_names_its_neighbours() {
        let failure = Failure::unknown_column("carier", ["carrier", "flight"]);
        assert_eq!(failure.help.as_deref(), Some("did you mean carrier?"));
    }
}

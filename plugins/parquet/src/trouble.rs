//! What the parquet crate says, as failures for people.

use arrow_schema::ArrowError;
use jackfield_sdk::Failure;
use parquet::errors::ParquetError;

/// A file that is not what it should be.
pub(crate) fn damaged(message: impl std::fmt::Display) -> Failure {
    Failure::invalid_input("invalid-data", format!("the parquet file is damaged: {message}"))
}

/// What the parquet crate says of a file.
pub(crate) fn failure(error: ParquetError) -> Failure {
    match error {
        ParquetError::NYI(message) => {
            let message = format!("the parquet file uses something that is not supported: {}", plain(&message));
            Failure::invalid_input("not-supported", message)
        }
        ParquetError::General(message) | ParquetError::EOF(message) | ParquetError::ArrowError(message) => {
            damaged(plain(&message))
        }
        other => damaged(plain(&other.to_string())),
    }
}

/// What it says through arrow.
pub(crate) fn arrow(error: ArrowError) -> Failure {
    match error {
        ArrowError::ParquetError(message) => damaged(plain(&message)),
        other => damaged(plain(&other.to_string())),
    }
}

/// In the manner of our own messages: one line, no capital in front, no full stop.
fn plain(message: &str) -> String {
    let mut text = message.trim();
    for prefix in ["Parquet error:", "Parquet argument error:", "External:", "EOF:", "Arrow:", "Parquet error:"] {
        text = text.strip_prefix(prefix).unwrap_or(text).trim();
    }
    let mut text: String =
        text.trim_end_matches('.').chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    let lower = text.chars().nth(1).is_some_and(|second| second.is_lowercase());
    if let (true, Some(first)) = (lower, text.chars().next()) {
        text.replace_range(..first.len_utf8(), &first.to_lowercase().to_string());
    }
    text
}

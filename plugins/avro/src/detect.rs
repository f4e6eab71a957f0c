//! Tells an Avro file by its first bytes.

use crate::container::MAGIC;
use jackfield_sdk::Candidate;

/// What the file may be, with the reason.
pub(crate) fn candidates(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
    let of =
        |confidence, reason: &str| vec![Candidate { format: "avro".to_owned(), confidence, reason: reason.to_owned() }];
    if head.starts_with(MAGIC) {
        return of(100, "it begins like an Avro container file");
    }
    match name {
        Some(name) if name.to_ascii_lowercase().ends_with(".avro") => of(60, "the name ends in .avro"),
        _ => Vec::new(),
    }
}

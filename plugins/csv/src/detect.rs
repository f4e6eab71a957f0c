//! Guesses from a name and the first bytes whether a file is CSV or TSV.

use crate::feed::{Fed, Feed};
use crate::rows::Records;
use crate::scan::Dialect;
use jackfield_sdk::{Candidate, Piece};
use jackfield_values::incoming;

/// Lines that are looked at.
const LINES: usize = 100;

/// How sure of it somebody must be to be believed against a file's name.
const CLEAR: u8 = 80;

/// Endings of formats whose files hold no rows of delimited text.
const OTHERS: &[&str] = &["jsonl", "ndjson", "jsonlines", "json", "parquet", "arrow", "arrows", "feather"];

/// The formats that the file may be of, with the reasons.
pub(crate) fn candidates(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
    let extension = name.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_ascii_lowercase());
    let candidate =
        |format: &str, confidence, reason: String| Candidate { format: format.to_owned(), confidence, reason };
    let decoded = incoming::head(head);
    let head = decoded.as_deref().unwrap_or(head);
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let named = match extension.as_deref() {
        Some("csv") => Some(("csv", b',')),
        Some("tsv" | "tab") => Some(("tsv", b'\t')),
        _ => None,
    };
    if let (Some((format, delimiter)), Some(ending)) = (named, &extension) {
        let by_name = |confidence| candidate(format, confidence, format!("the name ends in .{ending}"));
        // A first line without the delimiter, or one that looks like JSON, may well be of another format.
        let first = text.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let other = if delimiter == b',' { (b'\t', "tsv", "tab") } else { (b',', "csv", "comma") };
        if first.starts_with(b"{") {
            return vec![by_name(70)];
        }
        return match consistent(text, other.0).filter(|(lines, _)| *lines >= 2 && !first.contains(&delimiter)) {
            Some((lines, fields)) => {
                let reason = in_each(fields - 1, other.2, lines);
                vec![by_name(70), candidate(other.1, CLEAR, reason)]
            }
            None => vec![by_name(90)],
        };
    }
    // JSON has commas in every line too; and no text has control characters like these.
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, None | Some(b'{' | b'['))
        || text.iter().any(|b| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'))
    {
        return Vec::new();
    }
    // Under a name that promises something quite different, plain rows are clear enough.
    let misnamed = extension.is_some_and(|extension| OTHERS.contains(&extension.as_str()));
    [(b'\t', "tsv", "tab", 60), (b',', "csv", "comma", 50)]
        .into_iter()
        .filter_map(|(delimiter, format, what, most)| {
            let (lines, fields) = consistent(text, delimiter)?;
            let confidence = match lines {
                ..2 => most / 3,
                _ if misnamed => CLEAR + most / 10,
                _ => (most - 10) + (lines.min(10) as u8),
            };
            let reason = in_each(fields - 1, what, lines);
            Some(candidate(format, confidence, reason))
        })
        .collect()
}

fn in_each(count: usize, what: &str, lines: usize) -> String {
    let many = if count == 1 { "" } else { "s" };
    match lines {
        1 => format!("{count} {what}{many} in the first line"),
        lines => format!("{count} {what}{many} in each of the first {lines} lines"),
    }
}

/// How many lines there are, and how many fields they all have, if more than one.
fn consistent(text: &[u8], delimiter: u8) -> Option<(usize, usize)> {
    let complete = text.iter().rposition(|b| *b == b'\n').map_or(text, |last| text.get(..=last).unwrap_or(text));
    let mut head = Some(complete.to_vec());
    let pull = move |_| Ok(head.take().map_or(Piece::End, Piece::Data));
    let dialect = Dialect { delimiter, quote: Some(b'"'), comment: None, trim: false };
    let mut feed = Feed::new(Box::new(pull), dialect, 0);
    let mut fields = None;
    let mut lines = 0;
    while let Ok(Fed::Segment(segment)) = feed.next() {
        if segment.unclosed {
            break;
        }
        let records = Records::new(&segment.text, segment.scan.marks(), &segment.scan.ends);
        for record in (0..segment.scan.ends.len()).filter(|record| !records.is_nothing(*record, None)) {
            let found = records.fields(record).len();
            if found < 2 || *fields.get_or_insert(found) != found {
                return None;
            }
            lines += 1;
            if lines == LINES {
                break;
            }
        }
    }
    fields.map(|fields| (lines, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: Option<&str>, head: &str) -> Option<(String, u8)> {
        let mut found = candidates(name, head.as_bytes());
        found.sort_by_key(|c| std::cmp::Reverse(c.confidence));
        found.first().map(|c| (c.format.clone(), c.confidence))
    }

    #[test]
    fn by_name_and_by_content() {
        assert_eq!(first(Some("a/b.CSV"), ""), Some(("csv".to_owned(), 90)));
        assert_eq!(first(Some("x.tab"), ""), Some(("tsv".to_owned(), 90)));
        assert_eq!(first(Some("x.csv"), "a\tb\n1,5\t2\n"), Some(("tsv".to_owned(), 80)));
        assert_eq!(first(Some("x.tsv"), "a,b\n1,2\n"), Some(("csv".to_owned(), 80)));
        assert_eq!(first(Some("x.csv"), "a;b\n1;2\n"), Some(("csv".to_owned(), 90)));
        assert_eq!(first(Some("x.csv"), "a,b\tc\n1,\t2\n"), Some(("csv".to_owned(), 90)));
        assert_eq!(first(Some("x.csv"), "{\"a\": 1}\n"), Some(("csv".to_owned(), 70)));
        assert_eq!(first(Some("x.jsonl"), "a,b\n1,2\n"), Some(("csv".to_owned(), 85)));
        assert_eq!(first(Some("x.jsonl"), "a\tb\n1\t2\n"), Some(("tsv".to_owned(), 86)));
        assert_eq!(first(None, "a,b\n1,2\n\"x,y\",3\ncut"), Some(("csv".to_owned(), 43)));
        assert_eq!(first(Some("x.txt"), "a\tb\n1,5\t2\n"), Some(("tsv".to_owned(), 52)));
        let utf16: Vec<u8> = "\u{feff}a\tb\n1,5\t2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(candidates(Some("x.txt"), &utf16)[0].format, "tsv");
        for head in [
            "",
            "{\"a\": 1, \"b\": 2}\n{\"a\": 1, \"b\": 2}\n",
            "[1,2]\n",
            "hello\nworld\n",
            "a,b\n1\n",
            "a,b\n\u{0}1,2\n",
        ] {
            assert_eq!(first(Some("x.log"), head), None, "{head}");
        }
    }
}

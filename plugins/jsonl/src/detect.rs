//! Guesses from a name and the first bytes whether a file is JSON Lines or a JSON array.

use crate::cursor::Cursor;
use jackfield_sdk::Candidate;

/// Lines that are looked at.
const LINES: usize = 20;

/// What the file may be, with the reason.
pub(crate) fn candidates(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
    let extension = name.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_ascii_lowercase());
    let of =
        |format: &str, confidence, reason: String| vec![Candidate { format: format.to_owned(), confidence, reason }];
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    match extension.as_deref() {
        Some(ending @ ("jsonl" | "ndjson" | "jsonlines")) => {
            // What begins otherwise may well be of another format.
            let object = text.trim_ascii_start().first().is_none_or(|byte| *byte == b'{');
            return of("jsonl", if object { 90 } else { 50 }, format!("the name ends in .{ending}"));
        }
        // One object after the other is read as an array is.
        Some(ending @ ("json" | "geojson")) => {
            let fits = text.trim_ascii_start().first().is_none_or(|byte| matches!(byte, b'{' | b'['));
            return of("json", if fits { 90 } else { 50 }, format!("the name ends in .{ending}"));
        }
        _ => {}
    }
    let mut start = Cursor::new(text);
    if start.take(b'[') && matches!(start.peek(), Some(b'{' | b']')) {
        return of("json", 90, "it begins with an array of objects".to_owned());
    }
    let candidate = |confidence, reason| of("jsonl", confidence, reason);
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).peekable();
    let mut objects = 0;
    while let Some(line) = lines.next()
        && objects < LINES
    {
        let mut cursor = Cursor::new(line);
        let whole = cursor.peek() == Some(b'{') && cursor.skip().is_ok() && cursor.is_end();
        // The last line may be cut off.
        let last = lines.peek().is_none();
        match (whole, last) {
            (true, _) => objects += 1,
            (false, true) if objects > 0 => break,
            // An object over several lines is a document with one row.
            (false, _) if objects == 0 && begins_an_object(text) => {
                return of("json", 70, "it begins with a JSON object over several lines".to_owned());
            }
            (false, _) => return Vec::new(),
        }
    }
    match objects {
        0 => Vec::new(),
        // A single object may be a document of another format.
        1 => candidate(80, "the first line is a JSON object".to_owned()),
        _ => candidate(95, format!("each of the first {objects} lines is a JSON object")),
    }
}

/// Whether it begins with an object's brace, a name and a colon.
fn begins_an_object(text: &[u8]) -> bool {
    let mut start = Cursor::new(text);
    start.take(b'{') && start.peek() == Some(b'"') && start.skip().is_ok() && start.take(b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_content() {
        let confidence = |name, head: &str| candidates(name, head.as_bytes()).first().map(|c| c.confidence);
        assert_eq!(confidence(Some("a.ndjson"), ""), Some(90));
        assert_eq!(confidence(Some("a.ndjson"), "a,b\n1,2\n"), Some(50));
        assert_eq!(
            confidence(Some("mystery.log"), "{\"k\": 1, \"v\": \"one\"}\n{\"k\": 2, \"v\": \"two\"}\n"),
            Some(95)
        );
        assert_eq!(confidence(None, "{\"a\": 1}\n\n{\"a\": 2}\n{\"a\": [1, "), Some(95));
        assert_eq!(confidence(None, "{\"a\": 1}"), Some(80));
        assert_eq!(candidates(Some("a.json"), b"{}")[0].format, "json");
        assert_eq!(candidates(Some("a.geojson"), b"{}")[0].format, "json");
        assert_eq!(candidates(Some("x"), b"{\n \"a\" : 1\n}\n")[0].format, "json");
        assert_eq!(confidence(Some("x"), "{\"a\": [\n1"), Some(70));
        assert_eq!(candidates(Some("x"), b" [\n{\"a\": 1}, {\"a\"")[0].format, "json");
        for head in ["", "[1]", "a,b\n", "{\na: 1\n}\n", "{x}\n", "{\"a\": 1}\nx\ny\n"] {
            assert_eq!(confidence(Some("x"), head), None, "{head}");
        }
    }
}

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
        Some("json") => {
            let fits = text.trim_ascii_start().first().is_none_or(|byte| matches!(byte, b'{' | b'['));
            return of("json", if fits { 90 } else { 50 }, "the name ends in .json".to_owned());
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
        assert_eq!(candidates(Some("x"), b" [\n{\"a\": 1}, {\"a\"")[0].format, "json");
        for head in ["", "[1]", "a,b\n", "{\n\"a\": 1\n}\n", "{\"a\": 1}\nx\ny\n"] {
            assert_eq!(confidence(Some("x"), head), None, "{head}");
        }
    }
}

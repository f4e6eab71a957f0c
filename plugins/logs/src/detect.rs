//! Guesses from the first lines whether a file is a log of one of these formats.

use crate::access::fitting;
use crate::logfmt::pairs;
use jackfield_sdk::Candidate;

/// Lines that are looked at.
const LINES: usize = 10;

/// What the file may be, with the reason.
pub(crate) fn candidates(name: Option<&str>, head: &[u8]) -> Vec<Candidate> {
    let candidate =
        |format: &str, confidence, reason: String| vec![Candidate { format: format.to_owned(), confidence, reason }];
    if name.is_some_and(|name| name.to_ascii_lowercase().ends_with(".logfmt")) {
        return candidate("logfmt", 90, "the name ends in .logfmt".to_owned());
    }
    let complete = head.iter().rposition(|byte| *byte == b'\n').and_then(|last| head.get(..last)).unwrap_or(head);
    let lines = complete.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).take(LINES).collect();
    let Some(first) = lines.first() else { return Vec::new() };
    if fitting(first, true).is_some() {
        return candidate("apache", 90, "the first line is one of an access log".to_owned());
    }
    // A line may be spoilt: what is wrong with it is told when it is read.
    let (good, count) = (lines.iter().filter(|line| is_logfmt(line)).count(), lines.len());
    if good * 4 >= count * 3 && good > 0 {
        let confidence = if good > 1 { 75 } else { 55 };
        return candidate("logfmt", confidence, format!("{good} of the first {count} lines are of key=value pairs"));
    }
    Vec::new()
}

/// Whether a line is of at least two pairs whose keys look like keys.
fn is_logfmt(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let is_key = |key: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@');
        key.bytes().all(plain) && key.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
    };
    let (mut count, mut all) = (0, true);
    let whole = pairs(line, |key, value| {
        all &= value.is_some() && is_key(key);
        count += 1;
    });
    whole.is_ok() && all && count >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str, head: &str) -> Option<(String, u8)> {
        candidates(Some(name), head.as_bytes()).first().map(|found| (found.format.clone(), found.confidence))
    }

    #[test]
    fn by_name_and_by_content() {
        let access = "::1 - - [10/Oct/2000:13:55:36 +0000] \"GET / HTTP/1.0\" 200 12\ncut";
        assert_eq!(first("x.log", access), Some(("apache".to_owned(), 90)));
        assert_eq!(first("x.log", "at=info msg=\"a b\"\r\nat=warn n=1\r\n"), Some(("logfmt".to_owned(), 75)));
        assert_eq!(first("x.logfmt", ""), Some(("logfmt".to_owned(), 90)));
        assert_eq!(first("x.log", "a=1 b=2\na=1 b=x\"y\na=2 b=3\na=3 b=4\n"), Some(("logfmt".to_owned(), 75)));
        for head in ["", "a,b\n1,2\n", "{\"a\": 1}\n", "key=value\n", "a=1 b\nc=2 d\n", "x = 1\ny = 2\n", "\u{0}\u{1}"]
        {
            assert_eq!(first("x.log", head), None, "{head}");
        }
    }
}

//! From an offset in a TOML string's value back to the offset in its spelling.

/// Where the byte at `offset` of the string's value stands in `raw`, the string as written with its quotes. An offset
/// at or behind the end of the value gives the place of the closing quotes. `None` if `raw` is not a string.
///
/// An offset inside of what an escape stands for gives the start of the escape.
pub(super) fn raw_offset(raw: &str, offset: usize) -> Option<usize> {
    let (quotes, escapes) = match raw {
        _ if raw.starts_with("\"\"\"") => ("\"\"\"", true),
        _ if raw.starts_with("'''") => ("'''", false),
        _ if raw.starts_with('"') => ("\"", true),
        _ if raw.starts_with('\'') => ("'", false),
        _ => return None,
    };
    let mut at = quotes.len();
    let end = raw.len().checked_sub(quotes.len())?;
    if quotes.len() == 3 {
        // A line break right behind the opening quotes is not part of the value.
        let body = raw.get(at..end)?;
        at += ["\r\n", "\n"].iter().find(|newline| body.starts_with(**newline)).map_or(0, |newline| newline.len());
    }
    let mut value = 0;
    while at < end {
        let rest = raw.get(at..end)?;
        let (spelt, meant) = if escapes && rest.starts_with('\\') { escape(rest) } else { plain(rest) };
        if meant > 0 && offset < value + meant {
            return Some(at);
        }
        value += meant;
        at += spelt;
    }
    Some(end)
}

/// Bytes of one character as written and in the value.
fn plain(rest: &str) -> (usize, usize) {
    let length = rest.chars().next().map_or(1, char::len_utf8);
    (length, length)
}

/// Bytes of one escape as written and in the value.
fn escape(rest: &str) -> (usize, usize) {
    let hex = |digits: usize| {
        let code = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
    };
    match rest.as_bytes().get(1) {
        Some(b'x') => hex(2),
        Some(b'u') => hex(4),
        Some(b'U') => hex(8),
        Some(b' ' | b'\t' | b'\r' | b'\n') => {
            let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
            (1 + rest.bytes().skip(1).take_while(blank).count(), 0)
        }
        Some(_) => (2, 1),
        None => (1, 1),
    }
}

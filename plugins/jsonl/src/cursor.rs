//! Steps through JSON text without building anything: strings, numbers, and values to be skipped.

/// A place in a line of JSON.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

/// What is wrong with the text, in a few words, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) what: &'static str,
    pub(crate) at: usize,
}

/// A number as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    pub(crate) text: &'a [u8],
    /// Whether it has neither a fraction nor an exponent.
    pub(crate) whole: bool,
}

/// How deep values may be nested.
pub(crate) const MAX_DEPTH: usize = 128;

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What was passed since a place.
    pub(crate) fn since(&self, at: usize) -> &'a [u8] {
        self.text.get(at..self.at).unwrap_or_default()
    }

    pub(crate) fn wrong<T>(&self, what: &'static str) -> Result<T, Wrong> {
        Err(Wrong { what, at: self.at })
    }

    /// The next character behind blanks, which stays where it is.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Takes this character, if it is the next behind blanks.
    #[inline]
    pub(crate) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Takes this text, if it comes next.
    #[inline]
    pub(crate) fn take_text(&mut self, wanted: &[u8]) -> bool {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(wanted));
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    /// Whether nothing but blanks follows.
    pub(crate) fn is_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// A string whose opening quote is next; with escapes it is put together in `room`.
    #[inline]
    pub(crate) fn string<'b>(&mut self, room: &'b mut Vec<u8>) -> Result<&'b [u8], Wrong>
    where
        'a: 'b,
    {
        if !self.take(b'"') {
            return self.wrong("a string is missing");
        }
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let end = special(rest);
        self.at += end;
        match rest.get(end) {
            Some(b'"') => {
                self.at += 1;
                Ok(rest.get(..end).unwrap_or_default())
            }
            _ => {
                room.clear();
                room.extend_from_slice(rest.get(..end).unwrap_or_default());
                self.escaped(room)?;
                Ok(room)
            }
        }
    }

    /// The rest of a string from its first escape on.
    fn escaped(&mut self, room: &mut Vec<u8>) -> Result<(), Wrong> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = special(rest);
            room.extend_from_slice(rest.get(..end).unwrap_or_default());
            self.at += end;
            match rest.get(end..) {
                Some([b'"', ..]) => {
                    self.at += 1;
                    return Ok(());
                }
                Some([b'\\', escape, ..]) => {
                    let plain = match escape {
                        b'"' | b'\\' | b'/' => *escape,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 8,
                        b'f' => 12,
                        b'u' => {
                            self.unicode(room)?;
                            continue;
                        }
                        _ => return self.wrong("an escape in a string is not known"),
                    };
                    room.push(plain);
                    self.at += 2;
                }
                None | Some([] | [b'\\']) => return self.wrong("a string has no end"),
                Some(_) => return self.wrong("a control character in a string must be escaped"),
            }
        }
    }

    /// `\u` and four digits, or two of them that make a surrogate pair.
    fn unicode(&mut self, room: &mut Vec<u8>) -> Result<(), Wrong> {
        let Some(first) = self.unit() else { return self.wrong("\\u needs four hexadecimal digits") };
        let code = match first {
            0xd800..=0xdbff => match self.unit() {
                Some(second @ 0xdc00..=0xdfff) => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                _ => return self.wrong("half of a surrogate pair stands alone"),
            },
            code => code,
        };
        match char::from_u32(code) {
            Some(found) => {
                room.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                Ok(())
            }
            None => self.wrong("half of a surrogate pair stands alone"),
        }
    }

    fn unit(&mut self) -> Option<u32> {
        let [b'\\', b'u', digits @ ..] = self.text.get(self.at..self.at + 6)? else { return None };
        let mut code = 0;
        for digit in digits {
            code = code << 4 | char::from(*digit).to_digit(16)?;
        }
        self.at += 6;
        Some(code)
    }

    /// A short integer, if one is next.
    #[inline]
    pub(crate) fn short_integer(&mut self) -> Option<i64> {
        let window: &[u8; 8] = self.text.get(self.at..)?.first_chunk()?;
        let end = window.iter().position(|b| !matches!(b, b'0'..=b'9' | b'-'))?;
        let leading_zero = matches!(window, [b'0', b'0'..=b'9', ..] | [b'-', b'0', ..]);
        if leading_zero || !matches!(window.get(end), Some(b',' | b'}' | b']' | b' ')) {
            return None;
        }
        let value = jackfield_values::number::parse_short_i64(window, end)?;
        self.at += end;
        Some(value)
    }

    /// A number, by JSON's rules.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<Number<'a>, Wrong> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let digits = |from: usize| {
            let behind = rest.get(from..).unwrap_or_default();
            behind.iter().position(|b| !b.is_ascii_digit()).unwrap_or(behind.len())
        };
        let first = usize::from(rest.first() == Some(&b'-'));
        let before_point = digits(first);
        let mut good = before_point == 1 || before_point > 1 && rest.get(first) != Some(&b'0');
        let mut end = first + before_point;
        let mut whole = true;
        if rest.get(end) == Some(&b'.') {
            let places = digits(end + 1);
            (whole, good, end) = (false, good && places > 0, end + 1 + places);
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let places = digits(end + 1 + sign);
            (whole, good, end) = (false, good && places > 0, end + 1 + sign + places);
        }
        let ends = matches!(rest.get(end), None | Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
        if !good || !ends {
            return self.wrong("a value is none of JSON's");
        }
        self.at += end;
        Ok(Number { text: rest.get(..end).unwrap_or_default(), whole })
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Result<bool, Wrong> {
        self.peek();
        if self.take_text(b"true") {
            Ok(true)
        } else if self.take_text(b"false") {
            Ok(false)
        } else {
            self.wrong("a value is none of JSON's")
        }
    }

    /// Passes a value without looking at more of it than is needed to find its end.
    pub(crate) fn skip(&mut self) -> Result<(), Wrong> {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'{' | b'[') => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return self.wrong("values are nested too deeply");
                    }
                    self.at += 1;
                    continue;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(b't' | b'f') => {
                    self.boolean()?;
                }
                Some(b'n') if self.take_text(b"null") => {}
                Some(b'-' | b'0'..=b'9') if depth > 0 => {
                    self.at += 1;
                    while matches!(self.text.get(self.at), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-' | b':'))
                    {
                        self.at += 1;
                    }
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                }
                _ => return self.wrong("a value is none of JSON's"),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), Wrong> {
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = special(rest);
            self.at += end;
            match rest.get(end) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(_) => return self.wrong("a control character in a string must be escaped"),
                None => return self.wrong("a string has no end"),
            }
        }
    }
}

/// Where the first quote, backslash or control character is, or the length: eight bytes a step.
#[inline]
pub(crate) fn special(text: &[u8]) -> usize {
    jackfield_values::json::first_escaped(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &str) -> Result<String, &'static str> {
        let mut cursor = Cursor::new(text.as_bytes());
        let mut room = Vec::new();
        let found = cursor.string(&mut room).map(|s| String::from_utf8(s.to_vec()).unwrap());
        found.map_err(|wrong| wrong.what)
    }

    #[test]
    fn strings() {
        assert_eq!(string(r#""""#).as_deref(), Ok(""));
        assert_eq!(string(r#""a\n\"\\\/\u00e9é\ud83d\udc0e" x"#).as_deref(), Ok("a\n\"\\/éé🐎"));
        for wrong in
            [r#""a"#, r#""\x""#, r#""\u12""#, r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, "\"\n\"", "a", "\"\\"]
        {
            assert!(string(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers() {
        for (text, whole) in
            [("0", true), ("-12", true), ("1.5", false), ("1e5", false), ("-0.0E-1 ", false), ("7,", true)]
        {
            assert_eq!(Cursor::new(text.as_bytes()).number().map(|n| n.whole), Ok(whole), "{text}");
        }
        for wrong in ["", "-", "01", "1.", ".5", "+1", "1e", "1x", "--1", "0x1"] {
            assert!(Cursor::new(wrong.as_bytes()).number().is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_are_skipped() {
        for text in ["1", "\"a\\\"}\"", "{\"a\": [1, {\"b\": null}], \"c\": true}", "[]", "-1.5e3", "false"] {
            let with_more = format!("{text}, 7");
            let mut cursor = Cursor::new(with_more.as_bytes());
            assert_eq!(cursor.skip(), Ok(()), "{text}");
            assert_eq!(cursor.since(0), text.as_bytes());
        }
        for wrong in ["", "[", "{\"a\": 1", "}", "nul", "\"a", "[\"\n\"]"] {
            assert!(Cursor::new(wrong.as_bytes()).skip().is_err(), "{wrong}");
        }
        assert!(Cursor::new("[".repeat(1_000_000).as_bytes()).skip().is_err());
    }

    proptest! {
        #[test]
        fn hostile_bytes(bytes: Vec<u8>, shaped in "[\\[\\]{}\",:\\\\u0-9a-f. -]{0,60}") {
            for text in [&bytes[..], shaped.as_bytes()] {
                let _ = Cursor::new(text).skip();
                let _ = Cursor::new(text).number();
                let _ = Cursor::new(text).string(&mut Vec::new()).map(<[u8]>::to_vec);
            }
        }

        #[test]
        fn strings_round_trip(text: String) {
            let mut out = Vec::new();
            jackfield_values::json::write_string(&mut out, text.as_bytes());
            prop_assert_eq!(string(std::str::from_utf8(&out).unwrap()), Ok(text));
        }
    }
}

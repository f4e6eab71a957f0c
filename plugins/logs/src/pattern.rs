//! Apache's LogFormat: which fields a line has, and what stands between them.

use crate::clock::{APACHE, Clock};
use jackfield_values::types::{Kind, Type, Unit};

/// Patterns that have names.
pub(crate) const NAMED: [(&str, &str); 4] = [
    ("combined", r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
    ("common", r#"%h %l %u %t "%r" %>s %b"#),
    ("vhost-combined", r#"%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
    ("vhost-common", r#"%v %h %l %u %t "%r" %>s %b"#),
];

/// How a line is made up.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) parts: Vec<Part>,
    pub(crate) columns: Vec<(String, Type)>,
}

/// A part of a line.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Literal(Vec<u8>),
    /// A field, with the number of its first column.
    Field(What, usize),
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Text,
    Number,
    /// A time, and whether it stands in brackets.
    Time(Clock, bool),
    /// Method, path and protocol, a column each.
    Request,
}

/// Where in a pattern something is wrong, as a byte, and what.
pub(crate) type Wrong = (usize, String);

impl Pattern {
    /// By name, or as httpd.conf has it. `split`: the request line becomes three columns.
    pub(crate) fn parse(text: &str, split: bool) -> Result<Pattern, Wrong> {
        let text = NAMED.iter().find(|(name, _)| *name == text).map_or(text, |(_, pattern)| pattern);
        let mut pattern = Pattern { parts: Vec::new(), columns: Vec::new() };
        let mut rest = text.char_indices().peekable();
        while let Some((at, next)) = rest.next() {
            match next {
                '%' if rest.next_if(|(_, next)| *next == '%').is_some() => pattern.literal('%'),
                '%' => {
                    // Of which of several requests, and for which statuses: the field is the same.
                    while rest.next_if(|(_, next)| matches!(next, '<' | '>' | '!' | ',' | '0'..='9')).is_some() {}
                    let mut argument = None;
                    if rest.next_if(|(_, next)| *next == '{').is_some() {
                        let inside: String =
                            rest.by_ref().map(|(_, next)| next).take_while(|next| *next != '}').collect();
                        argument = Some(inside);
                    }
                    let letter = rest.next().map(|(_, letter)| letter);
                    let letter = letter.ok_or_else(|| (at, "the pattern ends inside a field".to_owned()))?;
                    pattern.field(at, letter, argument.as_deref(), split)?;
                }
                // In httpd.conf the pattern stands in quotes.
                '\\' => match rest.next() {
                    Some((_, 't')) => pattern.literal('\t'),
                    Some((_, 'n')) | None => return Err((at, "a record is one line".to_owned())),
                    Some((_, other)) => pattern.literal(other),
                },
                '\n' | '\r' => return Err((at, "a record is one line".to_owned())),
                other => pattern.literal(other),
            }
        }
        if pattern.columns.is_empty() {
            let help = NAMED.map(|(name, _)| name).join(", ");
            return Err((0, format!("the pattern has no fields; patterns with a name are {help}")));
        }
        Ok(pattern)
    }

    fn literal(&mut self, next: char) {
        let mut room = [0; 4];
        let bytes = next.encode_utf8(&mut room).as_bytes();
        match self.parts.last_mut() {
            Some(Part::Literal(literal)) => literal.extend_from_slice(bytes),
            _ => self.parts.push(Part::Literal(bytes.to_vec())),
        }
    }

    fn field(&mut self, at: usize, letter: char, argument: Option<&str>, split: bool) -> Result<(), Wrong> {
        if let (Some(Part::Field(..)), false) = (self.parts.last(), letter == 't') {
            return Err((at, "two fields follow one another, so nothing tells where the first ends".to_owned()));
        }
        let first = self.columns.len();
        if letter == 'r' && split {
            for name in ["method", "path", "protocol"] {
                self.column(name, Kind::Utf8);
            }
            self.parts.push(Part::Field(What::Request, first));
            return Ok(());
        }
        if letter == 't' {
            let (clock, brackets) = clock(argument).map_err(|wrong| (at, wrong))?;
            let zone = clock.is_zoned().then(|| "UTC".to_owned());
            self.column("time", Kind::Timestamp(Unit::Microsecond, zone));
            self.parts.push(Part::Field(What::Time(clock, brackets), first));
            return Ok(());
        }
        let plain = |text: &str| text.to_ascii_lowercase().replace(|c: char| !c.is_alphanumeric(), "_");
        let given = argument.map(plain).unwrap_or_default();
        let (name, number) = match (letter, argument) {
            ('h', _) => ("host".to_owned(), false),
            ('a', None) => ("address".to_owned(), false),
            ('a', Some(_)) => ("peer_address".to_owned(), false),
            ('A', _) => ("local_address".to_owned(), false),
            ('l', _) => ("identity".to_owned(), false),
            ('u', _) => ("user".to_owned(), false),
            ('r', _) => ("request".to_owned(), false),
            ('m', _) => ("method".to_owned(), false),
            ('U', _) => ("path".to_owned(), false),
            ('q', _) => ("query".to_owned(), false),
            ('H', _) => ("protocol".to_owned(), false),
            ('f', _) => ("file".to_owned(), false),
            ('v', _) => ("server".to_owned(), false),
            ('V', _) => ("server_canonical".to_owned(), false),
            ('R', _) => ("handler".to_owned(), false),
            ('X', _) => ("connection".to_owned(), false),
            ('L', _) => ("log_id".to_owned(), false),
            ('s', _) => ("status".to_owned(), true),
            ('b' | 'B', _) => ("bytes".to_owned(), true),
            ('I', _) => ("bytes_in".to_owned(), true),
            ('O', _) => ("bytes_out".to_owned(), true),
            ('S', _) => ("bytes_transferred".to_owned(), true),
            ('p', _) => ("port".to_owned(), true),
            ('P', _) => ("pid".to_owned(), true),
            ('k', _) => ("keepalive".to_owned(), true),
            ('D', _) | ('T', Some("us")) => ("duration_us".to_owned(), true),
            ('T', Some("ms")) => ("duration_ms".to_owned(), true),
            ('T', _) => ("duration_s".to_owned(), true),
            ('i', Some(_)) => (given, false),
            ('o', Some(_)) => (format!("response_{given}"), false),
            ('C', Some(_)) => (format!("cookie_{given}"), false),
            ('e', Some(_)) => (format!("env_{given}"), false),
            ('n', Some(_)) => (format!("note_{given}"), false),
            (other, _) => return Err((at, format!("the field `%{other}` is not known"))),
        };
        self.column(&name, if number { Kind::Int64 } else { Kind::Utf8 });
        self.parts.push(Part::Field(if number { What::Number } else { What::Text }, first));
        Ok(())
    }

    /// Adds a column, under another name if this one is taken.
    fn column(&mut self, name: &str, kind: Kind) {
        let is_taken = |name: &str| self.columns.iter().any(|(known, _)| known == name);
        let mut unique = name.to_owned();
        let mut number = 2;
        while is_taken(&unique) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        self.columns.push((unique, kind.into()));
    }
}

/// What is between the braces of `%{…}t`, and whether brackets stand around the time.
fn clock(argument: Option<&str>) -> Result<(Clock, bool), String> {
    let unknown = |field: char| format!("the field `%{field}` of a time is not known");
    let Some(argument) = argument else { return Clock::parse(APACHE).map(|clock| (clock, true)).map_err(unknown) };
    let argument = argument.strip_prefix("begin:").or_else(|| argument.strip_prefix("end:")).unwrap_or(argument);
    let clock = match argument {
        "sec" => Clock::Since(Unit::Second),
        "msec" => Clock::Since(Unit::Millisecond),
        "usec" => Clock::Since(Unit::Microsecond),
        "msec_frac" | "usec_frac" => return Err(format!("`%{{{argument}}}t`, a part of a time, is not supported")),
        format => Clock::parse(format).map_err(unknown)?,
    };
    Ok((clock, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str) -> Vec<String> {
        let pattern = Pattern::parse(text, true).unwrap();
        pattern.columns.iter().map(|(name, of)| format!("{name}: {}", of.name())).collect()
    }

    #[test]
    fn patterns() {
        assert_eq!(
            columns("combined"),
            [
                "host: utf8",
                "identity: utf8",
                "user: utf8",
                "time: timestamp[UTC]",
                "method: utf8",
                "path: utf8",
                "protocol: utf8",
                "status: int64",
                "bytes: int64",
                "referer: utf8",
                "user_agent: utf8"
            ]
        );
        assert_eq!(
            columns(r#"%{c}a %{%F %T}t \"%m %U%%\" %400,501{X-Trace-Id}i %!200s %s %D"#),
            [
                "peer_address: utf8",
                "time: timestamp",
                "method: utf8",
                "path: utf8",
                "x_trace_id: utf8",
                "status: int64",
                "status_2: int64",
                "duration_us: int64"
            ]
        );
        for (wrong, at) in [("%h%l", 2), ("%Z", 0), ("plain", 0), ("%h %", 3), ("a\n%h", 1), ("%{%j}t", 0)] {
            assert_eq!(Pattern::parse(wrong, true).unwrap_err().0, at, "{wrong}");
        }
    }
}

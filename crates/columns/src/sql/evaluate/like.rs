//! LIKE where each row has a pattern of its own.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;

use super::{Run, Value};
use crate::compute::Argument;
use crate::sql::tree::Typed;
use crate::{Failure, Meter};

/// Steps between two looks at the deadline.
const STEPS: u64 = 1 << 16;

/// A part of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    /// Itself.
    Char(char),
}

impl Run<'_> {
    pub(super) fn like(
        &mut self,
        arguments: &[Typed],
        escape: Option<char>,
        ignore_case: bool,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let (values, faults) = self.arguments(arguments, only)?;
        let mut columns = Vec::with_capacity(values.len());
        for value in values {
            columns.push(self.column(value, &DataType::Utf8)?);
        }
        let column = |at: usize| columns.get(at).and_then(|column| column.as_string_opt::<i32>());
        let (Some(texts), Some(patterns)) = (column(0), column(1)) else {
            return Err(Failure::internal("type-mismatch", "LIKE takes text"));
        };
        self.room(texts.len() as u64)?;
        let mut out = BooleanBuilder::with_capacity(texts.len());
        let (mut text, mut pattern) = (Vec::new(), Vec::new());
        let mut steps = 0;
        for row in 0..texts.len() {
            if texts.is_null(row) || patterns.is_null(row) {
                out.append_null();
                continue;
            }
            // A character takes four bytes here, a part of a pattern eight.
            let size = (texts.value(row).len() as u64).saturating_mul(4) + (patterns.value(row).len() as u64) * 8;
            if size > STEPS {
                self.room(size)?;
            }
            text.clear();
            pattern.clear();
            if ignore_case {
                text.extend(texts.value(row).chars().flat_map(char::to_lowercase));
                read(&patterns.value(row).to_lowercase(), escape, &mut pattern);
            } else {
                text.extend(texts.value(row).chars());
                read(patterns.value(row), escape, &mut pattern);
            }
            steps += (text.len() + pattern.len()) as u64;
            out.append_value(matches(&text, &pattern, &mut steps, self.meter)?);
        }
        Ok(Value { argument: Argument::Column(Arc::new(out.finish())), faults })
    }
}

fn read(pattern: &str, escape: Option<char>, parts: &mut Vec<Part>) {
    let mut chars = pattern.chars();
    while let Some(next) = chars.next() {
        match next {
            next if Some(next) == escape => parts.extend(chars.next().map(Part::Char)),
            // Two of them say no more than one, and would cost a walk each.
            '%' if parts.last() == Some(&Part::Any) => {}
            '%' => parts.push(Part::Any),
            '_' => parts.push(Part::One),
            next => parts.push(Part::Char(next)),
        }
    }
}

/// Whether all of the text is like the pattern. Where it is not, only the last `%` takes one character more.
fn matches(text: &[char], pattern: &[Part], steps: &mut u64, meter: &mut dyn Meter) -> Result<bool, Failure> {
    let (mut at, mut part) = (0, 0);
    let mut any: Option<(usize, usize)> = None;
    while let Some(next) = text.get(at) {
        *steps += 1;
        if *steps > STEPS {
            meter.work(*steps / 4)?;
            *steps = 0;
        }
        match pattern.get(part) {
            Some(Part::Any) => {
                any = Some((at, part));
                part += 1;
            }
            Some(Part::One) => (at, part) = (at + 1, part + 1),
            Some(Part::Char(wanted)) if wanted == next => (at, part) = (at + 1, part + 1),
            _ => match &mut any {
                Some((from, star)) => {
                    *from += 1;
                    (at, part) = (*from, *star + 1);
                }
                None => return Ok(false),
            },
        }
    }
    Ok(pattern.get(part..).unwrap_or_default().iter().all(|part| *part == Part::Any))
}

#[cfg(test)]
mod tests {
    use super::{matches, read};
    use crate::Unmetered;

    fn like(text: &str, pattern: &str) -> bool {
        let mut parts = Vec::new();
        read(pattern, Some('!'), &mut parts);
        let text: Vec<char> = text.chars().collect();
        matches(&text, &parts, &mut 0, &mut Unmetered).unwrap()
    }

    #[test]
    fn patterns() {
        for (text, pattern) in [
            ("", ""),
            ("", "%%"),
            ("hello", "h%o"),
            ("hello", "%l_"),
            ("aaab", "%a%b"),
            ("mississippi", "m%iss%ip%"),
            ("grün", "gr_n"),
            ("100%", "100!%"),
            ("a!", "a!!"),
        ] {
            assert!(like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in
            [("a", ""), ("", "_"), ("hello", "hell"), ("hello", "%l"), ("100x", "100!%"), ("ab", "a"), ("abc", "%b")]
        {
            assert!(!like(text, pattern), "{text} {pattern}");
        }
    }
}

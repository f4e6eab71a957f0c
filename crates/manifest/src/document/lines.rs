//! From byte offsets to lines and columns.

use std::ops::Range;

use crate::problem::{LINE_LIMIT, Location};

/// A text, and where its lines begin.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    pub(crate) file: String,
    pub(crate) text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Lines { file: file.into(), text: text.into(), starts }
    }

    /// The place of a byte range; one that goes over several lines is cut after the first.
    pub(crate) fn location(&self, span: Range<usize>) -> Location {
        let start = self.boundary(span.start);
        let line = self.starts.partition_point(|line| *line <= start).saturating_sub(1);
        let line_start = self.starts.get(line).copied().unwrap_or_default();
        let line_end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let slice = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        let whole = slice(line_start, line_end).trim_end_matches(['\n', '\r']);
        let end = self.boundary(span.end).min(line_start + whole.len());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Location {
            file: self.file.clone(),
            line: number(line + 1),
            column: number(slice(line_start, start).chars().count() + 1),
            text: whole.chars().take(LINE_LIMIT).collect(),
            length: number(slice(start, end).chars().count().max(1)),
        }
    }

    /// The offset itself, or the start of the character that it points into.
    fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

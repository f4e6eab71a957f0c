//! A column's buffers, read row by row: what a writer sees. Every access is bounds-checked, and gives nothing or zero
//! where a buffer is too short.

use crate::build::Level;
use crate::types::{Kind, Type};

/// A column with its children, borrowed from nothing: the buffers were copied out of the host.
#[derive(Clone, Debug)]
pub struct View {
    /// What its values are.
    pub kind: Kind,
    /// Names of the children: fields of a struct.
    pub names: Vec<String>,
    /// Items, fields, dictionary values.
    pub children: Vec<View>,
    level: Level,
}

impl View {
    /// Pairs a type with its levels, depth first, as many as the type has parts; `None` if there are too few.
    pub fn new(of: &Type, levels: &mut impl Iterator<Item = Level>) -> Option<View> {
        let level = levels.next()?;
        let mut children = Vec::with_capacity(of.children.len());
        for (_, child) in &of.children {
            children.push(View::new(child, levels)?);
        }
        let names = of.children.iter().map(|(name, _)| name.clone()).collect();
        Some(View { kind: of.kind.clone(), names, children, level })
    }

    /// Rows.
    pub fn length(&self) -> usize {
        self.level.length as usize
    }

    /// Its bytes: of all rows one behind the other, or of those that offsets tell.
    pub fn values(&self) -> &[u8] {
        &self.level.values
    }

    /// Whether any row may be null.
    pub fn has_nulls(&self) -> bool {
        self.level.validity.is_some() || matches!(self.kind, Kind::Null)
    }

    /// Whether a row is null.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        match &self.level.validity {
            None => matches!(self.kind, Kind::Null),
            Some(bits) => bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 0),
        }
    }

    /// The value's bytes, for kinds of `N` bytes.
    #[inline]
    pub fn fixed<const N: usize>(&self, row: usize) -> [u8; N] {
        self.level.values.get(row * N..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
    }

    /// The value's bytes, for `fixed-size-binary`.
    pub fn sized(&self, row: usize, size: usize) -> &[u8] {
        self.level.values.get(row * size..(row + 1) * size).unwrap_or(&[])
    }

    /// A boolean.
    #[inline]
    pub fn bit(&self, row: usize) -> bool {
        self.level.values.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    }

    /// Start and end of the row's bytes or items, from 32-bit offsets.
    #[inline]
    pub fn range(&self, row: usize) -> (usize, usize) {
        let both =
            self.level.offsets.as_deref().and_then(|o| o.get(row * 4..)).and_then(|rest| rest.first_chunk::<8>());
        both.map_or((0, 0), |b| {
            (
                u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize,
                u32::from_le_bytes([b[4], b[5], b[6], b[7]]) as usize,
            )
        })
    }

    /// Start and end of the row's bytes or items, from 64-bit offsets.
    pub fn large_range(&self, row: usize) -> (usize, usize) {
        let at = |n: usize| {
            let bytes = self.level.offsets.as_deref().and_then(|o| o.get(n * 8..)).and_then(|rest| rest.first_chunk());
            bytes.map_or(0, |b| u64::from_le_bytes(*b) as usize)
        };
        (at(row), at(row + 1))
    }

    /// The row's bytes, of any kind of text or binary.
    #[inline]
    pub fn bytes(&self, row: usize) -> &[u8] {
        let (start, end) = match self.kind {
            Kind::LargeUtf8 | Kind::LargeBinary => self.large_range(row),
            _ => self.range(row),
        };
        self.level.values.get(start..end).unwrap_or(&[])
    }

    /// The row's key into a dictionary, and the dictionary.
    pub fn dictionary(&self, row: usize, key_bytes: u8) -> Option<(&View, usize)> {
        let key = match key_bytes {
            1 => u64::from(self.fixed::<1>(row)[0]),
            2 => u64::from(u16::from_le_bytes(self.fixed(row))),
            4 => u64::from(u32::from_le_bytes(self.fixed(row))),
            _ => u64::from_le_bytes(self.fixed(row)),
        };
        let values = self.children.first()?;
        let key = usize::try_from(key).ok().filter(|key| *key < values.length())?;
        Some((values, key))
    }
}

//! Lists and structs: their own levels. The levels of children are built on their own and stand behind, in the order of
//! the type's tree.

use super::Validity;
use crate::Buffers;

/// Builds the level of a list column (32-bit offsets) from the lengths of the lists.
#[derive(Clone, Debug)]
pub struct ListBuilder {
    offsets: Vec<u8>,
    end: u32,
    validity: Validity,
}

impl Default for ListBuilder {
    fn default() -> Self {
        ListBuilder { offsets: vec![0; 4], end: 0, validity: Validity::default() }
    }
}

impl ListBuilder {
    /// Appends a list of this many items; the items go to the child's builder.
    pub fn push(&mut self, items: u32) {
        self.end = self.end.wrapping_add(items);
        self.offsets.extend_from_slice(&self.end.to_le_bytes());
        self.validity.push(true);
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.offsets.extend_from_slice(&self.end.to_le_bytes());
        self.validity.push(false);
    }

    /// Appends many nulls.
    pub fn push_nulls(&mut self, count: usize) {
        (0..count).for_each(|_| self.offsets.extend_from_slice(&self.end.to_le_bytes()));
        self.validity.push_run(false, count);
    }

    /// Number of lists so far.
    pub fn len(&self) -> usize {
        self.validity.len()
    }

    /// Whether there are no lists yet.
    pub fn is_empty(&self) -> bool {
        self.validity.is_empty()
    }

    /// The level.
    pub fn finish(self) -> Buffers {
        self.validity.finish(Some(self.offsets), Vec::new())
    }
}

/// Builds the level of a struct column: which rows are there. Where one is null, every child gets a null too.
#[derive(Clone, Debug, Default)]
pub struct StructBuilder {
    validity: Validity,
}

impl StructBuilder {
    /// Appends a struct that is there; its values go to the children's builders.
    pub fn push(&mut self) {
        self.validity.push(true);
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.validity.push(false);
    }

    /// Appends many nulls.
    pub fn push_nulls(&mut self, count: usize) {
        self.validity.push_run(false, count);
    }

    /// Number of structs so far.
    pub fn len(&self) -> usize {
        self.validity.len()
    }

    /// Whether there are no structs yet.
    pub fn is_empty(&self) -> bool {
        self.validity.is_empty()
    }

    /// The level.
    pub fn finish(self) -> Buffers {
        self.validity.finish(None, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_list_has_no_items() {
        let mut builder = ListBuilder::default();
        builder.push(2);
        builder.push_null();
        builder.push(1);
        let level = builder.finish();
        assert_eq!(level.offsets.unwrap(), [0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(level.null_count, 1);
    }
}

//! Groups of keys of bytes: text, binary, and rows of whatever else.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, GenericByteArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::ByteArrayType;

use super::super::promote::internal;
use super::table::{NONE, Table, add, mix};
use crate::{Failure, Meter};

/// Rows between looks at the deadline.
const STEP: usize = 4_096;
/// The first byte of the place of a key of eight bytes and more; shorter keys have their length there.
const LONG: u64 = 0xFF << 56;

/// Numbers keys of bytes by first appearance. A key of up to seven bytes is its own place in the table, so that equal
/// places are equal keys; longer ones are compared.
#[derive(Debug)]
pub(in super::super) struct Bytes {
    table: Table,
    arena: Vec<u8>,
    /// Where the key of each group ends.
    ends: Vec<u64>,
    null: Option<u32>,
}

impl Bytes {
    pub(super) fn new() -> Self {
        Self { table: Table::new(), arena: Vec::new(), ends: Vec::new(), null: None }
    }

    pub(super) fn count(&self) -> u32 {
        self.ends.len() as u32
    }

    fn get(&self, group: u32) -> &[u8] {
        let group = group as usize;
        let begin = if group == 0 { 0 } else { self.ends[group - 1] as usize };
        &self.arena[begin..self.ends[group] as usize]
    }

    #[cold]
    fn added(&mut self, place: u64, key: &[u8], meter: &mut dyn Meter) -> Result<u32, Failure> {
        let group = self.count();
        self.table.insert(place, group, meter)?;
        add(&mut self.arena, key, meter)?;
        add(&mut self.ends, &[self.arena.len() as u64], meter)?;
        Ok(group)
    }

    fn null(&mut self, insert: bool, meter: &mut dyn Meter) -> Result<u32, Failure> {
        match self.null {
            Some(group) => Ok(group),
            None if insert => {
                let group = self.count();
                add(&mut self.ends, &[self.arena.len() as u64], meter)?;
                self.null = Some(group);
                Ok(group)
            }
            None => Ok(NONE),
        }
    }

    /// The groups of a column's keys; with `insert`, new ones where there is none.
    pub(super) fn assign<T: ByteArrayType>(
        &mut self,
        array: &GenericByteArray<T>,
        insert: bool,
        out: &mut Vec<u32>,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure>
    where
        T::Offset: Into<i64>,
    {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let data = array.value_data();
        let offsets = array.value_offsets();
        let mut unseen = 0;
        let (mut last, mut last_group) = (0, NONE);
        for (row, pair) in offsets.windows(2).enumerate() {
            let (begin, end) = (pair[0].into() as usize, pair[1].into() as usize);
            unseen += end - begin;
            if row % STEP == 0 || unseen > 1 << 18 {
                meter.work((STEP / 4 + unseen / 8) as u64)?;
                unseen = 0;
            }
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                out.push(self.null(insert, meter)?);
                continue;
            }
            let place = place(data, begin, end, self.table.seed());
            let short = place < LONG;
            if short && place == last && last_group != NONE {
                out.push(last_group);
                continue;
            }
            let key = &data[begin..end];
            let group = match self.table.find(place, |group| short || self.get(group) == key) {
                Some(group) => group,
                None if insert => self.added(place, key, meter)?,
                None => NONE,
            };
            (last, last_group) = (place, group);
            out.push(group);
        }
        Ok(())
    }

    fn nulls(&self) -> Option<NullBuffer> {
        let null = self.null?;
        Some((0..self.count()).map(|group| group != null).collect())
    }

    fn offsets(&self) -> Result<OffsetBuffer<i32>, Failure> {
        if self.arena.len() > i32::MAX as usize {
            return Err(Failure::limit("too-large", "the keys of the groups are more than 2 GiB of text"));
        }
        let ends = self.ends.iter().map(|end| *end as i32);
        Ok(OffsetBuffer::new(ScalarBuffer::from_iter(std::iter::once(0).chain(ends))))
    }

    /// The keys as binary, in group order.
    pub(super) fn binary(&self) -> Result<BinaryArray, Failure> {
        BinaryArray::try_new(self.offsets()?, Buffer::from(self.arena.as_slice()), self.nulls()).map_err(internal)
    }

    /// The keys as text, in group order.
    pub(super) fn text(&self) -> Result<ArrayRef, Failure> {
        let array = StringArray::try_new(self.offsets()?, Buffer::from(self.arena.as_slice()), self.nulls());
        Ok(Arc::new(array.map_err(internal)?))
    }

    pub(super) fn size(&self) -> u64 {
        self.table.size() + (self.arena.capacity() + self.ends.capacity() * 8) as u64
    }
}

fn eight(data: &[u8], at: usize) -> u64 {
    match data.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => {
            let mut eight = [0; 8];
            for (to, from) in eight.iter_mut().zip(data.get(at..).unwrap_or_default()) {
                *to = *from;
            }
            u64::from_le_bytes(eight)
        }
    }
}

/// A short key with its length, or a hash of a long one.
#[inline]
fn place(data: &[u8], begin: usize, end: usize, seed: u64) -> u64 {
    let length = end - begin;
    if length < 8 {
        let bytes = eight(data, begin);
        let kept = if length == 0 { 0 } else { bytes & (u64::MAX >> (64 - 8 * length)) };
        return kept | (length as u64) << 56;
    }
    let mut hash = seed ^ length as u64;
    let (chunks, _) = data[begin..end].as_chunks::<8>();
    for chunk in chunks {
        hash = mix(u64::from_le_bytes(*chunk) ^ hash, seed);
    }
    // The last eight bytes, which overlap the chunk before.
    hash = mix(eight(data, end - 8) ^ hash, seed);
    hash | LONG
}

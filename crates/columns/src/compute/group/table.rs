//! The hash table under groups and joins: from 64-bit keys to group numbers.

use std::hash::{BuildHasher, RandomState};

use crate::{Failure, Meter};

/// No group: what a look-up without a match gives.
pub(in super::super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    /// The group's number and one, or 0 where the slot is free.
    group: u32,
}

/// Open addressing with linear probing, at most half full. The hash has a random seed, so that nobody can choose keys
/// that collide.
#[derive(Debug)]
pub(in super::super) struct Table {
    slots: Vec<Slot>,
    mask: usize,
    used: usize,
    seed: u64,
}

/// A multiplication folded onto itself: both halves of the product depend on all bits.
pub(super) fn mix(key: u64, seed: u64) -> u64 {
    let product = u128::from(key ^ seed) * 0x9E37_79B9_7F4A_7C15;
    (product as u64) ^ ((product >> 64) as u64)
}

impl Table {
    pub(super) fn new() -> Self {
        let seed = RandomState::new().hash_one(0_u64);
        Self { slots: vec![Slot::default(); 64], mask: 63, used: 0, seed }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The group of a key whose place is `key` and for which `same` holds of the group.
    #[inline]
    pub(super) fn find(&self, key: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = mix(key, self.seed) as usize;
        loop {
            place &= self.mask;
            let slot = self.slots[place];
            if slot.group == 0 {
                return None;
            }
            if slot.key == key && same(slot.group - 1) {
                return Some(slot.group - 1);
            }
            place += 1;
        }
    }

    /// Adds a key that is not there yet.
    #[cold]
    pub(super) fn insert(&mut self, key: u64, group: u32, meter: &mut dyn Meter) -> Result<(), Failure> {
        if group >= NONE - 1 {
            return Err(Failure::limit("too-large", "there are more than 4 294 967 293 groups"));
        }
        if (self.used + 1) * 2 > self.slots.len() {
            self.grow(meter)?;
        }
        self.place(Slot { key, group: group + 1 });
        self.used += 1;
        Ok(())
    }

    fn place(&mut self, slot: Slot) {
        let mut place = mix(slot.key, self.seed) as usize & self.mask;
        while self.slots[place].group != 0 {
            place = (place + 1) & self.mask;
        }
        self.slots[place] = slot;
    }

    fn grow(&mut self, meter: &mut dyn Meter) -> Result<(), Failure> {
        let size = self.slots.len() * 4;
        meter.allocate((size * size_of::<Slot>()) as u64)?;
        meter.work(size as u64)?;
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        self.mask = size - 1;
        for slot in old.into_iter().filter(|slot| slot.group != 0) {
            self.place(slot);
        }
        Ok(())
    }

    pub(super) fn size(&self) -> u64 {
        (self.slots.len() * size_of::<Slot>()) as u64
    }
}

/// Adds to a vector, asking before it grows.
pub(in super::super) fn add<T: Copy>(items: &mut Vec<T>, more: &[T], meter: &mut dyn Meter) -> Result<(), Failure> {
    let length = items.len() + more.len();
    if length > items.capacity() {
        let capacity = (items.capacity() * 2).max(length).max(1024);
        meter.allocate(((capacity - items.capacity()) * size_of::<T>()) as u64)?;
        items.reserve_exact(capacity - items.len());
    }
    items.extend_from_slice(more);
    Ok(())
}

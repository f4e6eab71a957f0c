//! What a store's memory adds up to: linear memories, tables, and the host buffers that handles keep alive.
//!
//! * A backing buffer is charged whole, and once per store, however many handles share it.
//! * What the host lends for one call is not charged; a handle made from it is.
//! * Everything counts against the one limit `limits.memory`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What holding one handle costs. It has to be given back to the ledger it came from.
#[derive(Debug, Default)]
pub(crate) struct Charge {
    /// Addresses of backing buffers.
    buffers: Vec<usize>,
    /// Bytes that no buffer stands for: the inside of a grouper.
    bytes: u64,
}

impl Charge {
    /// Whether nothing is charged: the host lends what this belongs to.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffers.is_empty() && self.bytes == 0
    }
}

#[derive(Debug)]
struct Held {
    bytes: u64,
    holders: u32,
}

/// The sums of one store.
#[derive(Debug)]
pub(crate) struct Ledger {
    limit: u64,
    guest: u64,
    host: u64,
    peak: u64,
    buffers: HashMap<usize, Held>,
    refused: Option<u64>,
    /// Nothing is charged; see [`crate::Without`].
    off: bool,
}

impl Ledger {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, guest: 0, host: 0, peak: 0, buffers: HashMap::new(), refused: None, off: false }
    }

    /// Charges nothing from now on.
    pub(crate) fn switch_off(&mut self) {
        self.off = true;
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes in all, now.
    pub(crate) fn held(&self) -> u64 {
        self.guest.saturating_add(self.host)
    }

    /// Bytes in all, at most and ever.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// The size that was refused since the last time this was asked.
    pub(crate) fn take_refused(&mut self) -> Option<u64> {
        self.refused.take()
    }

    /// Whether so many bytes more would still be within the limit. Notes the refusal if not.
    pub(crate) fn fits(&mut self, bytes: u64) -> bool {
        let wanted = self.guest.saturating_add(self.host).saturating_add(bytes);
        if wanted > self.limit {
            self.refused = Some(wanted);
        }
        wanted <= self.limit
    }

    /// A memory or table of the guest wants to grow by so many bytes.
    pub(crate) fn grow_guest(&mut self, bytes: u64) -> bool {
        let fits = self.fits(bytes);
        if fits {
            self.guest += bytes;
            self.note_peak();
        }
        fits
    }

    /// It was granted and then failed.
    pub(crate) fn shrink_guest(&mut self, bytes: u64) {
        self.guest = self.guest.saturating_sub(bytes);
    }

    /// Charges buffers, which `visit` names one by one with address and capacity, and some bytes besides.
    /// `false`: the limit is exceeded; the charge stands all the same, until it is released.
    pub(crate) fn charge(
        &mut self,
        charge: &mut Charge,
        bytes: u64,
        visit: impl FnOnce(&mut dyn FnMut(usize, u64)),
    ) -> bool {
        if self.off {
            return true;
        }
        visit(&mut |address, capacity| {
            if capacity == 0 {
                return;
            }
            match self.buffers.entry(address) {
                Entry::Occupied(mut held) => held.get_mut().holders += 1,
                Entry::Vacant(slot) => {
                    slot.insert(Held { bytes: capacity, holders: 1 });
                    self.host = self.host.saturating_add(capacity);
                }
            }
            charge.buffers.push(address);
        });
        charge.bytes = charge.bytes.saturating_add(bytes);
        self.host = self.host.saturating_add(bytes);
        let fits = self.fits(0);
        if fits {
            self.note_peak();
        }
        fits
    }

    /// Gives a charge back; it may be charged again.
    pub(crate) fn release(&mut self, charge: &mut Charge) {
        for address in charge.buffers.drain(..) {
            if let Entry::Occupied(mut held) = self.buffers.entry(address) {
                held.get_mut().holders -= 1;
                if held.get().holders == 0 {
                    self.host = self.host.saturating_sub(held.remove().bytes);
                }
            }
        }
        self.host = self.host.saturating_sub(std::mem::take(&mut charge.bytes));
    }

    fn note_peak(&mut self) {
        self.peak = self.peak.max(self.guest.saturating_add(self.host));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_buffer_counts_once_until_its_last_holder_lets_go() {
        let mut ledger = Ledger::new(1000);
        let (mut first, mut second) = (Charge::default(), Charge::default());
        assert!(ledger.charge(&mut first, 0, |visit| visit(16, 400)));
        assert!(ledger.charge(&mut second, 0, |visit| {
            visit(16, 400);
            visit(32, 500);
        }));
        ledger.release(&mut first);
        assert!(!ledger.fits(101));
        assert_eq!(ledger.take_refused(), Some(1001));
        ledger.release(&mut second);
        assert!(ledger.fits(1000));
        assert_eq!(ledger.peak(), 900);
    }

    #[test]
    fn guest_memory_and_host_buffers_share_the_limit() {
        let mut ledger = Ledger::new(1000);
        assert!(ledger.grow_guest(600));
        let mut charge = Charge::default();
        assert!(!ledger.charge(&mut charge, 500, |_| {}));
        ledger.release(&mut charge);
        assert!(ledger.grow_guest(400));
        assert!(!ledger.grow_guest(1));
        ledger.shrink_guest(400);
        assert!(ledger.grow_guest(1));
    }
}

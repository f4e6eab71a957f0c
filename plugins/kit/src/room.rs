//! How much of the plugin's memory rows may take before they go to temporary storage.

use jackfield_sdk::spill::memory_use;

/// A share of the memory that is there when the first row comes; computing over the rows takes more beside them.
#[derive(Debug)]
pub struct Room {
    /// One of so many parts.
    share: u64,
    /// What the plugin held before the first row came, or less since.
    before: Option<u64>,
}

impl Room {
    /// One part of so many.
    pub fn one_of(share: u64) -> Room {
        Room { share: share.max(1), before: None }
    }

    /// The same room as one part of so many of the memory.
    pub fn shared(&self, share: u64) -> Room {
        Room { share: share.max(1), before: self.before }
    }

    /// What is held beside what the room is for, in bytes.
    pub fn before(&self) -> u64 {
        self.before.unwrap_or_else(|| memory_use().held)
    }

    /// Measures from here on, unless it does already. What others held then, and hold no longer, is no room for more.
    pub fn open(&mut self) {
        let held = memory_use().held;
        self.before = Some(self.before.map_or(held, |before| before.min(held)));
    }

    /// Whether the share is used up.
    pub fn is_full(&self) -> bool {
        self.is_beyond(1)
    }

    /// Whether half of the share is used up.
    pub fn is_half_full(&self) -> bool {
        self.is_beyond(2)
    }

    fn is_beyond(&self, part: u64) -> bool {
        let before = self.before.unwrap_or(0);
        let memory = memory_use();
        memory.held.saturating_sub(before) > memory.limit.saturating_sub(before) / self.share / part
    }
}

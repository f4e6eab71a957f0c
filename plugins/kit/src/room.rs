//! How much of the plugin's memory rows may take before they go to temporary storage.

use jackfield_sdk::spill::memory_use;

/// A share of the memory that is there when the first row comes.
#[derive(Debug, Default)]
pub struct Room {
    /// What the plugin held before the first row came.
    before: Option<u64>,
}

/// Of the memory that the plugin has, so much is used for rows; computing over them takes more beside them.
const SHARE: u64 = 4;

impl Room {
    /// Measures from here on, unless it does already.
    pub fn open(&mut self) {
        self.before.get_or_insert_with(|| memory_use().held);
    }

    /// Whether the share is used up.
    pub fn is_full(&self) -> bool {
        let before = self.before.unwrap_or(0);
        let memory = memory_use();
        memory.held.saturating_sub(before) > memory.limit.saturating_sub(before) / SHARE
    }
}

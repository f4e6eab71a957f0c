//! What a plugin has used of its rights, and what it was denied: for `plugin audit`, for counters and for messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Label;

/// So many different uses, and so many different denials, are kept apart for a plugin; further ones are only counted.
const MOST_DIFFERENT: usize = 256;

/// A right that was used in practice. Folders and files are noted at their [`super::FileRight`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A request went out.
    Http {
        /// The host that was named.
        host: String,
        /// The port.
        port: u16,
        /// The method.
        method: String,
        /// The path, without the query.
        path: String,
    },
    /// A connection was made.
    Socket {
        /// The host that was named, or the address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A secret was filled in.
    Secret {
        /// Its name.
        name: String,
        /// The host that got it.
        host: String,
    },
    /// The environment was read.
    Env,
    /// The time was asked for.
    Clock,
    /// Randomness was asked for.
    Random,
}

/// Something that a plugin tried and was not allowed to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The key in `[permissions]` that it is about.
    pub permission: String,
    /// What was tried, in words: `GET https://example.com/v1/`.
    pub what: String,
    /// What would allow it.
    pub help: String,
    /// Who tried.
    pub label: Label,
}

/// Where denials go.
pub type DenialSink = Arc<dyn Fn(Denial) + Send + Sync>;

/// What was used and denied so far. Shared by all stores of a plugin.
#[derive(Debug, Default)]
pub struct Record {
    uses: Mutex<BTreeSet<Use>>,
    denials: Mutex<BTreeMap<(String, String), u64>>,
    clock: AtomicBool,
    random: AtomicBool,
}

impl Record {
    /// Notes a use.
    pub(crate) fn note(&self, used: Use) {
        // These happen often, and are remembered without a lock.
        let flag = match used {
            Use::Clock => Some(&self.clock),
            Use::Random => Some(&self.random),
            _ => None,
        };
        if let Some(flag) = flag {
            flag.store(true, Ordering::Relaxed);
            return;
        }
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < MOST_DIFFERENT {
            uses.insert(used);
        }
    }

    /// Counts a denial. `true`: it is the first one of its kind.
    pub(crate) fn deny(&self, permission: &str, what: &str) -> bool {
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (permission.to_owned(), what.to_owned());
        let full = denials.len() >= MOST_DIFFERENT;
        match denials.get_mut(&key) {
            Some(count) => {
                *count += 1;
                false
            }
            None if full => {
                let others = denials.entry((permission.to_owned(), "others".to_owned())).or_default();
                *others += 1;
                *others == 1
            }
            None => denials.insert(key, 1).is_none(),
        }
    }

    /// All uses so far.
    #[must_use]
    pub fn uses(&self) -> BTreeSet<Use> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        uses.extend(self.clock.load(Ordering::Relaxed).then_some(Use::Clock));
        uses.extend(self.random.load(Ordering::Relaxed).then_some(Use::Random));
        uses
    }

    /// How often what was denied so far, by permission and what was tried.
    #[must_use]
    pub fn denials(&self) -> BTreeMap<(String, String), u64> {
        self.denials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_denials_is_counted_and_not_kept() {
        let record = Record::default();
        let first = (0..1000).filter(|n| record.deny("network.http", &format!("GET https://h{n}/"))).count();
        assert_eq!(first, MOST_DIFFERENT + 1);
        assert!(!record.deny("network.http", "GET https://h0/"));
        let denials = record.denials();
        assert_eq!(denials.len(), MOST_DIFFERENT + 1);
        assert_eq!(denials.values().sum::<u64>(), 1001);
    }
}

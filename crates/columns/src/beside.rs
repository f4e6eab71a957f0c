//! Independent pieces of work, on a second thread as well where that pays.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes from which on a second thread is worth its start.
const LARGE: u64 = 2 << 20;

/// What `work` gives for 0, 1, … `count - 1`, in that order. `bytes` is about what all of it reads and writes. What
/// a kernel's `work` spends was agreed with the meter before: it cannot be asked from two threads.
pub fn beside<T: Send + Sync>(count: usize, bytes: u64, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if count < 2 || bytes < LARGE || !has_room() {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let made: Vec<OnceLock<T>> = (0..count).map(|_| OnceLock::new()).collect();
    let take_on = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(place) = made.get(number) else { return };
        // Each number is given once, so the place is free.
        let _ = place.set(work(number));
    };
    std::thread::scope(|scope| {
        // Without a thread all is done here.
        let _ = std::thread::Builder::new().name("beside".to_owned()).spawn_scoped(scope, take_on);
        take_on();
    });
    made.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// The machine has a second processor for this process.
fn has_room() -> bool {
    static ROOM: OnceLock<bool> = OnceLock::new();
    *ROOM.get_or_init(|| std::thread::available_parallelism().is_ok_and(|count| count.get() > 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_their_places() {
        for (count, bytes) in [(0, LARGE), (1, LARGE), (2, 0), (500, LARGE)] {
            let made = beside(count, bytes, |number| number * 2);
            assert_eq!(made, (0..count).map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}

//! Work that may panic on a stranger's wish, as arrow does at the edges of calendars and on malformed IPC: the panic is
//! caught, and it is not shown.
//!
//! Rust prints a panic before anybody can catch it. A plugin could so write to the user's terminal as much as it likes,
//! past all limits of what it may log.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether the panics of this thread are somebody's who catches them.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Puts a hook before the one there is, which only leaves out what is caught here.
fn hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let shown = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // A thread that has no such value any more is at its end and catches nothing.
            if !CAUGHT.try_with(Cell::get).unwrap_or(false) {
                shown(panic);
            }
        }));
    });
}

/// The result of `work`, or what it panicked with.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    hook();
    let before = CAUGHT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_caught_inside_one_another() {
        let outer = caught(|| {
            assert!(caught(|| panic!("inside")).is_err());
            assert!(CAUGHT.get(), "the outer one still catches");
            1
        });
        assert_eq!(outer.unwrap(), 1);
        assert!(!CAUGHT.get());
    }
}

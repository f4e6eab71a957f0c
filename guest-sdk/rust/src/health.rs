//! How a plugin is.

use crate::bindings::health::exports::jackfield::plugin::health as wit;
use std::marker::PhantomData;

pub use wit::{Report, Status};

/// A plugin that says how it is. Name the type in [`export_health!`](crate::export_health).
pub trait Health: 'static {
    /// Asked in the main instance, on demand and from time to time.
    fn check() -> Report;
}

impl Report {
    /// It works.
    pub fn healthy() -> Self {
        Report { status: Status::Healthy, message: String::new() }
    }

    /// It works, though not as it should, because of this.
    pub fn degraded(message: impl Into<String>) -> Self {
        Report { status: Status::Degraded, message: message.into() }
    }

    /// It does not work, because of this.
    pub fn failing(message: impl Into<String>) -> Self {
        Report { status: Status::Failing, message: message.into() }
    }
}

/// Exports the health of a type that implements [`Health`].
#[macro_export]
macro_rules! export_health {
    ($health:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::health::Exported<$health>;
    $crate::bindings::health::export_world!(Exported with_types_in $crate::bindings::health);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::health::implemented::<$health>();
    };
}

#[doc(hidden)]
pub const fn implemented<T: Health>() {}

/// What [`export_health!`](crate::export_health) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<H>(PhantomData<H>);

impl<H: Health> wit::Guest for Exported<H> {
    fn check() -> Report {
        H::check()
    }
}

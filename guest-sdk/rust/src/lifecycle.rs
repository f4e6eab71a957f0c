//! What a plugin does ahead of its work and behind it.
//!
//! ```no_run
//! use jackfield_sdk::{Failure, Lifecycle, Params};
//!
//! struct Checked;
//!
//! impl Lifecycle for Checked {
//!     fn init(config: Params) -> Result<(), Vec<Failure>> {
//!         #[derive(serde::Deserialize)]
//!         struct Config { least: u64, most: u64 }
//!         let config: Config = config.parse()?;
//!         if config.least > config.most {
//!             let failure = Failure::invalid_config("empty-range", "`least` is more than `most`");
//!             return Err(vec![failure.with_parameter("/least")]);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! jackfield_sdk::export_lifecycle!(Checked);
//! ```

use crate::bindings::lifecycle::exports::jackfield::plugin::lifecycle as wit;
use crate::{Failure, Params};
use std::marker::PhantomData;

/// A plugin's lifecycle. Name the type in [`export_lifecycle!`](crate::export_lifecycle).
pub trait Lifecycle: 'static {
    /// Looks at the configuration; called first in every instance. It fits the manifest's schema.
    ///
    /// # Errors
    /// All that is wrong with it; a `parameter` points into the configuration.
    fn init(config: Params) -> Result<(), Vec<Failure>> {
        let _ = config;
        Ok(())
    }

    /// Called once, in the main instance, when all that the plugin requires has started.
    ///
    /// # Errors
    /// Why it cannot start: then neither can what requires it.
    fn start() -> Result<(), Failure> {
        Ok(())
    }

    /// Called once, in the main instance, when all that requires the plugin has stopped. There is a deadline.
    ///
    /// # Errors
    /// What went wrong; it is reported and stops nothing else from stopping.
    fn stop() -> Result<(), Failure> {
        Ok(())
    }
}

/// Exports the lifecycle of a type that implements [`Lifecycle`].
#[macro_export]
macro_rules! export_lifecycle {
    ($lifecycle:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::lifecycle::Exported<$lifecycle>;
    $crate::bindings::lifecycle::export_world!(Exported with_types_in $crate::bindings::lifecycle);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::lifecycle::implemented::<$lifecycle>();
    };
}

#[doc(hidden)]
pub const fn implemented<T: Lifecycle>() {}

/// What [`export_lifecycle!`](crate::export_lifecycle) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<L>(PhantomData<L>);

impl<L: Lifecycle> wit::Guest for Exported<L> {
    fn init(config: String) -> Result<(), Vec<Failure>> {
        L::init(Params::new(config))
    }

    fn start() -> Result<(), Failure> {
        L::start()
    }

    fn stop() -> Result<(), Failure> {
        L::stop()
    }
}

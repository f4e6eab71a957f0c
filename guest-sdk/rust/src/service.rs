//! Services: what plugins offer to each other.

use crate::Failure;
use crate::bindings::service::exports::jackfield::plugin::service as wit;
use std::marker::PhantomData;

/// A plugin's services. Name the type in [`export_service!`](crate::export_service). They run in the plugin's main
/// instance, one call at a time.
pub trait Service: 'static {
    /// Answers a call. `service` is the id from the manifest; methods and payloads are the service's own.
    ///
    /// # Errors
    /// What the caller is told.
    fn call(service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// Calls a service of another plugin, `plugin/id`, which the manifest has to name under `[requires]`. The deadline of
/// this call stands still meanwhile.
///
/// # Errors
/// What the service says, or that it cannot be called.
pub fn call_service(service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, Failure> {
    crate::bindings::host::jackfield::plugin::services::call(service, method, payload)
}

/// Exports the services of a type that implements [`Service`].
#[macro_export]
macro_rules! export_service {
    ($service:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::service::Exported<$service>;
    $crate::bindings::service::export_world!(Exported with_types_in $crate::bindings::service);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::service::implemented::<$service>();
    };
}

#[doc(hidden)]
pub const fn implemented<T: Service>() {}

/// What [`export_service!`](crate::export_service) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<S>(PhantomData<S>);

impl<S: Service> wit::Guest for Exported<S> {
    fn call(service: String, method: String, payload: Vec<u8>) -> Result<Vec<u8>, Failure> {
        S::call(&service, &method, &payload)
    }
}

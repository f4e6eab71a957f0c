//! Checksums of a plugin's own bytes, taken where they lie in its memory.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmList};

use crate::inspect::API_VERSION;
use crate::state::State;

/// Links the interface by hand, because generated bindings would copy every list before they hand it over.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance(&format!("jackfield:plugin/checksums@{API_VERSION}"))?;
    interface.func_wrap("crc32", |mut store: StoreContextMut<'_, State>, (before, bytes): (u32, WasmList<u8>)| {
        let length = bytes.as_le_slice(&store).len();
        store.data_mut().account.enter_copying(length)?;
        let mut hasher = crc32fast::Hasher::new_with_initial(before);
        hasher.update(bytes.as_le_slice(&store));
        Ok((hasher.finalize(),))
    })
}

//! What a plugin may use, with the defaults.

use std::time::Duration;

/// The limits of one store, that is of one running instance of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes over all memories, tables and host buffers that its handles keep alive; 256 MiB.
    pub memory_bytes: u64,
    /// Fuel for one call, the guest's and the kernels' together; 20 × 10⁹.
    pub fuel_per_call: u64,
    /// Wall-clock time of one call, without the time spent waiting for a source or a sink; 30 s.
    pub call_timeout: Duration,
    /// Bytes that one call may copy out of the guest; 16 MiB.
    pub hostcall_fuel: usize,
    /// Handles on columns, batches, expressions and so on that may be open at once; 16,384.
    pub handles: u32,
    /// Entries of WASI's own resource table; 256.
    pub wasi_handles: usize,
    /// Core instances in one store; 64.
    pub instances: usize,
    /// Tables in one store; 32.
    pub tables: usize,
    /// Memories in one store; 8.
    pub memories: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            fuel_per_call: 20_000_000_000,
            call_timeout: Duration::from_secs(30),
            hostcall_fuel: 16 << 20,
            handles: 16_384,
            wasi_handles: 256,
            instances: 64,
            tables: 32,
            memories: 8,
        }
    }
}

/// Bytes in the largest unit that keeps the number readable: `256 MiB`, `1.5 GiB`, `700 bytes`.
pub(crate) fn bytes_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, name) in UNITS {
        if bytes >= size {
            let tenths = u128::from(bytes) * 10 / u128::from(size);
            return match tenths % 10 {
                0 => format!("{} {name}", tenths / 10),
                tenth => format!("{}.{tenth} {name}", tenths / 10),
            };
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::bytes_text;

    #[test]
    fn sizes_are_readable() {
        for (bytes, text) in [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (256 << 20, "256 MiB")] {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}

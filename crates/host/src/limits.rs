//! What a plugin may use, with the defaults.

use std::fmt;
use std::time::Duration;

/// Bytes of the stack that a guest's functions may use, for all instances: the engine is made with it.
pub(crate) const STACK_BYTES: usize = 512 << 10;

/// What an instance may give before it is compared with what it was given: this many bytes, and rows.
pub(crate) const FREE_BYTES: u64 = 64 << 20;
/// See [`FREE_BYTES`].
pub(crate) const FREE_ROWS: u64 = 1_000_000;

/// The limits of one store, that is of one running instance of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes over all memories, tables and host buffers that its handles keep alive; 256 MiB.
    pub memory_bytes: u64,
    /// Fuel for one call, the guest's and the kernels' together; 20 × 10⁹.
    pub fuel_per_call: u64,
    /// Fuel for all calls of an instance together; 10¹⁷, which takes months.
    pub fuel_per_instance: u64,
    /// Wall-clock time of one call, without the time spent waiting for a source or a sink; 30 s.
    pub call_timeout: Duration,
    /// Time of all calls of an instance together, likewise; 30 days.
    pub instance_timeout: Duration,
    /// Bytes that one call may copy out of the guest; 16 MiB.
    pub hostcall_fuel: usize,
    /// Handles on columns, batches, expressions and so on that may be open at once; 16,384.
    pub handles: u32,
    /// Entries of WASI's own resource table: files, streams, polls, sockets; 256.
    pub wasi_handles: usize,
    /// Folders and files that may be open at once; 128.
    pub open_files: usize,
    /// Bytes that an instance may write to its sink and to files that it was granted, together; 1 TiB.
    pub written_bytes: u64,
    /// Bytes of one answer: of the batches of a step or chunk; 1 GiB.
    pub emitted_bytes: u64,
    /// Rows of one answer; 16,777,216.
    pub emitted_rows: u64,
    /// So many times the rows and bytes that it was given an instance may give, beyond [`FREE_ROWS`] and
    /// [`FREE_BYTES`]; 1,000.
    pub expansion: u64,
    /// Bytes that an instance may have on temporary storage; 64 GiB.
    pub spill_bytes: u64,
    /// Bytes that all instances of a run together may have there; 256 GiB.
    pub run_spill_bytes: u64,
    /// Log lines that an instance may write in a second; 100. Further ones are counted and dropped.
    pub log_lines: u32,
    /// Bytes of log lines that an instance may write in a second; 64 KiB. Likewise.
    pub log_bytes: usize,
    /// Batches after which a row-wise node gets a fresh instance; 100,000. See [`crate::NodeInstance`].
    pub recycle_calls: u64,
    /// The age at which it does; 1 h. Where everything is to be deterministic nobody looks at it.
    pub recycle_age: Duration,
    /// Bytes of memory, of all kinds, with which it does, never more than three quarters of `memory_bytes`; 192 MiB.
    pub recycle_memory: u64,
    /// Handles left open between two calls with which it does, never more than half of `handles`; 8,192.
    pub recycle_handles: u32,
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
            fuel_per_instance: 100_000_000_000_000_000,
            call_timeout: Duration::from_secs(30),
            instance_timeout: Duration::from_secs(30 * 24 * 3600),
            hostcall_fuel: 16 << 20,
            handles: 16_384,
            wasi_handles: 256,
            open_files: 128,
            written_bytes: 1 << 40,
            emitted_bytes: 1 << 30,
            emitted_rows: 1 << 24,
            expansion: 1000,
            spill_bytes: 64 << 30,
            run_spill_bytes: 256 << 30,
            log_lines: 100,
            log_bytes: 64 << 10,
            recycle_calls: 100_000,
            recycle_age: Duration::from_secs(3600),
            recycle_memory: 192 << 20,
            recycle_handles: 8192,
            instances: 64,
            tables: 32,
            memories: 8,
        }
    }
}

/// A limit's value, with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitValue {
    /// A size in bytes.
    Bytes(u64),
    /// So many of something.
    Count(u64),
    /// A time.
    Time(Duration),
    /// So many times as much.
    Times(u64),
}

impl fmt::Display for LimitValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&bytes_text(*bytes)),
            Self::Count(count) => write!(f, "{count}"),
            Self::Time(time) => write!(f, "{time:?}"),
            Self::Times(times) => write!(f, "{times} times"),
        }
    }
}

/// One limit, for whoever lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitEntry {
    /// Its key below `[limits]`, or its name where it is built in.
    pub name: &'static str,
    /// What holds.
    pub value: LimitValue,
    /// Whether `[limits]` has a key for it.
    pub settable: bool,
}

impl Limits {
    /// All of them, in the order in which people are shown them.
    #[must_use]
    pub fn entries(&self) -> Vec<LimitEntry> {
        let set = |name, value| LimitEntry { name, value, settable: true };
        let fixed = |name, value| LimitEntry { name, value, settable: false };
        let count = |count: usize| LimitValue::Count(count as u64);
        vec![
            set("memory", LimitValue::Bytes(self.memory_bytes)),
            set("fuel-per-call", LimitValue::Count(self.fuel_per_call)),
            set("fuel-per-instance", LimitValue::Count(self.fuel_per_instance)),
            set("call-timeout", LimitValue::Time(self.call_timeout)),
            set("instance-timeout", LimitValue::Time(self.instance_timeout)),
            set("hostcall-fuel", LimitValue::Bytes(self.hostcall_fuel as u64)),
            set("handles", LimitValue::Count(u64::from(self.handles))),
            set("resource-table", count(self.wasi_handles)),
            set("open-files", count(self.open_files)),
            set("written-bytes", LimitValue::Bytes(self.written_bytes)),
            set("emitted-bytes", LimitValue::Bytes(self.emitted_bytes)),
            set("emitted-rows", LimitValue::Count(self.emitted_rows)),
            set("expansion", LimitValue::Times(self.expansion)),
            set("spill-bytes", LimitValue::Bytes(self.spill_bytes)),
            set("run-spill-bytes", LimitValue::Bytes(self.run_spill_bytes)),
            set("log-lines", LimitValue::Count(u64::from(self.log_lines))),
            set("log-bytes", LimitValue::Bytes(self.log_bytes as u64)),
            set("recycle-calls", LimitValue::Count(self.recycle_calls)),
            set("recycle-age", LimitValue::Time(self.recycle_age)),
            set("recycle-memory", LimitValue::Bytes(self.recycle_memory)),
            set("recycle-handles", LimitValue::Count(u64::from(self.recycle_handles))),
            fixed("stack", LimitValue::Bytes(STACK_BYTES as u64)),
            fixed("instances", count(self.instances)),
            fixed("tables", count(self.tables)),
            fixed("memories", count(self.memories)),
        ]
    }
}

/// Bytes in the largest unit that keeps the number readable: `256 MiB`, `1.5 GiB`, `700 bytes`.
pub(crate) fn bytes_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
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

//! Temporary storage: rows that do not fit into memory, in files that have no name, so that nothing is left behind
//! however the process ends. Each spool is a file of blocks; where each block lies is kept in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::SchemaRef;
use jackfield_columns::spill::{block_rows, from_block, to_block};
use jackfield_columns::{Batch, Failure, Meter, type_name};

use crate::Limits;
use crate::limits::bytes_text;

/// Bytes of rows that come back from temporary storage at a time, about; a block comes back whole where it has more.
pub const PIECE_BYTES: u64 = 16 << 20;

/// Where the temporary files of a run lie, and how much is in them. Clones are of the same run.
#[derive(Clone, Debug)]
pub struct SpillSpace(Arc<Space>);

#[derive(Debug)]
struct Space {
    folder: PathBuf,
    used: AtomicU64,
}

impl Default for SpillSpace {
    fn default() -> Self {
        Self::new(None)
    }
}

impl SpillSpace {
    /// Files in this folder, or in the usual one: `TMPDIR`, else `/var/tmp`, which is on a disk where `/tmp` often is
    /// memory.
    #[must_use]
    pub fn new(folder: Option<&Path>) -> Self {
        let usual = || match std::env::var_os("TMPDIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => Some(PathBuf::from("/var/tmp")).filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir),
        };
        Self(Arc::new(Space { folder: folder.map_or_else(usual, Path::to_path_buf), used: AtomicU64::new(0) }))
    }

    /// Where the files lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Bytes that lie there now.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }
}

/// One instance's part of the space, with its quotas.
#[derive(Clone, Debug)]
pub struct SpillShare(Arc<Share>);

#[derive(Debug)]
struct Share {
    space: SpillSpace,
    used: AtomicU64,
    most: u64,
    run_most: u64,
    /// Bytes of a block, about.
    block: u64,
}

impl SpillShare {
    /// A part of `space` within `limits`.
    #[must_use]
    pub fn new(space: &SpillSpace, limits: &Limits) -> Self {
        let (most, run_most) = (limits.spill_bytes, limits.run_spill_bytes);
        // A merge holds a block of each of its runs, of which there may be dozens.
        let block = (limits.memory_bytes / 256).clamp(64 << 10, 1 << 20);
        Self(Arc::new(Share { space: space.clone(), used: AtomicU64::new(0), most, run_most, block }))
    }

    /// Takes so many bytes of both quotas, or says which of them is too small.
    fn take(&self, bytes: u64) -> Result<(), Failure> {
        let Share { space, used, most, run_most, .. } = &*self.0;
        let counters = [
            (used, *most, "spill-bytes", "the plugin's rows"),
            (&space.0.used, *run_most, "run-spill-bytes", "the rows of all plugins of the run"),
        ];
        for (number, (counter, most, setting, whose)) in counters.iter().enumerate() {
            let wanted = counter.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
            if wanted > *most {
                for (counter, ..) in counters.iter().take(number + 1) {
                    counter.fetch_sub(bytes, Ordering::Relaxed);
                }
                let message = format!(
                    "{whose} on temporary storage would take {}, {} are allowed",
                    bytes_text(wanted),
                    bytes_text(*most)
                );
                let help = format!("raise `limits.{setting}`, or give the plugin less to do");
                return Err(Failure::limit(setting, message).with_help(help));
            }
        }
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        self.0.used.fetch_sub(bytes, Ordering::Relaxed);
        self.0.space.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn failed(&self, what: &str, error: &io::Error) -> Failure {
        let folder = self.0.space.folder().display();
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let (code, why) = match full {
            true => ("disk-full", "the disk is full".to_owned()),
            false => ("spill", error.to_string()),
        };
        Failure::unavailable(code, format!("temporary storage in {folder} cannot be {what}: {why}"))
            .with_help("make room there, or name another folder: `folder` in [spill] of jackfield.toml, or TMPDIR")
    }
}

/// Rows put aside, one after the other.
#[derive(Debug)]
pub struct Spool {
    schema: SchemaRef,
    share: SpillShare,
    file: Option<File>,
    blocks: Vec<Block>,
    rows: u64,
    bytes: u64,
    /// Which columns are there, once there are rows.
    demanded: Option<Vec<bool>>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    first: u64,
    rows: u32,
    offset: u64,
    bytes: u64,
}

impl Spool {
    /// An empty spool for rows with these columns. It takes no file before it has rows.
    #[must_use]
    pub fn new(schema: SchemaRef, share: &SpillShare) -> Self {
        let share = share.clone();
        Self { schema, share, file: None, blocks: Vec::new(), rows: 0, bytes: 0, demanded: None }
    }

    /// Its columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows that lie here.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of memory that know where they lie.
    pub(crate) fn index_bytes(&self) -> u64 {
        (self.blocks.capacity() * size_of::<Block>()) as u64
    }

    /// Writes the rows of a batch behind those that are there.
    ///
    /// # Errors
    /// `type-mismatch` for other columns; `spill-bytes` and `run-spill-bytes`, the quotas; `disk-full`; `spill`, what
    /// else the system says; limits.
    pub fn append(&mut self, batch: &Batch, meter: &mut dyn Meter) -> Result<(), Failure> {
        self.check(batch)?;
        for part in batch.parts() {
            let step = block_rows(&part, self.share.0.block);
            let mut from = 0;
            while from < part.rows() {
                let count = step.min(part.rows() - from);
                self.write(&part.slice(from, count)?, meter)?;
                from += count;
            }
        }
        Ok(())
    }

    fn check(&mut self, batch: &Batch) -> Result<(), Failure> {
        let (own, other) = (self.schema.fields(), batch.schema().fields());
        if own.len() != other.len() {
            let message = format!("a spool of {} columns is given rows with {}", own.len(), other.len());
            return Err(Failure::invalid_input("type-mismatch", message));
        }
        for (own, other) in own.iter().zip(other) {
            if own.name() != other.name() || own.data_type() != other.data_type() {
                let told =
                    |field: &arrow::datatypes::Field| format!("`{}` {}", field.name(), type_name(field.data_type()));
                let message = format!("a spool with a column {} is given {}", told(own), told(other));
                return Err(Failure::invalid_input("type-mismatch", message).with_column(own.name()));
            }
        }
        let demanded: Vec<bool> = (0..own.len()).map(|index| batch.demanded(index)).collect();
        if self.demanded.get_or_insert_with(|| demanded.clone()) != &demanded {
            let message = "a spool is given rows where other columns were not demanded than before";
            return Err(Failure::invalid_input("type-mismatch", message));
        }
        Ok(())
    }

    fn write(&mut self, rows: &Batch, meter: &mut dyn Meter) -> Result<(), Failure> {
        let bytes = to_block(rows, meter)?;
        let length = bytes.len() as u64;
        self.share.take(length)?;
        let written = self.write_at_end(&bytes);
        if let Err(error) = written {
            self.share.give_back(length);
            return Err(self.share.failed("written", &error));
        }
        let count = u32::try_from(rows.rows()).unwrap_or(u32::MAX);
        self.blocks.push(Block { first: self.rows, rows: count, offset: self.bytes, bytes: length });
        self.rows += u64::from(count);
        self.bytes += length;
        Ok(())
    }

    fn write_at_end(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(self.share.0.space.folder())?,
        };
        let written = file.write_all_at(bytes, self.bytes);
        self.file = Some(file);
        written
    }

    /// At most `most` rows from `offset` on, as many whole blocks as that and `most_bytes` allow, and at least the rest of
    /// one; none behind the last row.
    ///
    /// # Errors
    /// `spill`, what the system says; limits.
    pub fn read(&self, offset: u64, most: usize, most_bytes: u64, meter: &mut dyn Meter) -> Result<Batch, Failure> {
        let first = self.blocks.partition_point(|block| block.first + u64::from(block.rows) <= offset);
        let mut parts: Vec<Batch> = Vec::new();
        let (mut from, mut count, mut bytes) = (offset, 0, 0);
        for block in self.blocks.get(first..).unwrap_or_default() {
            let skipped = usize::try_from(from.saturating_sub(block.first)).unwrap_or(usize::MAX);
            let rest = (block.rows as usize).saturating_sub(skipped);
            if count > 0 && (count + rest > most || bytes + block.bytes > most_bytes) {
                break;
            }
            let rows = self.read_block(block, meter)?;
            let rest = rest.min(most);
            parts.push(rows.slice(skipped, rest)?);
            count += rest;
            bytes += block.bytes;
            from = block.first + u64::from(block.rows);
            if count >= most {
                break;
            }
        }
        if parts.is_empty() {
            let columns = self.schema.fields().iter().map(|field| arrow::array::new_empty_array(field.data_type()));
            return Batch::of(Arc::clone(&self.schema), 0, columns.collect());
        }
        Batch::concat(&parts, meter)
    }

    /// The rows from `offset` to the end of their block; none behind the last row.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn read_rest(&self, offset: u64, meter: &mut dyn Meter) -> Result<Option<Batch>, Failure> {
        let number = self.blocks.partition_point(|block| block.first + u64::from(block.rows) <= offset);
        let Some(block) = self.blocks.get(number) else { return Ok(None) };
        let rows = self.read_block(block, meter)?;
        let skipped = usize::try_from(offset - block.first).unwrap_or(usize::MAX);
        rows.slice(skipped, rows.rows().saturating_sub(skipped)).map(Some)
    }

    fn read_block(&self, block: &Block, meter: &mut dyn Meter) -> Result<Batch, Failure> {
        meter.allocate(block.bytes)?;
        let length = usize::try_from(block.bytes).unwrap_or(usize::MAX);
        let mut bytes = MutableBuffer::from_len_zeroed(length);
        let Some(file) = &self.file else { return Err(Failure::internal("spill", "a spool has rows and no file")) };
        file.read_exact_at(&mut bytes, block.offset).map_err(|error| self.share.failed("read", &error))?;
        from_block(Buffer::from(bytes), &self.schema, meter)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.share.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use jackfield_columns::{Origin, Unmetered};

    use super::*;

    fn batch(numbers: std::ops::Range<i64>) -> Batch {
        let names: ArrayRef =
            Arc::new(StringArray::from_iter(numbers.clone().map(|number| Some(format!("n{number}")))));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        Batch::new(RecordBatch::try_from_iter_with_nullable([("a", numbers, true), ("b", names, true)]).unwrap())
    }

    fn values(batch: &Batch) -> Vec<i64> {
        let column = batch.column(0, &mut Unmetered).unwrap();
        column.as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
    }

    #[test]
    fn rows_come_back_from_any_place_and_know_their_records() {
        let space = SpillSpace::default();
        let share = SpillShare::new(&space, &Limits::default());
        let mut spool = Spool::new(batch(0..0).schema().clone(), &share);
        assert_eq!(spool.read(0, 10, u64::MAX, &mut Unmetered).unwrap().rows(), 0);
        let origin = Arc::new(Origin { file: "x.csv".into(), first_record: 100, records: None });
        spool.append(&batch(0..20_000).with_origin(origin), &mut Unmetered).unwrap();
        spool.append(&batch(20_000..20_010), &mut Unmetered).unwrap();
        assert_eq!(spool.rows(), 20_010);
        assert!(space.used() > 20_010 * 9);
        for (offset, most) in [(0, 1), (8191, 5), (5, 100_000), (19_999, 7), (20_009, 100)] {
            let rows = spool.read(offset, most, u64::MAX, &mut Unmetered).unwrap();
            assert!(rows.rows() >= 1 && rows.rows() <= most, "{offset} {most}: {}", rows.rows());
            let expected: Vec<i64> = (offset as i64..offset as i64 + rows.rows() as i64).collect();
            assert_eq!(values(&rows), expected);
        }
        assert!(spool.read(0, 20_000, 1, &mut Unmetered).unwrap().rows() < 20_000);
        let rows = spool.read(19_998, 100, u64::MAX, &mut Unmetered).unwrap();
        assert_eq!(rows.record(1), Some(("x.csv".into(), 20_099)));
        assert_eq!(spool.read(20_000, 100, u64::MAX, &mut Unmetered).unwrap().record(0), None);
        assert_eq!(spool.read(20_010, 100, u64::MAX, &mut Unmetered).unwrap().rows(), 0);
        drop(spool);
        assert_eq!(space.used(), 0);
    }

    #[test]
    fn files_have_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let space = SpillSpace::new(Some(folder.path()));
        let mut spool = Spool::new(batch(0..0).schema().clone(), &SpillShare::new(&space, &Limits::default()));
        spool.append(&batch(0..100), &mut Unmetered).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(spool.file.as_ref().unwrap().metadata().unwrap().nlink(), 0);
    }

    #[test]
    fn quotas_hold_for_the_plugin_and_for_the_run() {
        let space = SpillSpace::default();
        let limits = Limits { spill_bytes: 50_000, ..Limits::default() };
        let mut first = Spool::new(batch(0..0).schema().clone(), &SpillShare::new(&space, &limits));
        first.append(&batch(0..1000), &mut Unmetered).unwrap();
        let failure = first.append(&batch(0..5000), &mut Unmetered).unwrap_err();
        assert_eq!(failure.code, "spill-bytes");
        assert!(failure.help.unwrap().contains("limits.spill-bytes"));
        let used = space.used();
        let limits = Limits { run_spill_bytes: used + 100, ..Limits::default() };
        let mut second = Spool::new(batch(0..0).schema().clone(), &SpillShare::new(&space, &limits));
        let failure = second.append(&batch(0..1000), &mut Unmetered).unwrap_err();
        assert_eq!(failure.code, "run-spill-bytes");
        assert_eq!(space.used(), used);
        drop(first);
        second.append(&batch(0..900), &mut Unmetered).unwrap();
    }

    #[test]
    fn other_columns_are_refused() {
        let mut spool =
            Spool::new(batch(0..0).schema().clone(), &SpillShare::new(&SpillSpace::default(), &Limits::default()));
        let other = batch(0..3).pick(&[(1, None), (0, None)]).unwrap();
        let failure = spool.append(&other, &mut Unmetered).unwrap_err();
        assert_eq!(failure.code, "type-mismatch");
        assert!(failure.message.contains("`a` int64"), "{}", failure.message);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let space = SpillSpace::new(Some(Path::new("/nowhere/at/all")));
        let mut spool = Spool::new(batch(0..0).schema().clone(), &SpillShare::new(&space, &Limits::default()));
        let failure = spool.append(&batch(0..3), &mut Unmetered).unwrap_err();
        assert!(failure.message.contains("/nowhere/at/all"), "{}", failure.message);
    }

    #[test]
    fn a_full_disk_says_so() {
        let share = SpillShare::new(&SpillSpace::default(), &Limits::default());
        let failure = share.failed("written", &io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(failure.code, "disk-full");
        assert!(failure.message.contains("the disk is full"));
    }
}

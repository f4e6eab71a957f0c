//! Rows put aside on temporary storage, and merged from there. Waiting for the disk is no fault of the plugin, so the
//! clock of its call stands still.

use std::sync::Arc;

use jackfield_columns::Failure;
use jackfield_columns::compute::{Merge, MergeKey, Merged};
use wasmtime::component::Resource;

use crate::Spool;
use crate::bindings::jackfield::plugin::{spill, types};
use crate::convert;
use crate::held::{HeldBatch, HeldMerger, HeldSpool};
use crate::ledger::Charge;
use crate::state::{Answer, State, table_stop};

impl spill::Host for State {
    fn memory_use(&mut self) -> wasmtime::Result<spill::Memory> {
        self.account.enter()?;
        let ledger = &self.account.ledger;
        Ok(spill::Memory { limit: ledger.limit(), held: ledger.held() })
    }
}

impl spill::HostSpool for State {
    fn new(&mut self, schema: types::Schema) -> Answer<Resource<HeldSpool>> {
        self.account.enter()?;
        let schema = convert::schema_from_wit(schema);
        match self.answer(schema)? {
            Ok(schema) => {
                let spool = Spool::new(schema, &self.spill);
                let mut charge = Charge::default();
                self.charge_size(&mut charge, spool.index_bytes())?;
                self.push(HeldSpool { spool: Arc::new(spool), charge }).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn append(&mut self, handle: Resource<HeldSpool>, rows: Resource<HeldBatch>) -> Answer<()> {
        self.account.enter()?;
        let batch = self.batch(&rows)?;
        let held = self.table.get_mut(&handle).map_err(table_stop)?;
        let waiting = self.account.clock.wait();
        let appended = match Arc::get_mut(&mut held.spool) {
            Some(spool) => spool.append(&batch, &mut self.account),
            None => Err(Failure::invalid_input("in-use", "a spool that is being merged takes no more rows")),
        };
        drop(waiting);
        let (size, mut charge) = (held.spool.index_bytes(), std::mem::take(&mut held.charge));
        let charged = self.charge_size(&mut charge, size);
        self.table.get_mut(&handle).map_err(table_stop)?.charge = charge;
        charged?;
        self.answer(appended)
    }

    fn rows(&mut self, handle: Resource<HeldSpool>) -> wasmtime::Result<u64> {
        self.account.enter()?;
        Ok(self.table.get(&handle).map_err(table_stop)?.spool.rows())
    }

    fn read(&mut self, handle: Resource<HeldSpool>, offset: u64, max_rows: u32) -> Answer<Resource<HeldBatch>> {
        self.account.enter()?;
        let spool = Arc::clone(&self.table.get(&handle).map_err(table_stop)?.spool);
        let piece_bytes = self.account.piece_bytes();
        let waiting = self.account.clock.wait();
        let rows = match max_rows {
            0 => Err(Failure::invalid_input("out-of-bounds", "at least one row has to be asked for")),
            most => spool.read(offset, most as usize, piece_bytes, &mut self.account),
        };
        drop(waiting);
        match self.answer(rows)? {
            Ok(rows) => self.hold_batch(rows).map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn drop(&mut self, handle: Resource<HeldSpool>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}

impl spill::HostMerger for State {
    fn new(&mut self, spools: Vec<Resource<HeldSpool>>, by: Vec<spill::SortedBy>) -> Answer<Resource<HeldMerger>> {
        self.account.enter_copying(spools.len().saturating_add(by.len()).saturating_mul(100))?;
        let mut runs = Vec::with_capacity(spools.len());
        for spool in &spools {
            runs.push((Arc::clone(&self.table.get(spool).map_err(table_stop)?.spool), 0));
        }
        let key = |by: spill::SortedBy| MergeKey {
            column: by.column as usize,
            descending: by.descending,
            nulls_first: by.nulls_first,
        };
        let merge = match runs.first() {
            Some((first, _)) if runs.iter().any(|(spool, _)| spool.schema() != first.schema()) => {
                Err(Failure::invalid_input("type-mismatch", "spools with different columns cannot be merged"))
            }
            _ => Merge::new(by.into_iter().map(key).collect(), runs.len(), self.account.piece_bytes()),
        };
        match self.answer(merge)? {
            Ok(merge) => {
                let mut charge = Charge::default();
                self.charge_size(&mut charge, 0)?;
                self.push(HeldMerger { merge, runs, charge }).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn next(&mut self, handle: Resource<HeldMerger>, max_rows: u32) -> Answer<Option<Resource<HeldBatch>>> {
        self.account.enter()?;
        let held = self.table.get_mut(&handle).map_err(table_stop)?;
        let merged = (|| {
            if max_rows == 0 {
                return Err(Failure::invalid_input("out-of-bounds", "at least one row has to be asked for"));
            }
            loop {
                let run = match held.merge.next(max_rows as usize, &mut self.account)? {
                    Merged::Rows(rows) => return Ok(Some(rows)),
                    Merged::End => return Ok(None),
                    Merged::Wanted(run) => run,
                };
                let mut block = None;
                if let Some((spool, next)) = held.runs.get_mut(run) {
                    let _waiting = self.account.clock.wait();
                    block = spool.read_rest(*next, &mut self.account)?;
                    *next += block.as_ref().map_or(0, |block| block.rows() as u64);
                }
                held.merge.give(run, block, &mut self.account)?;
            }
        })();
        let (size, mut charge) = (held.merge.size(), std::mem::take(&mut held.charge));
        let charged = self.charge_size(&mut charge, size);
        self.table.get_mut(&handle).map_err(table_stop)?.charge = charge;
        charged?;
        match self.answer(merged)? {
            Ok(Some(rows)) => self.hold_batch(rows).map(|rows| Ok(Some(rows))),
            Ok(None) => Ok(Ok(None)),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn drop(&mut self, handle: Resource<HeldMerger>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}

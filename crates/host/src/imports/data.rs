//! Columns and batches, by handle.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::Field;
use jackfield_columns::{Batch, Failure, Meter, array_from_tree, read_level};
use wasmtime::component::Resource;

use crate::bindings::jackfield::plugin::{data, types};
use crate::convert;
use crate::held::{HeldBatch, HeldColumn};
use crate::state::{Answer, State, as_boolean, table_stop};

/// Rows and lengths fit: a batch has at most 2^31-1 rows.
fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

impl State {
    fn answer_column(&mut self, result: Result<arrow::array::ArrayRef, Failure>) -> Answer<Resource<HeldColumn>> {
        match self.answer(result)? {
            Ok(array) => self.hold_column(array).map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn answer_batch(&mut self, result: Result<Batch, Failure>) -> Answer<Resource<HeldBatch>> {
        match self.answer(result)? {
            Ok(batch) => self.hold_batch(batch).map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }
}

impl data::Host for State {}

impl data::HostColumn for State {
    fn create(&mut self, of: Vec<types::Field>, levels: Vec<data::Buffers>) -> Answer<Resource<HeldColumn>> {
        self.account.enter()?;
        let bytes: usize = levels.iter().map(|level| level.values.len()).sum();
        let result = self.account.work(bytes as u64 / 8).and_then(|()| {
            let levels = levels.into_iter().map(convert::buffers_from_wit).collect();
            array_from_tree(&convert::fields_from_wit(of), levels).map(|(_, array)| array)
        });
        self.answer_column(result)
    }

    fn share(&mut self, column: Resource<HeldColumn>) -> wasmtime::Result<Resource<HeldColumn>> {
        self.account.enter()?;
        let array = self.array(&column)?;
        self.hold_column(array)
    }

    fn length(&mut self, column: Resource<HeldColumn>) -> wasmtime::Result<u32> {
        self.account.enter()?;
        Ok(count(self.array(&column)?.len()))
    }

    fn null_count(&mut self, column: Resource<HeldColumn>) -> wasmtime::Result<u32> {
        self.account.enter()?;
        Ok(count(self.array(&column)?.null_count()))
    }

    fn tree(&mut self, column: Resource<HeldColumn>) -> wasmtime::Result<Vec<types::Field>> {
        self.account.enter()?;
        Ok(convert::type_tree_to_wit(self.array(&column)?.data_type()))
    }

    fn read(&mut self, column: Resource<HeldColumn>, path: Vec<u32>) -> Answer<data::Buffers> {
        self.account.enter()?;
        let array = self.array(&column)?;
        let buffers = read_level(&array, &path, &mut self.account).map(convert::buffers_to_wit);
        self.answer(buffers)
    }

    fn slice(&mut self, column: Resource<HeldColumn>, offset: u32, length: u32) -> Answer<Resource<HeldColumn>> {
        self.account.enter()?;
        let array = self.array(&column)?;
        let result = match (offset as usize).checked_add(length as usize) {
            Some(end) if end <= array.len() => Ok(array.slice(offset as usize, length as usize)),
            _ => {
                let message = format!("rows {offset} to {offset}+{length} of a column of {} rows", array.len());
                Err(Failure::invalid_input("out-of-bounds", message))
            }
        };
        self.answer_column(result)
    }

    fn drop(&mut self, column: Resource<HeldColumn>) -> wasmtime::Result<()> {
        self.take_column(column).map(drop)
    }
}

impl data::HostBatch for State {
    fn of(
        &mut self,
        schema: types::Schema,
        rows: u32,
        columns: Vec<Resource<HeldColumn>>,
    ) -> Answer<Resource<HeldBatch>> {
        self.account.enter()?;
        let arrays = self.arrays(&columns)?;
        let result = convert::schema_from_wit(schema).and_then(|schema| Batch::of(schema, rows as usize, arrays));
        self.answer_batch(result)
    }

    fn concat(&mut self, parts: Vec<Resource<HeldBatch>>) -> Answer<Resource<HeldBatch>> {
        self.account.enter()?;
        let parts = parts.iter().map(|part| self.batch(part)).collect::<wasmtime::Result<Vec<_>>>()?;
        let result = Batch::concat(&parts, &mut self.account);
        self.answer_batch(result)
    }

    fn share(&mut self, batch: Resource<HeldBatch>) -> wasmtime::Result<Resource<HeldBatch>> {
        self.account.enter()?;
        let batch = self.batch(&batch)?;
        self.hold_batch(batch)
    }

    fn rows(&mut self, batch: Resource<HeldBatch>) -> wasmtime::Result<u32> {
        self.account.enter()?;
        Ok(count(self.table.get(&batch).map_err(table_stop)?.batch.rows()))
    }

    fn schema(&mut self, batch: Resource<HeldBatch>) -> wasmtime::Result<types::Schema> {
        let schema = Arc::clone(self.table.get(&batch).map_err(table_stop)?.batch.schema());
        self.account.enter_copying(schema.fields().len().saturating_mul(1000))?;
        Ok(convert::schema_to_wit(&schema))
    }

    fn column(&mut self, batch: Resource<HeldBatch>, index: u32) -> Answer<Resource<HeldColumn>> {
        self.account.enter()?;
        let result = self.batch(&batch)?.column(index as usize, &mut self.account);
        self.recharge_batch(&batch)?;
        self.answer_column(result)
    }

    fn filter(&mut self, batch: Resource<HeldBatch>, mask: Resource<HeldColumn>) -> Answer<Resource<HeldBatch>> {
        let (batch, mask) = (self.batch(&batch)?, self.array(&mask)?);
        self.account.enter_copying(mask.len())?;
        let result = as_boolean(&mask).and_then(|mask| batch.filter(&mask));
        self.answer_batch(result)
    }

    fn take(&mut self, batch: Resource<HeldBatch>, rows: Resource<HeldColumn>) -> Answer<Resource<HeldBatch>> {
        self.account.enter()?;
        let (batch, rows) = (self.batch(&batch)?, self.array(&rows)?);
        let result = batch.take(&rows, &mut self.account);
        self.answer_batch(result)
    }

    fn slice(&mut self, batch: Resource<HeldBatch>, offset: u32, length: u32) -> Answer<Resource<HeldBatch>> {
        self.account.enter()?;
        let result = self.batch(&batch)?.slice(offset as usize, length as usize);
        self.answer_batch(result)
    }

    fn pick(&mut self, batch: Resource<HeldBatch>, columns: Vec<data::Pick>) -> Answer<Resource<HeldBatch>> {
        self.account.enter_copying(columns.len().saturating_mul(100))?;
        let picks: Vec<(usize, Option<String>)> =
            columns.into_iter().map(|pick| (pick.index as usize, pick.name)).collect();
        let result = self.batch(&batch)?.pick(&picks);
        self.answer_batch(result)
    }

    fn put(&mut self, batch: Resource<HeldBatch>, columns: Vec<data::Named>) -> Answer<Resource<HeldBatch>> {
        self.account.enter_copying(columns.len().saturating_mul(100))?;
        let mut named = Vec::with_capacity(columns.len());
        for column in columns {
            let array = self.array(&column.data)?;
            named.push((Field::new(column.name, array.data_type().clone(), true), array));
        }
        let result = self.batch(&batch)?.put_fields(named);
        self.answer_batch(result)
    }

    fn drop(&mut self, batch: Resource<HeldBatch>) -> wasmtime::Result<()> {
        self.take_batch(batch).map(drop)
    }
}

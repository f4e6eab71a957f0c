//! What a store holds, and how values get into and out of a plugin's hands.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use jackfield_columns::{Batch, Failure, type_name, visit_array_buffers};
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::sockets::WasiSocketsCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::account::{Account, Stop};
use crate::bindings::jackfield::plugin::types;
use crate::clock::CallClock;
use crate::convert;
use crate::denials::Denials;
use crate::egress::{Egress, FIELD_BYTES};
use crate::files::{Files, OpenFiles};
use crate::held::{HeldBatch, HeldColumn};
use crate::imports::log::LogBudget;
use crate::ledger::Charge;
use crate::sockets::{Lookup, Sockets};
use crate::wasi::{self, Kept, Surroundings};
use crate::{ByteSink, ByteSource, Rights, SpillShare, StoreOptions};

/// A host function's answer: the inner error goes to the guest, the outer one stops it.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, types::Failure>>;

/// What each handle costs besides the buffers behind it.
pub(crate) const HANDLE_BYTES: u64 = 256;

/// The data of one store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) account: Account,
    pub(crate) options: StoreOptions,
    pub(crate) source: Option<ByteSource>,
    pub(crate) sink: Option<ByteSink>,
    pub(crate) log: LogBudget,
    /// What the guest wrote to its standard streams, through WASI or through the log.
    pub(crate) stderr: Kept,
    pub(crate) wasi: WasiCtx,
    pub(crate) denials: Denials,
    pub(crate) spill: SpillShare,
    wasi_table: ResourceTable,
    open_files: OpenFiles,
    sockets: Sockets,
    http: WasiHttpCtx,
    egress: Egress,
}

impl State {
    pub(crate) fn new(options: StoreOptions, rights: &Arc<Rights>, clock: Arc<CallClock>, stderr: Kept) -> Self {
        let denials = Denials::new(Arc::clone(rights), options.label.clone(), options.denied.clone());
        let sockets = Sockets::new(denials.clone());
        let surroundings = Surroundings {
            rights,
            sockets: &sockets,
            now_micros: options.now_micros,
            deterministic: options.deterministic,
            stderr: stderr.clone(),
        };
        let wasi = wasi::context(surroundings);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELD_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(options.limits.handles as usize);
        let mut wasi_table = ResourceTable::new();
        wasi_table.set_max_capacity(options.limits.wasi_handles);
        Self {
            table,
            spill: SpillShare::new(&options.spill, &options.limits),
            account: Account::new(options.limits.clone(), clock, options.cancel.clone()),
            source: None,
            sink: None,
            log: LogBudget::new(&options.limits),
            stderr,
            wasi,
            wasi_table,
            open_files: OpenFiles::new(Arc::clone(rights)),
            egress: Egress::new(denials.clone()),
            sockets,
            http,
            denials,
            options,
        }
    }

    /// Columns, batches and the like that the plugin holds, and what it holds of WASI.
    pub(crate) fn handles(&mut self) -> usize {
        self.table.iter_mut().count() + self.wasi_table.iter_mut().count()
    }

    /// The store's files, for the time of one call.
    pub(crate) fn files(&mut self) -> Files<'_> {
        let view = WasiFilesystemCtxView { ctx: self.wasi.filesystem(), table: &mut self.wasi_table };
        Files { view, open: &mut self.open_files, account: &mut self.account, denials: &self.denials }
    }

    /// The store's look-ups of names, likewise.
    pub(crate) fn lookup(&mut self) -> Lookup<'_> {
        let view = WasiSocketsCtxView { ctx: self.wasi.sockets(), table: &mut self.wasi_table };
        Lookup { view, account: &mut self.account, sockets: &self.sockets }
    }

    /// The answer to the guest, or the end of it where the meter said so.
    pub(crate) fn answer<T>(&mut self, result: Result<T, Failure>) -> Answer<T> {
        if let Some(stop) = self.account.stopped() {
            return Err(wasmtime::Error::new(stop));
        }
        // A kernel that panicked may have left anything behind: the instance is not trusted with it any further.
        if let Err(failure) = &result
            && failure.code == "panic"
        {
            return Err(wasmtime::Error::new(Stop::Host(failure.message.clone())));
        }
        Ok(result.map_err(convert::failure_to_wit))
    }

    /// The instance gives an answer of so many rows and bytes, unless nobody counts.
    pub(crate) fn gives(&mut self, count: impl FnOnce() -> (u64, u64)) -> wasmtime::Result<()> {
        if self.options.without.expansion {
            return Ok(());
        }
        let (rows, bytes) = count();
        self.account.give(rows, bytes)
    }

    /// A handle on a column, charged to the plugin.
    pub(crate) fn hold_column(&mut self, array: ArrayRef) -> wasmtime::Result<Resource<HeldColumn>> {
        let mut charge = Charge::default();
        let fits = self.account.ledger.charge(&mut charge, HANDLE_BYTES, |visit| visit_array_buffers(&array, visit));
        if !fits {
            return Err(wasmtime::Error::new(Stop::Memory));
        }
        self.push(HeldColumn { array, charge })
    }

    /// A handle on a batch, charged to the plugin.
    pub(crate) fn hold_batch(&mut self, batch: Batch) -> wasmtime::Result<Resource<HeldBatch>> {
        let mut charge = Charge::default();
        let fits = self.account.ledger.charge(&mut charge, HANDLE_BYTES, |visit| batch.visit_buffers(visit));
        if !fits {
            return Err(wasmtime::Error::new(Stop::Memory));
        }
        self.push(HeldBatch { batch, charge })
    }

    /// A batch to lend for one call: the plugin is not charged.
    pub(crate) fn lend_batch(&mut self, batch: Batch) -> wasmtime::Result<Resource<HeldBatch>> {
        self.push(HeldBatch { batch, charge: Charge::default() })
    }

    /// A new entry of the table.
    pub(crate) fn push<T: Send + 'static>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        self.table.push(value).map_err(table_stop)
    }

    /// The column behind a handle.
    pub(crate) fn array(&self, column: &Resource<HeldColumn>) -> wasmtime::Result<ArrayRef> {
        Ok(self.table.get(column).map_err(table_stop)?.array.clone())
    }

    /// The columns behind some handles.
    pub(crate) fn arrays(&self, columns: &[Resource<HeldColumn>]) -> wasmtime::Result<Vec<ArrayRef>> {
        columns.iter().map(|column| self.array(column)).collect()
    }

    /// The batch behind a handle.
    pub(crate) fn batch(&self, batch: &Resource<HeldBatch>) -> wasmtime::Result<Batch> {
        Ok(self.table.get(batch).map_err(table_stop)?.batch.clone())
    }

    /// Takes a column from the plugin: the handle is gone.
    pub(crate) fn take_column(&mut self, column: Resource<HeldColumn>) -> wasmtime::Result<ArrayRef> {
        let mut held = self.table.delete(column).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(held.array)
    }

    /// Takes a batch from the plugin: the handle is gone.
    pub(crate) fn take_batch(&mut self, batch: Resource<HeldBatch>) -> wasmtime::Result<Batch> {
        let mut held = self.table.delete(batch).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(held.batch)
    }

    /// Charges a batch again, after reading a column has made it hold more.
    pub(crate) fn recharge_batch(&mut self, batch: &Resource<HeldBatch>) -> wasmtime::Result<()> {
        let held = self.table.get_mut(batch).map_err(table_stop)?;
        if held.charge.is_empty() {
            return Ok(());
        }
        self.account.ledger.release(&mut held.charge);
        let HeldBatch { batch, charge } = held;
        match self.account.ledger.charge(charge, HANDLE_BYTES, |visit| batch.visit_buffers(visit)) {
            true => Ok(()),
            false => Err(wasmtime::Error::new(Stop::Memory)),
        }
    }
}

/// The boolean array in a column.
pub(crate) fn as_boolean(array: &ArrayRef) -> Result<BooleanArray, Failure> {
    array.as_any().downcast_ref::<BooleanArray>().cloned().ok_or_else(|| wrong_type(array, &DataType::Boolean))
}

/// What to say of a column of another type than is due.
pub(crate) fn wrong_type(array: &ArrayRef, wanted: &DataType) -> Failure {
    let message = format!("expected a {} column, found {}", type_name(wanted), type_name(array.data_type()));
    Failure::invalid_input("type-mismatch", message)
}

/// A refusal of the resource table as a reason to stop the guest.
pub(crate) fn table_stop(error: ResourceTableError) -> wasmtime::Error {
    wasmtime::Error::new(match error {
        ResourceTableError::Full => Stop::Handles,
        other => Stop::Protocol(format!("a handle is not what it should be: {other}")),
    })
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.wasi_table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.wasi_table, ctx: &mut self.http }
    }
}

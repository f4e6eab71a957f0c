//! Whole batches as Arrow IPC.

use jackfield_columns::{from_ipc, to_ipc};
use wasmtime::component::Resource;

use crate::bindings::jackfield::plugin::exchange;
use crate::held::HeldBatch;
use crate::state::{Answer, State};

impl exchange::Host for State {
    fn to_ipc(&mut self, batches: Vec<Resource<HeldBatch>>) -> Answer<Vec<u8>> {
        self.account.enter()?;
        let parts = batches.iter().map(|batch| self.batch(batch)).collect::<wasmtime::Result<Vec<_>>>()?;
        let bytes = to_ipc(&parts, &mut self.account);
        for batch in &batches {
            self.recharge_batch(batch)?;
        }
        self.answer(bytes)
    }

    fn from_ipc(&mut self, ipc: Vec<u8>) -> Answer<Vec<Resource<HeldBatch>>> {
        self.account.enter_copying(ipc.len())?;
        let batches = from_ipc(&ipc, &mut self.account);
        match self.answer(batches)? {
            Ok(batches) => {
                let handles = batches.into_iter().map(|batch| self.hold_batch(batch));
                handles.collect::<wasmtime::Result<_>>().map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }
}

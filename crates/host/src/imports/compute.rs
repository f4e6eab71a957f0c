//! Kernels, groups, aggregates and joins.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::datatypes::DataType;
use jackfield_columns::Failure;
use jackfield_columns::compute::{
    Accumulator, Argument, Grouper, JoinKind, Joiner, Outcome, SortKey, call, reduce, result_type, sort_indices,
};
use wasmtime::component::Resource;

use crate::account::Stop;
use crate::bindings::jackfield::plugin::{compute, flow, types};
use crate::convert;
use crate::held::{HeldAccumulator, HeldColumn, HeldGrouper, HeldJoiner, HeldMatches};
use crate::ledger::Charge;
use crate::state::{Answer, HANDLE_BYTES, State, as_boolean, table_stop, wrong_type};

/// Group numbers as a kernel wants them.
fn as_groups(array: &ArrayRef) -> Result<UInt32Array, Failure> {
    let groups = array.as_any().downcast_ref::<UInt32Array>();
    groups.cloned().ok_or_else(|| wrong_type(array, &DataType::UInt32))
}

impl State {
    /// An outcome whose columns are the plugin's from here on.
    pub(super) fn answer_outcome(&mut self, result: Result<Outcome, Failure>) -> Answer<flow::Outcome> {
        let outcome = match self.answer(result)? {
            Ok(outcome) => outcome,
            Err(failure) => return Ok(Err(failure)),
        };
        let values = self.hold_column(outcome.values)?;
        let failed = match outcome.failed {
            Some(failed) => Some(self.hold_column(Arc::new(failed))?),
            None => None,
        };
        Ok(Ok(flow::Outcome { values, failed, first: outcome.first.map(convert::failure_to_wit) }))
    }

    fn answer_columns(&mut self, result: Result<Vec<ArrayRef>, Failure>) -> Answer<Vec<Resource<HeldColumn>>> {
        match self.answer(result)? {
            Ok(arrays) => arrays.into_iter().map(|array| self.hold_column(array)).collect::<Result<_, _>>().map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn answer_array<A: Array + 'static>(&mut self, result: Result<A, Failure>) -> Answer<Resource<HeldColumn>> {
        match self.answer(result)? {
            Ok(array) => self.hold_column(Arc::new(array)).map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// Charges something that has grown, or not, to `bytes`.
    pub(super) fn charge_size(&mut self, charge: &mut Charge, bytes: u64) -> wasmtime::Result<()> {
        self.account.ledger.release(charge);
        match self.account.ledger.charge(charge, bytes.saturating_add(HANDLE_BYTES), |_| {}) {
            true => Ok(()),
            false => Err(wasmtime::Error::new(Stop::Memory)),
        }
    }

    fn arguments(&self, arguments: Vec<compute::Argument>) -> wasmtime::Result<Result<Vec<Argument>, Failure>> {
        let mut converted = Vec::with_capacity(arguments.len());
        for argument in arguments {
            converted.push(match argument {
                compute::Argument::Column(column) => Argument::Column(self.array(&column)?),
                compute::Argument::Scalar(scalar) => match convert::scalar_from_wit(scalar) {
                    Ok(scalar) => Argument::Scalar(scalar),
                    Err(failure) => return Ok(Err(failure)),
                },
            });
        }
        Ok(Ok(converted))
    }
}

/// Rows of a call: its first column's; a call of scalars alone has one.
fn rows_of(arguments: &[Argument], only: Option<&ArrayRef>) -> usize {
    let first = arguments.iter().find_map(|argument| match argument {
        Argument::Column(array) => Some(array.len()),
        Argument::Scalar(_) => None,
    });
    first.or(only.map(|only| only.len())).unwrap_or(1)
}

impl compute::Host for State {
    fn result_type(
        &mut self,
        function: String,
        arguments: Vec<Vec<types::Field>>,
        options: String,
    ) -> Answer<Vec<types::Field>> {
        self.account.enter()?;
        let result = convert::types_from_wit(arguments).and_then(|types| result_type(&function, &types, &options));
        self.answer(result.map(|data_type| convert::type_tree_to_wit(&data_type)))
    }

    fn call(
        &mut self,
        function: String,
        arguments: Vec<compute::Argument>,
        options: String,
        only: Option<Resource<HeldColumn>>,
    ) -> Answer<flow::Outcome> {
        self.account.enter()?;
        let arguments = self.arguments(arguments)?;
        let only = only.map(|only| self.array(&only)).transpose()?;
        let result = arguments.and_then(|arguments| {
            let rows = rows_of(&arguments, only.as_ref());
            let only = only.as_ref().map(as_boolean).transpose()?;
            call(&function, &arguments, &options, rows, only.as_ref(), &mut self.account)
        });
        self.answer_outcome(result)
    }

    fn reduce(&mut self, function: String, argument: Resource<HeldColumn>, options: String) -> Answer<types::Scalar> {
        self.account.enter()?;
        let array = self.array(&argument)?;
        let result = reduce(&function, &array, &options, &mut self.account).and_then(convert::scalar_to_wit);
        self.answer(result)
    }

    fn sort_indices(&mut self, keys: Vec<compute::SortKey>, limit: Option<u32>) -> Answer<Resource<HeldColumn>> {
        self.account.enter()?;
        let mut converted = Vec::with_capacity(keys.len());
        for key in keys {
            let column = self.array(&key.column)?;
            converted.push(SortKey { column, descending: key.descending, nulls_first: key.nulls_first });
        }
        let result = sort_indices(&converted, limit, &mut self.account);
        self.answer_array(result)
    }
}

impl compute::HostGrouper for State {
    fn new(&mut self, keys: Vec<Vec<types::Field>>) -> Answer<Resource<HeldGrouper>> {
        self.account.enter()?;
        let grouper = convert::types_from_wit(keys).and_then(|keys| Grouper::new(&keys));
        match self.answer(grouper)? {
            Ok(grouper) => {
                let mut charge = Charge::default();
                self.charge_size(&mut charge, grouper.size())?;
                self.push(HeldGrouper { grouper, charge }).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn assign(
        &mut self,
        handle: Resource<HeldGrouper>,
        keys: Vec<Resource<HeldColumn>>,
    ) -> Answer<Resource<HeldColumn>> {
        self.account.enter()?;
        let keys = self.arrays(&keys)?;
        let held = self.table.get_mut(&handle).map_err(table_stop)?;
        let groups = held.grouper.assign(&keys, &mut self.account);
        let (size, mut charge) = (held.grouper.size(), std::mem::take(&mut held.charge));
        let charged = self.charge_size(&mut charge, size);
        self.table.get_mut(&handle).map_err(table_stop)?.charge = charge;
        charged?;
        self.answer_array(groups)
    }

    fn count(&mut self, handle: Resource<HeldGrouper>) -> wasmtime::Result<u32> {
        self.account.enter()?;
        Ok(self.table.get(&handle).map_err(table_stop)?.grouper.count())
    }

    fn keys(&mut self, handle: Resource<HeldGrouper>) -> Answer<Vec<Resource<HeldColumn>>> {
        self.account.enter()?;
        let keys = self.table.get(&handle).map_err(table_stop)?.grouper.keys(&mut self.account);
        self.answer_columns(keys)
    }

    fn drop(&mut self, handle: Resource<HeldGrouper>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}

impl State {
    /// Runs `work` on an accumulator and charges what has become of it.
    fn accumulate<T>(
        &mut self,
        handle: &Resource<HeldAccumulator>,
        work: impl FnOnce(&mut Accumulator, &mut crate::account::Account) -> Result<T, Failure>,
    ) -> wasmtime::Result<Result<T, Failure>> {
        self.account.enter()?;
        let held = self.table.get_mut(handle).map_err(table_stop)?;
        let result = work(&mut held.accumulator, &mut self.account);
        let (size, mut charge) = (held.accumulator.size(), std::mem::take(&mut held.charge));
        let charged = self.charge_size(&mut charge, size);
        self.table.get_mut(handle).map_err(table_stop)?.charge = charge;
        charged.map(|()| result)
    }
}

impl compute::HostAccumulator for State {
    fn new(
        &mut self,
        function: String,
        inputs: Vec<Vec<types::Field>>,
        options: String,
    ) -> Answer<Resource<HeldAccumulator>> {
        self.account.enter()?;
        let made = convert::types_from_wit(inputs).and_then(|inputs| Accumulator::new(&function, &inputs, &options));
        match self.answer(made)? {
            Ok(accumulator) => {
                let mut charge = Charge::default();
                self.charge_size(&mut charge, accumulator.size())?;
                self.push(HeldAccumulator { accumulator, charge }).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn result_type(&mut self, handle: Resource<HeldAccumulator>) -> wasmtime::Result<Vec<types::Field>> {
        self.account.enter()?;
        let data_type = self.table.get(&handle).map_err(table_stop)?.accumulator.result_type();
        Ok(convert::type_tree_to_wit(&data_type))
    }

    fn update(
        &mut self,
        handle: Resource<HeldAccumulator>,
        values: Vec<Resource<HeldColumn>>,
        groups: Resource<HeldColumn>,
        group_count: u32,
    ) -> Answer<()> {
        let (values, groups) = (self.arrays(&values)?, self.array(&groups)?);
        let result = self.accumulate(&handle, |accumulator, account| {
            accumulator.update(&values, &as_groups(&groups)?, group_count, account)
        })?;
        self.answer(result)
    }

    fn state(&mut self, handle: Resource<HeldAccumulator>) -> Answer<Vec<Resource<HeldColumn>>> {
        let result = self.accumulate(&handle, |accumulator, account| accumulator.state(account))?;
        self.answer_columns(result)
    }

    fn merge(
        &mut self,
        handle: Resource<HeldAccumulator>,
        states: Vec<Resource<HeldColumn>>,
        groups: Resource<HeldColumn>,
        group_count: u32,
    ) -> Answer<()> {
        let (states, groups) = (self.arrays(&states)?, self.array(&groups)?);
        let result = self.accumulate(&handle, |accumulator, account| {
            accumulator.merge(&states, &as_groups(&groups)?, group_count, account)
        })?;
        self.answer(result)
    }

    fn finish(&mut self, handle: Resource<HeldAccumulator>) -> Answer<Resource<HeldColumn>> {
        let result = self.accumulate(&handle, |accumulator, account| accumulator.finish(account))?;
        self.answer_columns(result.map(|array| vec![array])).and_then(|columns| match columns {
            Ok(mut columns) => match columns.pop() {
                Some(column) => Ok(Ok(column)),
                None => Err(wasmtime::Error::new(Stop::Host("one column was held and none came back".to_owned()))),
            },
            Err(failure) => Ok(Err(failure)),
        })
    }

    fn drop(&mut self, handle: Resource<HeldAccumulator>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}

impl compute::HostJoiner for State {
    fn new(&mut self, keys: Vec<Vec<types::Field>>) -> Answer<Resource<HeldJoiner>> {
        self.account.enter()?;
        let joiner = convert::types_from_wit(keys).and_then(|keys| Joiner::new(&keys));
        match self.answer(joiner)? {
            Ok(joiner) => {
                let mut charge = Charge::default();
                self.charge_size(&mut charge, joiner.size())?;
                self.push(HeldJoiner { joiner, charge }).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn build(&mut self, handle: Resource<HeldJoiner>, keys: Vec<Resource<HeldColumn>>) -> Answer<()> {
        self.account.enter()?;
        let keys = self.arrays(&keys)?;
        let held = self.table.get_mut(&handle).map_err(table_stop)?;
        let built = held.joiner.build(&keys, &mut self.account);
        let (size, mut charge) = (held.joiner.size(), std::mem::take(&mut held.charge));
        let charged = self.charge_size(&mut charge, size);
        self.table.get_mut(&handle).map_err(table_stop)?.charge = charge;
        charged?;
        self.answer(built)
    }

    fn probe(
        &mut self,
        handle: Resource<HeldJoiner>,
        keys: Vec<Resource<HeldColumn>>,
        kind: compute::JoinKind,
    ) -> Answer<Resource<HeldMatches>> {
        self.account.enter()?;
        let keys = self.arrays(&keys)?;
        let kind = match kind {
            compute::JoinKind::Inner => JoinKind::Inner,
            compute::JoinKind::Outer => JoinKind::Outer,
            compute::JoinKind::Semi => JoinKind::Semi,
            compute::JoinKind::Anti => JoinKind::Anti,
        };
        let rows = keys.first().map_or(0, |key| key.len()) as u64;
        let held = self.table.get_mut(&handle).map_err(table_stop)?;
        let matches = held.joiner.probe(&keys, kind, &mut self.account);
        match self.answer(matches)? {
            Ok(matches) => {
                let mut charge = Charge::default();
                // The probe keeps a number or two per row until all its pairs are out.
                self.charge_size(&mut charge, rows.saturating_mul(8))?;
                self.push(HeldMatches { matches, charge }).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn unmatched(&mut self, handle: Resource<HeldJoiner>) -> Answer<Resource<HeldColumn>> {
        self.account.enter()?;
        let rows = self.table.get(&handle).map_err(table_stop)?.joiner.unmatched(&mut self.account);
        self.answer_array(rows)
    }

    fn drop(&mut self, handle: Resource<HeldJoiner>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}

/// Row numbers of the probe side and of the build side.
type Pairs = (Resource<HeldColumn>, Resource<HeldColumn>);

impl compute::HostMatches for State {
    fn next(&mut self, handle: Resource<HeldMatches>, max_rows: u32) -> Answer<Option<Pairs>> {
        self.account.enter()?;
        let held = self.table.get_mut(&handle).map_err(table_stop)?;
        let pairs = held.matches.next(max_rows, &mut self.account);
        match self.answer(pairs)? {
            Ok(Some((probe, build))) => {
                let probe = self.hold_column(Arc::new(probe))?;
                Ok(Ok(Some((probe, self.hold_column(Arc::new(build))?))))
            }
            Ok(None) => Ok(Ok(None)),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn drop(&mut self, handle: Resource<HeldMatches>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}

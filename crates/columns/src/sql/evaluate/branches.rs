//! CASE and coalesce: each value is computed for the rows that take it, and put together in one pass.

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::interleave;
use arrow::datatypes::DataType;

use super::{Faults, Run, Value, bytes_of, holds, without};
use crate::Failure;
use crate::compute::{Argument, Scalar};
use crate::sql::constants;
use crate::sql::tree::Typed;

/// A value and the rows that take it; constants have one row.
struct Piece {
    rows: BooleanBuffer,
    array: ArrayRef,
    constant: bool,
}

impl Run<'_> {
    pub(super) fn case(
        &mut self,
        typed: &Typed,
        branches: &[(Typed, Typed)],
        otherwise: &Typed,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let mut open = only.cloned();
        let mut pieces = Vec::new();
        let mut faults = Faults::default();
        for (condition, value) in branches {
            if self.nobody(open.as_ref()) {
                break;
            }
            let asked = self.value(condition, open.as_ref())?;
            let array = self.column(asked.argument, &DataType::Boolean)?;
            let mut taken = holds(array.as_boolean(), true);
            if let Some(open) = &open {
                taken = &taken & open;
            }
            let mut rest = without(open.as_ref(), &taken);
            if let Some(failed) = &asked.faults.rows {
                rest = without(Some(&rest), failed);
            }
            faults.merge(asked.faults);
            open = Some(rest);
            if taken.count_set_bits() > 0 {
                self.take(typed, value, taken, &mut pieces, &mut faults)?;
            }
        }
        if !self.nobody(open.as_ref()) {
            let rest = open.unwrap_or_else(|| BooleanBuffer::new_set(self.rows));
            self.take(typed, otherwise, rest, &mut pieces, &mut faults)?;
        }
        Ok(Value { argument: self.assemble(typed, pieces)?, faults })
    }

    fn nobody(&self, open: Option<&BooleanBuffer>) -> bool {
        open.is_some_and(|open| open.count_set_bits() == 0)
    }

    /// Computes a value for the rows that take it.
    fn take(
        &mut self,
        typed: &Typed,
        value: &Typed,
        rows: BooleanBuffer,
        pieces: &mut Vec<Piece>,
        faults: &mut Faults,
    ) -> Result<(), Failure> {
        let everybody = rows.count_set_bits() == self.rows;
        let found = self.value(value, if everybody { None } else { Some(&rows) })?;
        faults.merge(found.faults);
        pieces.push(self.piece(typed, found.argument, rows)?);
        Ok(())
    }

    fn piece(&mut self, typed: &Typed, argument: Argument, rows: BooleanBuffer) -> Result<Piece, Failure> {
        Ok(match argument {
            Argument::Scalar(scalar) => Piece { rows, array: self.one(&scalar, &typed.data_type)?, constant: true },
            column => Piece { rows, array: self.column(column, &typed.data_type)?, constant: false },
        })
    }

    fn one(&self, scalar: &Scalar, data_type: &DataType) -> Result<ArrayRef, Failure> {
        constants::one_row(scalar, data_type)
            .ok_or_else(|| Failure::internal("type-mismatch", "a constant is not of the type that it was given"))
    }

    pub(super) fn coalesce(
        &mut self,
        typed: &Typed,
        parts: &[Typed],
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let mut open = only.cloned();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut faults = Faults::default();
        for part in parts {
            if self.nobody(open.as_ref()) {
                break;
            }
            let found = self.value(part, open.as_ref())?;
            let everybody = || BooleanBuffer::new_set(self.rows);
            let mut has = match &found.argument {
                Argument::Scalar(Scalar::Null) => continue,
                Argument::Scalar(_) => everybody(),
                Argument::Column(array) => array.logical_nulls().map_or_else(everybody, |nulls| nulls.into_inner()),
            };
            if let Some(open) = &open {
                has = &has & open;
            }
            let mut rest = without(open.as_ref(), &has);
            if let Some(failed) = &found.faults.rows {
                rest = without(Some(&rest), failed);
            }
            faults.merge(found.faults);
            open = Some(rest);
            pieces.push(self.piece(typed, found.argument, has)?);
        }
        Ok(Value { argument: self.assemble(typed, pieces)?, faults })
    }

    /// One column of all pieces; rows in none of them are null.
    fn assemble(&mut self, typed: &Typed, pieces: Vec<Piece>) -> Result<Argument, Failure> {
        if let [only] = pieces.as_slice()
            && !only.constant
            && only.rows.count_set_bits() == self.rows
        {
            return Ok(Argument::Column(only.array.clone()));
        }
        let mut bytes = (self.rows as u64).saturating_mul(17);
        for piece in &pieces {
            let times = if piece.constant { piece.rows.count_set_bits() as u64 } else { 1 };
            bytes = bytes.saturating_add(bytes_of(&piece.array).saturating_mul(times));
        }
        self.room(bytes)?;
        let null = new_null_array(&typed.data_type, 1);
        let mut arrays: Vec<&dyn Array> = vec![null.as_ref()];
        let mut places = vec![(0, 0); self.rows];
        for piece in &pieces {
            let number = arrays.len();
            arrays.push(piece.array.as_ref());
            for row in piece.rows.set_indices() {
                if let Some(place) = places.get_mut(row) {
                    *place = (number, if piece.constant { 0 } else { row });
                }
            }
        }
        let whole = interleave(&arrays, &places).map_err(|error| Failure::internal("kernel", error.to_string()))?;
        Ok(Argument::Column(whole))
    }
}

//! Columns of row and group numbers: what nodes compute with themselves.

use jackfield_sdk::builders::PrimitiveBuilder;
use jackfield_sdk::{Batch, Buffers, Column, DataType, Failure, Field, Schema};

/// Numbers that cross to or from the host at a time.
const AT_A_TIME: usize = 1 << 18;

/// The numbers of a uint32 column without nulls.
///
/// # Errors
/// A column that cannot be read.
pub fn numbers(column: &Column) -> Result<Vec<u32>, Failure> {
    let length = column.length();
    let mut numbers = Vec::with_capacity(length as usize);
    in_slices(column, |level| numbers.extend(level.values::<u32>()))?;
    Ok(numbers)
}

/// Reads a column's own level slice by slice.
///
/// # Errors
/// A column that cannot be read.
pub fn in_slices(column: &Column, mut each: impl FnMut(&Buffers)) -> Result<(), Failure> {
    let length = column.length();
    if length as usize <= AT_A_TIME {
        each(&column.buffers()?);
        return Ok(());
    }
    let mut from = 0;
    while from < length {
        let count = (length - from).min(AT_A_TIME as u32);
        each(&column.slice(from, count)?.buffers()?);
        from += count;
    }
    Ok(())
}

/// A column of a type without children, built slice by slice from `values`.
///
/// # Errors
/// What the host says.
pub fn column_in_slices<T>(
    data_type: DataType,
    values: &[T],
    build: impl Fn(&[T]) -> Buffers,
) -> Result<Column, Failure> {
    let field = [Field::new("values", data_type)];
    if values.len() <= AT_A_TIME {
        return Column::of(&field, &[build(values)]);
    }
    let schema = Schema::of([field.to_vec()]);
    let parts: Result<Vec<Batch>, Failure> = values
        .chunks(AT_A_TIME)
        .map(|chunk| Batch::of(&schema, chunk.len() as u32, &[&Column::of(&field, &[build(chunk)])?]))
        .collect();
    let parts = parts?;
    Batch::concat(&parts.iter().collect::<Vec<_>>())?.column_at(0)
}

/// A uint32 column of row numbers, to take by.
///
/// # Errors
/// What the host says.
pub fn rows_of(numbers: &[u32]) -> Result<Column, Failure> {
    column_in_slices(DataType::Uint32, numbers, |numbers| {
        let mut builder = PrimitiveBuilder::<u32>::with_capacity(numbers.len());
        builder.extend_from_slice(numbers);
        builder.finish()
    })
}

/// A uint32 column of row numbers where `u32::MAX` is null: to take rows of nulls.
///
/// # Errors
/// What the host says.
pub fn rows_or_null(numbers: &[u32]) -> Result<Column, Failure> {
    column_in_slices(DataType::Uint32, numbers, |numbers| {
        let mut builder = PrimitiveBuilder::<u32>::with_capacity(numbers.len());
        numbers.iter().for_each(|number| builder.push_option((*number != u32::MAX).then_some(*number)));
        builder.finish()
    })
}

/// A boolean column that is true in these rows, which rise.
///
/// # Errors
/// What the host says.
pub fn mask_of(flags: &[bool]) -> Result<Column, Failure> {
    column_in_slices(DataType::Boolean, flags, |flags| {
        let mut builder = jackfield_sdk::builders::BooleanBuilder::default();
        flags.iter().for_each(|flag| builder.push(*flag));
        builder.finish()
    })
}

/// The truth values of a boolean column, null as false.
///
/// # Errors
/// A column that cannot be read.
pub fn flags(column: &Column) -> Result<Vec<bool>, Failure> {
    let mut flags = Vec::with_capacity(column.length() as usize);
    in_slices(column, |level| {
        flags.extend((0..level.length as usize).map(|row| level.boolean(row).unwrap_or(false)));
    })?;
    Ok(flags)
}

/// A column of a type that is 64-bit integers inside.
///
/// # Errors
/// What the host says.
pub fn integers(data_type: DataType, values: &[Option<i64>]) -> Result<Column, Failure> {
    column_in_slices(data_type, values, |values| {
        let mut builder = PrimitiveBuilder::<i64>::with_capacity(values.len());
        values.iter().for_each(|value| builder.push_option(*value));
        builder.finish()
    })
}

/// A float64 column.
///
/// # Errors
/// What the host says.
pub fn floats(values: &[Option<f64>]) -> Result<Column, Failure> {
    column_in_slices(DataType::Float64, values, |values| {
        let mut builder = PrimitiveBuilder::<f64>::with_capacity(values.len());
        values.iter().for_each(|value| builder.push_option(*value));
        builder.finish()
    })
}

/// A bool column.
///
/// # Errors
/// What the host says.
pub fn booleans(values: &[Option<bool>]) -> Result<Column, Failure> {
    column_in_slices(DataType::Boolean, values, |values| {
        let mut builder = jackfield_sdk::builders::BooleanBuilder::default();
        values.iter().for_each(|value| match value {
            Some(value) => builder.push(*value),
            None => builder.push_null(),
        });
        builder.finish()
    })
}

/// The values of a column whose type is of this width inside.
///
/// # Errors
/// A column that cannot be read.
pub fn optional<T: jackfield_sdk::builders::Native>(column: &Column) -> Result<Vec<Option<T>>, Failure> {
    let mut values = Vec::with_capacity(column.length() as usize);
    in_slices(column, |level| values.extend((0..level.length as usize).map(|row| level.get::<T>(row))))?;
    Ok(values)
}

/// The truth values of a bool column.
///
/// # Errors
/// A column that cannot be read.
pub fn optional_booleans(column: &Column) -> Result<Vec<Option<bool>>, Failure> {
    let mut values = Vec::with_capacity(column.length() as usize);
    in_slices(column, |level| values.extend((0..level.length as usize).map(|row| level.boolean(row))))?;
    Ok(values)
}

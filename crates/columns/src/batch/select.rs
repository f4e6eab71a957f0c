//! Selections, columns put and picked, and concatenation: nothing here moves rows, except a take out of several parts
//! in a new order.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};

use super::part::Part;
use super::provenance::{Provenance, Source, Table};
use super::view::{Selection, View, row_numbers};
use super::{Batch, check_column, check_rows, gather};
use crate::beside::beside;
use crate::{Failure, Meter};

/// Chunks above so many are joined, neighbours with neighbours, so that selections stay cheap.
const MAX_PARTS: usize = 256;

/// Rows up to which neighbours are joined at least.
const SMALL_PART: usize = 8192;

/// Rows that are moved at once out of several parts.
const PIECE: usize = 65_536;

/// Columns that are moved between looks at the deadline.
const COLUMNS: usize = 32;

impl Batch {
    /// Keeps the rows where `mask` is true (neither false nor null).
    ///
    /// # Errors
    /// `out-of-bounds` where the mask has another length.
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self, Failure> {
        if mask.len() != self.rows {
            let message = format!("a mask of {} rows for a batch of {}", mask.len(), self.rows);
            return Err(Failure::invalid_input("out-of-bounds", message));
        }
        let selection = Selection::new(mask);
        if selection.count == self.rows {
            return Ok(self.clone());
        }
        if let [part] = self.parts.as_ref() {
            return Ok(self.with_parts(vec![part.filter(&selection)]));
        }
        let mut offset = 0;
        let parts = self.parts.iter().map(|part| {
            offset += part.rows;
            part.filter(&selection.slice(offset - part.rows, part.rows))
        });
        Ok(self.with_parts(parts.collect()))
    }

    /// Rows by number (uint32 or uint64); a null number gives a row of nulls, and then all columns are nullable.
    ///
    /// # Errors
    /// `out-of-bounds`, `type-mismatch`, what the meter says.
    pub fn take(&self, rows: &ArrayRef, meter: &mut dyn Meter) -> Result<Self, Failure> {
        check_rows(rows.len())?;
        meter.work(rows.len() as u64 / 2)?;
        let numbers = row_numbers(rows, self.rows)?;
        let schema = if numbers.null_count() > 0 { nullable(&self.schema) } else { self.schema.clone() };
        let parts = match self.parts.as_ref() {
            [part] => vec![part.take(&numbers, meter)?],
            _ => match self.split(&numbers) {
                Some(split) => {
                    let parts = self.parts.iter().zip(split).filter(|(_, numbers)| !numbers.is_empty());
                    parts.map(|(part, numbers)| part.take(&numbers, meter)).collect::<Result<_, _>>()?
                }
                None => self.interleaved(&numbers, meter)?,
            },
        };
        let taken = Self { schema, ..self.clone() };
        Ok(taken.with_parts(parts))
    }

    /// `length` rows from `offset`.
    ///
    /// # Errors
    /// `out-of-bounds`.
    pub fn slice(&self, offset: usize, length: usize) -> Result<Self, Failure> {
        if offset.checked_add(length).is_none_or(|end| end > self.rows) {
            let message = format!("{length} rows from row {offset} of a batch of {} rows", self.rows);
            return Err(Failure::invalid_input("out-of-bounds", message));
        }
        if length == self.rows {
            return Ok(self.clone());
        }
        let mut before = 0;
        let parts = self.parts.iter().filter_map(|part| {
            let (start, end) = (before, before + part.rows);
            before = end;
            let (from, to) = (offset.max(start), (offset + length).min(end));
            (from < to).then(|| part.slice(from - start, to - from))
        });
        Ok(self.with_parts(parts.collect()))
    }

    /// Columns by number, renamed where a name is given.
    ///
    /// # Errors
    /// `out-of-bounds`, `duplicate-column`.
    pub fn pick(&self, columns: &[(usize, Option<String>)]) -> Result<Self, Failure> {
        let mut fields: Vec<FieldRef> = Vec::with_capacity(columns.len());
        for (index, name) in columns {
            let Some(field) = self.schema.fields().get(*index) else {
                let message = format!("column {index} of a batch of {} columns", self.schema.fields().len());
                return Err(Failure::invalid_input("out-of-bounds", message));
            };
            fields.push(match name {
                Some(name) if name != field.name() => Arc::new(field.as_ref().clone().with_name(name)),
                _ => field.clone(),
            });
        }
        unique_names(&fields)?;
        let numbers: Vec<usize> = columns.iter().map(|(index, _)| *index).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        Ok(Self::from_parts(schema, self.rows, self.parts.iter().map(|part| part.pick(&numbers)).collect()))
    }

    /// Adds nullable columns or, by name, replaces them in place.
    ///
    /// # Errors
    /// `out-of-bounds` where a length differs.
    pub fn put(&self, columns: Vec<(String, ArrayRef)>) -> Result<Self, Failure> {
        let fields =
            columns.into_iter().map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array));
        self.put_fields(fields.collect())
    }

    /// Like [`Batch::put`] with whole fields.
    ///
    /// # Errors
    /// As [`Batch::of`].
    pub fn put_fields(&self, columns: Vec<(Field, ArrayRef)>) -> Result<Self, Failure> {
        let mut fields = self.schema.fields().to_vec();
        let mut places: std::collections::HashMap<String, usize> =
            fields.iter().enumerate().map(|(index, field)| (field.name().clone(), index)).collect();
        let mut parts = self.parts.to_vec();
        for (field, array) in columns {
            check_column(&field, &array, self.rows)?;
            let array = super::plain_array(&array).map_err(|failure| failure.with_column(field.name()))?;
            let field = crate::types::plain_field(&Arc::new(field));
            let index = *places.entry(field.name().clone()).or_insert(fields.len());
            match fields.get_mut(index) {
                Some(place) => *place = field,
                None => fields.push(field),
            }
            let single = parts.len() == 1;
            let mut offset = 0;
            for part in &mut parts {
                part.put(index, if single { array.clone() } else { array.slice(offset, part.rows) });
                offset += part.rows;
            }
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        Ok(Self::from_parts(schema, self.rows, parts))
    }

    /// The rows of all batches one after the other; columns must have the same names and types in the same order. A
    /// column may hold nulls where it may in one of them.
    ///
    /// # Errors
    /// `type-mismatch`, `too-large` above 2^31 - 1 rows, what the meter says.
    pub fn concat(batches: &[Batch], meter: &mut dyn Meter) -> Result<Self, Failure> {
        let [first, rest @ ..] = batches else {
            return Err(Failure::invalid_input("out-of-bounds", "expected at least one batch"));
        };
        if rest.is_empty() {
            return Ok(first.clone());
        }
        let mut schema = first.schema.clone();
        for batch in rest {
            schema = common_schema(&schema, &batch.schema)?;
        }
        let rows = batches.iter().map(|batch| batch.rows).fold(0, usize::saturating_add);
        check_rows(rows)?;
        let all = batches.iter().flat_map(|batch| batch.parts.iter());
        meter.work(batches.iter().map(|batch| batch.parts.len() as u64).sum())?;
        let mut parts: Vec<Part> = all.filter(|part| part.rows > 0).cloned().collect();
        if parts.is_empty() {
            parts.extend(first.parts.first().cloned());
        }
        if parts.len() > MAX_PARTS {
            parts = join_neighbours(parts, &schema, (rows / 64).max(SMALL_PART), meter)?;
        }
        Ok(Self::from_parts(schema, rows, parts))
    }

    /// The parts that have rows, or else the first, so that there is one.
    fn with_parts(&self, mut parts: Vec<Part>) -> Self {
        if parts.len() > 1 {
            parts.retain(|part| part.rows > 0);
        }
        if parts.is_empty() {
            parts.extend(self.parts.first().map(|part| part.slice(0, 0)));
        }
        let rows = parts.iter().map(|part| part.rows).sum();
        Self::from_parts(self.schema.clone(), rows, parts)
    }

    /// The numbers per part, where they go through the parts in order and none is null.
    fn split(&self, numbers: &UInt32Array) -> Option<Vec<UInt32Array>> {
        if numbers.null_count() > 0 {
            return None;
        }
        let mut split = Vec::with_capacity(self.parts.len());
        let mut rest = &numbers.values()[..];
        let mut start = 0;
        for part in self.parts.iter() {
            let end = start + part.rows;
            let here = rest.iter().take_while(|number| (start..end).contains(&(**number as usize))).count();
            let (here, behind) = rest.split_at(here);
            split.push(here.iter().map(|number| number - start as u32).collect::<Vec<u32>>().into());
            rest = behind;
            start = end;
        }
        rest.is_empty().then_some(split)
    }

    /// Moves rows out of all parts, in the order of the numbers, piece by piece so that text does not overflow.
    fn interleaved(&self, numbers: &UInt32Array, meter: &mut dyn Meter) -> Result<Vec<Part>, Failure> {
        let ends: Vec<usize> = self
            .parts
            .iter()
            .scan(0, |end, part| {
                *end += part.rows;
                Some(*end)
            })
            .collect();
        let place = |number: u32| {
            let number = number as usize;
            let part = ends.partition_point(|end| *end <= number);
            (part, number - part.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0))
        };
        let null_row = (self.parts.len(), 0);
        let places: Vec<(usize, usize)> = numbers.iter().map(|number| number.map_or(null_row, place)).collect();
        meter.allocate(places.len() as u64 * 16)?;
        let pieces: Vec<&[(usize, usize)]> = places.chunks(PIECE).collect();
        // The arrays that each column's rows are moved out of; none of a column that was not demanded.
        let mut sources: Vec<(&Field, Option<Vec<ArrayRef>>)> = Vec::with_capacity(self.schema.fields().len());
        for (index, field) in self.schema.fields().iter().enumerate() {
            let arrays = self.parts.iter().map(|part| part.column(index, meter));
            let mut arrays = arrays.collect::<Result<Option<Vec<_>>, _>>()?;
            if let Some(arrays) = arrays.as_mut().filter(|_| numbers.null_count() > 0) {
                meter.allocate(super::null_row_bytes(field.data_type()))?;
                arrays.push(new_null_array(field.data_type(), 1));
            }
            sources.push((field, arrays));
        }
        let mut columns: Vec<Vec<Option<ArrayRef>>> = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let mut moved = Vec::with_capacity(sources.len());
            for some in sources.chunks(COLUMNS) {
                moved.extend(interleave_piece(some, piece, meter)?);
            }
            columns.push(moved);
        }
        let provenance = self.shared_table().map(|table| (table, numbers));
        let parts = pieces.iter().zip(columns).enumerate().map(|(index, (piece, columns))| {
            let mut part = Part::new(piece.len(), columns);
            part.provenance = provenance.as_ref().map(|(table, numbers)| Provenance {
                source: Source::Many(table.clone()),
                view: Arc::new(View::Rows(UInt32Array::new(
                    numbers.values().slice(index * PIECE, piece.len()),
                    numbers.nulls().map(|nulls| nulls.slice(index * PIECE, piece.len())),
                ))),
            });
            part
        });
        Ok(parts.collect())
    }

    /// The same, made once for all that is taken out of this batch.
    fn shared_table(&self) -> Option<Arc<Table>> {
        self.table.get_or_init(|| self.table().map(Arc::new)).clone()
    }

    /// File and record of every row, if anything is known.
    pub(super) fn table(&self) -> Option<Table> {
        self.parts.iter().any(|part| part.provenance.is_some()).then(|| table_of(&self.parts))
    }
}

fn table_of(parts: &[Part]) -> Table {
    let mut table = Table::default();
    for part in parts {
        table.append(part.rows, part.provenance.as_ref());
    }
    table
}

/// The columns of a piece. All are agreed with the meter before the first one is moved.
fn interleave_piece(
    sources: &[(&Field, Option<Vec<ArrayRef>>)],
    places: &[(usize, usize)],
    meter: &mut dyn Meter,
) -> Result<Vec<Option<ArrayRef>>, Failure> {
    let mut all = 0_u64;
    let read = sources.len() as u64 * places.len() as u64 * 8;
    let sizes = beside(sources.len(), read, |index| match sources.get(index) {
        Some((_, Some(arrays))) => super::size::places_bytes(arrays, places),
        _ => 0,
    });
    for bytes in sizes {
        meter.allocate(bytes)?;
        meter.work(bytes / 8 + places.len() as u64)?;
        all = all.saturating_add(bytes);
    }
    let moved = beside(sources.len(), all, |index| {
        let Some((field, Some(arrays))) = sources.get(index) else { return Ok(None) };
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let moved = gather::guarded(|| interleave(&arrays, places));
        moved.map(Some).map_err(|failure| failure.with_column(field.name()))
    });
    moved.into_iter().collect()
}

/// Joins neighbours up to `target` rows; the origin of each row is kept.
fn join_neighbours(
    parts: Vec<Part>,
    schema: &SchemaRef,
    target: usize,
    meter: &mut dyn Meter,
) -> Result<Vec<Part>, Failure> {
    let mut groups: Vec<Vec<Part>> = Vec::new();
    let mut rows = 0;
    for part in parts {
        match groups.last_mut() {
            Some(group) if rows + part.rows <= target => {
                rows += part.rows;
                group.push(part);
            }
            _ => {
                rows = part.rows;
                groups.push(vec![part]);
            }
        }
    }
    let mut joined = Vec::with_capacity(groups.len());
    for group in groups {
        match join_group(&group, schema, meter) {
            Ok(part) => joined.push(part),
            // Text that one array cannot hold stays in its parts.
            Err(failure) if failure.code == "too-large" => joined.extend(group),
            Err(failure) => return Err(failure),
        }
    }
    Ok(joined)
}

fn join_group(group: &[Part], schema: &SchemaRef, meter: &mut dyn Meter) -> Result<Part, Failure> {
    if let [part] = group {
        return Ok(part.clone());
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let arrays = group.iter().map(|part| part.column_once(index, meter)).collect::<Result<Option<Vec<_>>, _>>()?;
        columns.push(arrays.map(|arrays| gather::join(&arrays, field.data_type(), meter)).transpose()?);
    }
    let mut part = Part::new(group.iter().map(|part| part.rows).sum(), columns);
    if group.iter().any(|part| part.provenance.is_some()) {
        let view = Arc::new(View::whole(part.rows));
        part.provenance = Some(Provenance { source: Source::Many(Arc::new(table_of(group))), view });
    }
    Ok(part)
}

fn nullable(schema: &SchemaRef) -> SchemaRef {
    if schema.fields().iter().all(|field| field.is_nullable()) {
        return schema.clone();
    }
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn common_schema(one: &SchemaRef, other: &SchemaRef) -> Result<SchemaRef, Failure> {
    if Arc::ptr_eq(one, other) {
        return Ok(one.clone());
    }
    if one.fields().len() != other.fields().len() {
        let message =
            format!("batches of {} and {} columns cannot be joined", one.fields().len(), other.fields().len());
        return Err(Failure::invalid_input("type-mismatch", message));
    }
    let mut wider = false;
    for (left, right) in one.fields().iter().zip(other.fields()) {
        if left.name() != right.name() || left.data_type() != right.data_type() {
            let describe = |field: &Field| format!("`{}` {}", field.name(), crate::type_name(field.data_type()));
            let message = format!("batches differ in a column: {} and {}", describe(left), describe(right));
            return Err(Failure::invalid_input("type-mismatch", message).with_column(left.name()));
        }
        wider |= right.is_nullable() && !left.is_nullable();
    }
    if !wider {
        return Ok(one.clone());
    }
    let fields: Vec<Field> = one
        .fields()
        .iter()
        .zip(other.fields())
        .map(|(left, right)| left.as_ref().clone().with_nullable(left.is_nullable() || right.is_nullable()))
        .collect();
    Ok(Arc::new(Schema::new_with_metadata(fields, one.metadata().clone())))
}

/// Refuses two columns of one name.
pub(crate) fn unique_names(fields: &[FieldRef]) -> Result<(), Failure> {
    let mut seen = std::collections::HashSet::with_capacity(fields.len());
    match fields.iter().find(|field| !seen.insert(field.name().as_str())) {
        None => Ok(()),
        Some(field) => {
            let message = format!("column `{}` stands twice", field.name());
            Err(Failure::invalid_input("duplicate-column", message).with_column(field.name()))
        }
    }
}

//! Decodes a stream message by message: only the demanded columns, in batches of the demanded size.

use crate::input::{Input, damaged};
use crate::messages::{self, Kind, Message, Place};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{read_dictionary, read_record_batch};
use arrow_ipc::{MessageHeader, root_as_message};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use jackfield_arrays::Table;
use jackfield_arrays::reading::{ReadRows, Rows, in_order};
use jackfield_sdk::{Demand, Failure};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A stream being read.
pub(crate) struct Reader {
    input: Input,
    /// The messages of a file that are still to be read, the next at the front; a stream has them one after the other.
    places: Option<VecDeque<Place>>,
    schema: SchemaRef,
    table: Table,
    demanded: Vec<usize>,
    /// The demanded columns in the stream's order, each once.
    projection: Vec<usize>,
    dictionaries: HashMap<i64, ArrayRef>,
    /// A batch and how many of its rows were given.
    open: Option<(RecordBatch, usize)>,
    next: u64,
    left: Option<u64>,
    batch_rows: usize,
    ended: bool,
}

impl Reader {
    /// # Errors
    /// What is wrong with the head of the stream, or with the types or columns that are asked for.
    pub(crate) fn open(mut input: Input, told: &[(String, String)], demand: &Demand) -> Result<Reader, Failure> {
        let (schema, places) = match messages::begin(&mut input)? {
            Kind::File => {
                let (schema, places) = messages::end(&mut input)?;
                (schema, Some(places.into()))
            }
            Kind::Stream(length) => {
                let first = messages::next(&mut input, Some(length))?.ok_or_else(|| damaged("it has no schema"))?;
                (schema_of(&first)?, None)
            }
        };
        let schema: SchemaRef = Arc::new(schema);
        let table = Table::new(schema.fields(), told)?;
        let demanded = table.demanded(demand.columns.as_deref())?;
        let mut projection = demanded.clone();
        projection.sort_unstable();
        projection.dedup();
        Ok(Reader {
            input,
            places,
            schema,
            table,
            demanded,
            projection,
            dictionaries: HashMap::new(),
            open: None,
            next: 0,
            // A limit counts rows that satisfy all predicates, and here rows are not looked at.
            left: demand.limit.filter(|_| demand.predicates.is_empty()),
            batch_rows: (demand.batch_rows as usize).max(1),
            ended: false,
        })
    }

    /// Takes the next message; whether there was one.
    fn advance(&mut self) -> Result<bool, Failure> {
        let message = match &mut self.places {
            Some(places) => match places.pop_front() {
                Some(place) => Some(messages::at(&mut self.input, place)?),
                None => None,
            },
            None => messages::next(&mut self.input, None)?,
        };
        let Some(message) = message else {
            self.ended = true;
            return Ok(false);
        };
        let header = root_as_message(&message.header).map_err(|error| damaged(error.to_string()))?;
        let version = header.version();
        match header.header_type() {
            MessageHeader::DictionaryBatch => {
                let batch = header.header_as_dictionary_batch().ok_or_else(|| damaged("a dictionary is missing"))?;
                read_dictionary(&message.body, batch, &self.schema, &mut self.dictionaries, &version).map_err(arrow)?;
            }
            MessageHeader::RecordBatch => {
                let batch = header.header_as_record_batch().ok_or_else(|| damaged("a record batch is missing"))?;
                let schema = self.schema.clone();
                let (body, dictionaries) = (&message.body, &self.dictionaries);
                let batch = read_record_batch(body, batch, schema, dictionaries, Some(&self.projection), &version);
                self.open = Some((batch.map_err(arrow)?, 0));
            }
            _ => return Err(damaged("a second schema stands within it")),
        }
        Ok(true)
    }
}

impl ReadRows for Reader {
    fn table(&self) -> &Table {
        &self.table
    }

    fn demanded(&self) -> &[usize] {
        &self.demanded
    }

    fn rows(&mut self) -> Result<Option<Rows>, Failure> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            if let Some((batch, given)) = self.open.take() {
                let most = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
                let count = (batch.num_rows() - given).min(self.batch_rows).min(most);
                if count > 0 {
                    let columns = batch.columns().iter().map(|column| column.slice(given, count)).collect::<Vec<_>>();
                    let arrays = in_order(&self.demanded, &columns);
                    let rows = Rows { arrays, count, first: self.next, records: None };
                    self.next += count as u64;
                    self.left = self.left.map(|left| left - count as u64);
                    if given + count < batch.num_rows() {
                        self.open = Some((batch, given + count));
                    }
                    return Ok(Some(rows));
                }
            }
            if self.ended || !self.advance()? {
                return Ok(None);
            }
        }
    }
}

fn schema_of(message: &Message) -> Result<Schema, Failure> {
    let header = root_as_message(&message.header).map_err(|error| damaged(error.to_string()))?;
    let schema = header.header_as_schema().ok_or_else(|| damaged("it does not begin with a schema"))?;
    try_fb_to_schema(schema).map_err(arrow)
}

fn arrow(error: ArrowError) -> Failure {
    let text = error.to_string();
    let text = text.split_once(" error: ").map_or(text.as_str(), |(_, text)| text);
    damaged(text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>())
}

#[cfg(test)]
mod tests;

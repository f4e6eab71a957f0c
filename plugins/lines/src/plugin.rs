//! Between such a reader and the host.

use crate::assembly::Block;
use crate::feed::Pull;
use crate::layout::Layout;
use crate::options::ReadOptions;
use crate::reader::{Read, Reader};
use jackfield_sdk::{Chunk, Demand, Failure, Next, Schema, Sink};
use jackfield_values::host;
use jackfield_values::types::Type;

/// The reader of a format plugin.
#[derive(Debug)]
pub struct LineReader<L> {
    reader: Reader<L>,
    /// The schema of what is in demand.
    schema: Option<(Schema, Vec<Type>)>,
}

impl<L: Layout> LineReader<L> {
    /// Reads what is pulled, in this layout.
    pub fn new(layout: L, options: ReadOptions, demand: Demand, pull: Pull) -> LineReader<L> {
        LineReader { reader: Reader::new(layout, options, demand, pull), schema: None }
    }

    fn wanted(&mut self) -> Result<&(Schema, Vec<Type>), Failure> {
        if self.schema.is_none() {
            let columns = self.reader.wanted()?;
            let types = columns.iter().map(|(_, of)| of.clone()).collect();
            self.schema = Some((host::schema(columns.iter().map(|(name, of)| (name.as_str(), of))), types));
        }
        self.schema.as_ref().ok_or_else(|| Failure::internal("there is no schema"))
    }

    fn chunk(&mut self, block: Block) -> Result<Chunk, Failure> {
        let (schema, types) = self.wanted()?;
        let mut chunk = Chunk::new(host::batch(schema, types, block.rows, block.columns)?, block.first_record);
        chunk.rows = block.records.map(|numbers| host::numbers(&numbers)).transpose()?;
        chunk.bad = block.bad;
        Ok(chunk)
    }
}

impl<L: Layout> jackfield_sdk::Reader for LineReader<L> {
    fn schema(&mut self) -> Result<Schema, Failure> {
        Ok(host::schema(self.reader.columns()?.iter().map(|(name, of)| (name.as_str(), of))))
    }

    fn next(&mut self) -> Result<Next, Failure> {
        Ok(match self.reader.next_block()? {
            Read::Block(block) => Next::Chunk(self.chunk(block)?),
            Read::Pause => Next::Pause,
            Read::End => Next::End,
        })
    }
}

/// Bytes that are gathered before they go to the host.
const PIECE: usize = 256 << 10;

/// The output of a writer of such a format.
#[derive(Debug)]
pub struct Output {
    sink: Sink,
    /// What was written and is not yet handed over.
    pub text: Vec<u8>,
}

impl Output {
    /// Writes to a sink.
    pub fn new(sink: Sink) -> Output {
        Output { sink, text: Vec::new() }
    }

    /// Hands over what there is, if it is worth a call.
    ///
    /// # Errors
    /// The sink's.
    pub fn settle(&mut self) -> Result<(), Failure> {
        if self.text.len() >= PIECE { self.hand_over() } else { Ok(()) }
    }

    /// Hands over all there is, and on.
    ///
    /// # Errors
    /// The sink's.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.hand_over()?;
        self.sink.flush()
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        if !self.text.is_empty() {
            self.sink.write(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }
}

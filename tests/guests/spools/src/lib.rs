//! Puts rows aside in all the wrong ways: `{ what }`. What the host says of it is the node's failure.

use jackfield_sdk::spill::{Merger, SortedBy, Spool, memory_use};
use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Spools {
    what: String,
}

const BY: SortedBy = SortedBy { column: 0, descending: false, nulls_first: false };

impl Node for Spools {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        params.parse()
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(Binding::passing(&inputs[0]))
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        let mut spool = Spool::new(batch.schema())?;
        match self.what.as_str() {
            "there and back" => {
                spool.append(batch)?;
                spool.append(batch)?;
                let mut merger = Merger::new([&spool, &spool], &[BY])?;
                drop(spool);
                let rows = merger.next(3)?.ok_or_else(|| Failure::internal("there are no rows"))?;
                return Ok(Step::from(rows));
            }
            "behind the last" => {
                spool.append(batch)?;
                let rows = spool.read(1000, 10)?;
                return Ok(Step::from(rows));
            }
            "other columns" => spool.append(&batch.pick([(0, None)])?)?,
            "while merging" => {
                spool.append(batch)?;
                let _merger = Merger::new([&spool], &[BY])?;
                spool.append(batch)?;
            }
            "no rows asked for" => drop(spool.read(0, 0)?),
            "no key" => drop(Merger::new([&spool], &[])?),
            "no such column" => {
                spool.append(batch)?;
                let by = SortedBy { column: 99, ..BY };
                drop(Merger::new([&spool], &[by])?.next(10)?);
            }
            "different spools" => {
                let other = Spool::new(batch.pick([(0, None)])?.schema())?;
                drop(Merger::new([&spool, &other], &[BY])?);
            }
            "fill the disk" => loop {
                spool.append(batch)?;
            },
            "many spools" => {
                let mut spools = Vec::new();
                loop {
                    spools.push(Spool::new(batch.schema())?);
                }
            }
            "many mergers" => {
                spool.append(batch)?;
                let mut mergers = Vec::new();
                loop {
                    let mut merger = Merger::new([&spool], &[BY])?;
                    drop(merger.next(1)?);
                    mergers.push(merger);
                }
            }
            other => return Err(Failure::internal(format!("{other}: {:?}", memory_use()))),
        }
        Err(Failure::internal("the host said nothing"))
    }
}

jackfield_sdk::export_node!(Spools);

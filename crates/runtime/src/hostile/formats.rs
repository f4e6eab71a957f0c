//! Formats: what they write of odd tables, and what they read of odd bytes and of their own, damaged.

use arrow::datatypes::Schema;
use jackfield_columns::Batch;
use jackfield_host::{ByteSource, CallError, Demand, FormatReader, FormatWriter, Next, detect};

use super::inputs::{Table, bytes, damaged, tables};
use super::{Trials, Verdict, verdict, written as collect};

/// Chunks that are asked for at most.
const MOST_CHUNKS: u32 = 20_000;

pub(super) async fn run(trials: &mut Trials<'_>, format: &str) {
    let mut whole = None;
    match tables() {
        Ok(tables) => {
            for table in &tables {
                for (name, batch) in &table.batches {
                    let written = write(trials, format, &table.schema, batch).await;
                    let input = format!("writing {}: {name}", table.name);
                    match written {
                        Ok(bytes) if is_sample(table, name) => {
                            trials.note(input, Verdict::Took);
                            whole = Some(bytes);
                        }
                        written => trials.note(input, written.err().map_or(Verdict::Took, verdict)),
                    }
                }
            }
        }
        Err(failure) => trials.note("inputs", Verdict::NotTried(failure.message)),
    }
    for (name, bytes) in bytes() {
        let read = read(trials, format, bytes).await;
        trials.note(format!("reading {name}"), read.err().map_or(Verdict::Took, verdict));
    }
    for (name, bytes) in whole.iter().flat_map(|whole| damaged(whole)) {
        let read = read(trials, format, bytes).await;
        trials.note(format!("reading {name}"), read.err().map_or(Verdict::Took, verdict));
    }
}

/// The table whose bytes are damaged afterwards: small, and with something of everything.
fn is_sample(table: &Table, batch: &str) -> bool {
    table.name == "plain columns" && batch == "extremes"
}

async fn write(trials: &Trials<'_>, format: &str, schema: &Schema, batch: &Batch) -> Result<Vec<u8>, CallError> {
    collect(async |sink| {
        let component = &trials.plugin.component;
        let mut writer = FormatWriter::open(component, trials.store.clone(), format, "{}", schema, sink).await?;
        writer.write(batch.clone()).await?;
        writer.flush().await?;
        writer.finish().await
    })
    .await
}

async fn read(trials: &Trials<'_>, format: &str, bytes: Vec<u8>) -> Result<(), CallError> {
    let component = &trials.plugin.component;
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
    detect(component, trials.store.clone(), Some("hostile"), head).await?;
    let source = ByteSource::from_bytes(Some("hostile".to_owned()), bytes);
    let demand = Demand { batch_rows: 8192, ..Demand::default() };
    let mut reader = FormatReader::open(component, trials.store.clone(), format, "{}", source, demand).await?;
    reader.schema().await?;
    for _ in 0..MOST_CHUNKS {
        if let Next::End = reader.next().await? {
            break;
        }
    }
    Ok(())
}

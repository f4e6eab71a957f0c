//! Baseline: flights.csv.gz -> `dep_delay > 60` -> JSON Lines, by hand over byte records. Usage: `filter IN OUT [tuned]`.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use native_baseline::{BUFFER, Task, column, integer};

/// The columns of text; all others are numbers and are copied as they stand.
const TEXT: [&[u8]; 5] = [b"carrier", b"tailnum", b"origin", b"dest", b"time_hour"];

fn main() -> Result<(), Box<dyn Error>> {
    let task = Task::from_arguments()?;
    let mut reader = task.open()?;
    let header = reader.byte_headers()?.clone();
    let delay = column(&header, "dep_delay")?;
    // `{"year":`, `,"month":` … are the same for each row.
    let mut keys = Vec::new();
    for (place, name) in header.iter().enumerate() {
        let mut key = vec![if place == 0 { b'{' } else { b',' }];
        serde_json::to_writer(&mut key, std::str::from_utf8(name)?)?;
        key.push(b':');
        keys.push((key, TEXT.contains(&name)));
    }
    let mut out = BufWriter::with_capacity(BUFFER, File::create(&task.output)?);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        if integer(&record[delay]).is_none_or(|minutes| minutes <= 60) {
            continue;
        }
        for ((key, is_text), field) in keys.iter().zip(&record) {
            out.write_all(key)?;
            if field.is_empty() || field == b"NA" {
                out.write_all(b"null")?;
            } else if *is_text {
                serde_json::to_writer(&mut out, std::str::from_utf8(field)?)?;
            } else {
                out.write_all(field)?;
            }
        }
        out.write_all(b"}\n")?;
    }
    out.flush()?;
    Ok(())
}

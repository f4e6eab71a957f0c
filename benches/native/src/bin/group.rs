//! Baseline: flights.csv.gz -> group by carrier: count, mean(dep_delay) -> JSON Lines. Usage: `group IN OUT [tuned]`.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use native_baseline::{BUFFER, Task, column, integer};

/// What is known of a carrier's flights so far.
struct Group {
    carrier: Vec<u8>,
    flights: u64,
    departed: u64,
    minutes: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let task = Task::from_arguments()?;
    let mut reader = task.open()?;
    let header = reader.byte_headers()?.clone();
    let (carrier, delay) = (column(&header, "carrier")?, column(&header, "dep_delay")?);
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let name = &record[carrier];
        let place = match places.get(name) {
            Some(place) => *place,
            None => {
                places.insert(name.to_vec(), groups.len());
                groups.push(Group { carrier: name.to_vec(), flights: 0, departed: 0, minutes: 0 });
                groups.len() - 1
            }
        };
        let group = &mut groups[place];
        group.flights += 1;
        if let Some(minutes) = integer(&record[delay]) {
            group.departed += 1;
            group.minutes += minutes;
        }
    }
    let mut out = BufWriter::with_capacity(BUFFER, File::create(&task.output)?);
    for Group { carrier, flights, departed, minutes } in groups {
        let mean = (departed > 0).then(|| minutes as f64 / departed as f64);
        let carrier = String::from_utf8(carrier)?;
        let row = serde_json::json!({ "carrier": carrier, "n": flights, "mean_delay": mean });
        serde_json::to_writer(&mut out, &row)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

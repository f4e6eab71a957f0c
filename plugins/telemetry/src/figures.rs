//! What is counted of one instance of a node.

use serde_json::{Value, json};

/// Counts and times, in nanoseconds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    batches: u64,
    failures: u64,
    rows_in: u64,
    rows_out: u64,
    total: u64,
    longest: u64,
}

impl Figures {
    /// A batch went well.
    pub(crate) fn worked(&mut self, rows_in: u64, rows_out: u64, nanos: u64) {
        self.batches += 1;
        self.rows_in = self.rows_in.saturating_add(rows_in);
        self.rows_out = self.rows_out.saturating_add(rows_out);
        self.total = self.total.saturating_add(nanos);
        self.longest = self.longest.max(nanos);
    }

    /// A batch did not.
    pub(crate) fn failed(&mut self, rows_in: u64) {
        self.failures += 1;
        self.rows_in = self.rows_in.saturating_add(rows_in);
    }

    /// The figures for the host; none for a stage that got no batch, such as a source.
    pub(crate) fn metrics(&self) -> Vec<Value> {
        if self.batches + self.failures == 0 {
            return Vec::new();
        }
        let metric = |name: &str, value: u64, merge: &str, unit: &str| json!({ "name": format!("telemetry.{name}"), "value": value, "merge": merge, "unit": unit });
        vec![
            metric("batches", self.batches, "sum", "batches"),
            metric("failures", self.failures, "sum", "batches"),
            metric("rows-in", self.rows_in, "sum", "rows"),
            metric("rows-out", self.rows_out, "sum", "rows"),
            metric("time", self.total, "sum", "ns"),
            metric("longest", self.longest, "max", "ns"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_add_up() {
        let mut figures = Figures::default();
        assert!(figures.metrics().is_empty());
        figures.worked(100, 40, 7_000);
        figures.worked(50, 10, 9_000);
        figures.failed(3);
        let told: Vec<(String, u64)> = figures
            .metrics()
            .iter()
            .map(|metric| {
                (metric["name"].as_str().unwrap_or_default().to_owned(), metric["value"].as_u64().unwrap_or(0))
            })
            .collect();
        let expected =
            [("batches", 2), ("failures", 1), ("rows-in", 153), ("rows-out", 50), ("time", 16_000), ("longest", 9_000)];
        assert_eq!(told, expected.map(|(name, value)| (format!("telemetry.{name}"), value)));
    }
}

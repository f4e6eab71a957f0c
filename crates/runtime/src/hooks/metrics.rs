//! Figures that hooks add to a run.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::Event;

/// A figure that a hook has added.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name; by custom it begins with the plugin's.
    pub name: String,
    /// The stage that it is about; `None`: the whole run.
    pub stage: Option<String>,
    /// The figure.
    pub value: f64,
    /// Such as `ns` or `rows`.
    pub unit: Option<String>,
    merge: Merge,
}

/// What becomes of two figures of the same name, from two instances of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    Sum,
    Max,
    Min,
    Last,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Gathered(Mutex<Vec<Metric>>);

impl Gathered {
    /// Adds the figures of an outcome, whose fields have been validated.
    pub(crate) fn add(&self, stage: Option<&str>, outcome: &Event) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in outcome.fields.get("metrics").and_then(Value::as_array).into_iter().flatten() {
            let Some(metric) = read(stage, entry) else { continue };
            let known = all.iter_mut().find(|known| known.name == metric.name && known.stage == metric.stage);
            match known {
                Some(known) => {
                    known.value = match metric.merge {
                        Merge::Sum => known.value + metric.value,
                        Merge::Max => known.value.max(metric.value),
                        Merge::Min => known.value.min(metric.value),
                        Merge::Last => metric.value,
                    };
                }
                None => all.push(metric),
            }
        }
    }

    /// By stage, in the order of the names.
    pub(crate) fn take(&self) -> Vec<Metric> {
        let mut all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.sort_by(|a, b| (&a.stage, &a.name).cmp(&(&b.stage, &b.name)));
        all
    }
}

fn read(stage: Option<&str>, entry: &Value) -> Option<Metric> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    Some(Metric {
        name: text("name")?.to_owned(),
        stage: stage.map(str::to_owned),
        value: entry.get("value")?.as_f64()?,
        unit: text("unit").map(str::to_owned),
        merge: match text("merge") {
            Some("max") => Merge::Max,
            Some("min") => Merge::Min,
            Some("last") => Merge::Last,
            _ => Merge::Sum,
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_of_one_stage_merge_as_they_say() {
        let gathered = Gathered::default();
        for value in [3, 1, 2] {
            let metrics: Vec<Value> = ["sum", "max", "min", "last"]
                .into_iter()
                .map(|merge| json!({ "name": merge, "value": value, "merge": merge, "unit": "rows" }))
                .collect();
            gathered.add(Some("n"), &Event::new("n", json!({ "metrics": metrics })));
        }
        gathered.add(None, &Event::new("p", json!({ "metrics": [{ "name": "sum", "value": 7 }] })));
        let told: Vec<String> =
            gathered.take().into_iter().map(|m| format!("{:?} {} {}", m.stage, m.name, m.value)).collect();
        assert_eq!(told[0], "None sum 7");
        assert_eq!(told[1..], ["Some(\"n\") last 2", "Some(\"n\") max 3", "Some(\"n\") min 1", "Some(\"n\") sum 6",]);
    }
}

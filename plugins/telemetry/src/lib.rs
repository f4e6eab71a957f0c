//! Measures how long nodes work, and on how much. It sees neither rows nor parameters, only counts and the host's clock.

mod figures;

use figures::Figures;
use jackfield_sdk::{Chain, Event, Failure, Hook, HookOutcome, Params};

/// The figures of one instance of a stage.
#[derive(Default)]
struct Telemetry {
    figures: Figures,
}

impl Hook for Telemetry {
    fn new(_config: Params) -> Result<Self, Vec<Failure>> {
        Ok(Telemetry::default())
    }

    fn run(&mut self, hook: &str, event: Event, chain: Option<&Chain>) -> Result<HookOutcome, Failure> {
        match (hook, chain) {
            ("process", Some(chain)) => {
                let (began, rows) = (event.number("now-nanos"), event.number("rows"));
                let outcome = chain.next(event);
                match &outcome {
                    Ok(outcome) => {
                        let ended = outcome.number("now-nanos");
                        self.figures.worked(rows, outcome.number("rows-out"), ended.saturating_sub(began));
                    }
                    Err(_) => self.figures.failed(rows),
                }
                outcome.map(|_| HookOutcome::Proceed)
            }
            ("collect", _) if event.text("scope") == "stage" => {
                let mut event = event;
                let metrics = event.fields.entry("metrics").or_insert_with(|| serde_json::Value::Array(Vec::new()));
                if let Some(metrics) = metrics.as_array_mut() {
                    metrics.extend(self.figures.metrics());
                }
                Ok(HookOutcome::Changed(event))
            }
            _ => Ok(HookOutcome::Proceed),
        }
    }
}

jackfield_sdk::export_hook!(Telemetry);

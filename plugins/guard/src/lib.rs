//! Refuses pipelines with node types or parameters that the operator does not want, before anything runs.

mod rules;

use jackfield_sdk::{Chain, Event, Failure, Hook, HookOutcome, Lifecycle, Params};
use rules::Rules;

/// The rules of the operator.
struct Guard {
    rules: Rules,
}

impl Hook for Guard {
    fn new(config: Params) -> Result<Self, Vec<Failure>> {
        Ok(Guard { rules: Rules::read(&config)? })
    }

    fn run(&mut self, _hook: &str, event: Event, _chain: Option<&Chain>) -> Result<HookOutcome, Failure> {
        let nodes = event.fields.get("nodes").and_then(|nodes| nodes.as_array()).map_or(&[][..], Vec::as_slice);
        let refused = self.rules.check(nodes);
        Ok(if refused.is_empty() { HookOutcome::Proceed } else { HookOutcome::Veto(refused) })
    }
}

impl Lifecycle for Guard {
    fn init(config: Params) -> Result<(), Vec<Failure>> {
        Rules::read(&config).map(drop)
    }
}

jackfield_sdk::export_hook!(Guard);
jackfield_sdk::export_lifecycle!(Guard);

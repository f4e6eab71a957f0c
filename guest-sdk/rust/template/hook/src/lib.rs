//! {{title}}: a hook that lets no pipeline have more nodes than its configuration allows.

use jackfield_sdk::{Chain, Event, Failure, Hook, HookOutcome, Params};
use serde::Deserialize;

/// The configuration, as plugin.toml describes it; the host fills in defaults.
#[derive(Deserialize)]
struct Config {
    most: usize,
}

/// The plugin's hook.
struct {{pascal}} {
    config: Config,
}

impl Hook for {{pascal}} {
    fn new(config: Params) -> Result<Self, Vec<Failure>> {
        Ok({{pascal}} { config: config.parse()? })
    }

    fn run(&mut self, _hook: &str, event: Event, _chain: Option<&Chain>) -> Result<HookOutcome, Failure> {
        let nodes = event.fields.get("nodes").and_then(|nodes| nodes.as_array()).map_or(0, Vec::len);
        Ok(match refusal(nodes, self.config.most) {
            None => HookOutcome::Proceed,
            Some(failure) => HookOutcome::Veto(vec![failure]),
        })
    }
}

fn refusal(nodes: usize, most: usize) -> Option<Failure> {
    let message = format!("the pipeline has {nodes} nodes, {most} are allowed");
    let failure = Failure::invalid_config("too-many-nodes", message).with_parameter("/nodes");
    (nodes > most).then(|| failure.with_help("split it, or raise `most` in the plugin's configuration"))
}

jackfield_sdk::export_hook!({{pascal}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_than_allowed_is_refused() {
        assert!(refusal(20, 20).is_none());
        assert_eq!(refusal(21, 20).unwrap().code, "too-many-nodes");
    }
}

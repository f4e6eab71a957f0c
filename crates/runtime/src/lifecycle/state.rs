//! The states of a plugin and the ways between them.

use std::fmt;

/// Where a plugin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its manifest was read.
    Discovered,
    /// All that it requires is there.
    Resolved,
    /// Its component is compiled and linked, and says what its manifest says.
    Loaded,
    /// It works.
    Started,
    /// It works, though not as it should.
    Degraded,
    /// It does not work, nor does what requires it.
    Failed,
    /// It has ended.
    Stopped,
}

/// A way that a plugin cannot go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a plugin that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// Where it stands.
    pub from: State,
    /// Where it cannot go from there.
    pub to: State,
}

impl State {
    /// All states, in the order of a plugin's life.
    pub const ALL: [State; 7] = [
        State::Discovered,
        State::Resolved,
        State::Loaded,
        State::Started,
        State::Degraded,
        State::Failed,
        State::Stopped,
    ];

    /// The word for it in listings.
    pub fn name(self) -> &'static str {
        match self {
            State::Discovered => "discovered",
            State::Resolved => "resolved",
            State::Loaded => "loaded",
            State::Started => "started",
            State::Degraded => "degraded",
            State::Failed => "failed",
            State::Stopped => "stopped",
        }
    }

    /// It can be called.
    pub fn is_running(self) -> bool {
        matches!(self, State::Started | State::Degraded)
    }

    /// The next state, if there is a way to it: discovered, resolved, loaded and started follow each other; what runs
    /// may degrade and recover; everything that has not ended may fail; what was loaded may stop. Failed leads to
    /// stopped only, and stopped nowhere.
    ///
    /// # Errors
    /// There is no such way.
    pub fn to(self, to: State) -> Result<State, IllegalTransition> {
        use State::{Degraded, Discovered, Failed, Loaded, Resolved, Started, Stopped};
        let legal = match self {
            Discovered => matches!(to, Resolved | Failed),
            Resolved => matches!(to, Loaded | Failed),
            Loaded => matches!(to, Started | Failed | Stopped),
            Started => matches!(to, Degraded | Failed | Stopped),
            Degraded => matches!(to, Started | Failed | Stopped),
            Failed => matches!(to, Stopped),
            Stopped => false,
        };
        if legal { Ok(to) } else { Err(IllegalTransition { from: self, to }) }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A plugin went from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The pipeline that it runs for; empty: for none.
    pub pipeline: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// Where it stood.
    pub from: State,
    /// Where it stands.
    pub to: State,
    /// Why, where that needs a word.
    pub reason: Option<String>,
    /// What requires it, directly or not, and so cannot work either; where it has failed.
    pub dependents: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_are_these_and_no_others() {
        let ways: Vec<String> = State::ALL
            .into_iter()
            .flat_map(|from| State::ALL.into_iter().filter(move |to| from.to(*to).is_ok()).map(move |to| (from, to)))
            .map(|(from, to)| format!("{from} -> {to}"))
            .collect();
        let expected = [
            "discovered -> resolved",
            "discovered -> failed",
            "resolved -> loaded",
            "resolved -> failed",
            "loaded -> started",
            "loaded -> failed",
            "loaded -> stopped",
            "started -> degraded",
            "started -> failed",
            "started -> stopped",
            "degraded -> started",
            "degraded -> failed",
            "degraded -> stopped",
            "failed -> stopped",
        ];
        assert_eq!(ways, expected);
        let refused = State::Stopped.to(State::Started).unwrap_err();
        assert_eq!(refused.to_string(), "a plugin that is stopped cannot become started");
    }
}

//! Where made columns go among those of the input.

use jackfield_kit::Problems;
use jackfield_sdk::{Field, InputPort, OutputPort};

/// Columns made from others.
pub(crate) struct Made<'a> {
    /// The columns they are made from.
    pub(crate) from: &'a [u32],
    /// Whether these stay.
    pub(crate) keep: bool,
    /// The made columns, with the parameter that names each.
    pub(crate) columns: Vec<(String, Vec<Field>)>,
}

/// The output port: made columns stand where the first of those stood that they are made from, or last where these stay.
pub(crate) fn port(input: &InputPort, made: &Made, problems: &mut Problems) -> OutputPort {
    let name = |tree: &[Field]| tree.first().map(|root| root.name.clone()).unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    for (place, tree) in &made.columns {
        let name = name(tree);
        let is_other = |index: u32| !made.from.contains(&index) || made.keep;
        if names.contains(&name) || input.schema.index_of(&name).is_some_and(is_other) {
            problems.duplicate(place, &name);
        }
        names.push(name);
    }
    let first = made.from.first().copied();
    let add = |port: OutputPort| made.columns.iter().fold(port, |port, (_, tree)| port.made(tree.clone()));
    let mut port = OutputPort::new("out");
    for index in 0..input.schema.len() as u32 {
        if Some(index) == first && !made.keep {
            port = add(port);
        } else if made.keep || !made.from.contains(&index) {
            port = port.pass(&input.name, index, None);
        }
    }
    if made.keep || first.is_none() { add(port) } else { port }
}

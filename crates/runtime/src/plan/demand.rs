//! What the rest of a pipeline can use of each output: columns, predicates, a limit. It travels from the sinks up.

use std::collections::BTreeSet;

use arrow::datatypes::Schema;
use jackfield_columns::Predicate;
use jackfield_host::{Binding, OutColumn};

use super::DEFAULT_BATCH_ROWS;

/// What all consumers of one output together can use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// Names of the columns; `None` = all.
    pub(crate) columns: Option<BTreeSet<String>>,
    /// Hold for every row that is of use.
    pub(crate) predicates: Vec<Predicate>,
    /// No more rows than these, of those that satisfy all predicates.
    pub(crate) limit: Option<u64>,
    /// Rows that a node below would like to get at a time: calls into some languages cost much, whatever they carry.
    pub(crate) batch_rows: Option<u32>,
}

/// The most values of a batch that a node asked for: rows are held by several stages at once.
const MOST_VALUES: u32 = 1 << 21;
/// The key of a binding's `extra` by which a node asks for it.
const BATCH_ROWS: &str = "batch-rows";

/// The rows that a node would like to get at a time.
pub(crate) fn asked_rows(binding: &Binding) -> Option<u32> {
    let (_, text) = binding.extra.iter().find(|(key, _)| key == BATCH_ROWS)?;
    text.parse().ok().filter(|rows| *rows > 0)
}

/// The rows that a batch of so many columns gets where a node asks for `asked`: more than usual only if it stays small.
pub(crate) fn granted_rows(asked: Option<u32>, columns: usize) -> u32 {
    let columns = u32::try_from(columns.max(1)).unwrap_or(u32::MAX);
    asked.map_or(DEFAULT_BATCH_ROWS, |rows| rows.min((MOST_VALUES / columns).max(DEFAULT_BATCH_ROWS)))
}

impl Wanted {
    /// Everything.
    pub(crate) fn all() -> Wanted {
        Wanted { columns: None, predicates: Vec::new(), limit: None, batch_rows: None }
    }

    /// What two consumers of the same output can use: predicates and limits only where both agree.
    pub(crate) fn and(self, other: Wanted) -> Wanted {
        let columns = match (self.columns, other.columns) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                Some(a)
            }
            _ => None,
        };
        let agree = self.predicates == other.predicates;
        let limit = match (self.limit, other.limit) {
            (Some(a), Some(b)) if agree => Some(a.max(b)),
            _ => None,
        };
        let batch_rows = self.batch_rows.max(other.batch_rows);
        Wanted { columns, predicates: if agree { self.predicates } else { Vec::new() }, limit, batch_rows }
    }
}

/// What a bound node can use of its input `port`, given what its consumers want of each connected output.
///
/// `outputs` holds, for each output of the binding that has a consumer, its number and what is wanted of it.
pub(crate) fn through(binding: &Binding, port: &str, input: &Schema, outputs: &[(usize, Wanted)]) -> Wanted {
    let need = binding.needs.iter().find(|need| need.port == port);
    let only_first = outputs.iter().all(|(number, _)| *number == 0);
    // Rows pass through in batches of the size in which they came: what is asked for below is of use above.
    let batch_rows = outputs.iter().filter_map(|(_, wanted)| wanted.batch_rows).chain(asked_rows(binding)).max();
    let Some(need) = need else { return Wanted { batch_rows, ..Wanted::all() } };

    let mut columns = need.columns.as_ref().map(|names| names.iter().cloned().collect::<BTreeSet<String>>());
    let mut predicates = if only_first { need.predicates.clone() } else { Vec::new() };
    let mut limit = if only_first { need.limit } else { None };

    for (number, wanted) in outputs {
        let Some(made) = binding.outputs.get(*number).and_then(|output| output.columns.as_ref()) else {
            return Wanted { batch_rows, ..Wanted::all() };
        };
        for column in made {
            let OutColumn::Passed { port: from, index, name } = column else { continue };
            let Some(field) = input.fields().get(*index).filter(|_| from == port) else { continue };
            let shown = name.as_ref().unwrap_or_else(|| field.name());
            let is_wanted = wanted.columns.as_ref().is_none_or(|names| names.contains(shown));
            if let (true, Some(columns)) = (is_wanted, &mut columns) {
                columns.insert(field.name().clone());
            }
        }
    }
    if let (true, [(0, wanted)]) = (binding.row_wise && only_first, outputs) {
        let renamed: Vec<Option<Predicate>> =
            wanted.predicates.iter().map(|p| rename(binding, port, input, p)).collect();
        let keeps_rows = binding.extra.iter().any(|(key, value)| key == "keeps-rows" && value == "true");
        // A limit counts rows that satisfy all predicates, so it moves up only together with all of them.
        if keeps_rows && limit.is_none() && need.predicates.is_empty() && renamed.iter().all(Option::is_some) {
            limit = wanted.limit;
        }
        if limit.is_none() || keeps_rows {
            predicates.extend(renamed.into_iter().flatten());
        }
    }
    Wanted { columns, predicates, limit, batch_rows }
}

/// A predicate on an output column, as one on the input column that it was passed from.
fn rename(binding: &Binding, port: &str, input: &Schema, predicate: &Predicate) -> Option<Predicate> {
    let columns = binding.outputs.first()?.columns.as_ref()?;
    columns.iter().find_map(|column| {
        let OutColumn::Passed { port: from, index, name } = column else { return None };
        let field = input.fields().get(*index).filter(|_| from == port)?;
        let shown = name.as_ref().unwrap_or_else(|| field.name());
        (*shown == predicate.column).then(|| Predicate { column: field.name().clone(), ..predicate.clone() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_gets_more_rows_only_of_few_columns() {
        assert_eq!(granted_rows(None, 3), DEFAULT_BATCH_ROWS);
        assert_eq!(granted_rows(Some(262_144), 2), 262_144);
        assert_eq!(granted_rows(Some(262_144), 16), 131_072);
        assert_eq!(granted_rows(Some(262_144), 1_000), DEFAULT_BATCH_ROWS);
        assert_eq!(granted_rows(Some(1_000), 2), 1_000);
        assert_eq!(granted_rows(Some(u32::MAX), 0), MOST_VALUES);
    }

    #[test]
    fn what_a_node_asks_for_travels_up() {
        let asking = |rows: &str| Binding {
            outputs: Vec::new(),
            needs: Vec::new(),
            prefetch: Vec::new(),
            drain_first: Vec::new(),
            row_wise: true,
            extra: vec![(BATCH_ROWS.to_owned(), rows.to_owned())],
        };
        let below = |rows| [(0, Wanted { batch_rows: Some(rows), ..Wanted::all() })];
        let asked =
            |rows, outputs: &[(usize, Wanted)]| through(&asking(rows), "in", &Schema::empty(), outputs).batch_rows;
        assert_eq!(asked("1000", &[]), Some(1_000));
        assert_eq!(asked("1000", &below(2_000)), Some(2_000));
        assert_eq!(asked("none", &below(2_000)), Some(2_000));
        assert_eq!(asked("0", &[]), None);
        assert_eq!(Wanted::all().and(Wanted { batch_rows: Some(5), ..Wanted::all() }).batch_rows, Some(5));
    }
}

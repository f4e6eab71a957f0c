//! What the rest of a pipeline can use of each output: columns, predicates, a limit. It travels from the sinks up.

use std::collections::BTreeSet;

use arrow::datatypes::Schema;
use jackfield_columns::Predicate;
use jackfield_host::{Binding, OutColumn};

/// What all consumers of one output together can use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// Names of the columns; `None` = all.
    pub(crate) columns: Option<BTreeSet<String>>,
    /// Hold for every row that is of use.
    pub(crate) predicates: Vec<Predicate>,
    /// No more rows than these, of those that satisfy all predicates.
    pub(crate) limit: Option<u64>,
}

impl Wanted {
    /// Everything.
    pub(crate) fn all() -> Wanted {
        Wanted { columns: None, predicates: Vec::new(), limit: None }
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
        Wanted { columns, predicates: if agree { self.predicates } else { Vec::new() }, limit }
    }
}

/// What a bound node can use of its input `port`, given what its consumers want of each connected output.
///
/// `outputs` holds, for each output of the binding that has a consumer, its number and what is wanted of it.
pub(crate) fn through(binding: &Binding, port: &str, input: &Schema, outputs: &[(usize, Wanted)]) -> Wanted {
    let need = binding.needs.iter().find(|need| need.port == port);
    let only_first = outputs.iter().all(|(number, _)| *number == 0);
    let Some(need) = need else { return Wanted::all() };

    let mut columns = need.columns.as_ref().map(|names| names.iter().cloned().collect::<BTreeSet<String>>());
    let mut predicates = if only_first { need.predicates.clone() } else { Vec::new() };
    let mut limit = if only_first { need.limit } else { None };

    for (number, wanted) in outputs {
        let Some(made) = binding.outputs.get(*number).and_then(|output| output.columns.as_ref()) else {
            return Wanted::all();
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
    Wanted { columns, predicates, limit }
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

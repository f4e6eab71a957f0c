//! What a table says, checked against types and ready to be carried out.

use std::collections::HashMap;
use std::rc::Rc;

use super::Table;
use super::column::{Col, Said};
use crate::{Failure, Field, Predicate, Scalar};

/// Whoever knows kernels: the host, or, in unit tests, a few written in Rust.
pub(super) trait Kernels {
    /// A column with its values.
    type Column: Clone;

    /// The type that a kernel gives.
    fn result_type(&self, function: &str, arguments: &[Vec<Field>], options: &str) -> Result<Vec<Field>, Failure>;
    /// A column of the batch.
    fn input(&self, number: u32) -> Result<Self::Column, Failure>;
    /// The same value in all rows, where nothing but a column will do.
    fn constant(&self, value: &Scalar) -> Result<Self::Column, Failure>;
    /// Calls a kernel; rows outside of `only` are null and cannot fail.
    fn call(
        &self,
        function: &str,
        arguments: &[Given<Self::Column>],
        options: &str,
        only: Option<&Self::Column>,
    ) -> Result<Outcome<Self::Column>, Failure>;
}

/// An argument of a kernel.
pub(super) enum Given<C> {
    Column(C),
    Value(Scalar),
}

/// What a kernel gives.
pub(super) struct Outcome<C> {
    pub(super) values: C,
    /// Rows that failed, and why the first one did.
    pub(super) failed: Option<(C, Failure)>,
}

/// A table that was found to be right.
pub(super) struct Plan {
    pub(super) masks: Vec<Col>,
    /// Names, and whether a column is one of the input's or made.
    pub(super) columns: Vec<(String, Source)>,
    /// Numbers of the input's columns that are read.
    pub(super) reads: Vec<u32>,
}

pub(super) enum Source {
    Input(u32),
    Made { column: Col, tree: Vec<Field> },
}

impl Plan {
    /// Checks all that a table says.
    ///
    /// # Errors
    /// Everything that is wrong, each with the column that it is about.
    pub(super) fn of(table: Table, kernels: &impl Kernels) -> Result<Plan, Vec<Failure>> {
        let Table { columns, masks, input, mut failures } = table;
        let mut types = Types { kernels, input: &input, known: HashMap::new(), reads: Vec::new() };
        for mask in &masks {
            match types.of(mask) {
                Ok(tree) if crate::type_name(&tree) == "bool" => {}
                Ok(tree) => {
                    let message =
                        format!("a filter needs a column of true and false, this one is {}", crate::type_name(&tree));
                    failures.push(Failure::invalid_config("type-mismatch", message));
                }
                Err(failure) => note(&mut failures, failure),
            }
        }
        let mut sources = Vec::new();
        for (name, column) in columns {
            if sources.iter().any(|(known, _)| *known == name) {
                let message = format!("there would be two columns `{name}`");
                failures.push(Failure::invalid_config("duplicate-column", message).with_column(&name));
                continue;
            }
            let source = match &*column.0 {
                Said::Input(number) => Source::Input(*number),
                _ => match types.of(&column) {
                    Ok(mut tree) => {
                        if let Some(root) = tree.first_mut() {
                            root.name.clone_from(&name);
                            root.nullable = true;
                        }
                        Source::Made { column, tree }
                    }
                    Err(failure) => {
                        note(&mut failures, failure);
                        continue;
                    }
                },
            };
            sources.push((name, source));
        }
        let mut reads = types.reads;
        reads.sort_unstable();
        reads.dedup();
        if failures.is_empty() { Ok(Plan { masks, columns: sources, reads }) } else { Err(failures) }
    }

    /// Carries it out on one batch.
    ///
    /// # Errors
    /// What fails as a whole; rows that fail by themselves are among what comes back.
    pub(super) fn run<K: Kernels>(&self, kernels: &K) -> Result<Worked<K::Column>, Failure> {
        let mut work = Work { kernels, known: HashMap::new(), masks: Vec::new(), failed: Vec::new() };
        for mask in &self.masks {
            let mask = work.column(mask, work.masks.len())?;
            let both = match work.masks.last() {
                None => mask,
                Some(before) => {
                    let both = [Given::Column(before.clone()), Given::Column(mask)];
                    kernels.call("and_kleene", &both, "", None)?.values
                }
            };
            work.masks.push(both);
        }
        let mut made = Vec::new();
        for (_, source) in &self.columns {
            if let Source::Made { column, .. } = source {
                made.push(work.column(column, 0)?);
            }
        }
        Ok(Worked { selection: work.masks.pop(), made, failed: work.failed })
    }

    /// What holds for every row that is left, as far as readers understand it.
    pub(super) fn predicates(&self, names: &[String]) -> Vec<Predicate> {
        let mut found = Vec::new();
        let mut open: Vec<&Col> = self.masks.iter().collect();
        while let Some(column) = open.pop() {
            let Said::Call { function, arguments, .. } = &*column.0 else { continue };
            if function == "and_kleene" {
                open.extend(arguments);
                continue;
            }
            let mirrored = |comparison: &'static str| match comparison {
                "<" => ">",
                "<=" => ">=",
                ">" => "<",
                ">=" => "<=",
                same => same,
            };
            let comparison = match function.as_str() {
                "equal" => "=",
                "not_equal" => "<>",
                "less" => "<",
                "less_equal" => "<=",
                "greater" => ">",
                "greater_equal" => ">=",
                _ => continue,
            };
            let [one, other] = arguments.as_slice() else { continue };
            let (number, value, comparison) = match (&*one.0, &*other.0) {
                (Said::Input(number), Said::Value(value)) => (*number, value, comparison),
                (Said::Value(value), Said::Input(number)) => (*number, value, mirrored(comparison)),
                _ => continue,
            };
            if let Some(name) = names.get(number as usize) {
                let comparison = comparison.to_owned();
                found.push(Predicate { column: name.clone(), comparison, values: vec![value.clone()] });
            }
        }
        found
    }
}

/// One failure for one cause: a wrong column may stand in many places.
fn note(failures: &mut Vec<Failure>, failure: Failure) {
    if !failures.iter().any(|known| known.message == failure.message) {
        failures.push(failure);
    }
}

/// What became of a batch.
pub(super) struct Worked<C> {
    pub(super) selection: Option<C>,
    pub(super) made: Vec<C>,
    pub(super) failed: Vec<(C, Failure)>,
}

/// The types of columns, each asked for once.
struct Types<'a, K> {
    kernels: &'a K,
    input: &'a [(String, Vec<Field>)],
    known: HashMap<*const Said, Vec<Field>>,
    reads: Vec<u32>,
}

impl<K: Kernels> Types<'_, K> {
    fn of(&mut self, column: &Col) -> Result<Vec<Field>, Failure> {
        let key = Rc::as_ptr(&column.0);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let tree = match &*column.0 {
            Said::Input(number) => {
                self.reads.push(*number);
                self.input.get(*number as usize).map(|(_, tree)| tree.clone()).unwrap_or_default()
            }
            Said::Value(value) => type_of(value)?,
            Said::Under { column, .. } => self.of(column)?,
            Said::Wrong(failure) => return Err(failure.clone()),
            Said::Call { function, arguments, options } => {
                let trees: Vec<Vec<Field>> =
                    arguments.iter().map(|argument| self.of(argument)).collect::<Result<_, Failure>>()?;
                let result = self.kernels.result_type(function, &trees, options);
                result.map_err(|failure| self.about(failure, arguments, &trees))?
            }
        };
        self.known.insert(key, tree.clone());
        Ok(tree)
    }

    /// A failure with the names and types of the columns that it is about.
    fn about(&self, failure: Failure, arguments: &[Col], trees: &[Vec<Field>]) -> Failure {
        let named = arguments.iter().zip(trees).filter_map(|(argument, tree)| match &*argument.0 {
            Said::Input(number) => {
                let (name, _) = self.input.get(*number as usize)?;
                Some((name.clone(), crate::type_name(tree)))
            }
            _ => None,
        });
        let named: Vec<(String, String)> = named.collect();
        let Some((first, _)) = named.first() else { return failure };
        let told: Vec<String> = named.iter().map(|(name, text)| format!("{name} is {text}")).collect();
        let message = format!("{} ({})", failure.message, told.join(", "));
        let column = failure.column.clone().unwrap_or_else(|| first.clone());
        Failure { message, ..failure }.with_column(column)
    }
}

fn type_of(value: &Scalar) -> Result<Vec<Field>, Failure> {
    let text = match value {
        Scalar::Null => "null",
        Scalar::Boolean(_) => "bool",
        Scalar::Int64(_) => "int64",
        Scalar::Uint64(_) => "uint64",
        Scalar::Float64(_) => "float64",
        Scalar::Text(_) => "utf8",
        Scalar::Binary(_) => "binary",
        Scalar::Typed((data_type, _)) => return Ok(vec![Field::new("", data_type.clone())]),
    };
    crate::parse_type("", text)
}

/// A batch at work. Each column is computed once, whoever asks for it.
struct Work<'a, K: Kernels> {
    kernels: &'a K,
    known: HashMap<(*const Said, usize), K::Column>,
    /// All masks up to each, together.
    masks: Vec<K::Column>,
    failed: Vec<(K::Column, Failure)>,
}

impl<K: Kernels> Work<'_, K> {
    /// A column, in the rows that the first `under` masks leave.
    fn column(&mut self, column: &Col, under: usize) -> Result<K::Column, Failure> {
        match &*column.0 {
            Said::Input(number) => self.kernels.input(*number),
            Said::Value(value) => self.kernels.constant(value),
            Said::Under { column, masks } => self.column(column, *masks),
            Said::Wrong(failure) => Err(failure.clone()),
            Said::Call { function, arguments, options } => {
                let key = (Rc::as_ptr(&column.0), under);
                if let Some(known) = self.known.get(&key) {
                    return Ok(known.clone());
                }
                let lazy = function == "if_else" && arguments.len() == 3;
                // One argument has to be a column, for there to be rows.
                let values = arguments.iter().all(|argument| matches!(&*argument.0, Said::Value(_)));
                let mut given = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    given.push(match &*argument.0 {
                        Said::Value(value) if !values || !given.is_empty() => Given::Value(value.clone()),
                        _ if lazy && !given.is_empty() => self.branch(argument, given.first(), given.len(), under)?,
                        _ => Given::Column(self.column(argument, under)?),
                    });
                }
                let only = under.checked_sub(1).and_then(|number| self.masks.get(number)).cloned();
                let outcome = self.kernels.call(function, &given, options, only.as_ref())?;
                self.failed.extend(outcome.failed);
                self.known.insert(key, outcome.values.clone());
                Ok(outcome.values)
            }
        }
    }

    /// A branch of a condition: rows that do not take it cannot fail in it.
    fn branch(
        &mut self,
        branch: &Col,
        condition: Option<&Given<K::Column>>,
        place: usize,
        under: usize,
    ) -> Result<Given<K::Column>, Failure> {
        let (Some(Given::Column(condition)), Said::Call { .. }) = (condition, &*branch.0) else {
            return self.column(branch, under).map(Given::Column);
        };
        let taken = match place {
            1 => condition.clone(),
            _ => {
                // Null goes the other way, as false does.
                let sure = [Given::Column(condition.clone()), Given::Value(Scalar::Boolean(false))];
                let sure = self.kernels.call("coalesce", &sure, "", None)?.values;
                self.kernels.call("invert", &[Given::Column(sure)], "", None)?.values
            }
        };
        let taken = match under.checked_sub(1).and_then(|number| self.masks.get(number)).cloned() {
            None => taken,
            Some(mask) => {
                self.kernels.call("and_kleene", &[Given::Column(mask), Given::Column(taken)], "", None)?.values
            }
        };
        // The mask of the branch stands for the time of the branch only, so what is computed under it is not shared.
        self.masks.push(taken);
        let known = std::mem::take(&mut self.known);
        let computed = self.column(branch, self.masks.len());
        self.known = known;
        self.masks.pop();
        computed.map(Given::Column)
    }
}

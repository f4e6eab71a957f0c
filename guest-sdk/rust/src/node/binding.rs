//! Bindings: what a node says about its inputs and outputs before data flows.

use super::{Binding, InputPort, Need, OUTPUT, Origin, OutColumn, OutputPort, Passed, Prefetch};
use crate::{Field, Predicate};

impl Binding {
    /// No outputs, no needs, not row-wise: for the methods below to add to.
    pub fn new() -> Self {
        Binding {
            outputs: Vec::new(),
            needs: Vec::new(),
            prefetch: Vec::new(),
            drain_first: Vec::new(),
            row_wise: false,
            extra: Vec::new(),
        }
    }

    /// One main output with all columns of the input, as a filter has.
    pub fn passing(input: &InputPort) -> Self {
        Self::new().output(OutputPort::passing(OUTPUT, input))
    }

    /// Adds an output port.
    pub fn output(mut self, port: OutputPort) -> Self {
        self.outputs.push(port);
        self
    }

    /// Says which columns of an input the node itself needs. Without it an input is needed whole.
    pub fn needs<S: AsRef<str>>(mut self, port: &str, columns: &[S]) -> Self {
        let columns = columns.iter().map(|name| name.as_ref().to_owned()).collect();
        self.need_of(port).columns = Some(columns);
        self
    }

    /// Tells what holds for every row that leaves by the first output port, for readers to use.
    pub fn predicates(mut self, port: &str, predicates: Vec<Predicate>) -> Self {
        self.need_of(port).predicates = predicates;
        self
    }

    /// Says how many rows of an input are of use.
    pub fn limit(mut self, port: &str, rows: u64) -> Self {
        self.need_of(port).limit = Some(rows);
        self
    }

    /// Asks for arrays as raw buffers with every `process` of a port. A path starts with the column's number and walks
    /// into children.
    pub fn prefetch(mut self, port: &str, paths: impl IntoIterator<Item = Vec<u32>>) -> Self {
        self.prefetch.push(Prefetch { port: port.to_owned(), paths: paths.into_iter().collect() });
        self
    }

    /// This input is read to its end before the others start.
    pub fn drain_first(mut self, port: &str) -> Self {
        self.drain_first.push(port.to_owned());
        self
    }

    /// Each row's fate depends on that row alone.
    pub fn row_wise(mut self) -> Self {
        self.row_wise = true;
        self
    }

    /// Every input row leaves by the first port.
    pub fn keeps_rows(mut self) -> Self {
        self.extra.push(("keeps-rows".to_owned(), "true".to_owned()));
        self
    }

    fn need_of(&mut self, port: &str) -> &mut Need {
        let at = self.needs.iter().position(|need| need.port == port).unwrap_or_else(|| {
            self.needs.push(Need { port: port.to_owned(), columns: None, predicates: Vec::new(), limit: None });
            self.needs.len() - 1
        });
        &mut self.needs[at]
    }
}

impl Default for Binding {
    fn default() -> Self {
        Self::new()
    }
}

impl OutputPort {
    /// A port whose columns are listed by [`pass`](Self::pass) and [`made`](Self::made).
    pub fn new(name: &str) -> Self {
        OutputPort { name: name.to_owned(), columns: Some(Vec::new()) }
    }

    /// A port with all columns of an input.
    pub fn passing(name: &str, input: &InputPort) -> Self {
        (0..input.schema.len() as u32).fold(Self::new(name), |port, index| port.pass(&input.name, index, None))
    }

    /// A port whose columns are known with its first batch only.
    pub fn unknown(name: &str) -> Self {
        OutputPort { name: name.to_owned(), columns: None }
    }

    /// The next column is one of an input, under its own name or another.
    pub fn pass(mut self, input: &str, index: u32, name: Option<&str>) -> Self {
        let input = Origin { port: input.to_owned(), index };
        let passed = Passed { input, name: name.map(str::to_owned) };
        self.columns.get_or_insert_default().push(OutColumn::Passed(passed));
        self
    }

    /// The next column is made by the node.
    pub fn made(mut self, tree: Vec<Field>) -> Self {
        self.columns.get_or_insert_default().push(OutColumn::Made(tree));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Schema, parse_type};

    #[test]
    fn a_filter_passes_all_and_needs_some() {
        let schema = Schema::of([parse_type("a", "int64").unwrap(), parse_type("b", "utf8").unwrap()]);
        let input = InputPort { name: "in".to_owned(), schema };
        let binding = Binding::passing(&input).needs("in", &["a"]).limit("in", 5).row_wise();
        assert_eq!(binding.outputs[0].columns.as_ref().unwrap().len(), 2);
        assert_eq!(binding.needs.len(), 1);
        assert_eq!(binding.needs[0].columns.as_deref(), Some(&["a".to_owned()][..]));
        assert_eq!(binding.needs[0].limit, Some(5));
    }
}

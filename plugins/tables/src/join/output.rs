//! What comes out of a join: the columns of the left, then those of the right that are no keys.

use super::Kind;
use super::keys::Keys;
use jackfield_kit::numbers::numbers;
use jackfield_kit::partitions::ROW;
use jackfield_kit::values::{Nulls, as_type, named, take};
use jackfield_kit::{Held, Problems};
use jackfield_sdk::{Batch, Column, Failure, Field, InputPort, OutputPort, Schema};

/// The columns that come out, and the right side's rows.
pub(crate) struct Output {
    kind: Kind,
    left: Vec<LeftColumn>,
    right: Vec<RightColumn>,
    /// Of everything that comes out.
    schema: Schema,
    held: Held,
    /// The right side's keys, and its columns as far as they were asked for, once it is complete.
    keys: Vec<Column>,
    /// The numbers of its rows, where it is only a part.
    numbers: Option<Column>,
}

struct LeftColumn {
    tree: Vec<Field>,
    /// The number of the key that the column is, where rows of the right alone fill it.
    key: Option<usize>,
    nulls: Nulls,
}

struct RightColumn {
    index: u32,
    name: String,
    /// All its values; none where nobody asked for them.
    values: Option<Column>,
    nulls: Nulls,
}

impl Output {
    pub(crate) fn bind(
        kind: Kind,
        keys: &Keys,
        left: &InputPort,
        right: &InputPort,
        suffix: &str,
        problems: &mut Problems,
    ) -> Output {
        let mut columns = Vec::new();
        let mut of_left = Vec::new();
        for (index, name) in (0..).zip(left.schema.names()) {
            let key = keys.0.iter().position(|key| key.left == index).filter(|_| kind.gives_unmatched_right());
            let tree = match key.and_then(|number| keys.0.get(number)) {
                Some(key) => named(key.tree.clone(), name),
                None => left.schema.tree(index),
            };
            columns.push(tree.clone());
            of_left.push(LeftColumn { nulls: Nulls::new(tree.clone()), tree, key });
        }
        let mut of_right = Vec::new();
        let others = (0..).zip(right.schema.names()).filter(|(index, _)| keys.0.iter().all(|key| key.right != *index));
        let mut taken: Vec<String> = left.schema.names().map(str::to_owned).collect();
        for (index, name) in others.filter(|_| !kind.is_left_only()) {
            let name = if left.schema.index_of(name).is_some() { format!("{name}{suffix}") } else { name.to_owned() };
            if taken.contains(&name) {
                problems.duplicate("/suffix", &name);
            }
            taken.push(name.clone());
            let tree = named(right.schema.tree(index), &name);
            columns.push(tree.clone());
            of_right.push(RightColumn { index, name, values: None, nulls: Nulls::new(tree) });
        }
        let schema = Schema::of(columns);
        let (held, keys) = (Held::default(), Vec::new());
        Output { kind, left: of_left, right: of_right, schema, held, keys, numbers: None }
    }

    /// The port that the binding tells.
    pub(crate) fn port(&self, left: &InputPort, right: &InputPort) -> OutputPort {
        let mut port = OutputPort::new("out");
        for (index, column) in (0..).zip(&self.left) {
            port = match column.key {
                Some(_) => port.made(column.tree.clone()),
                None => port.pass(&left.name, index, None),
            };
        }
        self.right.iter().fold(port, |port, column| port.pass(&right.name, column.index, Some(&column.name)))
    }

    /// Holds rows of the right.
    pub(crate) fn hold(&mut self, batch: &Batch, keys: &[Column]) -> Result<(), Failure> {
        self.held.push(batch, if self.kind.gives_unmatched_right() { keys } else { &[] })
    }

    /// The rows of the right, which are held no longer.
    pub(crate) fn let_go(&mut self) -> Result<Vec<Batch<'static>>, Failure> {
        self.held.take_parts()
    }

    /// What was complete is so no longer: another part begins.
    pub(crate) fn forget(&mut self) {
        self.right.iter_mut().for_each(|column| column.values = None);
        self.keys.clear();
        self.numbers = None;
    }

    /// The numbers that rows of the right have among all of them.
    pub(crate) fn right_numbers(&self, rows: &Column) -> Result<Column, Failure> {
        match &self.numbers {
            Some(numbers) => take(numbers, rows),
            None => Err(Failure::internal("the rows of the right have no numbers")),
        }
    }

    /// All rows of the right have come.
    pub(crate) fn complete(&mut self) -> Result<(), Failure> {
        if self.kind.is_left_only() {
            // The joiner has all that is needed of them.
            self.held = Held::default();
            return Ok(());
        }
        let Some(whole) = self.held.take()? else { return Ok(()) };
        let numbers = whole.rows.schema().index_of(ROW);
        self.numbers = numbers.map(|index| whole.rows.column_at(index)).transpose()?;
        for column in &mut self.right {
            column.values = match whole.rows.column_at(column.index) {
                Ok(values) => Some(values),
                Err(failure) if failure.code == "not-demanded" => None,
                Err(failure) => return Err(failure),
            };
        }
        self.keys = whole.own;
        Ok(())
    }

    /// Rows of the left beside their partners; without a number for the partner, beside nulls.
    pub(crate) fn matched(&mut self, batch: &Batch, left: &Column, right: &Column) -> Result<Batch<'static>, Failure> {
        let rows = left.length();
        // Where each row has one partner nothing of the left moves.
        let all = rows == batch.rows() && (0..).zip(numbers(left)?).all(|(place, row)| row == place);
        let mut out = if all { batch.share() } else { batch.take(left)? };
        let mut put: Vec<(String, Column)> = Vec::new();
        for (index, column) in (0..).zip(&self.left) {
            // A key may be of a wider type where rows of the right alone give one too.
            if column.key.is_some() {
                let name = column.tree.first().map_or("", |root| root.name.as_str());
                put.push((name.to_owned(), as_type(out.column_at(index)?, &column.tree)?));
            }
        }
        for column in &mut self.right {
            let values = match &column.values {
                Some(values) if values.length() > 0 => take(values, right)?,
                _ => column.nulls.rows(rows)?,
            };
            put.push((column.name.clone(), values));
        }
        if !put.is_empty() {
            let named: Vec<(&str, &Column)> = put.iter().map(|(name, column)| (name.as_str(), column)).collect();
            out = out.put(&named)?;
        }
        Ok(out)
    }

    /// Rows of the right alone.
    pub(crate) fn unmatched_right(&mut self, rows: &Column) -> Result<Batch<'static>, Failure> {
        let count = rows.length();
        let mut columns = Vec::new();
        for column in &mut self.left {
            columns.push(match column.key.and_then(|number| self.keys.get(number)) {
                Some(key) => take(key, rows)?,
                None => column.nulls.rows(count)?,
            });
        }
        for column in &mut self.right {
            columns.push(match &column.values {
                Some(values) => take(values, rows)?,
                None => column.nulls.rows(count)?,
            });
        }
        Batch::of(&self.schema, count, &columns.iter().collect::<Vec<_>>())
    }
}

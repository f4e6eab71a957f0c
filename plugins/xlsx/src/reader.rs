//! Reads a sheet: names from its header, types from a sample, then blocks of the columns in demand.

use crate::cell::{Cell, Seen, place};
use crate::options::{ErrorCells, Options};
use crate::sheet::{Row, Sheet};
use crate::source::Bytes;
use jackfield_lines::assembly::{Block, shown};
use jackfield_sdk::{BadRow, Demand, Failure};
use jackfield_values::build::Column;
use jackfield_values::types::Type;
use std::collections::{HashMap, HashSet, VecDeque};

/// Bytes of columns that make a block.
const BLOCK: usize = 4 << 20;
/// Rows between two looks at how large the columns are.
const STRIDE: usize = 64;
/// Cells of the sample that are kept to be read again.
const SAMPLE: usize = 1 << 20;
/// Rows that are looked at in one call although none was found well: a call has a deadline.
const MOST_ROWS: usize = 100_000;

/// An open sheet.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The file, until it is opened.
    bytes: Option<Bytes>,
    options: Options,
    demand: Demand,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    sheet: Sheet,
    /// The sheet's column in which the first of ours stands.
    first: u32,
    columns: Vec<(String, Type)>,
    wanted: Vec<usize>,
    /// For each column its place in the demand.
    places: Vec<Option<usize>>,
    limit: Option<u64>,
    waiting: VecDeque<Row>,
    records: u64,
    /// The sample was larger than what is kept.
    spent: bool,
}

impl Reader {
    pub(crate) fn new(bytes: Bytes, options: Options, demand: Demand) -> Reader {
        Reader { bytes: Some(bytes), options, demand, opened: None }
    }

    /// Names and types of all columns.
    ///
    /// # Errors
    /// No workbook, no such sheet, a sheet without cells, a demand for columns that are not there.
    pub(crate) fn columns(&mut self) -> Result<&[(String, Type)], Failure> {
        Ok(&self.opened()?.columns)
    }

    /// Those in demand, in its order.
    ///
    /// # Errors
    /// As [`columns`](Reader::columns).
    pub(crate) fn wanted(&mut self) -> Result<Vec<(String, Type)>, Failure> {
        let opened = self.opened()?;
        Ok(opened.wanted.iter().filter_map(|at| opened.columns.get(*at).cloned()).collect())
    }

    fn opened(&mut self) -> Result<&mut Opened, Failure> {
        if let Some(bytes) = self.bytes.take() {
            self.opened = Some(self.open(bytes)?);
        }
        self.opened.as_mut().ok_or_else(|| Failure::internal("the workbook was not opened"))
    }

    fn open(&self, bytes: Bytes) -> Result<Opened, Failure> {
        let options = &self.options;
        let mut sheet = Sheet::open(bytes, options)?;
        let mut next = || {
            loop {
                match sheet.next()? {
                    Some(row) if row.number < options.skip_rows => {}
                    row => return Ok::<_, Failure>(row),
                }
            }
        };
        let Some(head) = next()? else {
            return Err(Failure::invalid_input("no-header", "the sheet is empty: it has no first row")
                .with_help("say another `sheet`, or fewer `skip-rows`"));
        };
        let mut waiting = VecDeque::new();
        let mut seen: HashMap<u32, Seen> = HashMap::new();
        let (mut first, mut last) = ends(&head).unwrap_or((0, 0));
        let (mut rows, mut cells, mut spent) = (0, 0, false);
        let mut row = if options.header { next()? } else { Some(head.clone()) };
        while let Some(found) = row {
            if let Some((left, right)) = ends(&found) {
                (first, last) = (first.min(left), last.max(right));
            }
            found.cells.iter().for_each(|(at, cell)| seen.entry(*at).or_default().look(cell));
            rows += 1;
            cells += found.cells.len();
            spent |= cells > SAMPLE;
            if spent {
                waiting.clear()
            } else {
                waiting.push_back(found)
            }
            row = if options.infer_rows.is_some_and(|most| rows >= most) { None } else { next()? };
        }
        let names = names(if options.header { Some(&head) } else { None }, first, last);
        let mut told: HashMap<&str, &Type> = options.schema.iter().map(|(name, of)| (name.as_str(), of)).collect();
        let columns: Vec<(String, Type)> = (first..)
            .zip(names)
            .map(|(at, name)| {
                let of = told.remove(name.as_str()).cloned();
                let of = of.unwrap_or_else(|| seen.get(&at).map_or_else(|| Seen::default().kind(), Seen::kind).into());
                (name, of)
            })
            .collect();
        let all = || columns.iter().map(|(name, _)| name.as_str());
        if let Some((name, _)) = options.schema.iter().find(|(name, _)| told.contains_key(name.as_str())) {
            let pointer = jackfield_sdk::params::pointer("/schema", name);
            return Err(Failure::unknown_column(name, all()).with_parameter(pointer));
        }
        let index =
            |name: &String| all().position(|known| known == name).ok_or_else(|| Failure::unknown_column(name, all()));
        let wanted = match &self.demand.columns {
            Some(wanted) => wanted.iter().map(index).collect::<Result<Vec<_>, _>>()?,
            None => (0..columns.len()).collect(),
        };
        let places = (0..columns.len()).map(|at| wanted.iter().position(|wanted| *wanted == at)).collect();
        // This reader applies no predicates, so it may count rows only where there are none.
        let limit = self.demand.limit.filter(|_| self.demand.predicates.is_empty());
        Ok(Opened { sheet, first, columns, wanted, places, limit, waiting, records: 0, spent })
    }

    /// The next rows, `None` at the end.
    ///
    /// # Errors
    /// A sheet that is damaged; single bad rows are in the block.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, Failure> {
        let errors = self.options.error_cells;
        let most = usize::try_from(self.demand.batch_rows).unwrap_or(usize::MAX).max(1);
        let opened = self.opened()?;
        if opened.spent {
            return Err(Failure::internal("the sample was too large to keep: open the file again, with its schema"));
        }
        let types = opened.wanted.iter().filter_map(|at| opened.columns.get(*at));
        let mut columns: Vec<Column> = types.map(|(_, of)| Column::new(of)).collect();
        let (first_record, mut rows, mut numbers, mut bad) = (opened.records, 0, None::<Vec<u64>>, Vec::new());
        for looked_at in 0..MOST_ROWS {
            let large = looked_at % STRIDE == 0 && columns.iter().map(Column::size).sum::<usize>() >= BLOCK;
            if rows >= most || large || opened.limit == Some(0) {
                break;
            }
            let row = match opened.waiting.pop_front() {
                Some(row) => Some(row),
                None => opened.sheet.next()?,
            };
            let Some(row) = row else { break };
            let record = opened.records;
            opened.records += 1;
            match append(&row, opened, &mut columns, errors) {
                Ok(()) => {
                    rows += 1;
                    columns.iter_mut().filter(|column| column.length < rows).for_each(Column::push_null);
                    if let Some(numbers) = &mut numbers {
                        numbers.push(record);
                    }
                    if let Some(limit) = &mut opened.limit {
                        *limit -= 1;
                    }
                }
                Err(reason) => {
                    columns.iter_mut().for_each(|column| column.truncate(rows));
                    numbers.get_or_insert_with(|| (first_record..first_record + rows as u64).collect());
                    let raw: Vec<String> = row.cells.iter().map(|(_, cell)| cell.text()).collect();
                    bad.push(BadRow {
                        line: Some(u64::from(row.number) + 1),
                        raw: raw.join("\t").into_bytes(),
                        reason,
                    });
                }
            }
        }
        if rows == 0 && bad.is_empty() {
            return Ok(None);
        }
        let first_record = numbers.as_ref().and_then(|numbers| numbers.first().copied()).unwrap_or(first_record);
        let columns = columns.into_iter().map(Column::finish).collect();
        Ok(Some(Block { columns, rows, first_record, records: numbers, bad }))
    }
}

/// Appends the cells of a row to the columns in demand.
fn append(row: &Row, opened: &Opened, columns: &mut [Column], errors: ErrorCells) -> Result<(), Failure> {
    for (at, cell) in &row.cells {
        let index = at.checked_sub(opened.first).map(|index| index as usize);
        let Some((index, (name, of))) = index.and_then(|index| Some((index, opened.columns.get(index)?))) else {
            let message = format!("cell {} is beyond the columns of the rows looked at", place(row.number, *at));
            return Err(Failure::invalid_input("ragged", message).with_help("let more rows decide with `infer-rows`"));
        };
        let Some(column) = opened.places.get(index).copied().flatten().and_then(|at| columns.get_mut(at)) else {
            continue;
        };
        if let Cell::Error(error) = cell {
            match errors {
                ErrorCells::Null => {
                    column.push_null();
                    continue;
                }
                ErrorCells::Text => {}
                ErrorCells::Error => {
                    let message = format!("cell {} has the error {error}", place(row.number, *at));
                    return Err(Failure::invalid_input("invalid-value", message)
                        .with_column(name)
                        .with_help("say options = { error-cells = \"null\" }, or skip such rows with `on-error`"));
                }
            }
        }
        if !cell.push(column) {
            let name_of = of.name();
            let article = if name_of.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
            let (place, text) = (place(row.number, *at), cell.text());
            let message =
                format!("cell {place} has {} \"{}\", not {article} {name_of}", cell.what(), shown(text.as_bytes()));
            return Err(Failure::invalid_input("invalid-value", message).with_column(name).with_help(format!(
                "give the column another type with `schema = {{ {name:?} = \"utf8\" }}`, or let more rows decide with `infer-rows`"
            )));
        }
    }
    Ok(())
}

/// The first and the last column of a row.
fn ends(row: &Row) -> Option<(u32, u32)> {
    Some((row.cells.first()?.0, row.cells.last()?.0))
}

/// Unique names: those of the header, or numbers.
fn names(head: Option<&Row>, first: u32, last: u32) -> Vec<String> {
    let cells: HashMap<u32, &Cell> =
        head.iter().flat_map(|row| row.cells.iter().map(|(at, cell)| (*at, cell))).collect();
    let told = (first..=last).map(|at| cells.get(&at).map(|cell| cell.text()).filter(|name| !name.is_empty()));
    let names: Vec<String> =
        told.enumerate().map(|(at, name)| name.unwrap_or_else(|| format!("column_{}", at + 1))).collect();
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    names
        .into_iter()
        .map(|name| {
            let count = seen.entry(name.clone()).or_insert(0);
            *count += 1;
            let mut unique = name.clone();
            while *count > 1
                && !taken.insert({
                    unique = format!("{name}_{count}");
                    unique.clone()
                })
            {
                *count += 1;
            }
            unique
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_none_is_empty() {
        let text = |at: u32, name: &str| (at, Cell::Text(name.to_owned()));
        let head =
            Row { number: 0, cells: vec![text(1, "a"), text(2, "a"), (4, Cell::Number(2024.0)), text(5, "a_2")] };
        assert_eq!(names(Some(&head), 1, 6), ["a", "a_3", "column_3", "2024", "a_2", "column_6"]);
        assert_eq!(names(None, 3, 4), ["column_1", "column_2"]);
    }
}

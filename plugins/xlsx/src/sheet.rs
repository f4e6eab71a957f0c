//! The rows of one sheet, read from the archive as they are asked for.

use crate::archive;
use crate::cell::Cell;
use crate::options::{Options, Which};
use crate::source::Bytes;
use calamine::{Dimensions, Reader, Xlsx, XlsxCellReader, XlsxError};
use jackfield_sdk::Failure;
use self_cell::{MutBorrow, self_cell};
use std::collections::HashMap;

type Book = Xlsx<Bytes>;
type Cells<'a> = XlsxCellReader<'a, Bytes>;

self_cell! {
    /// A workbook, and the place in its sheet.
    struct Open {
        owner: MutBorrow<Book>,
        #[not_covariant]
        dependent: Cells,
    }
}

/// The most merged regions that are looked at.
const MOST_REGIONS: usize = 100_000;
/// Cells that a row may have: Excel has no more columns.
const MOST_CELLS: usize = 16_384;

/// A row that is not empty: its number from 0, and its cells by column from 0, in rising order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) cells: Vec<(u32, Cell)>,
}

/// A sheet.
pub(crate) struct Sheet {
    open: Open,
    since_1904: bool,
    /// The first cell of the next row.
    ahead: Option<(u32, u32, Cell)>,
    ended: bool,
    regions: Vec<Dimensions>,
    /// Values of the regions that are being passed, by their first cells.
    values: HashMap<(u32, u32), Cell>,
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").field("ahead", &self.ahead).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Sheet {
    /// Opens the sheet that the options name.
    ///
    /// # Errors
    /// No workbook, or no such sheet.
    pub(crate) fn open(bytes: Bytes, options: &Options) -> Result<Sheet, Failure> {
        let mut book: Book = Xlsx::new(archive::checked(bytes)?).map_err(|error| failure(&error))?;
        let names = book.sheet_names();
        let listed = || names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let name = match &options.sheet {
            Which::Number(number) => number.checked_sub(1).and_then(|at| names.get(at)).ok_or_else(|| {
                Failure::invalid_config(
                    "unknown-sheet",
                    format!("there is no sheet {number}: the workbook has {}", names.len()),
                )
            }),
            Which::Name(wanted) => names
                .iter()
                .find(|name| *name == wanted)
                .ok_or_else(|| Failure::invalid_config("unknown-sheet", format!("there is no sheet {wanted:?}"))),
        };
        let name = name.map_err(|failure| {
            failure.with_parameter("/sheet").with_help(format!("the workbook has the sheets {}", listed()))
        })?;
        let name = name.clone();
        let mut regions = match options.fill_merged {
            true => book.merge_cells_by_sheet_name(&name).map_err(|error| failure(&error))?,
            false => Vec::new(),
        };
        if regions.len() > MOST_REGIONS {
            return Err(Failure::limit("too-large", format!("the sheet has more than {MOST_REGIONS} merged cells"))
                .with_parameter("/fill-merged"));
        }
        regions.sort_by_key(|region| region.start);
        let since_1904 = book.has_1904_epoch();
        let open = Open::try_new(MutBorrow::new(book), |book| {
            book.borrow_mut().worksheet_cells_reader(&name).map_err(|error| match error {
                XlsxError::NotAWorksheet(kind) => {
                    let message = format!("{name:?} is a {kind}, not a sheet with cells");
                    Failure::invalid_config("unknown-sheet", message).with_parameter("/sheet")
                }
                error => failure(&error),
            })
        })?;
        Ok(Sheet { open, since_1904, ahead: None, ended: false, regions, values: HashMap::new() })
    }

    /// The next row that is not empty.
    ///
    /// # Errors
    /// A sheet that is damaged.
    pub(crate) fn next(&mut self) -> Result<Option<Row>, Failure> {
        let mut row: Option<Row> = self.ahead.take().map(|(number, at, cell)| Row { number, cells: vec![(at, cell)] });
        while !self.ended {
            let since_1904 = self.since_1904;
            let next = self.open.with_dependent_mut(|_, cells| {
                let next = cells.next_cell().map_err(|error| failure(&error))?;
                let owned = |cell: &calamine::Cell<calamine::DataRef>| {
                    let (number, at) = cell.get_position();
                    Some((number, at, Cell::of(cell.get_value().clone(), since_1904)?))
                };
                Ok::<_, Failure>(next.map(|cell| owned(&cell)))
            })?;
            let Some(found) = next else {
                self.ended = true;
                break;
            };
            let Some((number, at, cell)) = found else { continue };
            match &mut row {
                Some(row) if row.number == number => {
                    if row.cells.len() >= MOST_CELLS || row.cells.last().is_some_and(|(last, _)| *last >= at) {
                        return Err(damaged(&format!("the cells of row {} are in disorder", number + 1)));
                    }
                    row.cells.push((at, cell));
                }
                Some(row) if row.number > number => {
                    return Err(damaged(&format!("row {} stands behind row {}", number + 1, row.number + 1)));
                }
                Some(_) => {
                    self.ahead = Some((number, at, cell));
                    break;
                }
                None => row = Some(Row { number, cells: vec![(at, cell)] }),
            }
        }
        if let Some(row) = &mut row {
            self.fill(row);
        }
        Ok(row)
    }

    /// Repeats the values of merged cells that the row is part of.
    fn fill(&mut self, row: &mut Row) {
        if self.regions.is_empty() {
            return;
        }
        self.regions.retain(|region| region.end.0 >= row.number);
        let values = &mut self.values;
        let mut more: Vec<(u32, Cell)> = Vec::new();
        for region in self.regions.iter().take_while(|region| region.start.0 <= row.number) {
            let (top, left) = region.start;
            if top == row.number
                && let Some((_, cell)) = row.cells.iter().find(|(at, _)| *at == left)
            {
                values.insert(region.start, cell.clone());
            }
            let Some(value) = values.get(&region.start) else { continue };
            let columns = left..=region.end.1.min(left.saturating_add(MOST_CELLS as u32));
            let missing = columns.filter(|at| row.cells.iter().all(|(there, _)| there != at));
            more.extend(missing.map(|at| (at, value.clone())));
        }
        let regions = &self.regions;
        values.retain(|start, _| regions.iter().any(|region| region.start == *start));
        row.cells.append(&mut more);
        row.cells.sort_by_key(|(at, _)| *at);
        row.cells.dedup_by_key(|(at, _)| *at);
    }
}

fn damaged(what: &str) -> Failure {
    Failure::invalid_input("invalid-data", format!("the workbook is damaged: {what}"))
        .with_help("open and save it with a spreadsheet program, or fetch it again")
}

/// What is wrong with a workbook, in plain words.
fn failure(error: &XlsxError) -> Failure {
    match error {
        XlsxError::Password => {
            Failure::invalid_input("not-xlsx", "the workbook is encrypted").with_help("save it without a password")
        }
        error => damaged(&error.to_string().trim_end_matches('.').to_lowercase()),
    }
}

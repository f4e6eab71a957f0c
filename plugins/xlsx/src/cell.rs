//! What a cell holds, and how it becomes a value of a column.

use calamine::{CellErrorType, DataRef};
use jackfield_values::build::Column;
use jackfield_values::infer;
use jackfield_values::number;
use jackfield_values::time;
use jackfield_values::types::{Kind, Unit};

/// A cell that is not empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    Bool(bool),
    /// Microseconds since 1970.
    Moment(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds.
    Duration(i64),
    /// A time that the file holds as text.
    Iso(String),
    NotAvailable,
    Error(CellErrorType),
}

const DAY: i64 = 86_400_000_000;

impl Cell {
    /// What was read, `None` for nothing. `since_1904`: from when the workbook counts its days.
    pub(crate) fn of(data: DataRef, since_1904: bool) -> Option<Cell> {
        Some(match data {
            DataRef::Empty => return None,
            DataRef::Int(value) => Cell::Number(value as f64),
            DataRef::Float(value) => Cell::Number(value),
            DataRef::String(text) if text.is_empty() => return None,
            DataRef::SharedString("") => return None,
            DataRef::String(text) => Cell::Text(text),
            DataRef::SharedString(text) => Cell::Text(text.to_owned()),
            DataRef::Bool(value) => Cell::Bool(value),
            DataRef::DateTime(moment) => {
                let days = moment.as_f64();
                // Excel counts milliseconds; what is finer comes of its floats.
                let millis = (days * 86_400_000.0).round();
                if !millis.is_finite() || millis.abs() > 1e15 {
                    return Some(Cell::Number(days));
                }
                let micros = millis as i64 * 1000;
                match (moment.is_duration(), since_1904) {
                    (true, _) => Cell::Duration(micros),
                    (false, _) if (0..DAY).contains(&micros) => Cell::Time(micros),
                    (false, true) => Cell::Moment(micros - 24_107 * DAY),
                    // Excel believes that 1900 had a 29 February, so what is before it stands a day too early.
                    (false, false) if micros < 60 * DAY => Cell::Moment(micros - 25_568 * DAY),
                    (false, false) => Cell::Moment(micros - 25_569 * DAY),
                }
            }
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Iso(text),
            DataRef::Error(CellErrorType::NA) => Cell::NotAvailable,
            DataRef::Error(error) => Cell::Error(error),
        })
    }

    /// As text, in the form that all formats here write.
    pub(crate) fn text(&self) -> String {
        let mut out = Vec::new();
        match self {
            Cell::Text(text) | Cell::Iso(text) => return text.clone(),
            Cell::Number(value) => match integer(*value) {
                Some(value) => number::write_i64(&mut out, value),
                None => number::write_f64(&mut out, *value),
            },
            Cell::Bool(value) => return value.to_string(),
            Cell::Moment(micros) if micros % DAY == 0 => time::write_date(&mut out, micros.div_euclid(DAY)),
            Cell::Moment(micros) => time::write_timestamp(&mut out, *micros, Unit::Microsecond, false),
            Cell::Time(micros) => time::write_time(&mut out, *micros, Unit::Microsecond),
            Cell::Duration(micros) => time::write_duration(&mut out, *micros, Unit::Microsecond),
            Cell::NotAvailable => return "#N/A".to_owned(),
            Cell::Error(error) => return error.to_string(),
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// What a message calls it.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Cell::Text(_) => "the text",
            Cell::Number(_) => "the number",
            Cell::Bool(_) => "the boolean",
            Cell::Moment(_) | Cell::Iso(_) => "the date",
            Cell::Time(_) => "the time",
            Cell::Duration(_) => "the duration",
            Cell::NotAvailable | Cell::Error(_) => "the error",
        }
    }

    /// Appends it to a column; `false`, and nothing appended, where it is none of its type.
    pub(crate) fn push(&self, column: &mut Column) -> bool {
        match (self, &column.kind) {
            (Cell::Text(text), Kind::Utf8) => column.push_bytes(text.as_bytes()),
            (Cell::Number(value), Kind::Float64) => column.push_bytes(&value.to_le_bytes()),
            (Cell::Number(value), Kind::Int64) => match integer(*value) {
                Some(value) => column.push_bytes(&value.to_le_bytes()),
                None => return false,
            },
            (Cell::Moment(micros), Kind::Timestamp(Unit::Microsecond, None)) => {
                column.push_bytes(&micros.to_le_bytes());
            }
            (Cell::NotAvailable, _) => column.push_null(),
            _ => return column.push_text(self.text().as_bytes()),
        }
        true
    }
}

/// The integer that a number of a sheet is, if it is one that floats count exactly.
fn integer(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

/// What the cells of one column looked like so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    integer: bool,
    float: bool,
    bool: bool,
    date: bool,
    moment: bool,
    time: bool,
    duration: bool,
    text: bool,
    iso: infer::Seen,
    any_iso: bool,
}

impl Seen {
    pub(crate) fn look(&mut self, cell: &Cell) {
        match cell {
            Cell::Text(_) => self.text = true,
            Cell::Number(value) if integer(*value).is_some() => self.integer = true,
            Cell::Number(_) => self.float = true,
            Cell::Bool(_) => self.bool = true,
            Cell::Moment(micros) if micros % DAY == 0 => self.date = true,
            Cell::Moment(_) => self.moment = true,
            Cell::Time(_) => self.time = true,
            Cell::Duration(_) => self.duration = true,
            Cell::Iso(text) => {
                self.any_iso = true;
                self.iso.see(text.as_bytes());
            }
            Cell::NotAvailable | Cell::Error(_) => {}
        }
    }

    /// The narrowest type that holds them all: text where they disagree, and where there was nothing.
    pub(crate) fn kind(&self) -> Kind {
        let number = self.integer || self.float;
        let day = self.date || self.moment;
        match (self.text, number, self.bool, day, self.time, self.duration, self.any_iso) {
            (false, true, false, false, false, false, false) if self.float => Kind::Float64,
            (false, true, false, false, false, false, false) => Kind::Int64,
            (false, false, true, false, false, false, false) => Kind::Boolean,
            (false, false, false, true, false, false, false) if !self.moment => Kind::Date32,
            // Midnight of the first day looks like a time alone.
            (false, false, false, true, _, false, false) => Kind::Timestamp(Unit::Microsecond, None),
            (false, false, false, false, true, false, false) => Kind::Time64(Unit::Microsecond),
            (false, false, false, false, false, true, false) => Kind::Duration(Unit::Microsecond),
            (false, false, false, false, false, false, true) => self.iso.kind(),
            _ => Kind::Utf8,
        }
    }
}

/// Where a cell is, as sheets say it: `B7`. Both count from 0.
pub(crate) fn place(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    let letters: String = letters.iter().rev().map(|letter| char::from(*letter)).collect();
    format!("{letters}{}", u64::from(row) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{ExcelDateTime, ExcelDateTimeType};
    use jackfield_values::types::Type;

    fn moment(days: f64, since_1904: bool) -> Cell {
        let moment = ExcelDateTime::new(days, ExcelDateTimeType::DateTime, since_1904);
        Cell::of(DataRef::DateTime(moment), since_1904).unwrap()
    }

    #[test]
    fn days_of_both_calendars() {
        for (days, since_1904, text) in [
            (45943.541, false, "2025-10-13T12:59:02.4"),
            (45943.0, false, "2025-10-13"),
            (61.0, false, "1900-03-01"),
            (59.0, false, "1900-02-28"),
            (1.0, false, "1900-01-01"),
            (0.5, false, "12:00:00"),
            (1.0, true, "1904-01-02"),
            (44481.0, true, "2025-10-13"),
        ] {
            assert_eq!(moment(days, since_1904).text(), text, "{days}");
        }
    }

    #[test]
    fn types_of_cells() {
        let number = Cell::Number;
        for (cells, name) in [
            (&[number(1.0), number(-5.0)][..], "int64"),
            (&[number(1.0), number(0.5)], "float64"),
            (&[number(1e300)], "float64"),
            (&[Cell::Bool(true), Cell::NotAvailable], "bool"),
            (&[moment(45943.0, false)], "date"),
            (&[moment(45943.0, false), moment(45943.5, false)], "timestamp"),
            (&[moment(0.25, false)], "time"),
            (&[number(1.0), Cell::Text("x".into())], "utf8"),
            (&[], "utf8"),
        ] {
            let mut seen = Seen::default();
            cells.iter().for_each(|cell| seen.look(cell));
            assert_eq!(Type::from(seen.kind()).name(), name, "{cells:?}");
        }
    }

    #[test]
    fn places() {
        assert_eq!(
            [place(0, 0), place(6, 1), place(9, 25), place(0, 26), place(0, 701), place(0, 702)],
            ["A1", "B7", "Z10", "AA1", "ZZ1", "AAA1"]
        );
    }
}

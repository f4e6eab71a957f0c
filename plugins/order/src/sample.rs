//! `sample`: rows by chance, the same ones for the same seed, in their order.

use jackfield_kit::numbers::{integers, mask_of, optional};
use jackfield_kit::outgoing::leave;
use jackfield_kit::{Held, Outgoing, PIECE, Work, only_input, rows_of};
use jackfield_sdk::{Batch, Binding, DataType, Failure, InputPort, Params, Step};
use serde::Deserialize;

/// Rows beyond twice those that are wanted, before the others are let go.
const SPARE: u64 = 2 * PIECE as u64;

#[derive(Deserialize)]
struct Parameters {
    fraction: Option<f64>,
    rows: Option<u64>,
    #[serde(default)]
    seed: i64,
}

/// How many rows are wanted.
#[derive(Clone, Copy)]
enum Wanted {
    /// Each row with this chance.
    Fraction(f64),
    Rows(u64),
}

pub(crate) struct Sample {
    wanted: Wanted,
    seed: u64,
    /// Rows so far.
    rows: u64,
    held: Held,
    /// No row whose lot is above is among those wanted.
    highest: i64,
    outgoing: Option<Outgoing>,
}

impl Sample {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { fraction, rows, seed } = params.parse()?;
        let wanted = match (fraction, rows) {
            (Some(fraction), None) => Wanted::Fraction(fraction),
            (None, Some(rows)) => Wanted::Rows(rows),
            (None, None) => {
                let failure = Failure::invalid_config("missing-parameter", "`fraction` or `rows` is needed");
                let help = "say how many rows to take, as in `fraction = 0.1` or `rows = 1000`";
                return Err(failure.with_parameter("").with_help(help).into());
            }
            (Some(_), Some(_)) => {
                let message = "`fraction` and `rows` exclude one another";
                let failure = Failure::invalid_config("conflicting-parameters", message);
                return Err(failure.with_parameter("/rows").with_help("leave one of them out").into());
            }
        };
        let held = Held::default();
        Ok(Sample { wanted, seed: mixed(seed as u64), rows: 0, held, highest: i64::MAX, outgoing: None })
    }

    /// The lots of the next rows.
    fn lots(&mut self, rows: u32) -> impl Iterator<Item = u64> {
        let (first, seed) = (self.rows, self.seed);
        self.rows += u64::from(rows);
        (first..self.rows).map(move |row| mixed(seed ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Holds the rows whose lots may be among the lowest.
    fn hold(&mut self, batch: &Batch, wanted: u64) -> Result<(), Failure> {
        let highest = self.highest;
        let lots: Vec<i64> = self.lots(batch.rows()).map(|lot| (lot >> 1) as i64).collect();
        let may: Vec<bool> = lots.iter().map(|lot| *lot <= highest).collect();
        let kept: Vec<Option<i64>> = lots.into_iter().filter(|lot| *lot <= highest).map(Some).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let rows = batch.filter(&mask_of(&may)?)?;
        self.held.push(&rows, &[integers(DataType::Int64, &kept)?])?;
        if self.held.rows() > wanted.saturating_mul(2).saturating_add(SPARE) {
            self.let_go(wanted)?;
        }
        Ok(())
    }

    /// Keeps the rows with the lowest lots.
    fn let_go(&mut self, wanted: u64) -> Result<(), Failure> {
        let Some(whole) = self.held.look()? else { return Ok(()) };
        let Some(lots) = whole.own.first() else { return Ok(()) };
        let lots: Vec<i64> = optional::<i64>(lots)?.into_iter().flatten().collect();
        drop(whole);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        if lots.len() <= wanted {
            return Ok(());
        }
        let mut by_lot: Vec<(i64, u32)> = lots.into_iter().zip(0..).collect();
        by_lot.sort_unstable();
        by_lot.truncate(wanted);
        self.highest = by_lot.last().map_or(-1, |(lot, _)| *lot);
        let mut rows: Vec<u32> = by_lot.into_iter().map(|(_, row)| row).collect();
        rows.sort_unstable();
        self.held.keep(&rows_of(&rows)?)
    }
}

/// SplitMix64's last step: every bit of the input turns about half of the output's.
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Work for Sample {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let none: [&str; 0] = [];
        Ok(Binding::passing(input).needs(&input.name, &none))
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        match self.wanted {
            Wanted::Fraction(fraction) => {
                // 53 bits make a number from 0 to below 1.
                let taken = |lot: u64| ((lot >> 11) as f64) / ((1u64 << 53) as f64) < fraction;
                let taken: Vec<bool> = self.lots(batch.rows()).map(taken).collect();
                Ok(Step::keep(mask_of(&taken)?))
            }
            Wanted::Rows(0) => Ok(Step::nothing().done()),
            Wanted::Rows(wanted) => {
                self.hold(batch, wanted)?;
                Ok(Step::nothing())
            }
        }
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        if let Wanted::Rows(wanted) = self.wanted {
            self.let_go(wanted)?;
            self.outgoing = self.held.take()?.map(|whole| Outgoing::all(whole.rows));
        }
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        leave(&mut self.outgoing)
    }
}

//! `join`: rows of two inputs with equal keys, side by side. The right input is read first and held; the left one streams
//! past it. A right side that is larger than its share of memory goes to temporary storage, both sides are parted by
//! their keys, and each part is joined by itself.

mod keys;
mod output;
mod parted;

use jackfield_kit::{PIECE, Problems, Work, not_bound};
use jackfield_sdk::compute::{JoinKind, Joiner, Matches};
use jackfield_sdk::spill::memory_use;
use jackfield_sdk::{Batch, Binding, Column, Failure, InputPort, Params, Step};
use keys::{Keys, On};
use output::Output;
use parted::Parted;
use serde::Deserialize;

pub(crate) const LEFT: &str = "left";
pub(crate) const RIGHT: &str = "right";

/// Of the memory that the plugin has, so much is used for the right side; making whole columns of it takes as much again.
const SHARE: u64 = 3;

#[derive(Deserialize)]
struct Parameters {
    on: On,
    #[serde(default)]
    kind: Kind,
    suffix: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    #[default]
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
}

impl Kind {
    /// Whether only columns of the left come out.
    pub(crate) fn is_left_only(self) -> bool {
        matches!(self, Kind::Semi | Kind::Anti)
    }

    /// Whether rows of the right come out that have no partner.
    pub(crate) fn gives_unmatched_right(self) -> bool {
        matches!(self, Kind::Right | Kind::Full)
    }

    pub(crate) fn probe(self) -> JoinKind {
        match self {
            Kind::Inner | Kind::Right => JoinKind::Inner,
            Kind::Left | Kind::Full => JoinKind::Outer,
            Kind::Semi => JoinKind::Semi,
            Kind::Anti => JoinKind::Anti,
        }
    }
}

pub(crate) struct Join {
    parameters: Parameters,
    bound: Option<Bound>,
    /// What is on its way out, in pieces.
    leaving: Leaving,
}

struct Bound {
    kind: Kind,
    keys: Keys,
    joiner: Joiner,
    output: Output,
    /// What the plugin held before the first row came.
    before: Option<u64>,
    /// Both sides, where the right one does not fit.
    parted: Option<Parted>,
}

enum Leaving {
    Nothing,
    /// Matches of a batch of the left.
    Matches(Batch<'static>, Matches),
    /// Rows of the right without a partner, and how many of them have left.
    Right(Column, u32),
}

impl Join {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Join { parameters: params.parse()?, bound: None, leaving: Leaving::Nothing })
    }
}

impl Bound {
    /// The next piece of a batch's matches.
    fn piece(&mut self, batch: &Batch, matches: &Matches) -> Result<Option<Batch<'static>>, Failure> {
        match matches.next(PIECE)? {
            Some((left, right)) => self.output.matched(batch, &left, &right).map(Some),
            None => Ok(None),
        }
    }

    /// Takes rows of the right: into memory as long as they have room there.
    fn take_right(&mut self, batch: &Batch) -> Result<(), Failure> {
        let before = *self.before.get_or_insert_with(|| memory_use().held);
        let keys = self.keys.of_right(batch)?;
        if let Some(parted) = &mut self.parted {
            return parted.right.push(batch, &keys);
        }
        self.joiner.build(&keys.iter().collect::<Vec<_>>())?;
        self.output.hold(batch, &keys)?;
        let memory = memory_use();
        if memory.held.saturating_sub(before) > memory.limit.saturating_sub(before) / SHARE && self.output.holds_rows()
        {
            let mut parted = Parted::default();
            self.joiner = Joiner::new(&self.keys.types())?;
            for rows in self.output.let_go()? {
                parted.right.push(&rows, &self.keys.of_right(&rows)?)?;
            }
            self.parted = Some(parted);
        }
        Ok(())
    }
}

impl Work for Join {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let port = |name: &str| {
            let failure = || Failure::invalid_config("missing-input", format!("the input `{name}` is not connected"));
            inputs.iter().find(|input| input.name == name).ok_or_else(|| Vec::from(failure()))
        };
        let (left, right) = (port(LEFT)?, port(RIGHT)?);
        let mut problems = Problems::default();
        let kind = self.parameters.kind;
        let suffix = self.parameters.suffix.as_deref().unwrap_or("_right");
        let keys = Keys::bind(&self.parameters.on, &left.schema, &right.schema, &mut problems);
        let output = Output::bind(kind, &keys, left, right, suffix, &mut problems);
        let binding = Binding::new()
            .output(output.port(left, right))
            .needs(LEFT, &keys.left_names(&left.schema))
            .needs(RIGHT, &keys.right_names(&right.schema))
            .drain_first(RIGHT);
        let joiner = if problems.is_empty() { problems.note("/on", Joiner::new(&keys.types())) } else { None };
        self.bound = joiner.map(|joiner| Bound { kind, keys, joiner, output, before: None, parted: None });
        problems.or(binding)
    }

    fn process(&mut self, port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        if port == RIGHT {
            bound.take_right(batch)?;
            return Ok(Step::nothing());
        }
        let keys = bound.keys.of_left(batch)?;
        if let Some(parted) = &mut bound.parted {
            parted.left.push(batch, &keys)?;
            return Ok(Step::nothing());
        }
        let matches = bound.joiner.probe(&keys.iter().collect::<Vec<_>>(), bound.kind.probe())?;
        let Some(piece) = bound.piece(batch, &matches)? else { return Ok(Step::nothing()) };
        let whole = piece.rows() < PIECE;
        let step = Step::from(piece);
        if whole {
            return Ok(step);
        }
        self.leaving = Leaving::Matches(batch.share(), matches);
        Ok(step.more())
    }

    fn finish(&mut self, port: &str) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        if port == RIGHT {
            if bound.parted.is_none() {
                bound.output.complete()?;
            }
            return Ok(Step::nothing());
        }
        if bound.parted.is_some() {
            return Ok(Step::nothing().more());
        }
        if !bound.kind.gives_unmatched_right() {
            return Ok(Step::nothing().done());
        }
        self.leaving = Leaving::Right(bound.joiner.unmatched()?, 0);
        self.resume()
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        if let Some(parted) = &mut bound.parted {
            return parted.advance(bound.kind, &bound.keys, &mut bound.output);
        }
        match std::mem::replace(&mut self.leaving, Leaving::Nothing) {
            Leaving::Nothing => Ok(Step::nothing()),
            Leaving::Matches(batch, matches) => {
                let Some(piece) = bound.piece(&batch, &matches)? else { return Ok(Step::nothing()) };
                self.leaving = Leaving::Matches(batch, matches);
                Ok(Step::from(piece).more())
            }
            Leaving::Right(rows, sent) => {
                let count = PIECE.min(rows.length() - sent);
                if count == 0 {
                    return Ok(Step::nothing().done());
                }
                let piece = bound.output.unmatched_right(&rows.slice(sent, count)?)?;
                self.leaving = Leaving::Right(rows, sent + count);
                Ok(Step::from(piece).more())
            }
        }
    }
}

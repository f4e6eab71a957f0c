//! `join`: rows of two inputs with equal keys, side by side. The right input is read first and held; the left one streams
//! past it, so a join takes as much memory as its right side.

mod keys;
mod output;

use jackfield_kit::{PIECE, Problems, Work, not_bound};
use jackfield_sdk::compute::{JoinKind, Joiner, Matches};
use jackfield_sdk::{Batch, Binding, Column, Failure, InputPort, Params, Step};
use keys::{Keys, On};
use output::Output;
use serde::Deserialize;

pub(crate) const LEFT: &str = "left";
pub(crate) const RIGHT: &str = "right";

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

    fn probe(self) -> JoinKind {
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
        self.bound = joiner.map(|joiner| Bound { kind, keys, joiner, output });
        problems.or(binding)
    }

    fn process(&mut self, port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        if port == RIGHT {
            let keys = bound.keys.of_right(batch)?;
            bound.joiner.build(&keys.iter().collect::<Vec<_>>())?;
            bound.output.hold(batch, &keys)?;
            return Ok(Step::nothing());
        }
        let keys = bound.keys.of_left(batch)?;
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
            bound.output.complete()?;
            return Ok(Step::nothing());
        }
        if !bound.kind.gives_unmatched_right() {
            return Ok(Step::nothing().done());
        }
        self.leaving = Leaving::Right(bound.joiner.unmatched()?, 0);
        self.resume()
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
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

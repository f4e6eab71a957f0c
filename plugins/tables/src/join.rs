//! `join`: rows of two inputs with equal keys, side by side. The right input is read first and held; the left one streams
//! past it. A right side that is larger than its share of memory goes to temporary storage, parted by its keys. Then the
//! left one is held if it has room, and the right one streams past it; otherwise it is parted too, and each part is
//! joined by itself.

mod keys;
mod output;
mod parted;
mod turned;

use jackfield_kit::{Held, PIECE, Problems, Work, not_bound};
use jackfield_sdk::compute::{JoinKind, Joiner, Matches};
use jackfield_sdk::spill::memory_use;
use jackfield_sdk::{Batch, Binding, Column, Failure, InputPort, Params, Step};
use keys::{Keys, On};
use output::Output;
use parted::Parted;
use serde::Deserialize;
use turned::Turned;

pub(crate) const LEFT: &str = "left";
pub(crate) const RIGHT: &str = "right";

/// Of the memory that the plugin has, so much is used for the right side; making whole columns of it takes as much again.
const SHARE: u64 = 3;

/// So much of it for the left side where the right one has no room; finding its rows takes about as much again, and so
/// does bringing pairs into its order.
const LEFT_SHARE: u64 = 5;

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
    aside: Aside,
}

/// What there is on temporary storage.
enum Aside {
    /// Nothing: the right side is in memory.
    Nothing,
    /// The right side, while the left one may still fit into memory.
    Right(Parted, Held),
    /// Both sides.
    Both(Parted),
    /// The right side; the left one is in memory.
    Turned(Box<Turned>),
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
        self.before.get_or_insert_with(|| memory_use().held);
        let keys = self.keys.of_right(batch)?;
        let rows = self.keys.held(self.kind, batch, &keys)?;
        if let Aside::Right(parted, _) = &mut self.aside {
            return parted.right.push(&rows, &keys);
        }
        self.joiner.build(&keys.iter().collect::<Vec<_>>())?;
        self.output.hold(&rows, &keys)?;
        if self.is_beyond(SHARE) {
            let mut parted = Parted::default();
            self.joiner = Joiner::new(&self.keys.types())?;
            for rows in self.output.let_go()? {
                parted.right.push(&rows, &self.keys.of_held(self.kind, &rows)?)?;
            }
            self.aside = Aside::Right(parted, Held::default());
        }
        Ok(())
    }

    /// Takes rows of the left where the right is not in memory: into memory as long as they have room there.
    fn take_left(&mut self, batch: &Batch, keys: &[Column]) -> Result<(), Failure> {
        match &mut self.aside {
            Aside::Both(parted) => parted.left.push(batch, keys),
            Aside::Right(_, held) => {
                held.push(batch, &[])?;
                if self.is_beyond(LEFT_SHARE)
                    && let Aside::Right(mut parted, mut held) = std::mem::replace(&mut self.aside, Aside::Nothing)
                {
                    for rows in held.take_parts()? {
                        parted.left.push(&rows, &self.keys.of_left(&rows)?)?;
                    }
                    self.aside = Aside::Both(parted);
                }
                Ok(())
            }
            Aside::Nothing | Aside::Turned(_) => Err(Failure::internal("the right side is in memory")),
        }
    }

    /// What is held has more than its share: that part of the memory that was there when the first row came.
    fn is_beyond(&self, share: u64) -> bool {
        let (memory, before) = (memory_use(), self.before.unwrap_or(0));
        memory.held.saturating_sub(before) > memory.limit.saturating_sub(before) / share
    }

    /// All of the left has come, and the right is not in memory.
    fn left_is_complete(&mut self) -> Result<(), Failure> {
        let aside = std::mem::replace(&mut self.aside, Aside::Nothing);
        self.aside = match aside {
            Aside::Right(parted, mut held) => match held.take()? {
                Some(left) => Aside::Turned(Box::new(Turned::new(left.rows, &self.keys, parted.right)?)),
                None => Aside::Both(parted),
            },
            other => other,
        };
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
        let aside = Aside::Nothing;
        self.bound = joiner.map(|joiner| Bound { kind, keys, joiner, output, before: None, aside });
        problems.or(binding)
    }

    fn process(&mut self, port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        if port == RIGHT {
            bound.take_right(batch)?;
            return Ok(Step::nothing());
        }
        let keys = bound.keys.of_left(batch)?;
        if !matches!(bound.aside, Aside::Nothing) {
            bound.take_left(batch, &keys)?;
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
            if matches!(bound.aside, Aside::Nothing) {
                bound.output.complete()?;
            }
            return Ok(Step::nothing());
        }
        if !matches!(bound.aside, Aside::Nothing) {
            bound.left_is_complete()?;
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
        match &mut bound.aside {
            Aside::Both(parted) => return parted.advance(bound.kind, &bound.keys, &mut bound.output),
            Aside::Turned(turned) => return turned.advance(bound.kind, &bound.keys, &mut bound.output),
            Aside::Nothing | Aside::Right(..) => {}
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

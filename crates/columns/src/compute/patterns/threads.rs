//! The threads of an NFA side by side through a text, as Pike described them: time in proportion to text and pattern,
//! and a look at the deadline after every few thousand steps.

use std::ops::Range;

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

use super::super::values::Call;
use super::search::Groups;
use crate::Failure;

/// Places in the text where groups begin and end.
type Slots = Vec<Option<usize>>;

/// The threads at one place of the text, the preferred ones first.
#[derive(Debug, Default)]
struct Row {
    /// For each state where it is in `order`, if it is there.
    places: Vec<u32>,
    order: Vec<StateID>,
    /// The slots of each thread in `order`.
    slots: Slots,
}

impl Row {
    fn new(states: usize) -> Self {
        Self { places: vec![0; states], order: Vec::new(), slots: Vec::new() }
    }

    fn has(&self, state: StateID) -> bool {
        let place = self.places.get(state.as_usize()).copied().unwrap_or_default();
        self.order.get(place as usize) == Some(&state)
    }

    fn add(&mut self, state: StateID) {
        if let Some(place) = self.places.get_mut(state.as_usize()) {
            *place = self.order.len() as u32;
        }
        self.order.push(state);
    }

    fn clear(&mut self) {
        self.order.clear();
        self.slots.clear();
    }
}

/// What is left to follow of the states that take no byte.
#[derive(Debug)]
enum Todo {
    Follow(StateID),
    Restore(usize, Option<usize>),
}

/// Buffers for the threads of one NFA.
#[derive(Debug)]
pub(super) struct Threads {
    now: Row,
    then: Row,
    todo: Vec<Todo>,
    /// Slots that are kept.
    slots: usize,
}

impl Threads {
    pub(super) fn new(nfa: &NFA, slots: usize, call: &mut Call) -> Result<Self, Failure> {
        let states = nfa.states().len();
        // Two rows of places, states and slots, and what is to do, which is less than two entries for a state.
        call.meter.allocate((states * (2 * (8 + 16 * slots) + 48)) as u64)?;
        Ok(Self { now: Row::new(states), then: Row::new(states), todo: Vec::new(), slots })
    }

    /// The first match that begins in the range and lies in it; with `anchored` it begins where the range does, and
    /// with `earliest` any match will do, and none of its groups are told.
    pub(super) fn run(
        &mut self,
        nfa: &NFA,
        text: &str,
        within: Range<usize>,
        anchored: bool,
        earliest: bool,
        call: &mut Call,
    ) -> Result<Option<Groups>, Failure> {
        self.now.clear();
        self.then.clear();
        let mut found: Option<Slots> = None;
        let mut fresh = vec![None; self.slots];
        for at in within.start..=within.end {
            let begins = found.is_none() && (!anchored || at == within.start) && text.is_char_boundary(at);
            if self.now.order.is_empty() && !begins && (found.is_some() || anchored) {
                break;
            }
            if begins {
                fresh.fill(None);
                let steps = follow(nfa, nfa.start_anchored(), text, at, &mut self.now, &mut self.todo, &mut fresh);
                call.charge(steps * 2)?;
            }
            let byte = if at < within.end { text.as_bytes().get(at).copied() } else { None };
            for place in 0..self.now.order.len() {
                let Some(state) = self.now.order.get(place) else { break };
                let next = match nfa.state(*state) {
                    State::ByteRange { trans } => byte.filter(|byte| trans.matches_byte(*byte)).map(|_| trans.next),
                    State::Sparse(sparse) => byte.and_then(|byte| sparse.matches_byte(byte)),
                    State::Dense(dense) => byte.and_then(|byte| dense.matches_byte(byte)),
                    State::Match { .. } => {
                        let slots = self.now.slots.get(place * self.slots..(place + 1) * self.slots);
                        found = Some(slots.unwrap_or_default().to_vec());
                        // The threads behind are those of matches that are less preferred.
                        break;
                    }
                    _ => None,
                };
                let mut steps = 1;
                if let Some(next) = next {
                    let slots = self.now.slots.get(place * self.slots..(place + 1) * self.slots);
                    fresh.copy_from_slice(slots.unwrap_or_default());
                    steps += follow(nfa, next, text, at + 1, &mut self.then, &mut self.todo, &mut fresh);
                }
                call.charge(steps * 2)?;
            }
            call.charge(1)?;
            if earliest && found.is_some() {
                break;
            }
            std::mem::swap(&mut self.now, &mut self.then);
            self.then.clear();
        }
        Ok(found.map(|slots| {
            let (pairs, _) = slots.as_chunks::<2>();
            pairs.iter().map(|[begin, end]| Some((*begin)?..(*end)?)).collect()
        }))
    }
}

/// Adds a state to a row, and those that follow from it without a byte. Tells how many states it has looked at.
fn follow(
    nfa: &NFA,
    from: StateID,
    text: &str,
    at: usize,
    row: &mut Row,
    todo: &mut Vec<Todo>,
    slots: &mut [Option<usize>],
) -> u64 {
    let mut steps = 0;
    todo.push(Todo::Follow(from));
    while let Some(next) = todo.pop() {
        let mut state = match next {
            Todo::Restore(slot, old) => {
                if let Some(slot) = slots.get_mut(slot) {
                    *slot = old;
                }
                continue;
            }
            Todo::Follow(state) => state,
        };
        loop {
            steps += 1;
            if row.has(state) {
                break;
            }
            row.add(state);
            row.slots.extend_from_slice(slots);
            match nfa.state(state) {
                State::Look { look, next } => {
                    if !nfa.look_matcher().matches(*look, text.as_bytes(), at) {
                        break;
                    }
                    state = *next;
                }
                State::Union { alternates } => {
                    let Some((first, rest)) = alternates.split_first() else { break };
                    todo.extend(rest.iter().rev().map(|state| Todo::Follow(*state)));
                    steps += rest.len() as u64;
                    state = *first;
                }
                State::BinaryUnion { alt1, alt2 } => {
                    todo.push(Todo::Follow(*alt2));
                    state = *alt1;
                }
                State::Capture { next, slot, .. } => {
                    if let Some(kept) = slots.get_mut(slot.as_usize()) {
                        todo.push(Todo::Restore(slot.as_usize(), kept.replace(at)));
                    }
                    state = *next;
                }
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) | State::Fail | State::Match { .. } => {
                    break;
                }
            }
        }
    }
    steps
}

//! Searches that can be stopped. A short text goes through the engine of the regex crate; a long one byte by byte
//! through a lazy automaton or, where that cannot follow, through threads of the pattern's NFA, with looks at the
//! deadline in between.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::meta;
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, PatternID};

use super::super::values::Call;
use super::compiled::{MAX_COMPILED, dialect};
use super::threads::Threads;
use crate::Failure;

/// Bytes of text times states of the pattern that one search of the engine for short texts may take, which does not look
/// at the deadline: ten milliseconds for the worst of patterns.
const QUICK: usize = 1 << 20;
/// The same between looks of the lazy automaton, whose steps are longer.
const PIECE: usize = 1 << 18;

/// A compiled pattern.
#[derive(Debug)]
pub(in super::super) struct Pattern {
    regex: meta::Regex,
    nfa: NFA,
    text: String,
    ignore_case: bool,
    /// Made when a text is long: forwards to a match's end, and backwards to its begin.
    automata: OnceLock<Option<(DFA, DFA)>>,
}

/// What the groups of a match hold, from group 0, which is all of it.
pub(in super::super) type Groups = Vec<Option<Range<usize>>>;

impl Pattern {
    pub(super) fn new(regex: meta::Regex, nfa: NFA, text: String, ignore_case: bool) -> Self {
        Self { regex, nfa, text, ignore_case, automata: OnceLock::new() }
    }

    /// Groups, group 0 included.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len()
    }

    /// The groups that have names, with their numbers.
    pub(super) fn names(&self) -> Vec<(String, usize)> {
        let names = self.regex.group_info().pattern_names(PatternID::ZERO).enumerate();
        names.filter_map(|(group, name)| Some((name?.to_owned(), group))).collect()
    }

    fn states(&self) -> usize {
        self.nfa.states().len()
    }

    fn automata(&self) -> Option<&(DFA, DFA)> {
        self.automata.get_or_init(|| self.make_automata()).as_ref()
    }

    fn make_automata(&self) -> Option<(DFA, DFA)> {
        // Empty matches would have to be kept from splitting characters.
        if self.nfa.has_empty() {
            return None;
        }
        let config = || {
            DFA::config()
                .unicode_word_boundary(true)
                .cache_capacity(MAX_COMPILED)
                .skip_cache_capacity_check(true)
                .minimum_cache_clear_count(Some(3))
                .minimum_bytes_per_state(Some(10))
        };
        let forward = DFA::builder().configure(config()).build_from_nfa(self.nfa.clone()).ok()?;
        let backward = NFA::config().reverse(true).which_captures(WhichCaptures::None);
        let hir = syntax::parse_with(&self.text, &dialect(self.ignore_case)).ok()?;
        let backward = backward.nfa_size_limit(Some(MAX_COMPILED));
        let backward = NFA::compiler().configure(backward).build_from_hir(&hir).ok()?;
        let backward = DFA::builder().configure(config().match_kind(MatchKind::All)).build_from_nfa(backward);
        Some((forward, backward.ok()?))
    }
}

/// A pattern on its way through texts, with what its searches leave for the next ones.
#[derive(Debug)]
pub(in super::super) struct Search {
    pattern: Arc<Pattern>,
    /// What the engine for short texts works in: its own pool of these is asked anew for each text.
    engine: meta::Cache,
    caches: Option<(Cache, Cache)>,
    threads: Option<Threads>,
    captures: Option<Captures>,
    /// Group slots that matches are to tell.
    slots: usize,
    /// States of the pattern.
    states: usize,
}

impl Search {
    /// For matches of which the first `groups` groups are asked for.
    pub(in super::super) fn new(pattern: &Arc<Pattern>, groups: usize, call: &mut Call) -> Result<Self, Failure> {
        // What compiling takes is charged each time, whether or not the pattern was kept.
        call.charge(pattern.states() as u64 * 4 + 1_000)?;
        let slots = groups.min(pattern.groups()) * 2;
        let states = pattern.states();
        let engine = pattern.regex.create_cache();
        Ok(Self { pattern: Arc::clone(pattern), engine, caches: None, threads: None, captures: None, slots, states })
    }

    /// Charges searches through so many bytes; false if they are too many for the engine for short texts, which does not
    /// look at the deadline: then nothing is charged.
    #[inline]
    pub(in super::super) fn pays_for(&self, bytes: usize, call: &mut Call) -> Result<bool, Failure> {
        let work = bytes.saturating_mul(self.states);
        if work > QUICK {
            return Ok(false);
        }
        call.charge((bytes / 8 + work / 64) as u64)?;
        Ok(true)
    }

    /// Whether the pattern matches anywhere in a text that is paid for.
    #[inline]
    pub(in super::super) fn is_quick_match(&mut self, text: &str) -> bool {
        let input = Input::new(text).earliest(true);
        self.pattern.regex.search_half_with(&mut self.engine, &input).is_some()
    }

    /// Whether the pattern matches anywhere.
    #[inline]
    pub(in super::super) fn is_match(&mut self, text: &str, call: &mut Call) -> Result<bool, Failure> {
        if self.pays_for(text.len(), call)? {
            return Ok(self.is_quick_match(text));
        }
        match self.end(text, 0, true, call)? {
            Some(end) => Ok(end.is_some()),
            None => Ok(self.by_threads(text, 0..text.len(), false, true, call)?.is_some()),
        }
    }

    /// The first match that begins at `from`, a character's begin, or behind it.
    pub(in super::super) fn groups(
        &mut self,
        text: &str,
        from: usize,
        call: &mut Call,
    ) -> Result<Option<Groups>, Failure> {
        if self.pays_for(text.len() - from.min(text.len()), call)? {
            let input = Input::new(text).range(from..);
            if self.slots <= 2 {
                let found = self.pattern.regex.search_with(&mut self.engine, &input);
                return Ok(found.map(|found| vec![Some(found.range())]));
            }
            let found = self.captures.get_or_insert_with(|| self.pattern.regex.create_captures());
            self.pattern.regex.search_captures_with(&mut self.engine, &input, found);
            let group = |group: usize| found.get_group(group).map(|span| span.range());
            return Ok(found.is_match().then(|| (0..self.slots / 2).map(group).collect()));
        }
        let Some(end) = self.end(text, from, false, call)? else {
            return self.by_threads(text, from..text.len(), false, false, call);
        };
        let Some(end) = end else { return Ok(None) };
        let Some(begin) = self.begin(text, from..end, call)? else {
            return self.by_threads(text, from..text.len(), false, false, call);
        };
        if self.slots <= 2 {
            return Ok(Some(vec![Some(begin..end)]));
        }
        self.by_threads(text, begin..end, true, false, call)
    }

    fn by_threads(
        &mut self,
        text: &str,
        within: Range<usize>,
        anchored: bool,
        earliest: bool,
        call: &mut Call,
    ) -> Result<Option<Groups>, Failure> {
        let threads = match &mut self.threads {
            Some(threads) => threads,
            None => self.threads.insert(Threads::new(&self.pattern.nfa, self.slots.max(2), call)?),
        };
        threads.run(&self.pattern.nfa, text, within, anchored, earliest, call)
    }

    fn caches(&mut self) -> Option<(&DFA, &DFA, &mut (Cache, Cache))> {
        let (forward, backward) = self.pattern.automata()?;
        let caches = self.caches.get_or_insert_with(|| (forward.create_cache(), backward.create_cache()));
        Some((forward, backward, caches))
    }

    /// Where the first match ends, or with `earliest` where any is known to be; `None` if the automaton cannot tell.
    fn end(
        &mut self,
        text: &str,
        from: usize,
        earliest: bool,
        call: &mut Call,
    ) -> Result<Option<Option<usize>>, Failure> {
        let states = self.pattern.states();
        let Some((automaton, _, (cache, _))) = self.caches() else { return Ok(None) };
        let input = Input::new(text).range(from..);
        let Ok(mut state) = automaton.start_state_forward(cache, &input) else { return Ok(None) };
        let (bytes, mut found) = (text.as_bytes(), None);
        let mut walk = Walk::new(states, cache);
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            walk.step(cache, call)?;
            let Ok(next) = automaton.next_state(cache, state, *byte) else { return Ok(None) };
            state = next;
            match after(state) {
                After::On => {}
                // The automaton tells of a match one byte late.
                After::Match if earliest => return Ok(Some(Some(at))),
                After::Match => found = Some(at),
                After::Dead => return Ok(Some(found)),
                After::Unknown => return Ok(None),
            }
        }
        let Ok(state) = automaton.next_eoi_state(cache, state) else { return Ok(None) };
        Ok(match after(state) {
            After::Match => Some(Some(bytes.len())),
            After::Unknown => None,
            After::On | After::Dead => Some(found),
        })
    }

    /// Where the match that ends at the end of the range begins.
    fn begin(&mut self, text: &str, within: Range<usize>, call: &mut Call) -> Result<Option<usize>, Failure> {
        let states = self.pattern.states();
        let Some((_, automaton, (_, cache))) = self.caches() else { return Ok(None) };
        let input = Input::new(text).range(within.clone()).anchored(Anchored::Yes);
        let Ok(mut state) = automaton.start_state_reverse(cache, &input) else { return Ok(None) };
        let (bytes, mut found) = (text.as_bytes(), None);
        let mut walk = Walk::new(states, cache);
        for at in within.clone().rev() {
            walk.step(cache, call)?;
            let byte = bytes.get(at).copied().unwrap_or_default();
            let Ok(next) = automaton.next_state(cache, state, byte) else { return Ok(None) };
            state = next;
            match after(state) {
                After::On => {}
                After::Match => found = Some(at + 1),
                After::Dead => return Ok(found),
                After::Unknown => return Ok(None),
            }
        }
        let before = within.start.checked_sub(1).and_then(|before| bytes.get(before));
        let last = match before {
            Some(byte) => automaton.next_state(cache, state, *byte),
            None => automaton.next_eoi_state(cache, state),
        };
        Ok(match last.map(after) {
            Ok(After::Match) => Some(within.start),
            Ok(After::On | After::Dead) => found,
            Ok(After::Unknown) | Err(_) => None,
        })
    }
}

/// What a state of an automaton says.
enum After {
    On,
    Match,
    Dead,
    Unknown,
}

fn after(state: LazyStateID) -> After {
    if !state.is_tagged() {
        After::On
    } else if state.is_match() {
        After::Match
    } else if state.is_dead() {
        After::Dead
    } else if state.is_quit() {
        After::Unknown
    } else {
        After::On
    }
}

/// Counts the steps of an automaton. A step into a state that had to be made takes as long as the pattern has states.
struct Walk {
    states: usize,
    piece: usize,
    left: usize,
    held: (usize, usize),
}

impl Walk {
    fn new(states: usize, cache: &Cache) -> Self {
        let piece = (PIECE / states.max(1)).clamp(4, 1 << 16);
        Self { states, piece, left: piece, held: (cache.memory_usage(), cache.clear_count()) }
    }

    fn step(&mut self, cache: &Cache, call: &mut Call) -> Result<(), Failure> {
        self.left -= 1;
        if self.left > 0 {
            return Ok(());
        }
        self.left = self.piece;
        let held = (cache.memory_usage(), cache.clear_count());
        let made = held != std::mem::replace(&mut self.held, held);
        let units = self.piece / 2 + if made { self.piece * self.states / 32 } else { 0 };
        call.owed = call.owed.saturating_add(units as u64);
        call.settle()
    }
}

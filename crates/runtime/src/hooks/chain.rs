//! Runs the hooks of a point around what the host does there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jackfield_columns::Failure;
use jackfield_host::{CallError, HookEvent, HookOutcome, Pending, Rest};
use jackfield_manifest::{HookKind, HookPoint, OnFailure, Problem, Severity};

use super::event::{Event, Reading, accept};
use super::point::PointSpec;
use super::seat::Seat;
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, problem};

/// After so many failures a hook that may fail is left out for the rest of the run.
const MOST_FAILURES: u32 = 3;

/// A hook in a chain.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// The number of the plugin among those that have hooks.
    pub(crate) seat: usize,
    /// `plugin/hook`.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) on_failure: OnFailure,
    pub(crate) data: bool,
}

/// The hooks of one point, in their order.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) before: Vec<Link>,
    pub(crate) around: Vec<Link>,
    pub(crate) replace: Option<Link>,
    pub(crate) after: Vec<Link>,
}

impl Chain {
    /// Adds a hook behind those of its kind.
    pub(crate) fn push(&mut self, kind: HookKind, link: Link) {
        match kind {
            HookKind::Before => self.before.push(link),
            HookKind::Around => self.around.push(link),
            HookKind::Replace => self.replace = Some(link),
            HookKind::After => self.after.push(link),
        }
    }
}

/// The chains of all points that have hooks.
#[derive(Debug, Default)]
pub(crate) struct Chains(pub(crate) BTreeMap<HookPoint, Chain>);

/// What all crews of a run share: its clock, and what is to be said of hooks that failed.
#[derive(Debug)]
pub(crate) struct Ledger {
    origin: Instant,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    warnings: Vec<Problem>,
    warned: BTreeSet<String>,
    failures: BTreeMap<String, u32>,
}

impl Ledger {
    pub(crate) fn new() -> Ledger {
        Ledger { origin: Instant::now(), told: Mutex::default() }
    }

    /// Microsecond steps are fine enough for durations, and too coarse to spy on the machine's caches.
    fn now_nanos(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX).saturating_mul(1000)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Warnings since the last time that somebody asked.
    pub(crate) fn take_warnings(&self) -> Vec<Problem> {
        std::mem::take(&mut self.told().warnings)
    }

    /// Something to be said once the run is over.
    pub(crate) fn warn(&self, mut warning: Problem) {
        warning.severity = Severity::Warning;
        self.told().warnings.push(warning);
    }

    /// Notes the failure of a hook that may fail, the first time with a warning.
    fn pass_over(&self, link: &Link, found: &[Diagnosis]) {
        let mut told = self.told();
        *told.failures.entry(link.name.clone()).or_default() += 1;
        if !told.warned.insert(link.name.clone()) {
            return;
        }
        let reasons: Vec<&str> = found.iter().map(|d| d.problem.message.as_str()).collect();
        let message = format!("the hook {} failed and is passed over: {}", link.name, reasons.join("; "));
        let help =
            format!("its manifest says on-failure = \"fail-open\"; after {MOST_FAILURES} failures it is left out");
        let mut warning = problem("hook-passed-over", message).with_help(help);
        warning.severity = Severity::Warning;
        told.warnings.push(warning);
    }

    fn is_left_out(&self, link: &Link) -> bool {
        self.told().failures.get(&link.name).is_some_and(|failures| *failures >= MOST_FAILURES)
    }
}

/// The chains with an instance of each plugin in them: one crew for the pipeline, and one for each stage.
#[derive(Debug, Clone)]
pub(crate) struct Crew {
    pub(crate) chains: Arc<Chains>,
    pub(crate) seats: Vec<Arc<Seat>>,
    pub(crate) ledger: Arc<Ledger>,
}

/// What a chain stands around.
pub(crate) trait Middle: Send {
    /// Does it, and gives the outcome.
    fn run(&mut self, event: Event) -> Pending<'_, Result<Event, Failure>>;
}

/// Nothing: hooks are told something.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Middle for Nothing {
    fn run(&mut self, event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(std::future::ready(Ok(event)))
    }
}

/// Why a chain gave no outcome.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A hook says no.
    Veto {
        /// `plugin/hook`.
        hook: String,
        /// At least one.
        reasons: Vec<Failure>,
    },
    /// A hook failed that must not fail.
    Hook(Vec<Diagnosis>),
    /// What the chain stands around failed; whoever ran it knows more.
    Middle(Failure),
}

impl Stop {
    /// Problems for people. A veto ahead of the data means that the configuration is wrong.
    pub(crate) fn diagnoses(self, what: &str, class: Class) -> Vec<Diagnosis> {
        match self {
            Stop::Veto { hook, reasons } => {
                reasons.into_iter().map(|reason| veto(&hook, reason, what).class(class)).collect()
            }
            Stop::Hook(found) => found,
            Stop::Middle(failure) => vec![crate::diagnose::failure_problem(failure, what)],
        }
    }

    /// For a plugin that has called.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Stop::Veto { hook, reasons } => {
                let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
                Failure::unavailable("hook-veto", format!("the hook {hook} refuses: {}", reasons.join("; ")))
            }
            Stop::Hook(found) => {
                let reasons: Vec<&str> = found.iter().map(|d| d.problem.message.as_str()).collect();
                Failure::unavailable("hook-failed", reasons.join("; "))
            }
            Stop::Middle(failure) => failure.clone(),
        }
    }
}

/// What a refusal says.
pub(crate) fn veto(hook: &str, reason: Failure, what: &str) -> Problem {
    let message = format!("{what}: the hook {hook} refuses: {} ({})", reason.message, reason.code);
    let mut refused = problem("hook-veto", message);
    refused.help = reason.help;
    refused
}

impl Crew {
    /// A point has hooks.
    pub(crate) fn has(&self, point: HookPoint) -> bool {
        self.chains.0.contains_key(&point)
    }

    /// Runs the hooks of a point around `middle`, and gives the outcome.
    pub(crate) async fn run(&self, point: HookPoint, mut event: Event, middle: &mut dyn Middle) -> Result<Event, Stop> {
        let Some(chain) = self.chains.0.get(&point) else { return middle.run(event).await.map_err(Stop::Middle) };
        event.fields.insert("now-nanos".to_owned(), self.ledger.now_nanos().into());
        let mut walk = Walk { crew: self, chain, spec: PointSpec::of(point), middle, stop: None };
        let result = walk.all(event).await;
        match walk.stop {
            Some(stop) => Err(stop),
            None => result.map_err(Stop::Middle),
        }
    }

    fn seat(&self, link: &Link) -> Option<&Arc<Seat>> {
        let seat = self.seats.get(link.seat)?;
        (!seat.is_inside() && !self.ledger.is_left_out(link)).then_some(seat)
    }
}

/// What a hook wants.
enum Answer {
    Proceed,
    Changed(Event),
    Replaced(Event),
}

/// One run of a chain.
struct Walk<'a> {
    crew: &'a Crew,
    chain: &'a Chain,
    spec: &'static PointSpec,
    middle: &'a mut dyn Middle,
    /// Once a hook has said no, or failed, nothing that stands around it can take it back.
    stop: Option<Stop>,
}

fn stopped() -> Failure {
    Failure::unavailable("hook-veto", "a hook further inside has stopped this")
}

impl Walk<'_> {
    async fn all(&mut self, mut event: Event) -> Result<Event, Failure> {
        let chain = self.chain;
        let mut replaced = false;
        for link in &chain.before {
            match self.call(link, &event, false).await? {
                Answer::Proceed => {}
                Answer::Changed(changed) => event = changed,
                Answer::Replaced(outcome) => {
                    event = outcome;
                    replaced = true;
                    break;
                }
            }
        }
        let mut outcome = if replaced { event } else { self.inner(0, event).await? };
        for link in &chain.after {
            match self.call(link, &outcome, true).await? {
                Answer::Proceed => {}
                Answer::Changed(changed) | Answer::Replaced(changed) => outcome = changed,
            }
        }
        Ok(outcome)
    }

    /// The hooks that stand around, from the one of this number on, and what is inside.
    fn inner(&mut self, at: usize, event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            if self.stop.is_some() {
                return Err(stopped());
            }
            let (chain, crew) = (self.chain, self.crew);
            let Some(link) = chain.around.get(at) else { return self.core(event).await };
            let Some(seat) = crew.seat(link) else { return self.inner(at + 1, event).await };
            let shown = event.shown(self.spec, link.data);
            let mut tail = Tail {
                shown: shown.fields.clone(),
                given: event,
                at: at + 1,
                data: link.data,
                last: None,
                broken: None,
                walk: &mut *self,
            };
            let answered = seat.run_hook(&link.id, shown, Some(&mut tail)).await;
            let Tail { shown, given, last, broken, .. } = tail;
            if self.stop.is_some() {
                return Err(stopped());
            }
            let called = last.is_some();
            let answer = match (broken, answered) {
                (Some(message), _) => self.broke(link, &message),
                (None, Err(CallError::Failures(_))) if matches!(last, Some(Err(_))) => Ok(Answer::Proceed),
                (None, answered) => {
                    let (reference, text) = match &last {
                        Some(Ok(outcome)) => (outcome, String::new()),
                        _ => (&given, shown),
                    };
                    let failed = matches!(last, Some(Err(_)));
                    self.answer(link, reference, &text, answered, called, failed)
                }
            };
            match answer? {
                Answer::Replaced(outcome) => Ok(outcome),
                Answer::Changed(outcome) if called => Ok(outcome),
                Answer::Changed(changed) => self.inner(at + 1, changed).await,
                Answer::Proceed => match last {
                    Some(last) => last,
                    None => self.inner(at + 1, given).await,
                },
            }
        })
    }

    /// What the chain stands around, or the hook in its place.
    async fn core(&mut self, event: Event) -> Result<Event, Failure> {
        let start = Instant::now();
        if let Some(link) = &self.chain.replace {
            match self.call(link, &event, true).await? {
                Answer::Proceed => {}
                Answer::Changed(outcome) | Answer::Replaced(outcome) => return Ok(outcome),
            }
        }
        let mut outcome = self.middle.run(event).await?;
        if !self.spec.middle.is_empty() {
            let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            outcome.fields.insert("elapsed-nanos".to_owned(), elapsed.into());
            outcome.fields.insert("now-nanos".to_owned(), self.crew.ledger.now_nanos().into());
        }
        Ok(outcome)
    }

    /// Shows an event to a hook that has nothing inside. `outcome`: what comes back is one.
    async fn call(&mut self, link: &Link, event: &Event, outcome: bool) -> Result<Answer, Failure> {
        if self.stop.is_some() {
            return Err(stopped());
        }
        let Some(seat) = self.crew.seat(link) else { return Ok(Answer::Proceed) };
        let shown = event.shown(self.spec, link.data);
        let text = shown.fields.clone();
        let answered = seat.run_hook(&link.id, shown, None).await;
        self.answer(link, event, &text, answered, outcome, false)
    }

    /// Whether what a hook said is allowed here. `failed`: the rest of its chain has failed, and it goes on.
    fn answer(
        &mut self,
        link: &Link,
        given: &Event,
        shown: &str,
        answered: Result<HookOutcome, CallError>,
        outcome: bool,
        failed: bool,
    ) -> Result<Answer, Failure> {
        let spec = self.spec;
        let reading = |outcome| Reading { spec, data: link.data, outcome };
        let honoured = spec.outcomes();
        let refuse = |what: &str| format!("answered with `{what}`, which {} does not honour", spec.point);
        let answer = match answered {
            Ok(HookOutcome::Proceed) => return Ok(Answer::Proceed),
            Ok(HookOutcome::Changed(_)) if !honoured.contains(&"changed") || (failed && !spec.replaces) => {
                Err(refuse("changed"))
            }
            Ok(HookOutcome::Changed(event)) => {
                accept(reading(outcome), given, shown, event).map(|event| match failed {
                    true => Answer::Replaced(event),
                    false => Answer::Changed(event),
                })
            }
            Ok(HookOutcome::Replaced(_)) if !spec.replaces => Err(refuse("replaced")),
            Ok(HookOutcome::Replaced(event)) => accept(reading(true), given, shown, event).map(Answer::Replaced),
            Ok(HookOutcome::Veto(_)) if !spec.vetoes => Err(refuse("veto")),
            Ok(HookOutcome::Veto(reasons)) => {
                self.stop = Some(Stop::Veto { hook: link.name.clone(), reasons });
                return Err(stopped());
            }
            Err(error) => {
                let cancelled = matches!(error, CallError::Cancelled);
                let mut found = call_problems(error, &format!("the hook {}", link.name));
                for diagnosis in &mut found {
                    if !diagnosis.problem.message.contains(&link.name) {
                        diagnosis.problem.message = format!("the hook {}: {}", link.name, diagnosis.problem.message);
                    }
                }
                return self.fail(link, found, cancelled);
            }
        };
        answer.or_else(|message| self.broke(link, &message))
    }

    /// A hook did what it may not do.
    fn broke(&mut self, link: &Link, message: &str) -> Result<Answer, Failure> {
        let message = format!("the hook {} {message}", link.name);
        let found = problem("hook-nonsense", message).with_help("this is a defect of the plugin; tell its authors");
        self.fail(link, vec![found.class(Class::Failed)], false)
    }

    fn fail(&mut self, link: &Link, found: Vec<Diagnosis>, cancelled: bool) -> Result<Answer, Failure> {
        if link.on_failure == OnFailure::FailOpen && !cancelled {
            self.crew.ledger.pass_over(link, &found);
            return Ok(Answer::Proceed);
        }
        self.stop = Some(Stop::Hook(found));
        Err(stopped())
    }
}

/// The rest of a chain behind one of its hooks.
struct Tail<'t, 'a> {
    walk: &'t mut Walk<'a>,
    at: usize,
    /// What the hook was given, and as which text.
    given: Event,
    shown: String,
    data: bool,
    /// What the rest gave last.
    last: Option<Result<Event, Failure>>,
    /// The hook called on with something that it may not.
    broken: Option<String>,
}

impl Rest for Tail<'_, '_> {
    fn next(&mut self, event: HookEvent) -> Pending<'_, Result<HookEvent, Failure>> {
        Box::pin(async move {
            let spec = self.walk.spec;
            let reading = Reading { spec, data: self.data, outcome: false };
            let event = match accept(reading, &self.given, &self.shown, event) {
                Ok(event) => event,
                Err(message) => {
                    let failure = Failure::invalid_input("hook-nonsense", format!("the hook {message}"));
                    self.broken.get_or_insert(message);
                    return Err(failure);
                }
            };
            let result = self.walk.inner(self.at, event).await;
            let told = result.as_ref().map(|event| event.shown(spec, self.data)).map_err(Clone::clone);
            self.last = Some(result);
            told
        })
    }
}

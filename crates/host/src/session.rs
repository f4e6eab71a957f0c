//! One store and its calls: each is metered, watched, and, if it ends badly, the last.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_columns::Failure;
use wasmtime::component::{Instance, Resource, ResourceTableError};
use wasmtime::{Store, Trap, WasmBacktrace};

use crate::account::Stop;
use crate::balance::Balance;
use crate::bindings::jackfield::plugin::types;
use crate::clock::{CallClock, Interrupted, Watch};
use crate::convert;
use crate::engine::MOST_FRAMES;
use crate::guest::wear::Wear;
use crate::held::{HeldSink, HeldSource};
use crate::imports::log::LogBudget;
use crate::limits::bytes_text;
use crate::state::State;
use crate::wasi::Kept;
use crate::{
    ByteSink, ByteSource, CallError, Component, Fault, FaultKind, Label, LimitHit, Limits, StoreOptions, Usage,
};

/// Fuel between two looks at the executor: fair to other plugins and still cheap.
const YIELD_FUEL: u64 = 1_000_000;

/// A store, as long as it can be used.
pub(crate) struct Session {
    store: Option<Store<State>>,
    watch: Watch,
    clock: Arc<CallClock>,
    limits: Limits,
    label: Label,
    stderr: Kept,
    /// Set while a call is on its way; still set at the next call if its future was dropped.
    began: Option<Instant>,
    /// Fuel of the present call.
    fuel: u64,
    /// Time of the present call.
    time: Duration,
    /// Whether the code counts its fuel.
    metered: bool,
    usage: Usage,
    /// Nobody looks at the instance's age.
    deterministic: bool,
    /// It is being instantiated: no call has been made yet.
    starting: bool,
    /// Time that instances waited from which this one took over.
    waited: Duration,
}

/// What goes on to the instance that takes over from another one, so that nobody gets more by being made anew.
pub(crate) struct Carried {
    usage: Usage,
    balance: Balance,
    log: LogBudget,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("label", &self.label).field("usage", &self.usage).finish_non_exhaustive()
    }
}

impl Session {
    /// A new store, and in it a new instance of the component.
    pub(crate) async fn open(component: &Component, options: StoreOptions) -> Result<(Self, Instance), CallError> {
        Self::open_with(component, options, None, None).await
    }

    /// The same for an instance that takes over from another one.
    pub(crate) async fn open_again(
        component: &Component,
        options: StoreOptions,
        carried: Carried,
    ) -> Result<(Self, Instance), CallError> {
        Self::start(component, options, None, None, Some(carried)).await
    }

    /// What this instance leaves to the one that takes over. `None`: it has ended badly.
    pub(crate) fn carry(&mut self) -> Option<(StoreOptions, Carried)> {
        let mut store = self.store.take().filter(|_| self.began.is_none())?;
        let state = store.data_mut();
        let usage = Usage { recycled: self.usage.recycled + 1, ..self.usage };
        let log = std::mem::replace(&mut state.log, LogBudget::new(&self.limits));
        Some((state.options.clone(), Carried { usage, balance: state.account.balance.clone(), log }))
    }

    /// Whether another instance should take over.
    pub(crate) fn is_worn(&mut self, wear: &Wear) -> bool {
        let held = self.held();
        let handles = self.store.as_mut().map_or(0, |store| store.data_mut().handles());
        wear.is_out(&self.limits, self.deterministic, held, handles)
    }

    /// Bytes that it holds now.
    pub(crate) fn held(&self) -> u64 {
        self.store.as_ref().map_or(0, |store| store.data().account.ledger.held())
    }

    /// The same with a source or a sink for the plugin to use.
    pub(crate) async fn open_with(
        component: &Component,
        options: StoreOptions,
        source: Option<ByteSource>,
        sink: Option<ByteSink>,
    ) -> Result<(Self, Instance), CallError> {
        Self::start(component, options, source, sink, None).await
    }

    async fn start(
        component: &Component,
        options: StoreOptions,
        source: Option<ByteSource>,
        sink: Option<ByteSink>,
        carried: Option<Carried>,
    ) -> Result<(Self, Instance), CallError> {
        let clock = CallClock::new();
        let stderr = Kept::default();
        let (limits, label) = (options.limits.clone(), options.label.clone());
        let (without, deterministic) = (options.without, options.deterministic);
        let mut watch = Watch::new(Arc::clone(&clock), options.cancel.clone());
        if without.deadline {
            watch.switch_off();
        }
        let mut state = State::new(options, component.rights(), Arc::clone(&clock), stderr.clone());
        state.source = source;
        state.sink = sink;
        let mut usage = Usage::default();
        if let Some(carried) = carried {
            (usage, state.account.balance, state.log) = (carried.usage, carried.balance, carried.log);
        }
        let mut store = Store::new(component.pre().engine(), state);
        match without.memory {
            false => store.limiter(|state| &mut state.account),
            true => store.data_mut().account.ledger.switch_off(),
        }
        store.set_hostcall_fuel(limits.hostcall_fuel);
        store.set_max_component_handles(limits.handles as usize);
        let (fuel, time, metered) = (limits.fuel_per_call, limits.call_timeout, component.metered());
        let waited = usage.waiting;
        let mut session = Self {
            store: Some(store),
            watch,
            clock,
            limits,
            label,
            stderr,
            began: None,
            fuel,
            time,
            metered,
            usage,
            deterministic,
            starting: true,
            waited,
        };
        let (store, watch) = session.begin()?;
        let yields = match component.metered() {
            true => store.fuel_async_yield_interval(Some(YIELD_FUEL)),
            false => Ok(()),
        };
        let outcome = match yields {
            Ok(()) => watch.run(component.pre().instantiate_async(&mut *store)).await,
            Err(error) => Ok(Err(error)),
        };
        let instance = session.settle(outcome)?;
        session.starting = false;
        session.init(component, &instance).await?;
        Ok((session, instance))
    }

    /// Gives a new instance its configuration, if it wants it.
    async fn init(&mut self, component: &Component, instance: &Instance) -> Result<(), CallError> {
        let Some(indices) = component.lifecycle() else { return Ok(()) };
        let (store, watch) = self.begin()?;
        let config = store.data().options.config.clone();
        let guest = indices.load(&mut *store, instance);
        let outcome = match &guest {
            Ok(guest) => watch.run(guest.call_init(&mut *store, &config)).await,
            Err(error) => Ok(Err(wasmtime::format_err!("{error:#}"))),
        };
        let answer = self.settle(outcome)?;
        self.answer_all(answer)
    }

    /// Begins a call: full fuel, full time.
    pub(crate) fn begin(&mut self) -> Result<(&mut Store<State>, &mut Watch), CallError> {
        if self.began.is_some() {
            self.store = None;
        }
        let Some(store) = self.store.as_mut() else { return Err(gone(&self.label)) };
        // What is left for all calls of the instance may be less than what one call may have.
        self.fuel = self.limits.fuel_per_call.min(self.limits.fuel_per_instance.saturating_sub(self.usage.fuel));
        self.time = self.limits.call_timeout.min(self.limits.instance_timeout.saturating_sub(self.usage.busy));
        if let (true, Err(error)) = (self.metered, store.set_fuel(self.fuel)) {
            return Err(CallError::Fault(Box::new(host_fault(&self.label, format!("{error:#}")))));
        }
        store.data_mut().account.start(self.fuel);
        self.clock.start(self.time);
        self.began = Some(Instant::now());
        Ok((store, &mut self.watch))
    }

    /// Ends a call: counts what it used, and turns whatever went wrong into the end of the store.
    pub(crate) fn settle<T>(&mut self, outcome: Result<wasmtime::Result<T>, Interrupted>) -> Result<T, CallError> {
        let fuel = self.count();
        let value = match outcome {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => return Err(self.end(|session| session.fault_of(&error))),
            Err(Interrupted::Timeout) => return Err(self.end(|session| Some(session.timeout()))),
            Err(Interrupted::Cancelled) => return Err(self.end(|_| None)),
        };
        if fuel > self.fuel {
            return Err(self.end(|session| Some(session.out_of_fuel())));
        }
        Ok(value)
    }

    /// From now on a call takes no longer than this.
    pub(crate) fn hurry(&mut self, deadline: Duration) {
        self.limits.call_timeout = self.limits.call_timeout.min(deadline);
    }

    /// The plugin has broken its word.
    pub(crate) fn protocol(&mut self, message: impl Into<String>) -> CallError {
        let message = message.into();
        self.end(|session| Some(session.fault(FaultKind::Protocol, message, None)))
    }

    /// An answer of the plugin that may be a failure.
    pub(crate) fn answer<T>(&mut self, answer: Result<T, types::Failure>) -> Result<T, CallError> {
        answer.map_err(|failure| CallError::Failures(vec![convert::failure_from_wit(failure)]))
    }

    /// An answer of the plugin that may be several failures, after which the instance is of no use.
    pub(crate) fn answer_all<T>(&mut self, answer: Result<T, Vec<types::Failure>>) -> Result<T, CallError> {
        match answer {
            Ok(value) => Ok(value),
            Err(failures) if failures.is_empty() => Err(self.protocol("it failed without saying why")),
            Err(failures) => {
                self.store = None;
                Err(CallError::Failures(failures.into_iter().map(convert::failure_from_wit).collect()))
            }
        }
    }

    /// Runs `work` on the store's data, outside any call of the guest. What goes wrong ends the store.
    pub(crate) fn with_state<T>(
        &mut self,
        work: impl FnOnce(&mut State) -> wasmtime::Result<T>,
    ) -> Result<T, CallError> {
        let Some(store) = self.store.as_mut() else { return Err(gone(&self.label)) };
        work(store.data_mut()).map_err(|error| self.end(|session| session.fault_of(&error)))
    }

    /// The typed exports of an instance whose first call has just come back.
    pub(crate) fn guest<T>(&mut self, guest: wasmtime::Result<T>) -> Result<T, CallError> {
        guest.map_err(|error| self.protocol(format!("{error:#}")))
    }

    /// What the plugin gave is not what it should be.
    pub(crate) fn checked<T>(&mut self, result: Result<T, Failure>, what: &str) -> Result<T, CallError> {
        result.map_err(|failure| self.protocol(format!("{what}: {}", failure.message)))
    }

    /// Counts what the plugin is given for its next call: rows and the bytes that they take.
    pub(crate) fn gives_in(&mut self, rows: usize, bytes: impl FnOnce() -> u64) {
        if let Some(store) = self.store.as_mut().filter(|store| !store.data().options.without.expansion) {
            store.data_mut().account.balance.take(rows as u64, bytes(), None);
        }
    }

    /// Counts what it gives for an answer.
    pub(crate) fn takes_out(&mut self, count: impl FnOnce() -> (u64, u64)) -> Result<(), CallError> {
        self.with_state(|state| state.gives(count))
    }

    /// The store's source, if there is one and the store has not ended badly.
    pub(crate) fn into_source(mut self) -> Option<ByteSource> {
        self.store.as_mut().filter(|_| self.began.is_none())?.data_mut().source.take()
    }

    /// The store's sink, likewise.
    pub(crate) fn into_sink(mut self) -> Option<ByteSink> {
        self.store.as_mut().filter(|_| self.began.is_none())?.data_mut().sink.take()
    }

    /// What the store has used so far.
    pub(crate) fn usage(&self) -> Usage {
        self.usage
    }

    /// Adds the call that has just ended to the usage, and gives the fuel it took.
    fn count(&mut self) -> u64 {
        let elapsed = self.began.take().map_or(Duration::ZERO, |began| began.elapsed());
        let Some(store) = self.store.as_mut() else { return 0 };
        let guest = store.get_fuel().map_or(0, |left| self.fuel.saturating_sub(left));
        let account = &store.data().account;
        let fuel = guest.saturating_add(account.host_fuel());
        let waited = self.waited + self.clock.waited();
        self.usage.fuel = self.usage.fuel.saturating_add(fuel);
        self.usage.calls += 1;
        self.usage.peak_memory_bytes = self.usage.peak_memory_bytes.max(account.ledger.peak());
        self.usage.busy += elapsed.saturating_sub(waited.saturating_sub(self.usage.waiting));
        self.usage.waiting = waited;
        fuel
    }

    /// Drops the store. No fault: it was cancelled.
    fn end(&mut self, fault: impl FnOnce(&mut Self) -> Option<Fault>) -> CallError {
        let fault = fault(self);
        let told = self.store.take().map(|store| Arc::clone(&store.data().options.faults));
        if let (Some(fault), Some(told)) = (&fault, told) {
            told(fault);
        }
        match fault {
            Some(fault) => CallError::Fault(Box::new(fault)),
            None => CallError::Cancelled,
        }
    }

    fn fault(&self, kind: FaultKind, message: impl Into<String>, limit: Option<(&str, &str)>) -> Fault {
        let limit = limit.map(|(name, key)| self.hit(name, key));
        let stderr = self.stderr.text();
        Fault { kind, message: message.into(), limit, stderr, backtrace: Vec::new(), label: self.label.clone() }
    }

    /// The limit of this key, with the value that holds.
    fn hit(&self, name: &str, key: &str) -> LimitHit {
        let entries = self.limits.entries();
        let entry = entries.iter().find(|entry| entry.name == key);
        LimitHit {
            name: name.to_owned(),
            value: entry.map(|entry| entry.value.to_string()).unwrap_or_default(),
            setting: entry.filter(|entry| entry.settable).map(|_| format!("limits.{key}")).unwrap_or_default(),
        }
    }

    fn timeout(&self) -> Fault {
        if self.time < self.limits.call_timeout {
            let limit = ("time of all calls", "instance-timeout");
            return self.fault(FaultKind::InstanceTimeout, "its calls together took too long", Some(limit));
        }
        self.fault(FaultKind::Timeout, "the call took too long", Some(("time of one call", "call-timeout")))
    }

    fn out_of_fuel(&self) -> Fault {
        if self.fuel < self.limits.fuel_per_call {
            let limit = ("fuel of all calls", "fuel-per-instance");
            return self.fault(FaultKind::InstanceFuel, "its calls together used up its fuel", Some(limit));
        }
        self.fault(FaultKind::Fuel, "the call used up its fuel", Some(("fuel of one call", "fuel-per-call")))
    }

    fn out_of_memory(&self, wanted: Option<u64>) -> Fault {
        let message = match wanted {
            Some(wanted) => format!("it asked for more memory than it may have: {} in all", bytes_text(wanted)),
            None => "it asked for more memory than it may have".to_owned(),
        };
        self.fault(FaultKind::Memory, message, Some(("memory", "memory")))
    }

    fn out_of_handles(&self) -> Fault {
        let message = "it holds too many columns, batches or other handles";
        self.fault(FaultKind::Handles, message, Some(("open handles", "handles")))
    }

    fn too_much(&self, stop: &Stop) -> Fault {
        match stop {
            Stop::EmittedBytes(bytes) => {
                let message = format!("one of its answers has {}", bytes_text(*bytes));
                self.fault(FaultKind::EmittedBytes, message, Some(("bytes of one answer", "emitted-bytes")))
            }
            Stop::EmittedRows(rows) => {
                let message = format!("one of its answers has {rows} rows");
                self.fault(FaultKind::EmittedRows, message, Some(("rows of one answer", "emitted-rows")))
            }
            Stop::Expansion { unit: "rows", given, made } => {
                let message = format!("it made {made} rows of {given}");
                self.fault(FaultKind::Expansion, message, Some(("expansion", "expansion")))
            }
            Stop::Expansion { given, made, .. } => {
                let message = format!("it made {} of {}", bytes_text(*made), bytes_text(*given));
                self.fault(FaultKind::Expansion, message, Some(("expansion", "expansion")))
            }
            Stop::OpenFiles => {
                let message = "it holds too many folders and files open";
                self.fault(FaultKind::OpenFiles, message, Some(("open files", "open-files")))
            }
            _ => self.fault(FaultKind::WrittenBytes, "it wrote too much", Some(("bytes written", "written-bytes"))),
        }
    }

    /// What an error of wasmtime, or of a host function, means. `None`: cancelled.
    fn fault_of(&mut self, error: &wasmtime::Error) -> Option<Fault> {
        let refused = self.store.as_mut().and_then(|store| store.data_mut().account.ledger.take_refused());
        let mut fault = match error.downcast_ref::<Stop>() {
            Some(Stop::Fuel) => self.out_of_fuel(),
            Some(Stop::Timeout) => self.timeout(),
            Some(Stop::Cancelled) => return None,
            Some(Stop::Memory) => self.out_of_memory(refused),
            Some(Stop::Handles) => self.out_of_handles(),
            Some(
                stop @ (Stop::EmittedBytes(_)
                | Stop::EmittedRows(_)
                | Stop::Expansion { .. }
                | Stop::WrittenBytes
                | Stop::OpenFiles),
            ) => self.too_much(stop),
            Some(Stop::Protocol(message)) => self.fault(FaultKind::Protocol, message, None),
            Some(Stop::Host(message)) => self.fault(FaultKind::Host, message, None),
            None => self.guest_fault(error, refused),
        };
        if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
            fault.backtrace = frames(backtrace);
        }
        Some(fault)
    }

    fn guest_fault(&self, error: &wasmtime::Error, refused: Option<u64>) -> Fault {
        let trap = error.downcast_ref::<Trap>();
        match trap {
            Some(Trap::OutOfFuel) => return self.out_of_fuel(),
            Some(Trap::StackOverflow) => {
                return self.fault(FaultKind::Stack, "it recursed too deep", Some(("stack", "stack")));
            }
            _ => {}
        }
        // A guest that was refused memory mostly aborts by itself.
        if refused.is_some() {
            return self.out_of_memory(refused);
        }
        let text = error.root_cause().to_string();
        // These have no type of their own in wasmtime.
        if text.contains("too much data is being copied") {
            let limit = ("bytes of one call", "hostcall-fuel");
            return self.fault(FaultKind::HostcallFuel, "it handed over too much at once", Some(limit));
        }
        let parts = ["instances", "tables", "memories"].into_iter().find(|part| {
            let singular = match *part {
                "memories" => "memory",
                other => other.trim_end_matches('s'),
            };
            text.contains(&format!("resource limit exceeded: {singular} count too high"))
        });
        if let Some(part) = parts {
            return self.fault(FaultKind::Parts, format!("it has too many {part}"), Some((part, part)));
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
            let limit = ("resource table", "resource-table");
            return self.fault(FaultKind::ResourceTable, "it holds too many files, streams or polls", Some(limit));
        }
        if text.contains("store handle limit exceeded") {
            return self.out_of_handles();
        }
        if text.contains("borrow handles still remain") {
            let message =
                "it came back from a call and kept a handle that it was only lent: borrow handles still remain";
            return self.fault(FaultKind::KeptBorrow, message, None);
        }
        let (kind, when) = match self.starting {
            true => (FaultKind::Start, " while it started, before its first call"),
            false => (FaultKind::Trap, ""),
        };
        if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
            return self.fault(kind, format!("it exited{when} with status {} instead of returning", exit.0), None);
        }
        let last_words = Some(self.stderr.text()).filter(|_| trap == Some(&Trap::UnreachableCodeReached));
        let message = match (last_words.as_deref().and_then(panic_text), trap) {
            (Some(words), _) => format!("it panicked{when}{words}"),
            (None, Some(trap)) => format!("it trapped{when}: {trap}"),
            (None, None) => text,
        };
        self.fault(kind, message, None)
    }
}

/// Bytes of a panic's text that go into a message; all of it stands below.
const LARGEST_PANIC: usize = 300;

/// Where a guest panicked and why, as its runtime wrote it down; empty text: it wrote nothing. Rust says
/// `panicked at FILE:LINE:COLUMN:` and the message on the next line, other runtimes end with what is wrong.
fn panic_text(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_go = |line: &str| line.starts_with("panic: ") || line.starts_with("fatal error: ");
    let words = if let Some(number) = lines.clone().position(|line| line.contains("panicked at ")) {
        let mut rest = lines.skip(number);
        let (_, place) = rest.next()?.split_once("panicked at ")?;
        let why = rest.next().filter(|line| !line.starts_with("note:")).unwrap_or_default();
        format!(" at {} {why}", place.trim_end_matches(':').to_owned() + ":")
    } else if let Some(number) = lines.clone().position(is_go) {
        // Go tells why first, and then where, innermost first; what belongs to its own library has a path from there.
        let mut rest = lines.skip(number);
        let why = rest.next().unwrap_or_default();
        let places = rest.filter_map(|line| Some(line.split_once(" +0x")?.0)).filter(|place| place.contains(".go:"));
        let place = places.clone().find(|place| !place.contains("/src/")).or_else(|| places.clone().next());
        place.map_or_else(|| format!(": {why}"), |place| format!(" at {place}: {}", why.trim_start_matches("panic: ")))
    } else {
        format!(": {}", lines.next_back()?)
    };
    let end = words.char_indices().map(|(at, _)| at).find(|at| *at >= LARGEST_PANIC).unwrap_or(words.len());
    Some(words.get(..end).unwrap_or_default().trim_end_matches([' ', ':']).to_owned())
}

fn gone(label: &Label) -> CallError {
    CallError::Fault(Box::new(host_fault(label, "it has ended and cannot be called again".to_owned())))
}

fn host_fault(label: &Label, message: String) -> Fault {
    let (stderr, backtrace) = (String::new(), Vec::new());
    Fault { kind: FaultKind::Host, message, limit: None, stderr, backtrace, label: label.clone() }
}

/// The frames, innermost first, with demangled names. Where some are missing, a last line says so.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let mut text = Bounded(String::new());
    // Names are the guest's: what is too long to be kept is cut off.
    let whole = write!(text, "{backtrace}").is_ok() && backtrace.frames().len() < MOST_FRAMES;
    let lines = text.0.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("note:"));
    lines.map(str::to_owned).chain((!whole).then(|| "… - <callers further out>".to_owned())).collect()
}

/// Bytes of a backtrace that are kept.
const MOST_BACKTRACE: usize = 256 << 10;

/// A text of so many bytes at most; what goes beyond is an error.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MOST_BACKTRACE {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

impl State {
    /// A handle on the store's source, to hand to the guest.
    pub(crate) fn source_handle(&mut self) -> wasmtime::Result<Resource<HeldSource>> {
        self.push(HeldSource)
    }

    /// A handle on the store's sink, to hand to the guest.
    pub(crate) fn sink_handle(&mut self) -> wasmtime::Result<Resource<HeldSink>> {
        self.push(HeldSink)
    }
}

#[cfg(test)]
mod tests {
    use super::panic_text;

    #[test]
    fn last_words_tell_where_and_why() {
        for (said, words) in [
            (
                "\nthread '<unnamed>' panicked at src/lib.rs:12:9:\nout of ideas\nnote: run with…",
                Some(" at src/lib.rs:12:9: out of ideas"),
            ),
            ("thread 'main' panicked at src/lib.rs:1:1:", Some(" at src/lib.rs:1:1")),
            ("Traceback:\n  File \"app.py\", line 3\nValueError: no", Some(": ValueError: no")),
            (
                "panic: no table\n\ngoroutine 1 [running]:\nruntime.x()\n\t/go/src/runtime/p.go:7 +0x1\nmain.f()\n\tlate/main.go:25 +0x2\n",
                Some(" at late/main.go:25: no table"),
            ),
            ("fatal error: out of memory\n", Some(": fatal error: out of memory")),
            ("", None),
            ("\n \n", None),
        ] {
            assert_eq!(panic_text(said).as_deref(), words, "{said:?}");
        }
        assert!(panic_text(&"é".repeat(1000)).is_some_and(|text| text.len() <= 302));
    }
}

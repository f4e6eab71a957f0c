//! A running plugin as a whole: what is started and stopped, asked how it is, and called by hooks and services.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use jackfield_columns::Failure;
use tokio::sync::mpsc;
use wasmtime::component::Resource;

use super::lacks;
use crate::bindings::exports::jackfield::plugin::{health, hook, lifecycle, service};
use crate::bindings::jackfield::plugin::{hooking, types};
use crate::clock::Interrupted;
use crate::convert;
use crate::held::HeldChain;
use crate::hooking::{Health, HealthStatus, HookEvent, HookOutcome, Request, Rest};
use crate::session::Session;
use crate::state::State;
use crate::wasi::escape;
use crate::{CallError, Component, StoreOptions, Usage};

/// Bytes of what a plugin says of its health at most.
const LARGEST_MESSAGE: usize = 1000;

/// A running plugin with all of its interfaces that are not made for one stage.
pub struct PluginInstance {
    session: Session,
    hook: Option<hook::Guest>,
    service: Option<service::Guest>,
    lifecycle: Option<lifecycle::Guest>,
    health: Option<health::Guest>,
}

impl PluginInstance {
    /// Makes an instance and gives it its configuration.
    ///
    /// # Errors
    /// All that the plugin finds wrong with its configuration, or a fault.
    pub async fn open(component: &Component, options: StoreOptions) -> Result<Self, CallError> {
        let (mut session, instance) = Session::open(component, options).await?;
        let (store, _) = session.begin()?;
        let loaded = (|| {
            wasmtime::Result::Ok((
                component.hook().map(|indices| indices.load(&mut *store, &instance)).transpose()?,
                component.service().map(|indices| indices.load(&mut *store, &instance)).transpose()?,
                component.lifecycle().map(|indices| indices.load(&mut *store, &instance)).transpose()?,
                component.health().map(|indices| indices.load(&mut *store, &instance)).transpose()?,
            ))
        })();
        let (hook, service, lifecycle, health) = session.settle(Ok(loaded))?;
        Ok(Self { session, hook, service, lifecycle, health })
    }

    /// Starts it. Without a lifecycle there is nothing to do.
    ///
    /// # Errors
    /// A failure of the plugin, or a fault.
    pub async fn start(&mut self) -> Result<(), CallError> {
        let Some(guest) = &self.lifecycle else { return Ok(()) };
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(guest.call_start(&mut *store)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Stops it, within the time of a call and no longer than `deadline`. Without a lifecycle there is nothing to do.
    ///
    /// # Errors
    /// A failure of the plugin, or a fault.
    pub async fn stop(&mut self, deadline: Duration) -> Result<(), CallError> {
        let Some(guest) = &self.lifecycle else { return Ok(()) };
        self.session.hurry(deadline);
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(guest.call_stop(&mut *store)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Asks it how it is. `None`: it has no way to say.
    ///
    /// # Errors
    /// A fault.
    pub async fn health(&mut self) -> Result<Option<Health>, CallError> {
        let Some(guest) = &self.health else { return Ok(None) };
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(guest.call_check(&mut *store)).await;
        let report = self.session.settle(outcome)?;
        let status = match report.status {
            health::Status::Healthy => HealthStatus::Healthy,
            health::Status::Degraded => HealthStatus::Degraded,
            health::Status::Failing => HealthStatus::Failing,
        };
        Ok(Some(Health { status, message: bounded(&report.message) }))
    }

    /// Calls one of its services.
    ///
    /// # Errors
    /// A failure of the plugin, or a fault.
    pub async fn call_service(&mut self, service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, CallError> {
        let Some(guest) = &self.service else { return Err(lacks(&mut self.session, "service")) };
        let (store, watch) = self.session.begin()?;
        let payload = payload.to_vec();
        let outcome = watch.run(guest.call_call(&mut *store, service, method, &payload)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Shows an event to one of its hooks. `rest` runs the rest of the chain, for a hook that stands around it.
    ///
    /// # Errors
    /// A failure of the hook, or a fault.
    pub async fn run_hook(
        &mut self,
        hook: &str,
        event: HookEvent,
        rest: Option<&mut dyn Rest>,
    ) -> Result<HookOutcome, CallError> {
        let Some(guest) = &self.hook else { return Err(lacks(&mut self.session, "hook")) };
        let (store, watch) = self.session.begin()?;
        let (requests, received) = mpsc::channel(1);
        let prepared = prepare(store.data_mut(), event, rest.is_some().then_some(requests));
        let (rep, outcome) = match prepared {
            Ok((event, chain)) => {
                let borrowed = chain.map(Resource::new_borrow);
                let call = watch.run(guest.call_run(&mut *store, hook, &event, borrowed));
                (chain, answering(call, received, rest).await)
            }
            Err(error) => (None, Ok(Err(error))),
        };
        let answer = self.session.settle(outcome)?;
        if let Some(rep) = rep {
            self.session.with_state(|state| {
                let chain = Resource::<HeldChain>::new_own(rep);
                state.table.delete(chain).map(drop).map_err(crate::state::table_stop)
            })?;
        }
        match self.session.answer(answer)? {
            hooking::Outcome::Proceed => Ok(HookOutcome::Proceed),
            hooking::Outcome::Changed(event) => self.event(event).map(HookOutcome::Changed),
            hooking::Outcome::Replaced(event) => self.event(event).map(HookOutcome::Replaced),
            hooking::Outcome::Veto(reasons) if reasons.is_empty() => {
                Err(self.session.protocol(format!("its hook {hook} says no without a reason")))
            }
            hooking::Outcome::Veto(reasons) => {
                Ok(HookOutcome::Veto(reasons.into_iter().map(convert::failure_from_wit).collect()))
            }
        }
    }

    fn event(&mut self, event: hooking::Event) -> Result<HookEvent, CallError> {
        self.session.with_state(|state| state.event_from_wit(event))
    }

    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }
}

impl std::fmt::Debug for PluginInstance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginInstance").field("session", &self.session).finish_non_exhaustive()
    }
}

/// The event for the guest, and the number of the chain's handle.
fn prepare(
    state: &mut State,
    event: HookEvent,
    requests: Option<mpsc::Sender<Request>>,
) -> wasmtime::Result<(hooking::Event, Option<u32>)> {
    let event = state.event_to_wit(event)?;
    let chain = requests.map(|requests| state.push(HeldChain { requests, calls: 0 })).transpose()?;
    Ok((event, chain.map(|chain| chain.rep())))
}

type Called = Result<wasmtime::Result<Result<hooking::Outcome, types::Failure>>, Interrupted>;

/// Runs the call of a hook, and the rest of the chain each time that the hook calls on. The hook is suspended then.
async fn answering(
    call: impl Future<Output = Called>,
    mut requests: mpsc::Receiver<Request>,
    rest: Option<&mut dyn Rest>,
) -> Called {
    let mut call = pin!(call);
    let Some(rest) = rest else { return call.await };
    loop {
        let request = tokio::select! {
            biased;
            outcome = &mut call => return outcome,
            Some(request) = requests.recv() => request,
        };
        let answer: Result<HookEvent, Failure> = rest.next(request.event).await;
        // The hook waits for it, unless its call was given up meanwhile.
        let _ = request.answer.send(answer);
    }
}

fn bounded(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= LARGEST_MESSAGE).unwrap_or(text.len());
    escape(text.get(..end).unwrap_or_default(), false)
}

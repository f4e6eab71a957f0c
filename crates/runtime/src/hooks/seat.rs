//! One instance of a plugin and the turns that callers take with it.

use std::sync::Arc;
use std::time::Duration;

use jackfield_columns::Failure;
use jackfield_host::{CallError, Health, HookEvent, HookOutcome, PluginInstance, Rest, StoreOptions};
use tokio::sync::{Mutex, MutexGuard};

use crate::loader::LoadedPlugin;

tokio::task_local! {
    /// The seats that the present call stands inside of, by address.
    static TRAIL: Vec<usize>;
}

/// One instance of a plugin, made when it is first needed and made anew after a fault.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) plugin: LoadedPlugin,
    store: StoreOptions,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    instance: Option<PluginInstance>,
    closed: bool,
}

impl Seat {
    pub(crate) fn new(plugin: LoadedPlugin, store: StoreOptions) -> Arc<Seat> {
        Arc::new(Seat { plugin, store, slot: Mutex::default() })
    }

    /// The present call came, perhaps by other plugins, out of this very instance, which cannot be entered again.
    pub(crate) fn is_inside(&self) -> bool {
        TRAIL.try_with(|trail| trail.contains(&self.address())).unwrap_or(false)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn trail(&self) -> Vec<usize> {
        let mut trail = TRAIL.try_with(Clone::clone).unwrap_or_default();
        trail.push(self.address());
        trail
    }

    /// Waits for its turn, as long as a call may take.
    async fn enter(&self) -> Result<MutexGuard<'_, Slot>, CallError> {
        let refuse = |code: &str, message: String| CallError::Failures(vec![Failure::unavailable(code, message)]);
        let name = self.plugin.installed.name();
        if self.is_inside() {
            return Err(refuse("plugin-busy", format!("plugin {name} waits inside of this very call")));
        }
        let turn = tokio::time::timeout(self.store.limits.call_timeout, self.slot.lock()).await;
        let slot = turn.map_err(|_| refuse("plugin-busy", format!("plugin {name} was busy for too long")))?;
        if slot.closed {
            return Err(refuse("plugin-stopped", format!("plugin {name} has stopped")));
        }
        Ok(slot)
    }

    async fn instance<'a>(&self, slot: &'a mut Slot) -> Result<&'a mut PluginInstance, CallError> {
        if slot.instance.is_none() {
            let store = self.store.clone();
            let opened = PluginInstance::open(&self.plugin.component, store);
            slot.instance = Some(TRAIL.scope(self.trail(), opened).await?);
        }
        slot.instance.as_mut().ok_or(CallError::Cancelled)
    }

    /// Makes the instance, and with it calls the plugin's `init`.
    pub(crate) async fn open(&self) -> Result<(), CallError> {
        let mut slot = self.enter().await?;
        self.instance(&mut slot).await.map(drop)
    }

    pub(crate) async fn start(&self) -> Result<(), CallError> {
        let mut slot = self.enter().await?;
        let started = TRAIL.scope(self.trail(), self.instance(&mut slot).await?.start()).await;
        leave(&mut slot, started)
    }

    /// Stops and drops the instance; nothing can be called from then on.
    pub(crate) async fn stop(&self, deadline: Duration) -> Result<(), CallError> {
        let Ok(mut slot) = tokio::time::timeout(deadline, self.slot.lock()).await else { return Ok(()) };
        slot.closed = true;
        match slot.instance.take() {
            Some(mut instance) => TRAIL.scope(self.trail(), instance.stop(deadline)).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn health(&self) -> Result<Option<Health>, CallError> {
        let mut slot = self.enter().await?;
        let health = TRAIL.scope(self.trail(), self.instance(&mut slot).await?.health()).await;
        leave(&mut slot, health)
    }

    pub(crate) async fn call_service(&self, service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, CallError> {
        let mut slot = self.enter().await?;
        let instance = self.instance(&mut slot).await?;
        let answer = TRAIL.scope(self.trail(), instance.call_service(service, method, payload)).await;
        leave(&mut slot, answer)
    }

    pub(crate) async fn run_hook(
        &self,
        hook: &str,
        event: HookEvent,
        rest: Option<&mut dyn Rest>,
    ) -> Result<HookOutcome, CallError> {
        let mut slot = self.enter().await?;
        let instance = self.instance(&mut slot).await?;
        let outcome = TRAIL.scope(self.trail(), instance.run_hook(hook, event, rest)).await;
        leave(&mut slot, outcome)
    }
}

/// An instance that ended badly is not kept.
fn leave<T>(slot: &mut Slot, result: Result<T, CallError>) -> Result<T, CallError> {
    if matches!(result, Err(CallError::Fault(_) | CallError::Cancelled)) {
        slot.instance = None;
    }
    result
}

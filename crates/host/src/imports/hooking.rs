//! The rest of a chain of hooks. The hook's clock stands still while it runs.

use jackfield_columns::Failure;
use tokio::sync::oneshot;
use wasmtime::component::Resource;

use crate::account::Stop;
use crate::bindings::jackfield::plugin::hooking;
use crate::held::HeldChain;
use crate::hooking::{HookEvent, LARGEST_FIELDS, MOST_NEXT, Request};
use crate::state::{Answer, State, table_stop};

impl State {
    /// An event for the guest: its rows become a handle, charged to the plugin.
    pub(crate) fn event_to_wit(&mut self, event: HookEvent) -> wasmtime::Result<hooking::Event> {
        let HookEvent { point, subject, fields, rows } = event;
        let rows = rows.map(|rows| self.hold_batch(rows)).transpose()?;
        Ok(hooking::Event { point, subject, fields, rows })
    }

    /// An event from the guest: the handle on its rows is gone. Fields that are too long are a breach of protocol.
    pub(crate) fn event_from_wit(&mut self, event: hooking::Event) -> wasmtime::Result<HookEvent> {
        let hooking::Event { point, subject, fields, rows } = event;
        let rows = rows.map(|rows| self.take_batch(rows)).transpose()?;
        if fields.len() > LARGEST_FIELDS {
            let message = format!("it gave an event with {} bytes of fields, at most {LARGEST_FIELDS}", fields.len());
            return Err(wasmtime::Error::new(Stop::Protocol(message)));
        }
        Ok(HookEvent { point, subject, fields, rows })
    }
}

impl hooking::Host for State {}

impl hooking::HostChain for State {
    async fn next(&mut self, chain: Resource<HeldChain>, event: hooking::Event) -> Answer<hooking::Event> {
        self.account.enter_copying(event.fields.len())?;
        let event = self.event_from_wit(event)?;
        let held = self.table.get_mut(&chain).map_err(table_stop)?;
        held.calls = held.calls.saturating_add(1);
        if held.calls > MOST_NEXT {
            let message = format!("the rest of the chain was called {MOST_NEXT} times, which is the most");
            return self.answer(Err(Failure::limit("too-many-next", message)));
        }
        let requests = held.requests.clone();
        let (answer, answered) = oneshot::channel();
        let waiting = self.account.clock.wait();
        let result = match requests.send(Request { event, answer }).await {
            Ok(()) => answered.await.ok(),
            Err(_) => None,
        };
        drop(waiting);
        let Some(result) = result else {
            return Err(wasmtime::Error::new(Stop::Host("nobody runs the rest of the chain".to_owned())));
        };
        match result {
            Ok(event) => {
                self.account.enter_copying(event.fields.len())?;
                self.event_to_wit(event).map(Ok)
            }
            Err(failure) => self.answer(Err(failure)),
        }
    }

    async fn drop(&mut self, chain: Resource<HeldChain>) -> wasmtime::Result<()> {
        self.table.delete(chain).map(drop).map_err(table_stop)
    }
}

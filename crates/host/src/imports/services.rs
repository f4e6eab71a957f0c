//! Calls into other plugins. The caller's clock stands still meanwhile.

use jackfield_columns::Failure;

use crate::bindings::jackfield::plugin::services;
use crate::state::{Answer, State};

impl services::Host for State {
    async fn call(&mut self, service: String, method: String, payload: Vec<u8>) -> Answer<Vec<u8>> {
        self.account.enter_copying(payload.len())?;
        let Some(services) = self.options.services.clone() else {
            let message = format!("there are no other plugins here, and so no service `{service}`");
            return self.answer(Err(Failure::unavailable("no-services", message)));
        };
        let waiting = self.account.clock.wait();
        let result = services.call(&self.options.label, &service, &method, payload).await;
        drop(waiting);
        if let Ok(payload) = &result {
            self.account.enter_copying(payload.len())?;
        }
        self.answer(result)
    }
}

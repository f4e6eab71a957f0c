//! Calls of plugins into the services of others, with the hooks around them.

use std::sync::{Arc, Weak};

use jackfield_columns::Failure;
use jackfield_host::{CallError, Label, Pending, Services};
use jackfield_manifest::HookPoint;
use serde_json::json;

use super::{Running, base64};
use crate::hooks::seat::Seat;
use crate::hooks::{Event, Middle, Stop};

/// What plugins reach each other by. It keeps nothing alive.
#[derive(Debug, Clone)]
pub(crate) struct Exchange(pub(crate) Weak<Running>);

impl Services for Exchange {
    fn call<'a>(
        &'a self,
        caller: &'a Label,
        service: &'a str,
        method: &'a str,
        payload: Vec<u8>,
    ) -> Pending<'a, Result<Vec<u8>, Failure>> {
        Box::pin(async move {
            let Some(running) = self.0.upgrade() else {
                return Err(Failure::unavailable("plugin-stopped", "the plugins of this pipeline have stopped"));
            };
            let plugin = service.split('/').next().unwrap_or(service);
            let own = format!("{} {}", caller.plugin, caller.version);
            let Some(target) = running.required(&own, plugin) else {
                let message =
                    format!("plugin {} does not require {plugin}, and so cannot call `{service}`", caller.plugin);
                let mut denied = Failure::unavailable("service-not-required", message);
                denied.kind = jackfield_columns::FailureKind::Denied;
                return Err(
                    denied.with_help(format!("say {plugin} under [requires] in the manifest of {}", caller.plugin))
                );
            };
            running.call(&caller.plugin, &target, service, method, payload).await
        })
    }
}

impl Running {
    /// Calls `service`, which is `plugin/id`, for the host.
    ///
    /// # Errors
    /// There is no such service, its plugin does not run, a hook refuses, or what the service itself says.
    pub async fn call_service(&self, service: &str, method: &str, payload: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let plugin = service.split('/').next().unwrap_or(service);
        self.call("host", plugin, service, method, payload).await
    }

    pub(super) async fn call(
        &self,
        caller: &str,
        target: &str,
        service: &str,
        method: &str,
        payload: Vec<u8>,
    ) -> Result<Vec<u8>, Failure> {
        let unknown = |message: String| Failure::unavailable("unknown-service", message);
        let Some((plugin, id)) = service.split_once('/') else {
            return Err(unknown(format!("`{service}` is not `plugin/service`")));
        };
        let seat = self.service_seat(target, id)?;
        let Some(crew) = self.crew_with(HookPoint::ServiceCall) else {
            return self.ask(&seat, id, method, &payload).await;
        };
        let fields = json!({
            "plugin": plugin,
            "service": id,
            "method": method,
            "caller": caller,
            "bytes": payload.len(),
            "payload": base64::encode(&payload),
        });
        let mut middle = Call { running: self, seat, id, method };
        let outcome = crew.run(HookPoint::ServiceCall, Event::new(service, fields), &mut middle).await;
        let outcome = outcome.map_err(|stop| match stop {
            Stop::Middle(failure) => failure,
            stop => stop.failure(),
        })?;
        let answer = outcome.text("payload").and_then(base64::decode);
        answer.ok_or_else(|| Failure::unavailable("hook-nonsense", "a hook gave an answer that is not base64"))
    }

    async fn ask(&self, seat: &Arc<Seat>, id: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, Failure> {
        match seat.call_service(id, method, payload).await {
            Ok(answer) => Ok(answer),
            Err(CallError::Failures(failures)) => Err(failures
                .into_iter()
                .next()
                .unwrap_or_else(|| Failure::internal("host", "a failure without a reason"))),
            Err(error) => {
                let reason = error.to_string();
                self.fail(&super::title(&seat.plugin.installed), &reason).await;
                Err(Failure::unavailable("service-failed", reason))
            }
        }
    }
}

/// The service at the end of a chain.
struct Call<'a> {
    running: &'a Running,
    seat: Arc<Seat>,
    id: &'a str,
    method: &'a str,
}

impl Middle for Call<'_> {
    fn run(&mut self, mut event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            let Some(payload) = event.text("payload").and_then(base64::decode) else {
                return Err(Failure::invalid_input("hook-nonsense", "the payload is not base64"));
            };
            let answer = self.running.ask(&self.seat, self.id, self.method, &payload).await?;
            event.fields.insert("payload".to_owned(), base64::encode(&answer).into());
            Ok(event)
        })
    }
}

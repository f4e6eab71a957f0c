//! The way out for HTTP requests of plugins: the only part of the host that connects to anything on a plugin's wish.
//!
//! A request is taken apart and checked against the rights; its host is resolved once, addresses of kinds that were not
//! granted are left out, and the connection is made to one of those that remain, under the name that was checked. The
//! request that goes out is made anew from the checked parts, with secrets filled into its headers. No proxy is used, no
//! redirect is followed, no connection is kept. Everything has a bound: see the constants.

mod body;
mod connect;
mod request;
mod secrets;

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::uri::Scheme;
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use crate::denials::Denials;
use crate::rights::Use;

pub(crate) use connect::resolve_elsewhere;
use request::Checked;

/// Bytes of a URL.
pub(crate) const LARGEST_URL: usize = 8 << 10;
/// Bytes of all headers together, of a request and of a response.
pub(crate) const LARGEST_HEADERS: usize = 32 << 10;
/// Headers of a request and of a response.
pub(crate) const MOST_HEADERS: usize = 100;
/// Bytes of a request's body.
pub(crate) const LARGEST_REQUEST: u64 = 64 << 20;
/// Bytes of a response's body.
pub(crate) const LARGEST_RESPONSE: u64 = 256 << 20;
/// Time from the look-up to the end of the response's body.
pub(crate) const TOTAL_TIME: Duration = Duration::from_secs(60);
/// Time for looking up a name, connecting and TLS together, and for the first byte of the response.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(15);
/// After this time a response has to have come at [`SLOWEST_BYTES_PER_SECOND`] on the average.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// The slowest response that is waited for.
pub(crate) const SLOWEST_BYTES_PER_SECOND: u64 = 1 << 10;
/// Requests of one store that may be on their way.
const MOST_REQUESTS: usize = 16;
/// Bytes of the guest's structures that hold headers; larger than the headers themselves.
pub(crate) const FIELD_BYTES: usize = 64 << 10;

/// What a request may use, whatever the plugin asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) connect: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) between: Duration,
}

impl Patience {
    fn of(options: Option<RequestOptions>) -> Patience {
        let within =
            |wish: Option<Duration>, most: Duration| wish.unwrap_or(most).clamp(Duration::from_millis(1), most);
        let options = options.unwrap_or_default();
        Patience {
            connect: within(options.connect_timeout, CONNECT_TIME),
            first_byte: within(options.first_byte_timeout, TOTAL_TIME),
            between: within(options.between_bytes_timeout, TOTAL_TIME),
        }
    }
}

/// The hooks of one store.
#[derive(Debug)]
pub(crate) struct Egress {
    denials: Denials,
    open: std::sync::Arc<AtomicUsize>,
}

impl Egress {
    pub(crate) fn new(denials: Denials) -> Egress {
        Egress { denials, open: std::sync::Arc::default() }
    }
}

/// The response, and what still has to be done for it.
type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Egress {
    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        std::sync::Arc::new(request::is_the_hosts_own)
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        done: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        drop(done);
        let denials = self.denials.clone();
        let slot = Slot::take(&self.open);
        Box::new(async move {
            let slot = slot.ok_or_else(|| {
                let help =
                    format!("{MOST_REQUESTS} requests may be on their way at once: wait for one before the next");
                denials.deny("network.http", "a request beside too many others".to_owned(), help);
                Error::ConnectionLimitReached
            })?;
            let patience = Patience::of(options);
            let (parts, body) = request.into_parts();
            let checked = Checked::new(parts, &denials)?;
            let (answer, answered) = oneshot::channel();
            let task = runtime()?.spawn(async move {
                let used = Use::Http {
                    host: checked.host.clone(),
                    port: checked.port,
                    method: checked.method.to_string(),
                    path: checked.path.clone(),
                };
                denials.rights().record.note(used);
                connect::exchange(checked, body, patience, denials, answer).await;
                drop(slot);
            });
            let abort = body::AbortOnDrop(task.abort_handle());
            let response = answered.await.map_err(|_| Error::ConnectionTerminated)??;
            let response = response.map(|body| body.held(abort).boxed());
            Ok((response, Box::new(async { Ok(()) }) as Box<dyn Future<Output = Result<(), Error>> + Send>))
        })
    }
}

/// One of the requests that may be on their way.
#[derive(Debug)]
struct Slot(std::sync::Arc<AtomicUsize>);

impl Slot {
    fn take(open: &std::sync::Arc<AtomicUsize>) -> Option<Slot> {
        if open.fetch_add(1, Ordering::Relaxed) < MOST_REQUESTS {
            return Some(Slot(open.clone()));
        }
        open.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where all connections live. A stage's executor may end, or be replaced by another one, while a name is being looked
/// up, which nothing can interrupt.
pub(crate) fn runtime() -> Result<&'static tokio::runtime::Runtime, Error> {
    static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).max_blocking_threads(8).thread_name("egress").enable_all().build().ok()
    });
    made.as_ref().ok_or_else(|| Error::InternalError(Some("no thread for connections could be started".to_owned())))
}

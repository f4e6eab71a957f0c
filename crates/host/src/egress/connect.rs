//! Resolves, connects, and carries the request and the response.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, WasiBody};

use super::body::{AbortOnDrop, Piece, Relayed, relay};
use super::request::Checked;
use super::{
    GRACE, LARGEST_HEADERS, LARGEST_REQUEST, LARGEST_RESPONSE, MOST_HEADERS, Patience, SLOWEST_BYTES_PER_SECOND,
    TOTAL_TIME,
};
use crate::denials::Denials;
use crate::rights::{Verdict, class_of};

/// So many addresses of a name are looked at.
const MOST_ADDRESSES: usize = 16;

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Carries out a checked request: the head of the response goes to `answer`, the body follows through a channel.
pub(super) async fn exchange(
    checked: Checked,
    body: WasiBody,
    patience: Patience,
    denials: Denials,
    answer: oneshot::Sender<Result<Response<Relayed>, Error>>,
) {
    let deadline = Instant::now() + TOTAL_TIME;
    let begun = match timeout_at(deadline, begin(checked, body, patience, &denials)).await {
        Ok(begun) => begun,
        Err(_) => Err(Error::HttpResponseTimeout),
    };
    let (response, _connection) = match begun {
        Ok(begun) => begun,
        Err(error) => return drop(answer.send(Err(error))),
    };
    let (parts, mut incoming) = response.into_parts();
    let (pieces, body) = relay(hyper::body::Body::size_hint(&incoming).exact());
    if answer.send(Ok(Response::from_parts(parts, body))).is_err() {
        return;
    }
    let mut meter = Meter { bytes: 0, waited: Duration::ZERO };
    loop {
        let began = Instant::now();
        let next = timeout_at(deadline.min(began + patience.between.min(meter.left())), incoming.frame()).await;
        meter.waited += began.elapsed();
        let piece = match next {
            Ok(None) => Piece::End,
            Ok(Some(Ok(frame))) => {
                meter.bytes = meter.bytes.saturating_add(frame.data_ref().map_or(0, |data| data.len() as u64));
                match meter.bytes > LARGEST_RESPONSE {
                    true => Piece::Failed(Error::HttpResponseBodySize(Some(LARGEST_RESPONSE))),
                    false => Piece::Frame(frame),
                }
            }
            Ok(Some(Err(error))) => Piece::Failed(Error::Hyper(error)),
            Err(_) => Piece::Failed(Error::ConnectionReadTimeout),
        };
        let last = !matches!(piece, Piece::Frame(_));
        // Whoever does not take the body in time loses it.
        let sent = timeout_at(deadline, pieces.send(piece)).await;
        if last || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

/// How fast the response comes, without the time that the plugin takes to read it.
struct Meter {
    bytes: u64,
    waited: Duration,
}

impl Meter {
    /// How long the next piece may take.
    fn left(&self) -> Duration {
        let earned = Duration::from_millis(self.bytes.saturating_mul(1000) / SLOWEST_BYTES_PER_SECOND);
        GRACE.max(earned).saturating_sub(self.waited)
    }
}

async fn begin(
    checked: Checked,
    body: WasiBody,
    patience: Patience,
    denials: &Denials,
) -> Result<(Response<Incoming>, AbortOnDrop), Error> {
    let stream =
        timeout(patience.connect, connect(&checked, denials)).await.map_err(|_| Error::ConnectionTimeout)??;
    let mut builder = http1::Builder::new();
    builder.max_headers(MOST_HEADERS).max_buf_size(LARGEST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(Error::Hyper)?;
    let connection = tokio::spawn(async move {
        // What goes wrong here also comes out of the response.
        let _ = connection.await;
    });
    let connection = AbortOnDrop(connection.abort_handle());
    let largest = usize::try_from(LARGEST_REQUEST).unwrap_or(usize::MAX);
    let request = checked.into_request(Limited::new(body, largest))?;
    let response = timeout(patience.first_byte, sender.send_request(request)).await;
    let response = response.map_err(|_| Error::ConnectionReadTimeout)?.map_err(Error::Hyper)?;
    Ok((response, connection))
}

async fn connect(checked: &Checked, denials: &Denials) -> Result<Box<dyn Stream>, Error> {
    let found = resolve(&checked.host, checked.port).await.map_err(|_| Error::DestinationNotFound)?;
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in found {
        match class_of(address.ip()) {
            Some(class) => match checked.may_reach(class, denials) {
                Verdict::Allowed => allowed.push(address),
                verdict => refused = Some((verdict, class)),
            },
            None => {
                let help = "addresses of this kind cannot be granted".to_owned();
                denials.deny("network.http", format!("{} at {}", checked.shown(), address.ip()), help);
            }
        }
    }
    if allowed.is_empty() {
        if let Some((verdict, class)) = refused {
            checked.deny(denials, verdict, Some(class));
        }
        return Err(Error::DestinationIpProhibited);
    }
    let mut last = Error::DestinationNotFound;
    for address in allowed {
        // Connected by the very address that was looked at: the name is not resolved again.
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return if checked.tls { secure(stream, &checked.host).await } else { Ok(Box::new(stream)) };
            }
            Err(error) => last = Error::Connect(error),
        }
    }
    Err(last)
}

/// The addresses of a host. A literal address is its own.
async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::net::lookup_host((host, port)).await?;
    Ok(found.take(MOST_ADDRESSES).collect())
}

/// The same for callers in other executors, within the time for connecting.
pub(crate) async fn resolve_elsewhere(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let runtime = super::runtime().map_err(|error| io::Error::other(error.to_string()))?;
    let looking = runtime.spawn(async move { timeout(super::CONNECT_TIME, resolve(&host, port)).await });
    looking.await.map_err(io::Error::other)?.map_err(|_| io::ErrorKind::TimedOut)?
}

async fn secure(stream: TcpStream, host: &str) -> Result<Box<dyn Stream>, Error> {
    let name = match host.parse::<IpAddr>() {
        Ok(address) => ServerName::from(address),
        Err(_) => ServerName::try_from(host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?,
    };
    let config = client_config().ok_or(Error::ConfigurationError)?;
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match inner {
                Some(rustls::Error::InvalidCertificate(_)) => Err(Error::TlsCertificateError),
                _ => Err(Error::Tls(error)),
            }
        }
    }
}

/// Trusts whom the system trusts. `None`: TLS cannot be set up at all.
fn client_config() -> Option<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    let made = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Arc::new(config))
    });
    made.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_response_runs_out_of_time() {
        let mut meter = Meter { bytes: 0, waited: Duration::ZERO };
        assert_eq!(meter.left(), GRACE);
        meter.waited = GRACE;
        assert_eq!(meter.left(), Duration::ZERO);
        meter.bytes = 10 * SLOWEST_BYTES_PER_SECOND;
        assert_eq!(meter.left(), Duration::from_secs(5));
    }
}

//! `wasi:sockets` as a plugin sees it: TCP connections to hosts that were granted. A name is looked up only if it was
//! granted; an address is connected to only if it was granted itself, or if a granted name resolves to it, now, in this
//! process; and in both cases only if addresses of its kind were granted.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jackfield_manifest::{AddressClass, HostPattern, SocketRule};
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::{self, ip_name_lookup, network};
use wasmtime_wasi::p2::{SocketError, UdpSocket, bindings};
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSockets, WasiSocketsCtxView, WasiSocketsView};

use crate::account::Account;
use crate::denials::Denials;
use crate::egress;
use crate::rights::{Layers, Use, Verdict, class_of};
use crate::state::State;

/// So many names may a store look up.
const MOST_NAMES: usize = 64;

/// What a store may connect to, and the names that it has looked up. Clones share these.
#[derive(Clone, Debug)]
pub(crate) struct Sockets {
    denials: Denials,
    names: Arc<Mutex<Vec<String>>>,
}

impl Sockets {
    pub(crate) fn new(denials: Denials) -> Sockets {
        Sockets { denials, names: Arc::default() }
    }

    fn layers(&self) -> &Layers<SocketRule> {
        &self.denials.rights().sockets
    }

    /// Whether a socket may use an address for something. Called for every use, and just before it.
    pub(crate) fn check(
        self,
        address: SocketAddr,
        purpose: SocketAddrUse,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + Sync>> {
        Box::pin(async move {
            match purpose {
                SocketAddrUse::TcpConnect => self.connects(address).await,
                // Connecting binds to any address and any port; choosing one is for those who listen.
                SocketAddrUse::TcpBind if address.ip().is_unspecified() && address.port() == 0 => true,
                _ => {
                    let help = "plugins can only connect, and only by TCP".to_owned();
                    self.denials.deny("network.socket", format!("listening at {address}"), help);
                    false
                }
            }
        })
    }

    async fn connects(&self, to: SocketAddr) -> bool {
        let Some(class) = class_of(to.ip()) else {
            self.deny(&to.to_string(), to.port(), Verdict::NotAsked, None);
            return false;
        };
        let literal = address_text(to.ip());
        let by_address = self.decide(&literal, to.port(), class);
        let host = match by_address {
            Verdict::Allowed => Some(literal.clone()),
            _ => self.name_of(to, class).await,
        };
        match host {
            Some(host) => {
                self.denials.rights().record.note(Use::Socket { host, port: to.port() });
                true
            }
            None => {
                self.deny(&literal, to.port(), by_address, Some(class));
                false
            }
        }
    }

    fn decide(&self, host: &str, port: u16, class: AddressClass) -> Verdict {
        self.layers().decide(|rule| rule.port == port && rule.host.matches(host) && rule.addresses.contains(&class))
    }

    /// A granted name that resolves to an address.
    async fn name_of(&self, to: SocketAddr, class: AddressClass) -> Option<String> {
        let mut names: Vec<String> = self.names.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let exact = self.layers().granted.iter().filter(|rule| rule.port == to.port());
        names.extend(exact.filter_map(|rule| match &rule.host {
            HostPattern::Exact(name) => Some(name.clone()),
            _ => None,
        }));
        names.sort_unstable();
        names.dedup();
        for name in names {
            if self.decide(&name, to.port(), class) == Verdict::Allowed {
                let found = egress::resolve_elsewhere(name.clone(), to.port()).await;
                let same = |address: &SocketAddr| address.ip().to_canonical() == to.ip().to_canonical();
                if found.is_ok_and(|addresses| addresses.iter().any(same)) {
                    return Some(name);
                }
            }
        }
        None
    }

    fn deny(&self, host: &str, port: u16, verdict: Verdict, class: Option<AddressClass>) {
        let addresses = match class {
            Some(class) if class != AddressClass::Public => format!(", addresses = [\"{}\"]", class.name()),
            _ => String::new(),
        };
        let line = format!("network.socket = [{{ host = \"{host}\", port = {port}{addresses}, reason = \"…\" }}]");
        let help = match class {
            Some(_) => verdict.help(self.denials.plugin(), &line),
            None => "nothing can be connected to there".to_owned(),
        };
        self.denials.deny("network.socket", format!("connecting to {host} port {port}"), help);
    }

    /// Whether a name may be looked up at all.
    fn looks_up(&self, name: &str) -> Verdict {
        self.layers().decide(|rule| rule.host.matches(name))
    }

    fn remember(&self, name: String) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.contains(&name) {
            return true;
        }
        let room = names.len() < MOST_NAMES;
        if room {
            names.push(name);
        }
        room
    }
}

/// An address as it stands in a rule.
fn address_text(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

/// The store's side of a look-up, for the time of one call.
pub(crate) struct Lookup<'a> {
    pub(crate) view: WasiSocketsCtxView<'a>,
    pub(crate) account: &'a mut Account,
    pub(crate) sockets: &'a Sockets,
}

/// Says that look-ups work on [`Lookup`].
struct OnLookup;

impl HasData for OnLookup {
    type Data<'a> = Lookup<'a>;
}

/// Links `wasi:sockets`.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = network::LinkOptions::from(&bindings::LinkOptions::default());
    network::add_to_linker::<State, WasiSockets>(linker, &options, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    // Libraries for TCP import UDP as well; no such socket can be made.
    sockets::udp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, OnLookup>(linker, State::lookup)?;
    ip_name_lookup::add_to_linker::<State, OnLookup>(linker, State::lookup)
}

impl network::Host for Lookup<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<network::ErrorCode> {
        network::Host::convert_error_code(&mut self.view, error)
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<network::ErrorCode>> {
        network::Host::network_error_code(&mut self.view, error)
    }
}

impl sockets::udp_create_socket::Host for Lookup<'_> {
    async fn create_udp_socket(&mut self, _: network::IpAddressFamily) -> Result<Resource<UdpSocket>, SocketError> {
        self.account.enter().map_err(SocketError::trap)?;
        let help =
            "plugins can only connect, and only by TCP: network.socket = [{ host = \"…\", port = …, reason = \"…\" }]";
        self.sockets.denials.deny("network.socket", "making a UDP socket".to_owned(), help.to_owned());
        Err(network::ErrorCode::AccessDenied.into())
    }
}

impl network::HostNetwork for Lookup<'_> {
    fn drop(&mut self, network: Resource<network::Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.view, network)
    }
}

impl ip_name_lookup::Host for Lookup<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<network::Network>,
        name: String,
    ) -> Result<Resource<ip_name_lookup::ResolveAddressStream>, SocketError> {
        self.account.enter().map_err(SocketError::trap)?;
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let verdict = match name.parse::<IpAddr>() {
            // Nobody is asked about an address; connecting to it is checked.
            Ok(_) => Verdict::Allowed,
            Err(_) => self.sockets.looks_up(&name),
        };
        if verdict != Verdict::Allowed || !self.sockets.remember(name.clone()) {
            let line = format!("network.socket = [{{ host = \"{name}\", port = …, reason = \"…\" }}]");
            let denials = &self.sockets.denials;
            denials.deny("network.socket", format!("looking up {name}"), verdict.help(denials.plugin(), &line));
            return Err(network::ErrorCode::AccessDenied.into());
        }
        ip_name_lookup::Host::resolve_addresses(&mut self.view, network, name)
    }
}

impl ip_name_lookup::HostResolveAddressStream for Lookup<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> Result<Option<network::IpAddress>, SocketError> {
        self.account.enter().map_err(SocketError::trap)?;
        ip_name_lookup::HostResolveAddressStream::resolve_next_address(&mut self.view, stream)
    }

    fn subscribe(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<wasmtime_wasi::p2::DynPollable>> {
        ip_name_lookup::HostResolveAddressStream::subscribe(&mut self.view, stream)
    }

    fn drop(&mut self, stream: Resource<ip_name_lookup::ResolveAddressStream>) -> wasmtime::Result<()> {
        ip_name_lookup::HostResolveAddressStream::drop(&mut self.view, stream)
    }
}

//! Takes a plugin's request apart, checks it against the rights, and makes it anew.

use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jackfield_manifest::{AddressClass, HttpRule};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error};

use super::secrets::fill_in;
use super::{LARGEST_HEADERS, LARGEST_URL, MOST_HEADERS};
use crate::denials::Denials;
use crate::rights::Verdict;

/// A request whose parts were checked, apart from the address that it will go to.
pub(crate) struct Checked {
    pub(crate) method: Method,
    pub(crate) tls: bool,
    /// In lower case; an IPv6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Without the query.
    pub(crate) path: String,
    path_and_query: String,
    headers: HeaderMap,
}

/// Headers that say how a message is framed or routed, which is the host's business.
pub(crate) fn is_the_hosts_own(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || [header::TE, header::TRAILER, header::EXPECT, header::FORWARDED, header::VIA].contains(name)
        || name.as_str().starts_with("proxy-")
        || name.as_str() == "alt-used"
}

impl Checked {
    /// # Errors
    /// A bound is broken, or a right is missing, which is told.
    pub(crate) fn new(parts: http::request::Parts, denials: &Denials) -> Result<Checked, Error> {
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        Checked::of(parts, denials).inspect_err(|error| {
            // What a right is missing for has been told. The query may hold what is nobody else's business.
            let (why, help) = match error {
                Error::HttpRequestUriInvalid => {
                    let help = "http://HOST:PORT/PATH or https://…: HOST is a name or an address in its usual notation, without user names";
                    ("which is no URL that is understood", help.to_owned())
                }
                Error::HttpRequestUriTooLong => ("whose URL is too long", format!("a URL has at most {LARGEST_URL} bytes")),
                Error::HttpRequestHeaderSectionSize(_) => {
                    let help = format!("a request has at most {MOST_HEADERS} headers of {LARGEST_HEADERS} bytes");
                    ("whose headers are too large", help)
                }
                _ => return,
            };
            let target = uri.to_string();
            let target = target.split('?').next().unwrap_or_default();
            denials.deny("network.http", format!("{method} {target}, {why}"), help);
        })
    }

    fn of(parts: http::request::Parts, denials: &Denials) -> Result<Checked, Error> {
        let uri = &parts.uri;
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        if authority.as_str().contains('@') {
            return Err(Error::HttpRequestUriInvalid);
        }
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        if !tls && uri.scheme() != Some(&Scheme::HTTP) {
            return Err(Error::HttpRequestUriInvalid);
        }
        let host = plain_host(authority.host()).ok_or(Error::HttpRequestUriInvalid)?;
        let port = match (authority.port_u16(), authority.port()) {
            (Some(port), _) if port > 0 => port,
            (None, None) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            _ => return Err(Error::HttpRequestUriInvalid),
        };
        let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
        let path_and_query = match path_and_query {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path if path.starts_with('/') => path.to_owned(),
            _ => return Err(Error::HttpRequestUriInvalid),
        };
        if path_and_query.len() + authority.as_str().len() > LARGEST_URL {
            return Err(Error::HttpRequestUriTooLong);
        }
        let path = path_and_query.split('?').next().unwrap_or("/").to_owned();
        let mut checked =
            Checked { method: parts.method, tls, host, port, path, path_and_query, headers: HeaderMap::new() };
        match denials.rights().http.decide(|rule| checked.fits(rule)) {
            Verdict::Allowed => {}
            verdict => {
                checked.deny(denials, verdict, None);
                return Err(Error::HttpRequestDenied);
            }
        }
        if checked.path_and_query.contains("${secret:") {
            let help = "put the placeholder into the value of a header".to_owned();
            denials.deny("secrets", format!("a secret in the URL of {}", checked.shown()), help);
            return Err(Error::HttpRequestDenied);
        }
        checked.take_headers(&parts.headers, denials)?;
        Ok(checked)
    }

    fn take_headers(&mut self, given: &HeaderMap, denials: &Denials) -> Result<(), Error> {
        let bytes: usize = given.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if given.len() > MOST_HEADERS || bytes > LARGEST_HEADERS {
            return Err(Error::HttpRequestHeaderSectionSize(u32::try_from(bytes).ok()));
        }
        // Trailers have no place in what is made anew, and lengths have been compared with the body already.
        for (name, value) in given.iter().filter(|(name, _)| !is_the_hosts_own(name)) {
            let value = fill_in(value, self, denials)?;
            self.headers.append(name.clone(), value);
        }
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default = if self.tls { 443 } else { 80 };
        let host = if self.port == default { host } else { format!("{host}:{}", self.port) };
        let host = HeaderValue::from_str(&host).map_err(|_| Error::HttpRequestUriInvalid)?;
        self.headers.insert(header::HOST, host);
        Ok(())
    }

    /// A rule is about this request. Which kinds of addresses it allows is asked when the address is known.
    fn fits(&self, rule: &HttpRule) -> bool {
        let path = rule.paths.is_empty()
            || rule.paths.iter().any(|prefix| self.path.starts_with(prefix.as_str())) && is_plain(&self.path);
        rule.host.matches(&self.host)
            && rule.ports.contains(&self.port)
            && rule.methods.iter().any(|method| method.name() == self.method.as_str())
            && path
    }

    /// Whether the request may go to addresses of a kind.
    pub(crate) fn may_reach(&self, class: AddressClass, denials: &Denials) -> Verdict {
        denials.rights().http.decide(|rule| self.fits(rule) && rule.addresses.contains(&class))
    }

    /// Tells that the request was denied, for its address where a kind of these is given.
    pub(crate) fn deny(&self, denials: &Denials, verdict: Verdict, class: Option<AddressClass>) {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let mut line = format!("network.http = [{{ host = \"{host}\"");
        if self.port != 443 {
            line.push_str(&format!(", ports = [{}]", self.port));
        }
        if !matches!(self.method.as_str(), "GET" | "HEAD") {
            line.push_str(&format!(", methods = [\"{}\"]", self.method));
        }
        if let Some(class) = class {
            line.push_str(&format!(", addresses = [\"{}\"]", class.name()));
        }
        line.push_str(", reason = \"…\" }]");
        let at = class.map(|class| format!(" at a {} address", class.name())).unwrap_or_default();
        denials.deny("network.http", format!("{}{at}", self.shown()), verdict.help(denials.plugin(), &line));
    }

    /// The request as messages show it; without the query, which may hold what is nobody else's business.
    pub(crate) fn shown(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let scheme = if self.tls { "https" } else { "http" };
        let default = if self.tls { 443 } else { 80 };
        let port = if self.port == default { String::new() } else { format!(":{}", self.port) };
        format!("{} {scheme}://{host}{port}{}", self.method, self.path)
    }

    /// The request as it goes out, with its body.
    pub(crate) fn into_request<B>(self, body: B) -> Result<http::Request<B>, Error> {
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(self.path_and_query)
            .body(body)
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// A host in the way that rules are written: lower case, no dot at the end, an address in its one notation. `None`: it
/// is neither a name nor an address, or one in a notation that some resolvers take for an address.
fn plain_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(inner.parse::<std::net::Ipv6Addr>().ok()?.to_string());
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return Some(address.to_string());
    }
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        inner && !label.is_empty() && label.len() <= 63
    };
    let number = host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    (host.len() <= 253 && !number && host.split('.').all(label)).then_some(host)
}

/// A path without parts that a server may take for a way up, in any encoding.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let decoded = lower.replace("%2e", ".");
    let up = decoded.split(['/', '\\']).any(|part| matches!(part.split(';').next(), Some("." | "..")));
    !up && !["%2f", "%5c", "%25", "%00", "\\"].iter().any(|odd| lower.contains(odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_one_notation() {
        for (host, plain) in [
            ("Example.COM", Some("example.com")),
            ("example.com.", Some("example.com")),
            ("[0:0::1]", Some("::1")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("127.1", None),
            ("0x7f.1", None),
            ("2130706433", None),
            ("a..b", None),
            ("", None),
            ("a b", None),
            ("[::1%25lo]", None),
        ] {
            assert_eq!(plain_host(host).as_deref(), plain, "{host}");
        }
    }

    #[test]
    fn paths_that_lead_up_are_not_plain() {
        for path in ["/v1/", "/v1/a.b/..c", "/v1/%20", "/v1/a..b"] {
            assert!(is_plain(path), "{path}");
        }
        for path in
            ["/v1/../x", "/v1/%2e%2E/x", "/v1/.%2e/x", "/v1/..;/x", "/v1/..%2fx", "/v1/..\\x", "/v1/%252e", "/v1/."]
        {
            assert!(!is_plain(path), "{path}");
        }
    }
}

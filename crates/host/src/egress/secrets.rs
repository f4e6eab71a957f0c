//! Fills secrets into headers, for hosts that may see them. The plugin only ever has the placeholder.

use std::io::Read;

use http::HeaderValue;
use wasmtime_wasi_http::Error;

use super::request::Checked;
use crate::denials::Denials;
use crate::rights::{SecretSource, Use, Verdict};

const START: &str = "${secret:";

/// Bytes of a secret at most.
const LARGEST_SECRET: u64 = 8 << 10;

/// A header's value with the secrets in the place of `${secret:NAME}`.
pub(crate) fn fill_in(value: &HeaderValue, request: &Checked, denials: &Denials) -> Result<HeaderValue, Error> {
    let Ok(text) = value.to_str() else { return Ok(value.clone()) };
    if !text.contains(START) {
        return Ok(value.clone());
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&secret(name, request, denials)?);
        rest = behind;
    }
    filled.push_str(rest);
    let mut filled = HeaderValue::from_str(&filled).map_err(|_| refused())?;
    filled.set_sensitive(true);
    Ok(filled)
}

fn refused() -> Error {
    Error::HttpRequestDenied
}

fn secret(name: &str, request: &Checked, denials: &Denials) -> Result<String, Error> {
    let rights = denials.rights();
    let host = request.host.as_str();
    let what = format!("secret {name} for {host}");
    let verdict = rights.secrets.decide(|rule| rule.name == name && rule.hosts.iter().any(|p| p.matches(host)));
    if verdict != Verdict::Allowed {
        let line = format!("secrets = [{{ name = \"{name}\", hosts = [\"{host}\"], reason = \"…\" }}]");
        denials.deny("secrets", what, verdict.help(denials.plugin(), &line));
        return Err(refused());
    }
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !request.tls && !loopback {
        denials.deny("secrets", format!("{what} without TLS"), "send the request by https".to_owned());
        return Err(refused());
    }
    let Some(source) = rights.sources.get(name) else {
        let help = format!("say where it comes from in jackfield.toml: [secrets] {name} = {{ env = \"…\" }}");
        denials.deny("secrets", format!("{what}, which is not configured"), help);
        return Err(refused());
    };
    match read(source) {
        Some(value) => {
            rights.record.note(Use::Secret { name: name.to_owned(), host: host.to_owned() });
            Ok(value)
        }
        None => {
            let help =
                format!("[secrets] in jackfield.toml says {source:?}; it must hold one line of visible characters");
            denials.deny("secrets", format!("{what}, which cannot be read"), help);
            Err(refused())
        }
    }
}

fn read(source: &SecretSource) -> Option<String> {
    let text = match source {
        SecretSource::Env(name) => std::env::var(name).ok()?,
        SecretSource::File(path) => {
            let mut text = String::new();
            let file = std::fs::File::open(path).ok()?;
            if !file.metadata().ok()?.is_file() {
                return None;
            }
            file.take(LARGEST_SECRET + 1).read_to_string(&mut text).ok()?;
            text
        }
    };
    let text = text.trim_end_matches(['\r', '\n']);
    let good = !text.is_empty() && text.len() as u64 <= LARGEST_SECRET && !text.contains(char::is_control);
    good.then(|| text.to_owned())
}

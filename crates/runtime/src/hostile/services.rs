//! Services, asked in every wrong way.

use super::hooks::open;
use super::inputs::{ODD_TEXT, bytes, long_text};
use super::{Trials, Verdict, verdict};

pub(super) async fn run(trials: &mut Trials<'_>, service: &str) {
    let mut payloads: Vec<(String, Vec<u8>)> =
        [("null", "null"), ("an object", "{}"), ("a list", "[]"), ("a text", "\"\""), ("deep", &"[".repeat(100_000))]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .to_vec();
    payloads.extend(bytes().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
    let methods = [("", "no method"), ("no-such-method", "an unknown method"), (ODD_TEXT, "a steering method")];
    let long = long_text();
    let mut calls: Vec<(String, String, Vec<u8>)> = Vec::new();
    for (method, about) in methods.into_iter().chain([(long.as_str(), "a long method")]) {
        calls.push((about.to_owned(), method.to_owned(), Vec::new()));
    }
    for (name, payload) in payloads {
        // Authors name what their services can do in their own words; these are frequent ones.
        for method in ["get", "call", "lookup"] {
            calls.push((format!("`{method}` with {name}"), method.to_owned(), payload.clone()));
        }
    }
    let mut instance = None;
    for (input, method, payload) in calls {
        let mut ready = match instance.take() {
            Some(instance) => instance,
            None => match open(trials).await {
                Ok(instance) => instance,
                Err(error) => return trials.note("its start", verdict(error)),
            },
        };
        let called = ready.call_service(service, &method, &payload).await;
        let verdict = called.err().map_or(Verdict::Took, verdict);
        // After a fault there is nothing left to call.
        if !matches!(verdict, Verdict::Defect { .. }) {
            instance = Some(ready);
        }
        trials.note(input, verdict);
    }
}

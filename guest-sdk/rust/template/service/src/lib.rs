//! {{title}}: a service that turns texts round, for other plugins.

use jackfield_sdk::{Failure, Service};

/// The plugin's service.
struct {{pascal}};

impl Service for {{pascal}} {
    fn call(_service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, Failure> {
        match method {
            "reverse" => reverse(payload),
            other => Err(Failure::invalid_input("unknown-method", format!("there is no method `{other}`"))),
        }
    }
}

/// The characters of a text, the last one first.
fn reverse(payload: &[u8]) -> Result<Vec<u8>, Failure> {
    let text = std::str::from_utf8(payload);
    let text = text.map_err(|error| Failure::invalid_input("invalid-utf8", error.to_string()))?;
    Ok(text.chars().rev().collect::<String>().into_bytes())
}

jackfield_sdk::export_service!({{pascal}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_turned_round() {
        assert_eq!({{pascal}}::call("{{name}}", "reverse", "abc".as_bytes()).unwrap(), b"cba");
        assert_eq!({{pascal}}::call("{{name}}", "revers", b"").unwrap_err().code, "unknown-method");
    }
}

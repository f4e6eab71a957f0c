//! Permissions as lines for people, and to be compared with what was asked before.

use super::{AddressClass, Asked, Method, Permissions, StorageAccess};

/// One thing that a plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// The permission with all that bounds it, such as `network.http *.example.com`; the same text means the same right.
    pub right: String,
    /// What the plugin needs it for.
    pub reason: Option<String>,
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.right)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl Permissions {
    /// Everything that is asked for, in the order of the grammar. Bounds that are as by default are not told.
    pub fn asks(&self) -> Vec<Ask> {
        let mut asks = Vec::new();
        let mut add = |right: String, reason: &Option<String>| asks.push(Ask { right, reason: reason.clone() });
        for rule in &self.filesystem_read {
            add(format!("filesystem.read {}", rule.path.as_str()), &rule.reason);
        }
        for rule in &self.filesystem_write {
            let quota = rule.quota.map(|quota| format!(" quota {quota}")).unwrap_or_default();
            add(format!("filesystem.write {}{quota}", rule.path.as_str()), &rule.reason);
        }
        for rule in &self.network_http {
            let mut right = format!("network.http {}", rule.host);
            if rule.ports != [443] {
                right.push_str(&format!(" ports {}", list(&rule.ports)));
            }
            if rule.methods != [Method::Get, Method::Head] {
                right.push_str(&format!(" methods {}", list(rule.methods.iter().map(|method| method_name(*method)))));
            }
            if !rule.paths.is_empty() {
                right.push_str(&format!(" paths {}", list(&rule.paths)));
            }
            right.push_str(&addresses(&rule.addresses));
            add(right, &rule.reason);
        }
        for rule in &self.network_socket {
            add(format!("network.socket {}:{}{}", rule.host, rule.port, addresses(&rule.addresses)), &rule.reason);
        }
        for rule in &self.secrets {
            let hosts = if rule.hosts.is_empty() { String::new() } else { format!(" for {}", list(&rule.hosts)) };
            add(format!("secrets {}{hosts}", rule.name), &rule.reason);
        }
        for rule in &self.env {
            add(format!("env {}", rule.name), &rule.reason);
        }
        for rule in &self.storage {
            let write = if rule.access == StorageAccess::Write { " write" } else { "" };
            add(format!("storage {}{write}", rule.url), &rule.reason);
        }
        for rule in &self.exec {
            add(format!("exec {}", rule.command), &rule.reason);
        }
        let flags: [(&str, &Option<Asked>); 4] = [
            ("clock", &self.clock),
            ("random", &self.random),
            ("gpu", &self.gpu),
            ("memory.unlimited", &self.memory_unlimited),
        ];
        for (name, flag) in flags {
            if let Some(flag) = flag {
                add(name.to_owned(), &flag.reason);
            }
        }
        asks
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn addresses(classes: &[AddressClass]) -> String {
    if classes == [AddressClass::Public] {
        return String::new();
    }
    let names = classes.iter().map(|class| match class {
        AddressClass::Public => "public",
        AddressClass::Private => "private",
        AddressClass::Loopback => "loopback",
        AddressClass::LinkLocal => "link-local",
        AddressClass::Metadata => "metadata",
    });
    format!(" addresses {}", list(names))
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
    }
}

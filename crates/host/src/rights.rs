//! What a plugin may do besides computing: what its manifest asks for, cut down to what was granted and to what the
//! operator's policies allow. Computed once, when the plugin is loaded; every store of it looks at the same rights.

mod addresses;
mod files;
mod record;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jackfield_manifest::{HttpRule, SecretRule, SocketRule};

pub use addresses::class_of;
pub(crate) use files::Place;
pub use files::{Access, FileRight};
pub use record::{Denial, DenialSink, Record, Use};

/// Bytes that may be written to a place where neither the manifest nor a policy says how many.
pub const DEFAULT_QUOTA: u64 = 1 << 30;

/// What a plugin may do. The default is nothing.
#[derive(Debug, Default)]
pub struct Rights {
    /// Folders and files, opened.
    pub files: Vec<FileRight>,
    /// Where HTTP requests may go.
    pub http: Layers<HttpRule>,
    /// Where TCP connections may go.
    pub sockets: Layers<SocketRule>,
    /// Which secrets may be filled into requests, and for whom.
    pub secrets: Layers<SecretRule>,
    /// Where the values of secrets come from, by name.
    pub sources: BTreeMap<String, SecretSource>,
    /// The variables that it sees.
    pub env: Vec<(String, String)>,
    /// It sees the real time.
    pub clock: bool,
    /// It sees real randomness.
    pub random: bool,
    /// What it has used of all this, and what was denied.
    pub record: Record,
}

/// Where the value of a secret comes from. It is read when it is needed.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(PathBuf),
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(name) => write!(f, "variable {name}"),
            SecretSource::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// Rules of one kind, by who says them. A right needs the consent of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers<T> {
    /// What the manifest asks for.
    pub asked: Vec<T>,
    /// What of it was granted.
    pub granted: Vec<T>,
    /// What each policy allows.
    pub ceilings: Vec<Vec<T>>,
}

impl<T> Default for Layers<T> {
    fn default() -> Self {
        Layers { asked: Vec::new(), granted: Vec::new(), ceilings: Vec::new() }
    }
}

/// Who has a say in a right, and whether all agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All agree.
    Allowed,
    /// The manifest does not ask for it.
    NotAsked,
    /// The manifest asks for it, and it was not granted.
    NotGranted,
    /// A policy is against it.
    Policy,
}

impl<T> Layers<T> {
    /// Whether all agree, where a rule that fits gives consent.
    pub fn decide(&self, fits: impl Fn(&T) -> bool) -> Verdict {
        if !self.asked.iter().any(&fits) {
            Verdict::NotAsked
        } else if !self.granted.iter().any(&fits) {
            Verdict::NotGranted
        } else if self.ceilings.iter().all(|ceiling| ceiling.iter().any(&fits)) {
            Verdict::Allowed
        } else {
            Verdict::Policy
        }
    }
}

impl Rights {
    /// Whether a component may import the interfaces that a permission stands for.
    pub(crate) fn of_import(&self, permission: &str) -> Verdict {
        match permission {
            "network.http" => self.http.decide(|_| true),
            "network.socket" => self.sockets.decide(|_| true),
            _ => Verdict::NotAsked,
        }
    }
}

impl Verdict {
    /// What to do about a right that is not there. `line` is what the manifest would say.
    pub(crate) fn help(self, plugin: &str, line: &str) -> String {
        match self {
            Verdict::Allowed | Verdict::NotAsked => {
                format!("ask for it under [permissions] in plugin.toml: {line}")
            }
            Verdict::NotGranted => format!("grant it: jackfield plugin grant {plugin}"),
            Verdict::Policy => {
                format!("[policy] in jackfield.toml does not allow it; the operator may add there: {line}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_needs_the_consent_of_all() {
        let mut layers = Layers { asked: vec![1, 2, 3, 4], granted: vec![2, 3, 4], ceilings: Vec::new() };
        assert_eq!(layers.decide(|n| *n == 2), Verdict::Allowed);
        layers.ceilings = vec![vec![3, 4, 5], vec![4]];
        let verdicts: Vec<Verdict> = (0..=5).map(|wanted| layers.decide(|n| *n == wanted)).collect();
        use Verdict::{Allowed, NotAsked, NotGranted, Policy};
        assert_eq!(verdicts, [NotAsked, NotGranted, Policy, Policy, Allowed, NotAsked]);
        assert_eq!(Layers::<u8>::default().decide(|_| true), NotAsked);
    }
}

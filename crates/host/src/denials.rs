//! Tells somebody that a plugin was denied something: once for each thing that it tried.

use std::sync::Arc;

use crate::rights::{Denial, DenialSink};
use crate::{Label, Rights};

/// What host functions of one store need to deny something. Clones tell the same ones.
#[derive(Clone)]
pub(crate) struct Denials {
    rights: Arc<Rights>,
    label: Label,
    sink: DenialSink,
}

impl std::fmt::Debug for Denials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Denials").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Denials {
    pub(crate) fn new(rights: Arc<Rights>, label: Label, sink: DenialSink) -> Denials {
        Denials { rights, label, sink }
    }

    /// The plugin's name.
    pub(crate) fn plugin(&self) -> &str {
        &self.label.plugin
    }

    pub(crate) fn rights(&self) -> &Arc<Rights> {
        &self.rights
    }

    /// Counts a denial, and tells it if it is the first of its kind. Text of the guest is made harmless.
    pub(crate) fn deny(&self, permission: &str, what: String, help: String) {
        let what = shown(&what);
        if self.rights.record.deny(permission, &what) {
            (self.sink)(Denial {
                permission: permission.to_owned(),
                what,
                help: shown(&help),
                label: self.label.clone(),
            });
        }
    }
}

/// The beginning of a text, without control characters.
fn shown(text: &str) -> String {
    const LONGEST: usize = 300;
    let short: String = text.chars().take(LONGEST).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    crate::wasi::escape(&short, false) + dots
}

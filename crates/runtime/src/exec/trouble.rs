//! The problems of a run: the first one counts, and it stops all stages.

use std::sync::{Mutex, PoisonError};

use jackfield_host::CancelToken;

use crate::diagnose::{Class, Diagnosis};

/// Collects what the stages of a run report.
#[derive(Debug)]
pub(crate) struct Failures {
    found: Mutex<Vec<Diagnosis>>,
    cancel: CancelToken,
}

impl Failures {
    pub(crate) fn new(cancel: CancelToken) -> Failures {
        Failures { found: Mutex::new(Vec::new()), cancel }
    }

    /// Notes problems and stops the run. What stages report because they were stopped is not news.
    pub(crate) fn add(&self, diagnoses: Vec<Diagnosis>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_empty() {
            found.extend(diagnoses);
        } else {
            found.extend(diagnoses.into_iter().filter(|d| d.class != Class::Cancelled));
        }
        drop(found);
        self.cancel.cancel();
    }

    /// Notes what stopped the run without any stage telling it.
    pub(crate) fn add_cause(&self, cause: Diagnosis) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|other| other.class != Class::Cancelled);
        found.push(cause);
        drop(found);
        self.cancel.cancel();
    }

    /// Another stage has failed, or somebody has stopped the run.
    pub(crate) fn stopped(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(crate) fn take(&self) -> Vec<Diagnosis> {
        std::mem::take(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

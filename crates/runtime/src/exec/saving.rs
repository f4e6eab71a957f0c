//! Rows that a plugin did not survive are saved, so that they can be run again and become a test case.
//!
//! By themselves only crashes, limits and broken promises are saved, in the state folder, a bounded number of them. With
//! a folder of the user's, rows that failed or were rejected are saved there too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use jackfield_columns::Batch;
use jackfield_host::{CallError, Fault, LimitValue, StoreOptions};
use jackfield_manifest::{Table, Value};
use serde_json::Value as Json;

use crate::cases::from_json;
use crate::cases::saved::{Expectation, MOST_KEPT, Saved, SavedInput};

/// So many saved failures of one stage in one run at most.
const MOST_OF_A_STAGE: u32 = 10;

/// Where failures of a run are saved.
#[derive(Debug, Default)]
pub(crate) struct Saving {
    folder: Option<PathBuf>,
    /// The user named the folder: everything is saved, and nothing is removed.
    named: bool,
    by_stage: Mutex<BTreeMap<String, u32>>,
}

/// What a call was about when it failed.
pub(crate) struct Occasion<'a> {
    pub(crate) stage: &'a str,
    /// The node type, or `format:ID`, with the plugin's name.
    pub(crate) subject: String,
    /// Parameters or options, as JSON.
    pub(crate) params: &'a str,
    pub(crate) store: &'a StoreOptions,
    pub(crate) port: &'a str,
    pub(crate) batch: &'a Batch,
}

impl Saving {
    /// In a folder of the user's, else below the state folder, if there is one.
    pub(crate) fn new(named: Option<PathBuf>, state: Option<&Path>) -> Saving {
        let folder = named.clone().or_else(|| state.map(|state| state.join("failures")));
        Saving { folder, named: named.is_some(), by_stage: Mutex::default() }
    }

    /// Failures of single rows are saved as well.
    pub(crate) fn saves_rows(&self) -> bool {
        self.named
    }

    /// Saves the rows of a call that ended an instance, and says how to run them again.
    pub(crate) fn fault(&self, occasion: &Occasion<'_>, error: &CallError) -> Option<String> {
        let CallError::Fault(fault) = error else { return None };
        let limits = limit_of(fault, occasion.store);
        let about = fault.message.clone();
        self.save(occasion, about, limits, Expectation::Survives).map(|file| help(&file))
    }

    /// Saves rows that could not be worked on, each with its reason, if the user wants such ones.
    pub(crate) fn rows(&self, occasion: &Occasion<'_>, about: &str, expectation: Expectation) -> Option<String> {
        if !self.named {
            return None;
        }
        self.save(occasion, about.to_owned(), Table::new(), expectation).map(|file| help(&file))
    }

    fn save(&self, occasion: &Occasion<'_>, about: String, limits: Table, expectation: Expectation) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        {
            let mut by_stage = self.by_stage.lock().unwrap_or_else(PoisonError::into_inner);
            let count = by_stage.entry(occasion.stage.to_owned()).or_default();
            if *count >= MOST_OF_A_STAGE {
                return None;
            }
            *count += 1;
        }
        let table = |text: &str| match serde_json::from_str::<Json>(text) {
            Ok(json) => match from_json(&json) {
                Value::Table(table) => table,
                _ => Table::new(),
            },
            Err(_) => Table::new(),
        };
        let saved = Saved {
            subject: occasion.subject.clone(),
            params: table(occasion.params),
            config: table(&occasion.store.config),
            limits,
            inputs: vec![SavedInput {
                port: occasion.port.to_owned(),
                schema: occasion.batch.schema().clone(),
                batches: vec![occasion.batch.clone()],
            }],
            about: Some(about),
            is_one_call: true,
            expectation,
        };
        // The same rows with the same end have the same name, however often they come.
        let files = saved.files("", "").ok()?;
        let digest = files
            .iter()
            .flat_map(|(_, bytes)| bytes)
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        let stem = format!("{}-{:08x}", occasion.stage, digest >> 32);
        // What cannot be saved must not hide why it was to be.
        let file = saved.write_private(folder, &format!("what {} did not survive", occasion.stage), &stem).ok()?;
        if !self.named {
            prune(folder);
        }
        Some(file)
    }
}

fn help(file: &Path) -> String {
    let file = file.display();
    format!(
        "its rows were saved: `jackfield plugin replay {file}` runs them again, and `jackfield plugin test --from {file}` \
         in the plugin's folder makes a test case of them"
    )
}

/// The limit that was reached, so that it holds again.
fn limit_of(fault: &Fault, store: &StoreOptions) -> Table {
    let mut limits = Table::new();
    let Some(key) = fault.limit.as_ref().and_then(|limit| limit.setting.strip_prefix("limits.")) else { return limits };
    let entries = store.limits.entries();
    let Some(entry) = entries.iter().find(|entry| entry.name == key) else { return limits };
    let whole = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let text = |text: String| Value::Text { text, loose: false };
    let value = match entry.value {
        LimitValue::Bytes(bytes) => text(format!("{bytes}B")),
        LimitValue::Count(count) | LimitValue::Times(count) => whole(count),
        LimitValue::Time(time) => text(format!("{}us", time.as_micros())),
    };
    limits.insert(key.to_owned(), value);
    limits
}

/// Removes the oldest saved failures, so that a bounded number stays.
fn prune(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let made =
        |path: &PathBuf| std::fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut cases: Vec<&PathBuf> = files.iter().filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    cases.sort_by_key(|path| made(path));
    let surplus = cases.len().saturating_sub(MOST_KEPT);
    for case in cases.into_iter().take(surplus) {
        let stem = case.file_stem().map(|stem| format!("{}.", stem.to_string_lossy())).unwrap_or_default();
        let belongs = |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&stem));
        for file in files.iter().filter(belongs) {
            // Another run may have removed it already.
            let _ = std::fs::remove_file(file);
        }
    }
}

//! Cases of a plugin's tests: each is a small pipeline around what it is about, planned and run like any other, with the
//! same limits. What comes out is compared with what the case expects.

mod bench;
mod bless;
mod build;
mod checkup;
mod compare;
mod content;
mod flame;
mod hook;
mod judge;
mod profile;
mod ran;
mod random;
pub mod saved;

use std::path::Path;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use jackfield_columns::Batch;
use jackfield_host::{CancelToken, LogLine};
use jackfield_manifest::{Case, Content, ExpectedError, ExpectedLog, Problem, Subject};
use serde_json::Value as Json;

use crate::diagnose::problem;
use crate::discover::InstalledPlugin;
use crate::loader::Runtime;

pub use bench::{BenchRequest, NotMeasured, Rate};
pub(crate) use bless::from_json;
pub use bless::{Blessing, bless};
pub use checkup::{Checkup, Finding, Grade};
pub use compare::{RowChange, RowDiff, Shown};
pub use flame::flame_graph;
pub use profile::{Profile, Sample};
pub use random::{PropertyFailure, PropertyReport};

/// What came of a case.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// The case's name.
    pub name: String,
    /// What it is about, such as `filter` or `codec:gzip`.
    pub subject: String,
    /// Empty: it passed.
    pub mismatches: Vec<Mismatch>,
    /// Units of fuel of all calls of the plugin, planning not counted.
    pub fuel: u64,
    /// The most that one of its instances held, in bytes.
    pub peak_memory_bytes: u64,
    /// Planning and running together.
    pub elapsed: Duration,
    /// What there was instead of what was expected.
    pub actual: Actual,
}

impl CaseReport {
    /// Everything was as expected.
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// The case cannot be run: its own data is wrong.
    Unusable(String),
    /// It failed.
    Failed(Vec<Problem>),
    /// It did not fail, or otherwise than it should.
    Error {
        /// What was due.
        expected: ExpectedError,
        /// What came; empty: it did not fail.
        problems: Vec<Problem>,
    },
    /// The columns of a port have other names, types or places.
    Columns {
        /// The port.
        port: String,
        /// Names and types that were due.
        expected: Vec<(String, String)>,
        /// Those that came.
        actual: Vec<(String, String)>,
    },
    /// The rows of a port differ.
    Rows {
        /// The port.
        port: String,
        /// How.
        diff: RowDiff,
    },
    /// The bytes of a port differ.
    Bytes {
        /// The port.
        port: String,
        /// What was due.
        expected: Vec<u8>,
        /// What came.
        actual: Vec<u8>,
    },
    /// The rejected rows are not those that were due.
    Rejected {
        /// In words: the entry that was due, or the row that came.
        message: String,
    },
    /// The plugin did not log this.
    Log(ExpectedLog),
    /// A hook answered otherwise.
    Answer {
        /// `proceed`, `changed`, `replaced` or `veto`.
        expected: String,
        /// Likewise; `None`: it failed.
        actual: Option<&'static str>,
        /// Why, if it failed or said no.
        problems: Vec<Problem>,
    },
    /// A field of a hook's answer differs.
    Field {
        /// Its name.
        name: String,
        /// What was due.
        expected: Json,
        /// What came.
        actual: Json,
    },
    /// It used more than its budget.
    Budget {
        /// `fuel` or `memory`.
        what: &'static str,
        /// Units of fuel, or bytes.
        most: u64,
        /// Likewise.
        used: u64,
    },
}

/// What a case gave.
#[derive(Debug, Clone, Default)]
pub struct Actual {
    /// By port.
    pub outputs: Vec<(String, Came)>,
    /// Why it failed, if it did.
    pub problems: Vec<Problem>,
    /// Rows that left by the error policy: dead letters.
    pub rejected: Vec<Json>,
    /// What the plugin logged.
    pub logs: Vec<LogLine>,
    /// What a hook answered.
    pub answer: Option<HookAnswer>,
}

/// What a hook answered.
#[derive(Debug, Clone, PartialEq)]
pub struct HookAnswer {
    /// `proceed`, `changed`, `replaced` or `veto`.
    pub word: &'static str,
    /// The event, or the outcome, as it is behind the hook; of a veto nothing.
    pub fields: serde_json::Map<String, Json>,
}

/// What came out of a port.
#[derive(Debug, Clone)]
pub enum Came {
    /// Rows.
    Rows(SchemaRef, Vec<Batch>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What all cases of a run share.
#[derive(Debug, Clone)]
pub struct Bench<'a> {
    /// The plugin under test.
    pub plugin: &'a InstalledPlugin,
    /// Stops everything.
    pub cancel: CancelToken,
}

impl Runtime {
    /// Runs a case. `folder` is that of its file.
    pub fn run_case(&self, bench: &Bench<'_>, case: &Case, folder: &Path) -> CaseReport {
        let mut report = CaseReport {
            name: case.name.clone(),
            subject: case.subject.text(),
            mismatches: Vec::new(),
            fuel: 0,
            peak_memory_bytes: 0,
            elapsed: Duration::ZERO,
            actual: Actual::default(),
        };
        match self.try_case(bench, case, folder) {
            Ok(ran) => {
                (report.fuel, report.peak_memory_bytes) = (ran.fuel, ran.peak_memory_bytes);
                report.elapsed = ran.elapsed;
                report.mismatches = self.judge(case, folder, &ran);
                let ran::Ran { outputs, problems, rejected, logs, answer, .. } = ran;
                report.actual = Actual { outputs, problems, rejected, logs, answer };
            }
            Err(why) => report.mismatches.push(Mismatch::Unusable(why)),
        }
        report
    }

    fn try_case(&self, bench: &Bench<'_>, case: &Case, folder: &Path) -> Result<ran::Ran, String> {
        let setting = ran::Setting::of(bench, case);
        match &case.subject {
            Subject::Node(node) => {
                let mut inputs = Vec::new();
                for (port, content) in &case.inputs {
                    let (schema, batches) = self.given(case, port, content, folder)?;
                    inputs.push(ran::Input { port: port.clone(), schema, batches });
                }
                self.run_node(&setting, node, inputs, &case.outputs.keys().cloned().collect::<Vec<_>>())
            }
            Subject::Format(id) => self.run_format(&setting, case, id, folder),
            Subject::Codec(id) => self.run_codec(&setting, case, id, folder),
            Subject::Hook(id) => self.run_hook_case(&setting, case, id, folder),
        }
    }

    /// The rows that a case gives to a port, in batches.
    fn given(
        &self,
        case: &Case,
        port: &str,
        content: &Content,
        folder: &Path,
    ) -> Result<(SchemaRef, Vec<Batch>), String> {
        let told = |why: String| format!("input.{port}: {why}");
        let wanted = case.schemas.get(port).map(content::schema).transpose()?;
        let rows = self.rows_of(content, folder, wanted.as_ref()).map_err(told)?;
        let (schema, batches) = content::typed(rows, wanted.as_ref(), content).map_err(told)?;
        let batches = match case.batch_rows {
            None => batches,
            Some(size) => cut(&batches, size as usize).map_err(|failure| told(failure.message))?,
        };
        Ok((schema, batches))
    }
}

/// Batches of so many rows.
fn cut(batches: &[Batch], size: usize) -> Result<Vec<Batch>, jackfield_columns::Failure> {
    let mut cut = Vec::new();
    for batch in batches {
        for start in (0..batch.rows()).step_by(size.max(1)) {
            cut.push(batch.slice(start, size.min(batch.rows() - start))?);
        }
    }
    Ok(cut)
}

/// Something about a case for which there is no place.
fn fault(code: &str, message: impl Into<String>) -> Problem {
    problem(code, message)
}

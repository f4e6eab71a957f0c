//! What a node stage tells of what went wrong: where, about which rows, and how to run them again.

use arrow::array::{Array, BooleanArray};
use jackfield_columns::{Batch, Failure};
use jackfield_host::{CallError, Rejected};

use super::NodeRun;
use crate::cases::saved::Expectation;
use crate::diagnose::{Diagnosis, ProblemExt, failure_problem, problem};
use crate::exec::saving::Occasion;

impl NodeRun<'_> {
    /// A failure of a whole call, which may still be about a row of its input.
    pub(super) fn row_problems(&self, error: CallError, port: &str, batch: &Batch) -> Vec<Diagnosis> {
        let saved = self.job.saving.fault(&self.occasion(port, batch), &error);
        match error {
            CallError::Failures(failures) => failures
                .into_iter()
                .map(|failure| match failure.row.and_then(|row| usize::try_from(row).ok()) {
                    Some(row) if row < batch.rows() => {
                        let mut problem = self.row_problem(failure, batch, row);
                        self.save_row(&mut problem, port, batch, row);
                        problem
                    }
                    _ => failure_problem(failure, &self.what()),
                })
                .collect(),
            other => {
                let mut problems = self.problems(other);
                for diagnosis in problems.iter_mut().filter(|diagnosis| diagnosis.class != crate::Class::Cancelled) {
                    self.say_where(diagnosis, batch, saved.as_deref());
                }
                problems
            }
        }
    }

    /// Adds to the end of an instance which rows it worked on, and how to run them again.
    fn say_where(&self, diagnosis: &mut Diagnosis, batch: &Batch, saved: Option<&str>) {
        let place = format!("\n  it was working on batch {}: {}", self.turn.last, extent(batch));
        let message = &mut diagnosis.problem.message;
        let head = message.find('\n').unwrap_or(message.len());
        message.insert_str(head, &place);
        if let Some(saved) = saved {
            diagnosis.problem.add_help(saved);
        }
    }

    fn occasion<'o>(&'o self, port: &'o str, batch: &'o Batch) -> Occasion<'o> {
        Occasion {
            stage: &self.working.name,
            subject: format!("{}/{}", self.about.plugin, self.about.node_type),
            params: &self.about.parameters,
            store: &self.working.store,
            port,
            batch,
        }
    }

    /// Saves a row that ends the run, if the user wants such ones, and says how to run it again.
    pub(super) fn save_row(&self, problem: &mut Diagnosis, port: &str, batch: &Batch, row: usize) {
        if !self.job.saving.saves_rows() {
            return;
        }
        let Ok(one) = batch.slice(row, 1) else { return };
        let message = &problem.problem.message;
        let expectation = Expectation::Rejected(vec![String::new()]);
        if let Some(saved) = self.job.saving.rows(&self.occasion(port, &one), message, expectation) {
            problem.problem.add_help(&saved);
        }
    }

    /// Saves rows that were rejected, likewise; of each batch the first hundred.
    pub(super) fn save_rejected(&self, rejected: &[Rejected], all: Option<&BooleanArray>, port: &str, batch: &Batch) {
        const MOST_ROWS: usize = 100;
        let Some(all) = all.filter(|_| self.job.saving.saves_rows()) else { return };
        let reason = |row: usize| {
            let group = rejected.iter().find(|group| group.rows.is_valid(row) && group.rows.value(row));
            group.map_or_else(String::new, |group| group.reason.message.clone())
        };
        let reasons: Vec<String> = all.values().set_indices().take(MOST_ROWS).map(reason).collect();
        let rows = batch.filter(all).and_then(|rows| rows.slice(0, rows.rows().min(MOST_ROWS)));
        if let Ok(rows) = rows {
            let about = reasons.first().cloned().unwrap_or_default();
            // Whoever named the folder looks into it.
            let _ = self.job.saving.rows(&self.occasion(port, &rows), &about, Expectation::Rejected(reasons));
        }
    }

    pub(super) fn row_problem(&self, failure: Failure, batch: &Batch, row: usize) -> Diagnosis {
        let what = match batch.record(row) {
            // People count records from 1, and the header line is none.
            Some((file, record)) => format!("{}: {file}, record {}", self.what(), record + 1),
            None => self.what(),
        };
        let mut diagnosis = failure_problem(failure, &what);
        if diagnosis.problem.help.is_none() {
            let help = "say on-error = \"skip\" or { dead-letter = \"FILE\" } for this node to go on without such rows";
            diagnosis.problem.help = Some(help.to_owned());
        }
        diagnosis
    }

    pub(super) fn row_text(&self, failure: &Failure, batch: &Batch, row: usize) -> String {
        match batch.record(row) {
            Some((file, record)) => format!("{file}, record {}: {}", record + 1, failure.message),
            None => failure.message.clone(),
        }
    }

    pub(super) fn broken(&self, message: &str) -> Diagnosis {
        let label = &self.working.store.label;
        problem("plugin-protocol", format!("{}: {label}: {message}", self.what()))
            .with_help("this is a defect of the plugin; tell its authors")
            .class(crate::Class::Failed)
    }
}

/// How many rows, and which records of which files they are as far as that is known.
fn extent(batch: &Batch) -> String {
    let rows = batch.rows();
    let ends = rows.checked_sub(1).and_then(|last| batch.record(0).zip(batch.record(last)));
    match ends {
        // People count records from 1, and the header line is none.
        Some(((file, first), _)) if rows == 1 => format!("1 row, record {} of {file}", first + 1),
        Some(((file, first), (other, last))) if file == other => {
            format!("{rows} rows, records {} to {} of {file}", first + 1, last + 1)
        }
        Some(((file, first), (other, last))) => {
            format!("{rows} rows, from record {} of {file} to record {} of {other}", first + 1, last + 1)
        }
        None if rows == 1 => "1 row".to_owned(),
        None => format!("{rows} rows"),
    }
}

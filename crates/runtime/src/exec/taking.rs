//! Hands the rows of sinks to the caller instead of writing them.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use jackfield_columns::Batch;

use super::packets::Inbox;
use super::sink::Writing;
use super::{Ended, Job};
use crate::diagnose::failure_problem;
use crate::plan::SinkStage;

/// What takes the rows; sinks call it from threads of their own.
pub(crate) type Take<'a> = &'a (dyn Fn(Batch) -> ControlFlow<()> + Sync + 'a);

/// Takes what reaches a sink, until the caller has enough.
pub(super) async fn all(
    job: &Job<'_>,
    take: Take<'_>,
    writing: &Writing,
    sink: &SinkStage,
    inbox: &mut Inbox,
) -> Ended {
    while let Some(mut batch) = inbox.receive().await {
        if job.failures.stopped() {
            return Ok(());
        }
        let rows = batch.rows() as u64;
        writing.counters.rows_in.fetch_add(rows, Ordering::Relaxed);
        if let Some(columns) = &sink.columns {
            let place = |name: &String| Some((batch.schema().index_of(name).ok()?, None));
            let picks: Vec<_> = columns.iter().filter_map(place).collect();
            let what = format!("sink.{}", writing.name);
            batch = batch.pick(&picks).map_err(|failure| vec![failure_problem(failure, &what)])?;
        }
        writing.counters.rows_out.fetch_add(rows, Ordering::Relaxed);
        if take(batch).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

//! Progress on a terminal: a line per stage, and which of them holds up the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jackfield_runtime::{Progress, StageCounters, StageKind};

use crate::summary::{count, size};

/// Nothing is drawn for runs shorter than this.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often the lines change.
const PERIOD: Duration = Duration::from_millis(100);

/// Lines that are being drawn.
#[derive(Debug)]
pub(crate) struct Drawing {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Drawing {
    /// Takes the lines away.
    pub(crate) fn finish(self) {
        self.ended.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // The lines are gone with the thread, however it ended.
        let _ = self.thread.join();
    }
}

/// Starts to draw.
pub(crate) fn draw(progress: Progress) -> Drawing {
    let ended = Arc::new(AtomicBool::new(false));
    let seen = ended.clone();
    let thread = std::thread::spawn(move || {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if seen.load(Ordering::Acquire) {
                return;
            }
            std::thread::park_timeout(PATIENCE.saturating_sub(start.elapsed()));
        }
        let lines = MultiProgress::new();
        let bars: Vec<ProgressBar> = progress.stages.iter().map(|stage| lines.add(bar(stage))).collect();
        let mut busy = vec![0; bars.len()];
        while !seen.load(Ordering::Acquire) {
            let now: Vec<u64> = progress.stages.iter().map(|s| s.busy_nanos.load(Ordering::Relaxed)).collect();
            let busiest = (0..now.len()).max_by_key(|i| now[*i].saturating_sub(busy[*i]));
            for (number, (bar, stage)) in bars.iter().zip(&progress.stages).enumerate() {
                show(bar, stage, start.elapsed(), busiest == Some(number));
            }
            busy = now;
            std::thread::park_timeout(PERIOD);
        }
        // Lines that were drawn are of no use once the summary is there.
        let _ = lines.clear();
    });
    Drawing { ended, thread }
}

fn bar(stage: &StageCounters) -> ProgressBar {
    let name = format!("{}.{}", stage.kind.name(), stage.name);
    let template = match stage.bytes_total {
        Some(_) => "{prefix:20} [{bar:24}] {msg}",
        None => "{prefix:20} {spinner} {msg}",
    };
    let bar = ProgressBar::new(stage.bytes_total.unwrap_or(0)).with_prefix(name);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, stage: &StageCounters, elapsed: Duration, busiest: bool) {
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let rows = if stage.kind == StageKind::Sink { load(&stage.rows_in) } else { load(&stage.rows_out) };
    let bytes = load(&stage.bytes);
    let rate = rows as f64 / elapsed.as_secs_f64().max(0.001);
    let mut text = format!("{} rows, {}/s", count(rows), count(rate as u64));
    if bytes > 0 {
        text.push_str(&format!(", {}", size(bytes)));
    }
    if stage.finished.load(Ordering::Acquire) {
        text.push_str("  done");
    } else if busiest {
        text.push_str("  <- busiest");
    }
    bar.set_position(bytes);
    bar.tick();
    bar.set_message(text);
}

//! The progress line of long statements, on standard error where that is a terminal.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argtop::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::units;

/// Statements that end sooner show no progress.
const SILENCE: Duration = Duration::from_secs(2);

/// Time between two drawings; reports may come thousands of times a second.
const BETWEEN: Duration = Duration::from_millis(100);

/// Draws what the engine reports while a statement runs.
#[derive(Default)]
pub(crate) struct ProgressLine {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Start of the running statement; none between statements, when background jobs may still report.
    started: Option<Instant>,
    bar: Option<ProgressBar>,
    /// Last drawing.
    drawn: Option<Instant>,
}

impl ProgressLine {
    /// A statement begins.
    pub(crate) fn begin(&self) {
        self.state().started = Some(Instant::now());
    }

    /// The statement has ended, or its rows begin to be printed: clears the line.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.started = None;
        state.drawn = None;
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Takes a report of the engine, from any thread.
    pub(crate) fn report(&self, progress: &Progress) {
        let mut state = self.state();
        if state.started.is_none_or(|started| started.elapsed() < SILENCE) {
            return;
        }
        if state.drawn.is_some_and(|drawn| drawn.elapsed() < BETWEEN) {
            return;
        }
        state.drawn = Some(Instant::now());
        let bar = state
            .bar
            .get_or_insert_with(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()));
        let template = if progress.total.is_some() { "[{bar:24}] {msg}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> ").tick_chars("|/-\\ "));
        }
        bar.update(|state| {
            state.set_len(progress.total.unwrap_or(0));
            state.set_pos(progress.done);
        });
        bar.set_message(message(progress));
        if bar.is_hidden() {
            // Shown only now that it is filled in, or the first drawing would be an empty bar.
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.tick();
    }

    /// A panic of another reporter leaves nothing half-done in the state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `encode 120,000/1,000,000 (12%), 4,210/s, 3 min 29 s left`.
fn message(progress: &Progress) -> String {
    let mut text = format!("{} {}", progress.stage, units::count(progress.done));
    if let Some(total) = progress.total {
        let percent = progress.done.min(total) as f64 * 100.0 / total.max(1) as f64;
        text.push_str(&format!("/{} ({percent:.0}%)", units::count(total)));
    }
    if let Some(rate) = progress.rate.filter(|rate| rate.is_finite()) {
        let rate = if rate < 10.0 { format!("{rate:.1}") } else { units::count(rate as u64) };
        text.push_str(&format!(", {rate}/s"));
    }
    if let Some(left) = progress.eta {
        text.push_str(&format!(", {} left", units::duration(Duration::from_secs(left.as_secs()))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_count_share_rate_and_time_left() {
        let mut progress = Progress {
            stage: "encode".to_owned(),
            done: 120_000,
            total: Some(1_000_000),
            eta: Some(Duration::from_millis(209_400)),
            rate: Some(4_210.4),
        };
        assert_eq!(message(&progress), "encode 120,000/1,000,000 (12%), 4,210/s, 3 min 29 s left");
        progress.total = None;
        progress.eta = None;
        progress.rate = Some(0.25);
        assert_eq!(message(&progress), "encode 120,000, 0.2/s");
        progress.rate = None;
        progress.total = Some(0);
        assert_eq!(message(&progress), "encode 120,000/0 (0%)");
    }

    #[test]
    fn nothing_is_drawn_early_or_between_statements() {
        let progress = Progress { stage: "load".to_owned(), done: 1, total: None, eta: None, rate: None };
        let line = ProgressLine::default();
        line.report(&progress);
        assert!(line.state().bar.is_none());
        line.begin();
        line.report(&progress);
        assert!(line.state().bar.is_none());
        line.state().started = Instant::now().checked_sub(SILENCE);
        line.report(&progress);
        assert!(line.state().bar.is_some());
        line.end();
        assert!(line.state().bar.is_none());
    }
}

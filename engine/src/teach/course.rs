//! Runs a trainer under a statement: its threads, cancellation, progress and states.

use super::checkpoint::StateFile;
use crate::error::Error;
use crate::execute::Run;
use crate::train::{Course, Learner, Report, Summary, train};

/// Runs `learner` to its end; `what` is named in progress reports.
pub(super) fn run_course(
    run: &Run,
    what: &str,
    learner: &mut (dyn Learner + Send),
    state: &mut StateFile,
) -> Result<Summary, Error> {
    let cancelled = || run.context.is_cancelled();
    let mut report = |report: &Report| {
        // Epochs differ little in length, so that steps of this one stand for all.
        let done = (report.epoch * report.steps + report.step) as u64;
        let total = (report.epochs * report.steps) as u64;
        let remark = || format!("epoch {} of {}, loss {:.5}", report.epoch + 1, report.epochs, report.loss);
        run.context.progress_with(what, remark, done, Some(total));
    };
    let summary = run.inner.install(|| {
        let mut course = Course { cancelled: &cancelled, report: &mut report, checkpoint: state };
        train(learner, &mut course)
    })?;
    run.context.check()?;
    Ok(summary)
}

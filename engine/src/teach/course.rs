//! Runs parts of a training and trainers under a statement: its threads, cancellation, progress and states.

use super::checkpoint::StateFile;
use crate::error::Error;
use crate::execute::Run;
use crate::train::{BuildControl, Course, Learner, Report, Summary, TrainError, train};

/// Runs a part of a training on the database's threads; it ends when the statement is interrupted. `what` is
/// named in progress reports.
pub(super) fn watched<T: Send>(
    run: &Run,
    what: &str,
    work: impl FnOnce(&BuildControl<'_>) -> Result<T, TrainError> + Send,
) -> Result<T, Error> {
    let cancelled = || run.context.is_cancelled();
    let progress = |done: u64, total: u64| run.context.progress(what, done, Some(total));
    let control = BuildControl { cancelled: &cancelled, progress: &progress, threads: run.inner.threads };
    Ok(run.inner.install(|| work(&control))?)
}

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

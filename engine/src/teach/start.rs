//! TRAIN as a statement: registers the job, runs it here or on a thread of its own.

use std::sync::Arc;

use argtop_query::Value;
use argtop_query::catalog::ObjectKind;
use argtop_query::plan::Train;

use super::{auxiliary, classifier, fusion, index, sparse};
use crate::context::{Context, ProgressFn};
use crate::database::Inner;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::jobs::Jobs;
use crate::statement::Column;

/// TRAIN.
pub(crate) fn train(run: &Run, plan: &Train) -> Result<Output, Error> {
    if run.inner.store.is_read_only() {
        return Err(Error::ReadOnly { reason: "the database was opened for reading".to_string() });
    }
    let (job, context) =
        run.inner.jobs.begin(&plan.sql, |job| job_context(&run.inner, &run.context, job, plan.concurrently));
    let run = Run { context, ..run.clone() };
    if !plan.concurrently {
        let mut output = Output::changed(0);
        output.notes = work(&run, plan, job)?;
        return Ok(output);
    }
    let (inner, plan) = (run.inner.clone(), plan.clone());
    // How it ends is told by the job.
    let detached = move || drop(work(&run, &plan, job));
    let thread = std::thread::Builder::new().name(format!("argtop-job-{job}")).spawn(detached);
    match thread {
        Ok(thread) => inner.jobs.keep_thread(job, thread),
        Err(error) => {
            let failed = || Error::Internal(format!("no thread for the job: {error}"));
            inner.jobs.end(job, &Err(failed()));
            return Err(failed());
        }
    }
    let column = Column { name: "job".to_string(), data_type: argtop_query::DataType::BigInt };
    let number = Value::BigInt(i64::try_from(job).unwrap_or(i64::MAX));
    Ok(Output::rows(vec![column], vec![vec![number]]))
}

/// A context whose progress the job remembers as well.
fn job_context(inner: &Arc<Inner>, context: &Context, job: u64, detached: bool) -> Context {
    let weak = Arc::downgrade(inner);
    let observe: ProgressFn = Arc::new(move |progress| {
        if let Some(inner) = weak.upgrade() {
            inner.jobs.update(job, progress);
        }
    });
    context.for_job(observe, detached)
}

/// Does a job and ends it.
fn work(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    let _ending = Ending { jobs: &run.inner.jobs, job };
    let result = teach(run, plan, job);
    run.inner.jobs.end(job, &result);
    result
}

/// Ends a job that a panic has left running, so that nobody waits for it.
struct Ending<'a> {
    jobs: &'a Jobs,
    job: u64,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.jobs.end(self.job, &Err(Error::Internal("the training panicked".into())));
    }
}

/// Trains what the statement names; gives remarks on what was done.
fn teach(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    match plan.kind {
        ObjectKind::Auxiliary => auxiliary::train(run, plan, job),
        ObjectKind::Classifier if run.view.classifier(&plan.name)?.sparse.is_some() => {
            sparse::train(run, plan, job)
        }
        ObjectKind::Classifier => classifier::train(run, plan, job),
        ObjectKind::Index => index::train(run, plan, job),
        ObjectKind::Fusion => fusion::train(run, plan, job),
        other => Err(Error::Internal(format!("TRAIN of a {other:?}"))),
    }
}

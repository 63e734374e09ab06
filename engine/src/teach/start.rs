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
        let result = teach(&run, plan, job);
        run.inner.jobs.end(job, &result);
        let mut output = Output::changed(0);
        output.notes = result?;
        return Ok(output);
    }
    let (inner, plan) = (run.inner.clone(), plan.clone());
    let work = move || {
        let result = teach(&run, &plan, job);
        run.inner.jobs.end(job, &result);
    };
    let thread = std::thread::Builder::new().name(format!("argtop-job-{job}")).spawn(work);
    match thread {
        Ok(thread) => inner.jobs.keep_thread(job, thread),
        Err(error) => {
            let failure = Error::Internal(format!("no thread for the job: {error}"));
            inner.jobs.end(job, &Err(failure));
            return Err(Error::Internal(format!("no thread for the job: {error}")));
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

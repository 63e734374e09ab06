//! Jobs: long statements that can be watched, cancelled and waited for from any session.
//!
//! Every TRAIN is a job. With CONCURRENTLY it runs on a thread of its own and the statement gives the job's
//! number back at once. Jobs live as long as the database is open: closing it cancels those that run.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use argtop_query::{DataType, Value};

use crate::context::{Context, Progress};
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::statement::Column;

/// Ended jobs that are remembered.
const ENDED_MAX: usize = 1_000;

/// How a job stands.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Running,
    Done,
    Cancelled,
    Failed(String),
}

/// One job.
struct Job {
    statement: String,
    state: State,
    progress: Option<Progress>,
    started_us: i64,
    ended_us: Option<i64>,
    /// What it used and what came of it.
    notes: Vec<String>,
    context: Context,
    thread: Option<JoinHandle<()>>,
}

/// The jobs of an open database.
#[derive(Default)]
pub(crate) struct Jobs {
    jobs: Mutex<BTreeMap<u64, Job>>,
    changed: Condvar,
}

fn now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a job; `make` gets its number and gives the context that can be cancelled.
    pub(crate) fn begin(&self, statement: &str, make: impl FnOnce(u64) -> Context) -> (u64, Context) {
        let mut jobs = self.lock();
        let id = jobs.last_key_value().map_or(1, |(id, _)| id + 1);
        let ended: Vec<u64> =
            jobs.iter().filter(|(_, job)| job.ended_us.is_some()).map(|(id, _)| *id).collect();
        if ended.len() >= ENDED_MAX {
            jobs.remove(&ended[0]);
        }
        let context = make(id);
        let job = Job {
            statement: statement.to_string(),
            state: State::Running,
            progress: None,
            started_us: now_us(),
            ended_us: None,
            notes: Vec::new(),
            context: context.clone(),
            thread: None,
        };
        jobs.insert(id, job);
        (id, context)
    }

    /// Remembers how far a job has come.
    pub(crate) fn update(&self, id: u64, progress: &Progress) {
        if let Some(job) = self.lock().get_mut(&id) {
            job.progress = Some(progress.clone());
        }
    }

    /// Ends a job that runs.
    pub(crate) fn end(&self, id: u64, result: &Result<Vec<String>, Error>) {
        if let Some(job) = self.lock().get_mut(&id).filter(|job| job.state == State::Running) {
            job.ended_us = Some(now_us());
            job.state = match result {
                Ok(notes) => {
                    job.notes.clone_from(notes);
                    State::Done
                }
                Err(Error::Interrupted) => State::Cancelled,
                Err(error) => State::Failed(error.to_string()),
            };
        }
        self.changed.notify_all();
    }

    /// Keeps the thread of a job that runs beside its statement.
    pub(crate) fn keep_thread(&self, id: u64, thread: JoinHandle<()>) {
        if let Some(job) = self.lock().get_mut(&id) {
            job.thread = Some(thread);
        }
    }

    /// Cancels what runs and waits for its end.
    pub(crate) fn stop(&self) {
        let threads: Vec<JoinHandle<()>> = {
            let mut jobs = self.lock();
            jobs.values().filter(|job| job.state == State::Running).for_each(|job| job.context.abandon());
            jobs.values_mut().filter_map(|job| job.thread.take()).collect()
        };
        for thread in threads {
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn unknown(id: u64) -> Error {
    Error::value(format!("there is no job {id}"), "SHOW JOBS lists them")
}

/// SHOW JOBS.
pub(crate) fn show(run: &Run) -> Output {
    let column = |name: &str, data_type: DataType| Column { name: name.to_string(), data_type };
    let columns = vec![
        column("job", DataType::BigInt),
        column("state", DataType::Text),
        column("stage", DataType::Text),
        column("done", DataType::BigInt),
        column("total", DataType::BigInt),
        column("rate", DataType::Double),
        column("eta_seconds", DataType::Double),
        column("started", DataType::Timestamp),
        column("ended", DataType::Timestamp),
        column("statement", DataType::Text),
        column("notes", DataType::Text),
    ];
    let count = |number: u64| Value::BigInt(i64::try_from(number).unwrap_or(i64::MAX));
    let jobs = run.inner.jobs.lock();
    let rows = jobs.iter().map(|(id, job)| {
        let (state, failure) = match &job.state {
            State::Running => ("running", None),
            State::Done => ("done", None),
            State::Cancelled => ("cancelled", None),
            State::Failed(error) => ("failed", Some(error.clone())),
        };
        let progress = job.progress.as_ref();
        let running = progress.filter(|_| job.state == State::Running);
        let notes = failure.unwrap_or_else(|| job.notes.join("; "));
        vec![
            count(*id),
            Value::Text(state.to_string()),
            progress.map_or(Value::Null, |progress| Value::Text(progress.stage.clone())),
            progress.map_or(Value::Null, |progress| count(progress.done)),
            progress.and_then(|progress| progress.total).map_or(Value::Null, count),
            progress.and_then(|progress| progress.rate).map_or(Value::Null, Value::Double),
            running
                .and_then(|progress| progress.eta)
                .map_or(Value::Null, |eta| Value::Double(eta.as_secs_f64())),
            Value::Timestamp(job.started_us),
            job.ended_us.map_or(Value::Null, Value::Timestamp),
            Value::Text(job.statement.clone()),
            Value::Text(notes),
        ]
    });
    Output::rows(columns, rows.collect())
}

/// CANCEL JOB n: asks it to stop; it ends at its next look.
pub(crate) fn cancel(run: &Run, id: u64) -> Result<Output, Error> {
    let jobs = run.inner.jobs.lock();
    let job = jobs.get(&id).ok_or_else(|| unknown(id))?;
    if job.state != State::Running {
        return Err(Error::value(format!("job {id} has ended"), "SHOW JOBS tells how"));
    }
    job.context.abandon();
    Ok(Output::changed(0))
}

/// WAIT FOR JOB n: returns when it has ended, and fails as it failed.
pub(crate) fn wait(run: &Run, id: u64) -> Result<Output, Error> {
    let mut jobs = run.inner.jobs.lock();
    loop {
        match jobs.get(&id).map(|job| job.state.clone()) {
            None => return Err(unknown(id)),
            Some(State::Running) => {}
            Some(State::Done) => return Ok(Output::changed(0)),
            Some(State::Cancelled) => {
                return Err(Error::value(format!("job {id} was cancelled"), "run its statement again"));
            }
            Some(State::Failed(error)) => {
                return Err(Error::Value { message: format!("job {id} failed: {error}"), help: None });
            }
        }
        run.context.check()?;
        let pause = std::time::Duration::from_millis(50);
        let waited = run.inner.jobs.changed.wait_timeout(jobs, pause);
        jobs = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

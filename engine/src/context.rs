//! What every long-running function gets first: cancellation, deadline, progress and measurements.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How far a long statement has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is being done, for people.
    pub stage: String,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// Time left, where it can be told.
    pub eta: Option<Duration>,
    /// Units a second since the stage began.
    pub rate: Option<f64>,
}

/// Receives progress reports; called from the thread that runs the statement, at most a few times a second.
pub type ProgressFn = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Interrupts the statements of one session from any thread.
#[derive(Clone, Debug)]
pub struct InterruptHandle {
    pub(crate) epoch: Arc<AtomicU64>,
}

impl InterruptHandle {
    /// Makes every statement that is running now end with [`Error::Interrupted`]; later ones are not touched.
    pub fn interrupt(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

/// Measurements of one operator or stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measure {
    pub(crate) rows: u64,
    pub(crate) time: Duration,
    pub(crate) notes: Vec<String>,
}

/// The context of one running statement; cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    inner: Arc<ContextInner>,
}

struct ContextInner {
    epoch: Arc<AtomicU64>,
    started_epoch: u64,
    abandoned: AtomicBool,
    deadline: Option<(Instant, u64)>,
    progress: Option<ProgressFn>,
    last_report: Mutex<Option<(String, Instant, Instant)>>,
    /// Whether anybody wants to know the measurements.
    measuring: AtomicBool,
    measures: Mutex<Vec<Measure>>,
}

impl Context {
    /// A context for a statement that starts now.
    pub(crate) fn new(epoch: Arc<AtomicU64>, timeout_ms: u64, progress: Option<ProgressFn>) -> Context {
        let started_epoch = epoch.load(Ordering::SeqCst);
        let deadline =
            (timeout_ms > 0).then(|| (Instant::now() + Duration::from_millis(timeout_ms), timeout_ms));
        Context {
            inner: Arc::new(ContextInner {
                epoch,
                started_epoch,
                abandoned: AtomicBool::new(false),
                deadline,
                progress,
                last_report: Mutex::new(None),
                measuring: AtomicBool::new(false),
                measures: Mutex::new(Vec::new()),
            }),
        }
    }

    /// A context for the same statement run as a job: it ends when either is asked to, and `observe` is told
    /// of all progress as well. A job that runs beside its statement is `detached` from session and deadline.
    pub(crate) fn for_job(&self, observe: ProgressFn, detached: bool) -> Context {
        let inner = &self.inner;
        let theirs = inner.progress.clone().filter(|_| !detached);
        let progress: ProgressFn = Arc::new(move |progress| {
            observe(progress);
            if let Some(theirs) = &theirs {
                theirs(progress);
            }
        });
        let epoch = if detached { Arc::default() } else { inner.epoch.clone() };
        let started_epoch = if detached { 0 } else { inner.started_epoch };
        Context {
            inner: Arc::new(ContextInner {
                epoch,
                started_epoch,
                abandoned: AtomicBool::new(false),
                deadline: inner.deadline.filter(|_| !detached),
                progress: Some(progress),
                last_report: Mutex::new(None),
                measuring: AtomicBool::new(false),
                measures: Mutex::new(Vec::new()),
            }),
        }
    }

    /// A context that nothing interrupts, for work of the engine's own.
    pub(crate) fn background() -> Context {
        Context::new(Arc::new(AtomicU64::new(0)), 0, None)
    }

    /// True once the statement should stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.inner.abandoned.load(Ordering::Relaxed)
            || self.inner.epoch.load(Ordering::Relaxed) != self.inner.started_epoch
            || self.inner.deadline.is_some_and(|(at, _)| Instant::now() >= at)
    }

    /// Ends the statement here if it was interrupted or is past its deadline; called once a batch.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !self.is_cancelled() {
            return Ok(());
        }
        match self.inner.deadline {
            Some((at, timeout_ms))
                if Instant::now() >= at
                    && self.inner.epoch.load(Ordering::Relaxed) == self.inner.started_epoch =>
            {
                Err(Error::Deadline { timeout_ms })
            }
            _ => Err(Error::Interrupted),
        }
    }

    /// Why a statement was ended, where all that was said is that it was: work that only asks whether it
    /// should stop does not know whether by a person or by the deadline.
    pub(crate) fn cause(&self, error: Error) -> Error {
        match error {
            Error::Interrupted => self.check().err().unwrap_or(Error::Interrupted),
            other => other,
        }
    }

    /// Marks the statement as given up by its reader, so that helpers of it stop.
    pub(crate) fn abandon(&self) {
        self.inner.abandoned.store(true, Ordering::Relaxed);
    }

    /// Reports progress, at most four times a second and at the end of a stage.
    pub(crate) fn progress(&self, stage: &str, done: u64, total: Option<u64>) {
        self.progress_with(stage, String::new, done, total);
    }

    /// The same with a remark that may change from report to report.
    pub(crate) fn progress_with(
        &self,
        stage: &str,
        remark: impl FnOnce() -> String,
        done: u64,
        total: Option<u64>,
    ) {
        let Some(report) = &self.inner.progress else { return };
        let now = Instant::now();
        let started = {
            let Ok(mut last) = self.inner.last_report.lock() else { return };
            match last.as_mut() {
                Some((name, started, reported)) if name == stage => {
                    let finished = total.is_some_and(|total| done >= total);
                    if !finished && now.duration_since(*reported) < Duration::from_millis(250) {
                        return;
                    }
                    *reported = now;
                    *started
                }
                _ => {
                    *last = Some((stage.to_string(), now, now));
                    now
                }
            }
        };
        let elapsed = now.duration_since(started).as_secs_f64();
        let rate = (elapsed > 0.2 && done > 0).then(|| done as f64 / elapsed);
        let eta = match (rate, total) {
            (Some(rate), Some(total)) if total >= done => {
                Duration::try_from_secs_f64((total - done) as f64 / rate).ok()
            }
            _ => None,
        };
        let remark = remark();
        let stage = if remark.is_empty() { stage.to_string() } else { format!("{stage}, {remark}") };
        report(&Progress { stage, done, total, eta, rate });
    }

    /// Keeps measurements from now on, which costs two looks at the clock for every row of an operator.
    pub(crate) fn start_measuring(&self) {
        self.inner.measuring.store(true, Ordering::Relaxed);
    }

    /// Whether measurements are kept.
    pub(crate) fn measures(&self) -> bool {
        self.inner.measuring.load(Ordering::Relaxed)
    }

    /// Adds rows, time and notes to the measurements of operator `id`, if they are kept.
    pub(crate) fn measure(&self, id: usize, rows: u64, time: Duration, notes: Vec<String>) {
        if !self.measures() {
            return;
        }
        let Ok(mut measures) = self.inner.measures.lock() else { return };
        if measures.len() <= id {
            measures.resize(id + 1, Measure::default());
        }
        let measure = &mut measures[id];
        measure.rows += rows;
        measure.time += time;
        for note in notes {
            if !measure.notes.contains(&note) {
                measure.notes.push(note);
            }
        }
    }

    /// The measurements of operator `id` so far.
    pub(crate) fn measured(&self, id: usize) -> Measure {
        let measures = self.inner.measures.lock();
        measures.ok().and_then(|measures| measures.get(id).cloned()).unwrap_or_default()
    }
}

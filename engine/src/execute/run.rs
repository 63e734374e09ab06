//! What a running statement carries, and the stream of an operator's rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argtop_query::Value;
use argtop_query::eval::{EvalContext, evaluate};

use super::lateral::BLOCKS_AT_ONCE;
use super::{lateral, relational, scan, search};
use crate::context::Context;
use crate::database::Inner;
use crate::error::Error;
use crate::physical::{Operator, OperatorKind};
use crate::settings::Settings;
use crate::view::View;

/// Rows on their way up.
pub(crate) type RowStream = Box<dyn Iterator<Item = Result<Vec<Value>, Error>> + Send>;

/// One running statement: everything an operator needs, cheap to clone.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) inner: Arc<Inner>,
    pub(crate) view: View,
    pub(crate) context: Context,
    pub(crate) params: Arc<Vec<Value>>,
    pub(crate) now_us: i64,
    pub(crate) settings: Arc<Settings>,
    /// Set below LATERAL, where rows of files are queries.
    pub(crate) log: Option<Arc<Log>>,
    /// Set for the searches of LATERAL: blocks of queries that wait or are worked on.
    pub(crate) blocks: Option<Arc<AtomicUsize>>,
}

/// What the reader of a file and the operator that takes its rows for queries tell each other.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Bytes read and to be read, which the operator reports as queries.
    pub(crate) done: AtomicU64,
    /// Bytes in all; 0 where that is not known.
    pub(crate) total: AtomicU64,
}

impl Run {
    /// Cancellation and threads for kernels that ask for them.
    pub(crate) fn cancelled(&self) -> impl Fn() -> bool + Sync + '_ {
        || self.context.is_cancelled()
    }

    /// Threads over which the queries of a search are spread: where other blocks wait for the rest of them,
    /// a block does better to share what it reads among all of its queries.
    pub(crate) fn threads_of_block(&self) -> usize {
        let blocks = self.blocks.as_ref().map_or(1, |blocks| blocks.load(Ordering::Relaxed));
        (rayon::current_num_threads() / blocks.clamp(1, BLOCKS_AT_ONCE)).max(1)
    }

    /// What expressions are evaluated under.
    pub(crate) fn eval(&self) -> EvalContext<'_> {
        EvalContext { params: &self.params, now_us: self.now_us }
    }
}

/// The stream of an operator's rows.
pub(crate) fn open(run: &Run, operator: &Operator) -> Result<RowStream, Error> {
    let started = Instant::now();
    let stream = open_unmeasured(run, operator)?;
    if !run.context.measures() {
        return Ok(stream);
    }
    Ok(Box::new(Measured {
        id: operator.id,
        context: run.context.clone(),
        stream,
        rows: 0,
        time: started.elapsed(),
        finished: false,
    }))
}

fn open_unmeasured(run: &Run, operator: &Operator) -> Result<RowStream, Error> {
    Ok(match &operator.kind {
        OperatorKind::Values { rows } => {
            let rows: Result<Vec<Vec<Value>>, Error> = rows
                .iter()
                .map(|row| row.iter().map(|expr| Ok(evaluate(expr, &[], &run.eval())?)).collect())
                .collect();
            Box::new(rows?.into_iter().map(Ok))
        }
        OperatorKind::Scan(plan) => scan::scan(run, plan)?,
        OperatorKind::Search(plan) => search::stream(run, plan)?,
        OperatorKind::Read(call) => scan::read(run, call)?,
        OperatorKind::Lateral(plan) => lateral::stream(run, operator.id, plan)?,
        OperatorKind::Filter { input, predicate } => {
            relational::filter(run, open(run, input)?, predicate.clone())
        }
        OperatorKind::Project { input, exprs } => relational::project(run, open(run, input)?, exprs.clone()),
        OperatorKind::Aggregate { input, groups, aggregates } => {
            relational::aggregate(run, open(run, input)?, groups, aggregates)?
        }
        OperatorKind::Sort { input, keys, top } => relational::sort(run, open(run, input)?, keys, *top)?,
        OperatorKind::Distinct { input } => relational::distinct(run, open(run, input)?),
        OperatorKind::Limit { input, limit, offset } => relational::limit(open(run, input)?, *limit, *offset),
    })
}

/// The stream of an operator over a search whose rows are these.
pub(crate) fn open_over(run: &Run, operator: &Operator, searched: RowStream) -> Result<RowStream, Error> {
    Ok(match &operator.kind {
        OperatorKind::Search(_) => searched,
        OperatorKind::Filter { input, predicate } => {
            relational::filter(run, open_over(run, input, searched)?, predicate.clone())
        }
        OperatorKind::Project { input, exprs } => {
            relational::project(run, open_over(run, input, searched)?, exprs.clone())
        }
        OperatorKind::Sort { input, keys, top } => {
            relational::sort(run, open_over(run, input, searched)?, keys, *top)?
        }
        OperatorKind::Limit { input, limit, offset } => {
            relational::limit(open_over(run, input, searched)?, *limit, *offset)
        }
        other => return Err(Error::Internal(format!("LATERAL over {other:?}"))),
    })
}

/// Counts the rows of a stream and the time spent in it, inputs included.
struct Measured {
    id: usize,
    context: Context,
    stream: RowStream,
    rows: u64,
    time: Duration,
    finished: bool,
}

impl Iterator for Measured {
    type Item = Result<Vec<Value>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let started = Instant::now();
        let row = self.stream.next();
        self.time += started.elapsed();
        match &row {
            Some(Ok(_)) => self.rows += 1,
            Some(Err(_)) => {}
            None => self.record(),
        }
        row
    }
}

impl Measured {
    fn record(&mut self) {
        if !self.finished {
            self.finished = true;
            self.context.measure(self.id, self.rows, self.time, Vec::new());
        }
    }
}

impl Drop for Measured {
    // A LIMIT above stops pulling before the end.
    fn drop(&mut self) {
        self.record();
    }
}

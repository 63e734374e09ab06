//! CROSS JOIN LATERAL: the rows of a log, each a query, answered in blocks.
//!
//! ```text
//! left rows --Reader--> Block --Answerer--> Answered --> rows, or the bytes of a file
//!              texts, numbers   equal texts once, sorted by length, encoded and searched together
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `lateral` | rows to blocks, and the line of work |
//! | `answerer` | the queries of a block to output rows |
//!
//! Blocks go through a bounded line of work (`pipeline`), so that memory does not grow with the log. Answers
//! are those of single queries: both go through `search::Prepared`.

mod answerer;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use answerer::Answerer;
use argtop_query::Value;

use super::pipeline::{self, Line, LineOptions};
use super::search::{Prepared, QueryInput, query_input};
use super::{Log, RowStream, Run, open};
use crate::error::Error;
use crate::export::{RowPrinter, Rows};
use crate::import::{self, ImportError};
use crate::model::ModelError;
use crate::physical::{LateralPlan, Operator, OperatorKind};

/// Rows of the first block of texts; later ones are twice as long until they are as long as they may be, so
/// that who wants a few rows has them soon.
const FIRST_BLOCK_ROWS: usize = 64;
/// Rows of every block whose queries are vectors: they are answered within milliseconds, and more of them
/// would not share more of the index.
const VECTOR_BLOCK_ROWS: usize = 512;
/// Blocks that are worked on at a time: one is searched for while another is encoded, or each on a thread.
pub(crate) const BLOCKS_AT_ONCE: usize = 2;
/// Bytes of texts after which a block ends.
const BLOCK_BYTES_MAX: usize = 8 << 20;
/// Labels that the answers of one block may hold, as values or as bytes of a file.
const BLOCK_LABELS_MAX: u64 = 100_000;

/// How a log is answered.
#[derive(Clone, Debug)]
pub(crate) struct BatchOptions {
    /// Blocks come in the order of the log, or else as they are done.
    pub(crate) preserve_order: bool,
    /// Part (from 0) of so many parts: of the rows of the log those whose number leaves that remainder.
    pub(crate) shard: (u64, u64),
    /// Rows of this part that were answered before, as ranges in order.
    pub(crate) done: Vec<(u64, u64)>,
    /// Rows that cannot be answered are told of, instead of ending the statement.
    pub(crate) skip: bool,
    /// Answers come as the bytes of a file.
    pub(crate) printer: Option<Arc<RowPrinter>>,
}

impl Default for BatchOptions {
    fn default() -> BatchOptions {
        BatchOptions { preserve_order: true, shard: (0, 1), done: Vec::new(), skip: false, printer: None }
    }
}

/// Why a row of the log has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    /// The fault of one row; other errors are given back, since they would meet every row.
    fn of(error: Error) -> Result<Fault, Error> {
        match error {
            Error::Value { message, help } => Ok(Fault { message, help }),
            Error::Import(ImportError::Row(row)) => Ok(Fault { message: row.error.to_string(), help: None }),
            Error::Model(
                ref of_text @ (ModelError::Text { .. }
                | ModelError::NoTokens { .. }
                | ModelError::TextTooLong { .. }
                | ModelError::NotFinite { .. }),
            ) => Ok(Fault { message: of_text.to_string(), help: None }),
            Error::Export(crate::export::ExportError::Cell { .. }) => {
                Ok(Fault { message: error.to_string(), help: None })
            }
            other => Err(other),
        }
    }
}

/// A row of the log: what it asks for, or why that cannot be told.
struct Entry {
    row: Vec<Value>,
    input: Result<QueryInput, Fault>,
    /// The row as it stands in its file, where it could not be read.
    text: Option<String>,
}

/// Rows that follow each other.
struct Block {
    /// Number of the first one within the shard, from 0.
    first: u64,
    entries: Vec<Entry>,
    /// Bytes of the log that were read when the block was complete.
    read: u64,
    underway: Underway,
}

/// Counts a block as long as it is there.
struct Underway(Arc<AtomicUsize>);

impl Underway {
    fn new(blocks: &Arc<AtomicUsize>) -> Underway {
        blocks.fetch_add(1, Ordering::Relaxed);
        Underway(blocks.clone())
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Block {
    /// Makes two blocks equally long, if the other one follows this one and is shorter.
    fn even_out(&mut self, next: &mut Block) {
        let (here, there) = (self.entries.len(), next.entries.len());
        if next.first != self.first + here as u64 || there >= here {
            return;
        }
        let moved = self.entries.split_off((here + there).div_ceil(2));
        next.first -= moved.len() as u64;
        next.entries.splice(..0, moved);
    }
}

/// What came of one row of the log.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Rows of the answer.
    pub(crate) rows: u64,
    /// Where they end in the bytes of the block.
    pub(crate) end: usize,
    /// Why there are none.
    pub(crate) fault: Option<Box<BadQuery>>,
}

/// A row of the log without an answer.
#[derive(Debug)]
pub(crate) struct BadQuery {
    pub(crate) fault: Fault,
    /// The row, or as much of it as could be read.
    pub(crate) row: Vec<Value>,
    /// The row as it stands in its file, where it could not be read.
    pub(crate) text: Option<String>,
}

/// A block with its answers, either as rows or as bytes.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// Number of the first row within the shard, from 0.
    pub(crate) first: u64,
    pub(crate) outcomes: Vec<Outcome>,
    /// The values of rows, row after row. One allocation for all: another thread gives them back.
    values: Vec<Value>,
    /// Values in a row.
    width: usize,
    pub(crate) bytes: Vec<u8>,
    read: u64,
}

impl Answered {
    /// Some of the rows.
    pub(crate) fn rows(&self, range: Range<usize>) -> Rows<'_> {
        let values = range.start.saturating_mul(self.width)..range.end.saturating_mul(self.width);
        Rows::Values(self.values.get(values).unwrap_or_default(), self.width)
    }
}

/// A log on its way through the line.
pub(crate) struct Answers {
    line: Line<Answered>,
    run: Run,
    log: Arc<Log>,
    plan: Arc<LateralPlan>,
    id: usize,
    shard: (u64, u64),
    skip: bool,
    queries: u64,
    /// Bytes that were only passed over, for what earlier runs have done.
    read_before: Option<u64>,
    answered: Arc<AtomicU64>,
    started: Instant,
}

/// Size of the files that the left side reads; 0 where it reads none.
pub(crate) fn log_bytes(run: &Run, left: &Operator) -> Result<u64, Error> {
    let mut lowest = left;
    while let Some(input) = lowest.inputs().first() {
        lowest = input;
    }
    let OperatorKind::Read(call) = &lowest.kind else { return Ok(0) };
    let source = import::open(call, &run.inner.access, &run.inner.import_limits)?;
    Ok(source.position().map_or(0, |(_, total)| total))
}

/// Starts to answer the rows of the left side.
pub(crate) fn answers(
    run: &Run,
    id: usize,
    plan: &Arc<LateralPlan>,
    options: BatchOptions,
) -> Result<Answers, Error> {
    let started = Instant::now();
    let log = Arc::new(Log::default());
    let blocks = Arc::new(AtomicUsize::new(0));
    let searching = Run { blocks: Some(blocks.clone()), ..run.clone() };
    let search = Prepared::new(&searching, plan.search().clone())?;
    let labels = search.labels_max().clamp(1, BLOCK_LABELS_MAX);
    let rows = usize::try_from(BLOCK_LABELS_MAX / labels).unwrap_or(1);
    let of_vectors = plan.search().text.is_none();
    let most = if of_vectors { VECTOR_BLOCK_ROWS } else { run.inner.limits.batch_texts.max(1) };
    let rows_max = rows.min(most);
    let answered = Arc::new(AtomicU64::new(0));
    let answerer = Answerer::new(&searching, plan, search, options.printer.clone(), answered.clone());
    let workers = run.inner.threads.min(BLOCKS_AT_ONCE);
    let reading = Run { log: Some(log.clone()), ..run.clone() };
    let read_before = options.done.is_empty().then_some(0);
    let mut reader = Reader {
        rows: open(&reading, &plan.left)?,
        run: run.clone(),
        plan: plan.clone(),
        log: log.clone(),
        shard: options.shard,
        done: options.done,
        number: 0,
        rows_now: if of_vectors { rows_max } else { FIRST_BLOCK_ROWS.min(rows_max) },
        rows_max,
        held: None,
        blocks,
        in_pairs: of_vectors && workers > 1,
        ready: None,
    };
    let line_options = LineOptions { workers, in_order: options.preserve_order };
    let line = pipeline::start(line_options, move || reader.block(), move |block| answerer.answer(block))?;
    Ok(Answers {
        line,
        run: run.clone(),
        log,
        plan: plan.clone(),
        id,
        shard: options.shard,
        skip: options.skip,
        queries: 0,
        read_before,
        answered,
        started,
    })
}

/// The rows of LATERAL, for the operators above it.
pub(crate) fn stream(run: &Run, id: usize, plan: &Arc<LateralPlan>) -> Result<RowStream, Error> {
    let answers = answers(run, id, plan, BatchOptions::default())?;
    Ok(Box::new(OneByOne { answers, values: Vec::new().into_iter(), width: 1, failed: false }))
}

/// The rows of blocks.
struct OneByOne {
    answers: Answers,
    /// What is left of a block, so many values a row.
    values: std::vec::IntoIter<Value>,
    width: usize,
    failed: bool,
}

impl Iterator for OneByOne {
    type Item = Result<Vec<Value>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.values.len() > 0 {
                return Some(Ok(self.values.by_ref().take(self.width).collect()));
            }
            match if self.failed { None } else { self.answers.next() }? {
                Ok(block) => (self.values, self.width) = (block.values.into_iter(), block.width.max(1)),
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Answers {
    /// Rows of the log so far, and searches that were run for them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.queries, self.answered.load(Ordering::Relaxed))
    }

    /// Bytes of the log's files; 0 where it is no file.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.log.total.load(Ordering::Relaxed)
    }

    /// The number of a row in the whole log, from 1.
    pub(crate) fn row_number(&self, in_shard: u64) -> u64 {
        in_shard * self.shard.1 + self.shard.0 + 1
    }

    /// Reports queries; their number in all is told from the share of the log that was read.
    fn report(&mut self, read: u64) {
        let total = self.log_bytes();
        let before = *self.read_before.get_or_insert(read);
        let share = read.saturating_sub(before) as f64 / total.saturating_sub(before).max(1) as f64;
        let all = (total > 0 && share > 0.0).then(|| (self.queries as f64 / share) as u64);
        self.run.context.progress("answering queries", self.queries, all.map(|all| all.max(self.queries)));
    }
}

impl Iterator for Answers {
    type Item = Result<Answered, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.run.context.check() {
            return Some(Err(error));
        }
        let block = match self.line.next()? {
            Ok(block) => block,
            Err(error) => return Some(Err(error)),
        };
        if !self.skip
            && let Some((at, bad)) =
                block.outcomes.iter().zip(0..).find_map(|(outcome, at)| Some((at, outcome.fault.as_ref()?)))
        {
            let message = format!("row {}: {}", self.row_number(block.first + at), bad.fault.message);
            return Some(Err(Error::Value { message, help: bad.fault.help.clone() }));
        }
        self.queries += block.outcomes.len() as u64;
        self.report(block.read);
        Some(Ok(block))
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let (queries, answered) = self.counts();
        let note = format!("{queries} queries, {answered} searched for");
        self.run.context.measure(self.id, 0, Duration::ZERO, vec![note]);
        self.run.context.measure(self.plan.search_id(), answered, self.started.elapsed(), Vec::new());
    }
}

/// Makes blocks of the left side's rows.
struct Reader {
    rows: RowStream,
    run: Run,
    plan: Arc<LateralPlan>,
    log: Arc<Log>,
    shard: (u64, u64),
    /// Ranges that are left out, those passed already removed.
    done: Vec<(u64, u64)>,
    /// Rows of the log so far.
    number: u64,
    rows_now: usize,
    rows_max: usize,
    /// A row behind a gap, which begins the next block.
    held: Option<(u64, Entry)>,
    /// Counts blocks.
    blocks: Arc<AtomicUsize>,
    /// A block is made together with the next one, so that the last two are of one length and no thread
    /// works alone for long.
    in_pairs: bool,
    ready: Option<Result<Option<Block>, Error>>,
}

impl Reader {
    fn block(&mut self) -> Result<Option<Block>, Error> {
        if let Some(ready) = self.ready.take() {
            return ready;
        }
        let Some(mut block) = self.read_block()? else { return Ok(None) };
        if self.in_pairs && block.entries.len() == self.rows_max {
            let mut next = self.read_block();
            if let Ok(Some(next)) = &mut next {
                block.even_out(next);
            }
            self.ready = Some(next);
        }
        Ok(Some(block))
    }

    fn read_block(&mut self) -> Result<Option<Block>, Error> {
        self.run.context.check()?;
        let Some((first, entry)) = self.held.take().map_or_else(|| self.entry(), |held| Ok(Some(held)))?
        else {
            return Ok(None);
        };
        let mut bytes = entry.bytes();
        let mut entries = vec![entry];
        while entries.len() < self.rows_now && bytes < BLOCK_BYTES_MAX {
            let Some((number, entry)) = self.entry()? else { break };
            if number != first + entries.len() as u64 {
                self.held = Some((number, entry));
                break;
            }
            bytes += entry.bytes();
            entries.push(entry);
        }
        self.rows_now = (self.rows_now * 2).min(self.rows_max);
        let (read, underway) = (self.log.done.load(Ordering::Relaxed), Underway::new(&self.blocks));
        Ok(Some(Block { first, entries, read, underway }))
    }

    /// The next row that is to be answered, after its number within the shard.
    fn entry(&mut self) -> Result<Option<(u64, Entry)>, Error> {
        loop {
            let Some(row) = self.rows.next() else { return Ok(None) };
            let number = self.number;
            self.number += 1;
            let (part, parts) = self.shard;
            let in_shard = number / parts;
            if number % parts != part || self.is_done(in_shard) {
                // What cannot be read is told of by whoever answers the row; the file itself must be well.
                row.map(drop).or_else(|error| Fault::of(error).map(drop))?;
                continue;
            }
            return Ok(Some((in_shard, self.entry_of(row)?)));
        }
    }

    fn is_done(&mut self, number: u64) -> bool {
        let passed = self.done.iter().take_while(|(_, end)| *end <= number).count();
        self.done.drain(..passed);
        self.done.first().is_some_and(|(start, _)| *start <= number)
    }

    fn entry_of(&self, row: Result<Vec<Value>, Error>) -> Result<Entry, Error> {
        match row {
            Ok(row) => match query_input(&self.run, self.plan.search(), &row) {
                Ok(input) => Ok(Entry { row, input: Ok(input), text: None }),
                Err(error) => Ok(Entry { row, input: Err(Fault::of(error)?), text: None }),
            },
            Err(Error::Import(ImportError::Row(bad))) => {
                let fault = Fault { message: bad.error.to_string(), help: None };
                Ok(Entry { row: Vec::new(), input: Err(fault), text: Some(bad.text) })
            }
            Err(error) => Ok(Entry { row: Vec::new(), input: Err(Fault::of(error)?), text: None }),
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        let text = self.text.as_ref().map_or(0, String::len);
        text + self.input.as_ref().map_or(0, |input| match input {
            QueryInput::Text(text) => text.len(),
            QueryInput::Vector(vector) => size_of_val(&**vector),
            QueryInput::Both { text, vector } => text.len() + size_of_val(&**vector),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(first: u64, rows: usize, blocks: &Arc<AtomicUsize>) -> Block {
        let entry = |number: u64| Entry {
            row: vec![Value::BigInt(i64::try_from(number).expect("small"))],
            input: Ok(QueryInput::Text(number.to_string())),
            text: None,
        };
        let entries = (first..first + rows as u64).map(entry).collect();
        Block { first, entries, read: 0, underway: Underway::new(blocks) }
    }

    /// What two blocks are after they were evened out, as numbers of their first row and of rows.
    fn evened(first: (u64, usize), next: (u64, usize)) -> [(u64, usize); 2] {
        let blocks = Arc::new(AtomicUsize::new(0));
        let (mut first, mut next) = (block(first.0, first.1, &blocks), block(next.0, next.1, &blocks));
        assert_eq!(blocks.load(Ordering::Relaxed), 2);
        first.even_out(&mut next);
        for block in [&first, &next] {
            for (entry, number) in block.entries.iter().zip(block.first..) {
                assert_eq!(entry.row[0], Value::BigInt(i64::try_from(number).expect("small")));
            }
        }
        let found = [&first, &next].map(|block| (block.first, block.entries.len()));
        drop(first);
        assert_eq!(blocks.load(Ordering::Relaxed), 1);
        found
    }

    #[test]
    fn a_short_block_gets_rows_of_the_one_before() {
        assert_eq!(evened((100, 8), (108, 3)), [(100, 6), (106, 5)]);
        assert_eq!(evened((0, 8), (8, 1)), [(0, 5), (5, 4)]);
        assert_eq!(evened((0, 8), (8, 8)), [(0, 8), (8, 8)]);
        // Rows are missing between them: those answered before.
        assert_eq!(evened((0, 8), (9, 3)), [(0, 8), (9, 3)]);
    }
}

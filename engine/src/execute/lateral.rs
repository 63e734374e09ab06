//! CROSS JOIN LATERAL: the rows of a log, each a query, answered in blocks.
//!
//! ```text
//! left rows --Reader--> Block --Answerer--> Answered --> rows, or the bytes of a file
//!              texts, numbers   equal texts once, sorted by length, encoded and searched together
//! ```
//!
//! Blocks go through a bounded line of work (`pipeline`), so that memory does not grow with the log. Answers
//! are those of single queries: both go through `search::Prepared`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argtop_query::Value;
use argtop_query::eval::{evaluate, is_true};
use lru::LruCache;

use super::pipeline::{self, Line, LineOptions};
use super::relational::plain_columns;
use super::search::{Encoded, Prepared, QueryInput, Ranking, query_input};
use super::{Log, RowStream, Run, open, open_over};
use crate::error::Error;
use crate::export::RowPrinter;
use crate::import::{self, ImportError};
use crate::model::ModelError;
use crate::physical::{LateralPlan, Operator, OperatorKind};

/// Rows of the first block; later ones are twice as long until they are as long as they may be, so that who
/// wants a few rows has them soon.
const FIRST_BLOCK_ROWS: usize = 64;
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
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) bytes: Vec<u8>,
    read: u64,
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
    let search = Prepared::new(run, plan.search().clone())?;
    let labels = search.labels_max().clamp(1, BLOCK_LABELS_MAX);
    let rows = usize::try_from(BLOCK_LABELS_MAX / labels).unwrap_or(1);
    let rows_max = rows.min(run.inner.limits.batch_texts.max(1));
    let answered = Arc::new(AtomicU64::new(0));
    let answerer = Answerer {
        run: run.clone(),
        plan: plan.clone(),
        search,
        known: Mutex::new(Known::new(run.inner.limits.batch_answers_bytes)),
        printer: options.printer.clone(),
        columns: plan.exprs.as_deref().filter(|_| plan.predicate.is_none()).and_then(plain_columns),
        answered: answered.clone(),
    };
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
        rows_now: FIRST_BLOCK_ROWS.min(rows_max),
        rows_max,
        held: None,
    };
    // A second worker searches while the first one encodes.
    let line_options = LineOptions { workers: run.inner.threads.min(2), in_order: options.preserve_order };
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
    Ok(Box::new(OneByOne { answers, rows: Vec::new().into_iter(), failed: false }))
}

/// The rows of blocks.
struct OneByOne {
    answers: Answers,
    /// What is left of a block.
    rows: std::vec::IntoIter<Vec<Value>>,
    failed: bool,
}

impl Iterator for OneByOne {
    type Item = Result<Vec<Value>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            match if self.failed { None } else { self.answers.next() }? {
                Ok(block) => self.rows = block.rows.into_iter(),
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
}

impl Reader {
    fn block(&mut self) -> Result<Option<Block>, Error> {
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
        Ok(Some(Block { first, entries, read: self.log.done.load(Ordering::Relaxed) }))
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

/// Answers of texts that may come again, those asked for least recently go first.
struct Known {
    answers: LruCache<Box<str>, Arc<Ranking>>,
    bytes: usize,
    bytes_max: usize,
}

impl Known {
    fn new(bytes_max: usize) -> Known {
        Known { answers: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    fn put(&mut self, text: &str, ranking: Arc<Ranking>) {
        // About a hundred bytes of links and counters an entry.
        let size = |text: &str, ranking: &Ranking| text.len() + ranking.bytes() + 100;
        self.bytes += size(text, &ranking);
        if let Some(old) = self.answers.put(text.into(), ranking) {
            self.bytes -= size(text, &old);
        }
        while self.bytes > self.bytes_max {
            let Some((text, old)) = self.answers.pop_lru() else { break };
            self.bytes -= size(&text, &old);
        }
    }
}

/// Answers blocks, from several threads.
struct Answerer {
    run: Run,
    plan: Arc<LateralPlan>,
    search: Prepared,
    known: Mutex<Known>,
    printer: Option<Arc<RowPrinter>>,
    /// The columns of both sides that the output has, where it is these of every pair of rows.
    columns: Option<Vec<usize>>,
    /// Searches that were run.
    answered: Arc<AtomicU64>,
}

/// The answer to one of the different queries of a block.
type Found = Result<Arc<Ranking>, Fault>;

impl Answerer {
    fn answer(&self, block: Block) -> Result<Answered, Error> {
        self.run.context.check()?;
        let (queries, query_of) = distinct(&block.entries);
        let found = self.found(&queries)?;
        let mut rows = self.right_rows(&found)?;
        let mut uses = vec![0u32; queries.len()];
        query_of.iter().flatten().for_each(|query| uses[*query] += 1);
        let mut answered = Answered { first: block.first, read: block.read, ..Answered::default() };
        let mut scratch = Scratch::default();
        for (entry, query) in block.entries.into_iter().zip(query_of) {
            let made = match (entry.input, query.map(|query| (&found[query], query))) {
                (Err(fault), _) => Err(fault),
                (Ok(_), Some((Err(fault), _))) => Err(fault.clone()),
                (Ok(_), Some((Ok(_), query))) => {
                    uses[query] -= 1;
                    let rows = Right { rows: &mut rows[query], last: uses[query] == 0 };
                    self.emit(&entry.row, rows, &mut scratch, &mut answered)?
                }
                (Ok(_), None) => return Err(Error::Internal("a query without a place".to_string())),
            };
            let bad = |fault| Box::new(BadQuery { fault, row: entry.row, text: entry.text });
            let (rows, fault) = made.map_or_else(|fault| (0, Some(bad(fault))), |rows| (rows, None));
            answered.outcomes.push(Outcome { rows, end: answered.bytes.len(), fault });
        }
        Ok(answered)
    }

    /// The answers of different queries: those known already, then the others together.
    fn found(&self, queries: &[&QueryInput]) -> Result<Vec<Found>, Error> {
        let mut found: Vec<Option<Found>> = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = |query: &&QueryInput| match query {
                QueryInput::Text(text) => known.answers.get(text.as_str()).cloned().map(Ok),
                _ => None,
            };
            queries.iter().map(answer).collect()
        };
        let missing: Vec<usize> = (0..queries.len()).filter(|at| found[*at].is_none()).collect();
        let inputs: Vec<QueryInput> = missing.iter().map(|at| queries[*at].clone()).collect();
        self.answered.fetch_add(inputs.len() as u64, Ordering::Relaxed);
        let mut answers = Vec::with_capacity(inputs.len());
        self.search_for(&inputs, &mut answers)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, answer) in missing.into_iter().zip(answers) {
            if let (QueryInput::Text(text), Ok(ranking)) = (queries[at], &answer) {
                known.put(text, ranking.clone());
            }
            found[at] = Some(answer);
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Answers queries together. Where that fails for one of them, halves are tried, so that it alone has no
    /// answer.
    fn search_for(&self, inputs: &[QueryInput], answers: &mut Vec<Found>) -> Result<(), Error> {
        if inputs.is_empty() {
            return Ok(());
        }
        match self.search.answer(inputs, &mut Encoded::default()) {
            Ok(rankings) => answers.extend(rankings.into_iter().map(|ranking| Ok(Arc::new(ranking)))),
            Err(error) => {
                let fault = Fault::of(error)?;
                let (first, second) = inputs.split_at(inputs.len() / 2);
                if first.is_empty() {
                    answers.push(Err(fault));
                } else {
                    self.search_for(first, answers)?;
                    self.search_for(second, answers)?;
                }
            }
        }
        Ok(())
    }

    /// The rows of the right side for each of the answers.
    fn right_rows(&self, found: &[Found]) -> Result<Vec<Vec<Vec<Value>>>, Error> {
        let nothing = Ranking::default();
        let rankings: Vec<&Ranking> =
            found.iter().map(|found| found.as_deref().unwrap_or(&nothing)).collect();
        let searched = self.search.rows(&rankings)?;
        let mut all = Vec::with_capacity(searched.len());
        for rows in searched {
            let rows: RowStream = Box::new(rows.into_iter().map(Ok));
            all.push(open_over(&self.run, &self.plan.right, rows)?.collect::<Result<Vec<_>, Error>>()?);
        }
        Ok(all)
    }

    /// Adds the output rows of one left row; gives their number. A fault leaves nothing behind.
    fn emit(
        &self,
        left: &[Value],
        right: Right<'_>,
        scratch: &mut Scratch,
        answered: &mut Answered,
    ) -> Result<Result<u64, Fault>, Error> {
        let (rows, bytes) = (answered.rows.len(), answered.bytes.len());
        let emitted = self.emit_rows(left, right, scratch, answered);
        emitted.map(Ok).or_else(|error| {
            answered.rows.truncate(rows);
            answered.bytes.truncate(bytes);
            Fault::of(error).map(Err)
        })
    }

    fn emit_rows(
        &self,
        left: &[Value],
        right: Right<'_>,
        scratch: &mut Scratch,
        answered: &mut Answered,
    ) -> Result<u64, Error> {
        let mut count = 0;
        scratch.joined.clear();
        scratch.joined.extend_from_slice(left);
        for row in right.rows {
            if !self.output_row(left, row, scratch)? {
                continue;
            }
            count += 1;
            let output = &mut scratch.output;
            match &self.printer {
                Some(printer) => printer.print(count, output, &mut answered.bytes)?,
                None => {
                    // A row that nobody reads again leaves its memory to the next output.
                    let next =
                        if right.last { std::mem::take(row) } else { Vec::with_capacity(output.len()) };
                    answered.rows.push(std::mem::replace(output, next));
                }
            }
        }
        Ok(count)
    }

    /// Makes the output row of a pair of rows, of which `joined` begins with the left one; false where WHERE
    /// does not keep it.
    fn output_row(
        &self,
        left: &[Value],
        right: &[Value],
        Scratch { joined, output }: &mut Scratch,
    ) -> Result<bool, Error> {
        output.clear();
        if let Some(columns) = &self.columns {
            for column in columns {
                let value = left.get(*column).or_else(|| right.get(column - left.len()));
                let value = value.ok_or_else(|| Error::Internal("a column behind the last".into()))?;
                output.push(value.clone());
            }
            return Ok(true);
        }
        joined.truncate(left.len());
        joined.extend_from_slice(right);
        let eval = self.run.eval();
        if let Some(predicate) = &self.plan.predicate
            && !is_true(&evaluate(predicate, joined, &eval)?)
        {
            return Ok(false);
        }
        match &self.plan.exprs {
            Some(exprs) => {
                for expr in exprs {
                    output.push(evaluate(expr, joined, &eval)?);
                }
            }
            None => output.extend_from_slice(joined),
        }
        Ok(true)
    }
}

/// The rows of the right side of an answer.
struct Right<'a> {
    rows: &'a mut [Vec<Value>],
    /// No other row of the log has the same answer.
    last: bool,
}

/// Rows that are made again and again.
#[derive(Default)]
struct Scratch {
    joined: Vec<Value>,
    output: Vec<Value>,
}

/// The different queries, and for every entry the number of its own. Texts are compared, vectors are not.
fn distinct(entries: &[Entry]) -> (Vec<&QueryInput>, Vec<Option<usize>>) {
    let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
    let mut queries = Vec::with_capacity(entries.len());
    let query_of = entries.iter().map(|entry| {
        let input = entry.input.as_ref().ok()?;
        let next = queries.len();
        let number = match input {
            QueryInput::Text(text) => *numbers.entry(text).or_insert(next),
            QueryInput::Vector(_) | QueryInput::Both { .. } => next,
        };
        if number == next {
            queries.push(input);
        }
        Some(number)
    });
    let query_of = query_of.collect();
    (queries, query_of)
}

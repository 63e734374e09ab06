//! The queries of a block, answered together, and their output rows.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argtop_query::Value;
use argtop_query::eval::{evaluate, is_true};
use lru::LruCache;

use super::{Answered, BadQuery, Block, Entry, Fault, Outcome};
use crate::error::Error;
use crate::execute::relational::plain_columns;
use crate::execute::search::{Encoded, Prepared, QueryInput, Ranking};
use crate::execute::{RowStream, Run, open_over};
use crate::export::RowPrinter;
use crate::physical::{LateralPlan, Operator, OperatorKind};

/// How many labels before its row is made a label is asked for.
const LABELS_AHEAD: usize = 8;

/// What operators over a search hand on, where they do nothing else.
struct Direct {
    /// Columns of the search's rows.
    columns: Vec<usize>,
    /// Ranks, from 0.
    ranks: Range<usize>,
}

impl Direct {
    /// None where an operator does more; `width` is that of the search's rows.
    fn of(right: &Operator, width: usize) -> Option<Direct> {
        match &right.kind {
            OperatorKind::Search(_) => Some(Direct { columns: (0..width).collect(), ranks: 0..usize::MAX }),
            OperatorKind::Project { input, exprs } => {
                let below = Direct::of(input, width)?;
                let columns = plain_columns(exprs)?;
                let columns = columns.iter().map(|column| below.columns.get(*column).copied());
                Some(Direct { columns: columns.collect::<Option<_>>()?, ..below })
            }
            OperatorKind::Limit { input, limit, offset } => {
                let below = Direct::of(input, width)?;
                let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
                let start = below.ranks.start.saturating_add(number(*offset));
                let most = limit.map_or(usize::MAX, number);
                let end = below.ranks.end.min(start.saturating_add(most));
                Some(Direct { ranks: start..end, ..below })
            }
            _ => None,
        }
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
pub(super) struct Answerer {
    run: Run,
    plan: Arc<LateralPlan>,
    search: Prepared,
    known: Mutex<Known>,
    printer: Option<Arc<RowPrinter>>,
    /// The columns of both sides that the output has, where it is these of every pair of rows.
    columns: Option<Vec<usize>>,
    /// What the right side has of the search, where that needs no reading of labels: output rows are then
    /// made out of rankings.
    direct: Option<Direct>,
    /// Searches that were run.
    answered: Arc<AtomicU64>,
}

/// The answer to one of the different queries of a block.
type Found = Result<Arc<Ranking>, Fault>;

impl Answerer {
    /// Answers the queries of blocks of `plan`, whose search is `search`; `answered` counts searches.
    pub(super) fn new(
        run: &Run,
        plan: &Arc<LateralPlan>,
        search: Prepared,
        printer: Option<Arc<RowPrinter>>,
        answered: Arc<AtomicU64>,
    ) -> Answerer {
        let columns = match &plan.exprs {
            _ if plan.predicate.is_some() => None,
            Some(exprs) => plain_columns(exprs),
            None => Some((0..plan.schema.len()).collect()),
        };
        let direct = columns.as_ref().filter(|_| search.reads_keys_alone());
        let direct = direct.and_then(|_| Direct::of(&plan.right, search.width()));
        let known = Mutex::new(Known::new(run.inner.limits.batch_answers_bytes));
        let (run, plan) = (run.clone(), plan.clone());
        Answerer { run, plan, search, known, printer, columns, direct, answered }
    }

    pub(super) fn answer(&self, block: Block) -> Result<Answered, Error> {
        self.run.context.check()?;
        let Block { first, entries, read, underway: _underway } = block;
        let (queries, query_of) = distinct(&entries);
        let found = self.found(&queries)?;
        let mut rows = if self.direct.is_some() { Vec::new() } else { self.right_rows(&found)? };
        let mut uses = vec![0u32; queries.len()];
        query_of.iter().flatten().for_each(|query| uses[*query] += 1);
        let width = self.plan.exprs.as_ref().map_or(self.plan.schema.len(), Vec::len);
        let mut answered = Answered { first, read, width, ..Answered::default() };
        let mut scratch = Scratch::default();
        for (entry, query) in entries.into_iter().zip(query_of) {
            let made = match (entry.input, query.map(|query| (&found[query], query))) {
                (Err(fault), _) => Err(fault),
                (Ok(_), Some((Err(fault), _))) => Err(fault.clone()),
                (Ok(_), Some((Ok(ranking), query))) => {
                    uses[query] -= 1;
                    let right = match rows.get_mut(query) {
                        Some(rows) => Right::Rows { rows, last: uses[query] == 0 },
                        None => Right::Ranking(ranking),
                    };
                    self.emit(&entry.row, right, &mut scratch, &mut answered)?
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
        let (values, bytes) = (answered.values.len(), answered.bytes.len());
        let emitted = match right {
            Right::Rows { rows, last } => self.emit_rows(left, (rows, last), scratch, answered),
            Right::Ranking(ranking) => self.emit_ranking(left, ranking, scratch, answered),
        };
        emitted.map(Ok).or_else(|error| {
            answered.values.truncate(values);
            answered.bytes.truncate(bytes);
            Fault::of(error).map(Err)
        })
    }

    /// [`emit`](Answerer::emit) out of a ranking: no row of the right side is made.
    fn emit_ranking(
        &self,
        left: &[Value],
        ranking: &Ranking,
        Scratch { output, .. }: &mut Scratch,
        answered: &mut Answered,
    ) -> Result<u64, Error> {
        let (Some(columns), Some(direct)) = (&self.columns, &self.direct) else {
            return Err(Error::Internal("a ranking instead of rows".into()));
        };
        let value = |at: usize, column: usize| match column.checked_sub(left.len()) {
            None => Ok(left[column].clone()),
            Some(column) => match direct.columns.get(column) {
                Some(column) => self.search.value(ranking, at, *column),
                None => Err(Error::Internal("a column behind the last".into())),
            },
        };
        let ranks = direct.ranks.start..direct.ranks.end.min(ranking.len());
        for (count, at) in (1..).zip(ranks.clone()) {
            if let Some(next) = ranking.slots.get(at + LABELS_AHEAD) {
                self.search.prefetch(*next);
            }
            let row = columns.iter().map(|column| value(at, *column));
            match &self.printer {
                None => row.into_iter().try_for_each(|value| {
                    answered.values.push(value?);
                    Ok::<(), Error>(())
                })?,
                Some(printer) => {
                    output.clear();
                    for value in row {
                        output.push(value?);
                    }
                    printer.print(count, output, &mut answered.bytes)?;
                }
            }
        }
        Ok(ranks.len() as u64)
    }

    fn emit_rows(
        &self,
        left: &[Value],
        (rows, last): (&mut [Vec<Value>], bool),
        scratch: &mut Scratch,
        answered: &mut Answered,
    ) -> Result<u64, Error> {
        let mut count = 0;
        scratch.joined.clear();
        scratch.joined.extend_from_slice(left);
        for row in rows {
            if !self.output_row(left, row, scratch)? {
                continue;
            }
            if last {
                // Nobody reads it again.
                *row = Vec::new();
            }
            count += 1;
            match &self.printer {
                Some(printer) => printer.print(count, &scratch.output, &mut answered.bytes)?,
                None => answered.values.append(&mut scratch.output),
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

/// The right side of an answer.
enum Right<'a> {
    Rows {
        rows: &'a mut [Vec<Value>],
        /// No other row of the log has the same answer.
        last: bool,
    },
    Ranking(&'a Ranking),
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

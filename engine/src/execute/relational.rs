//! Filter, project, aggregate, sort, distinct and limit over streams of rows.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use argtop_query::Value;
use argtop_query::eval::{evaluate, is_true};
use argtop_query::expr::BoundExpr;
use argtop_query::plan::{Aggregate, AggregateFunction, SortKey};

use super::{RowStream, Run};
use crate::error::Error;

/// Values for which a row keeps its memory when columns are taken out of it.
const WIDTH_KEPT: usize = 16;

/// Rows for which the predicate is true.
pub(crate) fn filter(run: &Run, input: RowStream, predicate: BoundExpr) -> RowStream {
    let run = run.clone();
    Box::new(input.filter_map(move |row| {
        let row = match row {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        match evaluate(&predicate, &row, &run.eval()) {
            Ok(value) if is_true(&value) => Some(Ok(row)),
            Ok(_) => None,
            Err(error) => Some(Err(error.into())),
        }
    }))
}

/// Computed columns.
pub(crate) fn project(run: &Run, input: RowStream, exprs: Vec<BoundExpr>) -> RowStream {
    if let Some(columns) = different_columns(&exprs) {
        let mut taken = Vec::with_capacity(columns.len());
        return Box::new(input.map(move |row| {
            let mut row = row?;
            for column in &columns {
                let value = row.get_mut(*column);
                let value = value.ok_or_else(|| Error::Internal("a column behind the last".into()))?;
                taken.push(std::mem::replace(value, Value::Null));
            }
            // The row keeps its memory, unless that is far too much.
            row.clear();
            row.shrink_to(WIDTH_KEPT.max(columns.len()));
            row.append(&mut taken);
            Ok(row)
        }));
    }
    let run = run.clone();
    Box::new(input.map(move |row| {
        let row = row?;
        exprs.iter().map(|expr| evaluate(expr, &row, &run.eval()).map_err(Error::from)).collect()
    }))
}

/// The columns that expressions name, where they are nothing else.
pub(super) fn plain_columns(exprs: &[BoundExpr]) -> Option<Vec<usize>> {
    let column = |expr: &BoundExpr| match expr {
        BoundExpr::Column { index, .. } => Some(*index),
        _ => None,
    };
    exprs.iter().map(column).collect()
}

/// The same where each is named once: their values can be moved.
fn different_columns(exprs: &[BoundExpr]) -> Option<Vec<usize>> {
    let columns = plain_columns(exprs)?;
    let different: BTreeSet<usize> = columns.iter().copied().collect();
    (different.len() == columns.len()).then_some(columns)
}

/// A window of rows.
pub(crate) fn limit(input: RowStream, limit: Option<u64>, offset: u64) -> RowStream {
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let take = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Box::new(input.skip(skip).take(take))
}

/// A row that sorts by the total order of values.
#[derive(Clone, Debug)]
struct Ordered(Vec<Value>);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        let mut pairs = self.0.iter().zip(&other.0).map(|(a, b)| a.total_cmp(b));
        pairs.find(|order| order.is_ne()).unwrap_or_else(|| self.0.len().cmp(&other.0.len()))
    }
}

/// The first of equal rows.
pub(crate) fn distinct(run: &Run, input: RowStream) -> RowStream {
    let rows_max = run.inner.limits.statement_rows_max;
    let mut seen = BTreeSet::new();
    Box::new(input.filter_map(move |row| match row {
        Ok(row) if seen.len() >= rows_max => Some(Err(too_many("DISTINCT", rows_max, row.len()))),
        Ok(row) => seen.insert(Ordered(row.clone())).then_some(Ok(row)),
        Err(error) => Some(Err(error)),
    }))
}

/// All rows in order; equal keys keep the input's order.
pub(crate) fn sort(
    run: &Run,
    input: RowStream,
    keys: &[SortKey],
    top: Option<usize>,
) -> Result<RowStream, Error> {
    let rows_max = run.inner.limits.statement_rows_max;
    let mut rows: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    let order = |a: &Vec<Value>, b: &Vec<Value>| compare_keys(a, b, keys);
    for (number, row) in input.enumerate() {
        let row = row?;
        if number % 4096 == 0 {
            run.context.check()?;
        }
        if rows.len() >= rows_max {
            return Err(too_many("ORDER BY", rows_max, row.len()));
        }
        let key: Result<Vec<Value>, _> =
            keys.iter().map(|key| evaluate(&key.expr, &row, &run.eval())).collect();
        rows.push((key?, row));
        // With a limit above, only the best rows are kept: sort and cut whenever the buffer has doubled.
        if let Some(top) = top.filter(|top| rows.len() / 2 >= (*top).max(512)) {
            rows.sort_by(|a, b| order(&a.0, &b.0));
            rows.truncate(top);
        }
    }
    rows.sort_by(|a, b| order(&a.0, &b.0));
    if let Some(top) = top {
        rows.truncate(top);
    }
    Ok(Box::new(rows.into_iter().map(|(_, row)| Ok(row))))
}

fn compare_keys(a: &[Value], b: &[Value], keys: &[SortKey]) -> Ordering {
    for ((a, b), key) in a.iter().zip(b).zip(keys) {
        let order = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if key.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if key.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) if key.descending => b.total_cmp(a),
            (false, false) => a.total_cmp(b),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn too_many(what: &str, rows_max: usize, columns: usize) -> Error {
    Error::value(
        format!("{what} over more than {rows_max} rows of {columns} columns"),
        "narrow the rows with WHERE or LIMIT, or sort outside",
    )
}

/// The running value of one aggregate in one group.
#[derive(Clone, Debug)]
struct Accumulator {
    count: u64,
    integers: i128,
    doubles: f64,
    saw_double: bool,
    best: Option<Value>,
    seen: BTreeSet<Ordered>,
}

impl Accumulator {
    fn new() -> Accumulator {
        Accumulator {
            count: 0,
            integers: 0,
            doubles: 0.0,
            saw_double: false,
            best: None,
            seen: BTreeSet::new(),
        }
    }

    fn add(&mut self, aggregate: &Aggregate, value: Option<Value>) {
        let value = match value {
            Some(Value::Null) => return,
            Some(value) => value,
            None => {
                self.count += 1;
                return;
            }
        };
        if aggregate.distinct && !self.seen.insert(Ordered(vec![value.clone()])) {
            return;
        }
        self.count += 1;
        match aggregate.function {
            AggregateFunction::Count => {}
            AggregateFunction::Sum | AggregateFunction::Avg => match value {
                Value::BigInt(number) => self.integers += i128::from(number),
                Value::Double(number) => {
                    self.doubles += number;
                    self.saw_double = true;
                }
                _ => {}
            },
            AggregateFunction::Min => {
                if self.best.as_ref().is_none_or(|best| value.total_cmp(best).is_lt()) {
                    self.best = Some(value);
                }
            }
            AggregateFunction::Max => {
                if self.best.as_ref().is_none_or(|best| value.total_cmp(best).is_gt()) {
                    self.best = Some(value);
                }
            }
        }
    }

    fn finish(self, function: AggregateFunction) -> Result<Value, Error> {
        match function {
            AggregateFunction::Count => Ok(Value::BigInt(i64::try_from(self.count).unwrap_or(i64::MAX))),
            _ if self.count == 0 => Ok(Value::Null),
            AggregateFunction::Sum if self.saw_double => {
                Ok(Value::Double(self.doubles + self.integers as f64))
            }
            AggregateFunction::Sum => i64::try_from(self.integers).map(Value::BigInt).map_err(|_| {
                Error::value(
                    format!("sum of integers is {}, which BIGINT cannot hold", self.integers),
                    "sum CAST(... AS DOUBLE)",
                )
            }),
            AggregateFunction::Avg => {
                Ok(Value::Double((self.doubles + self.integers as f64) / self.count as f64))
            }
            AggregateFunction::Min | AggregateFunction::Max => Ok(self.best.unwrap_or(Value::Null)),
        }
    }
}

/// Groups in the order of their keys; without groups exactly one row.
pub(crate) fn aggregate(
    run: &Run,
    input: RowStream,
    groups: &[BoundExpr],
    aggregates: &[Aggregate],
) -> Result<RowStream, Error> {
    let rows_max = run.inner.limits.statement_rows_max;
    let mut table: BTreeMap<Ordered, Vec<Accumulator>> = BTreeMap::new();
    if groups.is_empty() {
        table.insert(Ordered(Vec::new()), vec![Accumulator::new(); aggregates.len()]);
    }
    for (number, row) in input.enumerate() {
        let row = row?;
        if number % 4096 == 0 {
            run.context.check()?;
        }
        let key: Result<Vec<Value>, _> =
            groups.iter().map(|group| evaluate(group, &row, &run.eval())).collect();
        let key = Ordered(key?);
        if table.len() >= rows_max && !table.contains_key(&key) {
            return Err(too_many("GROUP BY", rows_max, groups.len()));
        }
        let accumulators = table.entry(key).or_insert_with(|| vec![Accumulator::new(); aggregates.len()]);
        for (aggregate, accumulator) in aggregates.iter().zip(accumulators) {
            let value =
                aggregate.argument.as_ref().map(|expr| evaluate(expr, &row, &run.eval())).transpose()?;
            accumulator.add(aggregate, value);
        }
    }
    let functions: Vec<AggregateFunction> = aggregates.iter().map(|aggregate| aggregate.function).collect();
    Ok(Box::new(table.into_iter().map(move |(key, accumulators)| {
        let mut row = key.0;
        for (accumulator, function) in accumulators.into_iter().zip(&functions) {
            row.push(accumulator.finish(*function)?);
        }
        Ok(row)
    })))
}

//! EVALUATE: runs searches over labelled texts, block by block, and prints the metrics.
//!
//! ```text
//! source rows --block--> queries --every target: search::answer--> ranked keys - excluded --> Metrics
//! propensity rows --> training frequencies --> inverse propensities, label deciles
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use argtop_query::eval::evaluate as evaluate_expr;
use argtop_query::plan::{Evaluate, EvaluateBy, Metric, MetricKind, Node, Search, Via};
use argtop_query::{DataType, Value};
use argtop_storage::{Key, Slot};

use super::agreement::{BlockCosines, Originals};
use super::bootstrap::bootstrap;
use super::groups::{LabelGroups, MetricsByKey};
use super::metrics::{CoverageBase, LabelIndex, MetricOptions, Metrics, RankedPoint};
use super::propensity::{LabelCounts, Propensity};
use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::pipeline::{self, LineOptions};
use crate::execute::search::{Encoded, Prepared, QueryInput, Ranking, query_input};
use crate::execute::{self, RowStream, Run};
use crate::physical::{SearchPlan, window};
use crate::planner::Planner;
use crate::statement::Column;
use crate::view::KeyBook;

/// Groups that BY may make.
const GROUPS_MAX: usize = 10_000;
/// Constants of the propensity model outside Wikipedia-500K and the Amazon sets.
const A: f64 = 0.55;
const B: f64 = 1.5;

/// One system under evaluation.
struct Target {
    name: String,
    /// EXACT itself: what ANN_RECALL compares with is its own answer.
    is_exact: bool,
    /// The exact search that ANN_RECALL compares it with.
    exact: Option<usize>,
    /// What it is asked for, of what there is to ask.
    asks: usize,
    plan: SearchPlan,
    keys: Arc<KeyBook>,
    totals: Metrics,
    groups: Option<MetricsByKey>,
    seconds: f64,
    by_slot: HashMap<Slot, LabelIndex>,
}

/// Dense numbers of labels, given as they are met.
#[derive(Default)]
struct Numbers {
    numbers: HashMap<Key, LabelIndex>,
}

impl Numbers {
    fn of(&mut self, key: Key) -> LabelIndex {
        let next = self.numbers.len() as LabelIndex;
        *self.numbers.entry(key).or_insert(next)
    }

    fn list(&mut self, value: &Value, what: &str) -> Result<Vec<LabelIndex>, Error> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::List(items) => items.iter().map(|item| Ok(self.of(key(item, what)?))).collect(),
            other => Ok(vec![self.of(key(other, what)?)]),
        }
    }
}

fn key(value: &Value, what: &str) -> Result<Key, Error> {
    match value {
        Value::BigInt(number) => Ok(Key::BigInt(*number)),
        Value::Text(text) => Ok(Key::Text(text.clone())),
        other => Err(Error::value(format!("{what} holds {other}"), "give primary keys")),
    }
}

/// What the WITH of an EVALUATE says.
struct Settings {
    a: f64,
    b: f64,
    digits: u32,
    coverage_labels: bool,
    bootstrap: u32,
    seed: u64,
}

fn settings(plan: &Evaluate) -> Result<Settings, Error> {
    let mut reader = OptionReader::new("EVALUATE", &plan.options);
    let family = reader.word("propensity", &["wikipedia", "amazon", "other"])?;
    let (a, b) = match family {
        Some("wikipedia") => (0.5, 0.4),
        Some("amazon") => (0.6, 2.6),
        _ => (A, B),
    };
    let settings = Settings {
        a: reader.positive("a")?.unwrap_or(a),
        b: reader.positive("b")?.unwrap_or(b),
        digits: reader.number("digits", 0, 15)?.unwrap_or(2) as u32,
        coverage_labels: reader.word("coverage", &["truth", "labels"])? == Some("labels"),
        bootstrap: reader.number("bootstrap", 1, 100_000)?.unwrap_or(0) as u32,
        seed: reader.number("seed", 0, i64::MAX.unsigned_abs())?.unwrap_or(1),
    };
    reader.finish()?;
    Ok(settings)
}

/// EVALUATE.
pub(crate) fn evaluate(run: &Run, plan: &Evaluate) -> Result<Output, Error> {
    let settings = settings(plan)?;
    let mut numbers = Numbers::default();
    let counts = match &plan.propensity {
        Some(node) => Some(frequencies(run, node, &mut numbers)?),
        None => remembered(run, plan, &mut numbers)?,
    };
    let options = metric_options(run, plan, &settings, counts.as_ref())?;
    let metrics = ordered(&plan.metrics);
    let mut planner = Planner::new(run);
    let mut targets = Vec::with_capacity(plan.targets.len());
    let mut asked = Vec::new();
    for target in &plan.targets {
        let table = run.view.table(&target.search.table.name)?;
        let totals = Metrics::new(&metrics, options.clone()).map_err(invalid)?;
        let groups = match &plan.by {
            Some(EvaluateBy::Expr(_)) => Some(MetricsByKey::new(totals.clone(), GROUPS_MAX)),
            _ => None,
        };
        let search = planner.search(&target.search)?;
        let same = |other: &SearchPlan| other.text == search.text && other.vector == search.vector;
        let asks = asked.iter().position(same).unwrap_or_else(|| {
            asked.push(search.clone());
            asked.len() - 1
        });
        targets.push(Target {
            name: target.name.clone(),
            is_exact: target.search.via == Via::Exact,
            exact: None,
            asks,
            plan: search,
            keys: Arc::new(run.view.keys(&table)?),
            totals,
            groups,
            seconds: 0.0,
            by_slot: HashMap::new(),
        });
    }
    let exacts = if plan.metrics.iter().any(|metric| metric.kind == MetricKind::AnnRecall) {
        exacts(&mut planner, plan, &mut targets)?
    } else {
        Vec::new()
    };
    let points = measure(run, plan, &mut targets, (asked, exacts), &mut numbers)?;
    report(plan, &settings, &metrics, &targets, counts.as_ref(), points)
}

fn invalid(error: super::metrics::MetricError) -> Error {
    Error::value(
        error.to_string(),
        "PSP needs WITH (propensity = (SELECT labels FROM read_xc('trn.json.gz'))), or a TRAIN",
    )
}

/// An exact search that ANN_RECALL compares with.
struct ExactSearch {
    plan: SearchPlan,
    asks: usize,
}

/// The exact searches that ANN_RECALL compares with, one for all targets that ask the same of the same
/// labels.
fn exacts(
    planner: &mut Planner<'_>,
    plan: &Evaluate,
    targets: &mut [Target],
) -> Result<Vec<ExactSearch>, Error> {
    let mut found: Vec<(&Search, ExactSearch)> = Vec::new();
    for (target, measured) in plan.targets.iter().zip(targets) {
        let search = &target.search;
        let same = |(other, exact): &(&Search, ExactSearch)| {
            other.table.name == search.table.name
                && other.filter == search.filter
                && exact.asks == measured.asks
        };
        let at = found.iter().position(same);
        if at.is_none() {
            let plan = planner.search(&Search { via: Via::Exact, ..search.clone() })?;
            found.push((search, ExactSearch { plan, asks: measured.asks }));
        }
        measured.exact = Some(at.unwrap_or(found.len() - 1));
    }
    Ok(found.into_iter().map(|(_, exact)| exact).collect())
}

/// Training frequencies of labels.
fn frequencies(run: &Run, node: &Node, numbers: &mut Numbers) -> Result<LabelCounts, Error> {
    let operator = Planner::new(run).plan(node)?;
    let mut lists = Vec::new();
    for row in execute::open(run, &operator)? {
        let row = row?;
        lists.push(numbers.list(row.first().unwrap_or(&Value::Null), "labels of the propensity query")?);
    }
    run.context.check()?;
    // Only now every label has its number.
    let mut counts = LabelCounts::new(numbers.numbers.len());
    for list in &lists {
        counts.add(list);
    }
    Ok(counts)
}

/// The frequencies that the table remembers from its last TRAIN, where a metric or the groups need some.
fn remembered(run: &Run, plan: &Evaluate, numbers: &mut Numbers) -> Result<Option<LabelCounts>, Error> {
    let rare = |metric: &Metric| matches!(metric.kind, MetricKind::Psp | MetricKind::Psndcg);
    let wanted = plan.metrics.iter().any(rare) || matches!(plan.by, Some(EvaluateBy::LabelDecile));
    let Some(target) = plan.targets.first().filter(|_| wanted) else { return Ok(None) };
    let table = run.view.table(&target.search.table.name)?;
    if table.frequencies.is_none() {
        return Ok(None);
    }
    let known = run.view.inverse_propensity(&table)?;
    let mut counts = Vec::new();
    for entry in run.view.snapshot().keys(table.id)? {
        let (key, slot) = entry?;
        let number = numbers.of(key) as usize;
        if counts.len() <= number {
            counts.resize(number + 1, 0);
        }
        counts[number] = known.frequency(slot);
    }
    Ok(Some(LabelCounts::from_counts(known.points(), counts)))
}

fn metric_options(
    run: &Run,
    plan: &Evaluate,
    settings: &Settings,
    counts: Option<&LabelCounts>,
) -> Result<MetricOptions, Error> {
    let propensity = match counts {
        Some(counts) => {
            let made = Propensity::from_frequencies(counts.points(), counts.counts(), settings.a, settings.b);
            Some(Arc::new(made.map_err(invalid)?))
        }
        None => None,
    };
    let groups = match (&plan.by, counts) {
        (Some(EvaluateBy::LabelDecile), Some(counts)) => {
            Some(Arc::new(LabelGroups::deciles(counts.counts())))
        }
        (Some(EvaluateBy::LabelDecile), None) => {
            return Err(Error::value(
                "BY label_decile needs training frequencies",
                "add WITH (propensity = (SELECT labels FROM read_xc('trn.json.gz'))), or TRAIN first",
            ));
        }
        _ => None,
    };
    let coverage = match plan.targets.first() {
        Some(target) if settings.coverage_labels => {
            let table = run.view.table(&target.search.table.name)?;
            CoverageBase::Labels(run.view.live(&table)?.len())
        }
        _ => CoverageBase::Truth,
    };
    Ok(MetricOptions { propensity, groups, coverage, keep_points: settings.bootstrap > 0 })
}

/// The field's order: P, NDCG, PSP, PSNDCG, then the others; each by k.
fn ordered(metrics: &[Metric]) -> Vec<Metric> {
    let place = |kind: MetricKind| match kind {
        MetricKind::Precision => 0,
        MetricKind::Ndcg => 1,
        MetricKind::Psp => 2,
        MetricKind::Psndcg => 3,
        MetricKind::Recall => 4,
        MetricKind::Mrr => 5,
        MetricKind::Coverage => 6,
        MetricKind::AnnRecall => 7,
        MetricKind::EncodeCosine => 8,
    };
    let mut ordered = metrics.to_vec();
    ordered.sort_by_key(|metric| (place(metric.kind), metric.k));
    ordered.dedup();
    ordered
}

/// Source rows with the queries that they are.
struct Block {
    rows: Vec<Vec<Value>>,
    /// By what is asked, one a row.
    inputs: Vec<Vec<QueryInput>>,
}

/// A block with the answers of every target.
struct Answered {
    rows: Vec<Vec<Value>>,
    /// The exact answers that ANN_RECALL compares with, by search.
    exacts: Vec<Vec<Ranking>>,
    targets: Vec<OfTarget>,
}

/// What a target made of a block.
struct OfTarget {
    /// None where they are the exact answers.
    answers: Option<Vec<Ranking>>,
    /// The time they took, encoding included.
    seconds: f64,
    /// For ENCODE_COSINE.
    cosines: Option<Vec<f64>>,
}

/// The searches of all targets.
struct Searches {
    /// Each with what it asks.
    exacts: Vec<(Prepared, usize)>,
    targets: Vec<(Prepared, usize)>,
    /// The exact search that a target is itself, where there are such searches.
    are_exact: Vec<Option<usize>>,
    /// What ENCODE_COSINE compares with.
    originals: Option<Originals>,
}

/// Runs all targets over the source, block by block; gives the number of points.
///
/// Blocks are read, answered and measured beside each other, but answered one at a time: the time of a target
/// is its own.
fn measure(
    run: &Run,
    plan: &Evaluate,
    targets: &mut [Target],
    (asked, exacts): (Vec<SearchPlan>, Vec<ExactSearch>),
    numbers: &mut Numbers,
) -> Result<u64, Error> {
    let operator = Planner::new(run).plan(&plan.source)?;
    let mut rows = execute::open(run, &operator)?;
    let depth = plan.metrics.iter().map(|metric| u64::from(metric.k)).max().unwrap_or(1);
    let named = targets.iter().map(|target| (target.name.as_str(), &target.plan));
    let compares = plan.metrics.iter().any(|metric| metric.kind == MetricKind::EncodeCosine);
    let searches = Searches {
        originals: compares.then(|| Originals::load(run, named)).transpose()?,
        exacts: exacts
            .into_iter()
            .map(|exact| Ok((Prepared::new(run, exact.plan)?, exact.asks)))
            .collect::<Result<_, Error>>()?,
        targets: targets
            .iter()
            .map(|target| Ok((Prepared::new(run, target.plan.clone())?, target.asks)))
            .collect::<Result<_, Error>>()?,
        are_exact: targets.iter().map(|target| target.exact.filter(|_| target.is_exact)).collect(),
    };
    let exclude = plan.exclude;
    let limits = &run.inner.limits;
    let rows_max = usize::try_from(limits.batch_labels / depth.max(1)).unwrap_or(usize::MAX);
    let rows_max = rows_max.clamp(1, limits.batch_texts.max(1));
    let options = LineOptions { workers: 1, in_order: true };
    let reading = run.clone();
    let line = pipeline::start(
        options,
        move || next_block(&reading, &mut rows, &asked, rows_max),
        move |block: Block| {
            // Excluded labels are dropped before the cut, so that many more are asked for.
            let longest = block.rows.iter().map(|row| list_length(row, exclude)).max().unwrap_or(0);
            searches.answer(block, depth + longest)
        },
    )?;
    let mut points = 0;
    for answered in line {
        run.context.check()?;
        let answered = answered?;
        points += answered.rows.len() as u64;
        score(run, plan, targets, &answered, numbers)?;
        run.context.progress("evaluating", points, None);
    }
    Ok(points)
}

fn next_block(
    run: &Run,
    rows: &mut RowStream,
    asked: &[SearchPlan],
    rows_max: usize,
) -> Result<Option<Block>, Error> {
    let mut block = Block { rows: Vec::new(), inputs: vec![Vec::new(); asked.len()] };
    while block.rows.len() < rows_max
        && let Some(row) = rows.next()
    {
        let row = row?;
        for (search, inputs) in asked.iter().zip(&mut block.inputs) {
            let input = query_input(run, search, &row).map_err(|error| match error {
                Error::Value { message, .. } => Error::value(
                    format!("a point of the source: {message}"),
                    "leave such rows out with WHERE",
                ),
                error => error,
            });
            inputs.push(input?);
        }
        block.rows.push(row);
    }
    Ok((!block.rows.is_empty()).then_some(block))
}

fn list_length(row: &[Value], position: Option<usize>) -> u64 {
    match position.and_then(|position| row.get(position)) {
        Some(Value::List(items)) => items.len() as u64,
        Some(Value::Null) | None => 0,
        Some(_) => 1,
    }
}

impl Searches {
    fn answer(&self, block: Block, depth: u64) -> Result<Answered, Error> {
        // What is asked alike is encoded once.
        let mut encoded: Vec<Encoded> = block.inputs.iter().map(|_| Encoded::default()).collect();
        let mut timed = |(search, asks): &(Prepared, usize)| {
            let started = Instant::now();
            let deep = search.with_plan(deepened(search.plan(), depth));
            let answers = deep.answer(&block.inputs[*asks], &mut encoded[*asks])?;
            Ok::<_, Error>((answers, started.elapsed().as_secs_f64()))
        };
        let exacts = self.exacts.iter().map(&mut timed).collect::<Result<Vec<_>, _>>()?;
        let mut targets = Vec::with_capacity(self.targets.len());
        for (search, is_exact) in self.targets.iter().zip(&self.are_exact) {
            let (answers, seconds) = match is_exact.map(|at| exacts[at].1) {
                Some(seconds) => (None, seconds),
                None => timed(search).map(|(answers, seconds)| (Some(answers), seconds))?,
            };
            targets.push(OfTarget { answers, seconds, cosines: None });
        }
        if let Some(originals) = &self.originals {
            let mut known = vec![BlockCosines::new(); encoded.len()];
            for ((search, asks), target) in self.targets.iter().zip(&mut targets) {
                let (inputs, encoded) = (&block.inputs[*asks], &mut encoded[*asks]);
                let cosines = originals.cosines(search.plan(), inputs, encoded, &mut known[*asks])?;
                target.cosines = Some(cosines);
            }
        }
        let exacts = exacts.into_iter().map(|(answers, _)| answers).collect();
        Ok(Answered { rows: block.rows, exacts, targets })
    }
}

/// Adds the points of a block to the metrics.
fn score(
    run: &Run,
    plan: &Evaluate,
    targets: &mut [Target],
    answered: &Answered,
    numbers: &mut Numbers,
) -> Result<(), Error> {
    let cell = |row: &[Value], position: Option<usize>| {
        position.and_then(|position| row.get(position)).cloned().unwrap_or(Value::Null)
    };
    let mut truth = Vec::with_capacity(answered.rows.len());
    let mut exclude = Vec::with_capacity(answered.rows.len());
    let mut names = Vec::new();
    for row in &answered.rows {
        truth.push(numbers.list(&cell(row, plan.labels), "labels")?);
        exclude.push(numbers.list(&cell(row, plan.exclude), "exclude")?);
        if let Some(EvaluateBy::Expr(expr)) = &plan.by {
            names.push(evaluate_expr(expr, row, &run.eval())?);
        }
    }
    for (target, found) in targets.iter_mut().zip(&answered.targets) {
        target.seconds += found.seconds;
        let exacts = target.exact.map(|at| &answered.exacts[at]);
        let Some(answers) = found.answers.as_ref().or(exacts) else { continue };
        for (at, ranking) in answers.iter().enumerate() {
            let ranked = target.numbers_of(ranking, &exclude[at], numbers)?;
            let exact = match exacts {
                Some(answers) => Some(target.numbers_of(&answers[at], &exclude[at], numbers)?),
                None => None,
            };
            let cosine = found.cosines.as_ref().and_then(|cosines| cosines.get(at)).copied();
            let (truth, exact) = (truth[at].as_slice(), exact.as_deref());
            let point = RankedPoint { ranked: &ranked, truth, exact, cosine };
            target.totals.add(&point).map_err(invalid)?;
            if let (Some(groups), Some(name)) = (&mut target.groups, names.get(at)) {
                groups.add(name, &point).map_err(invalid)?;
            }
        }
    }
    Ok(())
}

/// The plan with a limit of `depth`, as far as the windows of its stages go, for labels alone.
fn deepened(plan: &SearchPlan, depth: u64) -> SearchPlan {
    let mut plan = plan.clone();
    plan.stage_columns = false;
    plan.owed = window(&plan.stages).map_or(depth, |(window, _)| window.min(depth));
    plan.limit = Some(plan.owed);
    plan.stages_read = false;
    plan
}

impl Target {
    /// Label numbers of an answer without the excluded ones.
    fn numbers_of(
        &mut self,
        ranking: &Ranking,
        exclude: &[LabelIndex],
        numbers: &mut Numbers,
    ) -> Result<Vec<LabelIndex>, Error> {
        let mut list = Vec::with_capacity(ranking.len());
        for slot in &ranking.slots {
            let number = match self.by_slot.get(slot) {
                Some(number) => *number,
                None => {
                    let number = numbers.of(self.keys.key(*slot)?);
                    self.by_slot.insert(*slot, number);
                    number
                }
            };
            if !exclude.contains(&number) {
                list.push(number);
            }
        }
        Ok(list)
    }
}

fn report(
    plan: &Evaluate,
    settings: &Settings,
    metrics: &[Metric],
    targets: &[Target],
    counts: Option<&LabelCounts>,
    points: u64,
) -> Result<Output, Error> {
    let mut columns = vec![Column { name: "target".to_string(), data_type: DataType::Text }];
    if plan.by.is_some() {
        columns.push(Column { name: "group".to_string(), data_type: DataType::Text });
    }
    columns.push(Column { name: "points".to_string(), data_type: DataType::BigInt });
    columns.extend(
        metrics.iter().map(|metric| Column { name: metric.to_string(), data_type: DataType::Double }),
    );
    let mut rows = Vec::new();
    for target in targets {
        rows.extend(rows_of(plan, settings, target));
    }
    let mut output = Output::rows(columns, rows);
    if let Some(counts) = counts {
        output.notes.push(format!(
            "propensities: A = {}, B = {}, N = {} training points",
            settings.a,
            settings.b,
            counts.points()
        ));
    }
    for target in targets {
        let rate = points as f64 / target.seconds.max(1e-9);
        output.notes.push(format!("{}: {rate:.0} queries/s in blocks, {points} points", target.name));
    }
    if settings.bootstrap > 0 {
        output.notes.extend(intervals(settings, metrics, targets)?);
    }
    Ok(output)
}

fn rows_of(plan: &Evaluate, settings: &Settings, target: &Target) -> Vec<Vec<Value>> {
    let count = |number: u64| Value::BigInt(i64::try_from(number).unwrap_or(i64::MAX));
    let figures = |values: Vec<Option<f64>>| {
        let scale = 10_f64.powi(settings.digits as i32);
        values.into_iter().map(move |value| match value {
            Some(value) => Value::Double((value * 100.0 * scale).round() / scale),
            None => Value::Null,
        })
    };
    let name = || Value::Text(target.name.clone());
    let totals = &target.totals;
    match (&plan.by, &target.groups) {
        (Some(EvaluateBy::Expr(_)), Some(groups)) => groups
            .groups()
            .iter()
            .map(|(group, metrics)| {
                let mut row = vec![name(), Value::Text(group.to_string()), count(metrics.points())];
                row.extend(figures(metrics.finish()));
                row
            })
            .collect(),
        (Some(_), _) => (0..10)
            .map(|decile| {
                let mut row = vec![name(), Value::Text(format!("{}", decile + 1)), count(totals.points())];
                row.extend(figures(totals.finish_group(decile)));
                row
            })
            .collect(),
        (None, _) => {
            let mut row = vec![name(), count(totals.points())];
            row.extend(figures(totals.finish()));
            vec![row]
        }
    }
}

/// Bootstrap intervals of every target, and of every further one minus the first.
fn intervals(settings: &Settings, metrics: &[Metric], targets: &[Target]) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    let mut note = |what: &str, at: usize, (a, b): (&Target, Option<&Target>)| {
        let Some(values) = a.totals.values(at) else { return Ok::<(), Error>(()) };
        let other = b.and_then(|b| b.totals.values(at));
        let found = bootstrap(values, other, settings.seed, settings.bootstrap).map_err(invalid)?;
        let percent = |value: f64| match b {
            Some(_) => format!("{:+.2}", value * 100.0),
            None => format!("{:.2}", value * 100.0),
        };
        let (mean, low, high) = (percent(found.mean), percent(found.low), percent(found.high));
        let metric = metrics.get(at).map(ToString::to_string).unwrap_or_default();
        notes.push(format!("{metric} {what}: {mean} [{low}, {high}] (95 %, {} rounds)", settings.bootstrap));
        Ok(())
    };
    for target in targets {
        (0..metrics.len()).try_for_each(|at| note(&target.name, at, (target, None)))?;
    }
    let Some((first, others)) = targets.split_first() else { return Ok(notes) };
    for other in others {
        let what = format!("{} - {}", other.name, first.name);
        (0..metrics.len()).try_for_each(|at| note(&what, at, (other, Some(first))))?;
    }
    Ok(notes)
}

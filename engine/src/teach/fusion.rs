//! TRAIN FUSION: runs a pipeline over the training texts and fits a model on the scores of its stages.

use std::collections::BTreeMap;

use argtop_query::optimize::{OptimizerOptions, optimize};
use argtop_query::plan::{LogicalPlan, Node, Search, Train, Via};
use argtop_storage::{FusionRecord, Object, ObjectKind, TableRecord};

use super::course::watched;
use super::lesson::{self, LabelNumbers, Lesson};
use super::options::TrainOptions;
use super::reciprocal::Reciprocal;
use super::swap::{Swap, remarks};
use crate::catalog::ViewCatalog;
use crate::error::Error;
use crate::execute::Run;
use crate::execute::search::{Encoded, Prepared, QueryInput, Ranking};
use crate::physical::SearchPlan;
use crate::planner::Planner;
use crate::train::{
    BoostedOptions, Csr, FusionExamples, FusionMethod, FusionModel, FusionOptions, Summary, TreeOptions,
};

/// Training points that are looked at where the statement does not say (DEXA, score_fusion.py).
const POINTS: u64 = 75_000;
/// Candidates in all that are learned from where the statement does not say.
const EXAMPLES: u64 = 4_000_000;

/// What the statement asks for.
struct Asked {
    pipeline: Option<String>,
    points: u64,
    examples: u64,
    options: FusionOptions,
    seed: u64,
    reciprocal: Reciprocal,
    used: BTreeMap<String, String>,
}

fn asked(plan: &Train) -> Result<Asked, Error> {
    let mut reader = TrainOptions::new("TRAIN FUSION", &plan.options);
    let seed = reader.seed()?;
    let pipeline = reader.text("pipeline")?;
    let points = reader.count("max_points", (1, 1 << 40), POINTS)?;
    let examples = reader.count("max_examples", (1, 1 << 31), EXAMPLES)?;
    let (tree, boosted) = (TreeOptions::default(), BoostedOptions::default());
    let depth = reader.optional_count("depth", (1, 20))?;
    let options = FusionOptions {
        tree: TreeOptions { depth: depth.map_or(tree.depth, |depth| depth as usize), ..tree },
        boosted: BoostedOptions {
            depth: depth.map_or(boosted.depth, |depth| depth as usize),
            rounds: reader.count("rounds", (1, 10_000), boosted.rounds as u64)? as usize,
            ..boosted
        },
        ..FusionOptions::default()
    };
    Ok(Asked {
        pipeline,
        points,
        examples,
        options,
        seed,
        reciprocal: Reciprocal::read(&mut reader)?,
        used: reader.finish()?,
    })
}

/// TRAIN FUSION.
pub(super) fn train(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    let asked = asked(plan)?;
    let object = run.view.catalog().find(ObjectKind::Fusion, &plan.name).cloned();
    let object = object
        .ok_or_else(|| Error::value(format!("fusion {} does not exist", plan.name), "CREATE FUSION first"))?;
    let Object::Fusion(record) = &*object else {
        return Err(Error::Internal(format!("{} is no fusion", plan.name)));
    };
    let table = run.view.table_of(record.table)?;
    let search = pipeline_search(run, &table, &asked)?;
    let columns = columns_of(run, record, &search)?;
    let labels = LabelNumbers::new(run, &table)?;
    let lesson = lesson::read(run, plan, (&table, &labels), asked.reciprocal, job)?;
    let started = std::time::Instant::now();
    let examples = collect(run, &search, &columns, (&labels, &lesson), &asked)?;
    let method = match record.method.as_str() {
        "linear" => FusionMethod::Linear,
        "boosted" => FusionMethod::Boosted,
        _ => FusionMethod::Tree,
    };
    let model = watched(run, "fitting the fusion", |control| {
        let weights = Some(examples.weights.as_slice());
        let (rows, targets) = (examples.rows.as_slice(), examples.targets.as_slice());
        let data = FusionExamples { rows, features: columns.len(), targets, weights };
        FusionModel::fit(method, data, &asked.options, control)
    })?;
    let mut trained =
        FusionRecord { model: Some(model.to_json()), statistics: asked.used.clone(), ..record.clone() };
    let summary = Summary { seconds: started.elapsed().as_secs_f64(), ..Summary::default() };
    let mut notes = remarks(&lesson, &summary, &mut trained.statistics);
    let positives = examples.targets.iter().filter(|target| **target > 0.5).count();
    notes.push(format!("{} candidates, {positives} of them positive", examples.targets.len()));
    let mut swap = Swap::begin(run, &object)?;
    swap.writer.put_object(Object::Fusion(trained))?;
    notes.extend(swap.commit(0)?);
    Ok(notes)
}

/// The search of the pipeline whose stages give the features, without its SCORE BY and without a limit.
fn pipeline_search(run: &Run, table: &TableRecord, asked: &Asked) -> Result<SearchPlan, Error> {
    let name = asked.pipeline.clone().or_else(|| table.default_pipeline.clone()).ok_or_else(|| {
        Error::value(
            format!("table {} has no default pipeline", table.name),
            "say whose stage scores are fused: WITH (pipeline = 'name')",
        )
    })?;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let sql =
        format!("SELECT score FROM {} SEARCH '' VIA PIPELINE {} LIMIT 1", quoted(&table.name), quoted(&name));
    let statement = argtop_query::parse_statement(&sql, &run.inner.query_limits)?;
    let catalog = ViewCatalog::new(&run.view, &run.settings);
    let bound = argtop_query::binder::bind(&statement, &catalog, &run.inner.query_limits)?;
    let plan = optimize(bound.plan, &OptimizerOptions { disabled: run.settings.disabled_rules.clone() });
    let LogicalPlan::Query(node) = plan else {
        return Err(Error::Internal("a query that is none".into()));
    };
    let search = search_of(node).ok_or_else(|| Error::Internal("a search without search".into()))?;
    let mut search = Search { limit: None, ..search };
    if let Via::Chain { chain, .. } = &mut search.via {
        chain.score_by = None;
    }
    Planner::new(run).search(&search)
}

fn search_of(node: Node) -> Option<Search> {
    match node {
        Node::Search(search) => Some(*search),
        Node::Project { input, .. } | Node::Limit { input, .. } | Node::Sort { input, .. } => {
            search_of(*input)
        }
        _ => None,
    }
}

/// Where a feature comes from.
enum Column {
    Score(usize),
    Rank(usize),
    InversePropensity,
}

fn columns_of(run: &Run, record: &FusionRecord, search: &SearchPlan) -> Result<Vec<Column>, Error> {
    let names = search.stage_names();
    let column = |feature: &String| {
        if feature == "inverse_propensity" {
            return Ok(Column::InversePropensity);
        }
        let parts = feature.rsplit_once('.');
        let found = parts.and_then(|(stage, what)| {
            let at = names.iter().position(|name| *name == stage)?;
            Some(if what == "rank" { Column::Rank(at) } else { Column::Score(at) })
        });
        found.ok_or_else(|| {
            Error::value(
                format!("the pipeline has no stage for feature {feature} of fusion {}", record.name),
                format!("its stages are {}: name them so with AS", names.join(", ")),
            )
        })
    };
    run.context.check()?;
    record.features.iter().map(column).collect()
}

/// What the model is fitted on.
#[derive(Default)]
struct Examples {
    rows: Vec<f32>,
    targets: Vec<f32>,
    weights: Vec<f32>,
}

/// Runs the pipeline over a sample of the points. Every positive candidate is kept; of the negatives as many
/// as fit, each weighing for those left out.
fn collect(
    run: &Run,
    search: &SearchPlan,
    columns: &[Column],
    (labels, lesson): (&LabelNumbers, &Lesson),
    asked: &Asked,
) -> Result<Examples, Error> {
    let mut rng = fastrand::Rng::with_seed(asked.seed);
    let weight = |point: usize| lesson.pairs.weight(point as u32);
    let mut points: Vec<usize> = (0..lesson.texts.len()).filter(|point| weight(*point) > 0.0).collect();
    rng.shuffle(&mut points);
    points.truncate(usize::try_from(asked.points).unwrap_or(usize::MAX));
    let propensity = inverse_propensities(labels, &lesson.pairs.targets, run, &search.table)?;
    let mut examples = Examples::default();
    let (mut done, mut share) = (0, 1.0);
    let prepared = Prepared::new(run, search.clone())?;
    for block in points.chunks(run.inner.limits.batch_queries) {
        run.context.check()?;
        let inputs: Result<Vec<QueryInput>, Error> =
            block.iter().map(|point| Ok(QueryInput::text(lesson.texts.get(*point)?))).collect();
        let inputs = inputs?;
        let answers = prepared.answer(&inputs, &mut Encoded::default())?;
        if done == 0 {
            // The first block tells how many candidates there will be.
            let found: usize = answers.iter().map(Ranking::len).sum();
            let expected = found as f64 / block.len() as f64 * points.len() as f64;
            share = (asked.examples as f64 / expected.max(1.0)).min(1.0);
        }
        for (point, ranked) in block.iter().zip(&answers) {
            let (positives, _) = lesson.pairs.targets.row(*point);
            let excluded = lesson.pairs.excluded(*point as u32);
            for (at, slot) in ranked.slots.iter().enumerate() {
                let number = labels.slots.binary_search(slot).ok().map(|number| number as u32);
                let positive = number.is_some_and(|number| positives.binary_search(&number).is_ok());
                if number.is_some_and(|number| excluded.binary_search(&number).is_ok()) {
                    continue;
                }
                if !positive && share < 1.0 && rng.f64() >= share {
                    continue;
                }
                let q = number.map_or(propensity.unseen, |number| propensity.of_label[number as usize]);
                // The negatives that are kept count for those left out.
                let counts = weight(*point) * if positive { 1.0 } else { (1.0 / share) as f32 };
                add_row(&mut examples, ranked.stages(at), columns, q, positive, counts);
            }
        }
        done += block.len();
        run.context.progress("collecting stage scores", done as u64, Some(points.len() as u64));
    }
    Ok(examples)
}

fn add_row(
    examples: &mut Examples,
    stages: &[(f64, u32)],
    columns: &[Column],
    inverse_propensity: f64,
    positive: bool,
    weight: f32,
) {
    let value = |column: &Column| match column {
        Column::Score(at) => stages[*at].0,
        Column::Rank(at) => f64::from(stages[*at].1),
        Column::InversePropensity => inverse_propensity,
    };
    // As in DEXA's score_fusion.py: a row for each candidate of the first feature's stage, and 0 where
    // another stage did not see it.
    if columns.first().is_some_and(|column| value(column).is_nan()) {
        return;
    }
    examples.rows.extend(columns.iter().map(|column| {
        let value = value(column) as f32;
        if value.is_nan() { 0.0 } else { value }
    }));
    examples.targets.push(if positive { 1.0 } else { 0.0 });
    examples.weights.push(weight);
}

/// Inverse propensities by number.
struct Propensities {
    of_label: Vec<f64>,
    unseen: f64,
}

/// From the frequencies that the table remembers, which are those of the classifiers' training; where there
/// are none yet, from these pairs.
fn inverse_propensities(
    labels: &LabelNumbers,
    targets: &Csr,
    run: &Run,
    table: &TableRecord,
) -> Result<Propensities, Error> {
    if table.frequencies.is_some() {
        let known = run.view.inverse_propensity(table)?;
        let of_label = labels.slots.iter().map(|slot| known.of(*slot)).collect();
        return Ok(Propensities { of_label, unseen: known.unseen() });
    }
    let model =
        |count: u32| crate::evaluate::inverse_propensity(targets.rows() as u64, u64::from(count), 0.55, 1.5);
    Ok(Propensities { of_label: targets.column_counts().into_iter().map(model).collect(), unseen: model(0) })
}

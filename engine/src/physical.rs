//! Physical plans: logical plans bound to the objects of one snapshot, with every choice made and its reason
//! noted.

use argtop_query::expr::BoundExpr;
use argtop_query::plan::{Aggregate, Field, FuseMethod, SortKey};
use argtop_storage::{ClassifierRecord, IndexRecord, ModelRecord, ObjectId, TableRecord};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::key_access::KeyAccess;
use crate::view::InversePropensity;

/// An operator with its inputs; `id` addresses its measurements in the context.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) id: usize,
    pub(crate) kind: OperatorKind,
    pub(crate) schema: Vec<Field>,
}

/// What an operator does.
#[derive(Clone, Debug)]
pub(crate) enum OperatorKind {
    /// Constant rows.
    Values { rows: Vec<Vec<BoundExpr>> },
    /// Live labels in primary-key order.
    Scan(ScanPlan),
    /// Ranked labels.
    Search(Box<SearchPlan>),
    /// Rows of files.
    Read(argtop_query::catalog::ReadCall),
    /// A search for each row of the left side, in blocks.
    Lateral(Arc<LateralPlan>),
    /// Rows for which the predicate is true.
    Filter { input: Box<Operator>, predicate: BoundExpr },
    /// Computed columns.
    Project { input: Box<Operator>, exprs: Vec<BoundExpr> },
    /// Grouping.
    Aggregate { input: Box<Operator>, groups: Vec<BoundExpr>, aggregates: Vec<Aggregate> },
    /// Sorting; with `top`, only the first rows are kept.
    Sort { input: Box<Operator>, keys: Vec<SortKey>, top: Option<usize> },
    /// The first of equal rows.
    Distinct { input: Box<Operator> },
    /// A window of rows.
    Limit { input: Box<Operator>, limit: Option<u64>, offset: u64 },
}

/// A search for each row of a left side.
#[derive(Clone, Debug)]
pub(crate) struct LateralPlan {
    /// Whose rows are searched for.
    pub(crate) left: Operator,
    /// Projections, sorts, limits and filters over one search; its text and vector are over the left row.
    pub(crate) right: Operator,
    /// The WHERE behind LATERAL, over the columns of both sides.
    pub(crate) predicate: Option<BoundExpr>,
    /// The select list, over the columns of both sides; None: these columns.
    pub(crate) exprs: Option<Vec<BoundExpr>>,
    /// The columns of both sides.
    pub(crate) schema: Vec<Field>,
    /// That of `right`.
    search: Box<SearchPlan>,
    search_id: usize,
}

impl LateralPlan {
    /// None where `right` has no search.
    pub(crate) fn new(left: Operator, right: Operator, schema: Vec<Field>) -> Option<LateralPlan> {
        let mut lowest = &right;
        while let Some(input) = lowest.inputs().first() {
            lowest = input;
        }
        let OperatorKind::Search(search) = &lowest.kind else { return None };
        let (mut search, search_id) = (search.clone(), lowest.id);
        // Their scores would take more memory than the labels.
        search.stage_columns &= reads_from(&right, search.table.columns.len() + 2);
        Some(LateralPlan { left, right, predicate: None, exprs: None, schema, search, search_id })
    }

    /// The search of the right side.
    pub(crate) fn search(&self) -> &SearchPlan {
        &self.search
    }

    /// The measurement id of the search.
    pub(crate) fn search_id(&self) -> usize {
        self.search_id
    }
}

/// Whether what stands over a search reads its columns from `first` on.
fn reads_from(right: &Operator, first: usize) -> bool {
    let reads = |expr: &BoundExpr| expr.columns().last().is_some_and(|column| *column >= first);
    match &right.kind {
        // Below it nothing is read that is not named.
        OperatorKind::Project { input, exprs } => exprs.iter().any(reads) || reads_below(input, &reads),
        OperatorKind::Filter { input, .. }
        | OperatorKind::Sort { input, .. }
        | OperatorKind::Limit { input, .. } => reads_from(input, first),
        _ => true,
    }
}

fn reads_below(operator: &Operator, reads: &impl Fn(&BoundExpr) -> bool) -> bool {
    let own = match &operator.kind {
        OperatorKind::Filter { predicate, .. } => reads(predicate),
        OperatorKind::Sort { keys, .. } => keys.iter().any(|key| reads(&key.expr)),
        OperatorKind::Project { .. } => true,
        _ => false,
    };
    own || operator.inputs().first().is_some_and(|input| reads_below(input, reads))
}

/// A scan of a table.
#[derive(Clone, Debug)]
pub(crate) struct ScanPlan {
    pub(crate) table: Arc<TableRecord>,
    pub(crate) filter: Option<BoundExpr>,
    /// Positions of the columns that are read; the others are NULL.
    pub(crate) columns: Vec<usize>,
    /// Primary keys that the filter admits; the scan reads no others.
    pub(crate) keys: KeyAccess,
}

/// A query that shortlists no more labels than this is answered on the thread that asks.
const LIGHT_LABELS: u64 = 10_000;
/// So is one that is compared exactly with no more labels than this.
const LIGHT_EXACT: u64 = 8_192;

/// A search: a chain of stages over one table.
#[derive(Clone, Debug)]
pub(crate) struct SearchPlan {
    pub(crate) table: Arc<TableRecord>,
    pub(crate) text: Option<BoundExpr>,
    pub(crate) vector: Option<BoundExpr>,
    /// Stages in order, with those of FUSE inside of it.
    pub(crate) stages: Vec<StagePlan>,
    /// Stages in all, each with its two columns.
    pub(crate) width: usize,
    /// Over the columns of the stages, and the inverse propensity behind them.
    pub(crate) score_by: Option<BoundExpr>,
    /// Set where SCORE BY reads inverse propensities.
    pub(crate) propensity: Option<InversePropensity>,
    pub(crate) filter: Option<BoundExpr>,
    /// Rows the operators above take; None: all of the last window.
    pub(crate) limit: Option<u64>,
    /// Matching labels that are owed: a beam that reaches fewer is widened.
    pub(crate) owed: u64,
    /// Positions of the table's columns that are read; the others are NULL.
    pub(crate) columns: Vec<usize>,
    /// Whether the output rows end with the scores and ranks of the stages.
    pub(crate) stage_columns: bool,
    /// Whether anything above reads a score or rank of a stage; where not, they come out as NULL.
    pub(crate) stages_read: bool,
    /// Why this path was taken, for EXPLAIN.
    pub(crate) reason: String,
    /// Indexes of the table that are not used, each with the reason.
    pub(crate) unused: Vec<String>,
    /// Measurement ids: the filter's and the final cut's.
    pub(crate) filter_id: usize,
    pub(crate) cut_id: usize,
}

/// A stage bound to its objects.
#[derive(Clone, Debug)]
pub(crate) struct StagePlan {
    pub(crate) id: usize,
    pub(crate) name: String,
    /// Its place in the order in which all stages run, which is that of their columns.
    pub(crate) number: usize,
    pub(crate) kind: StageKind,
}

/// What a stage does.
#[derive(Clone, Debug)]
pub(crate) enum StageKind {
    /// Text to a query vector.
    Encode { model: Arc<ModelRecord> },
    /// The statement brought the query's vector, so that nothing is encoded.
    Given,
    /// Exact inner products with every allowed label's vector.
    Exact { column: VectorColumn, limit: Option<u64> },
    /// The best clusters of a cluster graph.
    Probe { index: Arc<IndexRecord>, beam: usize },
    /// Labels on the probed paths.
    ShortlistPaths { limit: u64 },
    /// Nearest labels by a vector index, re-scored exactly.
    ShortlistIndex { index: Arc<IndexRecord>, source: VectorSource, limit: u64, effort: Option<usize> },
    /// Labels whose text scores best by BM25; without a text of its own it looks for the query's.
    Match { index: Arc<IndexRecord>, column: String, text: Option<String>, limit: u64 },
    /// Classifier scores of the candidates.
    Rerank { classifier: Arc<ClassifierRecord>, limit: Option<u64> },
    /// Inner products of the candidates' vectors with the query's.
    RerankColumn { column: VectorColumn, limit: Option<u64> },
    /// The union of what branches find, under one score.
    Fuse { method: FuseMethod, branches: Vec<BranchPlan> },
}

/// A branch of a FUSE.
#[derive(Clone, Debug)]
pub(crate) struct BranchPlan {
    pub(crate) stages: Vec<StagePlan>,
    pub(crate) weight: f64,
}

impl BranchPlan {
    /// The column of the score that counts: that of the last stage.
    pub(crate) fn number(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.number)
    }
}

/// Numbers stages from `next` on in the order in which they run: branches before their FUSE.
pub(crate) fn number_stages(stages: &mut [StagePlan], next: &mut usize) {
    for stage in stages {
        if let StageKind::Fuse { branches, .. } = &mut stage.kind {
            branches.iter_mut().for_each(|branch| number_stages(&mut branch.stages, next));
        }
        stage.number = *next;
        *next += 1;
    }
}

/// How many labels the stages keep, and the stage that says so; a FUSE keeps the sum over its branches.
pub(crate) fn window(stages: &[StagePlan]) -> Option<(u64, &StagePlan)> {
    stages.iter().rev().find_map(|stage| {
        let limit = match &stage.kind {
            StageKind::ShortlistPaths { limit }
            | StageKind::ShortlistIndex { limit, .. }
            | StageKind::Match { limit, .. } => Some(*limit),
            StageKind::Rerank { limit, .. } | StageKind::RerankColumn { limit, .. } => *limit,
            StageKind::Fuse { branches, .. } => {
                let kept = branches.iter().map(|branch| window(&branch.stages).map(|(limit, _)| limit));
                kept.sum::<Option<u64>>()
            }
            StageKind::Encode { .. }
            | StageKind::Given
            | StageKind::Exact { .. }
            | StageKind::Probe { .. } => None,
        };
        limit.map(|limit| (limit, stage))
    })
}

/// Calls `visit` for every stage in the order in which they run.
fn visit_stages<'a>(stages: &'a [StagePlan], visit: &mut dyn FnMut(&'a StagePlan)) {
    for stage in stages {
        if let StageKind::Fuse { branches, .. } = &stage.kind {
            branches.iter().for_each(|branch| visit_stages(&branch.stages, visit));
        }
        visit(stage);
    }
}

/// All stages, those of FUSE included, in the order in which they run.
pub(crate) fn all_stages(stages: &[StagePlan]) -> Vec<&StagePlan> {
    let mut all = Vec::new();
    visit_stages(stages, &mut |stage| all.push(stage));
    all
}

impl SearchPlan {
    /// The names of all stages in the order of their columns.
    pub(crate) fn stage_names(&self) -> Vec<&str> {
        all_stages(&self.stages).into_iter().map(|stage| stage.name.as_str()).collect()
    }

    /// Whether the ranks that stages give are read by anything: what is above, SCORE BY, or a FUSE.
    pub(crate) fn ranks_read(&self) -> bool {
        let rank = |column: usize| column < 2 * self.width && column % 2 == 1;
        let scored = self.score_by.as_ref().is_some_and(|expr| expr.columns().into_iter().any(rank));
        let fused = self.stages.iter().any(|stage| matches!(stage.kind, StageKind::Fuse { .. }));
        self.stages_read || scored || fused
    }

    /// Whether one query among so many labels costs so little that handing it to other threads would take
    /// longer.
    pub(crate) fn is_light(&self, labels: u64) -> bool {
        self.filter.is_none() && self.stages.iter().all(|stage| stage.is_light(labels))
    }
}

impl StagePlan {
    /// Whether it costs one query among so many labels so little.
    fn is_light(&self, labels: u64) -> bool {
        match &self.kind {
            // An encoder that may use several threads has its own.
            StageKind::Encode { .. } | StageKind::Given | StageKind::Probe { .. } => true,
            StageKind::RerankColumn { .. } => true,
            StageKind::Rerank { classifier, .. } => classifier.sparse.is_none(),
            StageKind::ShortlistPaths { limit } => *limit <= LIGHT_LABELS,
            StageKind::ShortlistIndex { index, limit, .. } => index.method == "ann" && *limit <= LIGHT_LABELS,
            StageKind::Match { limit, .. } => *limit <= LIGHT_LABELS,
            StageKind::Exact { .. } => labels <= LIGHT_EXACT,
            StageKind::Fuse { branches, .. } => {
                branches.iter().flat_map(|branch| &branch.stages).all(|stage| stage.is_light(labels))
            }
        }
    }
}

/// A vector column with what is needed to read its rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VectorColumn {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) dimension: usize,
    pub(crate) format: argtop_storage::RowFormat,
}

/// The rows that a vector index orders.
#[derive(Clone, Debug)]
pub(crate) enum VectorSource {
    /// A vector column.
    Column(VectorColumn),
    /// The rows of a classifier.
    Classifier(Arc<ClassifierRecord>),
}

impl Operator {
    /// Tells a search under this operator which of its columns are read by what is above.
    pub(crate) fn reads(&mut self, mut columns: BTreeSet<usize>) {
        match &mut self.kind {
            OperatorKind::Limit { input, .. } => input.reads(columns),
            OperatorKind::Filter { input, predicate } => {
                columns.extend(predicate.columns());
                input.reads(columns);
            }
            OperatorKind::Sort { input, keys, .. } => {
                columns.extend(keys.iter().flat_map(|key| key.expr.columns()));
                input.reads(columns);
            }
            // Behind the table's columns stand score and rank.
            OperatorKind::Search(plan) => {
                plan.stages_read = columns.range(plan.table.columns.len() + 2..).next().is_some();
            }
            _ => {}
        }
    }

    /// Inputs, in order.
    pub(crate) fn inputs(&self) -> Vec<&Operator> {
        match &self.kind {
            OperatorKind::Values { .. }
            | OperatorKind::Scan(_)
            | OperatorKind::Search(_)
            | OperatorKind::Read(_) => Vec::new(),
            OperatorKind::Lateral(plan) => vec![&plan.left, &plan.right],
            OperatorKind::Filter { input, .. }
            | OperatorKind::Project { input, .. }
            | OperatorKind::Aggregate { input, .. }
            | OperatorKind::Sort { input, .. }
            | OperatorKind::Distinct { input }
            | OperatorKind::Limit { input, .. } => vec![input],
        }
    }
}

//! From logical to physical plan: binds objects, chooses the path of a search, and notes why.

use std::collections::BTreeSet;
use std::sync::Arc;

use argtop_query::Value;
use argtop_query::eval::evaluate;
use argtop_query::expr::BoundExpr;
use argtop_query::plan::{Branch, Field, Node, Scan, Search, Stage, StageKind as LogicalStage, Via};
use argtop_query::value_set::ValueSet;
use argtop_storage::{IndexRecord, TableRecord};

use crate::error::Error;
use crate::execute::Run;
use crate::key_access::KeyAccess;
use crate::physical::{
    BranchPlan, LateralPlan, Operator, OperatorKind, ScanPlan, SearchPlan, StageKind, StagePlan,
    VectorColumn, VectorSource, all_stages, number_stages, window,
};
use crate::view::vector_columns;

/// Labels that SHORTLIST on a vector index and MATCH keep where the statement does not say.
pub(crate) const SHORTLIST_LIMIT: u64 = 500;
/// Labels that SHORTLIST after PROBE keeps where the statement does not say: K of ELIAS.
pub(crate) const PATHS_LIMIT: u64 = 2_000;

/// Plans one statement; holds the next free measurement id.
pub(crate) struct Planner<'a> {
    run: &'a Run,
    next_id: usize,
}

impl<'a> Planner<'a> {
    /// A planner for a running statement, whose parameters are bound.
    pub(crate) fn new(run: &'a Run) -> Planner<'a> {
        Planner { run, next_id: 0 }
    }

    fn id(&mut self) -> usize {
        self.next_id += 1;
        self.next_id - 1
    }

    /// The physical plan of a query.
    pub(crate) fn plan(&mut self, node: &Node) -> Result<Operator, Error> {
        let id = self.id();
        let schema = argtop_query::output_schema(node).to_vec();
        let kind = match node {
            Node::Values { rows, .. } => {
                let mut planned = Vec::with_capacity(rows.len());
                for row in rows {
                    planned.push(row.iter().map(|expr| self.expr(expr)).collect::<Result<Vec<_>, _>>()?);
                }
                OperatorKind::Values { rows: planned }
            }
            Node::Scan(scan) => OperatorKind::Scan(self.scan(scan)?),
            Node::Search(search) => OperatorKind::Search(Box::new(self.search(search)?)),
            Node::Read { call, .. } => OperatorKind::Read(call.clone()),
            Node::Lateral { left, right, schema } => self.lateral(left, right, schema)?,
            Node::Filter { input, .. } if is_lateral(input) => self.over_lateral(node, input)?,
            Node::Project { input, .. } if is_lateral(input) || is_filtered_lateral(input) => {
                self.over_lateral(node, input)?
            }
            Node::Filter { input, predicate } => {
                OperatorKind::Filter { input: Box::new(self.plan(input)?), predicate: self.expr(predicate)? }
            }
            Node::Project { input, exprs, .. } => {
                let mut input = self.plan(input)?;
                let exprs: Vec<BoundExpr> =
                    exprs.iter().map(|expr| self.expr(expr)).collect::<Result<_, _>>()?;
                input.reads(exprs.iter().flat_map(BoundExpr::columns).collect());
                OperatorKind::Project { input: Box::new(input), exprs }
            }
            Node::Aggregate { input, groups, aggregates, .. } => OperatorKind::Aggregate {
                input: Box::new(self.plan(input)?),
                groups: groups.clone(),
                aggregates: aggregates.clone(),
            },
            Node::Sort { input, keys } => {
                OperatorKind::Sort { input: Box::new(self.plan(input)?), keys: keys.clone(), top: None }
            }
            Node::Distinct { input } => OperatorKind::Distinct { input: Box::new(self.plan(input)?) },
            Node::Limit { input, limit, offset } => self.limit(input, limit.as_ref(), offset.as_ref())?,
        };
        Ok(Operator { id, kind, schema })
    }

    fn limit(
        &mut self,
        input: &Node,
        limit: Option<&BoundExpr>,
        offset: Option<&BoundExpr>,
    ) -> Result<OperatorKind, Error> {
        let limit = limit.map(|expr| self.count(expr, "LIMIT")).transpose()?.flatten();
        let offset = offset.map(|expr| self.count(expr, "OFFSET")).transpose()?.flatten().unwrap_or(0);
        let mut input = self.plan(input)?;
        if let (OperatorKind::Sort { top, .. }, Some(limit)) = (&mut input.kind, limit) {
            *top = usize::try_from(limit.saturating_add(offset)).ok();
        }
        Ok(OperatorKind::Limit { input: Box::new(input), limit, offset })
    }

    fn lateral(&mut self, left: &Node, right: &Node, schema: &[Field]) -> Result<OperatorKind, Error> {
        let (left, right) = (self.plan(left)?, self.plan(right)?);
        let plan = LateralPlan::new(left, right, schema.to_vec());
        let plan = plan.ok_or_else(|| Error::Internal("LATERAL without a search".to_string()))?;
        Ok(OperatorKind::Lateral(Arc::new(plan)))
    }

    /// WHERE and the select list directly over LATERAL are done where its rows are made.
    fn over_lateral(&mut self, node: &Node, input: &Node) -> Result<OperatorKind, Error> {
        let below = self.plan(input)?;
        let OperatorKind::Lateral(plan) = below.kind else {
            return Err(Error::Internal("LATERAL became something else".to_string()));
        };
        let mut plan = LateralPlan::clone(&plan);
        match node {
            Node::Filter { predicate, .. } => plan.predicate = Some(self.expr(predicate)?),
            Node::Project { exprs, .. } => {
                plan.exprs = Some(exprs.iter().map(|expr| self.expr(expr)).collect::<Result<_, _>>()?);
            }
            _ => return Err(Error::Internal("neither a filter nor a projection".to_string())),
        }
        Ok(OperatorKind::Lateral(Arc::new(plan)))
    }

    /// A constant count; NULL means none.
    fn count(&self, expr: &BoundExpr, clause: &str) -> Result<Option<u64>, Error> {
        match evaluate(expr, &[], &self.run.eval())? {
            Value::Null => Ok(None),
            Value::BigInt(count) if count >= 0 => Ok(Some(count.unsigned_abs())),
            value => Err(Error::value(
                format!("{clause} cannot be {value}"),
                format!("{clause} takes a whole number from 0 to {}", i64::MAX),
            )),
        }
    }

    /// Replaces every IN (SELECT ...) by the rows of its query, which runs once, and every fusion by its
    /// trained model.
    pub(crate) fn expr(&mut self, expr: &BoundExpr) -> Result<BoundExpr, Error> {
        let mut failure = None;
        let replaced = self.replace(expr.clone(), &mut failure);
        failure.map_or(Ok(replaced), Err)
    }

    fn replace(&mut self, expr: BoundExpr, failure: &mut Option<Error>) -> BoundExpr {
        match expr {
            BoundExpr::InQuery { expr, query, negated } if failure.is_none() => match self.rows_of(&query) {
                Ok(values) => {
                    let expr = Box::new(self.replace(*expr, failure));
                    BoundExpr::InSet { expr, set: Arc::new(ValueSet::new(values)), negated }
                }
                Err(error) => {
                    *failure = Some(error);
                    BoundExpr::InQuery { expr, query, negated }
                }
            },
            BoundExpr::Fusion { name, args } if failure.is_none() => match self.run.view.fusion(&name) {
                Ok(function) => {
                    let args = args.into_iter().map(|arg| self.replace(arg, failure)).collect();
                    BoundExpr::Native { function, args }
                }
                Err(error) => {
                    *failure = Some(error);
                    BoundExpr::Fusion { name, args }
                }
            },
            other => other.map_children(&mut |child| self.replace(child, failure)),
        }
    }

    fn rows_of(&mut self, query: &Node) -> Result<Vec<Value>, Error> {
        let operator = self.plan(query)?;
        let mut list = Vec::new();
        for row in crate::execute::open(self.run, &operator)? {
            if list.len() >= self.run.inner.limits.list_length_max {
                return Err(Error::value(
                    format!("IN (SELECT ...) yields more than {} rows", list.len()),
                    "narrow the subquery",
                ));
            }
            list.push(row?.into_iter().next().unwrap_or(Value::Null));
        }
        Ok(list)
    }

    fn scan(&mut self, scan: &Scan) -> Result<ScanPlan, Error> {
        let table = self.run.view.table(&scan.table.name)?;
        let filter = scan.filter.as_ref().map(|filter| self.expr(filter)).transpose()?;
        let keys = filter.as_ref().map_or(KeyAccess::ALL, |filter| KeyAccess::of(self.run, &table, filter));
        let columns = scan.columns.clone().unwrap_or_else(|| (0..table.columns.len()).collect());
        Ok(ScanPlan { table, filter, columns, keys })
    }

    /// The physical plan of a search; also used by EVALUATE.
    pub(crate) fn search(&mut self, search: &Search) -> Result<SearchPlan, Error> {
        let table = self.run.view.table(&search.table.name)?;
        let filter = search.filter.as_ref().map(|filter| self.expr(filter)).transpose()?;
        let mut limit = search.limit.as_ref().map(|expr| self.count(expr, "LIMIT")).transpose()?.flatten();
        let owed = search.owed.as_ref().map(|expr| self.count(expr, "LIMIT")).transpose()?.flatten();
        let filter_id = self.id();
        let by_vector = search.vector.is_some();
        let (stages, score_by, stage_columns, reason) = match &search.via {
            Via::Chain { chain, pipeline } => {
                let reason = match pipeline {
                    Some(name) => format!("pipeline {name}"),
                    None => "the stages of the statement".to_string(),
                };
                (self.stages(&table, &chain.stages, by_vector)?, chain.score_by.clone(), true, reason)
            }
            Via::Exact => {
                let stages = self.exact(&table, by_vector, limit)?;
                (stages, None, false, "VIA EXACT".to_string())
            }
            Via::Auto => {
                let (stages, reason) = self.choose(&table, by_vector, limit)?;
                (stages, None, false, reason)
            }
        };
        let (mut stages, mut width) = (stages, 0);
        number_stages(&mut stages, &mut width);
        if let Some((bound, stage)) = window(&stages)
            && limit.is_some_and(|limit| limit > bound)
        {
            let name = &stage.name;
            let of = if matches!(stage.kind, StageKind::Fuse { .. }) { "the branches of " } else { "" };
            return Err(Error::value(
                format!("LIMIT + OFFSET is {} but stage {name} keeps {bound} labels", limit.unwrap_or(0)),
                format!("raise the limit of {of}{name}, or lower LIMIT"),
            ));
        }
        let score_by = score_by.as_ref().map(|expr| self.expr(expr)).transpose()?;
        let reads_propensity = score_by.as_ref().is_some_and(|expr| expr.columns().contains(&(2 * width)));
        let propensity =
            if reads_propensity { Some(self.run.view.inverse_propensity(&table)?) } else { None };
        if limit.is_some_and(|limit| limit > self.run.inner.limits.window_max) {
            limit = Some(self.run.inner.limits.window_max);
        }
        let unused = self.unused(&table, &stages, &reason);
        let columns = search.columns.clone().unwrap_or_else(|| (0..table.columns.len()).collect());
        Ok(SearchPlan {
            text: search.text.clone(),
            vector: search.vector.clone(),
            stages,
            width,
            score_by,
            propensity,
            filter,
            limit,
            owed: owed.unwrap_or(1),
            columns,
            stage_columns,
            stages_read: true,
            reason,
            unused,
            filter_id,
            cut_id: self.id(),
            table,
        })
    }

    fn stages(
        &mut self,
        table: &TableRecord,
        stages: &[Stage],
        by_vector: bool,
    ) -> Result<Vec<StagePlan>, Error> {
        let mut planned = Vec::with_capacity(stages.len());
        for stage in stages {
            let kind = self.stage(table, stage, by_vector)?;
            planned.push(StagePlan { id: self.id(), name: stage.name.clone(), number: 0, kind });
        }
        Ok(planned)
    }

    fn stage(&mut self, table: &TableRecord, stage: &Stage, by_vector: bool) -> Result<StageKind, Error> {
        let view = &self.run.view.clone();
        Ok(match &stage.kind {
            // A pipeline that starts with ENCODE also serves queries that bring their vector.
            LogicalStage::Encode { .. } if by_vector => StageKind::Given,
            LogicalStage::Encode { model } => StageKind::Encode { model: view.model(model)? },
            LogicalStage::Probe { index, beam } => {
                let index = view.index(index)?;
                let beam = beam.unwrap_or_else(|| self.run.settings.get("search.beam").unsigned_abs());
                let beam = self.bounded(beam, "beam", u64::from(self.run.inner.limits.clusters_max))?;
                StageKind::Probe { index, beam: beam as usize }
            }
            LogicalStage::ShortlistPaths { limit } => {
                StageKind::ShortlistPaths { limit: self.window(limit.unwrap_or(PATHS_LIMIT))? }
            }
            LogicalStage::ShortlistIndex { index, limit, effort } => {
                let index = view.index(index)?;
                let source = view.source_of(&index)?;
                let limit = self.window(limit.unwrap_or(SHORTLIST_LIMIT))?;
                let set = self.run.settings.get("search.effort").unsigned_abs();
                let effort = effort.or_else(|| (set > 0).then_some(set));
                let effort = effort.map(|effort| effort.min(1 << 24) as usize);
                StageKind::ShortlistIndex { index, source, limit, effort }
            }
            LogicalStage::Match { column, index, text, limit } => {
                let text = text.as_ref().map(|text| self.expr(text)).transpose()?;
                let text = match text.map(|text| evaluate(&text, &[], &self.run.eval())).transpose()? {
                    None => None,
                    Some(Value::Text(text)) => Some(text),
                    Some(value) => {
                        let message = format!("the text of MATCH is {value}");
                        return Err(Error::value(message, "give it a TEXT"));
                    }
                };
                let limit = self.window(limit.unwrap_or(SHORTLIST_LIMIT))?;
                StageKind::Match { index: view.index(index)?, column: column.clone(), text, limit }
            }
            LogicalStage::Rerank { classifier, limit } => StageKind::Rerank {
                classifier: view.classifier(classifier)?,
                limit: limit.map(|limit| self.window(limit)).transpose()?,
            },
            LogicalStage::RerankColumn { column, limit } => {
                let found = vector_columns(table).into_iter().find(|found| found.name == *column);
                let column = found.ok_or_else(|| {
                    Error::value(
                        format!("table {} has no vector column {column}", table.name),
                        "prepare again",
                    )
                })?;
                let limit = limit.map(|limit| self.window(limit)).transpose()?;
                StageKind::RerankColumn { column, limit }
            }
            LogicalStage::Fuse { method, branches } => {
                let mut planned = Vec::with_capacity(branches.len());
                for Branch { stages, weight } in branches {
                    let stages = self.stages(table, stages, by_vector)?;
                    planned.push(BranchPlan { stages, weight: *weight });
                }
                StageKind::Fuse { method: *method, branches: planned }
            }
        })
    }

    fn window(&self, limit: u64) -> Result<u64, Error> {
        self.bounded(limit, "limit", self.run.inner.limits.window_max)
    }

    fn bounded(&self, value: u64, what: &str, most: u64) -> Result<u64, Error> {
        if (1..=most).contains(&value) {
            return Ok(value);
        }
        Err(Error::value(format!("{what} cannot be {value}"), format!("it takes 1 to {most}")))
    }

    /// ENCODE, then exact scores of every label.
    fn exact(
        &mut self,
        table: &TableRecord,
        by_vector: bool,
        limit: Option<u64>,
    ) -> Result<Vec<StagePlan>, Error> {
        let column = self.run.view.search_column(table)?;
        let mut stages = self.encode_for(table, &column, by_vector)?;
        stages.push(StagePlan {
            id: self.id(),
            name: "exact".to_string(),
            number: 0,
            kind: StageKind::Exact { column, limit },
        });
        Ok(stages)
    }

    fn encode_for(
        &mut self,
        table: &TableRecord,
        column: &VectorColumn,
        by_vector: bool,
    ) -> Result<Vec<StagePlan>, Error> {
        if by_vector {
            return Ok(Vec::new());
        }
        let record = table.columns.iter().find(|record| record.id == column.id);
        let Some(generated) = record.and_then(|record| record.generated.as_ref()) else {
            return Err(Error::value(
                format!(
                    "column `{}` is not generated by a model, so a text cannot be compared with it",
                    column.name
                ),
                "give SEARCH (VECTOR => ...), or write VIA ENCODE(model) THEN ...",
            ));
        };
        let kind = StageKind::Encode { model: self.run.view.model(&generated.model)? };
        Ok(vec![StagePlan { id: self.id(), name: "encode".to_string(), number: 0, kind }])
    }

    /// SEARCH without VIA on a table without a default pipeline.
    fn choose(
        &mut self,
        table: &Arc<TableRecord>,
        by_vector: bool,
        limit: Option<u64>,
    ) -> Result<(Vec<StagePlan>, String), Error> {
        if vector_columns(table).is_empty() {
            return self.by_words(table, limit);
        }
        let labels = self.run.view.live(table)?.len();
        let exact_rows = self.run.settings.get("search.exact_rows").unsigned_abs();
        if labels <= exact_rows {
            let reason = format!("exact: {labels} labels are at most search.exact_rows = {exact_rows}");
            return Ok((self.exact(table, by_vector, limit)?, reason));
        }
        let column = self.run.view.search_column(table)?;
        let ann = self.run.view.indexes(table).into_iter().find(|index| {
            let approximate = matches!(index.method.as_str(), "ann" | "faiss");
            approximate && index.column == Some(column.id) && index.classifier.is_none()
        });
        let (Some(index), Some(k)) = (ann, limit) else {
            let reason = if limit.is_none() {
                "exact: every label is asked for".to_string()
            } else {
                format!("exact: no ann or faiss index on column {}", column.name)
            };
            return Ok((self.exact(table, by_vector, limit)?, reason));
        };
        let mut stages = self.encode_for(table, &column, by_vector)?;
        let reason = format!("{labels} labels and index {} on column {}", index.name, column.name);
        stages.push(StagePlan {
            id: self.id(),
            name: "shortlist".to_string(),
            number: 0,
            kind: StageKind::ShortlistIndex {
                index,
                source: VectorSource::Column(column),
                limit: k.max(1),
                effort: None,
            },
        });
        Ok((stages, reason))
    }

    /// SEARCH without VIA on a table without vectors: by its fts index, of which the binder has seen one.
    fn by_words(
        &mut self,
        table: &Arc<TableRecord>,
        limit: Option<u64>,
    ) -> Result<(Vec<StagePlan>, String), Error> {
        let indexes = self.run.view.indexes(table);
        let index = indexes.into_iter().find(|index| index.method == "fts");
        let index = index.ok_or_else(|| {
            Error::value(
                format!("table {} has no fts index any more", table.name),
                "prepare the statement again",
            )
        })?;
        let column = table.columns.iter().find(|column| Some(column.id) == index.column);
        let column = column.map_or(String::new(), |column| column.name.clone());
        let reason = format!("no vectors: index {} on column {column}", index.name);
        let limit =
            limit.unwrap_or(self.run.inner.limits.window_max).clamp(1, self.run.inner.limits.window_max);
        let kind = StageKind::Match { index, column, text: None, limit };
        let stages = vec![StagePlan { id: self.id(), name: "match".to_string(), number: 0, kind }];
        Ok((stages, reason))
    }

    /// The table's indexes that the stages leave aside, each with the reason.
    fn unused(&self, table: &Arc<TableRecord>, stages: &[StagePlan], reason: &str) -> Vec<String> {
        let used: BTreeSet<&str> = all_stages(stages).into_iter().filter_map(StagePlan::index_name).collect();
        let unused = |index: &Arc<IndexRecord>| !used.contains(index.name.as_str());
        let indexes = self.run.view.indexes(table).into_iter().filter(unused);
        indexes.map(|index| format!("{}: {reason}", index.name)).collect()
    }
}

fn is_lateral(node: &Node) -> bool {
    matches!(node, Node::Lateral { .. })
}

fn is_filtered_lateral(node: &Node) -> bool {
    matches!(node, Node::Filter { input, .. } if is_lateral(input))
}

impl StagePlan {
    fn index_name(&self) -> Option<&str> {
        match &self.kind {
            StageKind::Probe { index, .. }
            | StageKind::ShortlistIndex { index, .. }
            | StageKind::Match { index, .. } => Some(&index.name),
            _ => None,
        }
    }
}

//! Chains of stages: which may follow which, whose objects they name, and how many labels they keep.

use std::collections::BTreeMap;

use crate::ast::{self, Ident, Override, StageKind as Keyword};
use crate::binder::context::{BindResult, Binder, list_names};
use crate::binder::expr::Place;
use crate::binder::fuse::{fuse_options, one_vector};
use crate::binder::scope::Scope;
use crate::binder::search::Window;
use crate::binder::types::mismatch;
use crate::catalog::{IndexMethod, IndexTarget, ObjectKind, TableInfo};
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::node::score_fields;
use crate::parser::parse_chain;
use crate::plan::{Chain, Stage, StageKind};
use crate::value::{DataType, Value};

/// Labels that SHORTLIST after PROBE keeps where it does not say.
const PATHS_LIMIT: u64 = 2000;
/// Labels that SHORTLIST(index) and MATCH keep where they do not say.
const INDEX_LIMIT: u64 = 500;

/// What a chain starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A text, so that the chain must start with ENCODE.
    Text,
    /// A vector; an ENCODE is skipped.
    Vector,
    /// Not known yet: a stored pipeline.
    Either,
}

/// A bound chain.
pub(super) struct ChainBound {
    pub(super) chain: Chain,
    /// The width of the query's vector, where a stage says it.
    pub(super) dimension: Option<u32>,
    pub(super) window: Option<Window>,
}

/// What a chain is bound for.
#[derive(Clone, Copy)]
pub(super) struct ChainInput<'a> {
    pub(super) table: &'a TableInfo,
    pub(super) input: Input,
}

impl ChainInput<'_> {
    /// Whether the statement brings the query's vector.
    pub(super) fn is_vector(&self) -> bool {
        self.input == Input::Vector
    }

    /// Whether the statement brings a text alone.
    pub(super) fn is_text(&self) -> bool {
        self.input == Input::Text
    }
}

/// Where the query's vector comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vector {
    /// From the statement, if from anywhere.
    Given,
    /// From this model.
    Encoded(String),
    /// From these models, each in other branches of the FUSE before.
    Several(Vec<String>),
}

/// How many labels a stage keeps.
pub(super) struct Kept {
    pub(super) limit: u64,
    pub(super) stage: String,
    /// Where the number is written.
    pub(super) place: Option<Span>,
    /// The stage is a FUSE, whose number is the sum over its branches.
    pub(super) fused: bool,
}

/// What the stages so far have fixed.
pub(super) struct Progress {
    /// The width of the query's vector, and the object that says so.
    pub(super) dimension: Option<(u32, String)>,
    pub(super) vector: Vector,
    /// What the stage before keeps.
    pub(super) window: Option<Kept>,
    /// Names in the whole chain, and whether it is one of an ENCODE, of which there may be several.
    names: BTreeMap<String, bool>,
}

impl Binder<'_> {
    /// Binds a stored pipeline of the table with some of its options overridden.
    pub(super) fn stored_chain(
        &mut self,
        name: &Ident,
        overrides: &[Override],
        table: &TableInfo,
        input: Input,
    ) -> BindResult<ChainBound> {
        let chain = self.stored_syntax(name, overrides, table)?;
        let mut bound =
            self.chain(&chain, table, input).map_err(|error| in_pipeline(error, name, overrides))?;
        if let Some(window) = &mut bound.window {
            window.pipeline = Some(name.name.clone());
        }
        Ok(bound)
    }

    /// The syntax of a stored pipeline with overrides applied.
    pub(super) fn stored_syntax(
        &mut self,
        name: &Ident,
        overrides: &[Override],
        table: &TableInfo,
    ) -> BindResult<ast::Chain> {
        let pipeline = self.pipeline(name)?;
        check_table("pipeline", name, &pipeline.table, table)?;
        let parsed = parse_chain(&pipeline.sql, self.limits);
        let mut chain = parsed.map_err(|error| in_pipeline(error, name, overrides))?;
        for item in overrides {
            apply_override(&mut chain, item, name)?;
        }
        Ok(chain)
    }

    /// Binds a chain for a table.
    pub(super) fn chain(
        &mut self,
        chain: &ast::Chain,
        table: &TableInfo,
        input: Input,
    ) -> BindResult<ChainBound> {
        let count = chain.all_stages().len();
        if count > self.limits.stages_max {
            let message = format!("{count} stages; at most {} are allowed", self.limits.stages_max);
            return Err(QueryError::new(ErrorCode::TooManyStages, message).at(chain.span));
        }
        let mut progress =
            Progress { dimension: None, vector: Vector::Given, window: None, names: BTreeMap::new() };
        let input = ChainInput { table, input };
        let stages = self.stages(&chain.stages, chain.span, input, &mut progress)?;
        let mut bound = Chain { stages, score_by: None };
        if let Some(expr) = &chain.score_by {
            bound.score_by = Some(self.score_by(expr, &bound, table)?);
        }
        let window = progress.window.map(|kept| Window {
            stage: kept.stage,
            limit: kept.limit,
            pipeline: None,
            fused: kept.fused,
        });
        let dimension = progress.dimension.map(|(dimension, _)| dimension);
        Ok(ChainBound { chain: bound, dimension, window })
    }

    /// The stages of a chain, or of a branch of a FUSE.
    pub(super) fn stages(
        &mut self,
        stages: &[ast::Stage],
        span: Span,
        input: ChainInput<'_>,
        progress: &mut Progress,
    ) -> BindResult<Vec<Stage>> {
        self.check_start(stages, span, input, progress)?;
        let mut bound: Vec<Stage> = Vec::with_capacity(stages.len());
        for stage in stages {
            check_name(stage, progress)?;
            check_order(stage, bound.last().map(|stage| &stage.kind))?;
            let kind = match &stage.fuse {
                Some(fuse) => self.fuse(stage, fuse, input, progress)?,
                None => self.stage(stage, input, progress)?,
            };
            bound.push(Stage { name: stage.name().to_owned(), kind });
        }
        check_end(bound.last(), span)?;
        Ok(bound)
    }

    fn score_by(&mut self, expr: &ast::Expr, chain: &Chain, table: &TableInfo) -> BindResult<BoundExpr> {
        let fields = score_fields(chain);
        let bound = self.expr(expr, &Scope::new(&fields), Place::ScoreBy);
        let bound = bound.map_err(|error| match error.code {
            ErrorCode::UnknownColumn => error.help("SCORE BY names the scores of stages, as in rerank.score"),
            _ => error,
        })?;
        let mut called = Vec::new();
        bound.visit(&mut |expr| {
            if let BoundExpr::Fusion { name, .. } = expr {
                called.push(name.clone());
            }
        });
        for name in called {
            if let Some(fusion) = self.catalog.fusion(&name) {
                check_table("fusion", &Ident { name, span: expr.span }, &fusion.table, table)?;
            }
        }
        self.number(bound, &DataType::Double, expr.span, "SCORE BY")
    }

    /// A text needs an ENCODE at the start; the branches of a FUSE see to it for themselves.
    fn check_start(
        &self,
        stages: &[ast::Stage],
        span: Span,
        input: ChainInput<'_>,
        progress: &Progress,
    ) -> BindResult<()> {
        let ChainInput { table, input } = input;
        let Some(first) = stages.first() else {
            return Err(QueryError::new(ErrorCode::StageOrder, "a chain needs a stage").at(span));
        };
        let takes_text = matches!(first.kind, Keyword::Encode | Keyword::Match | Keyword::Fuse);
        if takes_text || input != Input::Text || progress.vector != Vector::Given {
            return Ok(());
        }
        let model = table.columns.iter().find_map(|column| column.generated.as_ref());
        let model = model.map_or("model", |generated| generated.model.as_str());
        let message = format!("a text cannot start at {}: nothing turns it into a vector", word(first.kind));
        let error = QueryError::new(ErrorCode::StageOrder, message).at(first.span);
        Err(error.help(format!("start with ENCODE({model}) THEN ..., or give SEARCH (VECTOR => ...)")))
    }

    /// MATCH: the index of the column, and the text if it has one of its own.
    fn match_stage(
        &mut self,
        name: &Ident,
        text: Option<&ast::Expr>,
        table: &TableInfo,
        limit: Option<u64>,
    ) -> BindResult<StageKind> {
        let column = table.columns.iter().find(|column| column.name == name.name);
        let Some(column) = column else {
            let message = format!("table `{}` has no column `{}`", table.name, name.name);
            let error = QueryError::new(ErrorCode::UnknownColumn, message).at(name.span);
            let texts = table.columns.iter().filter(|column| column.data_type == DataType::Text);
            return Err(error.did_you_mean(&name.name, texts.map(|column| column.name.as_str())));
        };
        if column.data_type != DataType::Text {
            let message =
                format!("column `{}` is a {}, and MATCH looks for words", name.name, column.data_type);
            let error = QueryError::new(ErrorCode::TypeMismatch, message).at(name.span);
            return Err(error.help("name a TEXT column that has an index USING fts"));
        }
        let Some(index) = self.text_index(table, &name.name) else {
            let message = format!("column `{}` has no fts index", name.name);
            let error = QueryError::new(ErrorCode::WrongMethod, message).at(name.span);
            let (table, column) = (&table.name, &name.name);
            return Err(error.help(format!("CREATE INDEX name ON {table} USING fts ({column})")));
        };
        let text = match text {
            Some(expr) => {
                let bound =
                    self.expr(expr, &Scope::empty(), Place::Option).map_err(|error| match error.code {
                        ErrorCode::UnknownColumn => error.help(
                            "leave the text out: MATCH then takes that of SEARCH, which may name columns",
                        ),
                        _ => error,
                    })?;
                match bound.data_type() {
                    DataType::Text => {}
                    DataType::Unknown => self.infer(&bound, &DataType::Text),
                    other => return Err(mismatch(format!("MATCH looks for a TEXT, not {other}"), expr.span)),
                }
                Some(bound)
            }
            None => None,
        };
        Ok(StageKind::Match { column: name.name.clone(), index, text, limit })
    }

    /// The fts index of a column, the first by name.
    pub(super) fn text_index(&self, table: &TableInfo, column: &str) -> Option<String> {
        let of_column = |name: &String| {
            self.catalog.index(name).is_some_and(|index| {
                let target = matches!(&index.target, IndexTarget::Column(of) if of == column);
                index.method == IndexMethod::Fts && index.table == table.name && target
            })
        };
        self.catalog.names(ObjectKind::Index).into_iter().find(of_column)
    }

    fn stage(
        &mut self,
        stage: &ast::Stage,
        input: ChainInput<'_>,
        progress: &mut Progress,
    ) -> BindResult<StageKind> {
        let table = input.table;
        let [beam, limit, effort] = self.stage_numbers(stage)?;
        match (stage.kind, &stage.object) {
            (Keyword::Encode, Some(name)) => {
                let model = self.model(name)?;
                if !input.is_vector() {
                    // It takes the place of the vector before, where a branch encodes anew.
                    progress.dimension = None;
                    progress.vector = Vector::Encoded(model.name.clone());
                }
                check_dimension(progress, model.dimension, format!("model `{}`", model.name), name.span)?;
                Ok(StageKind::Encode { model: model.name })
            }
            (Keyword::Probe, Some(name)) => {
                let index = self.stage_index(name, table, stage.kind)?;
                check_dimension(progress, index.dimension, format!("index `{}`", index.name), name.span)?;
                Ok(StageKind::Probe { index: index.name, beam: beam.map(|(n, _)| n) })
            }
            (Keyword::Shortlist, None) => {
                keep(progress, stage, limit, Some(PATHS_LIMIT))?;
                Ok(StageKind::ShortlistPaths { limit: limit.map(|(n, _)| n) })
            }
            (Keyword::Shortlist, Some(name)) => {
                let index = self.stage_index(name, table, stage.kind)?;
                check_dimension(progress, index.dimension, format!("index `{}`", index.name), name.span)?;
                keep(progress, stage, limit, Some(INDEX_LIMIT))?;
                let (limit, effort) = (limit.map(|(n, _)| n), effort.map(|(n, _)| n));
                Ok(StageKind::ShortlistIndex { index: index.name, limit, effort })
            }
            (Keyword::Match, Some(name)) => {
                let kind = self.match_stage(name, stage.text.as_ref(), table, limit.map(|(n, _)| n))?;
                keep(progress, stage, limit, Some(INDEX_LIMIT))?;
                Ok(kind)
            }
            (Keyword::Rerank, Some(name)) => {
                one_vector(progress, stage, input)?;
                let limit_kept = limit.map(|(n, _)| n);
                let (kind, dimension, what) = self.reranker(name, table, limit_kept)?;
                check_dimension(progress, dimension, what, name.span)?;
                keep(progress, stage, limit, None)?;
                Ok(kind)
            }
            (keyword, _) => {
                let message = format!("{} needs the name of an object", word(keyword));
                Err(QueryError::new(ErrorCode::ArgumentCount, message).at(stage.span))
            }
        }
    }

    /// What RERANK scores by: a classifier, or else a vector column; with its width and what it is.
    fn reranker(
        &self,
        name: &Ident,
        table: &TableInfo,
        limit: Option<u64>,
    ) -> BindResult<(StageKind, u32, String)> {
        let column = table.columns.iter().find(|column| column.name == name.name);
        let width = match column.map(|column| &column.data_type) {
            Some(DataType::Vector { dimension, .. }) => *dimension,
            _ => None,
        };
        match (self.catalog.classifier(&name.name), width) {
            (classifier, Some(dimension)) if classifier.as_ref().is_none_or(|c| c.table != table.name) => {
                let kind = StageKind::RerankColumn { column: name.name.clone(), limit };
                Ok((kind, dimension, format!("column `{}`", name.name)))
            }
            (Some(classifier), _) => {
                check_table("classifier", name, &classifier.table, table)?;
                let what = format!("classifier `{}`", classifier.name);
                Ok((StageKind::Rerank { classifier: classifier.name, limit }, classifier.dimension, what))
            }
            (None, _) => {
                if let Some(column) = column {
                    let message = format!("column `{}` is a {}", column.name, column.data_type);
                    let error = QueryError::new(ErrorCode::TypeMismatch, message).at(name.span);
                    return Err(error.help("RERANK takes a classifier, or a VECTOR column of the table"));
                }
                let error = self.unknown(ObjectKind::Classifier, name);
                let vectors = table.columns.iter().filter(|c| matches!(c.data_type, DataType::Vector { .. }));
                let named = QueryError { help: None, ..error.clone() };
                let named = named.did_you_mean(&name.name, vectors.map(|column| column.name.as_str()));
                Err(if named.help.is_some() { named } else { error })
            }
        }
    }

    /// An index of the table whose method suits the stage.
    fn stage_index(
        &mut self,
        name: &Ident,
        table: &TableInfo,
        keyword: Keyword,
    ) -> BindResult<crate::catalog::IndexInfo> {
        let index = self.index(name)?;
        check_table("index", name, &index.table, table)?;
        let suits = match keyword {
            Keyword::Probe => index.method == IndexMethod::Elias,
            _ => !matches!(index.method, IndexMethod::Elias | IndexMethod::Fts),
        };
        if suits {
            return Ok(index);
        }
        let (message, help) = match keyword {
            _ if index.method == IndexMethod::Fts => {
                let column = match &index.target {
                    IndexTarget::Column(column) => column.as_str(),
                    IndexTarget::Classifier(_) => "column",
                };
                (
                    format!("{} needs an index of vectors, and `{}` has words", word(keyword), name.name),
                    format!("write MATCH({column}, limit => n)"),
                )
            }
            Keyword::Probe => (
                format!("PROBE needs an elias index, and `{}` has no clusters", name.name),
                format!("write SHORTLIST({}, limit => n) instead", name.name),
            ),
            _ => (
                format!(
                    "SHORTLIST(index) needs a flat or faiss index, and `{}` is an elias index",
                    name.name
                ),
                format!("write PROBE({}) THEN SHORTLIST(limit => n)", name.name),
            ),
        };
        Err(QueryError::new(ErrorCode::WrongMethod, message).at(name.span).help(help))
    }

    /// The stage's beam, limit and effort, each with its place.
    fn stage_numbers(&mut self, stage: &ast::Stage) -> BindResult<[Option<(u64, Span)>; 3]> {
        let legal = stage_options(stage);
        let [mut beam, mut limit, mut effort] = [None, None, None];
        for option in &stage.options {
            check_option(&option.name, stage, legal)?;
            let value = self.constant(&option.value)?;
            let number = match value {
                Value::BigInt(n) => u64::try_from(n).ok().filter(|n| *n > 0),
                _ => None,
            };
            let Some(number) = number else {
                let message =
                    format!("{} => {} is not a whole number from 1 on", option.name.name, value.shown());
                return Err(QueryError::new(ErrorCode::InvalidOption, message).at(option.value.span));
            };
            let slot = match option.name.name.as_str() {
                "beam" => &mut beam,
                "limit" => &mut limit,
                _ => &mut effort,
            };
            *slot = Some((number, option.value.span));
        }
        Ok([beam, limit, effort])
    }
}

/// The options that a stage knows.
fn stage_options(stage: &ast::Stage) -> &'static [&'static str] {
    match (stage.kind, &stage.object) {
        (Keyword::Encode, _) => &[],
        (Keyword::Probe, _) => &["beam"],
        (Keyword::Shortlist, Some(_)) => &["limit", "effort"],
        (Keyword::Shortlist, None) | (Keyword::Match | Keyword::Rerank, _) => &["limit"],
        (Keyword::Fuse, _) => stage.fuse.as_ref().map_or(&[], |fuse| fuse_options(fuse.method)),
    }
}

pub(super) fn check_option(name: &Ident, stage: &ast::Stage, legal: &[&str]) -> BindResult<()> {
    if legal.contains(&name.name.as_str()) {
        return Ok(());
    }
    let message = format!("{} has no option `{}`", word(stage.kind), name.name);
    let error = QueryError::new(ErrorCode::UnknownOption, message).at(name.span);
    let error = error.did_you_mean(&name.name, legal.iter().copied());
    Err(match (error.help.is_some(), legal.is_empty()) {
        (true, _) => error,
        (false, true) => error.help("it takes no options"),
        (false, false) => error.help(format!("known: {}", list_names(legal))),
    })
}

/// Sets one option of one stage.
fn apply_override(chain: &mut ast::Chain, item: &Override, pipeline: &Ident) -> BindResult<()> {
    let names: Vec<String> = chain.all_stages().iter().map(|stage| stage.name().to_owned()).collect();
    let Some(stage) = stage_mut(&mut chain.stages, &item.stage.name) else {
        let message = format!("pipeline `{}` has no stage `{}`", pipeline.name, item.stage.name);
        let error = QueryError::new(ErrorCode::UnknownStage, message).at(item.stage.span);
        let error = error.did_you_mean(&item.stage.name, names.iter().map(String::as_str));
        let known = format!("its stages: {}", list_names(&names));
        return Err(if error.help.is_some() { error } else { error.help(known) });
    };
    check_option(&item.option, stage, stage_options(stage))?;
    match stage.options.iter_mut().find(|option| option.name.name == item.option.name) {
        Some(option) => option.value = item.value.clone(),
        None => stage.options.push(ast::StageOption { name: item.option.clone(), value: item.value.clone() }),
    }
    Ok(())
}

/// The stage of this name, inside of FUSE too.
fn stage_mut<'a>(stages: &'a mut [ast::Stage], name: &str) -> Option<&'a mut ast::Stage> {
    for stage in stages {
        if stage.name() == name {
            return Some(stage);
        }
        let branches = stage.fuse.iter_mut().flat_map(|fuse| &mut fuse.branches);
        if let Some(found) = branches.into_iter().find_map(|branch| stage_mut(&mut branch.stages, name)) {
            return Some(found);
        }
    }
    None
}

/// Names differ over the whole chain. ENCODE has no columns, so that every branch may have one.
fn check_name(stage: &ast::Stage, progress: &mut Progress) -> BindResult<()> {
    let encodes = stage.kind == Keyword::Encode;
    match progress.names.insert(stage.name().to_owned(), encodes) {
        Some(before) if !(before && encodes) => {
            let message = format!("two stages are named `{}`", stage.name());
            let error = QueryError::new(ErrorCode::DuplicateStage, message).at(stage.span);
            Err(error.help(format!("name one of them: ... AS {}2", stage.name())))
        }
        _ => Ok(()),
    }
}

/// Errors inside a stored pipeline point at its name: its own text is not part of the statement.
fn in_pipeline(mut error: QueryError, name: &Ident, overrides: &[Override]) -> QueryError {
    error.message = format!("pipeline `{}`: {}", name.name, error.message);
    let place = overrides.first().map_or(name.span, |item| name.span.to(item.value.span));
    error.span = Some(place);
    error
}

fn check_table(what: &str, name: &Ident, owner: &str, table: &TableInfo) -> BindResult<()> {
    if owner == table.name {
        return Ok(());
    }
    let message = format!("{what} `{}` belongs to table `{owner}`, not to `{}`", name.name, table.name);
    let error = QueryError::new(ErrorCode::WrongTable, message).at(name.span);
    Err(error.help(format!("name one of `{}`", table.name)))
}

/// All that the query's vector meets must have its width.
fn check_dimension(progress: &mut Progress, dimension: u32, what: String, span: Span) -> BindResult<()> {
    match &progress.dimension {
        Some((known, whose)) if *known != dimension => {
            let message = format!("{what} has dimension {dimension}, but {whose} has {known}");
            let error = QueryError::new(ErrorCode::DimensionMismatch, message).at(span);
            Err(error.help("use objects that were made for the same embedding"))
        }
        Some(_) => Ok(()),
        None => {
            progress.dimension = Some((dimension, what));
            Ok(())
        }
    }
}

/// Notes how many labels a stage keeps; a later stage cannot keep more than an earlier one yields.
fn keep(
    progress: &mut Progress,
    stage: &ast::Stage,
    limit: Option<(u64, Span)>,
    default: Option<u64>,
) -> BindResult<()> {
    if let (Some(before), Some((wanted, span))) = (&progress.window, limit)
        && wanted > before.limit
    {
        let Kept { limit: kept, stage: earlier, place, fused } = before;
        let later = stage.name();
        let (message, fix) = match fused {
            true => (
                format!("the branches of {earlier} keep {kept} labels, fewer than {later} limit {wanted}"),
                format!("raise the limits of the branches, or lower the {later} limit"),
            ),
            false => (
                format!("{earlier} limit {kept} is smaller than {later} limit {wanted}"),
                format!("raise it to >= {wanted}, or lower the {later} limit"),
            ),
        };
        let error = QueryError::new(ErrorCode::WindowGrows, message).at(place.unwrap_or(span));
        return Err(error.help(fix));
    }
    let place = limit.map(|(_, span)| span);
    let before = progress.window.as_ref().map(|kept| kept.limit);
    if let Some(limit) = limit.map(|(n, _)| n).or(default).or(before) {
        progress.window = Some(Kept { limit, stage: stage.name().to_owned(), place, fused: false });
    }
    Ok(())
}

/// Which stage may follow which.
fn check_order(stage: &ast::Stage, before: Option<&StageKind>) -> BindResult<()> {
    let starts = matches!(before, None | Some(StageKind::Encode { .. }));
    let probed = matches!(before, Some(StageKind::Probe { .. }));
    let problem = match (stage.kind, stage.object.is_some()) {
        (Keyword::Encode, _) if before.is_some() => Some((
            "ENCODE must be the first stage",
            "the query is turned into a vector before labels are found",
        )),
        (Keyword::Probe, _) if !starts => Some((
            "PROBE must come first, or right behind ENCODE",
            "it ranks clusters by the query's vector, not labels that were found before",
        )),
        (Keyword::Shortlist, false) if !probed => Some((
            "SHORTLIST without an index takes labels from the clusters of a PROBE, and none stands before it",
            "write PROBE(index) THEN SHORTLIST(limit => n), or name an index: SHORTLIST(index, limit => n)",
        )),
        (Keyword::Shortlist, true) if probed => Some((
            "SHORTLIST(index) searches anew and would drop what PROBE found",
            "write SHORTLIST(limit => n) behind PROBE, or leave PROBE out",
        )),
        (Keyword::Shortlist, true) if !starts => Some((
            "SHORTLIST(index) must come first, or right behind ENCODE",
            "to order labels that were found before, use RERANK; to join two lists, FUSE",
        )),
        (Keyword::Match, _) if !starts => Some((
            "MATCH must come first, or right behind ENCODE",
            "to order labels that were found before, use RERANK; to join two lists, FUSE",
        )),
        (Keyword::Fuse, _) if !starts => Some((
            "FUSE must come first, or right behind ENCODE",
            "its branches search anew; put what stands before it into a branch",
        )),
        (Keyword::Rerank, _) if probed => Some((
            "RERANK orders labels, but PROBE yields clusters",
            "put SHORTLIST(limit => n) between PROBE and RERANK",
        )),
        (Keyword::Rerank, _) if starts => Some((
            "RERANK orders labels, and no stage before it finds any",
            "put SHORTLIST(index, limit => n), PROBE(index) THEN SHORTLIST(limit => n) or \
             MATCH(column, limit => n) before it",
        )),
        _ => None,
    };
    match problem {
        None => Ok(()),
        Some((message, help)) => {
            Err(QueryError::new(ErrorCode::StageOrder, message).at(stage.span).help(help))
        }
    }
}

/// A chain must end with labels.
fn check_end(last: Option<&Stage>, span: Span) -> BindResult<()> {
    let help = match last.map(|stage| &stage.kind) {
        Some(StageKind::Probe { .. }) => {
            "add THEN SHORTLIST(limit => n), which takes the labels of the clusters"
        }
        Some(StageKind::Encode { .. }) | None => {
            "add THEN SHORTLIST(index, limit => n), or THEN PROBE(index) THEN SHORTLIST(limit => n)"
        }
        Some(_) => return Ok(()),
    };
    let error = QueryError::new(ErrorCode::StageOrder, "the chain ends before it finds labels").at(span);
    Err(error.help(help))
}

/// The keyword in capitals.
fn word(keyword: Keyword) -> String {
    keyword.name().to_uppercase()
}

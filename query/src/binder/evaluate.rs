//! EVALUATE.

use std::sync::Arc;

use crate::ast::{
    self, EvaluateBy as BySyntax, EvaluateTarget as TargetSyntax, FromItem, Ident, OptionValue, Query,
    QueryBody, SelectItem,
};
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::Place;
use crate::binder::scope::Scope;
use crate::binder::search::Sought;
use crate::binder::types::mismatch;
use crate::catalog::TableInfo;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::node::output_schema;
use crate::plan::{
    Evaluate, EvaluateBy, EvaluateTarget, Field, LogicalPlan, Metric, MetricKind, Node, Search,
};
use crate::value::{DataType, Value};

/// The query of `propensity`, and the constant options.
type EvaluateOptions = (Option<Node>, Vec<(String, Value)>);

impl Binder<'_> {
    pub(super) fn evaluate(&mut self, evaluate: &ast::Evaluate) -> BindResult<LogicalPlan> {
        let source = self.query(&evaluate.source)?;
        let fields = output_schema(&source).to_vec();
        let span = evaluate.source.span;
        let metrics = self.metrics(evaluate)?;
        let of_labels = |kind| !matches!(kind, MetricKind::AnnRecall | MetricKind::EncodeCosine);
        let needs_labels = metrics.iter().any(|metric| of_labels(metric.kind));
        let labels = source_column(&fields, "labels", span)?;
        if labels.is_none() && needs_labels {
            let error =
                QueryError::new(ErrorCode::UnknownColumn, "the source has no column `labels`").at(span);
            return Err(error.help(
                "select the correct labels' primary keys AS labels; only ANN_RECALL and ENCODE_COSINE do \
                 without",
            ));
        }
        let exclude = source_column(&fields, "exclude", span)?;
        let mut targets = Vec::with_capacity(evaluate.targets.len());
        for target in &evaluate.targets {
            let (search, at) = self.target(target, &fields, span)?;
            for position in [labels, exclude].into_iter().flatten() {
                check_keys(&fields, position, &search.table, at)?;
            }
            targets.push(EvaluateTarget { name: target.to_string(), search });
        }
        let by = match &evaluate.by {
            None => None,
            Some(BySyntax::LabelDecile) => Some(EvaluateBy::LabelDecile),
            Some(BySyntax::Expr(expr)) => {
                Some(EvaluateBy::Expr(self.expr(expr, &Scope::new(&fields), Place::By)?))
            }
        };
        let (propensity, options) = self.evaluate_options(&evaluate.options)?;
        let against_exact = evaluate.against_exact;
        Ok(LogicalPlan::Evaluate(Evaluate {
            targets,
            source,
            labels,
            exclude,
            metrics,
            against_exact,
            by,
            propensity,
            options,
        }))
    }

    fn metrics(&self, evaluate: &ast::Evaluate) -> BindResult<Vec<Metric>> {
        let max = self.limits.metric_cut_max;
        for metric in &evaluate.metrics {
            if !(1..=max).contains(&metric.metric.k) {
                let Metric { kind, k } = metric.metric;
                let message = format!("{}@{k}: the cut must be from 1 to {max}", kind.name());
                return Err(QueryError::new(ErrorCode::InvalidOption, message).at(metric.span));
            }
        }
        Ok(evaluate.metrics.iter().map(|metric| metric.metric).collect())
    }

    /// Options; `propensity` may be a query of the training labels.
    fn evaluate_options(&mut self, options: &[ast::OptionItem]) -> BindResult<EvaluateOptions> {
        let (mut propensity, mut constants) = (None, Vec::new());
        for option in options {
            let OptionValue::Query(query) = &option.value else {
                constants.push(self.option(option)?);
                continue;
            };
            if option.name.name != "propensity" {
                let message = format!("option `{}` takes a constant, not a query", option.name.name);
                return Err(QueryError::new(ErrorCode::NotConstant, message).at(query.span));
            }
            let node = self.query(query)?;
            let lists = match output_schema(&node) {
                [only] => matches!(only.data_type, DataType::List(_) | DataType::Unknown),
                _ => false,
            };
            if !lists {
                let message =
                    "the query of propensity must have one column, the label lists of the training set";
                let error = QueryError::new(ErrorCode::TypeMismatch, message).at(query.span);
                return Err(error.help("write propensity = (SELECT labels FROM read_xc('trn.json.gz'))"));
            }
            propensity = Some(node);
        }
        Ok((propensity, constants))
    }

    /// The search of one target: for the text of the source's row, unless it says itself what it is for.
    fn target(
        &mut self,
        target: &TargetSyntax,
        fields: &[Field],
        source: Span,
    ) -> BindResult<(Search, Span)> {
        let sought = || -> BindResult<Sought> {
            let text = BoundExpr::Column { index: text_column(fields, source)?, data_type: DataType::Text };
            Ok(Sought { text: Some(text), vector: None })
        };
        match target {
            TargetSyntax::Pipeline { name, overrides } => {
                let owner = Ident { name: self.pipeline(name)?.table, span: name.span };
                let table = self.table(&owner)?;
                let via = ast::Via::Pipeline { name: name.clone(), overrides: overrides.clone() };
                let alias = table.name.clone();
                let (search, _) = self.search_for(table, alias, sought()?, Some(&via), name.span)?;
                Ok((search, name.span))
            }
            TargetSyntax::Exact { table: name } => {
                let table = self.table(name)?;
                let via = ast::Via::Exact { span: name.span };
                let alias = table.name.clone();
                let (search, _) = self.search_for(table, alias, sought()?, Some(&via), name.span)?;
                Ok((search, name.span))
            }
            TargetSyntax::Query(query) => Ok((self.target_query(query, fields)?, query.span)),
        }
    }

    /// `SELECT key FROM table SEARCH text [VIA ...] [WHERE ...] [LIMIT n]`.
    fn target_query(&mut self, query: &Query, fields: &[Field]) -> BindResult<Search> {
        let shape = |span: Span| {
            let message = "a query under EVALUATE must be one search that yields primary keys";
            let error = QueryError::new(ErrorCode::NoPlan, message).at(span);
            error.help("write (SELECT key FROM table SEARCH text VIA ... [WHERE ...] [LIMIT n])")
        };
        let QueryBody::Select(select) = &query.body else {
            return Err(shape(query.span));
        };
        let Some(FromItem::Table { table: name, alias, search: Some(search) }) = &select.from else {
            return Err(shape(query.span));
        };
        let plain = !select.distinct
            && select.group_by.is_empty()
            && select.having.is_none()
            && select.qualify.is_none()
            && query.order_by.is_empty()
            && query.offset.is_none();
        let [SelectItem::Expr { expr, .. }] = select.items.as_slice() else {
            return Err(shape(query.span));
        };
        if !plain {
            return Err(shape(query.span));
        }
        let table = self.table(name)?;
        let alias = alias.as_ref().map_or(&table.name, |alias| &alias.name).clone();
        let source = self.search(table, alias, search, &Scope::new(fields))?;
        let Node::Search(mut search) = source.node else {
            return Err(shape(query.span));
        };
        let count = search.table.columns.len();
        match self.expr(expr, &Scope::new(&source.fields), Place::Select)? {
            BoundExpr::Column { index, .. } if index == search.table.primary_key => {}
            _ => return Err(shape(expr.span)),
        }
        if let Some(filter) = &select.filter {
            let scope = Scope::where_of_search(&source.fields, count);
            search.filter = Some(self.predicate(filter, &scope, Place::Where)?);
        }
        search.limit = self.row_count(query.limit.as_ref(), "LIMIT")?;
        Ok(*search)
    }
}

/// The position of a source column that EVALUATE reads by its name.
pub(super) fn source_column(fields: &[Field], name: &str, span: Span) -> BindResult<Option<usize>> {
    let mut matches = fields.iter().enumerate().filter(|(_, field)| field.name == name);
    let first = matches.next().map(|(position, _)| position);
    if matches.next().is_some() {
        let message = format!("the source has several columns `{name}`");
        return Err(QueryError::new(ErrorCode::AmbiguousColumn, message).at(span).help("rename one with AS"));
    }
    Ok(first)
}

/// The position of the source's column `text`, for targets that do not say what they search for.
fn text_column(fields: &[Field], span: Span) -> BindResult<usize> {
    let text = source_column(fields, "text", span)?.ok_or_else(|| no_text(span))?;
    match fields.get(text) {
        Some(field) if !matches!(field.data_type, DataType::Text | DataType::Unknown) => {
            Err(mismatch(format!("column `text` must be TEXT, not {}", field.data_type), span)
                .help("add CAST(... AS TEXT) AS text to the source"))
        }
        _ => Ok(text),
    }
}

fn no_text(span: Span) -> QueryError {
    let error = QueryError::new(ErrorCode::UnknownColumn, "the source has no column `text`").at(span);
    error.help("select the query texts AS text")
}

/// Label lists hold primary keys of the target's table.
pub(super) fn check_keys(
    fields: &[Field],
    position: usize,
    table: &Arc<TableInfo>,
    span: Span,
) -> BindResult<()> {
    let (Some(field), Some(key)) = (fields.get(position), table.columns.get(table.primary_key)) else {
        return Ok(());
    };
    let of_text = key.data_type == DataType::Text;
    let fits = match &field.data_type {
        DataType::Unknown => true,
        DataType::List(element) => match element.as_ref() {
            DataType::Unknown => true,
            DataType::Text => of_text,
            DataType::Integer | DataType::BigInt => !of_text,
            _ => false,
        },
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let wanted = if of_text { "TEXT[]" } else { "BIGINT[]" };
    let message = format!(
        "column `{}` of the source is {}, but the keys of table `{}` make it {wanted}",
        field.name, field.data_type, table.name
    );
    Err(mismatch(message, span).help(format!("add CAST(... AS {wanted}) AS {} to the source", field.name)))
}

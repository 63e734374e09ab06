//! SELECT and VALUES.

use crate::ast::{Expr, ExprKind, OrderItem, Query, QueryBody, Select};
use crate::binder::aggregate::{Calls, regroup};
use crate::binder::columns::Item;
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::{Place, Site};
use crate::binder::from::Source;
use crate::binder::lateral::filtered_lateral;
use crate::binder::scope::Scope;
use crate::binder::search::Window;
use crate::binder::types::fold;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::node::{rows_wanted, searched_below};
use crate::plan::{Field, Node, SortKey};
use crate::value::{DataType, Value};

/// LIMIT of a SEARCH that has none.
const SEARCH_LIMIT: i64 = 10;

/// The parts of a SELECT, bound over the same row.
struct Parts {
    items: Vec<Item>,
    groups: Vec<BoundExpr>,
    having: Option<(BoundExpr, Span)>,
    keys: Vec<(SortKey, Span)>,
}

impl Binder<'_> {
    /// Binds a query; its visible columns are those of the node, none of them hidden.
    pub(super) fn query(&mut self, query: &Query) -> BindResult<Node> {
        match &query.body {
            QueryBody::Values(rows) => self.values_query(rows, query),
            QueryBody::Select(select) => self.select(select, query, &Scope::empty()),
        }
    }

    /// `outer` are columns that the SEARCH of its FROM may name.
    pub(super) fn select(&mut self, select: &Select, query: &Query, outer: &Scope<'_>) -> BindResult<Node> {
        let source = self.source(select, outer)?;
        let Source { node, fields, window, searched } = source;
        let mut calls = Calls::new(fields.len());
        let parts = self.parts(select, query, &fields, &mut calls)?;
        let grouped = !calls.aggregates.is_empty() || !parts.groups.is_empty() || parts.having.is_some();
        let (node, parts) = if grouped { aggregate(node, parts, calls, &fields)? } else { (node, parts) };
        let default = if searched && !grouped { Some(SEARCH_LIMIT) } else { None };
        let window = if grouped { None } else { window };
        let limit = self.limit(query, default, window.as_ref())?;
        let mut node = node;
        if let (false, Some(rows), Some(search)) = (grouped, &limit.0, searched_below(&mut node)) {
            search.owed = Some(rows_wanted(rows, limit.1.as_ref()));
        }
        finish(node, parts, select.distinct, limit)
    }

    /// FROM with WHERE and QUALIFY.
    fn source(&mut self, select: &Select, outer: &Scope<'_>) -> BindResult<Source> {
        let mut source = self.from(select.from.as_ref(), outer)?;
        if let Some(filter) = &select.filter {
            source.node = match source.node {
                Node::Search(mut search) => {
                    let scope = Scope::where_of_search(&source.fields, search.table.columns.len());
                    search.filter = Some(self.predicate(filter, &scope, Place::Where)?);
                    Node::Search(search)
                }
                Node::Lateral { left, right, schema } => {
                    let predicate = self.predicate(filter, &Scope::new(&source.fields), Place::Where)?;
                    filtered_lateral(left, right, schema, predicate)
                }
                input => {
                    let predicate = self.predicate(filter, &Scope::new(&source.fields), Place::Where)?;
                    Node::Filter { input: Box::new(input), predicate }
                }
            };
        }
        if let Some(qualify) = &select.qualify {
            if !source.searched {
                let message = "QUALIFY filters the ranking of a SEARCH, and there is none here";
                let error = QueryError::new(ErrorCode::NoPlan, message).at(qualify.span);
                return Err(error.help("use WHERE for rows, HAVING for groups"));
            }
            let predicate = self.predicate(qualify, &Scope::new(&source.fields), Place::Qualify)?;
            source.node = Node::Filter { input: Box::new(source.node), predicate };
        }
        Ok(source)
    }

    /// The select list, GROUP BY, HAVING and ORDER BY over the source's row.
    fn parts(
        &mut self,
        select: &Select,
        query: &Query,
        fields: &[Field],
        calls: &mut Calls,
    ) -> BindResult<Parts> {
        let scope = Scope::new(fields);
        let items = self.items(&select.items, &scope, Some(calls))?;
        if select.group_by.len() > self.limits.columns_max {
            let message = format!("more than {} columns in GROUP BY", self.limits.columns_max);
            return Err(QueryError::new(ErrorCode::ListTooLong, message)
                .at(query.span)
                .help("group by fewer columns"));
        }
        let mut groups: Vec<BoundExpr> = Vec::with_capacity(select.group_by.len());
        for expr in &select.group_by {
            let group = self.group(expr, &items, &scope)?;
            if group.columns().iter().any(|column| *column >= fields.len()) {
                let message = "GROUP BY names an output column that is an aggregate";
                let error = QueryError::new(ErrorCode::MisplacedAggregate, message).at(expr.span);
                return Err(error.help("use HAVING for conditions on groups"));
            }
            groups.push(group);
        }
        let having = match &select.having {
            Some(expr) => {
                let bound = self
                    .expr_at(expr, &mut Site { scope: &scope, place: Place::Having, calls: Some(calls) })?;
                Some((self.boolean(bound, expr.span, "HAVING")?, expr.span))
            }
            None => None,
        };
        let mut keys = Vec::with_capacity(query.order_by.len());
        for item in &query.order_by {
            keys.push((self.sort_key(item, &items, &scope, Some(calls))?, item.expr.span));
        }
        Ok(Parts { items, groups, having, keys })
    }

    /// A key of GROUP BY: an output position, an input column, an output name, or an expression.
    fn group(&mut self, expr: &Expr, items: &[Item], scope: &Scope<'_>) -> BindResult<BoundExpr> {
        if let Some(item) = position(expr, items, Place::GroupBy)? {
            return Ok(item.expr.clone());
        }
        match self.expr(expr, scope, Place::GroupBy) {
            Err(error) if error.code == ErrorCode::UnknownColumn => match named(expr, items)? {
                Some(item) => Ok(item.expr.clone()),
                None => Err(error),
            },
            other => other,
        }
    }

    /// A key of ORDER BY: an output position, an output name, or an expression over the input.
    fn sort_key(
        &mut self,
        order: &OrderItem,
        items: &[Item],
        scope: &Scope<'_>,
        calls: Option<&mut Calls>,
    ) -> BindResult<SortKey> {
        let found = match position(&order.expr, items, Place::OrderBy)? {
            Some(item) => Some(item),
            None => named(&order.expr, items)?,
        };
        let expr = match found {
            Some(item) => item.expr.clone(),
            None => self.expr_at(&order.expr, &mut Site { scope, place: Place::OrderBy, calls })?,
        };
        let nulls_first = order.nulls_first.unwrap_or(order.descending);
        Ok(SortKey { expr, descending: order.descending, nulls_first })
    }

    /// LIMIT and OFFSET, checked against what a search can yield.
    fn limit(
        &mut self,
        query: &Query,
        default: Option<i64>,
        window: Option<&Window>,
    ) -> BindResult<(Option<BoundExpr>, Option<BoundExpr>)> {
        let limit = self.row_count(query.limit.as_ref(), "LIMIT")?;
        let offset = self.row_count(query.offset.as_ref(), "OFFSET")?;
        let number = |count: &Option<BoundExpr>| match count {
            Some(BoundExpr::Literal(Value::BigInt(n))) => *n,
            _ => 0,
        };
        if let (Some(expr), Some(window)) = (&query.limit, window) {
            window.check(number(&limit).saturating_add(number(&offset)), expr.span)?;
        }
        // Nobody asked for the default number of rows, so that a search that keeps fewer gives what it keeps.
        let kept = window.map_or(i64::MAX, |window| i64::try_from(window.limit).unwrap_or(i64::MAX));
        let left = kept.saturating_sub(number(&offset)).max(0);
        let limit = match (&query.limit, limit) {
            (None, _) => default.map(|n| BoundExpr::Literal(Value::BigInt(n.min(left)))),
            (Some(_), limit) => limit,
        };
        Ok((limit, offset))
    }

    /// A number of rows: a constant that is not negative, or an expression of parameters.
    pub(super) fn row_count(&mut self, expr: Option<&Expr>, what: &str) -> BindResult<Option<BoundExpr>> {
        let Some(expr) = expr else {
            return Ok(None);
        };
        let bound = self.expr(expr, &Scope::empty(), Place::Limit)?;
        if !bound.is_constant() {
            let bound = self.number(bound, &DataType::BigInt, expr.span, what)?;
            return Ok(Some(bound));
        }
        match fold(&bound, expr.span)? {
            Value::Null => Ok(None),
            Value::BigInt(n) if n >= 0 => Ok(Some(BoundExpr::Literal(Value::BigInt(n)))),
            other => {
                let message =
                    format!("{what} {} is not a whole number from 0 to {}", other.shown(), i64::MAX);
                Err(QueryError::new(ErrorCode::InvalidLimit, message).at(expr.span))
            }
        }
    }

    fn values_query(&mut self, rows: &[Vec<Expr>], query: &Query) -> BindResult<Node> {
        let (rows, schema) = self.value_rows(rows, query.span)?;
        let items: Vec<Item> = schema
            .iter()
            .enumerate()
            .map(|(index, field)| Item {
                expr: BoundExpr::Column { index, data_type: field.data_type.clone() },
                field: field.clone(),
                span: query.span,
            })
            .collect();
        let mut keys = Vec::with_capacity(query.order_by.len());
        for item in &query.order_by {
            keys.push(self.sort_key(item, &items, &Scope::new(&schema), None)?);
        }
        let mut node = Node::Values { rows, schema };
        if !keys.is_empty() {
            node = Node::Sort { input: Box::new(node), keys };
        }
        let limit = self.limit(query, None, None)?;
        Ok(limited(node, limit))
    }

    /// Rows of VALUES, each column of one type.
    fn value_rows(
        &mut self,
        rows: &[Vec<Expr>],
        span: Span,
    ) -> BindResult<(Vec<Vec<BoundExpr>>, Vec<Field>)> {
        let width = rows.first().map_or(0, Vec::len);
        let mut columns: Vec<Vec<BoundExpr>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            for (column, expr) in columns.iter_mut().zip(row) {
                column.push(self.expr(expr, &Scope::empty(), Place::Values)?);
            }
        }
        let mut schema = Vec::with_capacity(width);
        for (i, column) in columns.iter_mut().enumerate() {
            let name = format!("column{}", i + 1);
            let data_type = self.unify(column, span, &format!("{name} of VALUES"))?;
            schema.push(Field { qualifier: None, name, data_type, hidden: false });
        }
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        let rows = (0..rows.len()).map(|_| columns.iter_mut().filter_map(Iterator::next).collect()).collect();
        Ok((rows, schema))
    }
}

/// The item that an integer literal numbers, from 1.
fn position<'i>(expr: &Expr, items: &'i [Item], place: Place) -> BindResult<Option<&'i Item>> {
    let ExprKind::Literal(Value::BigInt(n)) = &expr.kind else {
        return Ok(None);
    };
    let item = usize::try_from(*n).ok().and_then(|n| n.checked_sub(1)).and_then(|i| items.get(i));
    match item {
        Some(item) => Ok(Some(item)),
        None => {
            let message = format!("{} {n}: there are output columns 1 to {}", place.name(), items.len());
            Err(QueryError::new(ErrorCode::UnknownColumn, message).at(expr.span))
        }
    }
}

/// The item whose output name a plain column name is.
fn named<'i>(expr: &Expr, items: &'i [Item]) -> BindResult<Option<&'i Item>> {
    let ExprKind::Column(column) = &expr.kind else {
        return Ok(None);
    };
    if column.qualifier.is_some() {
        return Ok(None);
    }
    let mut matches = items.iter().filter(|item| item.field.name == column.name.name);
    let Some(first) = matches.next() else {
        return Ok(None);
    };
    if matches.any(|other| other.expr != first.expr) {
        let message = format!("`{}` names several output columns", column.name.name);
        let error = QueryError::new(ErrorCode::AmbiguousColumn, message).at(expr.span);
        return Err(error.help("give them different names with AS, or write the position"));
    }
    Ok(Some(first))
}

/// Puts an aggregate (and HAVING) over the source and moves the parts onto it.
fn aggregate(node: Node, parts: Parts, calls: Calls, fields: &[Field]) -> BindResult<(Node, Parts)> {
    let Parts { mut items, groups, having, mut keys } = parts;
    for item in &mut items {
        let taken = std::mem::replace(&mut item.expr, BoundExpr::Literal(Value::Null));
        item.expr = regroup(taken, &groups, fields, item.span)?;
    }
    for (key, span) in &mut keys {
        let taken = std::mem::replace(&mut key.expr, BoundExpr::Literal(Value::Null));
        key.expr = regroup(taken, &groups, fields, *span)?;
    }
    let having = having.map(|(expr, span)| regroup(expr, &groups, fields, span)).transpose()?;
    let field = |name: String, data_type: DataType| Field { qualifier: None, name, data_type, hidden: false };
    let group_fields = groups.iter().map(|group| {
        let name = match group {
            BoundExpr::Column { index, .. } => fields.get(*index).map(|f| f.name.clone()),
            _ => None,
        };
        field(name.unwrap_or_else(|| crate::print::print_expr(group, fields)), group.data_type())
    });
    let call_fields = calls
        .aggregates
        .iter()
        .zip(&calls.types)
        .map(|(call, data_type)| field(crate::print::print_aggregate(call, fields), data_type.clone()));
    let schema = group_fields.chain(call_fields).collect();
    let mut node = Node::Aggregate { input: Box::new(node), groups, aggregates: calls.aggregates, schema };
    if let Some(predicate) = having {
        node = Node::Filter { input: Box::new(node), predicate };
    }
    Ok((node, Parts { items, groups: Vec::new(), having: None, keys }))
}

/// Sort, limit and projection. Without DISTINCT the projection comes last, so that only the rows that are
/// returned are computed, and ORDER BY may use what is not selected.
fn finish(
    node: Node,
    parts: Parts,
    distinct: bool,
    limit: (Option<BoundExpr>, Option<BoundExpr>),
) -> BindResult<Node> {
    let Parts { items, mut keys, .. } = parts;
    let (exprs, schema): (Vec<BoundExpr>, Vec<Field>) =
        items.into_iter().map(|item| (item.expr, item.field)).unzip();
    if !distinct {
        let node = sorted(node, keys);
        return Ok(Node::Project { input: Box::new(limited(node, limit)), exprs, schema });
    }
    for (key, span) in &mut keys {
        let Some(index) = exprs.iter().position(|expr| *expr == key.expr) else {
            let message = "with DISTINCT, ORDER BY can name only what is selected";
            let error = QueryError::new(ErrorCode::UnknownColumn, message).at(*span);
            return Err(error.help("add the expression to the select list, or leave DISTINCT out"));
        };
        key.expr = BoundExpr::Column { index, data_type: key.expr.data_type() };
    }
    let project = Node::Project { input: Box::new(node), exprs, schema };
    let node = Node::Distinct { input: Box::new(project) };
    Ok(limited(sorted(node, keys), limit))
}

fn sorted(node: Node, keys: Vec<(SortKey, Span)>) -> Node {
    if keys.is_empty() {
        return node;
    }
    Node::Sort { input: Box::new(node), keys: keys.into_iter().map(|(key, _)| key).collect() }
}

fn limited(node: Node, limit: (Option<BoundExpr>, Option<BoundExpr>)) -> Node {
    match limit {
        (None, None) => node,
        (limit, offset) => Node::Limit { input: Box::new(node), limit, offset },
    }
}

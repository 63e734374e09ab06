//! INSERT, UPDATE, DELETE and COPY.

use std::sync::Arc;

use crate::ast::{
    self, Assignment, ConflictAction, Expr, Ident, ImportTarget, OptionValue, Query, QueryBody, SelectItem,
};
use crate::binder::context::{BindResult, Binder, list_names};
use crate::binder::expr::Place;
use crate::binder::from::table_fields;
use crate::binder::options::check_known;
use crate::binder::scope::Scope;
use crate::binder::types::{cast, mismatch, same_type};
use crate::catalog::{ColumnInfo, TableInfo};
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::node::output_schema;
use crate::parser::parse_expression;
use crate::plan::{
    CopyFrom, CopyTarget, CopyTo, Delete, Field, Insert, LogicalPlan, Node, OnConflict, Returning, Update,
};
use crate::value::{DataType, Value};
use crate::walk::is_numeric;

/// Where the value of each stored column of an INSERT comes from.
enum Origin {
    /// The i-th column of the source.
    Source(usize),
    /// The DEFAULT, or NULL.
    Default(BoundExpr),
}

impl Binder<'_> {
    pub(super) fn insert(&mut self, insert: &ast::Insert) -> BindResult<LogicalPlan> {
        let table = self.table(&insert.table)?;
        let named = self.written_columns(&table, &insert.columns)?;
        let targets: Vec<(Origin, &ColumnInfo)> = self.origins(&table, &named, insert.table.span)?;
        let source = match &insert.source.body {
            QueryBody::Values(rows) if is_plain(&insert.source) => {
                self.inserted_rows(rows, &targets, &insert.source)?
            }
            _ => self.inserted_query(&targets, &insert.source, named.len())?,
        };
        let on_conflict = match &insert.on_conflict {
            None => OnConflict::Error,
            Some(conflict) => self.on_conflict(conflict, &table)?,
        };
        let returning = self.returning(&insert.returning, &table)?;
        Ok(LogicalPlan::Insert(Insert { table, source, on_conflict, returning }))
    }

    /// Positions of the columns named, or of all that can be written; computed ones are refused.
    fn written_columns(&self, table: &TableInfo, names: &[Ident]) -> BindResult<Vec<usize>> {
        if names.is_empty() {
            let stored = table.columns.iter().enumerate().filter(|(_, column)| column.generated.is_none());
            return Ok(stored.map(|(position, _)| position).collect());
        }
        let mut positions = Vec::with_capacity(names.len());
        for name in names {
            let position = written_column(table, name)?;
            if positions.contains(&position) {
                let message = format!("column `{}` is named twice", name.name);
                return Err(QueryError::new(ErrorCode::Duplicate, message).at(name.span));
            }
            positions.push(position);
        }
        Ok(positions)
    }

    /// For each stored column, in table order, what fills it.
    fn origins<'t>(
        &mut self,
        table: &'t TableInfo,
        named: &[usize],
        span: Span,
    ) -> BindResult<Vec<(Origin, &'t ColumnInfo)>> {
        let stored = table.columns.iter().enumerate().filter(|(_, column)| column.generated.is_none());
        let mut origins = Vec::new();
        for (position, column) in stored {
            let origin = match named.iter().position(|name| *name == position) {
                Some(i) => Origin::Source(i),
                None => Origin::Default(self.default_value(column, span)?),
            };
            origins.push((origin, column));
        }
        Ok(origins)
    }

    /// What a column holds that an INSERT does not name.
    fn default_value(&mut self, column: &ColumnInfo, span: Span) -> BindResult<BoundExpr> {
        match &column.default {
            Some(sql) => {
                let parsed =
                    parse_expression(sql, self.limits).map_err(|error| in_default(error, column, span))?;
                let bound = self.expr(&parsed, &Scope::empty(), Place::Stored);
                let bound = bound.map_err(|error| in_default(error, column, span))?;
                let bound = self.assign(bound, &column.data_type, span, &column.name);
                bound.map_err(|error| in_default(error, column, span))
            }
            None if column.not_null => {
                let message = format!("column `{}` is NOT NULL and gets no value", column.name);
                let error = QueryError::new(ErrorCode::NotNull, message).at(span);
                Err(error.help(format!("name `{}` in the column list and give a value", column.name)))
            }
            None => Ok(BoundExpr::Literal(Value::Null)),
        }
    }

    /// VALUES, each value cast to its column, so that every error has its place.
    fn inserted_rows(
        &mut self,
        rows: &[Vec<Expr>],
        targets: &[(Origin, &ColumnInfo)],
        query: &Query,
    ) -> BindResult<Node> {
        let sources = targets.iter().filter(|(origin, _)| matches!(origin, Origin::Source(_))).count();
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            check_count(sources, row.len(), row.first().map_or(query.span, |expr| expr.span))?;
            let mut values = Vec::with_capacity(targets.len());
            for (origin, column) in targets {
                values.push(match origin {
                    Origin::Default(expr) => expr.clone(),
                    Origin::Source(i) => match row.get(*i) {
                        Some(expr) => {
                            let value = self.expr(expr, &Scope::empty(), Place::Values)?;
                            self.assign_to(value, column, expr.span)?
                        }
                        None => BoundExpr::Literal(Value::Null),
                    },
                });
            }
            bound.push(values);
        }
        Ok(Node::Values { rows: bound, schema: target_fields(targets) })
    }

    /// A query's columns cast to the table's.
    fn inserted_query(
        &mut self,
        targets: &[(Origin, &ColumnInfo)],
        query: &Query,
        count: usize,
    ) -> BindResult<Node> {
        let input = self.query(query)?;
        let fields = output_schema(&input).to_vec();
        check_count(count, fields.len(), query.span)?;
        let mut exprs = Vec::with_capacity(targets.len());
        for (origin, column) in targets {
            exprs.push(match origin {
                Origin::Default(expr) => expr.clone(),
                Origin::Source(index) => {
                    let data_type =
                        fields.get(*index).map_or(DataType::Unknown, |field| field.data_type.clone());
                    let value = BoundExpr::Column { index: *index, data_type };
                    self.assign_to(value, column, query.span)?
                }
            });
        }
        Ok(Node::Project { input: Box::new(input), exprs, schema: target_fields(targets) })
    }

    /// A value for a column; a literal NULL for a NOT NULL column is refused here.
    fn assign_to(&mut self, value: BoundExpr, column: &ColumnInfo, span: Span) -> BindResult<BoundExpr> {
        if column.not_null && matches!(value, BoundExpr::Literal(Value::Null)) {
            let message = format!("column `{}` is NOT NULL", column.name);
            return Err(QueryError::new(ErrorCode::NotNull, message).at(span).help("give it a value"));
        }
        self.assign(value, &column.data_type, span, &column.name)
    }

    /// The cast of an assignment: numbers among each other, lists to vectors, text literals to what they
    /// spell.
    pub(super) fn assign(
        &mut self,
        value: BoundExpr,
        to: &DataType,
        span: Span,
        column: &str,
    ) -> BindResult<BoundExpr> {
        let from = value.data_type();
        if let (DataType::Vector { dimension: Some(a), .. }, DataType::Vector { dimension: Some(b), .. }) =
            (&from, to)
            && a != b
        {
            let message = format!("column `{column}` takes {b} elements, not {a}");
            return Err(QueryError::new(ErrorCode::DimensionMismatch, message).at(span));
        }
        if let (DataType::Vector { dimension, .. }, DataType::List(_)) = (to, &from) {
            return self.vector(value, *dimension, span, &format!("the value of `{column}`"));
        }
        let literal = matches!(value, BoundExpr::Literal(_));
        if !literal && from != DataType::Unknown && same_type(&from, to) {
            return Ok(value);
        }
        let known_text = literal && from == DataType::Text;
        if known_text || assignable(&from, to) {
            self.infer(&value, to);
            return cast(value, to.clone(), span);
        }
        let message = format!("column `{column}` is a {to} and does not take {from}");
        Err(mismatch(message, span).help(format!("add a CAST(... AS {to})")))
    }

    fn on_conflict(&mut self, conflict: &ast::OnConflict, table: &Arc<TableInfo>) -> BindResult<OnConflict> {
        let key = table.columns.get(table.primary_key).map_or("", |column| column.name.as_str());
        let names: Vec<&str> = conflict.columns.iter().map(|name| name.name.as_str()).collect();
        if !names.is_empty() && names != [key] {
            let message = format!("ON CONFLICT ({}) is not the primary key", names.join(", "));
            let error = QueryError::new(ErrorCode::PrimaryKey, message).at(conflict.span);
            return Err(error.help(format!("write ON CONFLICT ({key})")));
        }
        let ConflictAction::Update(assignments) = &conflict.action else {
            return Ok(OnConflict::Nothing);
        };
        let count = table.columns.len();
        let mut fields = table_fields(table, &table.name);
        // The new row is found as `excluded.x` only; plain names mean the old row.
        fields
            .extend(table_fields(table, "excluded").into_iter().map(|field| Field { hidden: true, ..field }));
        let bound = self.assignments(assignments, table, &Scope::new(&fields))?;
        for ((_, expr), assignment) in bound.iter().zip(assignments) {
            let computed = |column: &usize| {
                let position = column.checked_sub(count);
                position.and_then(|i| table.columns.get(i)).is_some_and(|column| column.generated.is_some())
            };
            if expr.columns().iter().any(computed) {
                let message = "a computed column of `excluded` has no value yet";
                return Err(QueryError::new(ErrorCode::GeneratedColumn, message).at(assignment.value.span));
            }
        }
        Ok(OnConflict::Update(bound))
    }

    fn assignments(
        &mut self,
        assignments: &[Assignment],
        table: &TableInfo,
        scope: &Scope<'_>,
    ) -> BindResult<Vec<(usize, BoundExpr)>> {
        let mut bound: Vec<(usize, BoundExpr)> = Vec::with_capacity(assignments.len());
        for Assignment { column, value } in assignments {
            let position = written_column(table, column)?;
            if bound.iter().any(|(other, _)| *other == position) {
                let message = format!("column `{}` is set twice", column.name);
                return Err(QueryError::new(ErrorCode::Duplicate, message).at(column.span));
            }
            let expr = self.expr(value, scope, Place::Assignment)?;
            if let Some(info) = table.columns.get(position) {
                bound.push((position, self.assign_to(expr, info, value.span)?));
            }
        }
        Ok(bound)
    }

    /// RETURNING over the table's columns; None where nothing is returned.
    fn returning(&mut self, items: &[SelectItem], table: &TableInfo) -> BindResult<Option<Returning>> {
        if items.is_empty() {
            return Ok(None);
        }
        let fields = table_fields(table, &table.name);
        let items = self.items(items, &Scope::new(&fields), None)?;
        let (exprs, schema) = items.into_iter().map(|item| (item.expr, item.field)).unzip();
        Ok(Some(Returning { exprs, schema }))
    }

    pub(super) fn update(&mut self, update: &ast::Update) -> BindResult<LogicalPlan> {
        let table = self.table(&update.table)?;
        let fields = table_fields(&table, &table.name);
        let scope = Scope::new(&fields);
        let assignments = self.assignments(&update.assignments, &table, &scope)?;
        let filter = self.filter(update.filter.as_ref(), &scope)?;
        let returning = self.returning(&update.returning, &table)?;
        Ok(LogicalPlan::Update(Update { table, assignments, filter, returning }))
    }

    pub(super) fn delete(&mut self, delete: &ast::Delete) -> BindResult<LogicalPlan> {
        let table = self.table(&delete.table)?;
        let fields = table_fields(&table, &table.name);
        let filter = self.filter(delete.filter.as_ref(), &Scope::new(&fields))?;
        let returning = self.returning(&delete.returning, &table)?;
        Ok(LogicalPlan::Delete(Delete { table, filter, returning }))
    }

    fn filter(&mut self, filter: Option<&Expr>, scope: &Scope<'_>) -> BindResult<Option<BoundExpr>> {
        filter.map(|expr| self.predicate(expr, scope, Place::Where)).transpose()
    }

    pub(super) fn copy_from(&mut self, copy: &ast::Copy) -> BindResult<LogicalPlan> {
        let target = match &copy.target {
            ImportTarget::Classifier(name) => CopyTarget::Classifier(self.classifier(name)?.name),
            ImportTarget::Auxiliary(name) => CopyTarget::Auxiliary(self.auxiliary(name)?.name),
            ImportTarget::Table { table, columns } => {
                let info = self.table(table)?;
                let positions =
                    if columns.is_empty() { Vec::new() } else { self.written_columns(&info, columns)? };
                for option in &copy.options {
                    if let OptionValue::Map(pairs) = &option.value {
                        pairs.iter().try_for_each(|(column, _)| written_column(&info, column).map(|_| ()))?;
                    }
                }
                CopyTarget::Table { table: info, columns: positions }
            }
        };
        Ok(LogicalPlan::CopyFrom(CopyFrom {
            target,
            path: copy.path.value.clone(),
            format: copy.format.as_ref().map(|format| format.name.to_lowercase()),
            options: self.options(&copy.options)?,
        }))
    }

    pub(super) fn copy_to(&mut self, copy: &ast::CopyTo) -> BindResult<LogicalPlan> {
        for option in &copy.options {
            check_known(option, "COPY TO", &CopyTo::OPTIONS, || {
                format!("it knows FORMAT, {}", CopyTo::OPTIONS.join(", ").to_uppercase())
            })?;
        }
        let options = self.options(&copy.options)?;
        let on_error = options.iter().find(|(name, _)| name == "on_error").map(|(_, value)| value);
        self.skips = matches!(on_error, Some(Value::Text(word)) if word.eq_ignore_ascii_case("skip"));
        let source = match &copy.source {
            ast::CopySource::Query(query) => LogicalPlan::Query(self.query(query)?),
            ast::CopySource::Evaluate(evaluate) => self.evaluate(evaluate)?,
        };
        let sql = match &copy.source {
            ast::CopySource::Query(query) => query.to_string(),
            ast::CopySource::Evaluate(evaluate) => evaluate.to_string(),
        };
        Ok(LogicalPlan::CopyTo(CopyTo {
            source: Box::new(source),
            path: copy.path.value.clone(),
            format: copy.format.as_ref().map(|format| format.name.to_lowercase()),
            options,
            sql,
        }))
    }
}

/// A column that a statement may write.
fn written_column(table: &TableInfo, name: &Ident) -> BindResult<usize> {
    let found = table.columns.iter().enumerate().find(|(_, column)| column.name == name.name);
    let Some((position, column)) = found else {
        let message = format!("table `{}` has no column `{}`", table.name, name.name);
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let error = QueryError::new(ErrorCode::UnknownColumn, message).at(name.span);
        let error = error.did_you_mean(&name.name, names.iter().copied());
        return Err(if error.help.is_some() {
            error
        } else {
            error.help(format!("known: {}", list_names(&names)))
        });
    };
    match &column.generated {
        None => Ok(position),
        Some(generated) => {
            let message = format!("column `{}` is computed as {}", column.name, generated.sql);
            let error = QueryError::new(ErrorCode::GeneratedColumn, message).at(name.span);
            Err(error.help("leave it out; it follows the columns it is computed from"))
        }
    }
}

/// Whether VALUES stands alone, so that its rows can be taken as they are.
fn is_plain(query: &Query) -> bool {
    query.order_by.is_empty() && query.limit.is_none() && query.offset.is_none()
}

fn check_count(expected: usize, found: usize, span: Span) -> BindResult<()> {
    if expected == found {
        return Ok(());
    }
    let message = format!("{found} values for {expected} columns");
    let error = QueryError::new(ErrorCode::ColumnCount, message).at(span);
    Err(error.help("give each column a value; computed columns are not counted"))
}

fn target_fields(targets: &[(Origin, &ColumnInfo)]) -> Vec<Field> {
    let field = |(_, column): &(Origin, &ColumnInfo)| Field {
        qualifier: None,
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        hidden: false,
    };
    targets.iter().map(field).collect()
}

/// What an assignment casts without being asked to.
fn assignable(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Unknown, _) => true,
        (DataType::List(a), DataType::List(b)) => assignable(a, b),
        (DataType::Vector { .. }, DataType::Vector { .. }) | (DataType::Text, DataType::Json) => true,
        (a, b) if is_numeric(a) && is_numeric(b) => true,
        (a, b) => a == b,
    }
}

/// The text of a DEFAULT stands in no statement, so that its errors point at the table.
fn in_default(mut error: QueryError, column: &ColumnInfo, span: Span) -> QueryError {
    error.message = format!("DEFAULT of column `{}`: {}", column.name, error.message);
    error.span = Some(span);
    error
}

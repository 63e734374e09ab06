//! Select lists: of SELECT and of RETURNING.

use crate::ast::{Expr, ExprKind, Ident, SelectItem};
use crate::binder::aggregate::Calls;
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::{Place, Site};
use crate::binder::scope::Scope;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::plan::Field;
use crate::value_text::shorten;

/// One output column.
pub(super) struct Item {
    pub(super) expr: BoundExpr,
    pub(super) field: Field,
    pub(super) span: Span,
}

impl Binder<'_> {
    /// Binds a select list, wildcards expanded.
    pub(super) fn items(
        &mut self,
        items: &[SelectItem],
        scope: &Scope<'_>,
        mut calls: Option<&mut Calls>,
    ) -> BindResult<Vec<Item>> {
        // A table of the greatest width and its scores fit twice.
        let columns_max = self.limits.columns_max.saturating_mul(2).saturating_add(4);
        let mut bound = Vec::with_capacity(items.len().min(columns_max));
        for item in items {
            match item {
                SelectItem::Wildcard { span } => expand(&mut bound, scope, None, *span)?,
                SelectItem::QualifiedWildcard { qualifier, span } => {
                    expand(&mut bound, scope, Some(qualifier), *span)?;
                }
                SelectItem::Expr { expr, alias } => {
                    let calls = calls.as_deref_mut();
                    let site = &mut Site { scope, place: Place::Select, calls };
                    let field_expr = self.expr_at(expr, site)?;
                    let name = output_name(expr, alias.as_ref());
                    let data_type = field_expr.data_type();
                    let field = Field { qualifier: None, name, data_type, hidden: false };
                    bound.push(Item { expr: field_expr, field, span: expr.span });
                }
            }
            if bound.len() > columns_max {
                let message = format!("more than {columns_max} output columns");
                let error = QueryError::new(ErrorCode::ListTooLong, message);
                return Err(error.help("select fewer columns"));
            }
        }
        Ok(bound)
    }
}

/// `*` and `t.*`: all columns that are not hidden.
fn expand(bound: &mut Vec<Item>, scope: &Scope<'_>, qualifier: Option<&Ident>, span: Span) -> BindResult<()> {
    let before = bound.len();
    for (index, field) in scope.fields.iter().enumerate() {
        let wanted = qualifier.is_none_or(|q| field.qualifier.as_deref() == Some(q.name.as_str()));
        if wanted && !field.hidden {
            let expr = BoundExpr::Column { index, data_type: field.data_type.clone() };
            let field = Field { qualifier: None, ..field.clone() };
            bound.push(Item { expr, field, span });
        }
    }
    if bound.len() > before {
        return Ok(());
    }
    match qualifier {
        None => {
            let error = QueryError::new(ErrorCode::UnknownColumn, "`*` needs a FROM to take columns from");
            Err(error.at(span).help("add FROM table"))
        }
        Some(name) => {
            let message = format!("unknown table `{}` in `{}.*`", name.name, name.name);
            let known = scope.fields.iter().filter(|f| !f.hidden).filter_map(|f| f.qualifier.as_deref());
            Err(QueryError::new(ErrorCode::UnknownTable, message).at(span).did_you_mean(&name.name, known))
        }
    }
}

/// The alias, the column's own name, or the expression as written.
fn output_name(expr: &Expr, alias: Option<&Ident>) -> String {
    match (alias, &expr.kind) {
        (Some(alias), _) => alias.name.clone(),
        (None, ExprKind::Column(column)) => column.name.name.clone(),
        (None, _) => shorten(&expr.to_string()),
    }
}

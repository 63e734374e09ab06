//! Generated columns: `[normalize(] encode(model, text) [+ aux(auxiliary)] [)]`.

use crate::ast::{Call, ColumnDef, Expr, ExprKind, Ident};
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::Place;
use crate::binder::scope::Scope;
use crate::binder::types::mismatch;
use crate::catalog::GeneratedColumn;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BinaryOp;
use crate::plan::Field;
use crate::value::DataType;

impl Binder<'_> {
    /// Takes the expression of an embedding apart; `fields` are the table's stored columns.
    pub(super) fn generated(
        &mut self,
        column: &ColumnDef,
        expr: &Expr,
        fields: &[Field],
    ) -> BindResult<GeneratedColumn> {
        let DataType::Vector { dimension: Some(dimension), .. } = column.data_type.data_type else {
            let message = format!("generated column `{}` must be a VECTOR(n)", column.name.name);
            let error = QueryError::new(ErrorCode::InvalidGenerated, message).at(column.data_type.span);
            return Err(error.help("only embeddings are computed; compute other values when you select them"));
        };
        let (normalize, sum) = match named_call(expr, "normalize") {
            Some(call) => (true, only_argument(call, expr.span)?),
            None => (false, expr),
        };
        let (encode, auxiliary) = match &sum.kind {
            ExprKind::Binary { op: BinaryOp::Add, left, right } => {
                let aux = named_call(right, "aux").ok_or_else(|| invalid(right.span))?;
                (left.as_ref(), Some(object_name(only_argument(aux, right.span)?)?))
            }
            _ => (sum, None),
        };
        let call = named_call(encode, "encode").ok_or_else(|| invalid(encode.span))?;
        let [model, text] = call.args.as_slice() else {
            return Err(invalid(encode.span));
        };
        let name = object_name(model)?;
        let info = self.model(name)?;
        if info.dimension != dimension {
            let message = format!(
                "model `{}` yields {} elements, but column `{}` is a VECTOR({dimension})",
                info.name, info.dimension, column.name.name
            );
            let error = QueryError::new(ErrorCode::DimensionMismatch, message).at(column.data_type.span);
            return Err(error.help(format!("make it VECTOR({})", info.dimension)));
        }
        self.embedded_text(text, fields)?;
        Ok(GeneratedColumn {
            sql: expr.to_string(),
            model: info.name,
            text: text.to_string(),
            auxiliary: auxiliary.map(|name| name.name.clone()),
            normalize,
        })
    }

    /// Checks that the text depends on nothing but the label's stored columns.
    fn embedded_text(&mut self, text: &Expr, fields: &[Field]) -> BindResult<()> {
        let bound = self.expr(text, &Scope::new(fields), Place::Stored)?;
        if bound.data_type() != DataType::Text {
            let message = format!("encode takes a TEXT, not {}", bound.data_type());
            return Err(mismatch(message, text.span).help("add a CAST, as in CAST(x AS TEXT)"));
        }
        let mut timed = false;
        bound.visit(&mut |expr| timed |= matches!(expr, crate::expr::BoundExpr::Now));
        if timed {
            let message = "the text of an embedding cannot depend on now(), it is computed anew at times";
            return Err(QueryError::new(ErrorCode::InvalidGenerated, message).at(text.span));
        }
        Ok(())
    }
}

/// The call, if the expression is one of this function.
fn named_call<'e>(expr: &'e Expr, name: &str) -> Option<&'e Call> {
    match &expr.kind {
        ExprKind::Call(call) if call.name.name == name && !call.star && !call.distinct => Some(call),
        _ => None,
    }
}

fn only_argument(call: &Call, span: Span) -> BindResult<&Expr> {
    match call.args.as_slice() {
        [only] => Ok(only),
        _ => Err(invalid(span)),
    }
}

/// The name of an object as an argument.
fn object_name(expr: &Expr) -> BindResult<&Ident> {
    match &expr.kind {
        ExprKind::Column(column) if column.qualifier.is_none() => Ok(&column.name),
        _ => Err(invalid(expr.span)),
    }
}

fn invalid(span: Span) -> QueryError {
    let message = "a generated column is an embedding, and nothing else is understood here";
    let error = QueryError::new(ErrorCode::InvalidGenerated, message).at(span);
    error.help(
        "write encode(model, text), + aux(auxiliary) behind it and normalize(...) around it as you like",
    )
}

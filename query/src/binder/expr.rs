//! Expressions.

use crate::ast::{Call, DistanceOp, Expr, ExprKind, Query};
use crate::binder::aggregate::Calls;
use crate::binder::context::{BindResult, Binder};
use crate::binder::scope::Scope;
use crate::binder::types::mismatch;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::{BinaryOp, BoundExpr, Function, UnaryOp};
use crate::node::output_schema;
use crate::value::{DataType, Value};
use crate::walk::is_numeric;

/// The clause that an expression stands in; some forms are legal in some clauses only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Select,
    Where,
    GroupBy,
    Having,
    Qualify,
    OrderBy,
    Values,
    Limit,
    Search,
    ScoreBy,
    Assignment,
    By,
    Option,
    /// DEFAULT and the text of an embedding, which outlive their statement.
    Stored,
}

impl Place {
    /// As it is named in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Place::Select => "SELECT",
            Place::Where => "WHERE",
            Place::GroupBy => "GROUP BY",
            Place::Having => "HAVING",
            Place::Qualify => "QUALIFY",
            Place::OrderBy => "ORDER BY",
            Place::Values => "VALUES",
            Place::Limit => "LIMIT",
            Place::Search => "SEARCH",
            Place::ScoreBy => "SCORE BY",
            Place::Assignment => "SET",
            Place::By => "BY",
            Place::Option => "an option",
            Place::Stored => "a stored expression",
        }
    }
}

/// Where an expression stands.
pub(super) struct Site<'s> {
    pub(super) scope: &'s Scope<'s>,
    pub(super) place: Place,
    /// Collects aggregate calls where they are allowed.
    pub(super) calls: Option<&'s mut Calls>,
}

impl Binder<'_> {
    /// Binds an expression without aggregates.
    pub(super) fn expr(&mut self, expr: &Expr, scope: &Scope<'_>, place: Place) -> BindResult<BoundExpr> {
        self.expr_at(expr, &mut Site { scope, place, calls: None })
    }

    /// Binds a BOOLEAN without aggregates.
    pub(super) fn predicate(
        &mut self,
        expr: &Expr,
        scope: &Scope<'_>,
        place: Place,
    ) -> BindResult<BoundExpr> {
        let bound = self.expr(expr, scope, place)?;
        self.boolean(bound, expr.span, place.name())
    }

    /// One level of the recursion; all but the simplest forms have a function of their own, so that this
    /// frame stays small.
    pub(super) fn expr_at(&mut self, expr: &Expr, site: &mut Site<'_>) -> BindResult<BoundExpr> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(value) => Ok(BoundExpr::Literal(value.clone())),
            ExprKind::Parameter { index, .. } => self.parameter(*index, span, site.place),
            ExprKind::Column(name) => {
                let index = site.scope.resolve(name)?;
                let data_type =
                    site.scope.fields.get(index).map_or(DataType::Unknown, |f| f.data_type.clone());
                Ok(BoundExpr::Column { index, data_type })
            }
            ExprKind::Unary { op, expr } => self.unary(*op, expr, site),
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, span, site),
            ExprKind::Distance { op, left, right } => self.distance(*op, left, right, span, site),
            ExprKind::Logic { all, operands } => self.logic(*all, operands, site),
            ExprKind::Between { expr, low, high, negated } => self.between(expr, low, high, *negated, site),
            ExprKind::InList { expr, list, negated } => self.in_list(expr, list, *negated, site),
            ExprKind::InQuery { expr, query, negated } => self.in_query(expr, query, *negated, site),
            ExprKind::Like { expr, pattern, negated, ignore_case } => {
                self.like(expr, pattern, *negated, *ignore_case, site)
            }
            ExprKind::IsNull { expr, negated } => {
                let bound = self.expr_at(expr, site)?;
                Ok(BoundExpr::IsNull { expr: Box::new(bound), negated: *negated })
            }
            ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), span, site)
            }
            ExprKind::Cast { expr, to } => {
                let bound = self.expr_at(expr, site)?;
                self.infer(&bound, &to.data_type);
                Ok(BoundExpr::Cast { expr: Box::new(bound), to: to.data_type.clone() })
            }
            ExprKind::Call(call) => self.call(call, span, site),
            ExprKind::List(items) => self.list(items, span, site),
        }
    }

    fn parameter(&mut self, index: usize, span: Span, place: Place) -> BindResult<BoundExpr> {
        if place == Place::Stored {
            let message = "a parameter cannot stand in an expression that is stored";
            let error = QueryError::new(ErrorCode::ParameterNotAllowed, message).at(span);
            return Err(error.help("write the value itself"));
        }
        Ok(BoundExpr::Parameter(index))
    }

    fn unary(&mut self, op: UnaryOp, expr: &Expr, site: &mut Site<'_>) -> BindResult<BoundExpr> {
        let bound = self.expr_at(expr, site)?;
        let bound = match op {
            UnaryOp::Not => self.boolean(bound, expr.span, "the operand of NOT")?,
            UnaryOp::Negate => self.number(bound, &DataType::Double, expr.span, "the operand of minus")?,
        };
        Ok(BoundExpr::Unary { op, expr: Box::new(bound) })
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        let bound_left = self.expr_at(left, site)?;
        let bound_right = self.expr_at(right, site)?;
        let (left, right) = if op.is_comparison() {
            self.comparable(bound_left, bound_right, span, &format!("`{}`", op.symbol()))?
        } else if op == BinaryOp::Concat {
            (self.concatenable(bound_left, left.span)?, self.concatenable(bound_right, right.span)?)
        } else {
            let what = format!("an operand of `{}`", op.symbol());
            let hint = |other: &BoundExpr| match other.data_type() {
                t if is_numeric(&t) => t,
                _ => DataType::Double,
            };
            let (left_hint, right_hint) = (hint(&bound_right), hint(&bound_left));
            (
                self.number(bound_left, &left_hint, left.span, &what)?,
                self.number(bound_right, &right_hint, right.span, &what)?,
            )
        };
        Ok(BoundExpr::Binary { op, left: Box::new(left), right: Box::new(right) })
    }

    /// Scalars have a text to join; joining vectors or arrays would rather be a mistake.
    fn concatenable(&mut self, expr: BoundExpr, span: Span) -> BindResult<BoundExpr> {
        self.infer(&expr, &DataType::Text);
        match expr.data_type() {
            t @ (DataType::Vector { .. } | DataType::List(_)) => {
                Err(mismatch(format!("`||` joins texts, not {t}"), span).help("add CAST(x AS TEXT)"))
            }
            _ => Ok(expr),
        }
    }

    /// `<=>`, `<->` and `<#>` of pgvector as the functions that they stand for.
    fn distance(
        &mut self,
        op: DistanceOp,
        left: &Expr,
        right: &Expr,
        span: Span,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        let (symbol, function, instead) = match op {
            DistanceOp::Cosine => ("<=>", Function::Cosine, "1 - cosine(a, b)"),
            DistanceOp::L2 => ("<->", Function::L2, "l2(a, b)"),
            DistanceOp::NegativeInnerProduct => ("<#>", Function::InnerProduct, "-inner_product(a, b)"),
        };
        if site.place != Place::OrderBy {
            let message = format!("`{symbol}` is known in ORDER BY only");
            return Err(QueryError::new(ErrorCode::NoPlan, message)
                .at(span)
                .help(format!("write {instead}")));
        }
        let bound = vec![self.expr_at(left, site)?, self.expr_at(right, site)?];
        let args = self.vector_pair(bound, [left.span, right.span])?;
        let call = Box::new(BoundExpr::Call { function, args });
        Ok(match op {
            DistanceOp::L2 => *call,
            DistanceOp::NegativeInnerProduct => BoundExpr::Unary { op: UnaryOp::Negate, expr: call },
            DistanceOp::Cosine => {
                let one = Box::new(BoundExpr::Literal(Value::Double(1.0)));
                BoundExpr::Binary { op: BinaryOp::Subtract, left: one, right: call }
            }
        })
    }

    fn logic(&mut self, all: bool, operands: &[Expr], site: &mut Site<'_>) -> BindResult<BoundExpr> {
        let what = if all { "an operand of AND" } else { "an operand of OR" };
        let mut bound = Vec::with_capacity(operands.len());
        for operand in operands {
            let expr = self.expr_at(operand, site)?;
            bound.push(self.boolean(expr, operand.span, what)?);
        }
        Ok(BoundExpr::Logic { all, operands: bound })
    }

    /// `x >= low AND x <= high`, or its negation, which is three-valued the same way.
    fn between(
        &mut self,
        expr: &Expr,
        low: &Expr,
        high: &Expr,
        negated: bool,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        let (lower, upper) = match negated {
            false => (BinaryOp::GreaterEqual, BinaryOp::LessEqual),
            true => (BinaryOp::Less, BinaryOp::Greater),
        };
        let first = self.expr_at(expr, site)?;
        let second = self.copy(&first, expr.span)?;
        let mut operands = Vec::with_capacity(2);
        for (op, value, bound) in [(lower, first, low), (upper, second, high)] {
            let right = self.expr_at(bound, site)?;
            let (left, right) = self.comparable(value, right, bound.span, "BETWEEN")?;
            operands.push(BoundExpr::Binary { op, left: Box::new(left), right: Box::new(right) });
        }
        Ok(BoundExpr::Logic { all: !negated, operands })
    }

    fn in_list(
        &mut self,
        expr: &Expr,
        list: &[Expr],
        negated: bool,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        let mut operand = self.expr_at(expr, site)?;
        let mut bound = Vec::with_capacity(list.len());
        for item in list {
            let candidate = self.expr_at(item, site)?;
            let (left, right) = self.comparable(operand, candidate, item.span, "IN")?;
            operand = left;
            bound.push(right);
        }
        Ok(BoundExpr::InList { expr: Box::new(operand), list: bound, negated })
    }

    fn in_query(
        &mut self,
        expr: &Expr,
        query: &Query,
        negated: bool,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        if matches!(site.place, Place::Stored | Place::ScoreBy | Place::Limit | Place::Option) {
            let message = format!("a subquery cannot stand in {}", site.place.name());
            return Err(QueryError::new(ErrorCode::NoPlan, message)
                .at(query.span)
                .help("write the values in a list"));
        }
        let operand = self.expr_at(expr, site)?;
        let node = self.query(query)?;
        let [field] = output_schema(&node) else {
            let message = format!("the query of IN has {} columns, it needs one", output_schema(&node).len());
            return Err(QueryError::new(ErrorCode::ColumnCount, message).at(query.span));
        };
        // A stand-in for the query's values, so that their type is checked like that of a list.
        let stand_in = BoundExpr::Column { index: 0, data_type: field.data_type.clone() };
        let (operand, _) = self.comparable(operand, stand_in, expr.span, "IN")?;
        Ok(BoundExpr::InQuery { expr: Box::new(operand), query: Box::new(node), negated })
    }

    fn like(
        &mut self,
        expr: &Expr,
        pattern: &Expr,
        negated: bool,
        ignore_case: bool,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        let text = self.expr_at(expr, site)?;
        let text = self.text(text, expr.span, "the operand of LIKE")?;
        let bound = self.expr_at(pattern, site)?;
        let bound = self.text(bound, pattern.span, "the pattern of LIKE")?;
        Ok(BoundExpr::Like { expr: Box::new(text), pattern: Box::new(bound), negated, ignore_case })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        span: Span,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        let mut operand = match operand {
            Some(expr) => Some(self.expr_at(expr, site)?),
            None => None,
        };
        let (mut conditions, mut results) = (Vec::new(), Vec::new());
        for (when, then) in branches {
            let condition = self.expr_at(when, site)?;
            let condition = match operand.take() {
                None => self.boolean(condition, when.span, "the condition of WHEN")?,
                Some(value) => {
                    let left = self.copy(&value, when.span)?;
                    operand = Some(value);
                    let (left, right) = self.comparable(left, condition, when.span, "CASE")?;
                    BoundExpr::Binary { op: BinaryOp::Equal, left: Box::new(left), right: Box::new(right) }
                }
            };
            conditions.push(condition);
            results.push(self.expr_at(then, site)?);
        }
        if let Some(expr) = otherwise {
            results.push(self.expr_at(expr, site)?);
        }
        let data_type = self.unify(&mut results, span, "CASE")?;
        let otherwise = if otherwise.is_some() { results.pop().map(Box::new) } else { None };
        let branches = conditions.into_iter().zip(results).collect();
        Ok(BoundExpr::Case { branches, otherwise, data_type })
    }

    fn list(&mut self, items: &[Expr], span: Span, site: &mut Site<'_>) -> BindResult<BoundExpr> {
        let mut bound = Vec::with_capacity(items.len());
        for item in items {
            bound.push(self.expr_at(item, site)?);
        }
        self.unify(&mut bound, span, "a list")?;
        Ok(BoundExpr::List(bound))
    }

    fn call(&mut self, call: &Call, span: Span, site: &mut Site<'_>) -> BindResult<BoundExpr> {
        if let Some(function) = Calls::function(&call.name.name) {
            return self.aggregate_call(function, call, span, site);
        }
        if call.star || call.distinct {
            let message = format!("`{}` takes neither `*` nor DISTINCT, it is no aggregate", call.name.name);
            return Err(QueryError::new(ErrorCode::ArgumentCount, message).at(span));
        }
        let mut args = Vec::with_capacity(call.args.len());
        if let Some(error) = self.reserved_call(call) {
            return Err(error);
        }
        for arg in &call.args {
            args.push(self.expr_at(arg, site)?);
        }
        if let Some(fusion) = self.fusion_of(&call.name) {
            return self.fusion_call(&fusion, call, args, site.place);
        }
        let spans: Vec<Span> = call.args.iter().map(|arg| arg.span).collect();
        self.function(&call.name, args, &spans, span)
    }
}

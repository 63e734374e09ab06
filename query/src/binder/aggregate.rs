//! Aggregates and GROUP BY.
//!
//! Items are first bound over the input row, where an aggregate call is a column behind the input's own.
//! [`regroup`] then rewrites them over the aggregate's output: groups first, then calls.

use crate::ast::Call;
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::{Place, Site};
use crate::binder::types::mismatch;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::plan::{Aggregate, AggregateFunction, Field};
use crate::value::DataType;
use crate::walk::is_numeric;

/// The aggregate calls of one SELECT, equal ones once.
pub(super) struct Calls {
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) types: Vec<DataType>,
    /// Columns of the input row; call j is column `input_columns + j` until it is regrouped.
    input_columns: usize,
}

impl Calls {
    pub(super) fn new(input_columns: usize) -> Calls {
        Calls { aggregates: Vec::new(), types: Vec::new(), input_columns }
    }

    /// The aggregate of this name.
    pub(super) fn function(name: &str) -> Option<AggregateFunction> {
        Some(match name {
            "count" => AggregateFunction::Count,
            "sum" => AggregateFunction::Sum,
            "avg" => AggregateFunction::Avg,
            "min" => AggregateFunction::Min,
            "max" => AggregateFunction::Max,
            _ => return None,
        })
    }

    /// The column that stands for a call.
    fn add(&mut self, aggregate: Aggregate) -> BoundExpr {
        let data_type = result_type(&aggregate);
        let known = self.aggregates.iter().position(|other| *other == aggregate);
        let position = known.unwrap_or_else(|| {
            self.aggregates.push(aggregate);
            self.types.push(data_type.clone());
            self.aggregates.len() - 1
        });
        BoundExpr::Column { index: self.input_columns + position, data_type }
    }
}

/// The type of an aggregate's result.
fn result_type(aggregate: &Aggregate) -> DataType {
    let argument = aggregate.argument.as_ref().map_or(DataType::Unknown, BoundExpr::data_type);
    match (aggregate.function, argument) {
        (AggregateFunction::Count, _) => DataType::BigInt,
        (AggregateFunction::Sum, DataType::Integer | DataType::BigInt) => DataType::BigInt,
        (AggregateFunction::Sum | AggregateFunction::Avg, _) => DataType::Double,
        (AggregateFunction::Min | AggregateFunction::Max, argument) => argument,
    }
}

impl Binder<'_> {
    /// Binds a call of an aggregate.
    pub(super) fn aggregate_call(
        &mut self,
        function: AggregateFunction,
        call: &Call,
        span: Span,
        site: &mut Site<'_>,
    ) -> BindResult<BoundExpr> {
        if site.calls.is_none() {
            return Err(misplaced(function, site.place, span));
        }
        let argument = match (call.star, call.args.as_slice()) {
            (true, []) if function == AggregateFunction::Count => None,
            (false, [argument]) => {
                let mut inner = Site { scope: site.scope, place: site.place, calls: None };
                let bound = self.expr_at(argument, &mut inner)?;
                Some(self.aggregate_argument(function, bound, argument.span)?)
            }
            _ => {
                let message = format!("`{}` takes one argument", function.name());
                let error = QueryError::new(ErrorCode::ArgumentCount, message).at(span);
                return Err(error.help("count(*) counts rows"));
            }
        };
        let columns_max = self.limits.columns_max;
        match &mut site.calls {
            Some(calls) if calls.aggregates.len() < columns_max => {
                Ok(calls.add(Aggregate { function, argument, distinct: call.distinct }))
            }
            _ => {
                let message = format!("more than {columns_max} aggregates in one SELECT");
                Err(QueryError::new(ErrorCode::ListTooLong, message).at(span).help("split the query"))
            }
        }
    }

    fn aggregate_argument(
        &mut self,
        function: AggregateFunction,
        bound: BoundExpr,
        span: Span,
    ) -> BindResult<BoundExpr> {
        match (function, bound.data_type()) {
            (AggregateFunction::Count, _) => Ok(bound),
            (AggregateFunction::Sum | AggregateFunction::Avg, DataType::Unknown) => {
                self.infer(&bound, &DataType::Double);
                Ok(bound)
            }
            (AggregateFunction::Sum | AggregateFunction::Avg, t) if is_numeric(&t) => Ok(bound),
            (AggregateFunction::Min | AggregateFunction::Max, t) if !matches!(t, DataType::Vector { .. }) => {
                Ok(bound)
            }
            (_, t) => Err(mismatch(format!("`{}` does not take {t}", function.name()), span)),
        }
    }
}

fn misplaced(function: AggregateFunction, place: Place, span: Span) -> QueryError {
    let inside = matches!(place, Place::Select | Place::Having | Place::OrderBy);
    let (message, help) = if inside {
        (
            format!("`{}` cannot stand inside another aggregate", function.name()),
            "aggregate in a subquery first",
        )
    } else {
        let help = match place {
            Place::Where | Place::Qualify => "use HAVING for conditions on groups",
            _ => "aggregate in a subquery first",
        };
        (format!("the aggregate `{}` cannot stand in {}", function.name(), place.name()), help)
    };
    QueryError::new(ErrorCode::MisplacedAggregate, message).at(span).help(help)
}

/// Rewrites an expression over the input row into one over the aggregate's output.
pub(super) fn regroup(
    expr: BoundExpr,
    groups: &[BoundExpr],
    input: &[Field],
    span: Span,
) -> BindResult<BoundExpr> {
    let mut stray = None;
    let regrouped = regroup_node(expr, groups, input.len(), &mut stray);
    let Some(index) = stray else {
        return Ok(regrouped);
    };
    let name = input.get(index).map_or("?", |field| field.name.as_str());
    let message = format!("column `{name}` is neither in GROUP BY nor inside an aggregate");
    let error = QueryError::new(ErrorCode::NotGrouped, message).at(span);
    Err(error.help(format!("add `{name}` to GROUP BY, or write min({name}) or max({name})")))
}

/// Top down, since a whole group expression goes before its parts; notes the first column that is no group.
fn regroup_node(expr: BoundExpr, groups: &[BoundExpr], input: usize, stray: &mut Option<usize>) -> BoundExpr {
    if let Some(index) = groups.iter().position(|group| *group == expr) {
        return BoundExpr::Column { index, data_type: expr.data_type() };
    }
    match expr {
        BoundExpr::Column { index, data_type } => match index.checked_sub(input) {
            Some(call) => BoundExpr::Column { index: groups.len() + call, data_type },
            None => {
                stray.get_or_insert(index);
                BoundExpr::Column { index, data_type }
            }
        },
        other => other.map_children(&mut |child| regroup_node(child, groups, input, stray)),
    }
}

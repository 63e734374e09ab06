//! Moving an expression from above a projection to below it.

use crate::expr::BoundExpr;
use crate::walk::HEIGHT_MAX;

/// Rewrites expressions over a projection's output into ones over its input.
///
/// None where it would cost more: a computed column that is used twice would be computed twice (and repeated
/// use through many levels would grow without bound), and the result must not nest deeper than
/// [`HEIGHT_MAX`], which bounds the recursion of the evaluator.
pub(super) fn substitute(exprs: &[BoundExpr], projection: &[BoundExpr]) -> Option<Vec<BoundExpr>> {
    let mut uses = vec![0usize; projection.len()];
    for expr in exprs {
        expr.visit(&mut |e| {
            if let BoundExpr::Column { index, .. } = e
                && let Some(count) = uses.get_mut(*index)
            {
                *count += 1;
            }
        });
    }
    if uses.iter().zip(projection).any(|(count, expr)| *count > 1 && !is_free(expr)) {
        return None;
    }
    let height_below = projection.iter().map(BoundExpr::height).max().unwrap_or(0);
    if exprs.iter().any(|expr| expr.height() + height_below > HEIGHT_MAX) {
        return None;
    }
    let substituted = exprs.iter().cloned().map(|expr| {
        expr.map_columns(&mut |index, data_type| {
            projection.get(index).cloned().unwrap_or(BoundExpr::Column { index, data_type })
        })
    });
    Some(substituted.collect())
}

/// Whether repeating the expression costs nothing.
fn is_free(expr: &BoundExpr) -> bool {
    matches!(
        expr,
        BoundExpr::Column { .. } | BoundExpr::Literal(_) | BoundExpr::Parameter(_) | BoundExpr::Now
    )
}

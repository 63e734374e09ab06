//! CROSS JOIN LATERAL: a search for each row of what stands before it.

use crate::ast::{FromItem, Ident, Lateral, Query, QueryBody, Select};
use crate::binder::context::{BindResult, Binder};
use crate::binder::from::{Source, derived_fields, plain};
use crate::binder::scope::Scope;
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::node::output_schema;
use crate::plan::{Field, Node};

impl Binder<'_> {
    /// The rows of the left side, each with the rows of its search behind it.
    pub(super) fn lateral(&mut self, lateral: &Lateral) -> BindResult<Source> {
        let left = self.from(Some(&lateral.left), &Scope::empty())?;
        if left.searched {
            let message = "LATERAL behind a SEARCH";
            let error = QueryError::new(ErrorCode::NoPlan, message).at(lateral.span);
            return Err(
                error.help("put the search into a subquery with its LIMIT: FROM (SELECT ... LIMIT n) AS a")
            );
        }
        check_alias(&left.fields, lateral.alias.as_ref())?;
        let select = one_search(&lateral.query)?;
        let outer = Scope::new(&left.fields);
        let bound = self.select(select, &lateral.query, &outer);
        let right = bound.map_err(|error| explained(error, &left.fields))?;
        if !is_search(&right) {
            return Err(shape(lateral.query.span));
        }
        let right_fields =
            derived_fields(&right, lateral.query.span, lateral.alias.as_ref(), &lateral.columns)?;
        let mut fields = left.fields;
        fields.extend(right_fields);
        let node =
            Node::Lateral { left: Box::new(left.node), right: Box::new(right), schema: fields.clone() };
        Ok(plain(node, fields))
    }
}

fn shape(span: Span) -> QueryError {
    let message = "the query of LATERAL must be one search";
    let error = QueryError::new(ErrorCode::NoPlan, message).at(span);
    error.help(
        "write (SELECT ... FROM table SEARCH ... [VIA ...] [WHERE ...] [QUALIFY ...] [ORDER BY ...] \
         [LIMIT n]); group its rows outside",
    )
}

/// The SELECT of a query that is one search without groups.
fn one_search(query: &Query) -> BindResult<&Select> {
    let QueryBody::Select(select) = &query.body else {
        return Err(shape(query.span));
    };
    let searches = matches!(&select.from, Some(FromItem::Table { search: Some(_), .. }));
    let grouped = select.distinct || !select.group_by.is_empty() || select.having.is_some();
    if searches && !grouped { Ok(select) } else { Err(shape(query.span)) }
}

/// Whether only projections, sorts, limits and QUALIFY stand over the search: an aggregate would join rows.
fn is_search(node: &Node) -> bool {
    match node {
        Node::Search(_) => true,
        Node::Project { input, .. }
        | Node::Limit { input, .. }
        | Node::Sort { input, .. }
        | Node::Filter { input, .. } => is_search(input),
        _ => false,
    }
}

/// Both sides under one name could not be told apart.
fn check_alias(left: &[Field], alias: Option<&Ident>) -> BindResult<()> {
    let Some(alias) = alias else { return Ok(()) };
    if !left.iter().any(|field| field.qualifier.as_ref() == Some(&alias.name)) {
        return Ok(());
    }
    let message = format!("both sides of LATERAL are named `{}`", alias.name);
    let error = QueryError::new(ErrorCode::Duplicate, message).at(alias.span);
    Err(error.help("give one of them another name with AS"))
}

/// A name that only the left side knows is legal in SEARCH and nowhere else.
fn explained(error: QueryError, left: &[Field]) -> QueryError {
    if error.code != ErrorCode::UnknownColumn {
        return error;
    }
    let of_left = |field: &Field| {
        let qualified = field.qualifier.as_ref().map(|qualifier| format!("`{qualifier}.{}`", field.name));
        let plain = format!("`{}`", field.name);
        error.message.ends_with(&plain) || qualified.is_some_and(|name| error.message.ends_with(&name))
    };
    if !left.iter().any(of_left) {
        return error;
    }
    let help = "in LATERAL only SEARCH may name the columns before it; select and filter by them outside";
    QueryError { help: None, ..error }.help(help)
}

/// WHERE behind LATERAL. What names columns of the left side only leaves rows out before they are searched
/// for; no rule of the optimiser, since a row that has no answer is an error.
pub(super) fn filtered_lateral(
    left: Box<Node>,
    right: Box<Node>,
    schema: Vec<Field>,
    predicate: BoundExpr,
) -> Node {
    let width = output_schema(&left).len();
    let of_left = |conjunct: &BoundExpr| conjunct.columns().iter().all(|column| *column < width);
    let (before, behind): (Vec<BoundExpr>, Vec<BoundExpr>) =
        predicate.conjuncts().into_iter().partition(of_left);
    let filter = |input: Box<Node>, conjuncts: Vec<BoundExpr>| match conjuncts.is_empty() {
        true => input,
        false => Box::new(Node::Filter { input, predicate: BoundExpr::and(conjuncts) }),
    };
    let lateral = Box::new(Node::Lateral { left: filter(left, before), right, schema });
    *filter(lateral, behind)
}

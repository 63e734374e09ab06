//! Options: constants by name.

use crate::ast::{OptionItem, OptionValue, Query};
use crate::binder::context::{BindResult, Binder};
use crate::error::{ErrorCode, QueryError};
use crate::value::Value;

impl Binder<'_> {
    /// Options with constant values, in the order written.
    pub(super) fn options(&mut self, options: &[OptionItem]) -> BindResult<Vec<(String, Value)>> {
        options.iter().map(|option| self.option(option)).collect()
    }

    /// One option; `MAP (a = b)` becomes a list of pairs.
    pub(super) fn option(&mut self, option: &OptionItem) -> BindResult<(String, Value)> {
        let value = match &option.value {
            OptionValue::Expr(expr) => self.constant(expr)?,
            OptionValue::Query(query) => return Err(no_query(option, query)),
            OptionValue::Map(pairs) => {
                let text = |name: &str| Value::Text(name.to_owned());
                let pair = |(column, name): &(crate::ast::Ident, crate::ast::Ident)| {
                    Value::List(vec![text(&column.name), text(&name.name)])
                };
                Value::List(pairs.iter().map(pair).collect())
            }
        };
        Ok((option.name.name.clone(), value))
    }
}

/// Refuses an option that the statement does not have; `help` says which it has.
pub(super) fn check_known(
    option: &OptionItem,
    statement: &str,
    known: &[&str],
    help: impl FnOnce() -> String,
) -> BindResult<()> {
    let name = option.name.name.as_str();
    if known.contains(&name) {
        return Ok(());
    }
    let message = format!("{statement} has no option `{name}`");
    let error = QueryError::new(ErrorCode::UnknownOption, message).at(option.name.span);
    let error = error.did_you_mean(name, known.iter().copied());
    Err(if error.help.is_some() { error } else { error.help(help()) })
}

fn no_query(option: &OptionItem, query: &Query) -> QueryError {
    let message = format!("option `{}` takes a constant, not a query", option.name.name);
    QueryError::new(ErrorCode::NotConstant, message).at(query.span)
}

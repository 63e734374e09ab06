//! Which columns a clause may name.

use crate::ast::ColumnName;
use crate::binder::context::{BindResult, list_names};
use crate::error::{ErrorCode, QueryError};
use crate::plan::Field;
use crate::value::DataType;

/// The columns of an input row, in order.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// All columns of the row.
    pub(super) fields: &'a [Field],
    /// Columns from here on may not be named: the scores of a search inside its WHERE.
    visible: usize,
}

impl<'a> Scope<'a> {
    /// All columns may be named.
    pub(super) fn new(fields: &'a [Field]) -> Scope<'a> {
        Scope { fields, visible: fields.len() }
    }

    /// No columns at all.
    pub(super) fn empty() -> Scope<'static> {
        Scope { fields: &[], visible: 0 }
    }

    /// The WHERE of a search: only the table's columns, though the row has scores too.
    pub(super) fn where_of_search(fields: &'a [Field], table_columns: usize) -> Scope<'a> {
        Scope { fields, visible: table_columns }
    }

    /// The position of a column.
    pub(super) fn resolve(&self, name: &ColumnName) -> BindResult<usize> {
        let usable = self.fields.get(..self.visible).unwrap_or(self.fields);
        let mut matches = positions(usable, name);
        match (matches.next(), matches.next()) {
            (Some(index), None) => self.check_stage(name, index),
            (Some(first), Some(second)) => self.decide(name, first, second),
            (None, _) => match final_score(usable, name) {
                Some(index) => Ok(index),
                None => Err(self.unknown(name)),
            },
        }
    }

    /// The final `score` and `rank` win over a table's columns of that name; all else is ambiguous.
    fn decide(&self, name: &ColumnName, first: usize, second: usize) -> BindResult<usize> {
        let of_encode = |i: &usize| {
            self.fields.get(*i).is_some_and(|field| field.hidden && field.data_type == DataType::Unknown)
        };
        if of_encode(&first) && of_encode(&second) {
            return self.check_stage(name, first);
        }
        let unqualified = |i: &usize| self.fields.get(*i).is_some_and(|field| field.qualifier.is_none());
        let is_score = is_score_name(&name.name.name);
        if let (true, Some(index)) = (is_score, [first, second].into_iter().find(unqualified)) {
            return Ok(index);
        }
        let message = format!("column `{}` is ambiguous", shown(name));
        let error = QueryError::new(ErrorCode::AmbiguousColumn, message).at(name.name.span);
        Err(error.help("give the columns of the subquery different names with AS"))
    }

    /// ENCODE has a place among the stage columns, but no score.
    fn check_stage(&self, name: &ColumnName, index: usize) -> BindResult<usize> {
        let without_score = |field: &Field| field.hidden && field.data_type == DataType::Unknown;
        if self.fields.get(index).is_some_and(without_score) {
            let message = format!("`{}`: an ENCODE stage finds no labels, so it has no score", shown(name));
            let error = QueryError::new(ErrorCode::MisplacedScore, message).at(name.name.span);
            return Err(error.help("name a later stage, or write plain `score` for the final one"));
        }
        Ok(index)
    }

    fn unknown(&self, name: &ColumnName) -> QueryError {
        let column = &name.name.name;
        let span = match &name.qualifier {
            Some(qualifier) => qualifier.span.to(name.name.span),
            None => name.name.span,
        };
        if positions(self.fields, name).next().is_some() || final_score(self.fields, name).is_some() {
            let message = format!("`{}` is not known yet when WHERE chooses the labels to rank", shown(name));
            return QueryError::new(ErrorCode::ScoreInWhere, message)
                .at(span)
                .help(format!("use QUALIFY {} ... to filter by scores", shown(name)));
        }
        let has_stages = self.fields.iter().any(|field| field.hidden);
        if is_score_name(column) && !has_stages && name.qualifier.is_none() {
            let message = format!("there is no search here that gives a `{column}`");
            let error = QueryError::new(ErrorCode::MisplacedScore, message).at(span);
            return error.help("scores come from FROM table SEARCH 'text'");
        }
        let error =
            QueryError::new(ErrorCode::UnknownColumn, format!("unknown column `{}`", shown(name))).at(span);
        self.suggest(error, name)
    }

    /// Adds the nearest name, or the names there are.
    fn suggest(&self, error: QueryError, name: &ColumnName) -> QueryError {
        let usable = self.fields.get(..self.visible).unwrap_or(self.fields);
        if name.qualifier.is_some() {
            let qualified: Vec<String> = usable
                .iter()
                .filter_map(|field| field.qualifier.as_ref().map(|q| format!("{q}.{}", field.name)))
                .collect();
            let error = error.did_you_mean(&shown(name), qualified.iter().map(String::as_str));
            if error.help.is_some() {
                return error;
            }
            return match usable.iter().find(|field| !field.hidden && field.name == name.name.name) {
                Some(field) => error.help(format!("did you mean `{}`?", field.name)),
                None => error,
            };
        }
        let names: Vec<&str> = usable.iter().filter(|f| !f.hidden).map(|field| field.name.as_str()).collect();
        let error = error.did_you_mean(&name.name.name, names.iter().copied());
        match (error.help.is_some(), names.is_empty()) {
            (true, _) => error,
            (false, true) => error.help("no columns can be named here; a text stands in single quotes"),
            (false, false) => {
                error.help(format!("known: {}; a text stands in single quotes", list_names(&names)))
            }
        }
    }
}

/// Columns that the name means: hidden ones only by their qualified name.
fn positions<'f>(fields: &'f [Field], name: &'f ColumnName) -> impl Iterator<Item = usize> + 'f {
    fields.iter().enumerate().filter_map(move |(i, field)| {
        let qualified = match &name.qualifier {
            Some(qualifier) => field.qualifier.as_deref() == Some(qualifier.name.as_str()),
            None => !field.hidden,
        };
        (qualified && field.name == name.name.name).then_some(i)
    })
}

/// `t.score` is the final score where the table has no such column.
fn final_score(fields: &[Field], name: &ColumnName) -> Option<usize> {
    let qualifier = name.qualifier.as_ref()?;
    let of_table =
        |field: &Field| !field.hidden && field.qualifier.as_deref() == Some(qualifier.name.as_str());
    let is_final = |field: &Field| !field.hidden && field.qualifier.is_none() && field.name == name.name.name;
    let searched = fields.iter().any(|field| field.hidden);
    let known = searched && is_score_name(&name.name.name) && fields.iter().any(of_table);
    known.then(|| fields.iter().position(is_final)).flatten()
}

fn is_score_name(name: &str) -> bool {
    name == "score" || name == "rank"
}

/// The name as written.
pub(super) fn shown(name: &ColumnName) -> String {
    match &name.qualifier {
        Some(qualifier) => format!("{}.{}", qualifier.name, name.name.name),
        None => name.name.name.clone(),
    }
}

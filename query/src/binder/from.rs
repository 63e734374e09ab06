//! FROM: tables, searches, files, subqueries.

use std::collections::BTreeSet;

use crate::ast::{Argument, FromItem, Ident, Query};
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::Place;
use crate::binder::scope::Scope;
use crate::binder::search::Window;
use crate::binder::types::fold;
use crate::catalog::{ReadCall, ReadFunction, TableInfo};
use crate::error::{ErrorCode, QueryError, Span};
use crate::node::output_schema;
use crate::plan::{Field, Node, Scan};
use crate::value::Value;

/// Functions that read files.
const READ_FUNCTIONS: &[(&str, ReadFunction)] = &[
    ("read_xc", ReadFunction::Xc),
    ("read_jsonl", ReadFunction::Jsonl),
    ("read_csv", ReadFunction::Csv),
    ("read_parquet", ReadFunction::Parquet),
    ("read_npy", ReadFunction::Npy),
];

/// Where rows come from, and the columns that clauses may name.
pub(super) struct Source {
    pub(super) node: Node,
    /// As many as the node's output columns, under the names of this FROM.
    pub(super) fields: Vec<Field>,
    /// How many labels a search can yield.
    pub(super) window: Option<Window>,
    /// The source is a SEARCH.
    pub(super) searched: bool,
}

impl Binder<'_> {
    /// Binds FROM; without it there is one row without columns. `outer` are columns that a SEARCH may name.
    pub(super) fn from(&mut self, from: Option<&FromItem>, outer: &Scope<'_>) -> BindResult<Source> {
        match from {
            None => Ok(plain(Node::Values { rows: vec![Vec::new()], schema: Vec::new() }, Vec::new())),
            Some(FromItem::Table { table, alias, search }) => {
                let info = self.table(table)?;
                let alias = alias.as_ref().map_or(&info.name, |alias| &alias.name).clone();
                match search {
                    Some(search) => self.search(info, alias, search, outer),
                    None => {
                        let schema = table_fields(&info, &alias);
                        let fields = schema.clone();
                        let scan = Scan { table: info, alias, filter: None, columns: None, schema };
                        Ok(plain(Node::Scan(scan), fields))
                    }
                }
            }
            Some(FromItem::Function { name, args, alias }) => self.read(name, args, alias.as_ref()),
            Some(FromItem::Query { query, alias, columns }) => self.subquery(query, alias.as_ref(), columns),
            Some(FromItem::Lateral(lateral)) => self.lateral(lateral),
        }
    }

    fn subquery(&mut self, query: &Query, alias: Option<&Ident>, columns: &[Ident]) -> BindResult<Source> {
        let node = self.query(query)?;
        let fields = derived_fields(&node, query.span, alias, columns)?;
        Ok(plain(node, fields))
    }

    fn read(&mut self, name: &Ident, args: &[Argument], alias: Option<&Ident>) -> BindResult<Source> {
        let Some((known, function)) = READ_FUNCTIONS.iter().find(|(known, _)| *known == name.name) else {
            let message = format!("unknown table function `{}`", name.name);
            let error = QueryError::new(ErrorCode::UnknownFunction, message).at(name.span);
            let known = READ_FUNCTIONS.iter().map(|(known, _)| *known);
            return Err(error.did_you_mean(&name.name, known));
        };
        let call = self.read_call(*function, name, args)?;
        let columns = self.catalog.file_columns(&call).map_err(|message| {
            let span = args.first().map_or(name.span, |argument| argument.value.span);
            QueryError::new(ErrorCode::UnreadableFile, message).at(span)
        })?;
        let qualifier = alias.map_or(*known, |alias| alias.name.as_str());
        let schema: Vec<Field> = columns
            .into_iter()
            .map(|(name, data_type)| Field {
                qualifier: Some(qualifier.to_owned()),
                name,
                data_type,
                hidden: false,
            })
            .collect();
        let fields = schema.clone();
        Ok(plain(Node::Read { call, schema }, fields))
    }

    /// The path comes first, then named constants.
    fn read_call(&mut self, function: ReadFunction, name: &Ident, args: &[Argument]) -> BindResult<ReadCall> {
        let (mut path, mut options, mut names) = (None, Vec::new(), BTreeSet::new());
        for argument in args {
            let span = argument.value.span;
            let value = self.constant(&argument.value)?;
            match (&argument.name, value) {
                (None, Value::Text(text)) if path.is_none() => path = Some(text),
                (None, value) => {
                    let message = format!("`{}` takes one path, not {}", name.name, value.shown());
                    let error = QueryError::new(ErrorCode::ArgumentCount, message).at(span);
                    return Err(error.help("write other arguments as name => value"));
                }
                (Some(option), value) => {
                    if !names.insert(option.name.clone()) {
                        let message = format!("argument `{}` is given twice", option.name);
                        return Err(QueryError::new(ErrorCode::Duplicate, message).at(option.span));
                    }
                    options.push((option.name.clone(), value));
                }
            }
        }
        match path {
            Some(path) => Ok(ReadCall { function, path, options, skips: self.skips }),
            None => {
                let message = format!("`{}` needs the path of a file", name.name);
                let error = QueryError::new(ErrorCode::ArgumentCount, message).at(name.span);
                Err(error.help(format!("write {}('file')", name.name)))
            }
        }
    }

    /// The value of an expression that must be constant.
    pub(super) fn constant(&mut self, expr: &crate::ast::Expr) -> BindResult<Value> {
        let bound = self.expr(expr, &Scope::empty(), Place::Option)?;
        if !bound.is_constant() {
            let message = "a constant is needed here, not a parameter or the time";
            let error = QueryError::new(ErrorCode::NotConstant, message).at(expr.span);
            return Err(error.help("write the value itself"));
        }
        fold(&bound, expr.span)
    }
}

/// The columns of a subquery under its alias and the names behind it.
pub(super) fn derived_fields(
    node: &Node,
    span: Span,
    alias: Option<&Ident>,
    columns: &[Ident],
) -> BindResult<Vec<Field>> {
    let mut fields = output_schema(node).to_vec();
    if columns.len() > fields.len() {
        let message = format!("{} column names for a subquery of {} columns", columns.len(), fields.len());
        return Err(QueryError::new(ErrorCode::ColumnCount, message).at(span));
    }
    for (field, name) in fields.iter_mut().zip(columns) {
        field.name.clone_from(&name.name);
    }
    for field in &mut fields {
        field.qualifier = alias.map(|alias| alias.name.clone());
    }
    Ok(fields)
}

pub(super) fn plain(node: Node, fields: Vec<Field>) -> Source {
    Source { node, fields, window: None, searched: false }
}

/// The columns of a table under an alias.
pub(super) fn table_fields(table: &TableInfo, alias: &str) -> Vec<Field> {
    let field = |column: &crate::catalog::ColumnInfo| Field {
        qualifier: Some(alias.to_owned()),
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        hidden: false,
    };
    table.columns.iter().map(field).collect()
}

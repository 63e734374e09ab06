//! SEARCH: what is searched for, and how.

use std::sync::Arc;

use crate::ast::{self, Expr, Ident, SearchInput, Via as ViaSyntax};
use crate::binder::chain::{ChainBound, Input};
use crate::binder::context::{BindResult, Binder, list_names};
use crate::binder::expr::Place;
use crate::binder::from::{Source, table_fields};
use crate::binder::scope::Scope;
use crate::binder::types::mismatch;
use crate::catalog::{ColumnInfo, TableInfo};
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::node::stage_fields;
use crate::plan::{Field, Node, Search, Via};
use crate::value::DataType;
use crate::walk::is_numeric;

/// How many labels the last stage of a chain keeps.
pub(super) struct Window {
    pub(super) stage: String,
    pub(super) limit: u64,
    /// Name of the stored pipeline, whose text the user does not see.
    pub(super) pipeline: Option<String>,
    /// The stage is a FUSE: what it keeps is the sum over its branches.
    pub(super) fused: bool,
}

impl Window {
    /// Refuses to be asked for more labels than there can be.
    pub(super) fn check(&self, wanted: i64, span: Span) -> BindResult<()> {
        if u64::try_from(wanted).is_ok_and(|wanted| wanted <= self.limit) {
            return Ok(());
        }
        let Window { stage, limit, pipeline, fused } = self;
        let message = format!("{wanted} rows are asked for, but stage `{stage}` keeps {limit}");
        let fix = match pipeline {
            _ if *fused => "raise the limits of its branches, or lower the LIMIT".to_owned(),
            Some(name) => {
                format!("raise it: VIA PIPELINE {name} ({stage}.limit => {wanted}), or lower the LIMIT")
            }
            None => format!("raise the stage's limit to >= {wanted}, or lower the LIMIT"),
        };
        Err(QueryError::new(ErrorCode::WindowGrows, message).at(span).help(fix))
    }
}

/// What is searched for, bound.
pub(super) struct Sought {
    pub(super) text: Option<BoundExpr>,
    pub(super) vector: Option<(BoundExpr, Span)>,
}

impl Binder<'_> {
    /// Binds a searched table; `outer` are columns that the search's text may name.
    pub(super) fn search(
        &mut self,
        table: Arc<TableInfo>,
        alias: String,
        search: &ast::Search,
        outer: &Scope<'_>,
    ) -> BindResult<Source> {
        let sought = self.sought(&search.input, outer)?;
        let (search, window) = self.search_for(table, alias, sought, search.via.as_ref(), search.span)?;
        let fields = search.schema.clone();
        Ok(Source { node: Node::Search(Box::new(search)), fields, window, searched: true })
    }

    /// The text or the vector; the type of a plain expression tells which, a parameter is a text.
    fn sought(&mut self, input: &SearchInput, outer: &Scope<'_>) -> BindResult<Sought> {
        match input {
            SearchInput::Expr(expr) => {
                let bound = self.expr(expr, outer, Place::Search)?;
                let is_vector = match bound.data_type() {
                    DataType::Vector { .. } => true,
                    DataType::List(element) => *element == DataType::Unknown || is_numeric(&element),
                    _ => false,
                };
                if is_vector {
                    return Ok(Sought { text: None, vector: Some((bound, expr.span)) });
                }
                Ok(Sought { text: Some(self.search_text(bound, expr)?), vector: None })
            }
            SearchInput::Named { text, vector } => {
                let text = match text {
                    Some(expr) => {
                        let bound = self.expr(expr, outer, Place::Search)?;
                        Some(self.search_text(bound, expr)?)
                    }
                    None => None,
                };
                let vector = match vector {
                    Some(expr) => Some((self.expr(expr, outer, Place::Search)?, expr.span)),
                    None => None,
                };
                Ok(Sought { text, vector })
            }
        }
    }

    fn search_text(&mut self, bound: BoundExpr, expr: &Expr) -> BindResult<BoundExpr> {
        match bound.data_type() {
            DataType::Text => Ok(bound),
            DataType::Unknown => {
                self.infer(&bound, &DataType::Text);
                Ok(bound)
            }
            other => Err(mismatch(format!("SEARCH takes a TEXT or a VECTOR, not {other}"), expr.span)
                .help("write SEARCH 'text', SEARCH [0.1, ...] or SEARCH (VECTOR => $1)")),
        }
    }

    /// A search for something bound already.
    pub(super) fn search_for(
        &mut self,
        table: Arc<TableInfo>,
        alias: String,
        sought: Sought,
        via: Option<&ViaSyntax>,
        span: Span,
    ) -> BindResult<(Search, Option<Window>)> {
        let Sought { text, vector } = sought;
        let input = if vector.is_some() { Input::Vector } else { Input::Text };
        let default = table
            .default_pipeline
            .clone()
            .map(|name| ViaSyntax::Pipeline { name: Ident { name, span }, overrides: Vec::new() });
        let (via, dimension, window) = match via.or(default.as_ref()) {
            None if input == Input::Text && self.ranks_by_words(&table, span)? => (Via::Auto, None, None),
            None => (Via::Auto, Some(self.embedding_dimension(&table, input, span)?), None),
            Some(ViaSyntax::Exact { span }) => {
                (Via::Exact, Some(self.embedding_dimension(&table, input, *span)?), None)
            }
            Some(ViaSyntax::Chain(chain)) => {
                let ChainBound { chain, dimension, window } = self.chain(chain, &table, input)?;
                (Via::Chain { chain, pipeline: None }, dimension, window)
            }
            Some(ViaSyntax::Pipeline { name, overrides }) => {
                let ChainBound { chain, dimension, window } =
                    self.stored_chain(name, overrides, &table, input)?;
                (Via::Chain { chain, pipeline: Some(name.name.clone()) }, dimension, window)
            }
        };
        if let Via::Chain { chain, .. } = &via
            && text.is_none()
            && let Some(stage) = chain.all_stages().into_iter().find(|stage| stage.reads_text())
        {
            let message =
                format!("stage `{}` looks for a text, and SEARCH brings a vector alone", stage.name);
            let error = QueryError::new(ErrorCode::StageOrder, message).at(span);
            return Err(error.help("write SEARCH (TEXT => ..., VECTOR => ...), or MATCH(column, 'text')"));
        }
        let vector = match vector {
            Some((expr, span)) => Some(self.vector(expr, dimension, span, "the vector to search for")?),
            None => None,
        };
        let stages = match &via {
            Via::Chain { chain, .. } => stage_fields(chain),
            Via::Auto | Via::Exact => Vec::new(),
        };
        let schema = search_fields(&table, &alias, stages);
        let search = Search {
            table,
            alias,
            text,
            vector,
            via,
            filter: None,
            limit: None,
            owed: None,
            columns: None,
            schema,
        };
        Ok((search, window))
    }

    /// Whether a table is searched by the words of a text, since it has no vectors and one fts index.
    fn ranks_by_words(&self, table: &TableInfo, span: Span) -> BindResult<bool> {
        if table.columns.iter().any(|column| matches!(column.data_type, DataType::Vector { .. })) {
            return Ok(false);
        }
        let texts = table.columns.iter().filter(|column| column.data_type == DataType::Text);
        let indexed = texts.filter(|column| self.text_index(table, &column.name).is_some());
        let names: Vec<&str> = indexed.map(|column| column.name.as_str()).collect();
        if names.len() < 2 {
            return Ok(names.len() == 1);
        }
        let message = format!("table `{}` has several fts indexes: on {}", table.name, list_names(&names));
        let error = QueryError::new(ErrorCode::NoPlan, message).at(span);
        Err(error.help("say which: VIA MATCH(column), or join them with FUSE"))
    }

    /// The width of the embeddings that EXACT and the planner rank by.
    fn embedding_dimension(&self, table: &TableInfo, input: Input, span: Span) -> BindResult<u32> {
        let column = vector_column(table, span)?;
        if input == Input::Text && column.generated.is_none() {
            let message = format!(
                "column `{}` is not computed by a model, so a text cannot be compared with it",
                column.name
            );
            let error = QueryError::new(ErrorCode::NoPlan, message).at(span);
            return Err(error
                .help("give a vector, SEARCH (VECTOR => ...), or name a model, VIA ENCODE(model) THEN ..."));
        }
        match column.data_type {
            DataType::Vector { dimension: Some(dimension), .. } => Ok(dimension),
            _ => {
                Err(QueryError::new(ErrorCode::NoPlan, format!("column `{}` has no dimension", column.name))
                    .at(span))
            }
        }
    }
}

/// The column that a table's labels are ranked by: the first generated one, else the only VECTOR.
pub(super) fn vector_column(table: &TableInfo, span: Span) -> BindResult<&ColumnInfo> {
    let vectors =
        || table.columns.iter().filter(|column| matches!(column.data_type, DataType::Vector { .. }));
    if let Some(column) = vectors().find(|column| column.generated.is_some()) {
        return Ok(column);
    }
    let names: Vec<&str> = vectors().map(|column| column.name.as_str()).collect();
    match (vectors().next(), names.as_slice()) {
        (Some(only), [_]) => Ok(only),
        (None, _) => {
            let message = format!("table `{}` has no VECTOR column to search", table.name);
            let error = QueryError::new(ErrorCode::NoPlan, message).at(span);
            Err(error
                .help("make one: z VECTOR(n) GENERATED ALWAYS AS (normalize(encode(model, text))) STORED"))
        }
        (Some(_), _) => {
            let message =
                format!("table `{}` has several VECTOR columns: {}", table.name, list_names(&names));
            let error = QueryError::new(ErrorCode::NoPlan, message).at(span);
            Err(error.help("say which: VIA SHORTLIST(index of the column, limit => n)"))
        }
    }
}

/// The output columns of a search.
fn search_fields(table: &TableInfo, alias: &str, stages: Vec<Field>) -> Vec<Field> {
    let last =
        |name: &str, data_type| Field { qualifier: None, name: name.to_owned(), data_type, hidden: false };
    let mut fields = table_fields(table, alias);
    fields.push(last("score", DataType::Double));
    fields.push(last("rank", DataType::BigInt));
    fields.extend(stages);
    fields
}

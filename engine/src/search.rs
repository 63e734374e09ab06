//! The typed search builder: the same plan as SEARCH in SQL, without writing SQL.

use argtop_query::Value;
use argtop_query::display::quote_name;

use crate::database::Database;
use crate::error::Error;
use crate::statement::Rows;

/// How a search of the builder finds its labels.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Via {
    /// The table's default pipeline, or what the planner chooses.
    #[default]
    Auto,
    /// Every label is scored.
    Exact,
    /// A stored pipeline.
    Pipeline(String),
    /// Stages as in SQL: `ENCODE(m) THEN ...`.
    Stages(String),
}

/// A search under construction; [`SearchBuilder::run`] runs it.
///
/// ```no_run
/// # fn main() -> Result<(), argtop::Error> {
/// let database = argtop::Database::open("labels.db", argtop::Options::default())?;
/// let rows = database.search("concepts").text("a small domesticated feline").filter("depth >
/// 3").limit(5).run()?; for row in rows {
///     println!("{:?}", row?.values());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SearchBuilder {
    database: Database,
    table: String,
    columns: Vec<String>,
    query: Option<Query>,
    filter: Option<String>,
    qualify: Option<String>,
    via: Via,
    limit: u64,
}

#[derive(Clone)]
enum Query {
    Text(String),
    Vector(Vec<f32>),
}

impl SearchBuilder {
    pub(crate) fn new(database: Database, table: &str) -> SearchBuilder {
        SearchBuilder {
            database,
            table: table.to_string(),
            columns: Vec::new(),
            query: None,
            filter: None,
            qualify: None,
            via: Via::Auto,
            limit: 10,
        }
    }

    /// The query as text, to be encoded.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.query = Some(Query::Text(text.into()));
        self
    }

    /// The query as a vector.
    #[must_use]
    pub fn vector(mut self, vector: Vec<f32>) -> Self {
        self.query = Some(Query::Vector(vector));
        self
    }

    /// Result columns, as in a SELECT list; all columns, score and rank where none are named.
    #[must_use]
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// WHERE: an SQL predicate over the table's columns.
    #[must_use]
    pub fn filter(mut self, predicate: impl Into<String>) -> Self {
        self.filter = Some(predicate.into());
        self
    }

    /// QUALIFY: an SQL predicate over scores.
    #[must_use]
    pub fn qualify(mut self, predicate: impl Into<String>) -> Self {
        self.qualify = Some(predicate.into());
        self
    }

    /// How the labels are found.
    #[must_use]
    pub fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    /// How many labels; 10 unless set.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the search.
    ///
    /// # Errors
    /// As the SQL statement would: [`Error::Query`] for unknown names and wrong predicates, [`Error::Value`]
    /// without a query.
    pub fn run(self) -> Result<Rows, Error> {
        let query = self
            .query
            .clone()
            .ok_or_else(|| Error::value("the search has no query", "call text(...) or vector(...)"))?;
        let value = match query {
            Query::Text(text) => Value::Text(text),
            Query::Vector(vector) => Value::Vector(vector),
        };
        let sql = self.sql(matches!(value, Value::Vector(_)))?;
        self.database.prepare(&sql)?.bind(vec![value])?.query()
    }

    fn sql(&self, by_vector: bool) -> Result<String, Error> {
        let columns = if self.columns.is_empty() { "*".to_string() } else { self.columns.join(", ") };
        let query = if by_vector { "(VECTOR => $1)" } else { "$1" };
        let via = match &self.via {
            Via::Auto => String::new(),
            Via::Exact => " VIA EXACT".to_string(),
            Via::Pipeline(name) => format!(" VIA PIPELINE {}", quote_name(name)),
            Via::Stages(stages) => format!(" VIA {stages}"),
        };
        let mut sql = format!("SELECT {columns} FROM {} SEARCH {query}{via}", quote_name(&self.table));
        // A predicate is parsed by itself, so that it can be nothing but one expression.
        let expression =
            |text: &str| argtop_query::parser::parse_expression(text, &self.database.inner.query_limits);
        if let Some(filter) = &self.filter {
            sql.push_str(&format!(" WHERE ({})", expression(filter)?));
        }
        if let Some(qualify) = &self.qualify {
            sql.push_str(&format!(" QUALIFY ({})", expression(qualify)?));
        }
        sql.push_str(&format!(" LIMIT {}", self.limit));
        Ok(sql)
    }
}

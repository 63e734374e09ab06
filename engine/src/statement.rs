//! Prepared statements and the rows they give.

use std::sync::Arc;

use argtop_query::plan::Field;
use argtop_query::{DataType, Value};

use crate::database::Database;
use crate::dispatch::{self, KnownPlan, Output};
use crate::error::Error;
use crate::execute::RowStream;

/// A column of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name, or the text of the expression.
    pub name: String,
    /// Type.
    pub data_type: DataType,
}

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterInfo {
    /// Name of a `:name` parameter.
    pub name: Option<String>,
    /// Type that the statement needs, where it tells.
    pub data_type: DataType,
}

/// A statement that was parsed and checked; it can be run any number of times.
#[derive(Clone)]
pub struct Statement {
    database: Database,
    sql: Arc<str>,
    statement: Arc<argtop_query::ast::Statement>,
    /// Shared by all that were made of this one.
    known: Arc<KnownPlan>,
    parameters: Vec<ParameterInfo>,
    values: Vec<Option<Value>>,
}

impl Statement {
    pub(crate) fn prepare(database: &Database, sql: &str) -> Result<Statement, Error> {
        let statement = argtop_query::parse_statement(sql, &database.inner.query_limits)?;
        let bound = dispatch::bind(&database.settings(), database, &database.view(), &statement)?;
        let parameters: Vec<ParameterInfo> = bound
            .parameters
            .into_iter()
            .map(|parameter| ParameterInfo { name: parameter.name, data_type: parameter.data_type })
            .collect();
        Ok(Statement {
            database: database.clone(),
            sql: sql.into(),
            statement: Arc::new(statement),
            known: Arc::default(),
            values: vec![None; parameters.len()],
            parameters,
        })
    }

    /// The statement's text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Parameters in order.
    pub fn parameters(&self) -> &[ParameterInfo] {
        &self.parameters
    }

    /// Binds all parameters by position.
    ///
    /// # Errors
    /// [`Error::Value`] where the count differs or a value does not fit its parameter's type.
    pub fn bind(mut self, values: Vec<Value>) -> Result<Statement, Error> {
        if values.len() != self.parameters.len() {
            return Err(Error::value(
                format!("{} values for {} parameters", values.len(), self.parameters.len()),
                "bind one value for each parameter",
            ));
        }
        for (at, value) in values.into_iter().enumerate() {
            self.set(at, value)?;
        }
        Ok(self)
    }

    /// Binds `:name` parameters by name; those not named keep their values.
    ///
    /// # Errors
    /// [`Error::Value`] for a name the statement does not have, or a value that does not fit.
    pub fn bind_named(mut self, values: Vec<(String, Value)>) -> Result<Statement, Error> {
        for (name, value) in values {
            let position =
                self.parameters.iter().position(|info| info.name.as_deref() == Some(name.as_str()));
            let Some(at) = position else {
                return Err(Error::value(
                    format!("the statement has no parameter :{name}"),
                    "bind the names that parameters() lists",
                ));
            };
            self.set(at, value)?;
        }
        Ok(self)
    }

    fn set(&mut self, at: usize, value: Value) -> Result<(), Error> {
        let to = &self.parameters[at].data_type;
        let value = if matches!(to, DataType::Unknown) || value.is_null() {
            value
        } else {
            argtop_query::eval::cast_value(value, to)?
        };
        self.values[at] = Some(value);
        Ok(())
    }

    /// Runs the statement and gives its rows.
    ///
    /// # Errors
    /// [`Error::Value`] where a parameter is not bound, and whatever running it may fail with.
    pub fn query(&self) -> Result<Rows, Error> {
        let mut params = Vec::with_capacity(self.values.len());
        for (at, value) in self.values.iter().enumerate() {
            let Some(value) = value else {
                let name =
                    self.parameters[at].name.clone().map_or(format!("{}", at + 1), |name| format!(":{name}"));
                return Err(Error::value(format!("parameter {name} is not bound"), "call bind() first"));
            };
            params.push(value.clone());
        }
        let output = dispatch::run(&self.database, &self.statement, params, &self.known)?;
        Ok(Rows::new(output))
    }

    /// Runs the statement to its end; rows changed, or else returned.
    ///
    /// # Errors
    /// As [`Statement::query`].
    pub fn execute(&self) -> Result<u64, Error> {
        let mut rows = self.query()?;
        let mut count = 0;
        for row in rows.by_ref() {
            row?;
            count += 1;
        }
        Ok(rows.changed().unwrap_or(count))
    }
}

/// A row of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    values: Vec<Value>,
}

impl Row {
    /// The values, one a column.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of a column by position.
    pub fn get(&self, column: usize) -> Option<&Value> {
        self.values.get(column)
    }

    /// The values, without the row.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// The rows of a running statement. Dropping them early ends it.
pub struct Rows {
    columns: Vec<Column>,
    stream: RowStream,
    changed: Option<u64>,
    notes: Vec<String>,
    context: Option<crate::context::Context>,
}

impl Rows {
    pub(crate) fn new(output: Output) -> Rows {
        Rows {
            columns: output.columns,
            stream: output.stream,
            changed: output.changed,
            notes: output.notes,
            context: output.context,
        }
    }

    /// Columns of the rows; none for statements that give no rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows that the statement changed; None for those that change none.
    pub fn changed(&self) -> Option<u64> {
        self.changed
    }

    /// Remarks for people: a default that was applied, an index that was not used.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.stream.next()?.map(|values| Row { values }))
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some(context) = &self.context {
            context.abandon();
        }
    }
}

/// Result columns of a plan's fields.
pub(crate) fn columns_of(fields: &[Field]) -> Vec<Column> {
    fields
        .iter()
        .map(|field| Column { name: field.name.clone(), data_type: field.data_type.clone() })
        .collect()
}

//! CREATE, ALTER and DROP.

use crate::ast::{self, ColumnDef, Ident};
use crate::binder::chain::Input;
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::Place;
use crate::binder::scope::Scope;
use crate::binder::types::fold;
use crate::catalog::{ColumnInfo, IndexMethod, IndexTarget, ObjectKind};
use crate::error::{ErrorCode, QueryError, Span};
use crate::plan::{CreateIndex, CreateModel, CreateOnTable, CreatePipeline, CreateTable, Field, LogicalPlan};
use crate::value::DataType;

impl Binder<'_> {
    /// Refuses a name in use; OR REPLACE and IF NOT EXISTS are decided when the statement runs.
    pub(super) fn check_name(&self, kind: ObjectKind, name: &Ident, allowed: bool) -> BindResult<()> {
        if allowed || !self.exists(kind, &name.name) {
            return Ok(());
        }
        let what = format!("{kind:?}").to_lowercase();
        let message = format!("{what} `{}` exists already", name.name);
        let error = QueryError::new(ErrorCode::AlreadyExists, message).at(name.span);
        Err(error.help(format!("DROP {} {} first, or add IF NOT EXISTS", what.to_uppercase(), name.name)))
    }

    /// OR REPLACE where dropping would take stored data along.
    pub(super) fn refuse_replace(&self, or_replace: bool, what: &str, name: &Ident) -> BindResult<()> {
        if !or_replace {
            return Ok(());
        }
        let message = format!("CREATE OR REPLACE {what} would drop stored data without asking");
        let error = QueryError::new(ErrorCode::NoPlan, message).at(name.span);
        Err(error.help(format!("write DROP {what} IF EXISTS {}; and then CREATE {what}", name.name)))
    }

    pub(super) fn create_model(&mut self, create: &ast::CreateModel) -> BindResult<LogicalPlan> {
        self.check_name(ObjectKind::Model, &create.name, create.or_replace || create.if_not_exists)?;
        Ok(LogicalPlan::CreateModel(CreateModel {
            name: create.name.name.clone(),
            or_replace: create.or_replace,
            if_not_exists: create.if_not_exists,
            path: create.path.value.clone(),
            tokenizer: create.tokenizer.as_ref().map(|path| path.value.clone()),
            options: self.options(&create.options)?,
        }))
    }

    pub(super) fn create_on_table(
        &mut self,
        create: &ast::CreateOnTable,
        kind: ObjectKind,
    ) -> BindResult<LogicalPlan> {
        let auxiliary = kind == ObjectKind::Auxiliary;
        self.refuse_replace(
            create.or_replace,
            if auxiliary { "AUXILIARY" } else { "CLASSIFIER" },
            &create.name,
        )?;
        self.check_name(kind, &create.name, create.if_not_exists)?;
        let bound = CreateOnTable {
            name: create.name.name.clone(),
            if_not_exists: create.if_not_exists,
            table: self.table(&create.table)?,
            options: self.options(&create.options)?,
        };
        Ok(match auxiliary {
            true => LogicalPlan::CreateAuxiliary(bound),
            false => LogicalPlan::CreateClassifier(bound),
        })
    }

    pub(super) fn create_index(&mut self, create: &ast::CreateIndex) -> BindResult<LogicalPlan> {
        self.refuse_replace(create.or_replace, "INDEX", &create.name)?;
        self.check_name(ObjectKind::Index, &create.name, create.if_not_exists)?;
        let table = self.table(&create.table)?;
        let method = match create.method.name.as_str() {
            "flat" => IndexMethod::Flat,
            "ann" => IndexMethod::Ann,
            "faiss" => IndexMethod::Faiss,
            "elias" => IndexMethod::Elias,
            "fts" => IndexMethod::Fts,
            other => {
                let message = format!("unknown index method `{other}`");
                let error = QueryError::new(ErrorCode::WrongMethod, message).at(create.method.span);
                let error = error.did_you_mean(other, ["flat", "ann", "faiss", "elias", "fts"]);
                let known = "known: `ann` (approximate), `flat` (exact scan), `faiss` (by factory), \
                             `elias` (cluster graph), `fts` (words of a text)";
                return Err(if error.help.is_some() { error } else { error.help(known) });
            }
        };
        let name = &create.target.name;
        let column = table.columns.iter().find(|column| column.name == *name);
        let target = match column.map(|column| &column.data_type) {
            _ if method == IndexMethod::Fts => self.text_target(&create.target, &table)?,
            Some(DataType::Vector { .. }) => IndexTarget::Column(name.clone()),
            Some(other) => {
                let message = format!("column `{name}` is a {other}; an index orders vectors");
                let error = QueryError::new(ErrorCode::TypeMismatch, message).at(create.target.span);
                return Err(error.help("name a VECTOR column, or a classifier of the table"));
            }
            None => match self.catalog.classifier(name) {
                Some(classifier) if classifier.table == table.name => IndexTarget::Classifier(name.clone()),
                Some(classifier) => {
                    let (owner, table) = (&classifier.table, &table.name);
                    let message = format!("classifier `{name}` belongs to table `{owner}`, not to `{table}`");
                    return Err(QueryError::new(ErrorCode::WrongTable, message).at(create.target.span));
                }
                None => return Err(self.unknown_target(&create.target, &table)),
            },
        };
        Ok(LogicalPlan::CreateIndex(CreateIndex {
            name: create.name.name.clone(),
            if_not_exists: create.if_not_exists,
            table,
            method,
            target,
            options: self.options(&create.options)?,
        }))
    }

    /// A text column that has no index of its words yet.
    fn text_target(&self, target: &Ident, table: &crate::catalog::TableInfo) -> BindResult<IndexTarget> {
        let name = &target.name;
        match table.columns.iter().find(|column| column.name == *name) {
            Some(column) if column.data_type == DataType::Text => {}
            Some(column) => {
                let message = format!("column `{name}` is a {}; an fts index holds words", column.data_type);
                let error = QueryError::new(ErrorCode::TypeMismatch, message).at(target.span);
                return Err(error.help("name a TEXT column; for vectors write USING ann"));
            }
            None => {
                let message = format!("table `{}` has no column `{name}`", table.name);
                let error = QueryError::new(ErrorCode::UnknownColumn, message).at(target.span);
                let texts = table.columns.iter().filter(|column| column.data_type == DataType::Text);
                return Err(error.did_you_mean(name, texts.map(|column| column.name.as_str())));
            }
        }
        Ok(IndexTarget::Column(name.clone()))
    }

    fn unknown_target(&self, target: &Ident, table: &crate::catalog::TableInfo) -> QueryError {
        let message = format!("`{}` is no column and no classifier of table `{}`", target.name, table.name);
        let error = QueryError::new(ErrorCode::UnknownColumn, message).at(target.span);
        let vectors = table.columns.iter().filter(|c| matches!(c.data_type, DataType::Vector { .. }));
        let classifiers = self.catalog.names(ObjectKind::Classifier);
        let of_table = |name: &&String| self.catalog.classifier(name).is_some_and(|c| c.table == table.name);
        let classifiers = classifiers.iter().filter(of_table).map(String::as_str);
        let names = vectors.map(|c| c.name.as_str()).chain(classifiers);
        error.did_you_mean(&target.name, names)
    }

    pub(super) fn create_pipeline(&mut self, create: &ast::CreatePipeline) -> BindResult<LogicalPlan> {
        self.check_name(ObjectKind::Pipeline, &create.name, create.or_replace || create.if_not_exists)?;
        let table = self.table(&create.table)?;
        let parent = match &create.inherits {
            Some(inherits) => Some(self.stored_syntax(&inherits.parent, &inherits.overrides, &table)?),
            None => None,
        };
        let chain = match (&create.chain, parent) {
            (Some(own), parent) => {
                let mut chain = own.clone();
                chain.score_by = chain.score_by.or(parent.and_then(|parent| parent.score_by));
                chain
            }
            (None, Some(parent)) => parent,
            (None, None) => {
                let error = QueryError::new(ErrorCode::StageOrder, "a pipeline needs its stages");
                return Err(error.at(create.name.span).help("write AS stage THEN stage"));
            }
        };
        if let Some(own) = &create.chain {
            self.chain(own, &table, Input::Either)?;
        }
        self.chain(&chain, &table, Input::Either).map_err(|mut error| {
            // What is inherited stands in another text than this statement: its spans mean nothing here.
            if let Some(inherits) = &create.inherits {
                error.span = Some(inherits.parent.span);
            }
            error
        })?;
        Ok(LogicalPlan::CreatePipeline(CreatePipeline {
            name: create.name.name.clone(),
            or_replace: create.or_replace,
            if_not_exists: create.if_not_exists,
            table: table.name.clone(),
            sql: chain.to_string(),
            inherits: create.inherits.as_ref().map(|inherits| inherits.parent.name.clone()),
        }))
    }

    pub(super) fn create_table(&mut self, create: &ast::CreateTable) -> BindResult<LogicalPlan> {
        self.refuse_replace(create.or_replace, "TABLE", &create.name)?;
        self.check_name(ObjectKind::Table, &create.name, create.if_not_exists)?;
        if create.columns.len() > self.limits.columns_max {
            let (count, max) = (create.columns.len(), self.limits.columns_max);
            let message = format!("{count} columns; a table has at most {max}");
            let error = QueryError::new(ErrorCode::ListTooLong, message).at(create.name.span);
            return Err(error.help("keep rarely used attributes in one JSON column"));
        }
        let primary_key = primary_key(create)?;
        let stored = create.columns.iter().filter(|column| column.generated.is_none());
        let fields: Vec<Field> = stored.map(column_field).collect();
        let mut columns: Vec<ColumnInfo> = Vec::with_capacity(create.columns.len());
        for (position, column) in create.columns.iter().enumerate() {
            if columns.iter().any(|other| other.name == column.name.name) {
                let message = format!("two columns are named `{}`", column.name.name);
                return Err(QueryError::new(ErrorCode::Duplicate, message).at(column.name.span));
            }
            columns.push(self.column(column, &fields, position == primary_key)?);
        }
        Ok(LogicalPlan::CreateTable(CreateTable {
            name: create.name.name.clone(),
            if_not_exists: create.if_not_exists,
            columns,
            primary_key,
            options: self.options(&create.options)?,
        }))
    }

    fn column(&mut self, column: &ColumnDef, fields: &[Field], is_key: bool) -> BindResult<ColumnInfo> {
        let data_type = &column.data_type.data_type;
        if matches!(data_type, DataType::Vector { dimension: None, .. }) {
            let message = format!("column `{}` needs a dimension", column.name.name);
            let error = QueryError::new(ErrorCode::UnknownType, message).at(column.data_type.span);
            return Err(error.help("write VECTOR(384), or the width of your embeddings"));
        }
        let scalar = !matches!(data_type, DataType::Vector { .. } | DataType::List(_) | DataType::Json);
        if column.unique && !(scalar && column.generated.is_none()) {
            let message = format!("column `{}` is a {data_type}, which cannot be UNIQUE", column.name.name);
            return Err(QueryError::new(ErrorCode::TypeMismatch, message).at(column.name.span));
        }
        let generated = match &column.generated {
            None => None,
            Some(expr) if column.default.is_some() => {
                let message = format!("column `{}` is computed, so it has no DEFAULT", column.name.name);
                return Err(QueryError::new(ErrorCode::InvalidGenerated, message).at(expr.span));
            }
            Some(expr) => Some(self.generated(column, expr, fields)?),
        };
        Ok(ColumnInfo {
            name: column.name.name.clone(),
            data_type: data_type.clone(),
            not_null: column.not_null || is_key,
            unique: column.unique || is_key,
            default: self.default_text(column)?,
            generated,
        })
    }

    /// Checks a DEFAULT and yields its text, which is bound anew whenever it is used.
    fn default_text(&mut self, column: &ColumnDef) -> BindResult<Option<String>> {
        let Some(expr) = &column.default else {
            return Ok(None);
        };
        let bound = self.expr(expr, &Scope::empty(), Place::Stored)?;
        let bound = self.assign(bound, &column.data_type.data_type, expr.span, &column.name.name)?;
        if bound.is_constant() {
            fold(&bound, expr.span)?;
        }
        Ok(Some(expr.to_string()))
    }

    pub(super) fn set_default_pipeline(
        &mut self,
        table: &Ident,
        pipeline: Option<&Ident>,
    ) -> BindResult<LogicalPlan> {
        let info = self.table(table)?;
        if let Some(name) = pipeline {
            let owner = self.pipeline(name)?.table;
            if owner != info.name {
                let message =
                    format!("pipeline `{}` belongs to table `{owner}`, not to `{}`", name.name, info.name);
                return Err(QueryError::new(ErrorCode::WrongTable, message).at(name.span));
            }
        }
        let pipeline = pipeline.map(|name| name.name.clone());
        Ok(LogicalPlan::SetDefaultPipeline { table: info.name.clone(), pipeline })
    }

    pub(super) fn drop(
        &mut self,
        kind: ObjectKind,
        name: &Ident,
        if_exists: bool,
    ) -> BindResult<LogicalPlan> {
        if !if_exists && !self.exists(kind, &name.name) {
            return Err(self.unknown(kind, name));
        }
        Ok(LogicalPlan::Drop { kind, name: name.name.clone(), if_exists })
    }
}

fn column_field(column: &ColumnDef) -> Field {
    Field {
        qualifier: None,
        name: column.name.name.clone(),
        data_type: column.data_type.data_type.clone(),
        hidden: false,
    }
}

/// The position of the one primary key.
fn primary_key(create: &ast::CreateTable) -> BindResult<usize> {
    let error = |message: String, span: Span| QueryError::new(ErrorCode::PrimaryKey, message).at(span);
    let mut keys = create.columns.iter().enumerate().filter(|(_, column)| column.primary_key);
    let Some((position, column)) = keys.next() else {
        let message = format!("table `{}` has no primary key", create.name.name);
        return Err(
            error(message, create.name.span).help("add PRIMARY KEY to a BIGINT, INTEGER or TEXT column")
        );
    };
    if let Some((_, second)) = keys.next() {
        let message = format!("two primary keys, `{}` and `{}`", column.name.name, second.name.name);
        return Err(error(message, second.name.span).help("mark one column"));
    }
    let data_type = &column.data_type.data_type;
    if !matches!(data_type, DataType::BigInt | DataType::Integer | DataType::Text)
        || column.generated.is_some()
    {
        let message = format!("`{}` is a {data_type}, which cannot be a primary key", column.name.name);
        return Err(error(message, column.data_type.span).help("use BIGINT, INTEGER or TEXT"));
    }
    Ok(position)
}

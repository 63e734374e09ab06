//! Tables, pipelines, and DROP of every kind.

use argtop_query::catalog::ObjectKind;
use argtop_query::plan::{CreatePipeline, CreateTable};
use argtop_storage::{
    ColumnRecord, ColumnType, Object, ObjectId, ObjectKind as StoredKind, PipelineRecord, TableRecord, Writer,
};

use super::options::OptionReader;
use crate::catalog::{column_type, generated_record, stored_kind};
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;

/// CREATE TABLE.
pub(crate) fn create(run: &Run, mut writer: Writer<'_>, plan: &CreateTable) -> Result<Output, Error> {
    if run.view.catalog().find(StoredKind::Table, &plan.name).is_some() {
        return if plan.if_not_exists { Ok(Output::changed(0)) } else { Err(exists("table", &plan.name)) };
    }
    OptionReader::new("CREATE TABLE", &plan.options).finish()?;
    let limits = &run.inner.limits;
    if plan.columns.len() > limits.columns_max {
        return Err(Error::value(
            format!("table {} would have {} columns", plan.name, plan.columns.len()),
            format!("at most {} are supported", limits.columns_max),
        ));
    }
    let mut columns = Vec::with_capacity(plan.columns.len());
    for (position, column) in plan.columns.iter().enumerate() {
        let stored = column_type(&column.data_type).ok_or_else(|| {
            Error::value(
                format!("column {} cannot have type {}", column.name, column.data_type),
                "choose another",
            )
        })?;
        if column.unique && position != plan.primary_key {
            return Err(Error::value(
                format!("column {} is UNIQUE but not the primary key", column.name),
                "only the primary key is kept unique: leave UNIQUE out, or make the column the key",
            ));
        }
        if let ColumnType::Vector { dimension, .. } = stored
            && dimension > limits.dimension_max
        {
            return Err(Error::value(
                format!("column {} would have {dimension} elements", column.name),
                format!("at most {} are supported", limits.dimension_max),
            ));
        }
        columns.push(ColumnRecord {
            id: writer.allocate()?,
            name: column.name.clone(),
            column_type: stored,
            not_null: column.not_null || position == plan.primary_key,
            unique: column.unique,
            default: column.default.clone(),
            generated: column.generated.as_ref().map(generated_record),
        });
    }
    let record = TableRecord {
        id: writer.allocate()?,
        name: plan.name.clone(),
        columns,
        primary_key: plan.primary_key,
        default_pipeline: None,
        frequencies: None,
    };
    writer.put_object(Object::Table(record))?;
    writer.commit()?;
    Ok(Output::changed(0))
}

/// "There is one already", with the two ways out.
pub(crate) fn exists(kind: &str, name: &str) -> Error {
    Error::value(
        format!("{kind} {name} exists already"),
        format!("DROP {} {name} first, or add IF NOT EXISTS", kind.to_uppercase()),
    )
}

/// CREATE PIPELINE; the binder has checked the chain.
pub(crate) fn create_pipeline(
    run: &Run,
    mut writer: Writer<'_>,
    plan: &CreatePipeline,
) -> Result<Output, Error> {
    let existing = run.view.catalog().find(StoredKind::Pipeline, &plan.name).cloned();
    let id = match existing {
        Some(_) if !plan.or_replace => return Err(exists("pipeline", &plan.name)),
        Some(existing) => existing.id(),
        None => writer.allocate()?,
    };
    writer.put_object(Object::Pipeline(PipelineRecord {
        id,
        name: plan.name.clone(),
        table: run.view.table(&plan.table)?.id,
        sql: plan.sql.clone(),
        inherits: plan.inherits.clone(),
        options: std::collections::BTreeMap::new(),
    }))?;
    writer.commit()?;
    Ok(Output::changed(0))
}

/// ALTER TABLE ... SET DEFAULT PIPELINE.
pub(crate) fn set_default_pipeline(
    run: &Run,
    mut writer: Writer<'_>,
    table: &str,
    pipeline: Option<String>,
) -> Result<Output, Error> {
    let mut record = TableRecord::clone(&*run.view.table(table)?);
    record.default_pipeline = pipeline;
    writer.put_object(Object::Table(record))?;
    writer.commit()?;
    Ok(Output::changed(0))
}

/// DROP. A table takes its indexes, classifiers, auxiliaries and pipelines along; what something else needs
/// stays.
pub(crate) fn drop(
    run: &Run,
    mut writer: Writer<'_>,
    kind: ObjectKind,
    name: &str,
    if_exists: bool,
) -> Result<Output, Error> {
    let kind = stored_kind(kind);
    let Some(object) = run.view.catalog().find(kind, name).cloned() else {
        if if_exists {
            return Ok(Output::changed(0));
        }
        return Err(Error::value(format!("{} {name} does not exist", kind.name()), "add IF EXISTS"));
    };
    if let Some(user) = user_of(run, &object) {
        let fix = match &*object {
            Object::Pipeline(_) => {
                format!("ALTER {} RESET DEFAULT PIPELINE first", user.replacen("table", "TABLE", 1))
            }
            _ => format!("drop {user} first"),
        };
        return Err(Error::value(format!("{} {name} is used by {user}", kind.name()), fix));
    }
    let mut dropped: Vec<ObjectId> = Vec::new();
    if let Object::Table(table) = &*object {
        let parts = run.view.catalog().of_table(table.id).map(|part| part.id());
        dropped.extend(parts.filter(|id| *id != table.id));
        dropped.extend(table.columns.iter().map(|column| column.id));
    }
    dropped.push(object.id());
    for id in &dropped {
        if run.view.catalog().get(*id).is_some() {
            writer.drop_object(*id)?;
        }
    }
    writer.commit()?;
    for id in dropped {
        run.inner.caches.forget(id);
        run.inner.forget_encoder(id);
    }
    Ok(Output::changed(0))
}

/// Whether a stored chain names a model, index or classifier in a stage, or calls a fusion.
fn names_object(run: &Run, sql: &str, object: &Object) -> bool {
    let Ok(chain) = argtop_query::parser::parse_chain(sql, &run.inner.query_limits) else { return false };
    if object.kind() == StoredKind::Fusion {
        return chain.score_by.as_ref().is_some_and(|expr| expr.calls(object.name()));
    }
    let named = |stage: &&argtop_query::ast::Stage| {
        stage.object.as_ref().is_some_and(|named| named.name == object.name())
    };
    chain.all_stages().iter().any(named)
}

/// What could not do without the object.
fn user_of(run: &Run, object: &Object) -> Option<String> {
    let catalog = run.view.catalog();
    let named = |object: &Object| format!("{} {}", object.kind().name(), object.name());
    let in_pipeline = || {
        let mut pipelines = catalog.of_kind(StoredKind::Pipeline);
        pipelines.find(|pipeline| match &***pipeline {
            Object::Pipeline(record) => names_object(run, &record.sql, object),
            _ => false,
        })
    };
    match object {
        Object::Model(model) => {
            let tables = catalog.of_kind(StoredKind::Table);
            let user = tables.filter_map(|table| match &**table {
                Object::Table(record) => Some(record),
                _ => None,
            });
            let uses = |record: &&TableRecord| {
                let mut generated = record.columns.iter().filter_map(|column| column.generated.as_ref());
                generated.any(|generated| generated.model == model.name)
            };
            user.into_iter()
                .find(uses)
                .map(|record| format!("table {}", record.name))
                .or_else(|| in_pipeline().map(|user| named(user)))
        }
        Object::Index(_) | Object::Fusion(_) => in_pipeline().map(|user| named(user)),
        Object::Classifier(classifier) => {
            let index = catalog.of_kind(StoredKind::Index).find(|index| match &***index {
                Object::Index(record) => record.classifier == Some(classifier.id),
                _ => false,
            });
            index.or_else(in_pipeline).map(|user| named(user))
        }
        Object::Pipeline(pipeline) => {
            let table = catalog.of_kind(StoredKind::Table).find(|table| match &***table {
                Object::Table(record) => record.default_pipeline.as_deref() == Some(pipeline.name.as_str()),
                _ => false,
            });
            table.map(|user| named(user))
        }
        Object::Table(_) | Object::Auxiliary(_) => None,
    }
}

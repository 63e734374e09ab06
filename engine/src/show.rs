//! SHOW, DESCRIBE, CHECK DATABASE.

use argtop_query::catalog::ObjectKind;
use argtop_query::{DataType, Value};
use argtop_storage::{Link, Object, ObjectKind as StoredKind, TableRecord};

use crate::catalog::{data_type, stored_kind};
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::settings::Settings;
use crate::statement::Column;

fn columns(names: &[(&str, DataType)]) -> Vec<Column> {
    names
        .iter()
        .map(|(name, data_type)| Column { name: (*name).to_string(), data_type: data_type.clone() })
        .collect()
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn count(value: u64) -> Value {
    Value::BigInt(i64::try_from(value).unwrap_or(i64::MAX))
}

/// SHOW TABLES and the other kinds.
pub(crate) fn objects(run: &Run, kind: ObjectKind) -> Result<Output, Error> {
    let stored = stored_kind(kind);
    let mut rows = Vec::new();
    for object in run.view.catalog().of_kind(stored) {
        rows.push(row(run, object)?);
    }
    Ok(Output::rows(columns(&header(kind)), rows))
}

fn header(kind: ObjectKind) -> Vec<(&'static str, DataType)> {
    let (text, number, flag) = (DataType::Text, DataType::BigInt, DataType::Boolean);
    match kind {
        ObjectKind::Table => vec![
            ("name", text.clone()),
            ("labels", number.clone()),
            ("columns", number),
            ("primary_key", text.clone()),
            ("default_pipeline", text),
        ],
        ObjectKind::Model => vec![
            ("name", text.clone()),
            ("dimension", number.clone()),
            ("pooling", text.clone()),
            ("normalize", flag),
            ("max_tokens", number),
            ("output", text.clone()),
            ("dtype", text.clone()),
            ("device", text.clone()),
            ("provider", text.clone()),
            ("fingerprint", text),
        ],
        ObjectKind::Auxiliary => {
            vec![("name", text.clone()), ("table", text), ("clusters", number), ("trained", flag)]
        }
        ObjectKind::Index => vec![
            ("name", text.clone()),
            ("table", text.clone()),
            ("method", text.clone()),
            ("target", text.clone()),
            ("options", text),
            ("generation", number.clone()),
            ("covered", number.clone()),
            ("newer", number),
        ],
        ObjectKind::Classifier => vec![
            ("name", text.clone()),
            ("table", text.clone()),
            ("dimension", number),
            ("format", text.clone()),
            ("link", text),
            ("bias", flag),
        ],
        ObjectKind::Pipeline => vec![("name", text.clone()), ("table", text.clone()), ("sql", text)],
        ObjectKind::Fusion => vec![
            ("name", text.clone()),
            ("table", text.clone()),
            ("method", text.clone()),
            ("features", text),
            ("trained", flag),
        ],
    }
}

fn row(run: &Run, object: &Object) -> Result<Vec<Value>, Error> {
    let table_name = |id| run.view.catalog().get(id).map_or(Value::Null, |table| text(table.name()));
    Ok(match object {
        Object::Table(table) => vec![
            text(&table.name),
            count(run.view.live(table)?.len()),
            count(table.columns.len() as u64),
            text(&table.columns[table.primary_key].name),
            table.default_pipeline.clone().map_or(Value::Null, Value::Text),
        ],
        Object::Model(model) => {
            // Loading tells the device that is really in use; a model that cannot be loaded says why.
            let provider = match run.view.encoder(model) {
                Ok(encoder) => encoder.provider().to_string(),
                Err(error) => format!("not loaded: {error}"),
            };
            vec![
                text(&model.name),
                count(u64::from(model.dimension)),
                text(format!("{:?}", model.pooling).to_lowercase()),
                Value::Boolean(model.normalize),
                count(u64::from(model.max_tokens)),
                text(&model.output),
                text(format!("{:?}", model.dtype).to_lowercase()),
                text(&model.device),
                text(provider),
                text(&model.fingerprint),
            ]
        }
        Object::Auxiliary(auxiliary) => vec![
            text(&auxiliary.name),
            table_name(auxiliary.table),
            count(u64::from(auxiliary.clusters)),
            Value::Boolean(auxiliary.trained),
        ],
        Object::Index(index) => index_row(run, index)?,
        Object::Classifier(classifier) => vec![
            text(&classifier.name),
            table_name(classifier.table),
            count(u64::from(classifier.dimension)),
            text(classifier.format.name()),
            text(link_name(classifier.link)),
            Value::Boolean(classifier.bias),
        ],
        Object::Pipeline(pipeline) => {
            vec![text(&pipeline.name), table_name(pipeline.table), text(&pipeline.sql)]
        }
        Object::Fusion(fusion) => vec![
            text(&fusion.name),
            table_name(fusion.table),
            text(&fusion.method),
            text(fusion.features.join(", ")),
            Value::Boolean(fusion.model.is_some()),
        ],
    })
}

fn link_name(link: Link) -> &'static str {
    match link {
        Link::Cosine => "cosine",
        Link::Sigmoid => "sigmoid",
    }
}

fn index_row(run: &Run, index: &argtop_storage::IndexRecord) -> Result<Vec<Value>, Error> {
    let catalog = run.view.catalog();
    let table = match catalog.get(index.table).map(|object| &**object) {
        Some(Object::Table(table)) => table,
        _ => return Err(Error::Internal(format!("index {} has no table", index.name))),
    };
    let target = match (index.column, index.classifier) {
        (_, Some(classifier)) => {
            catalog.get(classifier).map_or(String::new(), |object| object.name().to_string())
        }
        (Some(column), None) => {
            let column = table.columns.iter().find(|candidate| candidate.id == column);
            column.map_or(String::new(), |column| column.name.clone())
        }
        (None, None) => String::new(),
    };
    let options: Vec<String> =
        index.options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    // A flat index has no generation of its own: it reads the packed rows of what it orders.
    let object = match index.method.as_str() {
        "flat" => index.column.or(index.classifier).unwrap_or(index.id),
        _ => index.id,
    };
    let live = run.view.live(table)?;
    let slot_end = run
        .view
        .generation(object)
        .and_then(|generation| generation.manifest().ok().map(|manifest| manifest.fields.slot_end));
    let newer = live.range_cardinality(slot_end.unwrap_or(0)..);
    Ok(vec![
        text(&index.name),
        text(&table.name),
        text(&index.method),
        text(target),
        text(options.join(", ")),
        run.view.snapshot().pointer(object).map_or(Value::Null, count),
        count(live.len() - newer),
        count(newer),
    ])
}

/// SHOW SETTINGS.
pub(crate) fn settings(settings: &Settings) -> Output {
    let text = DataType::Text;
    let header = columns(&[
        ("name", text.clone()),
        ("value", text.clone()),
        ("default", text.clone()),
        ("meaning", text),
    ]);
    let as_text = |value: Value| if value.is_null() { value } else { Value::Text(value.to_string()) };
    let rows = settings.all().into_iter().map(|row| row.into_iter().map(as_text).collect()).collect();
    Output::rows(header, rows)
}

/// SHOW name.
pub(crate) fn setting(settings: &Settings, name: &str) -> Result<Output, Error> {
    let value = settings
        .show(name)
        .ok_or_else(|| Error::value(format!("unknown setting `{name}`"), "SHOW SETTINGS lists them"))?;
    Ok(Output::rows(columns(&[(name, value.data_type())]), vec![vec![value]]))
}

/// DESCRIBE: a table's columns, or the properties of another object.
pub(crate) fn describe(run: &Run, kind: ObjectKind, name: &str) -> Result<Output, Error> {
    let object = run.view.catalog().find(stored_kind(kind), name).cloned();
    let object =
        object.ok_or_else(|| Error::value(format!("{name} does not exist"), "SHOW TABLES lists tables"))?;
    if let Object::Table(table) = &*object {
        return Ok(describe_table(table));
    }
    let header = header(kind);
    let values = row(run, &object)?;
    let rows = header.iter().zip(values).map(|((name, _), value)| {
        vec![text(*name), if value.is_null() { value } else { Value::Text(value.to_string()) }]
    });
    let mut rows: Vec<Vec<Value>> = rows.collect();
    let statistics = match &*object {
        Object::Index(index) => Some(&index.statistics),
        Object::Classifier(classifier) => Some(&classifier.statistics),
        Object::Auxiliary(auxiliary) => Some(&auxiliary.statistics),
        Object::Fusion(fusion) => Some(&fusion.statistics),
        Object::Model(_) | Object::Table(_) | Object::Pipeline(_) => None,
    };
    let statistics = statistics.into_iter().flatten();
    rows.extend(statistics.map(|(name, value)| vec![text(name), text(value)]));
    Ok(Output::rows(columns(&[("property", DataType::Text), ("value", DataType::Text)]), rows))
}

fn describe_table(table: &TableRecord) -> Output {
    let header = columns(&[
        ("column", DataType::Text),
        ("type", DataType::Text),
        ("null", DataType::Boolean),
        ("key", DataType::Boolean),
        ("default", DataType::Text),
        ("generated", DataType::Text),
    ]);
    let rows = table.columns.iter().enumerate().map(|(position, column)| {
        vec![
            text(&column.name),
            text(data_type(&column.column_type).to_string()),
            Value::Boolean(!column.not_null),
            Value::Boolean(position == table.primary_key),
            column.default.clone().map_or(Value::Null, Value::Text),
            column.generated.as_ref().map_or(Value::Null, |generated| text(&generated.sql)),
        ]
    });
    Output::rows(header, rows.collect())
}

/// CHECK DATABASE: what is wrong, one row a finding; none where all is well.
pub(crate) fn check(run: &Run) -> Result<Output, Error> {
    let header = columns(&[("finding", DataType::Text)]);
    let mut rows: Vec<Vec<Value>> = run
        .inner
        .store
        .check()
        .into_iter()
        .map(|finding| vec![text(format!("{}: {}", finding.place, finding.problem))])
        .collect();
    for object in run.view.catalog().of_kind(StoredKind::Table) {
        let Object::Table(table) = &**object else { continue };
        for column in crate::view::vector_columns(table) {
            let dense = run.view.column_rows(table, &column)?;
            let missing = run.view.live(table)?.iter().filter(|slot| !dense.has(*slot)).count();
            if missing > 0 {
                rows.push(vec![text(format!(
                    "{missing} labels of table {} have no row in column {}",
                    table.name, column.name
                ))]);
            }
        }
    }
    Ok(Output::rows(header, rows))
}

//! COPY of a file into a table.

use std::path::Path;
use std::sync::Arc;

use argtop_query::Value;
use argtop_query::catalog::{ReadCall, ReadFunction};
use argtop_query::eval::evaluate;
use argtop_query::expr::BoundExpr;
use argtop_query::plan::{CopyFrom, CopyTarget, OnConflict};
use argtop_storage::{ColumnRecord, ColumnType, TableRecord, Writer};
use crossbeam::channel::bounded;

use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::dml::InsertState;
use crate::error::Error;
use crate::execute::Run;
use crate::import::{self, FileFormat, Paired, Source, VECTOR_COLUMN};
use crate::labels::LabelWriter;

/// Rows taken from a file at a time.
const BATCH_ROWS: usize = 1_024;
/// Batches that are read before they are written.
const BATCHES_AHEAD: usize = 4;

/// COPY ... FROM.
pub(crate) fn copy_from(run: &Run, writer: Writer<'_>, plan: &CopyFrom) -> Result<Output, Error> {
    match &plan.target {
        CopyTarget::Table { table, columns } => {
            let table = run.view.table(&table.name)?;
            into_table(run, writer, plan, &table, columns)
        }
        CopyTarget::Classifier(name) => super::classifier::copy(run, writer, plan, name),
        CopyTarget::Auxiliary(name) => super::auxiliary::copy(run, writer, plan, name),
    }
}

/// All rows of the file in one batch: they are all there afterwards, or none is.
fn into_table(
    run: &Run,
    mut writer: Writer<'_>,
    plan: &CopyFrom,
    table: &Arc<TableRecord>,
    columns: &[usize],
) -> Result<Output, Error> {
    let (source, map) = open(run, plan, table)?;
    let places = places(table, columns, &map, &*source, &plan.path)?;
    let defaults = defaults(run, table)?;
    let labels = LabelWriter::new(run, table)?;
    let mut state = InsertState::new(run, &labels, &OnConflict::Error, false);
    let doing = format!("copying {}", plan.path);
    read_ahead(source, |rows, position| {
        for row in rows {
            let mut full = defaults.clone();
            for (value, place) in row.into_iter().zip(&places) {
                if let Some(place) = place {
                    full[*place] = value;
                }
            }
            state.add(&mut writer, full)?;
        }
        if let Some((done, total)) = position {
            run.context.progress(&doing, done, Some(total));
        }
        Ok(())
    })?;
    state.flush(&mut writer)?;
    let changed = state.changed;
    if changed > 0 {
        writer.commit()?;
        crate::build::after_write(run, table, changed)?;
    }
    Ok(Output::changed(changed))
}

/// Reads a source to its end in a thread of its own, some batches ahead of `take`, which gets each batch with
/// the source's position after it.
fn read_ahead(
    mut source: Box<dyn Source>,
    mut take: impl FnMut(import::Rows, Option<(u64, u64)>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (sender, batches) = bounded(BATCHES_AHEAD);
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("argtop-copy".to_string());
        let reading = reader.spawn_scoped(scope, move || {
            loop {
                let batch = source.next_batch(BATCH_ROWS);
                let more = matches!(batch, Ok(Some(_)));
                // Nobody receives any more where a row before was refused.
                if sender.send((batch, source.position())).is_err() || !more {
                    return;
                }
            }
        });
        reading.map_err(|error| Error::Internal(format!("no thread to read with: {error}")))?;
        // The receiver goes with the loop, which ends the reader wherever the loop ends.
        for (batch, position) in batches {
            let Some(rows) = batch? else { return Ok(()) };
            take(rows, position)?;
        }
        Err(Error::Internal("the thread that reads the file has ended early".to_string()))
    })
}

/// Pairs of table column and file column.
type Map = Vec<(String, String)>;

/// The source of a COPY; with `VECTORS 'file.npy'` a matrix beside it, for the table's own vector column.
fn open(run: &Run, plan: &CopyFrom, table: &TableRecord) -> Result<(Box<dyn Source>, Map), Error> {
    let mut plan = plan.clone();
    let Some(at) = plan.options.iter().position(|(name, _)| name == "vectors") else {
        return open_file(run, &plan);
    };
    let (_, value) = plan.options.remove(at);
    let Value::Text(path) = value else {
        return Err(Error::value(format!("VECTORS cannot be {value}"), "write VECTORS 'file.npy'"));
    };
    let (source, map) = open_file(run, &plan)?;
    let named = map.iter().any(|(_, name)| name == VECTOR_COLUMN);
    let name = if named { VECTOR_COLUMN } else { own_vector(table)? };
    let (access, limits) = (&run.inner.access, &run.inner.import_limits);
    Ok((Box::new(Paired::open(source, name, Path::new(&path), access, limits)?), map))
}

/// The name of the only vector column that a table's rows bring themselves.
fn own_vector(table: &TableRecord) -> Result<&str, Error> {
    let own = |column: &&ColumnRecord| {
        matches!(column.column_type, ColumnType::Vector { .. }) && column.generated.is_none()
    };
    let columns: Vec<&ColumnRecord> = table.columns.iter().filter(own).collect();
    match columns.as_slice() {
        [column] => Ok(&column.name),
        columns => Err(Error::value(
            format!("table {} has {} vector columns of its own", table.name, columns.len()),
            format!("say which VECTORS fills: MAP (column = {VECTOR_COLUMN})"),
        )),
    }
}

fn open_file(run: &Run, plan: &CopyFrom) -> Result<(Box<dyn Source>, Map), Error> {
    let format = FileFormat::of(&plan.path, plan.format.as_deref())?;
    let mut options: Vec<(String, Value)> = plan.options.clone();
    let map = match options.iter().position(|(name, _)| name == "map") {
        Some(at) => pairs(&options.remove(at).1)?,
        None => Vec::new(),
    };
    let (access, limits) = (&run.inner.access, &run.inner.import_limits);
    let function = match format {
        FileFormat::Jsonl => ReadFunction::Jsonl,
        FileFormat::Csv => ReadFunction::Csv,
        FileFormat::Parquet => ReadFunction::Parquet,
        FileFormat::Npy => ReadFunction::Npy,
        FileFormat::Xc => {
            OptionReader::new("COPY (FORMAT xc)", &options).finish()?;
            return Ok((import::open_labels(Path::new(&plan.path), access, limits)?, map));
        }
    };
    let call = ReadCall { function, path: plan.path.clone(), options, skips: false };
    Ok((import::open(&call, access, limits)?, map))
}

fn pairs(value: &Value) -> Result<Map, Error> {
    let wrong = || Error::value(format!("MAP cannot be {value}"), "write MAP (column = name_in_file, ...)");
    let Value::List(items) = value else { return Err(wrong()) };
    let pair = |item: &Value| match item {
        Value::List(pair) => match pair.as_slice() {
            [Value::Text(column), Value::Text(name)] => Some((column.clone(), name.clone())),
            _ => None,
        },
        _ => None,
    };
    items.iter().map(|item| pair(item).ok_or_else(wrong)).collect()
}

/// The table column that each column of the file fills.
fn places(
    table: &TableRecord,
    columns: &[usize],
    map: &Map,
    source: &dyn Source,
    path: &str,
) -> Result<Vec<Option<usize>>, Error> {
    let names: Vec<&str> = source.columns().iter().map(|(name, _)| name.as_str()).collect();
    let mut places = vec![None; names.len()];
    let position = |name: &str| table.columns.iter().position(|column| column.name == name);
    for (column, name) in map {
        let place = position(column).ok_or_else(|| {
            Error::value(
                format!("MAP names column {column}, which table {} lacks", table.name),
                "DESCRIBE lists the columns",
            )
        })?;
        let at =
            names.iter().position(|candidate| candidate == name).ok_or_else(|| lacks(path, name, &names))?;
        places[at] = Some(place);
    }
    let wanted: Vec<usize> = if columns.is_empty() && map.is_empty() {
        names.iter().filter_map(|name| position(name)).collect()
    } else {
        columns.iter().copied().filter(|place| !places.contains(&Some(*place))).collect()
    };
    // A matrix has no names of its own: its row number and vector fill the columns in the order they are
    // named.
    let positional = names == ["row", "vector"]
        && wanted.iter().all(|place| !names.contains(&table.columns[*place].name.as_str()));
    for (number, place) in wanted.into_iter().enumerate() {
        let name = table.columns[place].name.as_str();
        let at = if positional {
            Some(number).filter(|at| *at < names.len())
        } else {
            names.iter().position(|candidate| *candidate == name)
        };
        places[at.ok_or_else(|| lacks(path, name, &names))?] = Some(place);
    }
    if let Some(generated) = places.iter().flatten().find(|place| table.columns[**place].generated.is_some())
    {
        return Err(Error::value(
            format!("column {} is computed", table.columns[*generated].name),
            "leave it out of the COPY",
        ));
    }
    if !places.contains(&Some(table.primary_key)) {
        let key = &table.columns[table.primary_key].name;
        return Err(Error::value(
            format!("no column of {path} fills the primary key {key}"),
            format!("name it: MAP ({key} = ...); the file has {}", names.join(", ")),
        ));
    }
    Ok(places)
}

fn lacks(path: &str, name: &str, names: &[&str]) -> Error {
    Error::value(
        format!("{path} has no column {name}"),
        format!("it has {}; name others with MAP (column = name_in_file)", names.join(", ")),
    )
}

/// What each column holds where the file does not fill it.
pub(crate) fn defaults(run: &Run, table: &TableRecord) -> Result<Vec<Value>, Error> {
    let mut values = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        values.push(match &column.default {
            Some(sql) => {
                let expr: BoundExpr =
                    argtop_query::binder::bind_expression(sql, &[], &run.inner.query_limits)?;
                evaluate(&expr, &[], &run.eval())?
            }
            None => Value::Null,
        });
    }
    Ok(values)
}

//! COPY of a file into a table.

use std::path::Path;
use std::sync::Arc;

use argtop_query::Value;
use argtop_query::catalog::{ReadCall, ReadFunction};
use argtop_query::eval::evaluate;
use argtop_query::expr::BoundExpr;
use argtop_query::plan::{CopyFrom, CopyTarget, OnConflict};
use argtop_storage::{TableRecord, Writer};

use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::dml::InsertState;
use crate::error::Error;
use crate::execute::Run;
use crate::import::{self, FileFormat, Source};
use crate::labels::LabelWriter;

/// Rows taken from a file at a time.
const BATCH_ROWS: usize = 1_024;

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
    let (mut source, map) = open(run, plan)?;
    let places = places(table, columns, &map, &*source, &plan.path)?;
    let defaults = defaults(run, table)?;
    let labels = LabelWriter::new(run, table)?;
    let mut state = InsertState::new(run, &labels, &OnConflict::Error, false);
    while let Some(rows) = source.next_batch(BATCH_ROWS)? {
        for row in rows {
            let mut full = defaults.clone();
            for (value, place) in row.into_iter().zip(&places) {
                if let Some(place) = place {
                    full[*place] = value;
                }
            }
            state.add(&mut writer, full)?;
        }
        if let Some((done, total)) = source.position() {
            run.context.progress(&format!("copying {}", plan.path), done, Some(total));
        }
    }
    state.flush(&mut writer)?;
    let changed = state.changed;
    if changed > 0 {
        writer.commit()?;
        crate::build::after_write(run, table, changed)?;
    }
    Ok(Output::changed(changed))
}

/// Pairs of table column and file column.
type Map = Vec<(String, String)>;

fn open(run: &Run, plan: &CopyFrom) -> Result<(Box<dyn Source>, Map), Error> {
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

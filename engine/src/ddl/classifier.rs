//! CREATE CLASSIFIER: one row a label, which starts as the label's embedding.

use std::collections::BTreeMap;

use argtop_query::plan::CreateOnTable;
use argtop_storage::{
    ClassifierRecord, Family, Link, Object, ObjectKind, RowFormat, SparseRecord, TableRecord, Writer,
};

use super::options::OptionReader;
use super::table::exists;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::labels::classifier_row;
use crate::physical::VectorColumn;
use crate::view::vector_columns;

/// CREATE CLASSIFIER.
pub(crate) fn create(run: &Run, mut writer: Writer<'_>, plan: &CreateOnTable) -> Result<Output, Error> {
    if run.view.catalog().find(ObjectKind::Classifier, &plan.name).is_some() {
        return if plan.if_not_exists {
            Ok(Output::changed(0))
        } else {
            Err(exists("classifier", &plan.name))
        };
    }
    let table = run.view.table(&plan.table.name)?;
    let mut options = OptionReader::new("CREATE CLASSIFIER", &plan.options);
    let column = column_asked(run, &table, options.text("column")?)?;
    let format = match options.word("dtype", &["f32", "f16", "i8"])? {
        Some("f16") => RowFormat::F16,
        Some("i8") => RowFormat::I8,
        _ => RowFormat::F32,
    };
    let link = match options.word("link", &["cosine", "sigmoid"])? {
        Some("sigmoid") => Link::Sigmoid,
        _ => Link::Cosine,
    };
    // A logit is a product and a bias; a cosine has none.
    let bias = options.boolean("bias")?.unwrap_or(link == Link::Sigmoid);
    options.word("init", &["z"])?;
    let sparse = options.word("features", &["embedding", "tfidf"])? == Some("tfidf");
    let dimension = u32::try_from(column.dimension).unwrap_or(u32::MAX);
    if let Some(asked) = options.number("dim", 1, u64::from(run.inner.limits.dimension_max))?
        && asked != u64::from(dimension)
    {
        return Err(Error::value(
            format!("dim = {asked}, but column {} has {dimension} elements", column.name),
            "leave dim out: a classifier has the width of the embedding",
        ));
    }
    options.finish()?;
    let record = ClassifierRecord {
        id: writer.allocate()?,
        name: plan.name.clone(),
        table: table.id,
        column: column.id,
        data: writer.allocate()?,
        dimension,
        format,
        bias,
        link,
        scale: 1.0,
        offset: 0.0,
        options: BTreeMap::new(),
        sparse: match sparse {
            true => Some(SparseRecord { vocabulary: writer.allocate()?, ..SparseRecord::default() }),
            false => None,
        },
        adapter: None,
        statistics: BTreeMap::new(),
    };
    // A sparse classifier has neither terms nor rows before its first training.
    let written = if sparse { 0 } else { initialise(run, &table, &column, &record)? };
    writer.put_object(Object::Classifier(record))?;
    writer.commit()?;
    crate::build::after_write(run, &table, written)?;
    Ok(Output::changed(0))
}

/// The vector column whose embeddings the classifier ranks by: the one that is named, or the table's own.
fn column_asked(run: &Run, table: &TableRecord, name: Option<String>) -> Result<VectorColumn, Error> {
    let columns = vector_columns(table);
    match name {
        Some(name) => columns.into_iter().find(|column| column.name == name).ok_or_else(|| {
            Error::value(format!("table {} has no vector column {name}", table.name), "name a vector column")
        }),
        None if columns.is_empty() => Err(Error::value(
            format!("table {} has no vector column", table.name),
            "a classifier starts from the labels' vectors: make a table with a VECTOR column",
        )),
        None => run.view.search_column(table),
    }
}

/// Writes the first row of every label, aside and in chunks: they are seen from the commit that names their
/// data id.
fn initialise(
    run: &Run,
    table: &TableRecord,
    column: &VectorColumn,
    record: &ClassifierRecord,
) -> Result<u64, Error> {
    let rows = run.view.column_rows(table, column)?;
    let mut bulk = run.inner.store.bulk_rows(Family::Classifiers, record.data)?;
    let live = run.view.live(table)?;
    let mut vector = vec![0.0; column.dimension];
    for (number, slot) in (0u64..).zip(live.iter()) {
        if number.is_multiple_of(4_096) {
            run.context.check()?;
            run.context.progress("initialising classifier rows", number, Some(live.len()));
        }
        rows.decode(slot, &mut vector)?;
        bulk.put(slot, &classifier_row(record, None, &vector)?)?;
    }
    Ok(bulk.finish()?)
}

//! What a file of rows is: text that several threads may print, or columns that one of them fills.

use std::io;
use std::path::Path;
use std::sync::Arc;

use argtop_query::value::{DataType, Value};

use super::parquet::{ParquetFile, RowSchema};
use super::{ExportError, OutputFile, RowPrinter};
use crate::import::FileFormat;

/// The form of the files of one COPY.
#[derive(Clone, Debug)]
pub(crate) enum RowForm {
    Text(Arc<RowPrinter>),
    Parquet(Arc<RowSchema>),
}

/// Rows of one answer.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// As [`RowPrinter::print`] makes them.
    Printed(&'a [u8]),
    /// So many values a row, row after row.
    Values(&'a [Value], usize),
}

impl RowForm {
    /// The form of files with these columns; it comes from `format` or the path's extension.
    ///
    /// # Errors
    /// The format cannot be written, or two columns have one name where they must not.
    pub(crate) fn new(
        path: &Path,
        format: Option<&str>,
        columns: &[(String, DataType)],
    ) -> Result<RowForm, ExportError> {
        if FileFormat::of(&path.to_string_lossy(), format)? == FileFormat::Parquet {
            return Ok(RowForm::Parquet(Arc::new(RowSchema::new(path, columns)?)));
        }
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        Ok(RowForm::Text(Arc::new(RowPrinter::new(path, format, &names)?)))
    }

    /// The extension of files in this form.
    pub(crate) fn extension(&self) -> &'static str {
        match self {
            RowForm::Text(printer) => printer.extension(),
            RowForm::Parquet(_) => "parquet",
        }
    }

    /// What prints rows, where they are printed before they are written.
    pub(crate) fn printer(&self) -> Option<Arc<RowPrinter>> {
        match self {
            RowForm::Text(printer) => Some(Arc::clone(printer)),
            RowForm::Parquet(_) => None,
        }
    }

    /// Begins a file.
    pub(crate) fn begin(&self, mut output: OutputFile) -> Result<RowFile, ExportError> {
        match self {
            RowForm::Text(printer) => {
                output.write(printer.header())?;
                Ok(RowFile::Text(output))
            }
            RowForm::Parquet(schema) => {
                Ok(RowFile::Parquet(Box::new(ParquetFile::new(Arc::clone(schema), output)?)))
            }
        }
    }
}

/// A mistake of ours: the form says how rows are made.
fn of_another_form() -> io::Error {
    io::Error::other("the rows have another form than the file")
}

/// A file of rows; dropped before [`RowFile::finish`] it leaves nothing behind.
pub(crate) enum RowFile {
    Text(OutputFile),
    Parquet(Box<ParquetFile>),
}

impl RowFile {
    /// Adds rows; those of a text must be printed, those of columns must not.
    pub(crate) fn add(&mut self, rows: Rows<'_>) -> Result<(), ExportError> {
        match (self, rows) {
            (RowFile::Text(file), Rows::Printed(bytes)) => file.write(bytes),
            (RowFile::Parquet(file), Rows::Values(values, width)) => {
                values.chunks_exact(width.max(1)).try_for_each(|row| file.add(row))
            }
            (RowFile::Text(file), Rows::Values(..)) => Err(file.error(of_another_form())),
            (RowFile::Parquet(file), Rows::Printed(_)) => Err(file.error(of_another_form())),
        }
    }

    /// Syncs the file and gives it its name.
    pub(crate) fn finish(self) -> Result<(), ExportError> {
        match self {
            RowFile::Text(mut file) => file.finish(),
            RowFile::Parquet(file) => file.finish(),
        }
    }
}

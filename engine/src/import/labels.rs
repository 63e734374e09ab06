//! `COPY t FROM 'lbl.json.gz' (FORMAT xc)`: the labels of an XC data set.

use std::path::Path;

use argtop_query::value::{DataType, Value};

use super::access::Access;
use super::error::ImportError;
use super::input::FileLines;
use super::limits::ImportLimits;
use super::source::{Rows, Source};
use super::xc::parse_point;

/// Yields `id BIGINT` (the row number from 0, by which points name their labels), `title TEXT`, `uid TEXT`
/// and
/// `content TEXT`; what a line leaves out is NULL.
struct LabelSource {
    lines: FileLines,
    columns: Vec<(String, DataType)>,
    next_id: i64,
    limits: ImportLimits,
}

/// Opens the labels of an XC data set, with the columns `id, title, uid, content`.
///
/// # Errors
/// The file may not be read, or is not text (or gzip by extension).
pub fn open_labels(
    path: &Path,
    access: &Access,
    limits: &ImportLimits,
) -> Result<Box<dyn Source>, ImportError> {
    let lines = FileLines::new(vec![access.input(path)?], limits.line_bytes_max)?;
    let types = [DataType::BigInt, DataType::Text, DataType::Text, DataType::Text];
    let names = ["id", "title", "uid", "content"].map(str::to_owned);
    let columns = names.into_iter().zip(types).collect();
    Ok(Box::new(LabelSource { lines, columns, next_id: 0, limits: limits.clone() }))
}

impl Source for LabelSource {
    fn columns(&self) -> &[(String, DataType)] {
        &self.columns
    }

    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError> {
        let mut rows = Rows::new();
        let mut bytes = 0_usize;
        while rows.len() < rows_max.max(1) && bytes < self.limits.batch_bytes_max {
            let Some((path, number, line)) = self.lines.next()? else { break };
            bytes = bytes.saturating_add(line.len());
            let label = parse_point(path, number, line, &self.limits)?;
            let text = |value: Option<String>| value.map_or(Value::Null, Value::Text);
            rows.push(vec![
                Value::BigInt(self.next_id),
                text(label.title),
                text(label.uid),
                text(label.content),
            ]);
            self.next_id = self.next_id.saturating_add(1);
        }
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    fn position(&self) -> Option<(u64, u64)> {
        Some(self.lines.position())
    }
}

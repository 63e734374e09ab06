//! `read_xc(path [, truth => 'tst_X_Y.txt'] [, filter => 'filter_labels_test.txt'])`: points of the XC
//! repository (<http://manikvarma.org/downloads/XC/XMLRepository.html>).
//!
//! ```text
//! qid TEXT, text TEXT, labels BIGINT[], relevance DOUBLE[], exclude BIGINT[]
//! ```
//!
//! `labels` and `exclude` are row numbers of `lbl.json.gz`. Where the points carry no `target_ind` and no
//! truth is given, `labels` and `relevance` are NULL.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use argtop_query::catalog::ReadCall;
use argtop_query::value::{DataType, Value};

use super::access::Access;
use super::error::{BadCell, ImportError, excerpt};
use super::input::FileLines;
use super::json::Json;
use super::jsonl::members;
use super::limits::ImportLimits;
use super::options::Options;
use super::source::{Rows, Source};
use super::sparse::{FilterPairs, SparseRows};

/// One line of `trn.json.gz`, `tst.json.gz` or `lbl.json.gz`.
#[derive(Debug, Default)]
pub(super) struct XcPoint {
    pub(super) uid: Option<String>,
    pub(super) title: Option<String>,
    pub(super) content: Option<String>,
    targets: Option<Vec<i64>>,
    relevance: Option<Vec<f64>>,
}

/// Reads the fields of a point; other keys are left out, as published files carry several.
pub(super) fn parse_point(
    path: &Path,
    number: u64,
    line: &str,
    limits: &ImportLimits,
) -> Result<XcPoint, ImportError> {
    let mut point = XcPoint::default();
    for (key, value) in members(path, number, line, limits)? {
        let (wanted, fits) = match key.as_str() {
            "uid" => ("TEXT or a number", set(&mut point.uid, identifier(&value))),
            "title" => ("TEXT", set(&mut point.title, text(&value))),
            "content" => ("TEXT", set(&mut point.content, text(&value))),
            "target_ind" => ("array of row numbers from 0", set(&mut point.targets, row_numbers(&value))),
            "target_rel" => ("array of numbers", set(&mut point.relevance, numbers(&value))),
            _ => continue,
        };
        if !fits {
            return Err(ImportError::Cell(Box::new(BadCell {
                path: path.to_owned(),
                place: format!("line {number}"),
                column: key,
                value: excerpt(&value.render()),
                wanted: wanted.to_owned(),
                fix: "correct the line, or read the file with read_jsonl".to_owned(),
            })));
        }
    }
    if point.title.is_none() && point.content.is_none() {
        let fix = "give the points of the XC layout, or read the file with read_jsonl";
        return Err(ImportError::line(path, number, "neither `title` nor `content`", fix));
    }
    Ok(point)
}

/// Stores a value that fits; a JSON null fits and stays absent.
fn set<T>(field: &mut Option<T>, value: Option<Option<T>>) -> bool {
    let fits = value.is_some();
    *field = value.flatten();
    fits
}

fn text(value: &Json) -> Option<Option<String>> {
    match value {
        Json::Null => Some(None),
        Json::Text(text) => Some(Some(text.clone())),
        _ => None,
    }
}

fn identifier(value: &Json) -> Option<Option<String>> {
    match value {
        Json::Integer(number) => Some(Some(number.to_string())),
        value => text(value),
    }
}

fn row_numbers(value: &Json) -> Option<Option<Vec<i64>>> {
    let number = |item: &Json| match item {
        Json::Integer(number) if *number >= 0 => Some(*number),
        _ => None,
    };
    match value {
        Json::Null => Some(None),
        Json::List(items) => items.iter().map(number).collect::<Option<Vec<i64>>>().map(Some),
        _ => None,
    }
}

fn numbers(value: &Json) -> Option<Option<Vec<f64>>> {
    let number = |item: &Json| match item {
        Json::Integer(number) => Some(*number as f64),
        Json::Number(number) => Some(*number),
        _ => None,
    };
    match value {
        Json::Null => Some(None),
        Json::List(items) => items.iter().map(number).collect::<Option<Vec<f64>>>().map(Some),
        _ => None,
    }
}

impl XcPoint {
    /// Title and content with a space between them; only one of them where the other is missing or empty.
    fn joined_text(title: Option<String>, content: Option<String>) -> String {
        match (title.unwrap_or_default(), content.unwrap_or_default()) {
            (title, content) if content.is_empty() => title,
            (title, content) if title.is_empty() => content,
            (title, content) => format!("{title} {content}"),
        }
    }
}

pub(super) struct XcSource {
    lines: FileLines,
    columns: Vec<(String, DataType)>,
    truth: Option<SparseRows>,
    filter: Option<FilterPairs>,
    /// Points that the file holds, known where a truth or a filter had to be checked against it.
    points: Option<u64>,
    next_point: u64,
    limits: ImportLimits,
}

/// The resolved files of a call.
struct Files {
    points: PathBuf,
    truth: Option<PathBuf>,
    filter: Option<PathBuf>,
}

fn files_of(call: &ReadCall, access: &Access) -> Result<Files, ImportError> {
    let options = Options::new(call, &["truth", "filter"])?;
    let resolve = |path: Option<&str>| path.map(|p| access.input(Path::new(p))).transpose();
    Ok(Files {
        points: access.input(Path::new(&call.path))?,
        truth: resolve(options.text("truth")?)?,
        filter: resolve(options.text("filter")?)?,
    })
}

fn xc_columns() -> Vec<(String, DataType)> {
    let list = |element| DataType::List(Box::new(element));
    let columns = [
        ("qid", DataType::Text),
        ("text", DataType::Text),
        ("labels", list(DataType::BigInt)),
        ("relevance", list(DataType::Double)),
        ("exclude", list(DataType::BigInt)),
    ];
    columns.into_iter().map(|(name, data_type)| (name.to_owned(), data_type)).collect()
}

impl XcSource {
    /// The columns are always the same; the files must exist.
    pub(super) fn columns_of(
        call: &ReadCall,
        access: &Access,
    ) -> Result<Vec<(String, DataType)>, ImportError> {
        files_of(call, access).map(|_| xc_columns())
    }

    /// Opens the points. With a truth or a filter they are counted first, so that files which do not belong
    /// together are refused before the work begins and not at its end.
    pub(super) fn open(call: &ReadCall, access: &Access, limits: &ImportLimits) -> Result<Self, ImportError> {
        let files = files_of(call, access)?;
        let counted = files.truth.is_some() || files.filter.is_some();
        let points = if counted { Some(count_points(&files.points, limits)?) } else { None };
        let done = Arc::new(AtomicU64::new(0));
        let truth = files.truth.as_deref().map(|p| SparseRows::open(p, limits, done)).transpose()?;
        if let (Some(truth), Some(points)) = (&truth, points)
            && truth.rows() != points
        {
            let problem = format!("{} rows, but the file of points has {points}", truth.rows());
            return Err(ImportError::format(truth.path(), problem, "give the truth of the same split"));
        }
        let labels = truth.as_ref().map(SparseRows::columns);
        let filter = match (&files.filter, points) {
            (Some(path), Some(points)) => Some(FilterPairs::read(path, points, labels, limits)?),
            _ => None,
        };
        let lines = FileLines::new(vec![files.points], limits.line_bytes_max)?;
        let columns = xc_columns();
        Ok(XcSource { lines, columns, truth, filter, points, next_point: 0, limits: limits.clone() })
    }

    /// Labels and their relevance for the point on a line.
    fn targets(&mut self, point: &mut XcPoint) -> Result<Result<(Value, Value), String>, ImportError> {
        let (labels, relevance) = match &mut self.truth {
            Some(truth) => match truth.next_row()? {
                Some(entries) => entries.into_iter().unzip(),
                None => return Ok(Err(format!("no row of the truth is left, it has {}", truth.rows()))),
            },
            None => match (point.targets.take(), point.relevance.take()) {
                (None, _) => return Ok(Ok((Value::Null, Value::Null))),
                (Some(labels), None) => {
                    let relevance = vec![1.0; labels.len()];
                    (labels, relevance)
                }
                (Some(labels), Some(relevance)) => (labels, relevance),
            },
        };
        if labels.len() != relevance.len() {
            let lengths = format!("{} in target_ind, {} in target_rel", labels.len(), relevance.len());
            return Ok(Err(format!("arrays of different length: {lengths}")));
        }
        let labels = labels.into_iter().map(Value::BigInt).collect();
        let relevance = relevance.into_iter().map(Value::Double).collect();
        Ok(Ok((Value::List(labels), Value::List(relevance))))
    }

    /// The file must end where it ended when the points were counted.
    fn check_end(&mut self) -> Result<(), ImportError> {
        if let Some(truth) = &mut self.truth {
            truth.next_row()?;
        }
        if let Some(points) = self.points.filter(|points| *points != self.next_point) {
            let path =
                self.truth.as_ref().map(SparseRows::path).or(self.filter.as_ref().map(FilterPairs::path));
            let problem = format!("made for {points} points, but {} were read", self.next_point);
            let path = path.unwrap_or(Path::new(""));
            return Err(ImportError::format(path, problem, "do not write to the files while they are read"));
        }
        Ok(())
    }
}

fn count_points(path: &Path, limits: &ImportLimits) -> Result<u64, ImportError> {
    let mut lines = FileLines::new(vec![path.to_owned()], limits.line_bytes_max)?;
    let mut points = 0;
    while lines.next()?.is_some() {
        points += 1;
    }
    Ok(points)
}

impl Source for XcSource {
    fn columns(&self) -> &[(String, DataType)] {
        &self.columns
    }

    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError> {
        let mut rows = Rows::new();
        let mut bytes = 0_usize;
        while rows.len() < rows_max.max(1) && bytes < self.limits.batch_bytes_max {
            let Some((path, number, line)) = self.lines.next()? else {
                self.check_end()?;
                break;
            };
            bytes = bytes.saturating_add(line.len());
            let path = path.to_owned();
            let mut point = parse_point(&path, number, line, &self.limits)?;
            let (labels, relevance) = self.targets(&mut point)?.map_err(|problem| {
                ImportError::line(&path, number, problem, "give points and truth of the same split")
            })?;
            let exclude = match &mut self.filter {
                Some(filter) => filter.labels_of(self.next_point),
                None => Vec::new(),
            };
            self.next_point += 1;
            rows.push(vec![
                point.uid.map_or(Value::Null, Value::Text),
                Value::Text(XcPoint::joined_text(point.title, point.content)),
                labels,
                relevance,
                Value::List(exclude.into_iter().map(Value::BigInt).collect()),
            ]);
        }
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    fn position(&self) -> Option<(u64, u64)> {
        Some(self.lines.position())
    }
}

//! COPY of the rows of a query into a file or a folder.

use std::path::Path;
use std::sync::Arc;

use argtop_query::plan::{CopyTo, LogicalPlan};
use argtop_query::value::{DataType, Value};

use super::bad_rows::BadRows;
use super::folder::{Folder, Kept};
use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::lateral::{self, Answers, BatchOptions};
use crate::execute::{self, Run};
use crate::export::{OutputFile, RowFile, RowForm, Rows};
use crate::physical::{LateralPlan, Operator, OperatorKind};
use crate::planner::Planner;
use crate::statement::columns_of;

/// Rows of a file in a folder where the statement does not say.
const ROWS_PER_FILE: u64 = 1_000_000;
/// Shards of one log.
const SHARDS_MAX: u64 = 1_000_000;

/// What the options of a COPY TO say.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) rows_per_file: Option<u64>,
    pub(super) preserve_order: bool,
    pub(super) resume: bool,
    /// Part from 0, parts.
    pub(super) shard: Option<(u64, u64)>,
    pub(super) skip: bool,
    pub(super) error_file: Option<String>,
}

fn asked(options: &[(String, Value)]) -> Result<Asked, Error> {
    let mut reader = OptionReader::new("COPY TO", options);
    let asked = Asked {
        rows_per_file: reader.number("rows_per_file", 1, i64::MAX.unsigned_abs())?,
        preserve_order: reader.boolean("preserve_order")?.unwrap_or(true),
        resume: reader.boolean("resume")?.unwrap_or(false),
        shard: reader.text("shard")?.map(|shard| part_of(&shard)).transpose()?,
        skip: reader.word("on_error", &["stop", "skip"])? == Some("skip"),
        error_file: reader.text("error_file")?,
    };
    reader.finish()?;
    if asked.error_file.is_some() && !asked.skip {
        return Err(Error::value(
            "ERROR_FILE without ON_ERROR 'skip'",
            "add ON_ERROR 'skip', or leave it out",
        ));
    }
    Ok(asked)
}

/// `1/4` as (0, 4).
fn part_of(shard: &str) -> Result<(u64, u64), Error> {
    let numbers = shard.split_once('/').and_then(|(part, parts)| {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        number(part).zip(number(parts))
    });
    match numbers {
        Some((part, parts)) if (1..=parts).contains(&part) && parts <= SHARDS_MAX => Ok((part - 1, parts)),
        _ => Err(Error::value(
            format!("SHARD cannot be '{shard}'"),
            format!("write SHARD 1 OF 4, or '1/4': a part from 1 on of at most {SHARDS_MAX}"),
        )),
    }
}

impl Asked {
    /// The first option that only makes sense where every row answers a query of a log.
    fn of_logs(&self, options: &[(String, Value)]) -> Option<String> {
        let given = |name: &&(String, Value)| {
            let of_logs = ["preserve_order", "resume", "shard", "on_error", "error_file"];
            of_logs.contains(&name.0.as_str())
        };
        options.iter().find(given).map(|(name, _)| name.to_uppercase())
    }
}

/// COPY (query) TO: rows go to the file, their number comes back. `other` runs what is no query.
pub(crate) fn copy_to(
    run: &Run,
    plan: CopyTo,
    other: impl FnOnce(LogicalPlan) -> Result<Output, Error>,
) -> Result<Output, Error> {
    let asked = asked(&plan.options)?;
    let CopyTo { source, path, format, options, sql } = plan;
    let target = Target { path, format, sql };
    let node = match *source {
        LogicalPlan::Query(node) => node,
        other_plan => {
            refuse(&asked, &options)?;
            return target.stream(run, &asked, other(other_plan)?);
        }
    };
    let operator = Planner::new(run).plan(&node)?;
    match &operator.kind {
        OperatorKind::Lateral(plan) => target.log(run, asked, &operator, plan),
        _ => {
            refuse(&asked, &options)?;
            let columns = columns_of(&operator.schema);
            let stream = execute::open(run, &operator)?;
            target.stream(run, &asked, Output { columns, stream, ..Output::changed(0) })
        }
    }
}

fn refuse(asked: &Asked, options: &[(String, Value)]) -> Result<(), Error> {
    let Some(option) = asked.of_logs(options) else { return Ok(()) };
    Err(Error::value(
        format!("{option} is for queries of a log, each of whose rows is answered by itself"),
        "write COPY (SELECT ... FROM log CROSS JOIN LATERAL (SELECT ... SEARCH ...) [WHERE ...]) TO, \
         without DISTINCT, GROUP BY, ORDER BY or LIMIT around it",
    ))
}

/// Where rows go.
struct Target {
    path: String,
    format: Option<String>,
    sql: String,
}

impl Target {
    /// A folder is named by a slash at its end, or is there already.
    fn is_folder(&self) -> bool {
        self.path.ends_with('/') || Path::new(&self.path).is_dir()
    }

    fn form(&self, columns: &[(String, DataType)]) -> Result<RowForm, Error> {
        Ok(RowForm::new(Path::new(&self.path), self.format.as_deref(), columns)?)
    }

    fn file(&self, run: &Run, asked: &Asked, form: &RowForm) -> Result<RowFile, Error> {
        let option = match asked {
            Asked { rows_per_file: Some(_), .. } => Some("ROWS_PER_FILE"),
            Asked { resume: true, .. } => Some("RESUME"),
            _ => None,
        };
        if let Some(option) = option {
            let fix = format!("write a slash behind it: TO '{}/'", self.path);
            return Err(Error::value(format!("{option} needs a folder, and '{}' is a file", self.path), fix));
        }
        let path = run.inner.access.output(Path::new(&self.path)).map_err(path_error)?;
        Ok(form.begin(OutputFile::create(path)?)?)
    }

    fn folder(&self, run: &Run, asked: &Asked, form: &RowForm, log_bytes: u64) -> Result<Folder, Error> {
        let path = run.inner.access.output_folder(Path::new(&self.path)).map_err(path_error)?;
        let rows_max = asked.rows_per_file.unwrap_or(ROWS_PER_FILE);
        let head = super::folder::Head {
            statement: self.sql.clone(),
            parameters: format!("{:?}", run.params),
            format: form.extension().to_string(),
            rows_per_file: rows_max,
            shard: asked.shard.map_or((1, 1), |(part, parts)| (part + 1, parts)),
            log_bytes,
            sequence: run.view.snapshot().seq(),
        };
        Folder::open(path, head, asked.resume, form)
    }

    /// Rows of any statement.
    fn stream(&self, run: &Run, asked: &Asked, source: Output) -> Result<Output, Error> {
        let columns: Vec<(String, DataType)> =
            source.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect();
        let form = self.form(&columns)?;
        let printer = form.printer();
        let mut kept = match self.is_folder() {
            true => Kept::Folder(Box::new(self.folder(run, asked, &form, 0)?)),
            false => Kept::File(Some(self.file(run, asked, &form)?)),
        };
        let (mut written, mut line) = (0, Vec::new());
        for row in source.stream {
            let row = row?;
            match &printer {
                Some(printer) => {
                    line.clear();
                    printer.print(written + 1, &row, &mut line)?;
                    kept.add(Rows::Printed(&line), 1, None)?;
                }
                None => kept.add(Rows::Values(&row, row.len()), 1, None)?,
            }
            written += 1;
            if written % 1_024 == 0 {
                run.context.check()?;
                run.context.progress(&format!("writing {}", self.path), written, None);
            }
        }
        kept.finish(0)?;
        Ok(Output::changed(written))
    }

    /// The answers to the queries of a log.
    fn log(
        &self,
        run: &Run,
        asked: Asked,
        operator: &Operator,
        plan: &Arc<LateralPlan>,
    ) -> Result<Output, Error> {
        let columns: Vec<(String, DataType)> =
            operator.schema.iter().map(|field| (field.name.clone(), field.data_type.clone())).collect();
        let form = self.form(&columns)?;
        let log_bytes = lateral::log_bytes(run, &plan.left)?;
        let (mut kept, done, mut notes) = match self.is_folder() {
            true => {
                let folder = self.folder(run, &asked, &form, log_bytes)?;
                if folder.is_complete() {
                    return Ok(Output { notes: folder.notes(), ..Output::changed(0) });
                }
                let (done, notes) = (folder.done(), folder.notes());
                (Kept::Folder(Box::new(folder)), done, notes)
            }
            false => (Kept::File(Some(self.file(run, &asked, &form)?)), Vec::new(), Vec::new()),
        };
        let mut bad = BadRows::open(run, asked.error_file.as_deref(), &plan.left.schema)?;
        for line in kept.bad_before()? {
            bad.add_line(&line?)?;
        }
        let options = BatchOptions {
            preserve_order: asked.preserve_order,
            shard: asked.shard.unwrap_or((0, 1)),
            done,
            skip: asked.skip,
            printer: form.printer(),
        };
        let mut answers = lateral::answers(run, operator.id, plan, options)?;
        let written = keep(&mut answers, &mut kept, &mut bad, form.printer().is_some())?;
        let (queries, searched) = answers.counts();
        drop(answers);
        bad.finish()?;
        kept.finish(bad.count())?;
        notes.push(format!("{queries} queries, {searched} searched for"));
        if asked.skip {
            let place = asked.error_file.map_or(String::new(), |file| format!(": see {file}"));
            notes.push(format!("{} rows skipped{place}", bad.count()));
        }
        Ok(Output { notes, ..Output::changed(written) })
    }
}

/// Writes what comes out of the line, printed or as values; gives the number of rows.
fn keep(answers: &mut Answers, kept: &mut Kept, bad: &mut BadRows, printed: bool) -> Result<u64, Error> {
    let mut written = 0;
    while let Some(block) = answers.next() {
        let block = block?;
        let (mut start, mut first) = (0, 0);
        for (outcome, number) in block.outcomes.iter().zip(block.first..) {
            let end = first + usize::try_from(outcome.rows).unwrap_or(usize::MAX);
            match &outcome.fault {
                Some(query) => {
                    let line = bad.add(answers.row_number(number), query)?;
                    kept.pass(number, line)?;
                }
                None => {
                    let rows = match printed {
                        true => Rows::Printed(block.bytes.get(start..outcome.end).unwrap_or_default()),
                        false => block.rows(first..end),
                    };
                    kept.add(rows, outcome.rows, Some(number))?;
                }
            }
            start = outcome.end;
            first = end;
            written += outcome.rows;
        }
    }
    Ok(written)
}

fn path_error(error: crate::import::ImportError) -> Error {
    Error::Export(error.into())
}

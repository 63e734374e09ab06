//! EXPLAIN: the physical plan as a tree or as JSON, with what was measured under ANALYZE.

use std::time::{Duration, Instant};

use argtop_query::plan::{Explain, FuseMethod, LogicalPlan, Normalization};
use argtop_query::print::{print_expr, print_plan};
use argtop_query::{DataType, Value};
use serde_json::json;

use crate::database::Database;
use crate::dispatch::{Output, perform};
use crate::error::Error;
use crate::execute::{self, Run};
use crate::key_access::KeyAccess;
use crate::physical::{BranchPlan, LateralPlan, Operator, OperatorKind, SearchPlan, StageKind, StagePlan};
use crate::planner::Planner;
use crate::statement::Column;

/// One line of the tree.
struct Line {
    title: String,
    /// What was planned; under ANALYZE what was found out is added.
    notes: Vec<String>,
    id: Option<usize>,
    children: Vec<Line>,
}

impl Line {
    fn new(title: impl Into<String>, id: Option<usize>) -> Line {
        Line { title: title.into(), notes: Vec::new(), id, children: Vec::new() }
    }

    fn note(mut self, note: impl Into<String>) -> Line {
        self.notes.push(note.into());
        self
    }
}

/// EXPLAIN \[ANALYZE\].
pub(crate) fn explain(database: &Database, run: &Run, plan: Explain) -> Result<Output, Error> {
    let LogicalPlan::Query(node) = &*plan.plan else {
        return explain_other(database, run, &plan);
    };
    let started = Instant::now();
    let operator = Planner::new(run).plan(node)?;
    let planned = started.elapsed();
    let mut total = None;
    if plan.analyze {
        run.context.start_measuring();
        let started = Instant::now();
        for row in execute::open(run, &operator)? {
            row?;
        }
        total = Some(started.elapsed());
    }
    let root = operator_line(&operator);
    let unused = unused(&operator);
    let rules = plan.rules.clone();
    let report = Report { root, unused, rules, planned, total, snapshot: run.view.snapshot().seq() };
    Ok(if plan.json { report.json(run) } else { report.tree(run) })
}

/// Statements other than queries: their logical plan; EVALUATE may be run.
fn explain_other(database: &Database, run: &Run, plan: &Explain) -> Result<Output, Error> {
    let mut lines: Vec<String> = print_plan(&plan.plan).lines().map(str::to_string).collect();
    if plan.analyze {
        if !matches!(*plan.plan, LogicalPlan::Evaluate(_)) {
            return Err(Error::value(
                "EXPLAIN ANALYZE runs queries and EVALUATE only",
                "leave ANALYZE out, or run the statement itself",
            ));
        }
        let started = Instant::now();
        let output = perform(database, run, LogicalPlan::clone(&plan.plan), None)?;
        let rows = output.stream.count();
        lines.push(format!("total {} ({rows} rows)", milliseconds(started.elapsed())));
        lines.extend(output.notes);
    }
    if plan.json {
        let value = json!({ "plan": lines });
        return Ok(text_rows(vec![pretty(&value)]));
    }
    Ok(text_rows(lines))
}

fn text_rows(lines: Vec<String>) -> Output {
    let column = Column { name: "plan".to_string(), data_type: DataType::Text };
    Output::rows(vec![column], lines.into_iter().map(|line| vec![Value::Text(line)]).collect())
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())
}

struct Report {
    root: Line,
    unused: Vec<String>,
    rules: Vec<(String, String)>,
    planned: Duration,
    total: Option<Duration>,
    snapshot: u64,
}

impl Report {
    fn tree(&self, run: &Run) -> Output {
        let mut lines = Vec::new();
        for (rule, printed) in &self.rules {
            lines.push(format!("after {rule}:"));
            lines.extend(printed.lines().map(|line| format!("  {line}")));
        }
        let mut table: Vec<[String; 4]> = Vec::new();
        if self.total.is_some() {
            table.push([String::new(), "rows".into(), "time".into(), "notes".into()]);
        }
        self.flatten(run, &self.root, "", "", &mut table);
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        for row in &table {
            let line = if self.total.is_some() {
                format!(
                    "{:<a$}  {:>b$}  {:>c$}  {}",
                    row[0],
                    row[1],
                    row[2],
                    row[3],
                    a = widths[0],
                    b = widths[1],
                    c = widths[2]
                )
            } else {
                format!("{:<a$}  {}", row[0], row[3], a = widths[0])
            };
            lines.push(line.trim_end().to_string());
        }
        if let Some(total) = self.total {
            lines.push(format!("total {} (plan {})", milliseconds(total), milliseconds(self.planned)));
        }
        lines.extend(self.unused.iter().map(|unused| format!("index not used: {unused}")));
        text_rows(lines)
    }

    fn flatten(&self, run: &Run, line: &Line, lead: &str, below: &str, table: &mut Vec<[String; 4]>) {
        let mut notes = line.notes.clone();
        let (mut rows, mut time) = (String::new(), String::new());
        if let (Some(id), true) = (line.id, self.total.is_some()) {
            let measured = run.context.measured(id);
            rows = thousands(measured.rows);
            time = milliseconds(measured.time);
            notes.extend(measured.notes);
        }
        table.push([format!("{lead}{}", line.title), rows, time, notes.join(", ")]);
        for (number, child) in line.children.iter().enumerate() {
            let last = number + 1 == line.children.len();
            // The box characters of a tree, which the sources may not hold themselves.
            let (branch, rest) =
                if last { ("\u{2514}\u{2500} ", "   ") } else { ("\u{251c}\u{2500} ", "\u{2502}  ") };
            self.flatten(run, child, &format!("{below}{branch}"), &format!("{below}{rest}"), table);
        }
    }

    fn json(&self, run: &Run) -> Output {
        let mut value = json!({
            "snapshot": self.snapshot,
            "plan": self.json_of(run, &self.root),
            "indexes_not_used": self.unused,
            "plan_ms": self.planned.as_secs_f64() * 1e3,
        });
        if let Some(total) = self.total {
            value["total_ms"] = json!(total.as_secs_f64() * 1e3);
        }
        if !self.rules.is_empty() {
            let rules = self.rules.iter().map(|(rule, printed)| json!({ "rule": rule, "plan": printed }));
            value["rules"] = rules.collect();
        }
        text_rows(vec![pretty(&value)])
    }

    fn json_of(&self, run: &Run, line: &Line) -> serde_json::Value {
        let mut value = json!({ "operator": line.title, "notes": line.notes });
        if let (Some(id), true) = (line.id, self.total.is_some()) {
            let measured = run.context.measured(id);
            let mut notes = line.notes.clone();
            notes.extend(measured.notes);
            value["notes"] = json!(notes);
            value["rows"] = json!(measured.rows);
            value["time_ms"] = json!(measured.time.as_secs_f64() * 1e3);
        }
        if !line.children.is_empty() {
            value["inputs"] = line.children.iter().map(|child| self.json_of(run, child)).collect();
        }
        value
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn operator_line(operator: &Operator) -> Line {
    let schema = operator.inputs().first().map_or(&[][..], |input| &input.schema[..]);
    let printed = |expr| print_expr(expr, schema);
    let mut line = match &operator.kind {
        OperatorKind::Values { rows } => Line::new(format!("values {}", rows.len()), Some(operator.id)),
        OperatorKind::Scan(plan) => {
            let line = Line::new(format!("scan {}", plan.table.name), Some(operator.id));
            let line = match &plan.keys {
                KeyAccess::These(keys) => line.note(format!("{} primary keys", keys.len())),
                all if *all == KeyAccess::ALL => line.note("in primary-key order"),
                KeyAccess::Between(..) => line.note("a range of primary keys, in their order"),
            };
            match &plan.filter {
                Some(filter) => line.note(format!("filter {}", print_expr(filter, &operator.schema))),
                None => line,
            }
        }
        OperatorKind::Search(plan) => search_line(operator, plan),
        OperatorKind::Lateral(plan) => return lateral_line(operator, plan),
        OperatorKind::Read(call) => Line::new(format!("read {}", call.path), Some(operator.id)),
        OperatorKind::Filter { predicate, .. } => {
            Line::new(format!("filter {}", printed(predicate)), Some(operator.id))
        }
        OperatorKind::Project { exprs, .. } => {
            let list: Vec<String> = exprs.iter().map(printed).collect();
            Line::new("project", Some(operator.id)).note(list.join(", "))
        }
        OperatorKind::Aggregate { groups, aggregates, .. } => Line::new("aggregate", Some(operator.id))
            .note(format!("{} groups keys, {} aggregates", groups.len(), aggregates.len())),
        OperatorKind::Sort { keys, top, .. } => {
            let list: Vec<String> = keys
                .iter()
                .map(|key| format!("{}{}", printed(&key.expr), if key.descending { " desc" } else { "" }))
                .collect();
            let line = Line::new("sort", Some(operator.id)).note(list.join(", "));
            match top {
                Some(top) => line.note(format!("first {top}")),
                None => line,
            }
        }
        OperatorKind::Distinct { .. } => Line::new("distinct", Some(operator.id)),
        OperatorKind::Limit { limit, offset, .. } => {
            let limit = limit.map_or("all".to_string(), |limit| limit.to_string());
            Line::new(format!("limit {limit} offset {offset}"), Some(operator.id))
        }
    };
    line.children.extend(operator.inputs().into_iter().map(operator_line));
    line
}

/// What stands over the search of the right side is done for each row, too often to be measured.
fn lateral_line(operator: &Operator, plan: &LateralPlan) -> Line {
    let mut line = Line::new("lateral", Some(operator.id));
    let search = plan.search();
    for (what, query) in [("text", &search.text), ("vector", &search.vector)] {
        if let Some(query) = query {
            line.notes.push(format!("{what} {}", print_expr(query, &plan.schema)));
        }
    }
    line.notes.push("in blocks, equal texts once".to_string());
    if let Some(predicate) = &plan.predicate {
        line.notes.push(format!("filter {}", print_expr(predicate, &plan.schema)));
    }
    if let Some(exprs) = &plan.exprs {
        let list: Vec<String> = exprs.iter().map(|expr| print_expr(expr, &plan.schema)).collect();
        line.notes.push(format!("project {}", list.join(", ")));
    }
    line.children = vec![operator_line(&plan.left), unmeasured(operator_line(&plan.right), plan.search_id())];
    line
}

fn unmeasured(mut line: Line, search: usize) -> Line {
    if line.id != Some(search) {
        line.id = None;
        line.children = line.children.into_iter().map(|child| unmeasured(child, search)).collect();
    }
    line
}

fn search_line(operator: &Operator, plan: &SearchPlan) -> Line {
    let limit = plan.limit.map_or("all".to_string(), |limit| limit.to_string());
    let mut line = Line::new(format!("search {}  k={limit}", plan.table.name), Some(operator.id));
    line.notes.push(plan.reason.clone());
    if let Some(filter) = &plan.filter {
        let text = print_expr(filter, &operator.schema);
        line.children.push(Line::new(format!("filter {text}"), Some(plan.filter_id)));
    }
    line.children.extend(plan.stages.iter().map(stage_line));
    let mut cut = Line::new("rank", Some(plan.cut_id)).note("score desc, primary key");
    if plan.score_by.is_some() {
        cut.notes.push("SCORE BY".to_string());
    }
    line.children.push(cut);
    line
}

fn stage_line(stage: &StagePlan) -> Line {
    let default = |word: &str| if stage.name == word { String::new() } else { format!(" as {}", stage.name) };
    let kept = |limit: &Option<u64>| limit.map_or("limit all".to_string(), |limit| format!("limit {limit}"));
    let line = |title: String, word: &str| Line::new(format!("{title}{}", default(word)), Some(stage.id));
    match &stage.kind {
        StageKind::Given => line("encode skipped".to_string(), "encode"),
        StageKind::Encode { model } => line(format!("encode {}", model.name), "encode"),
        StageKind::Exact { column, limit } => {
            line(format!("exact {}", column.name), "exact").note(kept(limit))
        }
        StageKind::Probe { index, beam } => {
            line(format!("probe {}", index.name), "probe").note(format!("beam {beam}"))
        }
        StageKind::ShortlistPaths { limit } => {
            line("shortlist path scores".to_string(), "shortlist").note(format!("limit {limit}"))
        }
        StageKind::ShortlistIndex { index, limit, .. } => {
            line(format!("shortlist {}", index.name), "shortlist")
                .note(format!("{}, limit {limit}", index.method))
        }
        StageKind::Match { index, column, limit, .. } => {
            line(format!("match {column}"), "match").note(format!("{}, bm25, limit {limit}", index.name))
        }
        StageKind::Rerank { classifier, limit } => {
            line(format!("rerank {}", classifier.name), "rerank").note(kept(limit))
        }
        StageKind::RerankColumn { column, limit } => {
            line(format!("rerank column {}", column.name), "rerank").note(kept(limit))
        }
        StageKind::Fuse { method, branches } => {
            let (title, note) = match method {
                FuseMethod::Union => ("fuse union", None),
                FuseMethod::Max => ("fuse max", None),
                FuseMethod::Linear(Normalization::MinMax) => ("fuse linear", Some("minmax".to_string())),
                FuseMethod::Linear(Normalization::ZScore) => ("fuse linear", Some("zscore".to_string())),
                FuseMethod::Rrf { k } => ("fuse rrf", Some(format!("k {k}"))),
            };
            let mut line = line(title.to_string(), "fuse");
            line.notes.extend(note);
            line.children =
                branches.iter().zip(1..).map(|(branch, number)| branch_line(branch, number)).collect();
            line
        }
    }
}

/// A branch of a FUSE, whose stages stand below it.
fn branch_line(branch: &BranchPlan, number: usize) -> Line {
    let mut line = Line::new(format!("branch {number}"), None);
    if branch.weight != 1.0 {
        line.notes.push(format!("weight {}", branch.weight));
    }
    line.children = branch.stages.iter().map(stage_line).collect();
    line
}

/// The unused indexes of every search in the plan.
fn unused(operator: &Operator) -> Vec<String> {
    let mut found = match &operator.kind {
        OperatorKind::Search(plan) => plan.unused.clone(),
        _ => Vec::new(),
    };
    for input in operator.inputs() {
        found.extend(unused(input));
    }
    found
}

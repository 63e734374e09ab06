//! Plans as text: one line a node, inputs indented below; the form that EXPLAIN VERBOSE and the tests show.

use std::fmt::Write as _;

use crate::catalog::ModelNumbers;
use crate::display::quote_name;
use crate::expr::{BinaryOp, BoundExpr, UnaryOp};
use crate::node::{output_schema, score_fields};
use crate::plan::{
    Aggregate, Branch, Chain, CopyTarget, Evaluate, EvaluateBy, Field, FuseMethod, Insert, LogicalPlan, Node,
    Normalization, OnConflict, Returning, Scan, Search, SortKey, Stage, StageKind, Train, Via,
};
use crate::value::{DataType, Value};
use crate::value_text::shorten;

/// Rows of a Values node that are shown.
const ROWS_SHOWN_MAX: usize = 4;

/// The whole plan, one line a node, without a newline at the end.
pub fn print_plan(plan: &LogicalPlan) -> String {
    let mut out = String::new();
    write_plan(&mut out, plan, 0);
    out.truncate(out.trim_end().len());
    out
}

/// One query tree.
pub fn print_node(node: &Node) -> String {
    let mut out = String::new();
    write_node(&mut out, node, 0);
    out.truncate(out.trim_end().len());
    out
}

/// An expression over the columns of `fields`.
pub fn print_expr(expr: &BoundExpr, fields: &[Field]) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr, fields);
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    for _ in 0..depth {
        out.push_str("  ");
    }
    out.push_str(text);
    out.push('\n');
}

fn write_plan(out: &mut String, plan: &LogicalPlan, depth: usize) {
    match plan {
        LogicalPlan::Query(node) => write_node(out, node, depth),
        LogicalPlan::Insert(insert) => write_insert(out, insert, depth),
        LogicalPlan::Update(update) => {
            let fields = table_fields(&update.table.columns);
            let text = format!(
                "Update {} set {}{}{}",
                quote_name(&update.table.name),
                assignments(&update.assignments, &fields, &fields),
                clause(" where ", update.filter.as_ref(), &fields),
                returning(update.returning.as_ref(), &fields),
            );
            line(out, depth, &text);
        }
        LogicalPlan::Delete(delete) => {
            let fields = table_fields(&delete.table.columns);
            let text = format!(
                "Delete {}{}{}",
                quote_name(&delete.table.name),
                clause(" where ", delete.filter.as_ref(), &fields),
                returning(delete.returning.as_ref(), &fields),
            );
            line(out, depth, &text);
        }
        LogicalPlan::CopyTo(copy) => {
            line(out, depth, &format!("CopyTo {}", Value::Text(copy.path.clone()).shown()));
            write_plan(out, &copy.source, depth + 1);
        }
        LogicalPlan::Evaluate(evaluate) => write_evaluate(out, evaluate, depth),
        LogicalPlan::Train(train) => {
            line(out, depth, &train_line(train));
            write_node(out, &train.source, depth + 1);
        }
        LogicalPlan::QuantizeModel(quantize) => {
            let (model, name) = (quote_name(&quantize.model), quote_name(&quantize.name));
            let numbers = match quantize.numbers {
                ModelNumbers::Int8 => String::new(),
                other => format!(" in {}", other.described()),
            };
            line(out, depth, &format!("QuantizeModel {model} as {name}{numbers}"));
            if let Some(calibration) = &quantize.calibration {
                let least = quantize.min_cosine.map_or(String::new(), |least| format!(" at least {least}"));
                line(out, depth + 1, &format!("Calibration{least}"));
                write_node(out, calibration, depth + 2);
            }
        }
        LogicalPlan::Explain(explain) => {
            line(out, depth, "Explain");
            write_plan(out, &explain.plan, depth + 1);
        }
        other => line(out, depth, &statement_line(other)),
    }
}

/// Statements without a query tree.
fn statement_line(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::CopyFrom(copy) => {
            format!("CopyFrom {} to {}", Value::Text(copy.path.clone()).shown(), copy_target(&copy.target))
        }
        LogicalPlan::CreateModel(create) => format!("CreateModel {}", quote_name(&create.name)),
        LogicalPlan::CreateTable(create) => {
            let columns: Vec<String> = create.columns.iter().map(column_text).collect();
            format!("CreateTable {} ({})", quote_name(&create.name), columns.join(", "))
        }
        LogicalPlan::CreateAuxiliary(create) => on_table("CreateAuxiliary", &create.name, &create.table.name),
        LogicalPlan::CreateClassifier(create) => {
            on_table("CreateClassifier", &create.name, &create.table.name)
        }
        LogicalPlan::CreateIndex(create) => {
            let head = on_table("CreateIndex", &create.name, &create.table.name);
            format!("{head} using {:?} of {:?}", create.method, create.target)
        }
        LogicalPlan::CreatePipeline(create) => {
            format!("{} as {}", on_table("CreatePipeline", &create.name, &create.table), create.sql)
        }
        LogicalPlan::CreateFusion(create) => {
            let head = on_table("CreateFusion", &create.name, &create.table.name);
            format!("{head} using {} ({})", quote_name(&create.method), create.features.join(", "))
        }
        LogicalPlan::SetDefaultPipeline { table, pipeline } => {
            let pipeline = pipeline.as_deref().map_or("none".to_owned(), quote_name);
            format!("SetDefaultPipeline {} {pipeline}", quote_name(table))
        }
        LogicalPlan::Drop { kind, name, .. } => format!("Drop {kind:?} {}", quote_name(name)),
        LogicalPlan::Reindex { name } => format!("Reindex {}", quote_name(name)),
        LogicalPlan::Set { name, value } => format!("Set {name} {}", value.shown()),
        LogicalPlan::Reset { name } => format!("Reset {name}"),
        LogicalPlan::Show(show) => format!("Show {show:?}"),
        LogicalPlan::Describe { kind, name } => format!("Describe {kind:?} {}", quote_name(name)),
        LogicalPlan::CheckDatabase => "CheckDatabase".to_owned(),
        LogicalPlan::CancelJob(number) => format!("CancelJob {number}"),
        LogicalPlan::WaitForJob(number) => format!("WaitForJob {number}"),
        _ => String::new(),
    }
}

fn train_line(train: &Train) -> String {
    let mut text = format!("Train {:?} {}", train.kind, quote_name(&train.name));
    for (name, value) in &train.options {
        text.push_str(&format!(", {name} = {}", value.shown()));
    }
    if train.concurrently {
        text.push_str(" concurrently");
    }
    text
}

fn copy_target(target: &CopyTarget) -> String {
    match target {
        CopyTarget::Classifier(name) => format!("classifier {}", quote_name(name)),
        CopyTarget::Auxiliary(name) => format!("auxiliary {}", quote_name(name)),
        CopyTarget::Table { table, columns } => {
            let names = columns.iter().filter_map(|i| table.columns.get(*i)).map(|c| quote_name(&c.name));
            let names: Vec<String> = names.collect();
            let list = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
            format!("{}{list}", quote_name(&table.name))
        }
    }
}

fn on_table(what: &str, name: &str, table: &str) -> String {
    format!("{what} {} on {}", quote_name(name), quote_name(table))
}

fn column_text(column: &crate::catalog::ColumnInfo) -> String {
    let mut text = format!("{} {}", quote_name(&column.name), column.data_type);
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    if column.unique {
        text.push_str(" UNIQUE");
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(generated) = &column.generated {
        text.push_str(&format!(" AS ({})", generated.sql));
    }
    text
}

/// The columns of a table as fields, for printing expressions over its rows.
fn table_fields(columns: &[crate::catalog::ColumnInfo]) -> Vec<Field> {
    let field = |name: &str, data_type: &DataType| Field {
        qualifier: None,
        name: name.to_owned(),
        data_type: data_type.clone(),
        hidden: false,
    };
    columns.iter().map(|column| field(&column.name, &column.data_type)).collect()
}

fn write_insert(out: &mut String, insert: &Insert, depth: usize) {
    let fields = table_fields(&insert.table.columns);
    let conflict = match &insert.on_conflict {
        OnConflict::Error => String::new(),
        OnConflict::Nothing => " on conflict nothing".to_owned(),
        OnConflict::Update(list) => {
            let excluded = fields.iter().cloned().map(|mut field| {
                field.qualifier = Some("excluded".to_owned());
                field.hidden = true;
                field
            });
            let both: Vec<Field> = fields.iter().cloned().chain(excluded).collect();
            format!(" on conflict set {}", assignments(list, &fields, &both))
        }
    };
    let name = quote_name(&insert.table.name);
    line(out, depth, &format!("Insert {name}{conflict}{}", returning(insert.returning.as_ref(), &fields)));
    write_node(out, &insert.source, depth + 1);
}

fn assignments(list: &[(usize, BoundExpr)], columns: &[Field], inputs: &[Field]) -> String {
    let parts: Vec<String> = list
        .iter()
        .map(|(i, expr)| {
            let name = columns.get(*i).map_or("?", |field| field.name.as_str());
            format!("{} = {}", quote_name(name), print_expr(expr, inputs))
        })
        .collect();
    parts.join(", ")
}

fn returning(list: Option<&Returning>, fields: &[Field]) -> String {
    list.map_or(String::new(), |list| format!(" returning {}", items(&list.exprs, &list.schema, fields)))
}

fn write_evaluate(out: &mut String, evaluate: &Evaluate, depth: usize) {
    let fields = output_schema(&evaluate.source);
    let metrics: Vec<String> = evaluate.metrics.iter().map(ToString::to_string).collect();
    let mut text = format!("Evaluate {}", metrics.join(", "));
    if evaluate.against_exact {
        text.push_str(" against exact");
    }
    match &evaluate.by {
        Some(EvaluateBy::LabelDecile) => text.push_str(" by label_decile"),
        Some(EvaluateBy::Expr(expr)) => text.push_str(&format!(" by {}", print_expr(expr, fields))),
        None => {}
    }
    line(out, depth, &text);
    for target in &evaluate.targets {
        line(out, depth + 1, &format!("Target {}: {}", target.name, search_line(&target.search, fields)));
    }
    write_node(out, &evaluate.source, depth + 1);
    if let Some(propensity) = &evaluate.propensity {
        line(out, depth + 1, "Propensity");
        write_node(out, propensity, depth + 2);
    }
}

/// A node and everything below it. A tree is a chain of single inputs, so that a loop suffices.
fn write_node(out: &mut String, node: &Node, depth: usize) {
    write_node_over(out, node, depth, &[]);
}

/// A tree whose search may name columns of `outer`.
fn write_node_over(out: &mut String, node: &Node, depth: usize, outer: &[Field]) {
    let (mut next, mut depth) = (Some(node), depth);
    let mut rights = Vec::new();
    while let Some(node) = next {
        line(out, depth, &node_line(node, outer));
        next = node.input();
        depth += 1;
        if let Node::Lateral { left, right, .. } = node {
            rights.push((right, depth, output_schema(left)));
        }
    }
    // The right sides stand below the left ones, the innermost first.
    for (right, depth, outer) in rights.into_iter().rev() {
        write_node_over(out, right, depth, outer);
    }
}

fn node_line(node: &Node, outer: &[Field]) -> String {
    let fields = node.input().map_or(&[] as &[Field], output_schema);
    match node {
        Node::Values { rows, schema } => values_line(rows, schema),
        Node::Scan(scan) => scan_line(scan),
        Node::Search(search) => search_line(search, outer),
        Node::Lateral { .. } => "Lateral".to_owned(),
        Node::Read { call, .. } => {
            format!("Read {:?} {}", call.function, Value::Text(call.path.clone()).shown())
        }
        Node::Filter { predicate, .. } => format!("Filter {}", print_expr(predicate, fields)),
        Node::Project { exprs, schema, .. } => format!("Project {}", items(exprs, schema, fields)),
        Node::Aggregate { groups, aggregates, .. } => {
            let calls: Vec<String> = aggregates.iter().map(|call| print_aggregate(call, fields)).collect();
            let groups: Vec<String> = groups.iter().map(|group| print_expr(group, fields)).collect();
            let calls = if calls.is_empty() { String::new() } else { format!(" {}", calls.join(", ")) };
            let groups = if groups.is_empty() { String::new() } else { format!(" by {}", groups.join(", ")) };
            format!("Aggregate{calls}{groups}")
        }
        Node::Sort { keys, .. } => {
            let keys: Vec<String> = keys.iter().map(|key| sort_key(key, fields)).collect();
            format!("Sort {}", keys.join(", "))
        }
        Node::Distinct { .. } => "Distinct".to_owned(),
        Node::Limit { limit, offset, .. } => {
            let limit = limit.as_ref().map_or("all".to_owned(), |expr| print_expr(expr, &[]));
            format!("Limit {limit}{}", clause(" offset ", offset.as_ref(), &[]))
        }
    }
}

fn values_line(rows: &[Vec<BoundExpr>], schema: &[Field]) -> String {
    if rows.is_empty() {
        let names: Vec<String> = schema.iter().map(field_name).collect();
        return format!("Empty ({})", names.join(", "));
    }
    let mut shown: Vec<String> =
        rows.iter().take(ROWS_SHOWN_MAX).map(|row| format!("({})", list(row, &[]))).collect();
    if rows.len() > ROWS_SHOWN_MAX {
        shown.push(format!("... {} rows", rows.len()));
    }
    format!("Values {}", shown.join(", "))
}

fn scan_line(scan: &Scan) -> String {
    format!(
        "Scan {}{}{}{}",
        quote_name(&scan.table.name),
        alias(&scan.alias, &scan.table.name),
        clause(" where ", scan.filter.as_ref(), &scan.schema),
        read_columns(scan.columns.as_deref(), &scan.schema),
    )
}

fn alias(alias: &str, name: &str) -> String {
    if alias == name { String::new() } else { format!(" as {}", quote_name(alias)) }
}

fn read_columns(columns: Option<&[usize]>, schema: &[Field]) -> String {
    let Some(columns) = columns else {
        return String::new();
    };
    let names: Vec<String> = columns.iter().filter_map(|i| schema.get(*i)).map(field_name).collect();
    format!(" columns ({})", names.join(", "))
}

/// A search; `outer` are the columns that its text may name.
fn search_line(search: &Search, outer: &[Field]) -> String {
    let via = match &search.via {
        Via::Auto => " via auto".to_owned(),
        Via::Exact => " via EXACT".to_owned(),
        Via::Chain { chain, pipeline: None } => format!(" via {}", chain_text(chain)),
        Via::Chain { chain, pipeline: Some(name) } => {
            format!(" via pipeline {} = {}", quote_name(name), chain_text(chain))
        }
    };
    format!(
        "Search {}{}{}{}{via}{}{}{}",
        quote_name(&search.table.name),
        alias(&search.alias, &search.table.name),
        clause(" text ", search.text.as_ref(), outer),
        clause(" vector ", search.vector.as_ref(), outer),
        clause(" where ", search.filter.as_ref(), &search.schema),
        clause(" limit ", search.limit.as_ref(), &[]),
        read_columns(search.columns.as_deref(), &search.schema),
    )
}

/// A bound chain in the language's words.
fn chain_text(chain: &Chain) -> String {
    let mut text = stages_text(&chain.stages);
    if let Some(score_by) = &chain.score_by {
        text.push_str(&format!(" SCORE BY {}", print_expr(score_by, &score_fields(chain))));
    }
    text
}

fn stages_text(stages: &[Stage]) -> String {
    let stages: Vec<String> = stages.iter().map(stage_text).collect();
    stages.join(" THEN ")
}

fn branch_text(branch: &Branch) -> String {
    let mut text = stages_text(&branch.stages);
    if branch.weight != 1.0 {
        text.push_str(&format!(" WEIGHT {:?}", branch.weight));
    }
    text
}

fn stage_text(stage: &Stage) -> String {
    let number = |name: &str, value: Option<u64>| value.map(|n| format!("{name} => {n}"));
    let (keyword, parts) = match &stage.kind {
        StageKind::Encode { model } => ("encode", vec![Some(quote_name(model))]),
        StageKind::Probe { index, beam } => ("probe", vec![Some(quote_name(index)), number("beam", *beam)]),
        StageKind::ShortlistPaths { limit } => ("shortlist", vec![number("limit", *limit)]),
        StageKind::ShortlistIndex { index, limit, effort } => {
            ("shortlist", vec![Some(quote_name(index)), number("limit", *limit), number("effort", *effort)])
        }
        StageKind::Match { column, text, limit, .. } => {
            let text = text.as_ref().map(|text| print_expr(text, &[]));
            ("match", vec![Some(quote_name(column)), text, number("limit", *limit)])
        }
        StageKind::Rerank { classifier, limit } => {
            ("rerank", vec![Some(quote_name(classifier)), number("limit", *limit)])
        }
        StageKind::RerankColumn { column, limit } => {
            ("rerank", vec![Some(quote_name(column)), number("limit", *limit)])
        }
        StageKind::Fuse { branches, .. } => {
            ("fuse", branches.iter().map(|branch| Some(branch_text(branch))).collect())
        }
    };
    let alias = alias(&stage.name, keyword).replace(" as ", " AS ");
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match &stage.kind {
        StageKind::Fuse { method, .. } => {
            format!("FUSE {} ({}){alias}", method_text(*method), parts.join(", "))
        }
        _ => format!("{}({}){alias}", keyword.to_uppercase(), parts.join(", ")),
    }
}

fn method_text(method: FuseMethod) -> String {
    match method {
        FuseMethod::Union => "UNION".to_owned(),
        FuseMethod::Max => "MAX".to_owned(),
        FuseMethod::Linear(Normalization::MinMax) => "LINEAR (normalize => 'minmax')".to_owned(),
        FuseMethod::Linear(Normalization::ZScore) => "LINEAR (normalize => 'zscore')".to_owned(),
        FuseMethod::Rrf { k } => format!("RRF (k => {k})"),
    }
}

/// An aggregate call over the columns of `fields`.
pub(crate) fn print_aggregate(call: &Aggregate, fields: &[Field]) -> String {
    let distinct = if call.distinct { "DISTINCT " } else { "" };
    let argument = call.argument.as_ref().map_or("*".to_owned(), |expr| print_expr(expr, fields));
    format!("{}({distinct}{argument})", call.function.name())
}

fn sort_key(key: &SortKey, fields: &[Field]) -> String {
    let mut text = print_expr(&key.expr, fields);
    if key.descending {
        text.push_str(" DESC");
    }
    // NULLS LAST for ASC and NULLS FIRST for DESC are the defaults.
    if key.nulls_first != key.descending {
        text.push_str(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
    }
    text
}

fn clause(keyword: &str, expr: Option<&BoundExpr>, fields: &[Field]) -> String {
    expr.map_or(String::new(), |expr| format!("{keyword}{}", print_expr(expr, fields)))
}

/// Select items, with AS where the name is not that of the column.
fn items(exprs: &[BoundExpr], schema: &[Field], fields: &[Field]) -> String {
    let item = |(expr, field): (&BoundExpr, &Field)| {
        let text = print_expr(expr, fields);
        if text == quote_name(&field.name) { text } else { format!("{text} AS {}", quote_name(&field.name)) }
    };
    let parts: Vec<String> = exprs.iter().zip(schema).map(item).collect();
    parts.join(", ")
}

fn list(exprs: &[BoundExpr], fields: &[Field]) -> String {
    let parts: Vec<String> = exprs.iter().map(|expr| print_expr(expr, fields)).collect();
    parts.join(", ")
}

/// A column as written in SQL: stage columns by their qualified names.
fn field_name(field: &Field) -> String {
    match &field.qualifier {
        Some(qualifier) if field.hidden => format!("{}.{}", quote_name(qualifier), quote_name(&field.name)),
        _ => quote_name(&field.name),
    }
}

/// Operands that are operators themselves stand in parentheses.
fn write_operand(out: &mut String, expr: &BoundExpr, fields: &[Field]) {
    let bare = !matches!(
        expr,
        BoundExpr::Binary { .. }
            | BoundExpr::Logic { .. }
            | BoundExpr::Unary { .. }
            | BoundExpr::IsNull { .. }
            | BoundExpr::InList { .. }
            | BoundExpr::InSet { .. }
            | BoundExpr::InQuery { .. }
            | BoundExpr::Like { .. }
    );
    if bare {
        write_expr(out, expr, fields);
    } else {
        out.push('(');
        write_expr(out, expr, fields);
        out.push(')');
    }
}

fn write_joined(out: &mut String, exprs: &[BoundExpr], fields: &[Field]) {
    for (i, expr) in exprs.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_expr(out, expr, fields);
    }
}

fn write_expr(out: &mut String, expr: &BoundExpr, fields: &[Field]) {
    match expr {
        BoundExpr::Literal(value) => out.push_str(&value.shown()),
        BoundExpr::Parameter(i) => {
            let _ = write!(out, "${}", i.saturating_add(1));
        }
        BoundExpr::Column { index, .. } => match fields.get(*index) {
            Some(field) => out.push_str(&field_name(field)),
            None => {
                let _ = write!(out, "#{index}");
            }
        },
        BoundExpr::Now => out.push_str("now()"),
        BoundExpr::Unary { op, expr } => {
            out.push_str(if *op == UnaryOp::Not { "NOT " } else { "-" });
            write_operand(out, expr, fields);
        }
        BoundExpr::Binary { op, left, right } => write_binary(out, *op, left, right, fields),
        BoundExpr::Logic { all, operands } => {
            for (i, operand) in operands.iter().enumerate() {
                if i > 0 {
                    out.push_str(if *all { " AND " } else { " OR " });
                }
                // AND, OR and NOT bind less tightly than what they join.
                match operand {
                    BoundExpr::Logic { .. } => write_operand(out, operand, fields),
                    _ => write_expr(out, operand, fields),
                }
            }
        }
        BoundExpr::Call { function, args } => write_call(out, function.name(), args, fields),
        BoundExpr::Fusion { name, args } => write_call(out, &quote_name(name), args, fields),
        BoundExpr::Native { function, args } => {
            write_call(out, &quote_name(function.name()), args, fields);
        }
        BoundExpr::List(items) => {
            out.push('[');
            write_joined(out, items, fields);
            out.push(']');
        }
        BoundExpr::Cast { expr, to } => {
            out.push_str("CAST(");
            write_expr(out, expr, fields);
            let _ = write!(out, " AS {to})");
        }
        BoundExpr::Case { branches, otherwise, .. } => {
            write_case(out, branches, otherwise.as_deref(), fields);
        }
        other => write_predicate(out, other, fields),
    }
}

fn write_call(out: &mut String, name: &str, args: &[BoundExpr], fields: &[Field]) {
    out.push_str(name);
    out.push('(');
    write_joined(out, args, fields);
    out.push(')');
}

fn write_binary(out: &mut String, op: BinaryOp, left: &BoundExpr, right: &BoundExpr, fields: &[Field]) {
    write_operand(out, left, fields);
    let _ = write!(out, " {} ", op.symbol());
    write_operand(out, right, fields);
}

fn write_case(
    out: &mut String,
    branches: &[(BoundExpr, BoundExpr)],
    otherwise: Option<&BoundExpr>,
    fields: &[Field],
) {
    out.push_str("CASE");
    for (when, then) in branches {
        out.push_str(" WHEN ");
        write_expr(out, when, fields);
        out.push_str(" THEN ");
        write_expr(out, then, fields);
    }
    if let Some(expr) = otherwise {
        out.push_str(" ELSE ");
        write_expr(out, expr, fields);
    }
    out.push_str(" END");
}

/// IS NULL, IN and LIKE.
fn write_predicate(out: &mut String, expr: &BoundExpr, fields: &[Field]) {
    let not = |negated: bool| if negated { " NOT" } else { "" };
    match expr {
        BoundExpr::IsNull { expr, negated } => {
            write_operand(out, expr, fields);
            let _ = write!(out, " IS{} NULL", not(*negated));
        }
        BoundExpr::InList { expr, list, negated } => {
            write_operand(out, expr, fields);
            let _ = write!(out, "{} IN (", not(*negated));
            write_joined(out, list, fields);
            out.push(')');
        }
        BoundExpr::InSet { expr, set, negated } => {
            write_operand(out, expr, fields);
            let null = if set.has_null() { " and NULL" } else { "" };
            let _ = write!(out, "{} IN (set of {}{null})", not(*negated), set.values().len());
        }
        BoundExpr::InQuery { expr, query, negated } => {
            write_operand(out, expr, fields);
            let query = print_node(query);
            let lines: Vec<&str> = query.lines().map(str::trim).collect();
            let _ = write!(out, "{} IN (query: {})", not(*negated), shorten_query(&lines));
        }
        BoundExpr::Like { expr, pattern, negated, ignore_case } => {
            write_operand(out, expr, fields);
            let _ = write!(out, "{} {} ", not(*negated), if *ignore_case { "ILIKE" } else { "LIKE" });
            write_operand(out, pattern, fields);
        }
        _ => {}
    }
}

/// A subquery on one line, outermost node first; nested subqueries would otherwise repeat without bound.
fn shorten_query(lines: &[&str]) -> String {
    let parts: Vec<String> = lines.iter().map(|text| shorten(text)).collect();
    parts.join(" < ")
}

//! Statements to text.

use std::fmt::{self, Display, Formatter};

use super::query::pipeline;
use super::{AnyName, Clause, Commas, quote_name, quote_text};
use crate::ast::{
    Assignment, ColumnDef, ConflictAction, Copy, CopySource, CopyTo, CreateFusion, CreateIndex, CreateModel,
    CreateOnTable, CreatePipeline, CreateTable, Delete, Evaluate, EvaluateBy, EvaluateTarget, Explain, Expr,
    ExprKind, Ident, ImportTarget, Inherits, Insert, MetricName, OnConflict, OptionItem, OptionValue,
    QuantizeModel, SelectItem, Show, Statement, StatementKind, Train, Update,
};
use crate::catalog::ObjectKind;
use crate::parser::object::KINDS;
use crate::parser::words::is_plain;

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Display for StatementKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            StatementKind::Query(query) => query.fmt(f),
            StatementKind::Insert(insert) => insert.fmt(f),
            StatementKind::Update(update) => update.fmt(f),
            StatementKind::Delete(delete) => delete.fmt(f),
            StatementKind::Copy(copy) => copy.fmt(f),
            StatementKind::CopyTo(copy) => copy.fmt(f),
            StatementKind::CreateModel(create) => create.fmt(f),
            StatementKind::QuantizeModel(quantize) => quantize.fmt(f),
            StatementKind::CreateTable(create) => create.fmt(f),
            StatementKind::CreateAuxiliary(create) => on_table(f, "AUXILIARY", create),
            StatementKind::CreateIndex(create) => create.fmt(f),
            StatementKind::CreateClassifier(create) => on_table(f, "CLASSIFIER", create),
            StatementKind::CreatePipeline(create) => create.fmt(f),
            StatementKind::CreateFusion(create) => create.fmt(f),
            StatementKind::Train(train) => train.fmt(f),
            StatementKind::CancelJob { number } => write!(f, "CANCEL JOB {number}"),
            StatementKind::WaitForJob { number } => write!(f, "WAIT FOR JOB {number}"),
            StatementKind::SetDefaultPipeline { table, pipeline: Some(pipeline) } => {
                write!(f, "ALTER TABLE {table} SET DEFAULT PIPELINE {pipeline}")
            }
            StatementKind::SetDefaultPipeline { table, pipeline: None } => {
                write!(f, "ALTER TABLE {table} RESET DEFAULT PIPELINE")
            }
            StatementKind::Drop { kind, name, if_exists } => {
                let if_exists = if *if_exists { "IF EXISTS " } else { "" };
                write!(f, "DROP {} {if_exists}{name}", keyword(*kind))
            }
            StatementKind::Reindex { name } => write!(f, "REINDEX {name}"),
            StatementKind::Evaluate(evaluate) => evaluate.fmt(f),
            StatementKind::Explain(explain) => explain.fmt(f),
            StatementKind::Set { name, value } => write!(f, "SET {} = {}", Dotted(name), Plain(value)),
            StatementKind::Reset { name } => write!(f, "RESET {}", Dotted(name)),
            StatementKind::Show(show) => show.fmt(f),
            StatementKind::Describe { name } => write!(f, "DESCRIBE {name}"),
            StatementKind::CheckDatabase => f.write_str("CHECK DATABASE"),
        }
    }
}

fn keyword(kind: ObjectKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("TABLE", |(keyword, _)| keyword)
}

/// A setting's name, its parts quoted one by one.
struct Dotted<'a>(&'a Ident);

impl Display for Dotted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Only a name of one part can be taken for a keyword: SHOW "tables".
        if !self.0.name.contains('.') {
            return self.0.fmt(f);
        }
        let part = |part: &str| if is_plain(part) { part.to_owned() } else { quote_name(part) };
        let parts: Vec<String> = self.0.name.split('.').map(part).collect();
        f.write_str(&parts.join("."))
    }
}

/// A value of an option or setting, where a bare word would be read as a text.
pub(super) struct Plain<'a>(pub(super) &'a Expr);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ExprKind::Column(column) if column.qualifier.is_none() => write!(f, "({column})"),
            _ => self.0.fmt(f),
        }
    }
}

struct Returning<'a>(&'a [SelectItem]);

impl Display for Returning<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " RETURNING {}", Commas(self.0)) }
    }
}

/// ` (a, b)`, or nothing.
struct Columns<'a>(&'a [Ident]);

impl Display for Columns<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " ({})", Commas(self.0)) }
    }
}

impl Display for Insert {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "INSERT INTO {}{} {}", self.table, Columns(&self.columns), self.source)?;
        if let Some(on_conflict) = &self.on_conflict {
            write!(f, " {on_conflict}")?;
        }
        Returning(&self.returning).fmt(f)
    }
}

impl Display for OnConflict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "ON CONFLICT{} DO ", Columns(&self.columns))?;
        match &self.action {
            ConflictAction::Nothing => f.write_str("NOTHING"),
            ConflictAction::Update(assignments) => write!(f, "UPDATE SET {}", Commas(assignments)),
        }
    }
}

impl Display for Assignment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.column, self.value)
    }
}

impl Display for Update {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "UPDATE {} SET {}", self.table, Commas(&self.assignments))?;
        write!(f, "{}{}", Clause("WHERE", &self.filter), Returning(&self.returning))
    }
}

impl Display for Delete {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "DELETE FROM {}{}", self.table, Clause("WHERE", &self.filter))?;
        Returning(&self.returning).fmt(f)
    }
}

impl Display for Copy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.target {
            ImportTarget::Table { table, columns } => write!(f, "COPY {table}{}", Columns(columns))?,
            ImportTarget::Classifier(name) => write!(f, "COPY CLASSIFIER {name}")?,
            ImportTarget::Auxiliary(name) => write!(f, "COPY AUXILIARY {name}")?,
        }
        write!(f, " FROM {}", self.path)?;
        copy_options(f, self.format.as_ref(), &self.options)
    }
}

impl Display for CopyTo {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.source {
            CopySource::Query(query) => write!(f, "COPY ({query})")?,
            CopySource::Evaluate(evaluate) => write!(f, "COPY ({evaluate})")?,
        }
        write!(f, " TO {}", self.path)?;
        copy_options(f, self.format.as_ref(), &self.options)
    }
}

fn copy_options(f: &mut Formatter<'_>, format: Option<&Ident>, options: &[OptionItem]) -> fmt::Result {
    let mut parts = Vec::new();
    if let Some(format) = format {
        parts.push(format!("FORMAT {}", quote_text(&format.name)));
    }
    for option in options {
        parts.push(match &option.value {
            OptionValue::Expr(value) => format!("{} {}", AnyName(&option.name), Plain(value)),
            OptionValue::Query(query) => format!("{} ({query})", AnyName(&option.name)),
            OptionValue::Map(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(column, name)| format!("{} = {}", AnyName(column), AnyName(name)))
                    .collect();
                format!("{} ({})", AnyName(&option.name), Commas(&pairs))
            }
        });
    }
    if parts.is_empty() { Ok(()) } else { write!(f, " ({})", Commas(&parts)) }
}

/// ` WITH (name = value, ...)`, or nothing.
struct With<'a>(&'a [OptionItem]);

impl Display for With<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " WITH ({})", Commas(self.0)) }
    }
}

impl Display for OptionItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            OptionValue::Expr(value) => write!(f, "{} = {}", AnyName(&self.name), Plain(value)),
            OptionValue::Query(query) => write!(f, "{} = ({query})", AnyName(&self.name)),
            OptionValue::Map(_) => write!(f, "{} = NULL", AnyName(&self.name)),
        }
    }
}

/// `CREATE [OR REPLACE] KIND [IF NOT EXISTS] name`.
fn head(
    f: &mut Formatter<'_>,
    kind: &str,
    or_replace: bool,
    if_not_exists: bool,
    name: &Ident,
) -> fmt::Result {
    let or_replace = if or_replace { "OR REPLACE " } else { "" };
    let if_not_exists = if if_not_exists { "IF NOT EXISTS " } else { "" };
    write!(f, "CREATE {or_replace}{kind} {if_not_exists}{name}")
}

fn on_table(f: &mut Formatter<'_>, kind: &str, create: &CreateOnTable) -> fmt::Result {
    head(f, kind, create.or_replace, create.if_not_exists, &create.name)?;
    write!(f, " ON {}{}", create.table, With(&create.options))
}

impl Display for CreateModel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, "MODEL", self.or_replace, self.if_not_exists, &self.name)?;
        write!(f, " FROM {}{}{}", self.path, Clause("TOKENIZER", &self.tokenizer), With(&self.options))
    }
}

impl Display for QuantizeModel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "QUANTIZE MODEL {} AS {}{}", self.model, self.name, With(&self.options))
    }
}

impl Display for CreateTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, "TABLE", self.or_replace, self.if_not_exists, &self.name)?;
        write!(f, " ({}){}", Commas(&self.columns), With(&self.options))
    }
}

impl Display for ColumnDef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.data_type)?;
        for (set, words) in
            [(self.primary_key, " PRIMARY KEY"), (self.not_null, " NOT NULL"), (self.unique, " UNIQUE")]
        {
            f.write_str(if set { words } else { "" })?;
        }
        Clause("DEFAULT", &self.default).fmt(f)?;
        match &self.generated {
            Some(expr) => write!(f, " GENERATED ALWAYS AS ({expr}) STORED"),
            None => Ok(()),
        }
    }
}

impl Display for CreateIndex {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, "INDEX", self.or_replace, self.if_not_exists, &self.name)?;
        write!(f, " ON {} USING {} ({}){}", self.table, self.method, self.target, With(&self.options))
    }
}

impl Display for CreatePipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, "PIPELINE", self.or_replace, self.if_not_exists, &self.name)?;
        write!(f, " ON {}", self.table)?;
        write!(f, "{}{}", Clause("INHERITS", &self.inherits), Clause("AS", &self.chain))
    }
}

impl Display for CreateFusion {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, "FUSION", self.or_replace, self.if_not_exists, &self.name)?;
        let (table, method) = (&self.table, &self.method);
        write!(f, " ON {table} USING {method} ({}){}", Commas(&self.features), With(&self.options))
    }
}

impl Display for Train {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "TRAIN {} {} FROM ({})", keyword(self.kind), self.name, self.source)?;
        With(&self.options).fmt(f)?;
        f.write_str(if self.concurrently { " CONCURRENTLY" } else { "" })
    }
}

impl Display for Inherits {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.parent.fmt(f)?;
        if self.overrides.is_empty() { Ok(()) } else { write!(f, " ({})", Commas(&self.overrides)) }
    }
}

impl Display for Evaluate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "EVALUATE {} FROM ({})", Commas(&self.targets), self.source)?;
        write!(f, " METRICS ({})", Commas(&self.metrics))?;
        if self.against_exact {
            f.write_str(" AGAINST EXACT")?;
        }
        match &self.by {
            Some(EvaluateBy::LabelDecile) => f.write_str(" BY label_decile")?,
            Some(EvaluateBy::Expr(expr)) => write!(f, " BY {expr}")?,
            None => {}
        }
        With(&self.options).fmt(f)
    }
}

impl Display for EvaluateTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            EvaluateTarget::Pipeline { name, overrides } => pipeline(f, name, overrides),
            EvaluateTarget::Exact { table } => write!(f, "EXACT ON {table}"),
            EvaluateTarget::Query(query) => write!(f, "({query})"),
        }
    }
}

impl Display for MetricName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.metric.fmt(f)
    }
}

impl Display for Explain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words = [(self.analyze, "ANALYZE"), (self.verbose, "VERBOSE"), (self.json, "FORMAT JSON")];
        let words: Vec<&str> = words.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).collect();
        if words.is_empty() {
            return write!(f, "EXPLAIN {}", self.statement);
        }
        write!(f, "EXPLAIN ({}) {}", Commas(&words), self.statement)
    }
}

impl Display for Show {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Show::Objects(kind) => f.write_str(match kind {
                ObjectKind::Table => "SHOW TABLES",
                ObjectKind::Model => "SHOW MODELS",
                ObjectKind::Auxiliary => "SHOW AUXILIARIES",
                ObjectKind::Index => "SHOW INDEXES",
                ObjectKind::Classifier => "SHOW CLASSIFIERS",
                ObjectKind::Pipeline => "SHOW PIPELINES",
                ObjectKind::Fusion => "SHOW FUSIONS",
            }),
            Show::Settings => f.write_str("SHOW SETTINGS"),
            Show::Jobs => f.write_str("SHOW JOBS"),
            Show::Setting(name) => write!(f, "SHOW {}", Dotted(name)),
        }
    }
}

//! One place where statements become effects: bind, optimise, plan, run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argtop_query::Value;
use argtop_query::ast;
use argtop_query::binder::{Bound, bind as bind_statement};
use argtop_query::expr::BoundExpr;
use argtop_query::optimize::{OptimizerOptions, optimize};
use argtop_query::plan::{LogicalPlan, Node, Show};
use argtop_storage::{Catalog, Store, Writer};

use crate::catalog::ViewCatalog;
use crate::context::Context;
use crate::database::Database;
use crate::error::Error;
use crate::execute::{self, RowStream, Run};
use crate::planner::Planner;
use crate::settings::Settings;
use crate::statement::{Column, columns_of};
use crate::view::View;
use crate::{copy, ddl, dml, evaluate, explain, jobs, show, teach};

/// What a statement gives back.
pub(crate) struct Output {
    pub(crate) columns: Vec<Column>,
    pub(crate) stream: RowStream,
    pub(crate) changed: Option<u64>,
    pub(crate) notes: Vec<String>,
    pub(crate) context: Option<Context>,
}

impl Output {
    /// No rows; `changed` rows were changed.
    pub(crate) fn changed(changed: u64) -> Output {
        Output {
            columns: Vec::new(),
            stream: Box::new(std::iter::empty()),
            changed: Some(changed),
            notes: Vec::new(),
            context: None,
        }
    }

    /// Rows that are all there.
    pub(crate) fn rows(columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Output {
        Output {
            columns,
            stream: Box::new(rows.into_iter().map(Ok)),
            changed: None,
            notes: Vec::new(),
            context: None,
        }
    }
}

/// Names and types of a statement under a view.
pub(crate) fn bind(
    settings: &Settings,
    database: &Database,
    view: &View,
    statement: &ast::Statement,
) -> Result<Bound, Error> {
    let catalog = ViewCatalog::new(view, settings);
    Ok(bind_statement(statement, &catalog, &database.inner.query_limits)?)
}

/// The optimised plan of a statement that was run before, for the next time: it follows from the statement,
/// the catalog and the settings alone, unless it reads files, whose columns are in the files. Kept are those
/// of queries and of INSERT, which are run often.
#[derive(Default)]
pub(crate) struct KnownPlan(Mutex<Option<Known>>);

#[derive(Clone)]
struct Known {
    catalog: Arc<Catalog>,
    settings: Arc<Settings>,
    planned: Planned,
}

/// An optimised plan, with a remark for people.
#[derive(Clone)]
struct Planned {
    plan: Arc<LogicalPlan>,
    note: Option<String>,
}

impl KnownPlan {
    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan of a statement that runs now: the one before, if catalog and settings are still those that it
    /// was made under, else a new one.
    fn of(&self, database: &Database, run: &Run, statement: &ast::Statement) -> Result<Planned, Error> {
        let (catalog, settings) = (run.view.shared_catalog(), &run.settings);
        let known = self
            .lock()
            .clone()
            .filter(|known| Arc::ptr_eq(&known.catalog, catalog) && Arc::ptr_eq(&known.settings, settings));
        if let Some(known) = known {
            return Ok(known.planned);
        }
        let (plan, note) = plan(database, run, statement)?;
        let planned = Planned { plan: Arc::new(plan), note };
        let source = match &*planned.plan {
            LogicalPlan::Query(root) => Some(root),
            LogicalPlan::Insert(plan) => Some(&plan.source),
            _ => None,
        };
        if source.is_some_and(|source| !reads_files(source)) {
            let (catalog, settings) = (catalog.clone(), settings.clone());
            *self.lock() = Some(Known { catalog, settings, planned: planned.clone() });
        }
        Ok(planned)
    }
}

fn reads_files(node: &Node) -> bool {
    matches!(node, Node::Read { .. }) || node.input().is_some_and(reads_files)
}

/// Runs a statement with its parameters' values.
pub(crate) fn run(
    database: &Database,
    statement: &ast::Statement,
    params: Vec<Value>,
    known: &KnownPlan,
) -> Result<Output, Error> {
    let params = Arc::new(params);
    if !writes(statement) {
        let run = run_under(database, database.view(), params);
        let Planned { plan, note } = known.of(database, &run, statement)?;
        let outcome = match &*plan {
            LogicalPlan::Query(root) => query(&run, root),
            _ => perform(database, &run, Arc::unwrap_or_clone(plan), None),
        };
        return finish(&run, note, outcome);
    }
    if database.is_read_only() {
        return Err(Error::ReadOnly { reason: read_only_reason(database) });
    }
    let store = database.inner.store.clone();
    let outcome = write(database, &store, statement, params, known);
    // What a statement saw that then committed nothing may not be on the disk yet.
    if outcome.as_ref().map_or(true, |output| output.changed == Some(0)) {
        let settled = store.settle();
        return outcome.and_then(|output| settled.map(|()| output).map_err(Error::from));
    }
    outcome
}

/// Runs a statement that writes. It waits for its turn first, so that it is bound to the state that it will
/// change; rows that can be computed before are.
fn write(
    database: &Database,
    store: &Store,
    statement: &ast::Statement,
    params: Arc<Vec<Value>>,
    known: &KnownPlan,
) -> Result<Output, Error> {
    if let ast::StatementKind::Insert(_) = &statement.kind {
        let run = run_under(database, database.view(), params.clone());
        let Planned { plan, .. } = known.of(database, &run, statement)?;
        if let LogicalPlan::Insert(insert) = &*plan
            && let Some(labels) = dml::prepare_ahead(&run, insert)?
            && let Some(outcome) = insert_in_turn(store, &run, &plan, labels).transpose()
        {
            return finish(&run, None, outcome);
        }
    }
    let writer = store.writer()?;
    let run = run_under(database, database.view_at(writer.snapshot()), params);
    let (plan, note) = plan(database, &run, statement)?;
    finish(&run, note, perform(database, &run, plan, Some(writer)))
}

/// Writes labels that were prepared ahead. None where the catalog has changed since.
fn insert_in_turn(
    store: &Store,
    run: &Run,
    plan: &Arc<LogicalPlan>,
    labels: dml::Ahead,
) -> Result<Option<Output>, Error> {
    let LogicalPlan::Insert(insert) = &**plan else { return Ok(None) };
    let (table, count) = (run.view.table(&insert.table.name)?, labels.len());
    let (theirs, plan) = (run.clone(), plan.clone());
    let work = move |writer: Writer<'_>| match &*plan {
        LogicalPlan::Insert(insert) => dml::insert_ahead(&theirs, writer, insert, labels),
        _ => Ok((None, None)),
    };
    let output = run.inner.turns.write(store, work)?;
    if output.is_some() && count > 0 {
        crate::build::after_write(run, &table, count)?;
    }
    Ok(output)
}

/// Binds and optimises a statement; with a remark for people.
fn plan(
    database: &Database,
    run: &Run,
    statement: &ast::Statement,
) -> Result<(LogicalPlan, Option<String>), Error> {
    let bound = bind(&run.settings, database, &run.view, statement)?;
    let options = OptimizerOptions { disabled: run.settings.disabled_rules.clone() };
    let note = default_limit(statement, &bound.plan);
    Ok((optimize(bound.plan, &options), note))
}

/// What a statement that runs now carries.
fn run_under(database: &Database, view: View, params: Arc<Vec<Value>>) -> Run {
    let (context, settings) = (database.context(), database.settings());
    let now_us = jiff::Timestamp::now().as_microsecond();
    Run { inner: database.inner.clone(), view, context, params, now_us, settings, log: None, blocks: None }
}

fn finish(run: &Run, note: Option<String>, outcome: Result<Output, Error>) -> Result<Output, Error> {
    let mut output = outcome.map_err(|error| run.context.cause(error))?;
    output.context = Some(run.context.clone());
    output.notes.extend(note);
    Ok(output)
}

fn read_only_reason(database: &Database) -> String {
    let warnings = database.warnings();
    warnings.first().cloned().unwrap_or_else(|| "the database was opened read-only".to_string())
}

/// A SEARCH without LIMIT gets one; whoever did not know is told.
fn default_limit(statement: &ast::Statement, plan: &LogicalPlan) -> Option<String> {
    let query = match &statement.kind {
        ast::StatementKind::Query(query) => query,
        ast::StatementKind::CopyTo(copy) => match &copy.source {
            ast::CopySource::Query(query) => query,
            ast::CopySource::Evaluate(_) => return None,
        },
        _ => return None,
    };
    if let ast::QueryBody::Select(select) = &query.body
        && let Some(ast::FromItem::Lateral(lateral)) = &select.from
        && lateral.query.limit.is_none()
    {
        return Some("LATERAL: LIMIT 10 by default".to_string());
    }
    let LogicalPlan::Query(root) = plan else { return None };
    let limited = match root {
        Node::Project { input, .. } => &**input,
        other => other,
    };
    match limited {
        Node::Limit { limit: Some(BoundExpr::Literal(limit)), .. } if query.limit.is_none() => {
            Some(format!("LIMIT {limit} by default"))
        }
        _ => None,
    }
}

/// True for statements that write to the database.
fn writes(statement: &ast::Statement) -> bool {
    use ast::StatementKind as Kind;
    match &statement.kind {
        Kind::Query(_) | Kind::CopyTo(_) | Kind::Evaluate(_) | Kind::Explain(_) | Kind::Set { .. } => false,
        Kind::Reset { .. } | Kind::Show(_) | Kind::Describe { .. } | Kind::CheckDatabase => false,
        Kind::Insert(_) | Kind::Update(_) | Kind::Delete(_) | Kind::Copy(_) | Kind::CreateModel(_) => true,
        Kind::QuantizeModel(_) | Kind::CreateTable(_) | Kind::CreateAuxiliary(_) => true,
        Kind::CreateIndex(_) | Kind::CreateClassifier(_) | Kind::CreatePipeline(_) => true,
        Kind::SetDefaultPipeline { .. } => true,
        Kind::CreateFusion(_) | Kind::Drop { .. } | Kind::Reindex { .. } => true,
        // Training reads for a long time; it asks for the writer itself when it has something to store.
        Kind::Train(_) | Kind::CancelJob { .. } | Kind::WaitForJob { .. } => false,
    }
}

/// Carries out an optimised plan; those that write need the writer.
pub(crate) fn perform(
    database: &Database,
    run: &Run,
    plan: LogicalPlan,
    writer: Option<Writer<'_>>,
) -> Result<Output, Error> {
    match writer {
        Some(writer) => change(run, plan, writer),
        None => read(database, run, plan),
    }
}

fn change(run: &Run, plan: LogicalPlan, writer: Writer<'_>) -> Result<Output, Error> {
    match plan {
        LogicalPlan::Insert(plan) => dml::insert(run, writer, &plan),
        LogicalPlan::Update(plan) => dml::update(run, writer, &plan),
        LogicalPlan::Delete(plan) => dml::delete(run, writer, &plan),
        LogicalPlan::CopyFrom(plan) => copy::copy_from(run, writer, &plan),
        LogicalPlan::CreateModel(plan) => ddl::model::create(run, writer, &plan),
        LogicalPlan::QuantizeModel(plan) => ddl::quantize::quantize(run, writer, &plan),
        LogicalPlan::CreateTable(plan) => ddl::table::create(run, writer, &plan),
        LogicalPlan::CreateAuxiliary(plan) => ddl::auxiliary::create(run, writer, &plan),
        LogicalPlan::CreateIndex(plan) => ddl::index::create(run, writer, &plan),
        LogicalPlan::CreateClassifier(plan) => ddl::classifier::create(run, writer, &plan),
        LogicalPlan::CreatePipeline(plan) => ddl::table::create_pipeline(run, writer, &plan),
        LogicalPlan::CreateFusion(plan) => ddl::fusion::create(run, writer, &plan),
        LogicalPlan::SetDefaultPipeline { table, pipeline } => {
            ddl::table::set_default_pipeline(run, writer, &table, pipeline)
        }
        LogicalPlan::Drop { kind, name, if_exists } => ddl::table::drop(run, writer, kind, &name, if_exists),
        LogicalPlan::Reindex { name } => ddl::index::reindex(run, writer, &name),
        other => Err(Error::Internal(format!("a reading plan was given the writer: {other:?}"))),
    }
}

fn read(database: &Database, run: &Run, plan: LogicalPlan) -> Result<Output, Error> {
    match plan {
        LogicalPlan::Query(root) => query(run, &root),
        LogicalPlan::CopyTo(plan) => copy::copy_to(run, plan, |source| read(database, run, source)),
        LogicalPlan::Evaluate(plan) => evaluate::run::evaluate(run, &plan),
        LogicalPlan::Explain(plan) => explain::explain(database, run, plan),
        LogicalPlan::Set { name, value } => {
            database.change_settings(|settings| settings.set(&name, &value))?;
            Ok(Output::changed(0))
        }
        LogicalPlan::Reset { name } => {
            database.change_settings(|settings| {
                settings.reset(&name);
                Ok(())
            })?;
            Ok(Output::changed(0))
        }
        LogicalPlan::Show(Show::Objects(kind)) => show::objects(run, kind),
        LogicalPlan::Train(plan) => teach::train(run, &plan),
        LogicalPlan::Show(Show::Jobs) => Ok(jobs::show(run)),
        LogicalPlan::CancelJob(number) => jobs::cancel(run, number),
        LogicalPlan::WaitForJob(number) => jobs::wait(run, number),
        LogicalPlan::Show(Show::Settings) => Ok(show::settings(&run.settings)),
        LogicalPlan::Show(Show::Setting(name)) => show::setting(&run.settings, &name),
        LogicalPlan::Describe { kind, name } => show::describe(run, kind, &name),
        LogicalPlan::CheckDatabase => show::check(run),
        _ => Err(Error::value("this statement cannot be run here", "run it by itself")),
    }
}

fn query(run: &Run, node: &Node) -> Result<Output, Error> {
    let operator = Planner::new(run).plan(node)?;
    let stream = execute::open(run, &operator)?;
    Ok(Output {
        columns: columns_of(&operator.schema),
        stream,
        changed: None,
        notes: Vec::new(),
        context: None,
    })
}

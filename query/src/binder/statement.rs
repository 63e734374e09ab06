//! One match over the kinds of statements.

use crate::ast::{Ident, Show as ShowSyntax, StatementKind};
use crate::binder::context::{BindResult, Binder};
use crate::catalog::ObjectKind;
use crate::error::{ErrorCode, QueryError};
use crate::plan::{Explain, LogicalPlan, Show};

/// The order in which DESCRIBE looks for a name.
const KINDS: [ObjectKind; 7] = [
    ObjectKind::Table,
    ObjectKind::Model,
    ObjectKind::Auxiliary,
    ObjectKind::Index,
    ObjectKind::Classifier,
    ObjectKind::Pipeline,
    ObjectKind::Fusion,
];

impl Binder<'_> {
    pub(super) fn statement(&mut self, kind: &StatementKind) -> BindResult<LogicalPlan> {
        match kind {
            StatementKind::Query(query) => self.query(query).map(LogicalPlan::Query),
            StatementKind::Insert(insert) => self.insert(insert),
            StatementKind::Update(update) => self.update(update),
            StatementKind::Delete(delete) => self.delete(delete),
            StatementKind::Copy(copy) => self.copy_from(copy),
            StatementKind::CopyTo(copy) => self.copy_to(copy),
            StatementKind::CreateModel(create) => self.create_model(create),
            StatementKind::QuantizeModel(quantize) => self.quantize_model(quantize),
            StatementKind::CreateTable(create) => self.create_table(create),
            StatementKind::CreateAuxiliary(create) => self.create_on_table(create, ObjectKind::Auxiliary),
            StatementKind::CreateIndex(create) => self.create_index(create),
            StatementKind::CreateClassifier(create) => self.create_on_table(create, ObjectKind::Classifier),
            StatementKind::CreatePipeline(create) => self.create_pipeline(create),
            StatementKind::CreateFusion(create) => self.create_fusion(create),
            StatementKind::Train(train) => self.train(train),
            StatementKind::SetDefaultPipeline { table, pipeline } => {
                self.set_default_pipeline(table, pipeline.as_ref())
            }
            StatementKind::Drop { kind, name, if_exists } => self.drop(*kind, name, *if_exists),
            StatementKind::Reindex { name } => {
                let name = self.index(name)?.name;
                Ok(LogicalPlan::Reindex { name })
            }
            StatementKind::Evaluate(evaluate) => self.evaluate(evaluate),
            StatementKind::Explain(explain) => {
                let plan = Box::new(self.statement(&explain.statement)?);
                let (analyze, verbose, json) = (explain.analyze, explain.verbose, explain.json);
                Ok(LogicalPlan::Explain(Explain { analyze, verbose, json, plan, rules: Vec::new() }))
            }
            StatementKind::Set { name, value } => {
                let name = self.setting(name)?;
                Ok(LogicalPlan::Set { name, value: self.constant(value)? })
            }
            StatementKind::Reset { name } => Ok(LogicalPlan::Reset { name: self.setting(name)? }),
            StatementKind::Show(show) => Ok(LogicalPlan::Show(match show {
                ShowSyntax::Objects(kind) => Show::Objects(*kind),
                ShowSyntax::Settings => Show::Settings,
                ShowSyntax::Jobs => Show::Jobs,
                ShowSyntax::Setting(name) => Show::Setting(self.setting(name)?),
            })),
            StatementKind::Describe { name } => self.describe(name),
            StatementKind::CheckDatabase => Ok(LogicalPlan::CheckDatabase),
            StatementKind::CancelJob { number } => Ok(LogicalPlan::CancelJob(*number)),
            StatementKind::WaitForJob { number } => Ok(LogicalPlan::WaitForJob(*number)),
        }
    }

    /// The name of a setting that exists.
    fn setting(&self, name: &Ident) -> BindResult<String> {
        if self.catalog.setting(&name.name).is_some() {
            return Ok(name.name.clone());
        }
        let error = QueryError::new(ErrorCode::UnknownSetting, format!("unknown setting `{}`", name.name));
        let names = self.catalog.setting_names();
        let error = error.at(name.span).did_you_mean(&name.name, names.iter().map(String::as_str));
        Err(if error.help.is_some() { error } else { error.help("SHOW SETTINGS lists them") })
    }

    fn describe(&self, name: &Ident) -> BindResult<LogicalPlan> {
        if let Some(kind) = KINDS.into_iter().find(|kind| self.exists(*kind, &name.name)) {
            return Ok(LogicalPlan::Describe { kind, name: name.name.clone() });
        }
        let names: Vec<String> = KINDS.into_iter().flat_map(|kind| self.catalog.names(kind)).collect();
        let error = QueryError::new(ErrorCode::UnknownObject, format!("there is no object `{}`", name.name));
        Err(error.at(name.span).did_you_mean(&name.name, names.iter().map(String::as_str)))
    }
}

//! What all parts of the binder share, and its entry points.

use std::sync::Arc;

use crate::ast::{Ident, Statement};
use crate::binder::expr::Place;
use crate::binder::scope::Scope;
use crate::catalog::{
    AuxiliaryInfo, Catalog, ClassifierInfo, FusionInfo, IndexInfo, ModelInfo, ObjectKind, PipelineInfo,
    ReadCall, TableInfo,
};
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::BoundExpr;
use crate::limits::Limits;
use crate::parser::parse_expression;
use crate::plan::{Field, LogicalPlan};
use crate::value::{DataType, Value};

/// Nodes that the binder may copy where one operand stands for several, as in `CASE x WHEN ...`; nested, such
/// copies would double at every level.
const COPIED_NODES_MAX: usize = 1 << 20;

/// A bound statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Its plan, not optimised.
    pub plan: LogicalPlan,
    /// Its parameters, in the order of the values to bind.
    pub parameters: Vec<ParameterInfo>,
}

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterInfo {
    /// Name of a `:name` parameter.
    pub name: Option<String>,
    /// The type that its first place suggests, Unknown where any will do. A hint: numbers of any type may be
    /// bound for each other, and what does not fit is an error of the evaluation.
    pub data_type: DataType,
}

pub(super) type BindResult<T> = Result<T, QueryError>;

/// Binds a statement against a catalog.
///
/// # Errors
/// Q02xx for names, Q03xx for types and forms that have no plan, Q04xx for constants that have no value.
pub fn bind(statement: &Statement, catalog: &dyn Catalog, limits: &Limits) -> Result<Bound, QueryError> {
    let parameter =
        |p: &crate::ast::Parameter| ParameterInfo { name: p.name.clone(), data_type: DataType::Unknown };
    let parameters = statement.parameters.iter().map(parameter).collect();
    let mut binder = Binder { catalog, limits, parameters, copied_nodes: 0, skips: false };
    let plan = binder.statement(&statement.kind)?;
    Ok(Bound { plan, parameters: binder.parameters })
}

/// Binds the text of a stored expression (a DEFAULT, the text of an embedding) over the columns of `fields`.
///
/// # Errors
/// As [`bind`]; parameters, aggregates and subqueries are refused.
pub fn bind_expression(sql: &str, fields: &[Field], limits: &Limits) -> Result<BoundExpr, QueryError> {
    let expr = parse_expression(sql, limits)?;
    let mut binder =
        Binder { catalog: &NoCatalog, limits, parameters: Vec::new(), copied_nodes: 0, skips: false };
    binder.expr(&expr, &Scope::new(fields), Place::Stored)
}

/// The state of binding one statement.
pub(super) struct Binder<'a> {
    pub(super) catalog: &'a dyn Catalog,
    pub(super) limits: &'a Limits,
    pub(super) parameters: Vec<ParameterInfo>,
    copied_nodes: usize,
    /// Set within a COPY with ON_ERROR 'skip'.
    pub(super) skips: bool,
}

impl Binder<'_> {
    /// A copy of an operand, counted against the bound.
    pub(super) fn copy(&mut self, expr: &BoundExpr, span: Span) -> BindResult<BoundExpr> {
        self.copied_nodes = self.copied_nodes.saturating_add(expr.size());
        if self.copied_nodes > COPIED_NODES_MAX {
            let message = "operands of CASE or BETWEEN are nested too deep in each other";
            let error = QueryError::new(ErrorCode::TooDeep, message).at(span);
            return Err(error.help("compute the operand in a subquery: FROM (SELECT ... AS x FROM ...)"));
        }
        Ok(expr.clone())
    }

    /// Notes what type the place of a parameter suggests; the first place decides.
    pub(super) fn infer(&mut self, expr: &BoundExpr, data_type: &DataType) {
        if let BoundExpr::Parameter(i) = expr
            && let Some(parameter) = self.parameters.get_mut(*i)
            && parameter.data_type == DataType::Unknown
        {
            parameter.data_type = data_type.clone();
        }
    }

    pub(super) fn table(&self, name: &Ident) -> BindResult<Arc<TableInfo>> {
        let found = self.catalog.table(&name.name);
        found.ok_or_else(|| self.unknown(ObjectKind::Table, name))
    }

    pub(super) fn model(&self, name: &Ident) -> BindResult<ModelInfo> {
        self.catalog.model(&name.name).ok_or_else(|| self.unknown(ObjectKind::Model, name))
    }

    pub(super) fn index(&self, name: &Ident) -> BindResult<IndexInfo> {
        self.catalog.index(&name.name).ok_or_else(|| self.unknown(ObjectKind::Index, name))
    }

    pub(super) fn classifier(&self, name: &Ident) -> BindResult<ClassifierInfo> {
        let found = self.catalog.classifier(&name.name);
        found.ok_or_else(|| self.unknown(ObjectKind::Classifier, name))
    }

    pub(super) fn auxiliary(&self, name: &Ident) -> BindResult<AuxiliaryInfo> {
        let found = self.catalog.auxiliary(&name.name);
        found.ok_or_else(|| self.unknown(ObjectKind::Auxiliary, name))
    }

    pub(super) fn fusion(&self, name: &Ident) -> BindResult<FusionInfo> {
        self.catalog.fusion(&name.name).ok_or_else(|| self.unknown(ObjectKind::Fusion, name))
    }

    pub(super) fn pipeline(&self, name: &Ident) -> BindResult<PipelineInfo> {
        let found = self.catalog.pipeline(&name.name);
        found.ok_or_else(|| self.unknown(ObjectKind::Pipeline, name))
    }

    /// Whether an object of this kind has this name.
    pub(super) fn exists(&self, kind: ObjectKind, name: &str) -> bool {
        match kind {
            ObjectKind::Table => self.catalog.table(name).is_some(),
            ObjectKind::Model => self.catalog.model(name).is_some(),
            ObjectKind::Auxiliary => self.catalog.auxiliary(name).is_some(),
            ObjectKind::Index => self.catalog.index(name).is_some(),
            ObjectKind::Classifier => self.catalog.classifier(name).is_some(),
            ObjectKind::Pipeline => self.catalog.pipeline(name).is_some(),
            ObjectKind::Fusion => self.catalog.fusion(name).is_some(),
        }
    }

    /// The error of a name that no object of the kind has.
    pub(super) fn unknown(&self, kind: ObjectKind, name: &Ident) -> QueryError {
        let (code, what) = match kind {
            ObjectKind::Table => (ErrorCode::UnknownTable, "table"),
            ObjectKind::Model => (ErrorCode::UnknownModel, "model"),
            ObjectKind::Auxiliary => (ErrorCode::UnknownAuxiliary, "auxiliary"),
            ObjectKind::Index => (ErrorCode::UnknownIndex, "index"),
            ObjectKind::Classifier => (ErrorCode::UnknownClassifier, "classifier"),
            ObjectKind::Pipeline => (ErrorCode::UnknownPipeline, "pipeline"),
            ObjectKind::Fusion => (ErrorCode::UnknownFusion, "fusion"),
        };
        let names = self.catalog.names(kind);
        let error = QueryError::new(code, format!("unknown {what} `{}`", name.name)).at(name.span);
        let error = error.did_you_mean(&name.name, names.iter().map(String::as_str));
        if error.help.is_some() {
            return error;
        }
        match names.is_empty() {
            true => error.help(format!("there is none yet: CREATE {} makes one", what.to_uppercase())),
            false => error.help(format!("known: {}", list_names(&names))),
        }
    }
}

/// Names for a help text, the first few of them.
pub(super) fn list_names<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN_MAX: usize = 8;
    let shown: Vec<String> =
        names.iter().take(SHOWN_MAX).map(|name| format!("`{}`", name.as_ref())).collect();
    let more = if names.len() > SHOWN_MAX { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Stored expressions name columns only.
struct NoCatalog;

impl Catalog for NoCatalog {
    fn table(&self, _: &str) -> Option<Arc<TableInfo>> {
        None
    }
    fn model(&self, _: &str) -> Option<ModelInfo> {
        None
    }
    fn auxiliary(&self, _: &str) -> Option<AuxiliaryInfo> {
        None
    }
    fn index(&self, _: &str) -> Option<IndexInfo> {
        None
    }
    fn classifier(&self, _: &str) -> Option<ClassifierInfo> {
        None
    }
    fn pipeline(&self, _: &str) -> Option<PipelineInfo> {
        None
    }
    fn fusion(&self, _: &str) -> Option<FusionInfo> {
        None
    }
    fn names(&self, _: ObjectKind) -> Vec<String> {
        Vec::new()
    }
    fn file_columns(&self, _: &ReadCall) -> Result<Vec<(String, DataType)>, String> {
        Err("files cannot be read by a stored expression".to_owned())
    }
    fn setting(&self, _: &str) -> Option<Value> {
        None
    }
    fn setting_names(&self) -> Vec<String> {
        Vec::new()
    }
}

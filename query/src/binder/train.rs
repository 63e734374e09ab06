//! CREATE FUSION and TRAIN.

use crate::ast::{self, ColumnName, Ident};
use crate::binder::context::{BindResult, Binder};
use crate::binder::evaluate::{check_keys, source_column};
use crate::binder::functions::is_function;
use crate::binder::types::mismatch;
use crate::catalog::ObjectKind;
use crate::error::{ErrorCode, QueryError};
use crate::node::{INVERSE_PROPENSITY, output_schema};
use crate::plan::{CreateFusion, LogicalPlan, Train};
use crate::value::DataType;
use crate::walk::is_numeric;

/// Methods of a fusion.
const METHODS: [&str; 3] = ["tree", "linear", "boosted"];

impl Binder<'_> {
    pub(super) fn create_fusion(&mut self, create: &ast::CreateFusion) -> BindResult<LogicalPlan> {
        self.refuse_replace(create.or_replace, "FUSION", &create.name)?;
        self.check_name(ObjectKind::Fusion, &create.name, create.if_not_exists)?;
        if is_function(&create.name.name) {
            let message = format!("`{}` is the name of a function", create.name.name);
            let error = QueryError::new(ErrorCode::AlreadyExists, message).at(create.name.span);
            return Err(error.help("a fusion is called like a function: give it another name"));
        }
        let table = self.table(&create.table)?;
        let method = &create.method;
        if !METHODS.contains(&method.name.as_str()) {
            let message = format!("unknown fusion method `{}`", method.name);
            let error = QueryError::new(ErrorCode::WrongMethod, message).at(method.span);
            let error = error.did_you_mean(&method.name, METHODS);
            let known = "known: `tree` (a decision tree), `boosted` (several), `linear` (a logistic model)";
            return Err(if error.help.is_some() { error } else { error.help(known) });
        }
        let mut features: Vec<String> = Vec::with_capacity(create.features.len());
        for feature in &create.features {
            check_feature(feature)?;
            let text = feature.to_string();
            if features.contains(&text) {
                let error = QueryError::new(ErrorCode::Duplicate, format!("feature `{text}` is given twice"));
                return Err(error.at(feature.name.span));
            }
            features.push(text);
        }
        Ok(LogicalPlan::CreateFusion(CreateFusion {
            name: create.name.name.clone(),
            if_not_exists: create.if_not_exists,
            table,
            method: method.name.clone(),
            features,
            options: self.options(&create.options)?,
        }))
    }

    pub(super) fn train(&mut self, train: &ast::Train) -> BindResult<LogicalPlan> {
        let owner = self.trained_table(train.kind, &train.name)?;
        let table = self.table(&Ident { name: owner, span: train.name.span })?;
        let source = self.query(&train.source)?;
        let (fields, span) = (output_schema(&source), train.source.span);
        let missing = |name: &str, fix: &str| {
            let message = format!("the source has no column `{name}`");
            QueryError::new(ErrorCode::UnknownColumn, message).at(span).help(fix)
        };
        let text = source_column(fields, "text", span)?;
        let text = text.ok_or_else(|| missing("text", "select the texts of the training points AS text"))?;
        let labels = source_column(fields, "labels", span)?.ok_or_else(|| {
            missing("labels", "select the lists of the correct labels' primary keys AS labels")
        })?;
        let weight = source_column(fields, "weight", span)?;
        let type_of = |at: usize| fields.get(at).map_or(DataType::Unknown, |field| field.data_type.clone());
        if !matches!(type_of(text), DataType::Text | DataType::Unknown) {
            return Err(mismatch(format!("column `text` must be TEXT, not {}", type_of(text)), span)
                .help("add CAST(... AS TEXT) AS text to the source"));
        }
        let exclude = source_column(fields, "exclude", span)?;
        for position in [Some(labels), exclude].into_iter().flatten() {
            check_keys(fields, position, &table, span)?;
        }
        if let Some(found) = weight.map(type_of)
            && !is_numeric(&found)
            && found != DataType::Unknown
        {
            return Err(mismatch(format!("column `weight` must be a number, not {found}"), span)
                .help("add CAST(... AS DOUBLE) AS weight to the source, or name the column otherwise"));
        }
        Ok(LogicalPlan::Train(Train {
            kind: train.kind,
            name: train.name.name.clone(),
            source,
            text,
            labels,
            weight,
            exclude,
            options: self.options(&train.options)?,
            concurrently: train.concurrently,
            sql: train.to_string(),
        }))
    }

    /// The table of the object that is trained.
    fn trained_table(&self, kind: ObjectKind, name: &Ident) -> BindResult<String> {
        match kind {
            ObjectKind::Classifier => Ok(self.classifier(name)?.table),
            ObjectKind::Index => Ok(self.index(name)?.table),
            ObjectKind::Auxiliary => Ok(self.auxiliary(name)?.table),
            ObjectKind::Fusion => Ok(self.fusion(name)?.table),
            ObjectKind::Table | ObjectKind::Model | ObjectKind::Pipeline => {
                let message = format!("nothing in `{}` can be trained", name.name);
                Err(QueryError::new(ErrorCode::NoPlan, message).at(name.span))
            }
        }
    }
}

/// `<stage>.score`, `<stage>.rank` or `inverse_propensity`.
fn check_feature(feature: &ColumnName) -> BindResult<()> {
    let name = &feature.name.name;
    let known = match feature.qualifier {
        Some(_) => name == "score" || name == "rank",
        None => name == INVERSE_PROPENSITY,
    };
    if known {
        return Ok(());
    }
    let span = feature.qualifier.as_ref().map_or(feature.name.span, |stage| stage.span.to(feature.name.span));
    let error = QueryError::new(ErrorCode::UnknownColumn, format!("`{feature}` is no feature")).at(span);
    let error = match feature.qualifier {
        Some(_) => error,
        None => error.did_you_mean(name, [INVERSE_PROPENSITY]),
    };
    let known = "a feature is stage.score, stage.rank or inverse_propensity";
    Err(if error.help.is_some() { error } else { error.help(known) })
}

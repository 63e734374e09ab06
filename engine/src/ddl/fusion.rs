//! CREATE FUSION: a formula over the scores of stages, to be learned by TRAIN FUSION.

use std::collections::BTreeMap;

use argtop_query::plan::CreateFusion;
use argtop_storage::{FusionRecord, Object, ObjectKind, Writer};

use super::options::OptionReader;
use super::table::exists;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;

/// CREATE FUSION; the binder has checked method and features.
pub(crate) fn create(run: &Run, mut writer: Writer<'_>, plan: &CreateFusion) -> Result<Output, Error> {
    if run.view.catalog().find(ObjectKind::Fusion, &plan.name).is_some() {
        return if plan.if_not_exists { Ok(Output::changed(0)) } else { Err(exists("fusion", &plan.name)) };
    }
    // What is learned, and how, is said to TRAIN.
    OptionReader::new("CREATE FUSION", &plan.options).finish()?;
    writer.put_object(Object::Fusion(FusionRecord {
        id: writer.allocate()?,
        name: plan.name.clone(),
        table: run.view.table(&plan.table.name)?.id,
        method: plan.method.clone(),
        features: plan.features.clone(),
        model: None,
        options: BTreeMap::new(),
        statistics: BTreeMap::new(),
    }))?;
    writer.commit()?;
    Ok(Output::changed(0))
}

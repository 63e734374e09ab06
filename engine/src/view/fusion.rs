//! Trained fusions as functions of SCORE BY.

use std::sync::Arc;

use argtop_query::expr::NativeFunction;

use super::View;
use crate::error::Error;
use crate::train::FusionModel;

/// A fusion and its model.
#[derive(Debug)]
struct TrainedFusion {
    name: String,
    model: FusionModel,
}

impl NativeFunction for TrainedFusion {
    fn name(&self) -> &str {
        &self.name
    }

    fn call(&self, args: &[f64]) -> f64 {
        self.model.score(args)
    }
}

impl View {
    /// The function that a fusion has learned; the binder has checked the number of its arguments against the
    /// features.
    ///
    /// # Errors
    /// There is no such fusion, it was never trained, or its model is damaged.
    pub(crate) fn fusion(&self, name: &str) -> Result<Arc<dyn NativeFunction>, Error> {
        let Some(record) = self.catalog().fusion(name) else {
            return Err(Error::value(format!("fusion `{name}` does not exist any more"), "prepare again"));
        };
        let Some(json) = &record.model else {
            return Err(Error::value(
                format!("fusion {name} has learned nothing yet"),
                format!("TRAIN FUSION {name} first"),
            ));
        };
        let model = FusionModel::from_json(json)
            .map_err(|reason| Error::Internal(format!("the model of fusion {name}: {reason}")))?;
        if model.features() != record.features.len() {
            let (found, expected) = (model.features(), record.features.len());
            return Err(Error::Internal(format!(
                "fusion {name}: a model of {found} features for {expected}"
            )));
        }
        Ok(Arc::new(TrainedFusion { name: name.to_string(), model }))
    }
}

//! How near the embeddings of quantised models are to those in f32, for ENCODE_COSINE.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use argtop_storage::{ModelRecord, ModelType, ObjectId};

use crate::error::Error;
use crate::execute::Run;
use crate::execute::search::{Encoded, QueryInput, cosine, encode_all};
use crate::kernel;
use crate::model::Encoder;
use crate::physical::{SearchPlan, StageKind, all_stages};

/// The cosine of each row of `a` with the row of `b` in its place.
pub(crate) fn cosines<'a>(dimension: usize, a: &'a [f32], b: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
    let pairs = a.chunks_exact(dimension.max(1)).zip(b.chunks_exact(dimension.max(1)));
    pairs.map(|(a, b)| cosine(kernel::dot_exact(a, b), kernel::norm(a), kernel::norm(b)))
}

/// The models in f32 that the quantised ones of some searches were made of.
///
/// Each is loaded a second time out of the graph that is stored with the quantised model, whatever became of
/// the model that it was made from. A model in f32 is its own, and is not loaded again.
pub(crate) struct Originals {
    run: Run,
    by_model: BTreeMap<ObjectId, Encoder>,
}

/// Cosines of a block's texts by the model that encodes them; targets of one model share them.
pub(crate) type BlockCosines = BTreeMap<ObjectId, Vec<f64>>;

impl Originals {
    /// Loads what the named searches need.
    ///
    /// # Errors
    /// A search that encodes no texts.
    pub(crate) fn load<'a>(
        run: &Run,
        targets: impl Iterator<Item = (&'a str, &'a SearchPlan)>,
    ) -> Result<Originals, Error> {
        let mut by_model = BTreeMap::new();
        for (name, plan) in targets {
            let models = models_of(plan);
            if models.is_empty() {
                return Err(Error::value(
                    format!("{name} encodes no texts, so that it has no ENCODE_COSINE"),
                    "give its SEARCH a text and ENCODE(model), or leave ENCODE_COSINE out",
                ));
            }
            for (id, model) in models {
                if model.dtype != ModelType::F32 && !by_model.contains_key(&id) {
                    by_model.insert(id, crate::ddl::model::load_f32(&run.view, model)?);
                }
            }
        }
        Ok(Originals { run: run.clone(), by_model })
    }

    /// The cosine of each text's embedding to that in f32; where a search has several models their mean.
    pub(crate) fn cosines(
        &self,
        plan: &SearchPlan,
        inputs: &[QueryInput],
        encoded: &mut Encoded,
        block: &mut BlockCosines,
    ) -> Result<Vec<f64>, Error> {
        encode_all(&self.run, plan, inputs, encoded)?;
        let models = models_of(plan);
        let mut means = vec![0.0; inputs.len()];
        for id in models.keys() {
            let cosines = match block.entry(*id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.of_model(*id, inputs, encoded)?),
            };
            means.iter_mut().zip(cosines).for_each(|(mean, cosine)| *mean += *cosine / models.len() as f64);
        }
        Ok(means)
    }

    fn of_model(&self, model: ObjectId, inputs: &[QueryInput], encoded: &Encoded) -> Result<Vec<f64>, Error> {
        let Some(original) = self.by_model.get(&model) else {
            return Ok(vec![1.0; inputs.len()]);
        };
        let queries =
            encoded.of(model).ok_or_else(|| Error::Internal("texts that are not encoded".into()))?;
        let texts: Vec<&str> = inputs.iter().map(|input| input.as_text().unwrap_or("")).collect();
        let context = &self.run.context;
        let full = self.run.inner.install(|| original.encode(&|| context.is_cancelled(), &texts))?;
        context.check()?;
        Ok(cosines(full.dimension, &full.values, &queries.values).collect())
    }
}

/// The models that encode the query's text.
fn models_of(plan: &SearchPlan) -> BTreeMap<ObjectId, &ModelRecord> {
    let models = all_stages(&plan.stages).into_iter().filter_map(|stage| match &stage.kind {
        StageKind::Encode { model } => Some((model.id, &**model)),
        _ => None,
    });
    models.collect()
}

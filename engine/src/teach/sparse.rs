//! TRAIN CLASSIFIER of a sparse classifier: vocabulary, candidates, one sparse row a label.

use std::collections::BTreeMap;

use argtop_query::plan::Train;
use argtop_storage::{ClassifierRecord, Family, Object, ObjectId, SparseRecord, encode_sparse};

use super::classifier::{class_object, ranked_rows};
use super::course::watched;
use super::embeddings::encoded;
use super::labels::{generator, label_texts, label_vectors};
use super::lesson::{self, LabelNumbers, Lesson, Texts};
use super::memory::expect_room;
use super::options::TrainOptions;
use super::reciprocal::Reciprocal;
use super::swap::{Frequencies, Swap, remarks};
use crate::error::Error;
use crate::execute::Run;
use crate::train::{
    BuildControl, Csr, NeighborOptions, Pairs, SparseExamples, SparseOptions, SparseRanker, Summary, Vectors,
    Vocabulary, VocabularyBuilder, VocabularyOptions, neighbors, train_sparse,
};

/// Texts whose features are made at a time.
const TEXTS_AT_ONCE: usize = 4_096;

/// What the statement asks for.
struct Asked {
    vocabulary: VocabularyOptions,
    embedding: bool,
    ranker: SparseOptions,
    shortlist: Option<String>,
    candidates: u64,
    reciprocal: Reciprocal,
    used: BTreeMap<String, String>,
}

fn asked(plan: &Train) -> Result<Asked, Error> {
    let mut reader = TrainOptions::new("TRAIN CLASSIFIER of a sparse classifier", &plan.options);
    let seed = reader.seed()?;
    let defaults = VocabularyOptions::default();
    let vocabulary = VocabularyOptions {
        words: reader.count("ngrams", (1, 4), defaults.words as u64)? as usize,
        char_ngrams: match reader.counts("char_ngrams", &[])?.as_slice() {
            [] => None,
            [least, most] => Some((*least, *most)),
            _ => {
                return Err(Error::value(
                    "char_ngrams takes two numbers",
                    "give the fewest and the most characters, as [3, 5]",
                ));
            }
        },
        min_df: reader.count("min_df", (1, u64::from(u32::MAX)), u64::from(defaults.min_df))? as u32,
        max_terms: reader.count("max_terms", (1, 1 << 30), defaults.max_terms as u64)? as usize,
        sublinear: reader.flag("sublinear", defaults.sublinear)?,
    };
    let defaults = SparseOptions::default();
    let embedding = reader.flag("embedding", false)?;
    let ranker = SparseOptions {
        cost: reader.number("cost", (1e-6, 1e6), defaults.cost)?,
        positive: reader.number("positive", (1e-6, 1e6), defaults.positive)?,
        own_text: reader.number("own_text", (0.0, 1e6), defaults.own_text)?,
        epochs: reader.count("epochs", (1, 10_000), defaults.epochs as u64)? as usize,
        threshold: reader.number("threshold", (0.0, 1e6), f64::from(defaults.threshold))? as f32,
        negatives: reader.count("negatives", (1, 1 << 30), defaults.negatives as u64)? as usize,
        seed,
        ..defaults
    };
    let shortlist = reader.text("shortlist")?;
    let candidates = reader.count("hard_negatives", (0, 10_000), 100)?;
    Ok(Asked {
        vocabulary,
        embedding,
        ranker,
        shortlist,
        candidates,
        reciprocal: Reciprocal::read(&mut reader)?,
        used: reader.finish()?,
    })
}

/// TRAIN CLASSIFIER where the classifier is sparse.
pub(super) fn train(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    let asked = asked(plan)?;
    let (object, record) = class_object(run, &plan.name)?;
    let table = run.view.table_of(record.table)?;
    let column = run.view.vector_column(&table, record.column)?;
    let (part, model) = generator(run, &table, &column)?;
    let labels = LabelNumbers::new(run, &table)?;
    let lesson = lesson::read(run, plan, (&table, &labels), asked.reciprocal, job)?;
    let started = std::time::Instant::now();
    let label_texts = label_texts(run, &table, &part, &labels, job)?;
    let vocabulary = vocabulary(run, &asked, &lesson.texts, &label_texts)?;
    let features = features_of(run, &vocabulary, &lesson.texts)?;
    let label_features = features_of(run, &vocabulary, &label_texts)?;
    let points = encoded(run, &model, &lesson.texts, true)?;
    let rows = match &asked.shortlist {
        Some(name) => ranked_rows(run, &table, name, &labels)?,
        None => label_vectors(run, &table, &column, &labels.slots)?,
    };
    // Terms of the texts twice, for rows are at most as many; labels of candidates, and their documents.
    let entries = (features.entries() * 2 + label_features.entries()) as u64 * 8;
    let nominated = points.len() as u64 * asked.candidates * 12;
    let dense = (rows.len() * rows.dimension() * 4) as u64;
    expect_room(run, "training these sparse classifiers", entries + nominated + dense)?;
    let ranker = watched(run, "training the sparse ranker", |control| {
        let candidates = candidates(control, &points, &rows, (&asked, &lesson.pairs))?;
        let examples = SparseExamples {
            features: &features,
            points: asked.embedding.then_some(&points),
            label_features: &label_features,
            label_points: None,
            targets: &lesson.pairs.targets,
            candidates: &candidates,
            weights: lesson.pairs.weights.as_deref(),
        };
        train_sparse(examples, &asked.ranker, control)
    })?;
    let summary = Summary { seconds: started.elapsed().as_secs_f64(), ..Summary::default() };
    let vocabulary_id = run.inner.store.allocate()?;
    let mut trained = ClassifierRecord {
        data: run.inner.store.allocate()?,
        scale: f64::from(ranker.scale),
        offset: f64::from(ranker.offset),
        sparse: Some(SparseRecord {
            vocabulary: vocabulary_id,
            terms: vocabulary.len() as u64,
            ngrams: asked.vocabulary.words as u32,
            char_ngrams: asked.vocabulary.char_ngrams.map(|(least, most)| (least as u32, most as u32)),
            sublinear: asked.vocabulary.sublinear,
            documents: vocabulary.documents(),
            embedding: asked.embedding,
            embedding_scale: f64::from(ranker.embedding_scale),
        }),
        statistics: asked.used.clone(),
        ..record.clone()
    };
    let mut notes = remarks(&lesson, &summary, &mut trained.statistics);
    let entries = ranker.rows.entries();
    notes.push(format!("{} terms, {entries} weights in {:.1} s", vocabulary.len(), summary.seconds));
    let rows = (&ranker, (&vocabulary, vocabulary_id));
    notes.extend(install(run, &object, &trained, rows, (&labels, &lesson))?);
    Ok(notes)
}

/// The vocabulary of the training texts and the labels' own.
fn vocabulary(run: &Run, asked: &Asked, texts: &Texts, labels: &Texts) -> Result<Vocabulary, Error> {
    let refused = |reason: String| Error::value(reason, "change the options of the vocabulary");
    let mut builder = VocabularyBuilder::new(asked.vocabulary.clone()).map_err(refused)?;
    let total = (texts.len() + labels.len()) as u64;
    let mut done = 0;
    for texts in [texts, labels] {
        for at in 0..texts.len() {
            builder.add(texts.get(at)?);
            done += 1;
            if done % 1_024 == 0 {
                run.context.check()?;
                run.context.progress("counting terms", done, Some(total));
            }
        }
    }
    let vocabulary = builder.finish();
    if vocabulary.is_empty() {
        return Err(Error::value(
            format!("no term occurs in min_df = {} of the {total} texts", asked.vocabulary.min_df),
            "lower min_df, or give more training texts",
        ));
    }
    Ok(vocabulary)
}

/// TF-IDF of each text.
fn features_of(run: &Run, vocabulary: &Vocabulary, texts: &Texts) -> Result<Csr, Error> {
    use rayon::prelude::*;
    let mut features = Csr::new(vocabulary.len());
    for start in (0..texts.len()).step_by(TEXTS_AT_ONCE) {
        run.context.check()?;
        let end = texts.len().min(start + TEXTS_AT_ONCE);
        let rows: Result<Vec<Vec<(u32, f32)>>, Error> = run.inner.install(|| {
            (start..end).into_par_iter().map(|at| Ok(vocabulary.features(texts.get(at)?))).collect()
        });
        rows?.iter_mut().for_each(|row| features.push(row));
    }
    Ok(features)
}

/// Labels near each point, among which the hard negatives are.
fn candidates(
    control: &BuildControl<'_>,
    points: &Vectors,
    rows: &Vectors,
    (asked, pairs): (&Asked, &Pairs),
) -> Result<Csr, crate::train::TrainError> {
    if asked.candidates == 0 {
        let mut none = Csr::new(rows.len());
        (0..points.len()).for_each(|_| none.push(&mut Vec::new()));
        return Ok(none);
    }
    let options = NeighborOptions {
        k: asked.candidates as usize,
        seed: asked.ranker.seed,
        ..NeighborOptions::default()
    };
    let found = neighbors(control, points.values(), rows.values(), rows.dimension(), options)?;
    let mut candidates = Csr::new(rows.len());
    for (mut near, point) in found.into_iter().zip(0u32..) {
        let excluded = pairs.excluded(point);
        near.retain(|(label, _)| excluded.binary_search(label).is_err());
        candidates.push(&mut near);
    }
    Ok(candidates)
}

/// Writes vocabulary and rows aside, and swaps them in; gives the remarks of the swap.
fn install(
    run: &Run,
    object: &Object,
    trained: &ClassifierRecord,
    (ranker, (vocabulary, vocabulary_id)): (&SparseRanker, (&Vocabulary, ObjectId)),
    (labels, lesson): (&LabelNumbers, &Lesson),
) -> Result<Vec<String>, Error> {
    let Object::Classifier(old) = object else {
        return Err(Error::Internal(format!("{} is no classifier", object.name())));
    };
    let mut rows = run.inner.store.bulk_rows(Family::Classifiers, vocabulary_id)?;
    for (number, (term, df)) in (0u32..).zip(vocabulary.rows()) {
        let mut bytes = df.to_le_bytes().to_vec();
        bytes.extend_from_slice(term.as_bytes());
        rows.put(number, &bytes)?;
    }
    rows.finish()?;
    let mut rows = run.inner.store.bulk_rows(Family::Classifiers, trained.data)?;
    for (label, slot) in labels.slots.iter().enumerate() {
        let (columns, values) = ranker.rows.row(label);
        let entries: Vec<(u32, f32)> = columns.iter().copied().zip(values.iter().copied()).collect();
        rows.put(*slot, &sparse_bytes(&entries, ranker.biases[label])?)?;
    }
    rows.finish()?;
    let frequencies = Frequencies::write(run, labels, &lesson.pairs.targets)?;
    let mut swap = Swap::begin(run, object)?;
    let newer = swap.newer(labels)?;
    let now = Run { view: swap.view.clone(), ..run.clone() };
    let column = now.view.vector_column(&swap.table, trained.column)?;
    let (part, _) = generator(&now, &swap.table, &column)?;
    let all: Vec<usize> = (0..swap.table.columns.len()).collect();
    let values = now.view.read_labels(&swap.table, &newer, &all)?;
    for (slot, text) in newer.iter().zip(part.texts(&now, &swap.table, &values)?) {
        let bytes = untrained_row(trained, vocabulary, &text)?;
        swap.writer.put_row(Family::Classifiers, trained.data, *slot, &bytes)?;
    }
    swap.retire(Family::Classifiers, old.data);
    if let Some(sparse) = &old.sparse {
        swap.retire(Family::Classifiers, sparse.vocabulary);
    }
    swap.retire_caches(old.id);
    swap.set_frequencies(frequencies)?;
    swap.writer.put_object(Object::Classifier(trained.clone()))?;
    swap.commit(0)
}

/// A stored sparse row: its entries, then the bias.
fn sparse_bytes(entries: &[(u32, f32)], bias: f32) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    encode_sparse(entries, &mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    bytes.extend_from_slice(&bias.to_le_bytes());
    Ok(bytes)
}

/// The row of a label that no pair taught: its own text's features, scaled so that it competes with trained
/// ones.
pub(crate) fn untrained_row(
    classifier: &ClassifierRecord,
    vocabulary: &Vocabulary,
    text: &str,
) -> Result<Vec<u8>, Error> {
    let mut entries = vocabulary.features(text);
    entries.iter_mut().for_each(|(_, value)| *value *= classifier.scale as f32);
    sparse_bytes(&entries, classifier.offset as f32)
}

//! TRAIN INDEX: the two stages of ELIAS over a cluster graph, and the classifier that is trained with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use argtop_query::plan::Train;
use argtop_storage::{ClassifierRecord, Family, IndexRecord, Link, Object, ObjectId, TableRecord};

use super::checkpoint::StateFile;
use super::classifier::{class_object, new_row, ranked_rows_biased, write_rows};
use super::course::{run_course, watched};
use super::embeddings::encoded;
use super::labels::{generator, label_vectors};
use super::lesson::{self, LabelNumbers, Lesson};
use super::lever::{LeverAsked, augmented};
use super::memory::{expect_room, trained_rows};
use super::options::{Common, TrainOptions};
use super::reciprocal::Reciprocal;
use super::swap::{Frequencies, Swap, remarks};
use crate::build;
use crate::ddl::index::{graph_statistics, put_newer_edges, store_graph};
use crate::error::Error;
use crate::execute::Run;
use crate::index::EliasArrays;
use crate::physical::{VectorColumn, VectorSource};
use crate::train::{
    Calibration, Csr, EdgeStart, EliasLearner, EliasOptions, EliasParameters, EliasStage, PARTITION_SCALE,
    Pairs, Points, Summary, TrainedElias, Vectors, approximate_adjacency, calibrate, cluster_count,
    connect_labels, initial_partition, label_centroids,
};

/// Which stages to run.
#[derive(Clone, Copy, PartialEq)]
enum Stages {
    Both,
    Partition,
    Adjacency,
    /// Goes on from the graph as it is, edges included.
    Again,
}

/// What the statement asks for.
struct Asked {
    stages: Stages,
    classifier: Option<String>,
    clusters: Option<u64>,
    kappa: usize,
    edges_per_label: usize,
    partition: EliasOptions,
    adjacency: EliasOptions,
    lever: Option<LeverAsked>,
    common: Common,
    reciprocal: Reciprocal,
    used: BTreeMap<String, String>,
}

fn asked(run: &Run, plan: &Train, index: &IndexRecord) -> Result<Asked, Error> {
    let mut reader = TrainOptions::new("TRAIN INDEX", &plan.options);
    let common = reader.common()?;
    let stages = match reader.word("stage", &["both", "partition", "adjacency", "again"], "both")? {
        "partition" => Stages::Partition,
        "adjacency" => Stages::Adjacency,
        "again" => Stages::Again,
        _ => Stages::Both,
    };
    let built = |name: &str, default: f64| {
        index.statistics.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let defaults = EliasOptions::new(EliasStage::Partition);
    let most = u64::from(run.inner.limits.clusters_max);
    let window = run.inner.limits.window_max;
    let partition = EliasOptions {
        beam: reader.count("beam", (1, most), defaults.beam as u64)? as usize,
        shortlist: reader.count("shortlist", (1, window), defaults.shortlist as u64)? as usize,
        alpha: reader.number("alpha", (1e-6, 1e6), built("alpha", defaults.alpha))?,
        beta: reader.number("beta", (1e-6, 1e6), built("beta", defaults.beta))?,
        epochs: reader.count("partition_epochs", (1, 100_000), 5)? as usize,
        lr: reader.number("lr", (0.0, 1e3), f64::from(defaults.lr))? as f32,
        lr_classifier: reader.number("lr_classifier", (0.0, 1e3), f64::from(defaults.lr_classifier))? as f32,
        batch: reader.count("batch", (1, 1 << 16), defaults.batch as u64)? as usize,
        dropout: reader.number("dropout", (0.0, 0.99), f64::from(defaults.dropout))? as f32,
        weight_decay: reader.number("weight_decay", (0.0, 10.0), f64::from(defaults.weight_decay))? as f32,
        warmup: reader.number("warmup", (0.0, 1.0), f64::from(defaults.warmup))? as f32,
        seed: common.seed,
        ..defaults
    };
    let second = EliasOptions::new(EliasStage::Adjacency);
    let adjacency = EliasOptions {
        stage: EliasStage::Adjacency,
        epochs: reader.count("epochs", (1, 100_000), second.epochs as u64)? as usize,
        shortlist_loss: reader.number("shortlist_loss", (0.0, 1e3), second.shortlist_loss)?,
        start: match reader.word("start", &["approximate", "random"], "approximate")? {
            "random" => EdgeStart::Random,
            _ => EdgeStart::Approximate,
        },
        ..partition.clone()
    };
    Ok(Asked {
        stages,
        classifier: reader.text("classifier")?,
        clusters: reader.optional_count("clusters", (1, most))?,
        kappa: reader.count("kappa", (1, u64::from(u32::MAX)), 1_000)? as usize,
        edges_per_label: reader.count("edges_per_label", (1, 1_000), 2)? as usize,
        partition,
        adjacency,
        lever: LeverAsked::read(&mut reader)?,
        common,
        reciprocal: Reciprocal::read(&mut reader)?,
        used: reader.finish()?,
    })
}

/// What a training works on.
struct Ground<'a> {
    run: &'a Run,
    points: &'a Points,
    pairs: &'a Pairs,
    labels: &'a LabelNumbers,
    embeddings: &'a Vectors,
    /// What a kept state must have been made from.
    fingerprint: String,
    index: ObjectId,
    asked: &'a Asked,
}

/// TRAIN INDEX.
pub(super) fn train(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    let index = run.view.index(&plan.name)?;
    if index.method != "elias" {
        return Err(Error::value(
            format!("index {} is {}: it has nothing to learn", plan.name, index.method),
            "TRAIN INDEX takes an elias index; REINDEX builds the others again",
        ));
    }
    let asked = asked(run, plan, &index)?;
    let table = run.view.table_of(index.table)?;
    let VectorSource::Column(column) = run.view.source_of(&index)? else {
        return Err(Error::Internal(format!("{} orders no column", plan.name)));
    };
    let (_, model) = generator(run, &table, &column)?;
    let labels = LabelNumbers::new(run, &table)?;
    let clusters = clusters_asked(&asked, &index, &labels);
    let rows = trained_rows(labels.len() + clusters, column.dimension);
    let edges = (clusters * asked.kappa.min(labels.len()) * 20) as u64;
    expect_room(run, "training this cluster graph", rows + edges)?;
    let lesson = lesson::read(run, plan, (&table, &labels), asked.reciprocal, job)?;
    let points = Arc::new(encoded(run, &model, &lesson.texts, true)?);
    let embeddings = label_vectors(run, &table, &column, &labels.slots)?;
    let classifier = asked.classifier.as_deref().map(|name| trained_beside(run, name, &index)).transpose()?;
    let (points, pairs) = match &asked.lever {
        Some(lever) => {
            augmented(run, (&table, &column), (&labels, &embeddings), (&lesson, &points), lever, job)?
        }
        None => (Points::new(vec![points])?, lesson.pairs.clone()),
    };
    let ground = Ground {
        run,
        points: &points,
        pairs: &pairs,
        labels: &labels,
        embeddings: &embeddings,
        fingerprint: lesson.fingerprint(
            &asked.used,
            (&labels, &column),
            &format!("{} {:?}", plan.name, index.data),
        ),
        index: index.id,
        asked: &asked,
    };
    // The line from similarities to logits, by which rows begin and those of later labels compete.
    let line = watched(run, "fitting logits to similarities", |control| {
        calibrate(control, ground.points, ground.embeddings, ground.pairs, asked.common.seed)
    })?;
    let start = start(&ground, &table, &index, classifier.as_ref().map(|(_, record)| record), line)?;
    let (trained, summary, states) = stages(&ground, start)?;
    let mut statistics = asked.used.clone();
    let mut notes = remarks(&lesson, &summary, &mut statistics);
    notes.push(format!("{} edges of {} clusters", trained.adjacency.entries(), trained.adjacency.rows()));
    let installed = Installed { trained, line, statistics, lesson: &lesson };
    notes.extend(install(&ground, (&table, &column), &index, classifier, installed)?);
    for state in states {
        state.forget().map_err(lesson::scratch_error)?;
    }
    Ok(notes)
}

/// The classifier that is trained with the graph: logits with biases over the same column.
fn trained_beside(
    run: &Run,
    name: &str,
    index: &IndexRecord,
) -> Result<(Arc<Object>, ClassifierRecord), Error> {
    let (object, record) = class_object(run, name)?;
    let fits = record.link == Link::Sigmoid && record.sparse.is_none() && Some(record.column) == index.column;
    if !fits || !record.bias {
        return Err(Error::value(
            format!("classifier {name} cannot be trained with index {}", index.name),
            "it takes one of the same column with link = 'sigmoid' and bias = true",
        ));
    }
    Ok((object, record))
}

/// The numbers to start from.
fn start(
    ground: &Ground<'_>,
    table: &TableRecord,
    index: &IndexRecord,
    classifier: Option<&ClassifierRecord>,
    line: Calibration,
) -> Result<EliasParameters, Error> {
    let run = ground.run;
    let fresh = matches!(ground.asked.stages, Stages::Both | Stages::Partition);
    let kept = classifier.filter(|classifier| !fresh && classifier.statistics.contains_key("trained_points"));
    let (rows, biases) = match kept {
        Some(classifier) => ranked_rows_biased(run, table, classifier, ground.labels)?,
        None => {
            let count = ground.labels.len();
            let rows = ground.embeddings.values().iter().map(|value| value * line.scale).collect();
            (rows, vec![line.offset; count])
        }
    };
    let mut parameters = if fresh {
        partition(ground, index)?
    } else {
        let graph = run.view.cluster_graph(table, index)?;
        stored(&graph, ground.labels)?
    };
    parameters.classifier = rows;
    parameters.classifier_biases = biases;
    connected(ground, parameters)
}

/// Gives every label without an edge edges of its own.
fn connected(ground: &Ground<'_>, mut parameters: EliasParameters) -> Result<EliasParameters, Error> {
    let edges = ground.asked.edges_per_label;
    watched(ground.run, "connecting labels", |control| {
        connect_labels(&mut parameters, ground.embeddings, edges, control.cancelled)?;
        Ok(parameters)
    })
}

/// The number of clusters: as asked for, as built with, or by the number of labels.
fn clusters_asked(asked: &Asked, index: &IndexRecord, labels: &LabelNumbers) -> usize {
    let built = index.options.get("clusters").and_then(|text| text.parse::<u64>().ok());
    asked.clusters.or(built).map_or_else(|| cluster_count(labels.len()), |count| count as usize)
}

/// A balanced partition of the labels by where their documents lie: the beginning of stage 1.
fn partition(ground: &Ground<'_>, index: &IndexRecord) -> Result<EliasParameters, Error> {
    let (asked, labels) = (ground.asked, ground.labels);
    let clusters = clusters_asked(asked, index, labels);
    let arrays = watched(ground.run, "clustering labels", |control| {
        let centroids = label_centroids(ground.points, &ground.pairs.targets, ground.embeddings)?;
        initial_partition(
            control,
            &centroids,
            ground.points.dimension(),
            &labels.slots,
            clusters,
            asked.common.seed,
            PARTITION_SCALE,
            asked.partition.alpha,
            asked.partition.beta,
        )
    })?;
    by_number(&arrays, labels)
}

/// The graph as it is, with the edges of labels that came later.
fn stored(graph: &crate::view::Graph, labels: &LabelNumbers) -> Result<EliasParameters, Error> {
    let view = graph.view()?;
    let mut arrays = EliasArrays { dimension: view.dimension(), offsets: vec![0], ..Default::default() };
    (arrays.weights, arrays.biases) = (view.weights().to_vec(), view.biases().to_vec());
    for cluster in (0u32..).take(view.clusters()) {
        let (slots, values) = view.row(cluster);
        let mut row: Vec<(u32, f32)> = slots.iter().copied().zip(values.iter().copied()).collect();
        row.extend(graph.newer().get(&cluster).into_iter().flatten());
        row.sort_by_key(|(slot, _)| *slot);
        arrays.slots.extend(row.iter().map(|(slot, _)| *slot));
        arrays.values.extend(row.iter().map(|(_, value)| *value));
        arrays.offsets.push(arrays.slots.len() as u64);
    }
    by_number(&arrays, labels)
}

/// A graph over slots as one over the numbers of live labels; edges of others are left out.
fn by_number(arrays: &EliasArrays, labels: &LabelNumbers) -> Result<EliasParameters, Error> {
    let mut adjacency = Csr::new(labels.len());
    for range in arrays.offsets.windows(2) {
        let range = range[0] as usize..range[1] as usize;
        let edges = arrays.slots[range.clone()].iter().zip(&arrays.values[range]);
        let numbered = edges.filter_map(|(slot, value)| {
            labels.slots.binary_search(slot).ok().map(|number| (number as u32, *value))
        });
        adjacency.push(&mut numbered.collect());
    }
    Ok(EliasParameters {
        weights: arrays.weights.clone(),
        biases: arrays.biases.clone(),
        adjacency,
        classifier: Vec::new(),
        classifier_biases: Vec::new(),
    })
}

/// Runs the stages that were asked for; gives their summary as one, and the states to forget.
fn stages(
    ground: &Ground<'_>,
    start: EliasParameters,
) -> Result<(TrainedElias, Summary, Vec<StateFile>), Error> {
    let asked = ground.asked;
    let mut states = Vec::new();
    let mut all = Summary::default();
    let mut parameters = start;
    if matches!(asked.stages, Stages::Both | Stages::Partition) {
        let (trained, summary) = stage(ground, "partition", &asked.partition, parameters, &mut states)?;
        all = summary;
        if asked.stages == Stages::Partition {
            return Ok((trained, all, states));
        }
        parameters = parameters_of(trained);
    }
    let again = asked.stages == Stages::Again;
    if !again {
        let options = &asked.adjacency;
        parameters.adjacency = watched(ground.run, "finding edges", |control| {
            approximate_adjacency(
                ground.points,
                &ground.pairs.targets,
                &parameters.weights,
                &parameters.biases,
                options.alpha,
                options.beam,
                asked.kappa,
                control.cancelled,
            )
        })?;
        parameters = connected(ground, parameters)?;
    }
    let start = if again { EdgeStart::Stored } else { asked.adjacency.start };
    let options = EliasOptions { start, ..asked.adjacency.clone() };
    let (trained, summary) = stage(ground, "adjacency", &options, parameters, &mut states)?;
    all.losses.extend(summary.losses);
    all.steps += summary.steps;
    all.seconds += summary.seconds;
    all.first_epoch = all.first_epoch.max(summary.first_epoch);
    Ok((trained, all, states))
}

fn parameters_of(trained: TrainedElias) -> EliasParameters {
    EliasParameters {
        weights: trained.weights,
        biases: trained.biases,
        adjacency: trained.adjacency,
        classifier: trained.classifier,
        classifier_biases: trained.classifier_biases,
    }
}

fn stage(
    ground: &Ground<'_>,
    name: &str,
    options: &EliasOptions,
    parameters: EliasParameters,
    states: &mut Vec<StateFile>,
) -> Result<(TrainedElias, Summary), Error> {
    let mut learner = EliasLearner::new(options.clone(), ground.points.clone(), ground.pairs, parameters)?;
    let mut state = StateFile::new(
        ground.run.inner.store.scratch(),
        ground.index,
        name,
        format!("{}-{name}", ground.fingerprint),
        ground.asked.common.resume,
        ground.asked.common.checkpoint,
    );
    let what = format!("training the cluster graph, {name}");
    let summary = run_course(ground.run, &what, &mut learner, &mut state)?;
    states.push(state);
    Ok((learner.finish(), summary))
}

/// What a training gives.
struct Installed<'a> {
    trained: TrainedElias,
    line: Calibration,
    statistics: BTreeMap<String, String>,
    lesson: &'a Lesson,
}

/// Swaps graph and classifier in with one commit; gives the remarks of the swap.
fn install(
    ground: &Ground<'_>,
    (table, column): (&TableRecord, &VectorColumn),
    index: &IndexRecord,
    classifier: Option<(Arc<Object>, ClassifierRecord)>,
    installed: Installed<'_>,
) -> Result<Vec<String>, Error> {
    let (run, labels, trained) = (ground.run, ground.labels, &installed.trained);
    let graph = trained.arrays(&labels.slots)?;
    let slot_end = run.view.snapshot().slot_end(table.id);
    let data = store_graph(run, &graph)?;
    let sealed = build::write_graph(&run.view, index.id, &graph, slot_end)?;
    let frequencies = Frequencies::write(run, labels, &installed.lesson.pairs.targets)?;
    let rows = match classifier {
        Some((object, old)) => Some(classifier_rows(ground, (object, old), &installed)?),
        None => None,
    };
    let old = Object::Index(index.clone());
    let mut swap = Swap::begin(run, &old)?;
    let mut statistics = graph_statistics(&graph, slot_end, "trained");
    statistics.extend(installed.statistics);
    let record =
        IndexRecord { data: Some(data), built_seq: run.view.snapshot().seq(), statistics, ..index.clone() };
    if let Some(old) = index.data {
        for family in [Family::ClusterWeights, Family::ClusterEdges, Family::LabelEdges] {
            swap.retire(family, old);
        }
    }
    swap.retire_caches(index.id);
    swap.writer.put_object(Object::Index(record.clone()))?;
    swap.writer.publish(sealed)?;
    let now = swap.view.column_rows(&swap.table, column)?;
    let newer: Vec<u32> = swap.newer(labels)?;
    put_newer_edges(&mut swap.writer, &now, (&graph, &newer), &record)?;
    let mut written = 0;
    if let Some((object, fresh)) = rows {
        written = labels.len() as u64;
        swap_classifier(&mut swap, &object, &fresh, &now, &newer)?;
    }
    swap.set_frequencies(frequencies)?;
    swap.commit(written)
}

/// The trained rows of the classifier, written aside.
fn classifier_rows(
    ground: &Ground<'_>,
    (object, old): (Arc<Object>, ClassifierRecord),
    Installed { trained, line, statistics, .. }: &Installed<'_>,
) -> Result<(Arc<Object>, ClassifierRecord), Error> {
    let (run, labels) = (ground.run, ground.labels);
    let fresh = ClassifierRecord {
        data: run.inner.store.allocate()?,
        scale: f64::from(line.scale),
        offset: f64::from(line.offset),
        adapter: None,
        statistics: statistics.clone(),
        ..old
    };
    write_rows(run, &fresh, labels, &trained.classifier, &trained.classifier_biases)?;
    Ok((object, fresh))
}

/// Puts a freshly written classifier in the place of the old one, within a commit.
fn swap_classifier(
    swap: &mut Swap<'_>,
    object: &Object,
    fresh: &ClassifierRecord,
    now: &crate::view::Dense,
    newer: &[u32],
) -> Result<(), Error> {
    let Object::Classifier(old) = object else {
        return Err(Error::Internal(format!("{} is no classifier", object.name())));
    };
    swap.expect(object)?;
    for slot in newer {
        let bytes = new_row(fresh, None, now, *slot)?;
        swap.writer.put_row(Family::Classifiers, fresh.data, *slot, &bytes)?;
    }
    swap.replace_classifier(old, fresh)
}

//! The sparse ranker against its objective, written out, and against hostile input.

use super::*;

/// Runs without being stopped.
const FREE: BuildControl<'static> = BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 2 };

fn matrix(width: usize, rows: &[&[(u32, f32)]]) -> Csr {
    let mut csr = Csr::new(width);
    rows.iter().for_each(|row| csr.push(&mut row.to_vec()));
    csr
}

fn random_matrix(random: &mut fastrand::Rng, rows: usize, width: u32, per_row: usize) -> Csr {
    let mut csr = Csr::new(width as usize);
    for _ in 0..rows {
        csr.push(&mut (0..per_row).map(|_| (random.u32(..width), 1.0)).collect());
    }
    csr
}

/// A random data set: documents are made of the terms of their labels and of noise.
struct Set {
    features: Csr,
    points: Vectors,
    label_features: Csr,
    label_points: Vectors,
    targets: Csr,
    candidates: Csr,
}

impl Set {
    fn new(seed: u64, documents: usize, labels: u32) -> Set {
        let mut random = fastrand::Rng::with_seed(seed);
        let label_features = random_matrix(&mut random, labels as usize, 60, 3);
        // The last label has no document.
        let targets = random_matrix(&mut random, documents, labels - 1, 2);
        let targets = Csr { width: labels as usize, ..targets };
        let (mut features, mut candidates) = (Csr::new(60), Csr::new(labels as usize));
        for document in 0..documents {
            let mut terms: Vec<(u32, f32)> = vec![(random.u32(..60), 0.3), (random.u32(..60), 0.3)];
            for label in targets.row(document).0 {
                let own = label_features.row(*label as usize).0;
                terms.extend(own.iter().map(|term| (*term, 0.5)));
            }
            features.push(&mut terms);
            candidates.push(&mut (0..8).map(|_| (random.u32(..labels), 1.0)).collect());
        }
        let mut dense =
            |rows: usize| Vectors::new(4, (0..rows * 4).map(|_| random.f32() - 0.5).collect::<Vec<_>>());
        let (points, label_points) = (dense(documents), dense(labels as usize));
        Set { features, points, label_features, label_points, targets, candidates }
    }

    fn examples(&self, embedding: bool) -> SparseExamples<'_> {
        SparseExamples {
            features: &self.features,
            points: embedding.then_some(&self.points),
            label_features: &self.label_features,
            label_points: embedding.then_some(&self.label_points),
            targets: &self.targets,
            candidates: &self.candidates,
            weights: None,
        }
    }
}

/// Options that solve to the end and prune nothing.
fn exact() -> SparseOptions {
    let (threshold, embedding_threshold) = (0.0, 0.0);
    SparseOptions {
        cost: 3.0,
        positive: 2.0,
        epochs: 5_000,
        tolerance: 1e-8,
        threshold,
        embedding_threshold,
        ..SparseOptions::default()
    }
}

fn pairs(row: (&[u32], &[f32])) -> Vec<(u32, f32)> {
    row.0.iter().copied().zip(row.1.iter().copied()).collect()
}

/// Half the squared weights and the squared hinge losses of a label, from the definition, with dense
/// vectors and the costs of [`exact`].
fn objective(set: &Set, embedding: bool, label: usize, row: &[(u32, f32)], bias: f64) -> f64 {
    let mut weights = vec![0.0f64; 60 + 4];
    row.iter().for_each(|(column, value)| weights[*column as usize] = f64::from(*value));
    let product = |terms: (&[u32], &[f32]), point: &[f32]| {
        let mut x = vec![0.0f64; 60 + 4];
        terms.0.iter().zip(terms.1).for_each(|(term, value)| x[*term as usize] = f64::from(*value));
        if embedding {
            x[60..].iter_mut().zip(point).for_each(|(x, value)| *x = f64::from(*value));
        }
        bias + x.iter().zip(&weights).map(|(x, weight)| x * weight).sum::<f64>()
    };
    let hinge = |margin: f64| (1.0 - margin).max(0.0).powi(2);
    let own = product(set.label_features.row(label), set.label_points.row(label));
    let mut sum =
        0.5 * (bias * bias + weights.iter().map(|weight| weight * weight).sum::<f64>()) + 9.0 * hinge(own);
    for document in 0..set.features.rows() {
        let score = product(set.features.row(document), set.points.row(document));
        let has = |matrix: &Csr| matrix.row(document).0.contains(&(label as u32));
        if has(&set.targets) {
            sum += 6.0 * hinge(score);
        } else if has(&set.candidates) {
            sum += 3.0 * hinge(-score);
        }
    }
    sum
}

#[test]
fn rows_are_minima_of_the_objective_of_their_label() {
    for embedding in [false, true] {
        let set = Set::new(7, 200, 20);
        let ranker = train_sparse(set.examples(embedding), &exact(), &FREE).unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        for label in 0..19 {
            let row = pairs(ranker.rows.row(label));
            let bias = f64::from(ranker.biases[label]);
            let least = objective(&set, embedding, label, &row, bias);
            for _ in 0..20 {
                let mut moved = row.clone();
                moved.iter_mut().for_each(|(_, value)| *value += (random.f32() - 0.5) * 2e-2);
                let other = objective(&set, embedding, label, &moved, bias + (random.f64() - 0.5) * 1e-2);
                assert!(other > least, "label {label}: {other} {least}");
            }
        }
    }
}

#[test]
fn positives_are_ranked_over_their_hard_negatives() {
    let set = Set::new(3, 400, 30);
    let ranker = train_sparse(set.examples(false), &SparseOptions::default(), &FREE).unwrap();
    let (mut right, mut all) = (0, 0);
    for document in 0..400 {
        let query = pairs(set.features.row(document));
        let targets = set.targets.row(document).0;
        let score = |label: &u32| ranker.score(*label as usize, &query, &[]);
        for other in set.candidates.row(document).0.iter().filter(|label| !targets.contains(label)) {
            right += targets.iter().filter(|target| score(target) > score(other)).count();
            all += targets.len();
        }
    }
    assert!(right * 100 > all * 95, "{right} of {all}");
}

#[test]
fn a_score_is_the_product_with_the_row() {
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..300 {
        let mut pick = |below: u32, count: usize| {
            let mut row = Csr::new(below as usize);
            row.push(&mut (0..count).map(|_| (random.u32(..below), random.f32() - 0.5)).collect());
            pairs(row.row(0))
        };
        let (row, query) = (pick(50 + 6, 20), pick(50, 15));
        let embedding: Vec<f32> = (0..6).map(|_| random.f32() - 0.5).collect();
        let (columns, values): (Vec<u32>, Vec<f32>) = row.iter().copied().unzip();
        let mut dense = vec![0.0f64; 56];
        query.iter().for_each(|(term, value)| dense[*term as usize] = f64::from(*value));
        let product = |x: &[f64]| row.iter().fold(0.25, |sum, (at, w)| sum + f64::from(*w) * x[*at as usize]);
        let expected = product(&dense);
        assert_eq!(sparse_score(&columns, &values, 0.25, 50, &query, &[]), expected);
        dense[50..].iter_mut().zip(&embedding).for_each(|(x, value)| *x = f64::from(*value));
        assert_eq!(sparse_score(&columns, &values, 0.25, 50, &query, &embedding), product(&dense));
        let prepared = SparseQuery::new(50, &query, &embedding);
        assert_eq!(prepared.score(&columns, &values, 0.25), product(&dense));
        // An embedding that is too short counts nothing where it ends.
        dense[52..].fill(0.0);
        assert_eq!(sparse_score(&columns, &values, 0.25, 50, &query, &embedding[..2]), product(&dense));
    }
    assert_eq!(sparse_score(&[], &[], -1.0, 50, &[(3, 1.0)], &[0.5]), -1.0);
}

#[test]
fn a_prepared_query_scores_short_and_long_rows_alike() {
    let mut random = fastrand::Rng::with_seed(6);
    let terms = 300_000;
    for length in [0, 1, 30, 3_000, 100_000] {
        // Many columns share the low bits of a term of the query.
        let query: Vec<(u32, f32)> =
            (0..20).map(|at| (at * 9_000 + random.u32(..9_000), random.f32())).collect();
        let mut row = Csr::new(terms);
        let near =
            query.iter().take(length).flat_map(|(term, _)| [(*term, -0.5), ((term + 65_536) % 300_000, 0.5)]);
        let others = (0..length).map(|_| (random.u32(..300_000), random.f32()));
        row.push(&mut near.chain(others).collect());
        let (columns, values) = row.row(0);
        let expected = sparse_score(columns, values, 0.5, terms, &query, &[]);
        assert_eq!(SparseQuery::new(terms, &query, &[]).score(columns, values, 0.5), expected);
        let short = &query[..1];
        let expected = sparse_score(columns, values, 0.5, terms, short, &[]);
        assert_eq!(SparseQuery::new(terms, short, &[]).score(columns, values, 0.5), expected);
    }
}

#[test]
fn small_weights_are_dropped() {
    let set = Set::new(5, 200, 20);
    let all = train_sparse(set.examples(true), &exact(), &FREE).unwrap();
    let options = SparseOptions { threshold: 0.2, embedding_threshold: 0.05, ..exact() };
    let pruned = train_sparse(set.examples(true), &options, &FREE).unwrap();
    for label in 0..19 {
        let mut row = pairs(all.rows.row(label));
        row.retain(|(column, value)| value.abs() >= if *column < 60 { 0.2 } else { 0.05 });
        assert_eq!(pairs(pruned.rows.row(label)), row);
    }
    assert_eq!(pruned.biases, all.biases);
    assert!(pruned.rows.entries() < all.rows.entries());
}

#[test]
fn a_label_without_documents_is_scored_by_its_text() {
    let set = Set::new(11, 600, 30);
    let ranker = train_sparse(set.examples(false), &SparseOptions::default(), &FREE).unwrap();
    let own = pairs(set.label_features.row(29));
    let (row, bias) = ranker.untrained_row(&own, &[]);
    assert_eq!((pairs(ranker.rows.row(29)), ranker.biases[29]), (row.clone(), bias));
    assert!(ranker.scale > 0.0 && ranker.offset < 0.0, "{ranker:?}");
    for ((column, value), (term, weight)) in row.iter().zip(&own) {
        assert_eq!((column, *value), (term, weight * ranker.scale));
    }
    let with = train_sparse(set.examples(true), &SparseOptions::default(), &FREE).unwrap();
    let (row, _) = with.untrained_row(&own, set.label_points.row(29));
    let dense: Vec<f32> = set.label_points.row(29).iter().map(|value| value * with.embedding_scale).collect();
    assert_eq!(row[own.len()..], [(60, dense[0]), (61, dense[1]), (62, dense[2]), (63, dense[3])]);
    // A label that loses its documents is still found for most of them, as its text tells.
    let mut targets = set.targets.clone();
    let keep: Vec<bool> = targets.columns.iter().map(|label| *label != 0).collect();
    for document in 0..targets.rows() {
        let gone = keep[..set.targets.offsets[document + 1]].iter().filter(|keep| !**keep).count();
        targets.offsets[document + 1] -= gone;
    }
    let mut kept = keep.iter();
    targets.columns.retain(|_| *kept.next().unwrap());
    targets.values.truncate(targets.columns.len());
    let without = SparseExamples { targets: &targets, ..set.examples(false) };
    let ranker = train_sparse(without, &SparseOptions::default(), &FREE).unwrap();
    let score = |document: usize| ranker.score(0, &pairs(set.features.row(document)), &[]);
    let has = |document: &usize| set.targets.row(*document).0.contains(&0);
    let mean = |documents: &[usize]| {
        documents.iter().map(|document| score(*document)).sum::<f64>() / documents.len() as f64
    };
    let (with, others): (Vec<usize>, Vec<usize>) = (0..600).partition(has);
    assert!(mean(&with) > 0.0 && mean(&others) < -0.5, "{} {}", mean(&with), mean(&others));
}

#[test]
fn the_fit_of_untrained_rows_is_a_minimum() {
    let mut random = fastrand::Rng::with_seed(2);
    let pairs: Vec<Pair> = (0..500)
        .map(|_| {
            let sign = if random.f64() < 0.2 { 1.0 } else { -1.0 };
            let x = [random.f64() * (1.3 + sign), random.f64() + 0.1 * sign, 1.0];
            Pair { x, sign, cost: 0.5 + random.f64() }
        })
        .collect();
    let loss = |factors: [f64; 3]| {
        let margin = |pair: &Pair| pair.sign * (0..3).map(|at| factors[at] * pair.x[at]).sum::<f64>();
        pairs.iter().map(|pair| pair.cost * (1.0 - margin(pair)).max(0.0).powi(2)).sum::<f64>()
    };
    let found = fit(&pairs);
    for at in 0..3 {
        for by in [-1e-2, 1e-2] {
            let mut moved = found;
            moved[at] += by;
            assert!(loss(moved) > loss(found), "{found:?}, {at} moved by {by}");
        }
    }
    assert_eq!(fit(&[]), [1.0, 1.0, -1.0]);
}

#[test]
fn any_number_of_threads_gives_the_same_rows_and_negatives_are_capped() {
    let set = Set::new(9, 500, 40);
    let options = SparseOptions { negatives: 10, seed: 3, ..SparseOptions::default() };
    let on = |threads, options: SparseOptions| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train_sparse(set.examples(true), &options, &FREE).unwrap())
    };
    let one = on(1, options);
    assert_eq!(one, on(2, options));
    assert_ne!(one, on(1, SparseOptions { seed: 4, ..options }));
    assert_ne!(one, on(1, SparseOptions { negatives: 1_000, ..options }));
}

#[test]
fn documents_count_by_their_weights() {
    let set = Set::new(11, 300, 20);
    let options = exact();
    let rows = |examples: SparseExamples<'_>| train_sparse(examples, &options, &FREE).unwrap();
    let plain = rows(set.examples(true));
    assert_eq!(rows(SparseExamples { weights: Some(&[1.0; 300]), ..set.examples(true) }), plain);
    // A document of weight 0 is as one without labels and candidates.
    let weights: Vec<f32> = (0..300).map(|document| [2.0, 0.0, 2.0][document % 3]).collect();
    let without = |matrix: &Csr| {
        let mut kept = Csr::new(matrix.width);
        for (document, weight) in weights.iter().enumerate() {
            kept.push(&mut if *weight > 0.0 { pairs(matrix.row(document)) } else { Vec::new() });
        }
        kept
    };
    let (targets, candidates) = (without(&set.targets), without(&set.candidates));
    let fewer = SparseExamples { targets: &targets, candidates: &candidates, ..set.examples(true) };
    let doubled = SparseOptions { cost: options.cost * 2.0, own_text: options.own_text / 2.0, ..options };
    let expected = train_sparse(fewer, &doubled, &FREE).unwrap();
    let found = rows(SparseExamples { weights: Some(&weights), ..set.examples(true) });
    assert_eq!(found.biases, expected.biases);
    assert_eq!(found.rows, expected.rows);
    assert_ne!(found.rows, plain.rows);
}

#[test]
fn what_cannot_be_trained_on_is_refused() {
    let set = Set::new(1, 20, 5);
    let refused = |examples: SparseExamples<'_>, options: SparseOptions, expected: &str| {
        let error = train_sparse(examples, &options, &FREE).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let (good, options) = (set.examples(true), SparseOptions::default());
    let short = matrix(5, &[&[(0, 1.0)]]);
    refused(SparseExamples { targets: &short, ..good }, options, "targets are 1 x 5, not 20 x 5");
    refused(SparseExamples { candidates: &short, ..good }, options, "candidates are 1 x 5");
    refused(SparseExamples { label_features: &short, ..good }, options, "features of the labels are 1 x 5");
    refused(SparseExamples { points: Some(&set.label_points), ..good }, options, "documents are 5 x 4");
    refused(SparseExamples { points: None, ..good }, options, "labels are 5 x 4, not 5 x 0");
    let wild = Vectors::new(4, vec![f32::NAN; 80]);
    refused(SparseExamples { points: Some(&wild), ..good }, options, "number 0 of vector 0 is NaN");
    let mut features = set.features.clone();
    features.values[3] = f32::INFINITY;
    refused(
        SparseExamples { features: &features, ..good },
        options,
        "feature of the documents is not finite",
    );
    let mut targets = set.targets.clone();
    targets.values[0] = 0.0;
    refused(SparseExamples { targets: &targets, ..good }, options, "a target counts 0");
    refused(SparseExamples { weights: Some(&[1.0; 19]), ..good }, options, "19 weights were given for 20");
    refused(good, SparseOptions { cost: 0.0, ..options }, "cost: 0.0");
    refused(good, SparseOptions { threshold: f32::NAN, ..options }, "threshold: NaN");
    refused(good, SparseOptions { epochs: 0, ..options }, "epochs: 0");
    let stopped = BuildControl { cancelled: &|| true, ..FREE };
    assert_eq!(train_sparse(good, &options, &stopped), Err(TrainError::Cancelled));
}

#[test]
fn nothing_to_train_on_gives_an_empty_ranker() {
    let (features, none) = (matrix(3, &[]), matrix(2, &[]));
    let label_features = matrix(3, &[&[(1, 1.0)], &[]]);
    let (points, label_points) = (None, None);
    let examples = SparseExamples {
        features: &features,
        points,
        label_features: &label_features,
        label_points,
        targets: &none,
        candidates: &none,
        weights: None,
    };
    let ranker = train_sparse(examples, &SparseOptions::default(), &FREE).unwrap();
    assert_eq!((ranker.score(0, &[(1, 1.0)], &[]), ranker.score(1, &[(1, 1.0)], &[])), (0.0, -1.0));
}

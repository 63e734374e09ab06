//! The rows with the greatest inner products, for many queries at once.
//!
//! Rows are cut into balanced clusters; a query is compared with the rows of the clusters whose centroids are
//! nearest to it. Queries that visit one cluster are multiplied with its rows together, so nearly all work is
//! matrix products: O(D (C + beam 100)) a query for C clusters of 100 rows. Few rows are compared outright.

use rayon::prelude::*;

use super::cluster::balanced_clusters;
use super::control::{BuildControl, TrainError};
use super::loss::hardest_negatives;
use crate::kernel::{Layout, first_non_finite, multiply, norm, normalize};

/// Up to so many rows are compared outright.
const ROWS_EXACT: usize = 4096;
/// Rows of a cluster when their number is not given.
const CLUSTER_ROWS: usize = 100;
/// Queries whose work is held in memory at once.
const QUERIES_AT_ONCE: usize = 8192;
/// Queries that one task multiplies with all centroids or all rows.
const QUERIES_PER_TASK: usize = 64;

/// How to look for neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeighborOptions {
    /// Rows wanted for each query.
    pub k: usize,
    /// Clusters that a query visits.
    pub beam: usize,
    /// Number of clusters; one for every 100 rows when `None`, and no clusters up to 4096 rows.
    pub clusters: Option<usize>,
    /// Seed of the clustering.
    pub seed: u64,
}

impl Default for NeighborOptions {
    fn default() -> NeighborOptions {
        NeighborOptions { k: 100, beam: 10, clusters: None, seed: 0 }
    }
}

/// Rows that can be searched.
pub struct Neighbors<'a> {
    rows: &'a [f32],
    dimension: usize,
    options: NeighborOptions,
    partition: Option<Partition>,
}

/// Rows by clusters.
struct Partition {
    /// `[clusters, dimension]`: directions of the clusters, as long as their rows are on average.
    centroids: Vec<f32>,
    /// Rows of each cluster, ascending.
    members: Vec<Vec<u32>>,
}

/// Scores of the queries that visited one cluster.
struct Visit {
    /// `[queries, members]`.
    scores: Vec<f32>,
}

impl<'a> Neighbors<'a> {
    /// Clusters `rows`, `[n, dimension]`, of any length. Only `cancelled` of `control` is used.
    ///
    /// # Errors
    /// [`TrainError::Cancelled`], and what [`balanced_clusters`] refuses.
    pub fn new(
        control: &BuildControl<'_>,
        rows: &'a [f32],
        dimension: usize,
        options: NeighborOptions,
    ) -> Result<Neighbors<'a>, TrainError> {
        check(rows, dimension)?;
        let count = rows.len() / dimension;
        let clusters = options.clusters.unwrap_or(if count <= ROWS_EXACT { 1 } else { count / CLUSTER_ROWS });
        let partition = match clusters.min(count) {
            0 | 1 => None,
            clusters => Some(partition(control, rows, dimension, clusters, options.seed)?),
        };
        Ok(Neighbors { rows, dimension, options, partition })
    }

    /// The best rows of each query of `queries`, `[n, dimension]`, with their inner products, best first; of
    /// equal products the smaller row. Without clusters they are exactly the best.
    ///
    /// # Errors
    /// [`TrainError::Cancelled`], and queries that are not finite or not whole.
    pub fn search(
        &self,
        control: &BuildControl<'_>,
        queries: &[f32],
    ) -> Result<Vec<Vec<(u32, f32)>>, TrainError> {
        check(queries, self.dimension)?;
        let total = (queries.len() / self.dimension) as u64;
        let mut found = Vec::with_capacity(total as usize);
        for chunk in queries.chunks(QUERIES_AT_ONCE * self.dimension) {
            let k = self.options.k;
            found.extend(match &self.partition {
                None => self.best(control, chunk, self.rows, k)?,
                Some(partition) => {
                    let probes = self.best(control, chunk, &partition.centroids, self.options.beam.max(1))?;
                    self.visit(control, chunk, partition, &probes)?
                }
            });
            (control.progress)(found.len() as u64, total);
        }
        Ok(found)
    }

    /// The best of some rows, all compared.
    fn best(
        &self,
        control: &BuildControl<'_>,
        queries: &[f32],
        rows: &[f32],
        k: usize,
    ) -> Result<Vec<Vec<(u32, f32)>>, TrainError> {
        let (dimension, width) = (self.dimension, rows.len() / self.dimension);
        let blocks = queries.par_chunks(QUERIES_PER_TASK * dimension);
        let found: Result<Vec<_>, TrainError> = blocks
            .map(|queries| {
                if (control.cancelled)() {
                    return Err(TrainError::Cancelled);
                }
                let count = queries.len() / dimension;
                let mut scores = vec![0.0f32; count * width];
                let shape = (count, dimension, width);
                multiply(&mut scores, shape, (queries, Layout::Plain), (rows, Layout::Turned), false);
                let best = |scores: &[f32]| {
                    let columns = hardest_negatives(scores, &[], k);
                    columns.into_iter().map(|column| (column, scores[column as usize])).collect::<Vec<_>>()
                };
                Ok((0..count).map(|row| best(&scores[row * width..(row + 1) * width])).collect::<Vec<_>>())
            })
            .collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The best rows of the clusters that each query probes.
    fn visit(
        &self,
        control: &BuildControl<'_>,
        queries: &[f32],
        partition: &Partition,
        probes: &[Vec<(u32, f32)>],
    ) -> Result<Vec<Vec<(u32, f32)>>, TrainError> {
        let mut visitors = vec![Vec::new(); partition.members.len()];
        // Where each query stands among the visitors of each of its clusters.
        let mut places = Vec::with_capacity(probes.len());
        for (query, probes) in probes.iter().enumerate() {
            let mut own = Vec::with_capacity(probes.len());
            for (cluster, _) in probes {
                let visitors = &mut visitors[*cluster as usize];
                own.push((*cluster, visitors.len()));
                visitors.push(query as u32);
            }
            places.push(own);
        }
        let visits: Result<Vec<Visit>, TrainError> = (visitors.par_iter().zip(&partition.members))
            .map(|(visitors, members)| {
                if (control.cancelled)() {
                    return Err(TrainError::Cancelled);
                }
                Ok(Visit { scores: self.multiply(queries, visitors, members) })
            })
            .collect();
        let visits = visits?;
        let k = self.options.k;
        Ok(places
            .par_iter()
            .map(|places| {
                let mut found = Vec::new();
                for (cluster, place) in places {
                    let members = &partition.members[*cluster as usize];
                    let scores = &visits[*cluster as usize].scores[place * members.len()..];
                    found.extend(members.iter().copied().zip(scores.iter().copied()));
                }
                let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
                if k > 0 && k < found.len() {
                    found.select_nth_unstable_by(k - 1, order);
                }
                found.truncate(k);
                found.sort_unstable_by(order);
                found.shrink_to_fit();
                found
            })
            .collect())
    }

    /// Scores of some queries against some rows.
    fn multiply(&self, queries: &[f32], visitors: &[u32], members: &[u32]) -> Vec<f32> {
        let gathered = |from: &[f32], numbers: &[u32]| {
            let mut out = Vec::with_capacity(numbers.len() * self.dimension);
            for number in numbers {
                let start = *number as usize * self.dimension;
                out.extend_from_slice(&from[start..start + self.dimension]);
            }
            out
        };
        let mut scores = vec![0.0f32; visitors.len() * members.len()];
        if visitors.is_empty() {
            return scores;
        }
        let (left, right) = (gathered(queries, visitors), gathered(self.rows, members));
        let shape = (visitors.len(), self.dimension, members.len());
        multiply(&mut scores, shape, (&left, Layout::Plain), (&right, Layout::Turned), false);
        scores
    }
}

/// The `k` rows of `rows` with the greatest inner products for each query, best first; see [`Neighbors`].
///
/// # Errors
/// [`TrainError::Cancelled`], and vectors that are not finite or not whole.
pub fn neighbors(
    control: &BuildControl<'_>,
    queries: &[f32],
    rows: &[f32],
    dimension: usize,
    options: NeighborOptions,
) -> Result<Vec<Vec<(u32, f32)>>, TrainError> {
    Neighbors::new(control, rows, dimension, options)?.search(control, queries)
}

/// Refuses vectors that are not whole or not finite.
fn check(vectors: &[f32], dimension: usize) -> Result<(), TrainError> {
    if dimension == 0 || !vectors.len().is_multiple_of(dimension) {
        return Err(TrainError::Dimension { dimension, numbers: vectors.len() });
    }
    match first_non_finite(vectors) {
        None => Ok(()),
        Some(at) => {
            let (row, position) = (at / dimension, at % dimension);
            Err(TrainError::NotFinite { row, position, value: vectors[at] })
        }
    }
}

/// Clusters rows by direction.
fn partition(
    control: &BuildControl<'_>,
    rows: &[f32],
    dimension: usize,
    clusters: usize,
    seed: u64,
) -> Result<Partition, TrainError> {
    let control = BuildControl { progress: &|_, _| {}, ..*control };
    let lengths: Vec<f32> = rows.par_chunks(dimension).map(|row| norm(row) as f32).collect();
    let of_one_length = lengths.iter().all(|length| (length - 1.0).abs() < 1e-4);
    let mut units = Vec::new();
    if !of_one_length {
        units = rows.to_vec();
        // A row of zeros has no direction and stays.
        units.par_chunks_mut(dimension).for_each(|row| {
            let _ = normalize(row);
        });
    }
    let directions = if of_one_length { rows } else { &units };
    let found = balanced_clusters(&control, directions, dimension, clusters, seed)?;
    let mut members = vec![Vec::new(); clusters];
    for (row, cluster) in (0u32..).zip(&found.of_row) {
        members[*cluster as usize].push(row);
    }
    let mut centroids = found.centroids;
    for (centroid, members) in centroids.chunks_mut(dimension).zip(&members) {
        let sum: f32 = members.iter().map(|row| lengths[*row as usize]).sum();
        let length = sum / members.len().max(1) as f32;
        centroid.iter_mut().for_each(|value| *value *= length);
    }
    Ok(Partition { centroids, members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dot;

    const QUIET: BuildControl<'static> =
        BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };

    /// Rows around centres, of lengths between 0.5 and 1.5.
    fn clustered(rng: &mut fastrand::Rng, centres: &[f32], rows: usize, dimension: usize) -> Vec<f32> {
        let count = centres.len() / dimension;
        let mut out = Vec::new();
        for _ in 0..rows {
            let centre = rng.usize(0..count) * dimension;
            let length = 0.5 + rng.f32();
            out.extend((0..dimension).map(|d| length * (centres[centre + d] + 0.5 * (rng.f32() - 0.5))));
        }
        out
    }

    fn exact(queries: &[f32], rows: &[f32], dimension: usize, k: usize) -> Vec<Vec<u32>> {
        let best = |query: &[f32]| {
            let scores: Vec<f32> = rows.chunks(dimension).map(|row| dot(query, row)).collect();
            let mut order: Vec<u32> = (0..scores.len() as u32).collect();
            order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
            order.truncate(k);
            order
        };
        queries.chunks(dimension).map(best).collect()
    }

    #[test]
    fn few_rows_are_compared_exactly() {
        let mut rng = fastrand::Rng::with_seed(1);
        let rows: Vec<f32> = (0..300 * 8).map(|_| rng.f32() - 0.5).collect();
        let queries: Vec<f32> = (0..70 * 8).map(|_| rng.f32() - 0.5).collect();
        let options = NeighborOptions { k: 7, ..NeighborOptions::default() };
        let found = neighbors(&QUIET, &queries, &rows, 8, options).unwrap();
        let expected = exact(&queries, &rows, 8, 7);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.iter().map(|(row, _)| *row).collect::<Vec<_>>(), *expected);
            assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
        }
        let all = neighbors(&QUIET, &queries[..8], &rows[..16], 8, options).unwrap();
        assert_eq!(all[0].len(), 2);
    }

    #[test]
    fn clusters_find_nearly_all_on_any_number_of_threads() {
        let mut rng = fastrand::Rng::with_seed(2);
        let centres: Vec<f32> = (0..120 * 16).map(|_| rng.f32() - 0.5).collect();
        let rows = clustered(&mut rng, &centres, 6000, 16);
        let queries = clustered(&mut rng, &centres, 400, 16);
        let options = NeighborOptions { k: 10, ..NeighborOptions::default() };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| neighbors(&QUIET, &queries, &rows, 16, options).unwrap())
        };
        let found = on(1);
        assert_eq!(found, on(3));
        let expected = exact(&queries, &rows, 16, 10);
        let mut hits = 0;
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.len() == 10 && found.is_sorted_by(|a, b| a.1 >= b.1));
            hits += found.iter().filter(|(row, _)| expected.contains(row)).count();
        }
        assert!(hits > 3600, "{hits} of 4000");
    }

    #[test]
    fn bad_input_is_refused_and_cancelling_stops() {
        let options = NeighborOptions { clusters: Some(2), ..NeighborOptions::default() };
        let error = neighbors(&QUIET, &[1.0, f32::NAN], &[1.0; 8], 2, options).unwrap_err();
        assert!(matches!(error, TrainError::NotFinite { row: 0, position: 1, .. }));
        let error = neighbors(&QUIET, &[1.0], &[1.0; 8], 2, options).unwrap_err();
        assert_eq!(error, TrainError::Dimension { dimension: 2, numbers: 1 });
        let control = BuildControl { cancelled: &|| true, ..QUIET };
        assert_eq!(neighbors(&control, &[1.0; 2], &[1.0; 8], 2, options), Err(TrainError::Cancelled));
        assert_eq!(neighbors(&QUIET, &[1.0; 2], &[0.0; 8], 2, options).unwrap()[0].len(), 4);
        assert_eq!(neighbors(&QUIET, &[1.0; 2], &[], 2, options).unwrap(), [Vec::new()]);
    }
}

//! Balanced hierarchical 2-means over normalised vectors (retrieval.md, section 4).
//!
//! A node of the tree is a set of rows and a number of clusters to cut it into. It is split in two: two
//! random rows are the first centroids; rows are ordered by `v . c1 - v . c2`, the order is cut at the place
//! that gives each side its share, and the centroids become the normalised sums of the sides, until the mean
//! similarity of the rows to their centroid rises by less than 1e-4. Each side is then cut on its own (Prabhu
//! et al., Parabel, WWW 2018, section 4).
//!
//! The result depends on the vectors and the seed alone: similarities are exact products, sums are taken in
//! one order, and every node draws from a generator of its own, so neither the processor nor the threads can
//! be seen in it.

use rayon::prelude::*;

use super::control::{BuildControl, TrainError};
use crate::kernel::{dot_exact, first_non_finite};

/// The most clusters: their numbers are `u32`.
const CLUSTERS_MAX: usize = 1 << 31;
/// A split ends when the mean similarity rises by less than this.
const GAIN_MIN: f64 = 1e-4;
/// Rounds of one split; the gain rule ends it earlier unless rounding makes it turn.
const ROUNDS_MAX: usize = 64;
/// Rows summed by one task. Fixed, so that the order of additions does not depend on the threads.
const ROWS_AT_ONCE: usize = 2048;

/// A partition of rows into clusters whose sizes differ by one at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The cluster of each row.
    pub of_row: Vec<u32>,
    /// `[k, dimension]`: the normalised sum of each cluster's rows; zeros for a cluster without rows, or
    /// whose rows cancel out.
    pub centroids: Vec<f32>,
}

/// Cuts `n` vectors (`[n, dimension]`, row-major, normalised by the caller) into `k` clusters of `n / k`
/// rows, rounded up or down. With fewer rows than clusters some clusters are empty.
///
/// Time is O(n dimension log k) a round; memory, besides the input, is 16 bytes a row and the centroids.
pub fn balanced_clusters(
    control: &BuildControl<'_>,
    vectors: &[f32],
    dimension: usize,
    k: usize,
    seed: u64,
) -> Result<Clusters, TrainError> {
    if dimension == 0 || !vectors.len().is_multiple_of(dimension) {
        return Err(TrainError::Dimension { dimension, numbers: vectors.len() });
    }
    if !(1..=CLUSTERS_MAX).contains(&k) {
        return Err(TrainError::Clusters { clusters: k, max: CLUSTERS_MAX });
    }
    let rows = vectors.len() / dimension;
    let max = u32::MAX as usize;
    if rows > max {
        return Err(TrainError::Rows { rows, max });
    }
    if let Some(at) = first_non_finite(vectors) {
        let (row, position) = (at / dimension, at % dimension);
        return Err(TrainError::NotFinite { row, position, value: vectors[at] });
    }
    let total = rows as u64 * u64::from(k.next_power_of_two().trailing_zeros());
    let tree = Tree { control, vectors, dimension, total, done: 0.into() };
    let mut order: Vec<u32> = (0..rows as u32).collect();
    let mut keys = vec![0.0f64; rows];
    let mut centroids = vec![0.0f32; k * dimension];
    let root = Node { clusters: k, size: rows / k, larger: rows % k, seed };
    tree.cut(root, &mut order, &mut keys, &mut centroids)?;
    let mut sizes = Vec::with_capacity(k);
    root.sizes(&mut sizes);
    Ok(Clusters { of_row: clusters_of_rows(&order, &sizes), centroids })
}

/// What every node of the tree shares.
struct Tree<'a> {
    control: &'a BuildControl<'a>,
    vectors: &'a [f32],
    dimension: usize,
    /// Rows times levels.
    total: u64,
    done: std::sync::atomic::AtomicU64,
}

/// A set of rows to be cut.
#[derive(Clone, Copy)]
struct Node {
    /// How many clusters to cut it into.
    clusters: usize,
    /// Rows of the smaller clusters, the same in the whole tree.
    size: usize,
    /// How many clusters hold one row more.
    larger: usize,
    seed: u64,
}

impl Node {
    /// The two halves. Which clusters are the larger ones is spread evenly.
    fn halves(self) -> (Node, Node) {
        let clusters = self.clusters / 2;
        let larger = (self.larger * clusters + self.clusters / 2) / self.clusters;
        let mut seeds = fastrand::Rng::with_seed(self.seed);
        let left = Node { clusters, larger, seed: seeds.u64(..), ..self };
        let (clusters, larger) = (self.clusters - clusters, self.larger - larger);
        (left, Node { clusters, larger, seed: seeds.u64(..), ..self })
    }

    /// Rows of all its clusters.
    fn rows(self) -> usize {
        self.clusters * self.size + self.larger
    }

    /// Appends the sizes of its clusters.
    fn sizes(self, sizes: &mut Vec<usize>) {
        if self.clusters == 1 {
            sizes.push(self.rows());
            return;
        }
        let (left, right) = self.halves();
        left.sizes(sizes);
        right.sizes(sizes);
    }
}

impl Tree<'_> {
    /// Orders `rows` so that the clusters of the node follow one another, and writes their centroids. `keys`
    /// is scratch of the same length.
    fn cut(
        &self,
        node: Node,
        rows: &mut [u32],
        keys: &mut [f64],
        centroids: &mut [f32],
    ) -> Result<(), TrainError> {
        if (self.control.cancelled)() {
            return Err(TrainError::Cancelled);
        }
        if node.clusters == 1 {
            let (unit, _) = direction(&self.sum(rows));
            centroids.copy_from_slice(&unit);
            return Ok(());
        }
        let (left, right) = node.halves();
        let cut = left.rows();
        self.split(node.seed, rows, keys, cut)?;
        self.progress(rows.len());
        let (left_rows, right_rows) = rows.split_at_mut(cut);
        let (left_keys, right_keys) = keys.split_at_mut(cut);
        let (left_centroids, right_centroids) = centroids.split_at_mut(left.clusters * self.dimension);
        let (left, right) = rayon::join(
            || self.cut(left, left_rows, left_keys, left_centroids),
            || self.cut(right, right_rows, right_keys, right_centroids),
        );
        left.and(right)
    }

    /// 2-means with fixed sizes: afterwards the first `cut` rows are one side. Both sides are in ascending
    /// order.
    fn split(&self, seed: u64, rows: &mut [u32], keys: &mut [f64], cut: usize) -> Result<(), TrainError> {
        if cut == 0 || cut == rows.len() {
            return Ok(());
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let one = random.usize(..rows.len());
        let other = (one + random.usize(1..rows.len())) % rows.len();
        let mut centroids = (self.row(rows[one]).to_vec(), self.row(rows[other]).to_vec());
        let mut mean_before = f64::NEG_INFINITY;
        for _ in 0..ROUNDS_MAX {
            if (self.control.cancelled)() {
                return Err(TrainError::Cancelled);
            }
            self.arrange(rows, keys, cut, &centroids);
            let (left, right) = rayon::join(|| self.sum(&rows[..cut]), || self.sum(&rows[cut..]));
            let ((left, left_length), (right, right_length)) = (direction(&left), direction(&right));
            // The similarities of rows to the unit vector along their sum add up to the length of the sum.
            let mean = (left_length + right_length) / rows.len() as f64;
            centroids = (left, right);
            if mean - mean_before < GAIN_MIN {
                break;
            }
            mean_before = mean;
        }
        Ok(())
    }

    /// Brings the `cut` rows that are nearest to the first centroid, as compared with the second, to the
    /// front. Of rows that compare equal the smaller number comes first.
    fn arrange(&self, rows: &mut [u32], keys: &mut [f64], cut: usize, centroids: &(Vec<f32>, Vec<f32>)) {
        rows.sort_unstable();
        rows.par_chunks(ROWS_AT_ONCE).zip(keys.par_chunks_mut(ROWS_AT_ONCE)).for_each(|(rows, keys)| {
            for (row, key) in rows.iter().zip(keys) {
                let row = self.row(*row);
                *key = dot_exact(row, &centroids.0) - dot_exact(row, &centroids.1);
            }
        });
        let mut ranked: Vec<(f64, u32)> = keys.iter().copied().zip(rows.iter().copied()).collect();
        ranked.select_nth_unstable_by(cut, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (row, (_, ranked)) in rows.iter_mut().zip(&ranked) {
            *row = *ranked;
        }
        let (left, right) = rows.split_at_mut(cut);
        left.sort_unstable();
        right.sort_unstable();
    }

    /// The sum of rows, in f64: blocks of fixed size are summed apart and added in order.
    fn sum(&self, rows: &[u32]) -> Vec<f64> {
        let blocks: Vec<Vec<f64>> = rows
            .par_chunks(ROWS_AT_ONCE)
            .map(|rows| {
                let mut sum = vec![0.0f64; self.dimension];
                for row in rows {
                    sum.iter_mut().zip(self.row(*row)).for_each(|(sum, value)| *sum += f64::from(*value));
                }
                sum
            })
            .collect();
        let mut sum = vec![0.0f64; self.dimension];
        for block in blocks {
            sum.iter_mut().zip(block).for_each(|(sum, value)| *sum += value);
        }
        sum
    }

    fn row(&self, row: u32) -> &[f32] {
        let start = row as usize * self.dimension;
        &self.vectors[start..start + self.dimension]
    }

    fn progress(&self, rows: usize) {
        let rows = rows as u64;
        let done = self.done.fetch_add(rows, std::sync::atomic::Ordering::Relaxed) + rows;
        (self.control.progress)(done.min(self.total), self.total);
    }
}

/// The cluster of each row, from the rows in the order of their clusters.
fn clusters_of_rows(order: &[u32], sizes: &[usize]) -> Vec<u32> {
    let mut of_row = vec![0; order.len()];
    let mut order = order.iter();
    for (cluster, size) in (0..).zip(sizes) {
        for row in order.by_ref().take(*size) {
            of_row[*row as usize] = cluster;
        }
    }
    of_row
}

/// The unit vector along a sum, and the length of the sum; zeros for a sum of zero.
fn direction(sum: &[f64]) -> (Vec<f32>, f64) {
    let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
    let unit = if length > 0.0 { 1.0 / length } else { 0.0 };
    (sum.iter().map(|value| (value * unit) as f32).collect(), length)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::kernel::normalize;

    const QUIET: BuildControl<'static> =
        BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };

    fn random(rows: usize, dimension: usize, seed: u64) -> Vec<f32> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut vectors: Vec<f32> = (0..rows * dimension).map(|_| rng.f32() - 0.5).collect();
        vectors.chunks_mut(dimension).for_each(|vector| {
            normalize(vector).unwrap();
        });
        vectors
    }

    fn sizes(clusters: &Clusters, k: usize) -> Vec<usize> {
        let mut sizes = vec![0; k];
        clusters.of_row.iter().for_each(|cluster| sizes[*cluster as usize] += 1);
        sizes
    }

    proptest! {
        #[test]
        fn sizes_differ_by_one_at_most_for_any_number(rows in 0usize..120, k in 1usize..40, seed in 0u64..9) {
            let clusters = balanced_clusters(&QUIET, &random(rows, 3, seed), 3, k, seed).unwrap();
            prop_assert_eq!(clusters.of_row.len(), rows);
            prop_assert_eq!(clusters.centroids.len(), k * 3);
            let sizes = sizes(&clusters, k);
            let (least, most) = (rows / k, rows.div_ceil(k));
            prop_assert!(sizes.iter().all(|size| (least..=most).contains(size)), "{:?}", sizes);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_clusters_on_any_number_of_threads() {
        let vectors = random(6000, 8, 1);
        let mut found = Vec::new();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            found.push(pool.install(|| balanced_clusters(&QUIET, &vectors, 8, 48, 7).unwrap()));
        }
        assert_eq!(found[0], found[1]);
        assert_eq!(found[0], found[2]);
        assert_ne!(found[0], balanced_clusters(&QUIET, &vectors, 8, 48, 8).unwrap());
    }

    #[test]
    fn planted_clusters_are_found() {
        let (k, each, dimension) = (16, 25, 32);
        let centres = random(k, dimension, 3);
        let mut rng = fastrand::Rng::with_seed(4);
        let mut vectors = Vec::new();
        for row in 0..k * each {
            let centre = row % k;
            let mut vector: Vec<f32> = centres[centre * dimension..(centre + 1) * dimension].to_vec();
            vector.iter_mut().for_each(|value| *value += (rng.f32() - 0.5) * 0.05);
            normalize(&mut vector).unwrap();
            vectors.extend(vector);
        }
        let clusters = balanced_clusters(&QUIET, &vectors, dimension, k, 5).unwrap();
        // A balanced cut may not separate what lies on its edge; nearly all pairs of one centre must stay
        // together.
        let mut together = 0;
        for row in k..k * each {
            together += usize::from(clusters.of_row[row] == clusters.of_row[row - k]);
        }
        assert!(together * 10 >= (k * each - k) * 9, "{together}");
        for (row, cluster) in clusters.of_row.iter().enumerate() {
            let vector = &vectors[row * dimension..(row + 1) * dimension];
            let centroid = &clusters.centroids[*cluster as usize * dimension..][..dimension];
            let similarity = dot_exact(vector, centroid);
            assert!(similarity > 0.5, "{similarity}");
        }
    }

    #[test]
    fn one_cluster_more_clusters_than_rows_duplicates_and_no_rows() {
        let vectors = random(10, 4, 6);
        let one = balanced_clusters(&QUIET, &vectors, 4, 1, 0).unwrap();
        assert_eq!(one.of_row, [0; 10]);
        let sparse = balanced_clusters(&QUIET, &vectors, 4, 64, 0).unwrap();
        let mut seen = sparse.of_row.clone();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 10);
        for (row, cluster) in sparse.of_row.iter().enumerate() {
            let centroid = &sparse.centroids[*cluster as usize * 4..][..4];
            assert!((dot_exact(centroid, &vectors[row * 4..row * 4 + 4]) - 1.0).abs() < 1e-6);
        }
        let equal = balanced_clusters(&QUIET, &[0.6, 0.8].repeat(9), 2, 4, 1).unwrap();
        let mut sizes = sizes(&equal, 4);
        sizes.sort_unstable();
        assert_eq!(sizes, [2, 2, 2, 3]);
        let none = balanced_clusters(&QUIET, &[], 2, 3, 0).unwrap();
        assert_eq!((none.of_row.len(), none.centroids), (0, vec![0.0; 6]));
        assert_eq!(balanced_clusters(&QUIET, &[0.0; 8], 2, 2, 0).unwrap().centroids, [0.0; 4]);
    }

    #[test]
    fn cancelling_stops_and_progress_reaches_its_end() {
        let vectors = random(3000, 4, 2);
        let (asked, last) = (AtomicUsize::new(0), AtomicU64::new(0));
        let cancelled = || asked.fetch_add(1, Ordering::Relaxed) > 20;
        let control = BuildControl { cancelled: &cancelled, ..QUIET };
        assert_eq!(balanced_clusters(&control, &vectors, 4, 64, 0), Err(TrainError::Cancelled));
        let progress = |done: u64, total: u64| {
            assert!(done <= total && total == 3000 * 6);
            last.fetch_max(done, Ordering::Relaxed);
        };
        let control = BuildControl { progress: &progress, ..QUIET };
        balanced_clusters(&control, &vectors, 4, 64, 0).unwrap();
        assert_eq!(last.into_inner(), 3000 * 6);
    }

    #[test]
    fn bad_input_is_refused() {
        assert!(matches!(balanced_clusters(&QUIET, &[1.0; 3], 2, 1, 0), Err(TrainError::Dimension { .. })));
        assert!(matches!(balanced_clusters(&QUIET, &[1.0; 3], 0, 1, 0), Err(TrainError::Dimension { .. })));
        assert!(matches!(balanced_clusters(&QUIET, &[1.0; 2], 2, 0, 0), Err(TrainError::Clusters { .. })));
        let error = balanced_clusters(&QUIET, &[1.0, 2.0, 3.0, f32::INFINITY], 2, 1, 0).unwrap_err();
        assert_eq!(error, TrainError::NotFinite { row: 1, position: 1, value: f32::INFINITY });
    }
}

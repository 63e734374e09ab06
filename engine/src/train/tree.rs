//! Decision trees on binned features: one classification tree, and boosted trees.
//!
//! Every feature is cut into bins once: a bin for each value where there are few of them, quantiles
//! otherwise. A node sums its rows by bin, and the best cut is read off the sums, so that a level costs one
//! pass over the rows (Chen and Guestrin, XGBoost, KDD 2016; Ke et al., LightGBM, NeurIPS 2017). Sums are
//! taken over blocks of a fixed size, so the tree does not depend on the number of threads.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::control::{BuildControl, TrainError};

/// Rows summed by one task. Fixed, so that the order of additions does not depend on the threads.
const ROWS_AT_ONCE: usize = 1 << 16;
/// The most bins of a feature: a bin's number is `u16`.
pub(super) const BINS_MAX: usize = 1 << 16;
/// A node whose impurity is this share of its weight, or less, is not split.
const PURE: f64 = 1e-12;

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Node {
    /// Where rows part.
    Split {
        /// Number of the feature.
        feature: u32,
        /// Rows whose feature is not greater go left.
        threshold: f64,
        /// Number of the left child, greater than the node's own.
        left: u32,
        /// Number of the right child, greater than the node's own.
        right: u32,
    },
    /// Where they end.
    Leaf(f64),
}

/// A binary decision tree; the root is node 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tree(pub(super) Vec<Node>);

impl Tree {
    /// The value of the leaf where `feature(number)` ends. The tree must have been checked or grown here.
    pub(super) fn value(&self, feature: impl Fn(usize) -> f64) -> f64 {
        let mut at = 0usize;
        loop {
            match &self.0[at] {
                Node::Leaf(value) => return *value,
                Node::Split { feature: number, threshold, left, right } => {
                    let to = if feature(*number as usize) <= *threshold { left } else { right };
                    at = *to as usize;
                }
            }
        }
    }

    /// Whether the tree can be walked: features and children exist, children come after their parents, no
    /// way is longer than `depth_max`, numbers are finite, and leaves lie in `leaves`.
    pub(super) fn check(
        &self,
        features: usize,
        depth_max: usize,
        leaves: std::ops::RangeInclusive<f64>,
    ) -> Result<(), String> {
        let nodes = self.0.len();
        if nodes == 0 {
            return Err("a tree has no nodes".into());
        }
        // A child comes after its parents, so its depth is known when it is reached.
        let mut depths = vec![0usize; nodes];
        for (number, node) in self.0.iter().enumerate() {
            match node {
                Node::Leaf(value) if leaves.contains(value) => {}
                Node::Leaf(value) => {
                    let (low, high) = (leaves.start(), leaves.end());
                    return Err(format!("leaf {number} of a tree is {value}, not within {low} to {high}"));
                }
                Node::Split { feature, threshold, left, right } => {
                    if *feature as usize >= features {
                        return Err(format!(
                            "node {number} of a tree splits feature {feature} of {features}"
                        ));
                    }
                    if !threshold.is_finite() {
                        return Err(format!("node {number} of a tree has the threshold {threshold}"));
                    }
                    for child in [*left as usize, *right as usize] {
                        if child <= number || child >= nodes {
                            return Err(format!("node {number} of {nodes} of a tree has the child {child}"));
                        }
                        depths[child] = depths[child].max(depths[number] + 1);
                        if depths[child] > depth_max {
                            return Err(format!("a tree is deeper than {depth_max}"));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Features as numbers of bins.
pub(super) struct Binned {
    features: usize,
    /// `[rows, features]`: a value's bin is the number of its feature's cuts that are less than it.
    bins: Vec<u16>,
    /// Ascending thresholds of each feature, one less than its bins.
    cuts: Vec<Vec<f64>>,
    /// The first bin of each feature in a histogram, and the number of bins of all.
    first: Vec<usize>,
}

impl Binned {
    /// Cuts each feature of `rows`, `[n, features]`, finite, into `bins_max` bins at most.
    pub(super) fn new(rows: &[f32], features: usize, bins_max: usize) -> Binned {
        let cuts: Vec<Vec<f64>> = (0..features)
            .into_par_iter()
            .map(|feature| {
                let mut column: Vec<f32> = rows.iter().skip(feature).step_by(features).copied().collect();
                column.sort_unstable_by(f32::total_cmp);
                cuts(&column, bins_max.clamp(2, BINS_MAX))
            })
            .collect();
        let mut first = vec![0usize];
        first.extend(cuts.iter().scan(0, |sum, cuts| {
            *sum += cuts.len() + 1;
            Some(*sum)
        }));
        let mut bins = vec![0u16; rows.len()];
        let at_once = features * 4_096;
        bins.par_chunks_mut(at_once).zip(rows.par_chunks(at_once)).for_each(|(bins, rows)| {
            for (at, (bin, value)) in bins.iter_mut().zip(rows).enumerate() {
                *bin = cuts[at % features].partition_point(|cut| *cut < f64::from(*value)) as u16;
            }
        });
        Binned { features, bins, cuts, first }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.bins.len() / self.features
    }

    /// The bins of a row, a number for each feature.
    fn row(&self, row: usize) -> &[u16] {
        &self.bins[row * self.features..(row + 1) * self.features]
    }
}

/// Thresholds that cut ascending values into `bins_max` bins at most: half-way between neighbours, as CART
/// has it. With few distinct values there is a cut between any two; else bins hold about the same number of
/// rows, and a frequent value has one of its own.
fn cuts(ascending: &[f32], bins_max: usize) -> Vec<f64> {
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    for group in ascending.chunk_by(|a, b| a == b) {
        distinct.push((group[0], group.len()));
    }
    let every = distinct.len() <= bins_max;
    let (mut cuts, mut held, mut left, mut bins_left) = (Vec::new(), 0, ascending.len(), bins_max);
    for pair in distinct.windows(2) {
        let ((value, count), (next, next_count)) = (pair[0], pair[1]);
        held += count;
        // A bin closes when it is full, or when the next value alone would more than fill it.
        let share = left.div_ceil(bins_left);
        let full = held >= share || held + next_count / 2 > share;
        if every || (full && bins_left > 1) {
            cuts.push(f64::midpoint(f64::from(value), f64::from(next)));
            left -= held;
            held = 0;
            bins_left = bins_left.saturating_sub(1).max(1);
        }
    }
    cuts
}

/// What a histogram sums: two numbers of a row, and how many rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) rows: f64,
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.a += other.a;
        self.b += other.b;
        self.rows += other.rows;
    }

    fn less(self, other: Sums) -> Sums {
        Sums { a: self.a - other.a, b: self.b - other.b, rows: self.rows - other.rows }
    }
}

/// What makes a good split, and what a leaf says.
pub(super) trait Criterion: Sync {
    /// The worth of a node; the best split has the greatest sum of both sides.
    fn worth(&self, sums: Sums) -> f64;

    /// The least gain over the node that makes a split worth while; -infinity allows any.
    fn gain_min(&self) -> f64;

    /// Whether the node need not be split.
    fn pure(&self, sums: Sums) -> bool;

    /// The value of a leaf.
    fn leaf(&self, sums: Sums) -> f64;
}

/// Gini impurity of weighted rows: `a` is the weight, `b` the weight of the positives.
struct Gini;

impl Criterion for Gini {
    /// `(p^2 + n^2) / w`: least impurity, since `w * gini = w - (p^2 + n^2) / w`.
    fn worth(&self, sums: Sums) -> f64 {
        let negatives = sums.a - sums.b;
        if sums.a > 0.0 { (sums.b * sums.b + negatives * negatives) / sums.a } else { 0.0 }
    }

    fn gain_min(&self) -> f64 {
        // A split that gains nothing may be followed by one that does, as in XOR.
        f64::NEG_INFINITY
    }

    fn pure(&self, sums: Sums) -> bool {
        sums.b.min(sums.a - sums.b) <= PURE * sums.a
    }

    fn leaf(&self, sums: Sums) -> f64 {
        if sums.a > 0.0 { (sums.b / sums.a).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Second-order gain of a loss: `a` is the gradient, `b` its second derivative (XGBoost, section 2.2).
struct Newton {
    l2: f64,
    rate: f64,
}

impl Criterion for Newton {
    fn worth(&self, sums: Sums) -> f64 {
        sums.a * sums.a / (sums.b.max(0.0) + self.l2)
    }

    fn gain_min(&self) -> f64 {
        1e-9
    }

    fn pure(&self, _: Sums) -> bool {
        false
    }

    fn leaf(&self, sums: Sums) -> f64 {
        -self.rate * sums.a / (sums.b.max(0.0) + self.l2)
    }
}

/// How far a tree may grow.
#[derive(Clone, Copy)]
struct Growth {
    depth: usize,
    /// The fewest rows of a leaf.
    min_leaf: usize,
}

/// A node that may still be split.
struct Open {
    node: usize,
    /// The part of the row order that is its rows, ascending.
    range: std::ops::Range<usize>,
    sums: Sums,
    histogram: Vec<Sums>,
}

/// The best split of a node.
#[derive(Clone, Copy)]
struct Best {
    feature: usize,
    /// Bins up to this one go left.
    bin: u16,
    gain: f64,
    left: Sums,
}

/// A tree that is growing on binned rows.
struct Grower<'a, C> {
    data: &'a Binned,
    /// The two numbers of each row.
    pairs: &'a [(f64, f64)],
    criterion: &'a C,
    growth: Growth,
}

impl<C: Criterion> Grower<'_, C> {
    /// Grows level after level. Also gives the bin of each split, so that the rows it grew on need not be
    /// compared with thresholds again.
    fn grow(&self, control: &BuildControl<'_>) -> Result<(Tree, Vec<u16>), TrainError> {
        let mut order: Vec<u32> = (0..self.data.rows() as u32).collect();
        let histogram = self.histogram(&order);
        let mut sums = Sums::default();
        histogram[..self.data.first[1]].iter().for_each(|bin| sums.add(*bin));
        let mut nodes = vec![Node::Leaf(self.criterion.leaf(sums))];
        let mut bins = vec![0u16];
        let mut open = vec![Open { node: 0, range: 0..order.len(), sums, histogram }];
        for depth in 0..self.growth.depth {
            if (control.cancelled)() {
                return Err(TrainError::Cancelled);
            }
            let best: Vec<Option<Best>> = open.par_iter().map(|node| self.best(node)).collect();
            let mut splits = Vec::new();
            for (node, best) in open.into_iter().zip(best) {
                let Some(best) = best else { continue };
                let (left, right) = (nodes.len(), nodes.len() + 1);
                for sums in [best.left, node.sums.less(best.left)] {
                    nodes.push(Node::Leaf(self.criterion.leaf(sums)));
                    bins.push(0);
                }
                nodes[node.node] = Node::Split {
                    feature: best.feature as u32,
                    threshold: self.data.cuts[best.feature][best.bin as usize],
                    left: left as u32,
                    right: right as u32,
                };
                bins[node.node] = best.bin;
                splits.push((node, best, left));
            }
            if depth + 1 == self.growth.depth {
                break;
            }
            open = self.descend(&mut order, splits);
        }
        Ok((Tree(nodes), bins))
    }

    /// Parts the rows of the nodes that were split, and sums their children that may be split in turn.
    fn descend(&self, order: &mut [u32], splits: Vec<(Open, Best, usize)>) -> Vec<Open> {
        // The ranges ascend, so each node can have its part of the order to itself.
        let (mut parts, mut rest, mut taken) = (Vec::new(), order, 0);
        for (node, best, left) in splits {
            let (_, tail) = rest.split_at_mut(node.range.start - taken);
            let (part, tail) = tail.split_at_mut(node.range.len());
            (rest, taken) = (tail, node.range.end);
            parts.push((part, node, best, left));
        }
        let children: Vec<Vec<Open>> = parts
            .into_par_iter()
            .map(|(part, node, best, left)| self.children(part, node, best, left))
            .collect();
        children.into_iter().flatten().collect()
    }

    /// The two children of a node, without those that will not be split.
    fn children(&self, rows: &mut [u32], node: Open, best: Best, left: usize) -> Vec<Open> {
        let goes_left = |row: &u32| self.data.row(*row as usize)[best.feature] <= best.bin;
        let (on_left, on_right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| goes_left(row));
        let cut = on_left.len();
        rows[..cut].copy_from_slice(&on_left);
        rows[cut..].copy_from_slice(&on_right);
        // The smaller side is summed, the other is what remains of the parent.
        let smaller_left = on_left.len() <= on_right.len();
        let smaller = self.histogram(if smaller_left { &on_left } else { &on_right });
        let mut larger = node.histogram;
        larger.iter_mut().zip(&smaller).for_each(|(all, part)| *all = all.less(*part));
        let (left_sums, right_sums) = if smaller_left { (smaller, larger) } else { (larger, smaller) };
        let (start, end) = (node.range.start, node.range.end);
        let one = Open { node: left, range: start..start + cut, sums: best.left, histogram: left_sums };
        let sums = node.sums.less(best.left);
        let other = Open { node: left + 1, range: start + cut..end, sums, histogram: right_sums };
        vec![one, other]
    }

    /// Sums of the rows by feature and bin.
    fn histogram(&self, rows: &[u32]) -> Vec<Sums> {
        let (features, first) = (self.data.features, &self.data.first);
        let length = first[features];
        let sum = |rows: &[u32]| {
            let mut sums = vec![Sums::default(); length];
            for row in rows {
                let (a, b) = self.pairs[*row as usize];
                for (bin, first) in self.data.row(*row as usize).iter().zip(first) {
                    sums[first + *bin as usize].add(Sums { a, b, rows: 1.0 });
                }
            }
            sums
        };
        if rows.len() <= ROWS_AT_ONCE {
            return sum(rows);
        }
        let parts: Vec<Vec<Sums>> = rows.par_chunks(ROWS_AT_ONCE).map(sum).collect();
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            all.iter_mut().zip(part).for_each(|(all, part)| all.add(part));
        }
        all
    }

    /// The split with the greatest gain; of equal ones the first feature's, at the least threshold.
    fn best(&self, node: &Open) -> Option<Best> {
        let min_leaf = self.growth.min_leaf.max(1) as f64;
        if node.sums.rows < 2.0 * min_leaf || self.criterion.pure(node.sums) {
            return None;
        }
        let whole = self.criterion.worth(node.sums);
        let mut best: Option<Best> = None;
        for feature in 0..self.data.features {
            let bins = &node.histogram[self.data.first[feature]..self.data.first[feature + 1]];
            let mut left = Sums::default();
            for (bin, sums) in bins[..bins.len() - 1].iter().enumerate() {
                left.add(*sums);
                let right = node.sums.less(left);
                // A bin without rows would only repeat the split before it.
                if sums.rows == 0.0 || left.rows < min_leaf || right.rows < min_leaf {
                    continue;
                }
                let gain = self.criterion.worth(left) + self.criterion.worth(right) - whole;
                if gain > best.map_or(self.criterion.gain_min(), |best| best.gain) {
                    best = Some(Best { feature, bin: bin as u16, gain, left });
                }
            }
        }
        best
    }
}

/// Options of a classification tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreeOptions {
    /// The most splits between the root and a leaf.
    pub depth: usize,
    /// The fewest rows of a leaf.
    pub min_leaf: usize,
    /// The most bins of a feature; with as many distinct values or fewer it splits its rows exactly as CART.
    pub bins: usize,
}

impl Default for TreeOptions {
    /// Depth 7, as NGAME and DEXA fuse; leaves of one row and more; 1,024 bins.
    fn default() -> TreeOptions {
        TreeOptions { depth: 7, min_leaf: 1, bins: 1_024 }
    }
}

/// A classification tree (Breiman et al., CART, 1984): the split of least Gini impurity at every node, and at
/// a leaf the share of the positives. `pairs` holds the weight and the weight times the target of each row.
pub(super) fn fit_tree(
    data: &Binned,
    pairs: &[(f64, f64)],
    options: TreeOptions,
    control: &BuildControl<'_>,
) -> Result<Tree, TrainError> {
    let growth = Growth { depth: options.depth, min_leaf: options.min_leaf };
    let (tree, _) = Grower { data, pairs, criterion: &Gini, growth }.grow(control)?;
    Ok(tree)
}

/// Options of boosted trees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoostedOptions {
    /// Number of trees.
    pub rounds: usize,
    /// The most splits between the root and a leaf.
    pub depth: usize,
    /// How much of each tree is taken.
    pub rate: f64,
    /// Added to the second derivatives of a leaf.
    pub l2: f64,
    /// The fewest rows of a leaf.
    pub min_leaf: usize,
    /// The most bins of a feature.
    pub bins: usize,
}

impl Default for BoostedOptions {
    /// 100 trees of depth 4 at rate 0.1, leaves of 20 rows, 255 bins.
    fn default() -> BoostedOptions {
        BoostedOptions { rounds: 100, depth: 4, rate: 0.1, l2: 1.0, min_leaf: 20, bins: 255 }
    }
}

/// Trees fitted one after another to the gradients of the logistic loss (Friedman, 2001; second order as in
/// XGBoost). Gives the log-odds to begin with and the trees to add. `pairs` holds the weight and the weight
/// times the target of each row; both classes have weight.
pub(super) fn fit_boosted(
    data: &Binned,
    pairs: &[(f64, f64)],
    options: BoostedOptions,
    control: &BuildControl<'_>,
) -> Result<(f64, Vec<Tree>), TrainError> {
    let parts: Vec<(f64, f64)> = pairs
        .par_chunks(ROWS_AT_ONCE)
        .map(|pairs| pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1)))
        .collect();
    let (weight, positive) = parts.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let base = (positive / (weight - positive)).ln();
    let criterion = Newton { l2: options.l2, rate: options.rate };
    let growth = Growth { depth: options.depth, min_leaf: options.min_leaf };
    let mut scores = vec![base; pairs.len()];
    let mut derivatives = vec![(0.0, 0.0); pairs.len()];
    let mut trees: Vec<Tree> = Vec::with_capacity(options.rounds);
    let mut bins = Vec::new();
    for round in 0..options.rounds {
        let last = trees.last().map(|tree| (tree, &bins));
        advance(data, pairs, last, &mut scores, &mut derivatives);
        let grower = Grower { data, pairs: &derivatives, criterion: &criterion, growth };
        let (tree, tree_bins) = grower.grow(control)?;
        bins = tree_bins;
        trees.push(tree);
        (control.progress)(round as u64 + 1, options.rounds as u64);
    }
    Ok((base, trees))
}

/// Adds the last tree to the scores and takes the derivatives of the logistic loss there.
fn advance(
    data: &Binned,
    pairs: &[(f64, f64)],
    last: Option<(&Tree, &Vec<u16>)>,
    scores: &mut [f64],
    derivatives: &mut [(f64, f64)],
) {
    let at_once = 16_384;
    let chunks = scores.par_chunks_mut(at_once).zip(derivatives.par_chunks_mut(at_once)).enumerate();
    chunks.for_each(|(chunk, (scores, derivatives))| {
        for (at, (score, derivative)) in scores.iter_mut().zip(derivatives).enumerate() {
            let row = chunk * at_once + at;
            if let Some((tree, bins)) = last {
                *score += value_of_bins(tree, bins, data.row(row));
            }
            let (weight, positive) = pairs[row];
            let share = super::logistic::sigmoid(*score);
            *derivative = (weight * share - positive, weight * share * (1.0 - share));
        }
    });
}

/// The value of a tree for a row of the bins that it grew on.
fn value_of_bins(tree: &Tree, bins: &[u16], row: &[u16]) -> f64 {
    let mut at = 0usize;
    loop {
        match &tree.0[at] {
            Node::Leaf(value) => return *value,
            Node::Split { feature, left, right, .. } => {
                at = if row[*feature as usize] <= bins[at] { *left as usize } else { *right as usize };
            }
        }
    }
}

//! Vectors that are made up, the same ones in every run.

use fastrand::Rng;

/// Numbers in a vector where a bench does not say: those of small sentence encoders.
pub const DIMENSION: usize = 384;

/// `count` vectors of `dimension` numbers and of length 1, row after row, around centres as embeddings lie.
pub fn vectors(seed: u64, count: usize, dimension: usize) -> Vec<f32> {
    // The centres do not depend on the seed, so that queries and labels lie around the same ones.
    let mut centres = Rng::with_seed(0);
    let number = 64.min(count.max(1));
    let centre: Vec<f32> = (0..number * dimension).map(|_| centres.f32() - 0.5).collect();
    let mut rng = Rng::with_seed(seed);
    let mut rows = Vec::with_capacity(count * dimension);
    for _ in 0..count {
        let at = rng.usize(..number) * dimension;
        let row: Vec<f32> = centre[at..at + dimension].iter().map(|c| c + rng.f32() - 0.5).collect();
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        rows.extend(row.iter().map(|value| value / length));
    }
    rows
}

//! Generated labels and the files made of them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use argtop::Value;
use argtop::kernel::normalize;

use crate::DIMENSION;
use crate::common::Fallible;
use crate::common::files::npy_head;

/// Labels around this many centres.
const CENTRES: usize = 1_000;
const WORDS: [&str; 24] = [
    "red",
    "running",
    "shoe",
    "garden",
    "chair",
    "oak",
    "standing",
    "desk",
    "waterproof",
    "boot",
    "travel",
    "bag",
    "cotton",
    "shirt",
    "glass",
    "lamp",
    "steel",
    "kettle",
    "child",
    "bicycle",
    "winter",
    "coat",
    "paper",
    "map",
];

/// Vectors and titles; those past the first `labels` are for inserts and queries.
pub(crate) struct Labels {
    centres: Vec<f32>,
    vectors: Vec<f32>,
}

impl Labels {
    pub(crate) fn generate(count: usize) -> Labels {
        let mut random = fastrand::Rng::with_seed(1);
        let centres = (0..CENTRES * DIMENSION).map(|_| gaussian(&mut random)).collect();
        let mut labels = Labels { centres, vectors: Vec::with_capacity(count * DIMENSION) };
        for number in 0..count {
            let vector = labels.vector(number as i64);
            labels.vectors.extend(vector);
        }
        labels
    }

    pub(crate) fn len(&self) -> usize {
        self.vectors.len() / DIMENSION
    }

    /// The unit vector of a number: the same whenever it is asked for.
    pub(crate) fn vector(&self, number: i64) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed((number as u64).wrapping_add(1_000_000));
        let centre = random.usize(0..CENTRES) * DIMENSION;
        let centre = &self.centres[centre..centre + DIMENSION];
        let mut vector: Vec<f32> = centre.iter().map(|value| value + 0.7 * gaussian(&mut random)).collect();
        // A vector of noise is never zero.
        let _ = normalize(&mut vector);
        vector
    }

    /// The values of a label's row.
    pub(crate) fn row(&self, number: i64) -> Vec<Value> {
        vec![Value::BigInt(number), Value::Text(title(number)), Value::Vector(self.vector(number))]
    }

    /// `vectors.npy` and `titles.jsonl`, and both together as `both.jsonl`.
    pub(crate) fn write_files(&self, folder: &Path) -> Fallible<()> {
        let mut npy = BufWriter::new(File::create(folder.join("vectors.npy"))?);
        npy_head(&mut npy, self.len(), DIMENSION)?;
        let mut titles = BufWriter::new(File::create(folder.join("titles.jsonl"))?);
        let mut both = BufWriter::new(File::create(folder.join("both.jsonl"))?);
        for (number, vector) in self.vectors.chunks_exact(DIMENSION).enumerate() {
            for value in vector {
                npy.write_all(&value.to_le_bytes())?;
            }
            let title = title(number as i64);
            writeln!(titles, r#"{{"id": {number}, "title": "{title}"}}"#)?;
            let vector: Vec<String> = vector.iter().map(f32::to_string).collect();
            writeln!(both, r#"{{"id": {number}, "title": "{title}", "z": [{}]}}"#, vector.join(", "))?;
        }
        npy.flush()?;
        titles.flush()?;
        Ok(both.flush()?)
    }
}

/// Four words and the number.
fn title(number: i64) -> String {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut title = String::new();
    for _ in 0..4 {
        title.push_str(WORDS[random.usize(0..WORDS.len())]);
        title.push(' ');
    }
    format!("{title}{number}")
}

/// About normal: the sum of four uniform numbers, centred.
fn gaussian(random: &mut fastrand::Rng) -> f32 {
    (0..4).map(|_| random.f32()).sum::<f32>() - 2.0
}

/// The value at a part of sorted times.
pub(crate) fn quantile(times: &mut [f64], part: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(((times.len() as f64 - 1.0) * part).round() as usize).copied().unwrap_or(f64::NAN)
}

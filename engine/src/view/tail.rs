//! Rows that came after a generation, in memory: blocks of f32, and once more in 8 bits where a block is
//! full.
//!
//! A search of them is that of a packed matrix (`FlatIndex`): what 8 bits do not exclude is scored in f32,
//! and what that does not exclude is nominated. A block that still grows is scored in f32 at once.

use std::ops::Range;
use std::sync::Arc;

use argtop_storage::{Slot, decode_row};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::dense::RowSpec;
use crate::context::Context;
use crate::error::Error;
use crate::index::{Sketch, SketchWriter};
use crate::kernel::{self, Codes8, Nominees, RowData, Rows};
use crate::packed::AlignedBytes;

/// Rows of a block; one that is full is never copied again. While it grows it is copied for each search that
/// comes between two rows, and read in full precision.
const BLOCK_ROWS: usize = 1_024;
/// Rows scored between two looks at the nominees.
const ROWS_AT_ONCE: usize = 512;
/// Queries multiplied at once with a block.
const QUERIES_AT_ONCE: usize = 128;
/// Fewer queries than this are scanned one by one.
const PRODUCT_QUERIES_MIN: usize = 4;

/// Some rows of a tail, by rising slot.
#[derive(Clone, Default)]
pub(super) struct Block {
    slots: Vec<Slot>,
    values: Vec<f32>,
    biases: Vec<f32>,
    norm_max: f64,
    bias_max: f32,
    /// The rows in 8 bits, of a full block.
    sketch: Option<Arc<Sketch>>,
}

impl Block {
    /// Appends a row as it is stored.
    pub(super) fn push(&mut self, spec: &RowSpec, slot: Slot, bytes: &[u8]) -> Result<(), Error> {
        let (row, bias) = spec.split(bytes)?;
        let start = self.values.len();
        decode_row(row, spec.format, spec.dimension, &mut self.values)
            .map_err(|error| Error::Internal(format!("row {slot} of {:?}: {error}", spec.object)))?;
        let bias = bias.unwrap_or(0.0);
        self.norm_max = self.norm_max.max(kernel::norm(&self.values[start..]));
        self.bias_max = self.bias_max.max(bias.abs());
        self.slots.push(slot);
        self.biases.push(bias);
        // A block of rows that one view alone sees may get more.
        let sealed = self.slots.len() == BLOCK_ROWS;
        self.sketch = if sealed { sketch(&self.values, spec.dimension).map(Arc::new) } else { None };
        Ok(())
    }

    /// Whether it gets no more rows.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= BLOCK_ROWS
    }

    /// The slots of its rows.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// A row.
    pub(super) fn row(&self, dimension: usize, at: usize) -> &[f32] {
        &self.values[at * dimension..(at + 1) * dimension]
    }

    /// The bias of a row; 0 where rows have none.
    pub(super) fn bias(&self, at: usize) -> f32 {
        self.biases[at]
    }
}

/// The rows in 8 bits; `None` for rows that 8 bits are not made of.
fn sketch(values: &[f32], dimension: usize) -> Option<Sketch> {
    let mut writer = SketchWriter::new(AlignedBytes::new(), dimension).ok()?;
    values.chunks_exact(dimension).try_for_each(|row| writer.push(row)).ok()?;
    Sketch::open(writer.finish().ok()?.into_bytes()).ok()
}

/// Some queries, and what is the same for all blocks.
struct Asked<'a> {
    joined: &'a [f32],
    queries: Vec<&'a [f32]>,
    codes: Codes8,
    biased: bool,
    k: usize,
    allowed: &'a RoaringBitmap,
    /// The place of each block's first row among the rows of all blocks.
    starts: Vec<usize>,
    /// How far scores in 8 bits and in f32 may be from the exact ones, for each query.
    bounds: Vec<(f32, f32)>,
}

/// For each query the slots of the blocks that may be among its best `k`, of those allowed.
pub(super) fn nominate(
    context: &Context,
    (spec, blocks): (&RowSpec, &[Arc<Block>]),
    queries: &[f32],
    (k, allowed): (usize, &RoaringBitmap),
    threads: usize,
) -> Result<Vec<Vec<Slot>>, Error> {
    let dimension = spec.dimension.max(1);
    if blocks.is_empty() {
        return Ok(vec![Vec::new(); queries.len() / dimension]);
    }
    let mut found = Vec::with_capacity(queries.len() / dimension);
    for joined in queries.chunks(QUERIES_AT_ONCE * dimension) {
        let asked = Asked::new(spec, blocks, joined, (k, allowed));
        // A thread goes on with what it has found so far, by which most of the next block is excluded.
        let step = blocks.len().div_ceil(threads.max(1));
        let part = |(part, blocks): (usize, &[Arc<Block>])| {
            let mut found = asked.none(|bounds| bounds.0);
            for (start, block) in asked.starts[part * step..].iter().zip(blocks) {
                context.check()?;
                asked.offer(*start, block, &mut found);
            }
            Ok::<_, Error>(found)
        };
        let mut parts = if threads > 1 {
            blocks.par_chunks(step).enumerate().map(part).collect::<Result<Vec<_>, Error>>()?
        } else {
            blocks.chunks(step).enumerate().map(part).collect::<Result<Vec<_>, Error>>()?
        }
        .into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            all.iter_mut().zip(part).for_each(|(all, more)| all.merge(more));
        }
        found.extend(asked.narrowed(blocks, all));
    }
    Ok(found)
}

impl<'a> Asked<'a> {
    fn new(
        spec: &RowSpec,
        blocks: &[Arc<Block>],
        joined: &'a [f32],
        (k, allowed): (usize, &'a RoaringBitmap),
    ) -> Asked<'a> {
        let dimension = spec.dimension.max(1);
        let norm_max = blocks.iter().fold(0.0_f64, |most, block| most.max(block.norm_max));
        let bias_max = blocks.iter().fold(0.0_f32, |most, block| most.max(block.bias_max));
        let queries: Vec<&[f32]> = joined.chunks_exact(dimension).collect();
        let codes = Codes8::encode(joined, dimension);
        let bound = |(at, query): (usize, &&[f32])| {
            let norm = kernel::norm(query);
            // Adding the bias rounds once more; the relative error of that is within one unit of the sum.
            let rounding = (bias_max + (norm * norm_max) as f32) * f32::EPSILON;
            let exact = kernel::error_bound(dimension, norm, norm_max) + rounding;
            let sketches = blocks.iter().filter_map(|block| block.sketch.as_ref());
            let coarse = sketches.map(|sketch| sketch.error_bound(query, &codes, at, norm_max) + rounding);
            (coarse.fold(exact, f32::max), exact)
        };
        let bounds = queries.iter().enumerate().map(bound).collect();
        let mut end = 0;
        let start = |block: &Arc<Block>| {
            end += block.slots.len();
            end - block.slots.len()
        };
        let starts = blocks.iter().map(start).collect();
        Asked { joined, queries, codes, biased: spec.biased, k, allowed, starts, bounds }
    }

    /// Nothing nominated yet, for scores that may be so far from the exact ones.
    fn none(&self, bound: impl Fn(&(f32, f32)) -> f32) -> Vec<Nominees> {
        self.bounds.iter().map(|bounds| Nominees::new(self.k, 2.0 * bound(bounds))).collect()
    }

    /// Offers the rows of a block to each query, under their places among the rows of all blocks.
    fn offer(&self, start: usize, block: &Block, found: &mut [Nominees]) {
        let dimension = self.queries.first().map_or(0, |query| query.len());
        let Some(rows) = Rows::new(dimension, RowData::F32(&block.values)) else { return };
        let score = |part: Range<usize>, fast: &mut [f32]| match &block.sketch {
            Some(sketch) => sketch.panels().products(&self.codes, part, fast),
            None => self.products(&rows.slice(part.start, part.end), fast),
        };
        self.each_part(block, score, |part, at, fast| {
            found[at].offer(fast, |i| {
                let place = part.start + i;
                self.allowed.contains(block.slots[place]).then_some((start + place) as u32)
            });
        });
    }

    /// The slots of those that may be among the best by their scores in f32.
    fn narrowed(&self, blocks: &[Arc<Block>], coarse: Vec<Nominees>) -> Vec<Vec<Slot>> {
        let mut found = self.none(|bounds| bounds.1);
        for ((query, found), coarse) in self.queries.iter().zip(&mut found).zip(coarse) {
            for place in coarse.finish() {
                let number = self.starts.partition_point(|start| *start <= place as usize) - 1;
                let (block, place) = (&blocks[number], place as usize - self.starts[number]);
                let score = kernel::dot(query, block.row(query.len(), place));
                found.push(block.slots[place], score + block.biases[place]);
            }
        }
        found.into_iter().map(Nominees::finish).collect()
    }

    /// Scores parts of a block, and hands over those of each query with its number.
    fn each_part(
        &self,
        block: &Block,
        score: impl Fn(Range<usize>, &mut [f32]),
        mut take: impl FnMut(&Range<usize>, usize, &[f32]),
    ) {
        let rows = block.slots.len();
        let mut space = vec![0.0; ROWS_AT_ONCE.min(rows) * self.queries.len()];
        for start in (0..rows).step_by(ROWS_AT_ONCE) {
            let part = start..rows.min(start + ROWS_AT_ONCE);
            let fast = &mut space[..part.len() * self.queries.len()];
            score(part.clone(), fast);
            for (at, fast) in fast.chunks_exact_mut(part.len()).enumerate() {
                if self.biased {
                    fast.iter_mut().zip(&block.biases[part.clone()]).for_each(|(score, bias)| *score += bias);
                }
                take(&part, at, fast);
            }
        }
    }

    /// Products in f32 of the queries with some rows.
    fn products(&self, rows: &Rows<'_>, fast: &mut [f32]) {
        if self.queries.len() >= PRODUCT_QUERIES_MIN {
            return kernel::scores(self.joined, rows, fast);
        }
        let of_each = fast.chunks_exact_mut(rows.len().max(1));
        self.queries.iter().zip(of_each).for_each(|(query, fast)| kernel::scan(query, rows, fast));
    }
}

#[cfg(test)]
mod tests {
    use argtop_storage::{Family, ObjectId, RowFormat, encode_row};

    use super::*;
    use crate::kernel::{dot_exact, select_top};

    const DIMENSION: usize = 24;

    fn spec(biased: bool) -> RowSpec {
        RowSpec {
            family: Family::Vectors,
            object: ObjectId(7),
            dimension: DIMENSION,
            format: RowFormat::F32,
            biased,
        }
    }

    /// Blocks of rows around a few directions, some of them equal, with slots of which some are missing.
    fn blocks(rows: usize, biased: bool) -> Vec<Arc<Block>> {
        let mut random = fastrand::Rng::with_seed(rows as u64);
        let mut blocks: Vec<Block> = Vec::new();
        for row in 0..rows {
            let mut number = |spread: f32| (random.f32() - 0.5) * spread;
            let noise = if row % 5 == 0 { 0.0 } else { 0.2 };
            let centre = |at: usize| ((row % 11 * DIMENSION + at * at) % 17) as f32 / 17.0 - 0.5;
            let values: Vec<f32> = (0..DIMENSION).map(|at| centre(at) + number(noise)).collect();
            let mut bytes = Vec::new();
            encode_row(&values, RowFormat::F32, &mut bytes).expect("a row");
            if biased {
                bytes.extend(number(0.5).to_le_bytes());
            }
            if blocks.last().is_none_or(Block::is_full) {
                blocks.push(Block::default());
            }
            let slot = (row * 3 + row % 2) as Slot;
            blocks.last_mut().expect("a block").push(&spec(biased), slot, &bytes).expect("it is taken");
        }
        blocks.into_iter().map(Arc::new).collect()
    }

    fn check(rows: usize, biased: bool, queries: usize, k: usize, threads: usize) {
        let blocks = blocks(rows, biased);
        let full = rows / BLOCK_ROWS;
        assert!(blocks.iter().enumerate().all(|(at, block)| block.sketch.is_some() == (at < full)));
        let allowed: RoaringBitmap = (0..3 * rows as Slot + 2).filter(|slot| slot % 7 != 0).collect();
        let mut random = fastrand::Rng::with_seed(5);
        let joined: Vec<f32> = (0..queries * DIMENSION).map(|_| random.f32() * 4.0 - 2.0).collect();
        let context = Context::new(Arc::default(), 0, None);
        let found = nominate(&context, (&spec(biased), &blocks), &joined, (k, &allowed), threads)
            .expect("they are found");
        assert_eq!(found.len(), queries);
        for (query, nominees) in joined.chunks_exact(DIMENSION).zip(found) {
            let score = |block: &Block, at: usize| {
                dot_exact(query, block.row(DIMENSION, at)) + f64::from(block.bias(at))
            };
            let all = blocks.iter().flat_map(|block| {
                (0..block.slots.len()).map(|at| (score(block, at), block.slots[at])).collect::<Vec<_>>()
            });
            let mut best: Vec<(f64, Slot)> = all.filter(|(_, slot)| allowed.contains(*slot)).collect();
            let few = best.len() / 4;
            select_top(&mut best, k, |a, b| a.cmp(&b));
            let mut seen = nominees.clone();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), nominees.len(), "no slot twice");
            assert!(best.iter().all(|(_, slot)| seen.binary_search(slot).is_ok()), "{rows} {biased} {k}");
            assert!(seen.iter().all(|slot| allowed.contains(*slot)));
            assert!(k * 8 > few || nominees.len() <= few, "{} of {rows} for {k}", nominees.len());
        }
    }

    /// A block that goes on behind the rows of a full one has no rows in 8 bits, and hides none.
    fn check_longer(rows: usize) {
        let (spec, parts) = (spec(false), blocks(rows, false));
        let mut longer = Block::default();
        for (slot, at) in (0..).zip(0..rows) {
            let row = parts[at / BLOCK_ROWS].row(DIMENSION, at % BLOCK_ROWS);
            let mut bytes = Vec::new();
            encode_row(row, RowFormat::F32, &mut bytes).expect("a row");
            longer.push(&spec, slot, &bytes).expect("it is taken");
        }
        assert!(longer.sketch.is_none());
        let last = longer.row(DIMENSION, rows - 1).to_vec();
        let scaled: Vec<f32> = last.iter().map(|number| number * 100.0).collect();
        let blocks = [Arc::new(Block::default()), Arc::new(longer)];
        let allowed: RoaringBitmap = (rows as Slot - 1..rows as Slot).collect();
        let context = Context::new(Arc::default(), 0, None);
        let found = nominate(&context, (&spec, &blocks), &scaled, (3, &allowed), 1).expect("it is found");
        assert_eq!(found, [[rows as Slot - 1]]);
    }

    #[test]
    fn the_best_of_a_tail_are_nominated_and_few_others() {
        for biased in [false, true] {
            for (rows, queries) in [(0, 2), (5, 1), (BLOCK_ROWS, 3), (3 * BLOCK_ROWS + 100, 5)] {
                for k in [1, 10, 100] {
                    check(rows, biased, queries, k, 1);
                }
            }
        }
        check(2 * BLOCK_ROWS + 1, true, QUERIES_AT_ONCE + 9, 10, 1);
        check_longer(BLOCK_ROWS + 300);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
        pool.install(|| check(4 * BLOCK_ROWS, false, 3, 10, 2));
    }
}

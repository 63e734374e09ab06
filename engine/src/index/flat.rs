//! Exact search: every row is scored fast, and all that may be among the best are nominated.
//!
//! Fast is f32, or 8 bits first where the matrix has a sketch: then all that may be among the best by that
//! are scored in f32. Either way a bound on the error of fast scores makes sure that nothing is lost.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::error::IndexError;
use super::matrix::PackedMatrix;
use super::ranges::in_ranges;
use super::search::{SearchControl, SearchParams, VectorIndex, check_queries};
use super::sketch::Sketch;
use crate::kernel::{Codes8, Nominees, Slot, error_bound, gather, norm, scan, scores};

/// Queries multiplied at once with a block of rows.
const QUERIES_AT_ONCE: usize = 128;
/// How many looks before it a row is asked for.
const LOOKS_AHEAD: usize = 3;
/// Rows scored between two looks at the nominees; their scores for one block of queries are 256 kB.
const ROWS_AT_ONCE: usize = 512;
/// Fewer rows than this are not worth another thread.
const ROWS_PER_PART_MIN: usize = 8192;
/// Fewer queries than this are scanned one by one, which reads rows as fast as memory gives them.
const PRODUCT_QUERIES_MIN: usize = 4;

/// Fewer rows than this are scored in f32 at once: the nominees of 8 bits would be many of them.
const SKETCH_ROWS_MIN: usize = 4096;

/// Exact search by inner product (plus bias, if the rows have one) over a packed matrix.
pub struct FlatIndex {
    matrix: Arc<PackedMatrix>,
}

/// Scores in 8 bits of a few queries.
struct Coarse<'a> {
    sketch: &'a Sketch,
    codes: Codes8,
}

/// Which rows a search looks at.
enum Pick<'a> {
    /// All rows; the filter, if any, is asked for rows that score high enough.
    Scan(Option<&'a RoaringBitmap>),
    /// These positions only.
    Gather(Vec<u32>),
}

impl FlatIndex {
    /// Search over the rows of `matrix`.
    pub fn new(matrix: Arc<PackedMatrix>) -> Self {
        Self { matrix }
    }

    /// How far two fast scores may be from their exact order, for one query.
    fn margin(&self, query: &[f32]) -> f32 {
        // A bias is one more number of the row, met by a one in the query.
        let biased = self.matrix.shape().biased;
        let norm_query = norm(query).hypot(if biased { 1.0 } else { 0.0 });
        2.0 * error_bound(query.len() + usize::from(biased), norm_query, self.matrix.norm_max())
    }

    /// Nominees of a few queries among a part of the rows (or of the picked positions).
    fn part(
        &self,
        control: &SearchControl<'_>,
        queries: &[&[f32]],
        limit: usize,
        (pick, coarse): (&Pick<'_>, Option<&Coarse<'_>>),
        part: Range<usize>,
    ) -> Result<Vec<Nominees>, IndexError> {
        let margin = |(at, query): (usize, &&[f32])| match coarse {
            Some(coarse) => {
                let norm_max = self.matrix.norm_max();
                2.0 * coarse.sketch.error_bound(query, &coarse.codes, at, norm_max)
            }
            None => self.margin(query),
        };
        let mut found: Vec<Nominees> =
            queries.iter().enumerate().map(|query| Nominees::new(limit, margin(query))).collect();
        let (rows, slots, biases) = (self.matrix.rows(), self.matrix.slots(), self.matrix.biases());
        let join = coarse.is_none() && queries.len() >= PRODUCT_QUERIES_MIN;
        let joined = if join { queries.concat() } else { Vec::new() };
        let mut fast = vec![0.0; ROWS_AT_ONCE.min(part.len()) * queries.len()];
        for start in part.clone().step_by(ROWS_AT_ONCE) {
            control.check()?;
            let end = part.end.min(start + ROWS_AT_ONCE);
            let fast = &mut fast[..(end - start) * queries.len()];
            match (pick, coarse) {
                (_, Some(coarse)) => coarse.sketch.panels().products(&coarse.codes, start..end, fast),
                (Pick::Gather(positions), _) => {
                    let positions = &positions[start..end];
                    for (query, fast) in queries.iter().zip(fast.chunks_mut(end - start)) {
                        gather(query, &rows, positions, fast);
                    }
                }
                (Pick::Scan(_), _) if joined.is_empty() => {
                    for (query, fast) in queries.iter().zip(fast.chunks_mut(end - start)) {
                        scan(query, &rows.slice(start, end), fast);
                    }
                }
                (Pick::Scan(_), _) => scores(&joined, &rows.slice(start, end), fast),
            }
            let position = |i: usize| match pick {
                Pick::Gather(positions) => positions[start + i] as usize,
                Pick::Scan(_) => start + i,
            };
            let slot_of = |i: usize| {
                let slot = slots.slot(position(i));
                let allowed = match pick {
                    Pick::Scan(Some(filter)) => filter.contains(slot),
                    Pick::Scan(None) | Pick::Gather(_) => true,
                };
                allowed.then_some(slot)
            };
            for (found, fast) in found.iter_mut().zip(fast.chunks_mut(end - start)) {
                if let Some(biases) = biases {
                    for (i, score) in fast.iter_mut().enumerate() {
                        *score += biases[position(i)];
                    }
                }
                found.offer(fast, slot_of);
            }
        }
        Ok(found)
    }

    /// Nominees of a few queries among all picked rows, in as many parts as there are threads to spare.
    fn block(
        &self,
        control: &SearchControl<'_>,
        queries: &[&[f32]],
        limit: usize,
        pick: &Pick<'_>,
        parts_max: usize,
    ) -> Result<Vec<Vec<u32>>, IndexError> {
        let rows = match pick {
            Pick::Scan(_) => self.matrix.len(),
            Pick::Gather(positions) => positions.len(),
        };
        let coarse = match (pick, self.matrix.sketch()) {
            (Pick::Scan(_), Some(sketch)) if rows >= SKETCH_ROWS_MIN => {
                sketch.ahead();
                Some(Coarse { sketch, codes: Codes8::encode(&queries.concat(), self.dimension()) })
            }
            _ => None,
        };
        let parts = (rows / ROWS_PER_PART_MIN).clamp(1, parts_max.max(1));
        let step = rows.div_ceil(parts).next_multiple_of(Sketch::STEP).max(1);
        let merged = if parts == 1 {
            self.part(control, queries, limit, (pick, coarse.as_ref()), 0..rows)?
        } else {
            (0..parts)
                .into_par_iter()
                .map(|part| {
                    let range = (part * step).min(rows)..((part + 1) * step).min(rows);
                    self.part(control, queries, limit, (pick, coarse.as_ref()), range)
                })
                .try_reduce_with(|mut all, more| {
                    all.iter_mut().zip(more).for_each(|(all, more)| all.merge(more));
                    Ok(all)
                })
                .unwrap_or_else(|| Ok(Vec::new()))?
        };
        let nominees = merged.into_iter().map(Nominees::finish).collect();
        if coarse.is_none() { Ok(nominees) } else { self.narrowed(control, queries, limit, nominees) }
    }

    /// Those of each query's nominees that may be among its best by their scores in f32. Rows are read in
    /// the order in which they lie.
    fn narrowed(
        &self,
        control: &SearchControl<'_>,
        queries: &[&[f32]],
        limit: usize,
        nominees: Vec<Vec<Slot>>,
    ) -> Result<Vec<Vec<Slot>>, IndexError> {
        control.check()?;
        let mut looks = Vec::with_capacity(nominees.iter().map(Vec::len).sum());
        for (query, slots) in (0u32..).zip(&nominees) {
            let look = |slot: &Slot| {
                let position = self.matrix.position_of(*slot)? as u32;
                Some(Look { position, query, slot: *slot })
            };
            looks.extend(slots.iter().filter_map(look));
        }
        let (looks, _) = in_ranges(&looks, self.matrix.len(), |look| look.position);
        self.matrix.ahead(looks.iter().map(|look| look.position));
        let (rows, biases) = (self.matrix.rows(), self.matrix.biases());
        let mut found: Vec<Nominees> =
            queries.iter().map(|query| Nominees::new(limit, self.margin(query))).collect();
        for (at, look) in looks.iter().enumerate() {
            if let Some(next) = looks.get(at + LOOKS_AHEAD) {
                rows.prefetch(next.position as usize);
            }
            let (query, mut score) = (look.query as usize, [0.0]);
            gather(queries[query], &rows, &[look.position], &mut score);
            let bias = biases.map_or(0.0, |biases| biases[look.position as usize]);
            found[query].push(look.slot, score[0] + bias);
        }
        Ok(found.into_iter().map(Nominees::finish).collect())
    }
}

/// A row that a query looks at.
#[derive(Clone, Copy, Default)]
struct Look {
    position: u32,
    query: u32,
    slot: Slot,
}

impl VectorIndex for FlatIndex {
    fn dimension(&self) -> usize {
        self.matrix.shape().dimension
    }

    fn len(&self) -> usize {
        self.matrix.len()
    }

    fn slot_end(&self) -> u32 {
        self.matrix.slots().slot_end()
    }

    fn exact(&self) -> bool {
        true
    }

    fn default_effort(&self, _limit: usize) -> usize {
        0
    }

    fn search(
        &self,
        control: &SearchControl<'_>,
        queries: &[f32],
        params: &SearchParams<'_>,
    ) -> Result<Vec<Vec<u32>>, IndexError> {
        let count = check_queries(queries, self.dimension())?;
        control.check()?;
        let rows = self.matrix.len();
        let pick = match params.filter {
            None => Pick::Scan(None),
            // Picked rows cost about twice a row of a scan.
            Some(filter) => match self.matrix.slots().matching(filter) {
                all if all == rows => Pick::Scan(None),
                some if some * 2 <= rows => Pick::Gather(self.matrix.slots().positions(filter)),
                _ => Pick::Scan(Some(filter)),
            },
        };
        // More nominees than rows cannot be; the bound keeps a huge limit from reserving memory.
        let limit = params.limit.min(rows);
        let threads = control.threads.max(1);
        let queries: Vec<&[f32]> = queries.chunks_exact(self.dimension()).collect();
        let at_once = count.div_ceil(threads).clamp(1, QUERIES_AT_ONCE);
        let blocks = count.div_ceil(at_once);
        let parts = threads.div_ceil(blocks.max(1));
        if blocks <= 1 {
            return self.block(control, &queries, limit, &pick, parts);
        }
        let found: Vec<Vec<Vec<u32>>> = queries
            .par_chunks(at_once)
            .map(|queries| self.block(control, queries, limit, &pick, parts))
            .collect::<Result<_, _>>()?;
        Ok(found.concat())
    }

    fn describe(&self) -> Vec<(String, String)> {
        let shape = self.matrix.shape();
        vec![
            ("kind".to_owned(), "flat".to_owned()),
            ("rows".to_owned(), self.matrix.len().to_string()),
            ("dimension".to_owned(), shape.dimension.to_string()),
            ("format".to_owned(), format!("{:?}", shape.format).to_lowercase()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use argtop_storage::RowFormat;
    use proptest::prelude::*;

    use super::super::matrix::tests::matrix;
    use super::super::sketch::SketchWriter;
    use super::*;
    use crate::kernel::select_top;
    use crate::packed::AlignedBytes;

    const DIMENSION: usize = 24;
    const ROWS: usize = 5_000;

    /// Directions around a few centres, some rows repeated, of lengths between 0.2 and 2.
    fn vectors(seed: u64, count: usize) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut number = || random.f32() * 2.0 - 1.0;
        let centres: Vec<f32> = (0..40 * DIMENSION).map(|_| number()).collect();
        let mut rows = Vec::with_capacity(count * DIMENSION);
        for row in 0..count {
            let centre = &centres[row % 40 * DIMENSION..(row % 40 + 1) * DIMENSION];
            let (noise, length) = (if row % 7 == 0 { 0.0 } else { 0.3 }, number().abs() * 0.6 + 0.2);
            rows.extend(centre.iter().map(|value| length.round() * 0.5 + value + noise * number()));
        }
        rows
    }

    fn sketch(rows: &[f32]) -> Sketch {
        let mut writer = SketchWriter::new(AlignedBytes::new(), DIMENSION).unwrap();
        rows.chunks(DIMENSION).for_each(|row| writer.push(row).unwrap());
        Sketch::open(writer.finish().unwrap().into_bytes()).unwrap()
    }

    fn best(matrix: &PackedMatrix, query: &[f32], slots: &[Slot], limit: usize) -> Vec<(f64, Slot)> {
        let position = |slot: &Slot| matrix.position_of(*slot).unwrap();
        let mut scored: Vec<(f64, Slot)> =
            slots.iter().map(|slot| (matrix.score_exact(query, position(slot)), *slot)).collect();
        select_top(&mut scored, limit, |a, b| a.cmp(&b));
        scored
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn a_scan_in_8_bits_loses_nothing(
            seed in any::<u64>(),
            limit in prop::sample::select(vec![1usize, 10, 100, 6_000]),
            biased in any::<bool>(),
            count in prop::sample::select(vec![1usize, 3, 70]),
            threads in 1usize..4,
            filtered in any::<bool>(),
        ) {
            let rows = vectors(seed, ROWS);
            let slots: Vec<u32> = (0..ROWS as u32).map(|row| row * 3).collect();
            let biases: Vec<f32> = (0..ROWS).map(|row| (row % 11) as f32 * 0.1 - 0.5).collect();
            let biases = biased.then_some(&biases[..]);
            let with = matrix(RowFormat::F32, DIMENSION, &slots, &rows, biases);
            let with = with.with_sketch(Some(sketch(&rows)));
            prop_assert!(with.sketch().is_some());
            let queries = vectors(seed ^ 9, count);
            // Most rows are allowed, so that they are scanned.
            let allowed: RoaringBitmap = slots.iter().copied().filter(|slot| slot % 5 != 0).collect();
            let filter = filtered.then_some(&allowed);
            let control = SearchControl { cancelled: &|| false, threads };
            let params = SearchParams { limit, effort: None, filter, newer: None };
            let index = FlatIndex::new(Arc::new(with));
            let found = index.search(&control, &queries, &params).unwrap();
            prop_assert_eq!(found.len(), count);
            let allowed = |slot: &Slot| filter.is_none_or(|filter| filter.contains(*slot));
            let all: Vec<Slot> = slots.iter().copied().filter(allowed).collect();
            for (query, found) in queries.chunks(DIMENSION).zip(&found) {
                prop_assert!(found.is_sorted_by(|a, b| a < b));
                let expected = best(&index.matrix, query, &all, limit);
                prop_assert_eq!(best(&index.matrix, query, found, limit), expected);
            }
        }
    }

    #[test]
    fn few_rows_are_scored_in_f32_and_sketches_of_other_rows_are_not_taken() {
        let rows = vectors(1, ROWS);
        let slots: Vec<u32> = (0..ROWS as u32).collect();
        let whole = matrix(RowFormat::F32, DIMENSION, &slots, &rows, None);
        let other = whole.with_sketch(Some(sketch(&rows[DIMENSION..])));
        assert!(other.sketch().is_none());
        let index = FlatIndex::new(Arc::new(other.with_sketch(Some(sketch(&rows)))));
        // The f32 pass leaves hardly more than what was asked for.
        let control = SearchControl { cancelled: &|| false, threads: 1 };
        let params = SearchParams { limit: 100, effort: None, filter: None, newer: None };
        let query: Vec<f32> = vectors(8, 1).iter().map(|value| value + 0.01).collect();
        let found = index.search(&control, &query, &params).unwrap();
        assert!((100..400).contains(&found[0].len()), "{}", found[0].len());
    }
}

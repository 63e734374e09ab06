//! Exact search: every row is scored fast in f32, and all that may be among the best are nominated.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::error::IndexError;
use super::matrix::PackedMatrix;
use super::search::{SearchControl, SearchParams, VectorIndex, check_queries};
use crate::kernel::{Nominees, error_bound, gather, norm, scan, scores};

/// Queries multiplied at once with a block of rows.
const QUERIES_AT_ONCE: usize = 64;
/// Rows scored between two looks at the nominees; their scores for one block of queries are 256 kB.
const ROWS_AT_ONCE: usize = 1024;
/// Fewer rows than this are not worth another thread.
const ROWS_PER_PART_MIN: usize = 8192;
/// Fewer queries than this are scanned one by one, which reads rows as fast as memory gives them.
const PRODUCT_QUERIES_MIN: usize = 4;

/// Exact search by inner product (plus bias, if the rows have one) over a packed matrix.
pub struct FlatIndex {
    matrix: Arc<PackedMatrix>,
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
        pick: &Pick<'_>,
        part: Range<usize>,
    ) -> Result<Vec<Nominees>, IndexError> {
        let mut found: Vec<Nominees> =
            queries.iter().map(|query| Nominees::new(limit, self.margin(query))).collect();
        let (rows, slots, biases) = (self.matrix.rows(), self.matrix.slots(), self.matrix.biases());
        let joined = if queries.len() >= PRODUCT_QUERIES_MIN { queries.concat() } else { Vec::new() };
        let mut fast = vec![0.0; ROWS_AT_ONCE.min(part.len()) * queries.len()];
        for start in part.clone().step_by(ROWS_AT_ONCE) {
            control.check()?;
            let end = part.end.min(start + ROWS_AT_ONCE);
            let fast = &mut fast[..(end - start) * queries.len()];
            match pick {
                Pick::Gather(positions) => {
                    let positions = &positions[start..end];
                    for (query, fast) in queries.iter().zip(fast.chunks_mut(end - start)) {
                        gather(query, &rows, positions, fast);
                    }
                }
                Pick::Scan(_) if joined.is_empty() => {
                    for (query, fast) in queries.iter().zip(fast.chunks_mut(end - start)) {
                        scan(query, &rows.slice(start, end), fast);
                    }
                }
                Pick::Scan(_) => scores(&joined, &rows.slice(start, end), fast),
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
        let parts = (rows / ROWS_PER_PART_MIN).clamp(1, parts_max.max(1));
        let step = rows.div_ceil(parts).max(1);
        let merged = if parts == 1 {
            self.part(control, queries, limit, pick, 0..rows)?
        } else {
            (0..parts)
                .into_par_iter()
                .map(|part| {
                    let range = (part * step).min(rows)..((part + 1) * step).min(rows);
                    self.part(control, queries, limit, pick, range)
                })
                .try_reduce_with(|mut all, more| {
                    all.iter_mut().zip(more).for_each(|(all, more)| all.merge(more));
                    Ok(all)
                })
                .unwrap_or_else(|| Ok(Vec::new()))?
        };
        Ok(merged.into_iter().map(Nominees::finish).collect())
    }
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

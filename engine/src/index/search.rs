//! The trait of vector indexes and what a search is told.

use roaring::RoaringBitmap;

use super::error::IndexError;
use crate::kernel::first_non_finite;

/// How a search may run.
#[derive(Clone, Copy)]
pub struct SearchControl<'a> {
    /// Asked between blocks of work; `true` ends the search with [`IndexError::Cancelled`].
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// How many threads of the current rayon pool the work should be cut for, at least one.
    pub threads: usize,
}

impl SearchControl<'_> {
    /// Fails if the caller wants to stop.
    pub(crate) fn check(&self) -> Result<(), IndexError> {
        if (self.cancelled)() { Err(IndexError::Cancelled) } else { Ok(()) }
    }
}

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams<'a> {
    /// How many of the best are wanted for each query.
    pub limit: usize,
    /// How hard to look, in the unit of the index (see [`VectorIndex::default_effort`]); `None` for its
    /// default. Exact indexes ignore it.
    pub effort: Option<usize>,
    /// The slots that may be nominated; `None` for all.
    pub filter: Option<&'a RoaringBitmap>,
    /// The slots that may be nominated of those that came after the index was built, where it takes them
    /// (see [`VectorIndex::missing`]).
    pub newer: Option<&'a RoaringBitmap>,
}

/// An index over vectors, by inner product (the cosine, where the vectors are normalised), higher is better.
///
/// It nominates: the caller scores the nominees exactly and cuts. All methods may be called from many threads
/// at once.
pub trait VectorIndex: Send + Sync {
    /// Numbers in a query.
    fn dimension(&self) -> usize;

    /// Number of rows.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots under this one are covered.
    fn slot_end(&self) -> u32;

    /// Whether the nominees hold every member of the exact best `limit`, ties at the cut included.
    fn exact(&self) -> bool;

    /// The effort used when none is given: `efSearch` for HNSW, `nprobe` for IVF, 0 where it means nothing.
    fn default_effort(&self, limit: usize) -> usize;

    /// For each query of `queries` (`[n, dimension]`, row-major) the nominated slots: ascending, none twice,
    /// each allowed by the filter. There may be more than `limit` of them, and there are fewer only if no
    /// more are allowed.
    ///
    /// # Errors
    /// If `queries` are not whole vectors, a number is not finite, or the caller cancels.
    fn search(
        &self,
        control: &SearchControl<'_>,
        queries: &[f32],
        params: &SearchParams<'_>,
    ) -> Result<Vec<Vec<u32>>, IndexError>;

    /// Which of some slots, all of them newer than the index, it does not know yet and wants by
    /// [`VectorIndex::extend`] before they can be searched for; `None` where it takes no newer rows.
    fn missing(&self, _newer: &RoaringBitmap) -> Option<RoaringBitmap> {
        None
    }

    /// Takes rows (their bias behind them, if they have one) that came after it was built; many of them with
    /// the threads of the current pool.
    ///
    /// # Panics
    /// If a row has another length than those of the index.
    fn extend(&self, _rows: &[(u32, Vec<f32>)]) {}

    /// Name and value of what a person wants to know of the index.
    fn describe(&self) -> Vec<(String, String)>;
}

/// The number of queries, after checking that they are whole vectors of finite numbers.
pub(super) fn check_queries(queries: &[f32], dimension: usize) -> Result<usize, IndexError> {
    if dimension == 0 || !queries.len().is_multiple_of(dimension) {
        return Err(IndexError::Dimension { dimension, numbers: queries.len() });
    }
    if let Some(at) = first_non_finite(queries) {
        let (query, position) = (at / dimension, at % dimension);
        return Err(IndexError::NotFinite { query, position, value: queries[at] });
    }
    Ok(queries.len() / dimension)
}

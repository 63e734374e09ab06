//! Approximate search by faiss, through its C interface. The only file that names it.
//!
//! What holds here (ARCHITECTURE.md, invariant 5):
//! - Dimensions, counts, finiteness and norms are checked before every call, since an exception inside an
//!   OpenMP region ends the process and a NaN breaks or hangs a graph search.
//! - Factory strings come from [`Factory`], never from the user.
//! - A file is read only after the caller has verified its checksum, and must agree with our own file beside
//!   it.
//! - Queries run on the calling thread only: one OpenMP thread, and batches smaller than those for which
//!   faiss calls BLAS. Parallelism over queries is rayon's.
//! - faiss cannot be interrupted, so a caller's wish to stop is seen between batches.
//!
//! The C interface has no search parameters for HNSW: `efSearch` is a field of the index. It is set under a
//! lock; see [`FaissIndex::with_effort`].

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockWriteGuard};

use faiss_sys as sys;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::error::IndexError;
use super::factory::{Factory, FaissKind};
use super::faiss_slots::FaissSlots;
use super::matrix::PackedMatrix;
use super::search::{SearchControl, SearchParams, VectorIndex, check_queries};
use crate::kernel::error_bound;
use crate::packed::Bytes;
use crate::train::BuildControl;

/// Name of the file that faiss writes, in the directory of a generation. An index without rows has none.
pub const FAISS_INDEX_FILE: &str = "index.faiss";
/// Name of our file beside it: which slot stands at which position, and what the other must agree with.
pub const FAISS_SLOTS_FILE: &str = "index.slots";

/// Queries of one call: under the 20 from which faiss hands a block to BLAS, which has threads of its own.
const QUERIES_AT_ONCE: usize = 16;
/// Rows of one call that adds; small enough to be cancelled, and at most 256 calls in all, since each costs
/// time proportional to the rows added before.
const ROWS_AT_ONCE: usize = 4096;
/// Rows added to a graph at once, at least.
const GRAPH_ROWS_AT_ONCE: usize = 64;
/// Length of the list of candidates while a graph is built.
const EF_CONSTRUCTION: usize = 100;
/// The default `efSearch` is at least this. Over 117,137 embeddings of 384 numbers, HNSW32 with the default
/// found 96.7 % of the best 10 and 97.7 % of the best 100; 1024 lists found 94.4 % of the best 100 with an
/// eighth of them scanned and 97.3 % with a quarter, so the default is a fifth.
const EF_SEARCH_MIN: usize = 64;
/// Rows asked for beyond the limit: f32 and codes order close scores otherwise than f64 does.
const SPARE: usize = 8;
/// A search that found too few allowed rows is repeated for this many times as many rows.
const WIDENING: usize = 4;
/// A search that would scan about this many rows for each member of its list costs as much as scoring them
/// all.
const ROWS_PER_CANDIDATE: usize = 8;

unsafe extern "C" {
    /// Sets the number of OpenMP threads for regions begun by the calling thread.
    fn omp_set_num_threads(threads: c_int);
}

/// An owned faiss index.
struct Raw(NonNull<sys::FaissIndex>);

// SAFETY: A faiss index is plain memory owned by this handle, bound to no thread.
unsafe impl Send for Raw {}
// SAFETY: Through a shared handle only `search` and getters run, which faiss documents as safe to call from
// many threads; the one field that searches depend on and that changes (`efSearch`) is written under the
// write half of a lock whose read half every search holds.
unsafe impl Sync for Raw {}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: The pointer came from faiss, is freed once, and nothing borrows from it.
        unsafe { sys::faiss_Index_free(self.0.as_ptr()) }
    }
}

/// An approximate index built by faiss over the rows of a packed matrix.
pub struct FaissIndex {
    beside: FaissSlots,
    /// None where there are no rows.
    raw: Option<Raw>,
    /// The `efSearch` that the index has now; HNSW only.
    effort: RwLock<usize>,
}

/// How one search is answered.
enum Way {
    /// So few rows are allowed that all of them are nominated, which is exact.
    Everything,
    /// By the index: how many rows to ask for, how hard to look, and what to do with the filter.
    Ask { take: usize, effort: usize, filtering: Filtering },
}

/// What is done with a filter.
///
/// A graph or a list search that is told the filter ends when it has seen enough rows, allowed or not. Where
/// the allowed rows are not the near ones it then gives what few it met, without a sign that better ones lie
/// farther. So these are asked for more rows than wanted, until enough of the nearest are allowed ones; and
/// in the end every allowed row is nominated. A scan over all rows has no such fault.
#[derive(Clone, Copy, PartialEq)]
enum Filtering {
    /// Every row is allowed.
    None,
    /// Ask for more rows than wanted and drop the others.
    After,
    /// Within the search.
    Inside,
}

impl FaissIndex {
    /// Builds an index over all rows of `source`, on at most `control.threads` threads.
    ///
    /// Time is O(rows log rows) for HNSW and O(rows lists) for IVF; memory is the index plus one block of
    /// rows.
    pub fn build(
        control: &BuildControl<'_>,
        factory: Factory,
        source: &PackedMatrix,
    ) -> Result<Self, IndexError> {
        let shape = source.shape();
        check_processor()?;
        check_norm(source.norm_max())?;
        let width = shape.dimension + usize::from(shape.biased);
        factory.check(width, source.len())?;
        let beside = FaissSlots::new(factory, source)?;
        let raw = if source.is_empty() { None } else { Some(build_raw(control, &factory, source, width)?) };
        Self::assemble(beside, raw)
    }

    /// Writes the files of the index into a directory and names them; the caller syncs and checksums them.
    pub fn write(&self, directory: &Path) -> Result<Vec<&'static str>, IndexError> {
        std::fs::write(directory.join(FAISS_SLOTS_FILE), (*self.beside.bytes).as_ref())?;
        let Some(raw) = &self.raw else { return Ok(vec![FAISS_SLOTS_FILE]) };
        let path = c_path(&directory.join(FAISS_INDEX_FILE))?;
        // SAFETY: The index is valid, and the path is a C string that outlives the call.
        let code = unsafe { sys::faiss_write_index_fname(raw.0.as_ptr(), path.as_ptr()) };
        check(code, "write the index")?;
        Ok(vec![FAISS_SLOTS_FILE, FAISS_INDEX_FILE])
    }

    /// Opens what [`write`](Self::write) wrote: `slots_file` holds the bytes of [`FAISS_SLOTS_FILE`], and
    /// [`FAISS_INDEX_FILE`] in `directory` is read. The caller has verified the checksums of both.
    pub fn open(directory: &Path, slots_file: Bytes) -> Result<Self, IndexError> {
        check_processor()?;
        let beside = FaissSlots::open(slots_file)?;
        let empty = beside.slots.is_empty();
        let raw = if empty { None } else { Some(read_raw(&directory.join(FAISS_INDEX_FILE))?) };
        Self::assemble(beside, raw)
    }

    /// Joins the two files and checks that they agree.
    fn assemble(beside: FaissSlots, raw: Option<Raw>) -> Result<Self, IndexError> {
        check_norm(beside.norm_max)?;
        let index = Self { beside, raw, effort: RwLock::new(0) };
        index.check_raw()?;
        Ok(index)
    }

    /// The structure, and so the meaning of its effort.
    pub fn kind(&self) -> FaissKind {
        self.beside.factory.kind
    }

    /// Numbers in a stored row.
    fn width(&self) -> usize {
        self.beside.dimension + usize::from(self.beside.biased)
    }

    /// Fails unless the index of faiss is what our file says.
    fn check_raw(&self) -> Result<(), IndexError> {
        let Some(raw) = &self.raw else { return Ok(()) };
        let index = raw.0.as_ptr();
        let agree = |what, expected: i64, found: i64| {
            if expected == found { Ok(()) } else { Err(IndexError::FaissFile { what, expected, found }) }
        };
        // SAFETY: The index is valid; these are getters.
        let (dimension, rows, metric, trained) = unsafe {
            (
                sys::faiss_Index_d(index),
                sys::faiss_Index_ntotal(index),
                sys::faiss_Index_metric_type(index),
                sys::faiss_Index_is_trained(index),
            )
        };
        agree("dimension", self.width() as i64, dimension.into())?;
        agree("rows", self.beside.slots.len() as i64, rows)?;
        agree("metric", sys::FaissMetricType_METRIC_INNER_PRODUCT.into(), metric.into())?;
        agree("training state", 1, trained.into())?;
        // SAFETY: The index is valid; the cast gives null for another class, and the getter runs on a valid
        // pointer.
        let lists = unsafe {
            let ivf = sys::faiss_IndexIVF_cast(index);
            if ivf.is_null() { 0 } else { sys::faiss_IndexIVF_nlist(ivf) as i64 }
        };
        let expected =
            if let FaissKind::Ivf { lists, .. } = self.beside.factory.kind { i64::from(lists) } else { 0 };
        agree("lists", expected, lists)
    }

    /// Chooses how to answer a search for `limit` of `matching` allowed rows.
    fn way(&self, limit: usize, effort: Option<usize>, matching: usize) -> Way {
        let rows = self.beside.slots.len();
        let spare = limit.saturating_add(limit / 8 + SPARE);
        let wanted = spare.saturating_mul(self.beside.factory.nominees_per_result()).min(rows);
        let effort = effort.unwrap_or_else(|| self.default_effort(limit)).max(1);
        // A filter spreads the allowed rows out: to see as many of them, look as much farther.
        let spread = |effort: usize| effort.saturating_mul(rows).div_ceil(matching.max(1));
        let seen = match self.beside.factory.kind {
            FaissKind::Flat => wanted,
            FaissKind::Hnsw { .. } => spread(effort.max(wanted)).saturating_mul(ROWS_PER_CANDIDATE),
            FaissKind::Ivf { lists, .. } => spread(effort).saturating_mul(rows / lists as usize),
        };
        if matching <= wanted || (matching < rows && matching <= seen) {
            return Way::Everything;
        }
        let filtering = match self.beside.factory.kind {
            _ if matching == rows => Filtering::None,
            FaissKind::Flat => Filtering::Inside,
            FaissKind::Hnsw { .. } | FaissKind::Ivf { .. } => Filtering::After,
        };
        let take = if filtering == Filtering::After { spread(wanted) + wanted / 10 + 16 } else { wanted };
        Way::Ask { take: take.min(rows), effort: spread(effort), filtering }
    }

    /// The effort as the index takes it, to look for `take` rows.
    fn effort_for(&self, effort: usize, take: usize) -> usize {
        match self.beside.factory.kind {
            FaissKind::Flat => 0,
            FaissKind::Hnsw { .. } => stepped(effort.max(take).min(self.len())).min(self.len()),
            FaissKind::Ivf { lists, .. } => effort.min(lists as usize),
        }
    }

    /// Runs `search` while the index has this effort.
    ///
    /// Searches of one effort run side by side. A search of another waits for them, changes the field and
    /// goes on holding the read half. Nothing that may wait for another thread runs inside, so that a rayon
    /// thread cannot meet its own lock.
    fn with_effort<R>(&self, raw: &Raw, effort: usize, search: impl FnOnce() -> R) -> Result<R, IndexError> {
        if !matches!(self.beside.factory.kind, FaissKind::Hnsw { .. }) {
            return Ok(search());
        }
        let now = self.effort.read().unwrap_or_else(PoisonError::into_inner);
        if *now == effort {
            return Ok(search());
        }
        drop(now);
        let mut now = self.effort.write().unwrap_or_else(PoisonError::into_inner);
        if *now != effort {
            // No value is right if the call fails half-way.
            *now = 0;
            set_parameter(raw, c"efSearch", effort)?;
            *now = effort;
        }
        let _held = RwLockWriteGuard::downgrade(now);
        Ok(search())
    }

    /// Positions found for at most [`QUERIES_AT_ONCE`] queries (already widened), `take` for each; -1 where
    /// there are none. `mask` has a bit for each position.
    fn ask(
        &self,
        queries: &[f32],
        take: usize,
        effort: usize,
        mask: Option<&[u8]>,
    ) -> Result<Vec<i64>, IndexError> {
        let count = queries.len() / self.width();
        let mut positions = vec![-1i64; count * take];
        let mut scores = vec![0.0f32; count * take];
        let Some(raw) = &self.raw else { return Ok(positions) };
        let effort = self.effort_for(effort, take);
        let nprobe = matches!(self.beside.factory.kind, FaissKind::Ivf { .. }).then_some(effort);
        let parameters = Parameters::new(mask, nprobe)?;
        let code = self.with_effort(raw, effort, || {
            // SAFETY: The index is valid and trained; `queries` holds `count` finite vectors of its
            // dimension; both outputs hold `count * take` numbers; the parameters and the mask outlive the
            // call; `efSearch` cannot change, since `with_effort` holds the lock. The OpenMP setting touches
            // this thread only.
            unsafe {
                omp_set_num_threads(1);
                sys::faiss_Index_search_with_params(
                    raw.0.as_ptr(),
                    count as i64,
                    queries.as_ptr(),
                    take as i64,
                    parameters.parameters,
                    scores.as_mut_ptr(),
                    positions.as_mut_ptr(),
                )
            }
        })?;
        check(code, "search")?;
        Ok(positions)
    }

    /// The slots found for one query, of what faiss returned for it.
    fn slots_of(&self, positions: &[i64], filter: Option<&RoaringBitmap>) -> Vec<u32> {
        let mut slots: Vec<u32> = positions
            .iter()
            .filter_map(|position| {
                usize::try_from(*position).ok().filter(|position| *position < self.beside.slots.len())
            })
            .map(|position| self.beside.slots.slot(position))
            .filter(|slot| filter.is_none_or(|filter| filter.contains(*slot)))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Every allowed slot.
    fn allowed(&self, filter: Option<&RoaringBitmap>) -> Vec<u32> {
        match filter {
            None => self.beside.slots.iter().collect(),
            Some(filter) => {
                let positions = self.beside.slots.positions(filter);
                positions.iter().map(|position| self.beside.slots.slot(*position as usize)).collect()
            }
        }
    }

    /// Answers one block of queries; `limit` is at most the number of allowed rows.
    fn block(&self, queries: &[f32], limit: usize, search: &Search<'_>) -> Result<Vec<Vec<u32>>, IndexError> {
        let width = self.width();
        let mut wide = Vec::with_capacity(queries.len() / self.beside.dimension * width);
        for query in queries.chunks_exact(self.beside.dimension) {
            wide.extend_from_slice(query);
            wide.extend(self.beside.biased.then_some(1.0));
        }
        let mask = if search.filtering == Filtering::Inside { search.mask(self) } else { None };
        let found = self.ask(&wide, search.take, search.effort, mask)?;
        let found = found.chunks_exact(search.take).map(|found| self.slots_of(found, search.filter));
        let found = wide.chunks_exact(width).zip(found);
        found.map(|(query, slots)| self.widened(query, slots, limit, search)).collect()
    }

    /// Asks for more and more rows while a query has found too few allowed ones, up to a part of all rows
    /// from which scoring every allowed one is cheaper.
    fn widened(
        &self,
        query: &[f32],
        mut slots: Vec<u32>,
        limit: usize,
        search: &Search<'_>,
    ) -> Result<Vec<u32>, IndexError> {
        let (mut take, mut effort) = (search.take, search.effort);
        while slots.len() < limit {
            (take, effort) = (take.saturating_mul(WIDENING), effort.saturating_mul(WIDENING));
            if search.filtering != Filtering::After
                || take > self.beside.slots.len() / (2 * ROWS_PER_CANDIDATE)
            {
                return Ok(self.allowed(search.filter));
            }
            let found = self.ask(query, take, effort, None)?;
            slots = self.slots_of(&found, search.filter);
        }
        Ok(slots)
    }
}

/// One search, as the blocks of it need it.
struct Search<'a> {
    take: usize,
    effort: usize,
    filtering: Filtering,
    filter: Option<&'a RoaringBitmap>,
    /// One bit a position, made when first needed.
    mask: OnceLock<Vec<u8>>,
}

impl Search<'_> {
    fn mask(&self, index: &FaissIndex) -> Option<&[u8]> {
        let filter = self.filter?;
        let mask = self.mask.get_or_init(|| {
            let mut mask = vec![0u8; index.beside.slots.len().div_ceil(8)];
            for position in index.beside.slots.positions(filter) {
                mask[position as usize / 8] |= 1 << (position % 8);
            }
            mask
        });
        Some(mask)
    }
}

impl VectorIndex for FaissIndex {
    fn dimension(&self) -> usize {
        self.beside.dimension
    }

    fn len(&self) -> usize {
        self.beside.slots.len()
    }

    fn slot_end(&self) -> u32 {
        self.beside.slots.slot_end()
    }

    fn exact(&self) -> bool {
        false
    }

    fn default_effort(&self, limit: usize) -> usize {
        match self.beside.factory.kind {
            FaissKind::Flat => 0,
            FaissKind::Hnsw { .. } => limit.saturating_add(limit / 2).max(EF_SEARCH_MIN),
            FaissKind::Ivf { lists, .. } => (lists as usize).div_ceil(5),
        }
    }

    fn search(
        &self,
        control: &SearchControl<'_>,
        queries: &[f32],
        params: &SearchParams<'_>,
    ) -> Result<Vec<Vec<u32>>, IndexError> {
        let count = check_queries(queries, self.beside.dimension)?;
        control.check()?;
        let rows = self.beside.slots.len();
        let matching = params.filter.map_or(rows, |filter| self.beside.slots.matching(filter));
        let limit = params.limit.min(matching);
        if limit == 0 {
            return Ok(vec![Vec::new(); count]);
        }
        // Inner products of such queries could overflow; then nothing is known of any row.
        let overflows = queries.chunks_exact(self.beside.dimension).any(|query| {
            let norm = crate::kernel::norm(query).hypot(1.0);
            error_bound(self.width(), norm, self.beside.norm_max.max(1.0)).is_infinite()
        });
        let way = if overflows { Way::Everything } else { self.way(limit, params.effort, matching) };
        let Way::Ask { take, effort, filtering } = way else {
            return Ok(vec![self.allowed(params.filter); count]);
        };
        let filter = params.filter;
        let search = Search { take, effort, filtering, filter, mask: OnceLock::new() };
        let at_once = count.div_ceil(control.threads.max(1)).clamp(1, QUERIES_AT_ONCE);
        let answer = |queries: &[f32]| {
            control.check()?;
            self.block(queries, limit, &search)
        };
        if count <= at_once {
            return answer(queries);
        }
        let blocks: Vec<Vec<Vec<u32>>> =
            queries.par_chunks(at_once * self.beside.dimension).map(answer).collect::<Result<_, _>>()?;
        Ok(blocks.concat())
    }

    fn describe(&self) -> Vec<(String, String)> {
        let kind = match self.beside.factory.kind {
            FaissKind::Flat => "flat",
            FaissKind::Hnsw { .. } => "hnsw",
            FaissKind::Ivf { .. } => "ivf",
        };
        vec![
            ("kind".to_owned(), format!("faiss {kind}")),
            ("factory".to_owned(), self.beside.factory.to_string()),
            ("rows".to_owned(), self.beside.slots.len().to_string()),
            ("dimension".to_owned(), self.beside.dimension.to_string()),
        ]
    }
}

/// Search parameters and the selector they point to, owned together.
struct Parameters {
    parameters: *mut sys::FaissSearchParameters,
    selector: *mut sys::FaissIDSelectorBitmap,
}

impl Parameters {
    /// `mask` must outlive the parameters: it is pointed to.
    fn new(mask: Option<&[u8]>, nprobe: Option<usize>) -> Result<Self, IndexError> {
        let mut made = Self { parameters: ptr::null_mut(), selector: ptr::null_mut() };
        if let Some(mask) = mask {
            // SAFETY: The out pointer is valid; the selector keeps a pointer to the mask, which outlives it
            // (above).
            let code =
                unsafe { sys::faiss_IDSelectorBitmap_new(&mut made.selector, mask.len(), mask.as_ptr()) };
            check(code, "make a selector")?;
        }
        let selector = made.selector.cast::<sys::FaissIDSelector>();
        // SAFETY: The out pointer is valid, and the selector is null or valid and freed after the parameters.
        // faiss derives IDSelectorBitmap from IDSelector alone, so that the pointers are the same.
        let code = unsafe {
            match nprobe {
                Some(nprobe) => {
                    sys::faiss_SearchParametersIVF_new_with(&mut made.parameters, selector, nprobe, 0)
                }
                None => sys::faiss_SearchParameters_new(&mut made.parameters, selector),
            }
        };
        check(code, "make search parameters")?;
        Ok(made)
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        // SAFETY: Each pointer is null, which C++ `delete` ignores, or came from faiss and is freed once; the
        // destructor of search parameters is virtual.
        unsafe {
            sys::faiss_SearchParameters_free(self.parameters);
            sys::faiss_IDSelectorBitmap_free(self.selector);
        }
    }
}

/// The next number of 1, 1.5, 2, 3, 4, 6, 8, 12, ...: few distinct efforts mean few changes of the index's
/// field.
fn stepped(effort: usize) -> usize {
    let power = effort.next_power_of_two();
    let between = power / 4 * 3;
    if effort <= between { between } else { power }
}

/// Trains and fills an index.
fn build_raw(
    control: &BuildControl<'_>,
    factory: &Factory,
    source: &PackedMatrix,
    width: usize,
) -> Result<Raw, IndexError> {
    let cancelled = || if (control.cancelled)() { Err(IndexError::Cancelled) } else { Ok(()) };
    let rows = source.len();
    let raw = make_raw(factory, width)?;
    // SAFETY: Touches the calling thread only, on which the whole build runs.
    unsafe { omp_set_num_threads(c_int::try_from(control.threads.max(1)).unwrap_or(1)) };
    if matches!(factory.kind, FaissKind::Hnsw { .. }) {
        set_parameter(&raw, c"efConstruction", EF_CONSTRUCTION)?;
    }
    cancelled()?;
    let training = factory.training_rows(rows);
    // SAFETY: The index is valid; this is a getter.
    if training > 0 && unsafe { sys::faiss_Index_is_trained(raw.0.as_ptr()) } == 0 {
        // Evenly spread over the rows; each is repeated where there are fewer rows than are asked for.
        let positions = (0..training).map(|i| (i as u128 * rows as u128 / training as u128) as usize);
        let sample = decode(source, width, positions);
        // SAFETY: The index is valid, and `sample` holds `training` finite vectors of its dimension.
        let code = unsafe { sys::faiss_Index_train(raw.0.as_ptr(), training as i64, sample.as_ptr()) };
        check(code, "train the index")?;
    }
    // faiss sees no interrupt within a call, and a graph takes milliseconds a row: small blocks let it end
    // soon. Each call also costs time in proportion to the rows so far, so that their number is bounded.
    let at_once = match factory.kind {
        FaissKind::Hnsw { .. } => rows.div_ceil(1024).max(GRAPH_ROWS_AT_ONCE),
        _ => rows.div_ceil(256).max(ROWS_AT_ONCE),
    };
    for start in (0..rows).step_by(at_once) {
        cancelled()?;
        let end = rows.min(start + at_once);
        let block = decode(source, width, start..end);
        // SAFETY: The index is valid and trained, and `block` holds `end - start` finite vectors of its
        // dimension.
        let code = unsafe { sys::faiss_Index_add(raw.0.as_ptr(), (end - start) as i64, block.as_ptr()) };
        check(code, "add rows")?;
        (control.progress)(end as u64, rows as u64);
    }
    // SAFETY: As above; later regions of this thread are queries.
    unsafe { omp_set_num_threads(1) };
    Ok(raw)
}

/// Rows as f32, each with its bias as one more number if there is one.
fn decode(source: &PackedMatrix, width: usize, positions: impl ExactSizeIterator<Item = usize>) -> Vec<f32> {
    let mut vectors = vec![0.0f32; positions.len() * width];
    let dimension = source.shape().dimension;
    for (position, vector) in positions.zip(vectors.chunks_exact_mut(width)) {
        let (row, rest) = vector.split_at_mut(dimension);
        source.decode(position, row);
        if let (Some(biases), [bias]) = (source.biases(), rest) {
            *bias = biases[position];
        }
    }
    vectors
}

/// A new index without rows.
fn make_raw(factory: &Factory, width: usize) -> Result<Raw, IndexError> {
    let description = CString::new(factory.to_string()).map_err(|_| IndexError::Faiss {
        call: "read a factory",
        code: 0,
        message: "zero byte".to_owned(),
    })?;
    let mut index = ptr::null_mut();
    // SAFETY: The out pointer is valid, and the description is a C string that outlives the call.
    let code = unsafe {
        sys::faiss_index_factory(
            &mut index,
            width as c_int,
            description.as_ptr(),
            sys::FaissMetricType_METRIC_INNER_PRODUCT,
        )
    };
    check(code, "make the index")?;
    owned(index, "make the index")
}

/// Reads an index file whose checksum the caller has verified.
fn read_raw(path: &Path) -> Result<Raw, IndexError> {
    let c_path = c_path(path)?;
    // faiss reports a missing file as a text; tell it plainly.
    std::fs::metadata(path)?;
    let mut index = ptr::null_mut();
    // SAFETY: The out pointer is valid, and the path is a C string that outlives the call.
    let code = unsafe { sys::faiss_read_index_fname(c_path.as_ptr(), 0, &mut index) };
    check(code, "read the index")?;
    owned(index, "read the index")
}

fn owned(index: *mut sys::FaissIndex, call: &'static str) -> Result<Raw, IndexError> {
    let message = || IndexError::Faiss { call, code: 0, message: "it gave no index".to_owned() };
    NonNull::new(index).map(Raw).ok_or_else(message)
}

/// Sets a field of the index by its name. The caller sees to it that no search runs.
fn set_parameter(raw: &Raw, name: &CStr, value: usize) -> Result<(), IndexError> {
    let mut space = ptr::null_mut();
    // SAFETY: The out pointer is valid.
    check(unsafe { sys::faiss_ParameterSpace_new(&mut space) }, "make a parameter space")?;
    // SAFETY: Space and index are valid, the name is a C string; the space is freed once and not used
    // afterwards.
    let code = unsafe {
        let code =
            sys::faiss_ParameterSpace_set_index_parameter(space, raw.0.as_ptr(), name.as_ptr(), value as f64);
        sys::faiss_ParameterSpace_free(space);
        code
    };
    check(code, "set a parameter")
}

/// Turns the code of a call into an error with the message of faiss.
fn check(code: c_int, call: &'static str) -> Result<(), IndexError> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: Gives null or a C string that lives until the next failure on this thread; it is copied at
    // once.
    let message = unsafe {
        let message = sys::faiss_get_last_error();
        if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() }
    };
    Err(IndexError::Faiss { call, code, message })
}

fn c_path(path: &Path) -> Result<CString, IndexError> {
    let refused = || IndexError::Path { path: path.to_owned() };
    CString::new(path.to_str().ok_or_else(refused)?).map_err(|_| refused())
}

/// faiss is compiled for these instructions (see `.cargo/config.toml`).
fn check_processor() -> Result<(), IndexError> {
    #[cfg(target_arch = "x86_64")]
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        return Err(IndexError::Processor);
    }
    Ok(())
}

/// Inner products between rows must not overflow f32, even as partial sums.
fn check_norm(norm: f64) -> Result<(), IndexError> {
    let max = (f64::from(f32::MAX) / 8.0).sqrt();
    if norm.is_finite() && norm <= max { Ok(()) } else { Err(IndexError::NormTooLarge { norm, max }) }
}

#[cfg(test)]
#[path = "faiss_tests.rs"]
mod tests;

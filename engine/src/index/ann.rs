//! Our own approximate index: lists of near rows, kept as signs and in 8 bits.
//!
//! | file | what it holds |
//! |---|---|
//! | `ann` | the index as a file, opened in place, and its searches |
//! | `ann_search` | queries, alone and several at a time: probe, scan, narrow |
//! | `ann_plan` | which rows are in which lists |
//! | `ann_build` | codes, and the file |
//! | `ann_delta` | rows that came after it was built, and how they are coded |
//! | `ann_tune` | how far to look for a wanted recall, by rows held out |
//!
//! Sections: `shape` u64 (dimension, has biases, rows, lists, seed, bits of the target recall as f64),
//! `starts` u32 (where the places of each list begin), `order` u32 (the row of each place), `row_slot` u32
//! (the slot of each row), the signs of places `signs`, `factors`, `shifts` and of centroids `c_signs`,
//! `c_factor`, `c_shift` (see [`SignRows`](crate::kernel::SignRows)), rows and centroids in 8 bits `rows8`,
//! `scales8`, `c_rows8`, `c_scale8` (see [`Rows8`](crate::kernel::Rows8)), `steer` f32, `reach` u32 (limit,
//! lists, depth, rows kept; see `ann_tune`) and the slots.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::ahead::RowsAhead;
use super::ann_build::{AnnCodes, AnnOptions, ROWS_AT_ONCE, rows8};
use super::ann_delta::{self, Coded, Delta};
use super::ann_plan::{COPIES, plan};
use super::ann_search::{Admit, Mask, Newer, Parts, Reach, Scratch, mask};
use super::ann_tune::{self, Held, Step};
use super::error::IndexError;
use super::matrix::PackedMatrix;
use super::row::check_dimension;
use super::search::{SearchControl, SearchParams, VectorIndex, check_queries};
use super::slots::{SlotList, SlotTable};
use crate::kernel::{Panels, ROW_WIDTH, Rotation, Rows8, SIGN_BLOCK, SIGN_WIDTH, SignRows};
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};
use crate::train::BuildControl;

const KIND: Kind = Kind { magic: *b"ATANNIDX", version: 3, name: "ann index" };

/// Rows longer than this could overflow single precision in estimates.
const NORM_MAX: f64 = 1e15;
/// Where at least this share of the rows is allowed, the others are dropped behind the scan; where fewer are,
/// the scan looks only at allowed ones and goes on until it has seen as many as it would without a filter.
const NEARLY_ALL: f64 = 0.7;
/// Filters that are kept by place.
const MASKS_KEPT: usize = 4;
/// Queries that are scanned together: enough that a list serves several while it is in the cache, and few
/// enough that what they keep stays there, too.
const QUERIES_AT_ONCE: usize = 256;
/// Newer rows that are not worth another thread.
const ROWS_CODED_ALONE: usize = 64;

const _: () = assert!(ROW_WIDTH == SIGN_WIDTH, "signs and 8 bits of a row are equally wide");

/// An approximate index over the rows of a matrix, by inner product (plus bias, if the rows have one).
pub struct AnnIndex {
    dimension: usize,
    biased: bool,
    target: f64,
    rotation: Rotation,
    starts: Array<u32>,
    /// Where the blocks of each list begin.
    blocks: Vec<u32>,
    order: Array<u32>,
    /// The slot of each row.
    row_slots: Array<u32>,
    signs: Signs,
    centroids: Signs,
    rows8: Numbers8,
    rows_ahead: RowsAhead,
    centroids8: Numbers8,
    /// The centroids in 8 bits as columns, made when several queries come first.
    panels: OnceLock<(Vec<u8>, Vec<f32>)>,
    steer: Array<f32>,
    reach: Vec<Step>,
    slots: SlotTable,
    width: usize,
    /// Rows that came after it was built.
    delta: RwLock<Delta>,
    /// The filters by place that were used last, the newest behind.
    masks: Mutex<Vec<(RoaringBitmap, Arc<Mask>)>>,
    /// Space of searches that ended, one for each query of a block.
    scratch: Mutex<Vec<Vec<Scratch>>>,
}

/// A built index.
pub struct BuiltAnn<W> {
    /// The written file, to be synced.
    pub file: W,
    /// Name and value of what a person wants to know of it.
    pub described: Vec<(String, String)>,
}

struct Signs {
    codes: Array<u8>,
    factors: Array<f32>,
    shifts: Array<f32>,
}

struct Numbers8 {
    codes: Array<u8>,
    scales: Array<f32>,
}

// Lengths were checked when the file was opened.
impl Signs {
    fn view(&self, width: usize) -> SignRows<'_> {
        match SignRows::new(width, self.codes.get(), self.factors.get(), self.shifts.get()) {
            Some(rows) => rows,
            None => unreachable!("an index changed after it was opened"),
        }
    }
}

impl Numbers8 {
    fn view(&self, width: usize) -> Rows8<'_> {
        match Rows8::new(width, self.codes.get(), self.scales.get()) {
            Some(rows) => rows,
            None => unreachable!("an index changed after it was opened"),
        }
    }
}

/// Numbers of a row as it is coded: its bias behind it, filled up.
pub(super) fn coded_width(dimension: usize, biased: bool) -> usize {
    (dimension + usize::from(biased)).next_multiple_of(SIGN_WIDTH)
}

/// Where the blocks of lists begin, which hold whole blocks each.
pub(super) fn block_starts(starts: &[u32]) -> Vec<u32> {
    let mut blocks = vec![0];
    for list in starts.windows(2) {
        let last = blocks.last().copied().unwrap_or(0);
        blocks.push(last + list[1].saturating_sub(list[0]).div_ceil(SIGN_BLOCK as u32));
    }
    blocks
}

impl AnnIndex {
    /// Builds an index over all rows of `source` with the threads of the current pool, tunes it, and writes
    /// it. In memory it holds a byte for each number, the signs, and the lists near each row (64 bytes).
    ///
    /// # Errors
    /// The rows are too long or too many, the options make no sense, the file cannot be written, or the
    /// caller cancels.
    pub fn build<W: Write>(
        control: &BuildControl<'_>,
        options: &AnnOptions,
        source: &Arc<PackedMatrix>,
        out: W,
    ) -> Result<BuiltAnn<W>, IndexError> {
        if source.norm_max() > NORM_MAX {
            return Err(IndexError::NormTooLarge { norm: source.norm_max(), max: NORM_MAX });
        }
        let shape = source.shape();
        let width = coded_width(shape.dimension, shape.biased);
        let rotation = Rotation::new(width, options.seed);
        let mut plan = plan(control, options, source, &rotation)?;
        let mut codes = AnnCodes::of(control, source, &plan, &rotation)?;
        let held = Held::out(control, options, source, &plan)?;
        let blocks = block_starts(&plan.starts);
        let parts = codes.parts(&rotation, &plan, &blocks)?;
        if !options.second_lists.unwrap_or_else(|| held.second_pays(&parts, &plan)) {
            plan.drop_second();
            codes = AnnCodes::of(control, source, &plan, &rotation)?;
        }
        let blocks = block_starts(&plan.starts);
        let parts = codes.parts(&rotation, &plan, &blocks)?;
        let reach = held.steps(&parts, &plan)?;
        let mut writer = PackedWriter::new(out, KIND)?;
        let fields = [
            shape.dimension as u64,
            u64::from(shape.biased),
            source.len() as u64,
            plan.lists() as u64,
            options.seed,
            options.target_recall.to_bits(),
        ];
        writer.section("shape", &fields)?;
        writer.section("starts", &plan.starts)?;
        writer.section("order", &plan.order)?;
        let slots: Vec<u32> = plan.rows.iter().map(|at| source.slots().slot(*at as usize)).collect();
        writer.section("row_slot", &slots)?;
        codes.write(&mut writer)?;
        let steps: Vec<u32> =
            reach.iter().flat_map(|step| [step.limit, step.probes, step.depth, step.keep]).collect();
        writer.section("reach", &steps)?;
        writer.begin("rows8")?;
        let mut scales = Vec::with_capacity(source.len());
        for positions in plan.rows.chunks(ROWS_AT_ONCE) {
            if (control.cancelled)() {
                return Err(IndexError::Cancelled);
            }
            let (bytes, some) = rows8(source, positions, &rotation);
            writer.write(&bytes)?;
            scales.extend(some);
        }
        writer.section("scales8", &scales)?;
        let mut slots = SlotList::default();
        source.slots().iter().try_for_each(|slot| slots.push(slot))?;
        slots.write(&mut writer, source.slots().slot_end())?;
        let places = plan.order.len();
        let described = described((source.len(), places), plan.lists(), options.target_recall, &reach);
        Ok(BuiltAnn { file: writer.finish()?, described })
    }

    /// Opens an index after checking every length in it. The numbers are taken as they are: the caller has
    /// verified the checksum of the file.
    ///
    /// # Errors
    /// It is no such file, or its parts contradict each other.
    pub fn open(bytes: Bytes) -> Result<AnnIndex, PackedError> {
        let packed = Packed::open(bytes, KIND, &["rows8"])?;
        let fields = packed.array::<u64>("shape", 6)?;
        let [dimension, biased, rows, lists, seed, target] = *fields.get() else {
            return Err(packed.damaged("its shape is not described"));
        };
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| check_dimension(*dimension).is_ok() && biased <= 1)
            .ok_or_else(|| packed.damaged("its shape makes no sense"))?;
        let (biased, target) = (biased == 1, f64::from_bits(target));
        if !(0.0..=1.0).contains(&target) || u32::try_from(rows).is_err() || lists > rows.max(1) {
            return Err(packed.damaged("its shape makes no sense"));
        }
        let width = coded_width(dimension, biased);
        let slots = SlotTable::open(&packed)?;
        let starts = packed.array::<u32>("starts", lists + 1)?;
        let (first, places) = (starts.get().first(), starts.get().last().copied().map_or(0, u64::from));
        let rising = starts.get().is_sorted() && first == Some(&0);
        if !rising || !(rows..=COPIES as u64 * rows).contains(&places) || slots.len() as u64 != rows {
            return Err(packed.damaged("its lists are not those of its rows"));
        }
        let blocks = block_starts(starts.get());
        let numbers8 = |codes: &str, scales: &str, rows: u64| -> Result<Numbers8, PackedError> {
            let codes = packed.array(codes, rows * width as u64)?;
            Ok(Numbers8 { codes, scales: packed.array(scales, rows)? })
        };
        let signs = |codes: &str, factors: &str, shifts: &str, blocks: u64| -> Result<Signs, PackedError> {
            let (bytes, rows) = (crate::kernel::sign_block_bytes(width) as u64, blocks * SIGN_BLOCK as u64);
            let codes = packed.array(codes, blocks * bytes)?;
            Ok(Signs { codes, factors: packed.array(factors, rows)?, shifts: packed.array(shifts, rows)? })
        };
        let row_blocks = blocks.last().map_or(0, |last| u64::from(*last));
        let reach = packed.array_of_any_length::<u32>("reach")?;
        let reach = ann_tune::steps(reach.get()).ok_or_else(|| packed.damaged("its reach makes no sense"))?;
        let rows8 = numbers8("rows8", "scales8", rows)?;
        Ok(AnnIndex {
            dimension,
            biased,
            target,
            rotation: Rotation::new(width, seed),
            order: packed.array("order", places)?,
            row_slots: packed.array("row_slot", rows)?,
            signs: signs("signs", "factors", "shifts", row_blocks)?,
            centroids: signs("c_signs", "c_factor", "c_shift", lists.div_ceil(SIGN_BLOCK as u64))?,
            rows_ahead: RowsAhead::new(&rows8.codes),
            rows8,
            centroids8: numbers8("c_rows8", "c_scale8", lists + 1)?,
            panels: OnceLock::new(),
            steer: packed.array("steer", lists)?,
            starts,
            blocks,
            reach,
            slots,
            width,
            delta: RwLock::default(),
            masks: Mutex::default(),
            scratch: Mutex::default(),
        })
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            rotation: &self.rotation,
            starts: self.starts.get(),
            order: self.order.get(),
            len: self.len(),
            blocks: &self.blocks,
            centroids: self.centroids.view(self.width),
            centroid_rows: self.centroids8.view(self.width),
            centroid_panels: None,
            steer: self.steer.get(),
            rows: self.signs.view(self.width),
        }
    }

    /// The parts with the centroids as columns.
    fn parts_for_several(&self) -> Parts<'_> {
        let parts = self.parts();
        let (codes, scales) = self.panels.get_or_init(|| parts.centroid_rows.panels(self.lists()));
        Parts { centroid_panels: Panels::new(self.width, self.lists(), codes, scales), ..parts }
    }

    /// How far to look for the best `limit` of `matching` allowed rows.
    fn reach(&self, limit: usize, effort: Option<usize>, matching: usize) -> Reach {
        let share = matching as f64 / self.len() as f64;
        // A filter spreads the best allowed rows over as many more of the best rows.
        let [tuned, tuned_depth, _] = ann_tune::reach(&self.reach, limit as f64 / share);
        let [_, _, keep] = ann_tune::reach(&self.reach, limit as f64);
        let probes = effort.map_or(tuned, |effort| effort as f64 / share).min(self.lists() as f64).ceil();
        let depth = (tuned_depth * (probes / tuned).max(1.0)).ceil();
        let keep = (keep.ceil() as usize).max(limit);
        // As many places as are sure to be those of enough rows.
        let copies = if self.order.get().len() > self.len() { COPIES } else { 1 };
        let rows = (probes * matching as f64 / self.lists() as f64) as usize;
        Reach {
            probes: probes as usize,
            places: copies * rows.max(keep).min(matching),
            depth: (depth as usize).max(copies * keep),
            keep,
        }
    }

    fn lists(&self) -> usize {
        self.steer.get().len()
    }

    /// A filter by place. Queries with the same WHERE follow each other, and to compare two filters costs far
    /// less than to walk the rows.
    fn mask_of(&self, filter: &RoaringBitmap) -> Arc<Mask> {
        let known = {
            let mut masks = lock(&self.masks);
            let at = masks.iter().position(|(known, _)| known == filter);
            at.map(|at| {
                let newest = masks.len() - 1;
                masks[at..].rotate_left(1);
                masks[newest].1.clone()
            })
        };
        known.unwrap_or_else(|| {
            let made = Arc::new(mask(self.order.get(), self.row_slots.get(), filter));
            let mut masks = lock(&self.masks);
            if masks.len() == MASKS_KEPT {
                masks.remove(0);
            }
            masks.push((filter.clone(), made.clone()));
            made
        })
    }

    /// The nominees of some queries, each with a scratch of its own.
    fn answers(
        &self,
        scratch: &mut [Scratch],
        queries: &[f32],
        search: &Search<'_>,
        newer: Option<Newer<'_>>,
    ) -> Vec<Vec<u32>> {
        let slots = self.row_slots.get();
        let parts = if scratch.len() > 1 { self.parts_for_several() } else { self.parts() };
        let slot = |row: u32| match (slots.get(row as usize), newer) {
            (Some(slot), _) => *slot,
            (None, Some(newer)) => newer.delta.slot(row - slots.len() as u32),
            (None, None) => unreachable!("a row behind the last"),
        };
        for (scratch, query) in scratch.iter_mut().zip(queries.chunks_exact(self.dimension)) {
            parts.set(scratch, query, self.biased);
        }
        // A filter that few rows fail is asked behind the scan.
        let behind = search.filter.filter(|_| search.nearly_all);
        let (reach, mask) = match behind {
            Some(_) => (Reach { places: 0, ..search.reach }, None),
            None => (search.reach, search.mask(self)),
        };
        if scratch.len() > 1 && behind.is_none() {
            let ahead = |rows: &mut dyn Iterator<Item = u32>| {
                self.rows_ahead.ask(&self.rows8.codes, self.width, rows);
            };
            let (admit, own) = (Admit { mask, newer }, self.rows8.view(self.width));
            let mut found = parts.scan_and_narrow(scratch, reach, admit, &own, ahead);
            for rows in &mut found {
                rows.iter_mut().for_each(|row| *row = slot(*row));
                rows.sort_unstable();
            }
            return found;
        }
        let mut found = parts.scan(scratch, reach, Admit { mask, newer });
        for (scratch, rows) in scratch.iter_mut().zip(&mut found) {
            if let Some(filter) = behind {
                rows.retain(|row| slots.get(*row as usize).is_none_or(|slot| filter.contains(*slot)));
                if rows.len() < search.limit {
                    let admit = Admit { mask: search.mask(self), newer };
                    *rows = parts.scan(std::slice::from_mut(scratch), search.reach, admit).concat();
                }
            }
            let own = rows.iter().copied().filter(|row| (*row as usize) < slots.len());
            self.rows_ahead.ask(&self.rows8.codes, self.width, own);
            parts.narrow(scratch, (&self.rows8.view(self.width), newer), rows, search.reach.keep);
            rows.iter_mut().for_each(|row| *row = slot(*row));
            rows.sort_unstable();
        }
        found
    }

    /// The nominees of some queries, at most [`QUERIES_AT_ONCE`] at a time.
    fn block(
        &self,
        control: &SearchControl<'_>,
        queries: &[f32],
        search: &Search<'_>,
    ) -> Result<Vec<Vec<u32>>, IndexError> {
        let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
        let count = (queries.len() / self.dimension).min(QUERIES_AT_ONCE);
        scratch.resize_with(count.max(scratch.len()), Scratch::default);
        let delta = self.delta.read().unwrap_or_else(PoisonError::into_inner);
        let newer = search.newer.and_then(|allowed| {
            let (rows, rows8) = (delta.rows(self.width)?, delta.rows8(self.width)?);
            Some(Newer { delta: &delta, rows, rows8, allowed })
        });
        let mut found = Vec::with_capacity(queries.len() / self.dimension);
        let mut result = Ok(());
        for queries in queries.chunks(QUERIES_AT_ONCE * self.dimension) {
            result = control.check();
            if result.is_err() {
                break;
            }
            let some = &mut scratch[..queries.len() / self.dimension];
            found.extend(self.answers(some, queries, search, newer));
        }
        lock(&self.scratch).push(scratch);
        result.map(|()| found)
    }
}

/// What a person wants to know of an index.
fn described(
    (rows, places): (usize, usize),
    lists: usize,
    target: f64,
    reach: &[Step],
) -> Vec<(String, String)> {
    let numbers = [
        ("rows", rows as f64),
        ("places", places as f64),
        ("lists", lists as f64),
        ("target_recall", target),
    ];
    let mut lines: Vec<(String, String)> =
        numbers.into_iter().map(|(name, number)| (name.to_string(), number.to_string())).collect();
    for Step { limit, probes, depth, keep } in reach {
        let text = format!("{probes} lists, {depth} rows in 8 bits, {keep} exactly");
        lines.push((format!("best_{limit}"), text));
    }
    lines
}

/// A lock whose holder cannot have left it half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One search, as its queries need it.
struct Search<'a> {
    limit: usize,
    reach: Reach,
    filter: Option<&'a RoaringBitmap>,
    newer: Option<&'a RoaringBitmap>,
    /// The filter allows nearly all rows.
    nearly_all: bool,
    /// The filter by place, made when first needed.
    mask: OnceLock<Arc<Mask>>,
}

impl Search<'_> {
    fn mask(&self, index: &AnnIndex) -> Option<&Mask> {
        let filter = self.filter?;
        Some(self.mask.get_or_init(|| index.mask_of(filter)))
    }
}

impl VectorIndex for AnnIndex {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn len(&self) -> usize {
        self.row_slots.get().len()
    }

    fn slot_end(&self) -> u32 {
        self.slots.slot_end()
    }

    fn exact(&self) -> bool {
        false
    }

    fn default_effort(&self, limit: usize) -> usize {
        if self.is_empty() { 0 } else { self.reach(limit.clamp(1, self.len()), None, self.len()).probes }
    }

    fn search(
        &self,
        control: &SearchControl<'_>,
        queries: &[f32],
        params: &SearchParams<'_>,
    ) -> Result<Vec<Vec<u32>>, IndexError> {
        let count = check_queries(queries, self.dimension)?;
        control.check()?;
        let matching = params.filter.map_or(self.len(), |filter| self.slots.matching(filter));
        let limit = params.limit.min(matching);
        let newer = params.newer.filter(|newer| !newer.is_empty() && params.limit > 0);
        if limit == 0 {
            return Ok(vec![newer.map_or_else(Vec::new, |newer| newer.iter().collect()); count]);
        }
        let filter = params.filter.filter(|_| matching < self.len());
        let reach = self.reach(limit, params.effort.map(|effort| effort.max(1)), matching);
        if reach.depth >= matching {
            let all: Vec<u32> = match filter {
                Some(filter) => {
                    filter.iter().filter(|slot| self.slots.position_of(*slot).is_some()).collect()
                }
                None => self.slots.iter().collect(),
            };
            let all: Vec<u32> = all.into_iter().chain(newer.into_iter().flatten()).collect();
            return Ok(vec![all; count]);
        }
        let nearly_all = matching as f64 >= NEARLY_ALL * self.len() as f64;
        let search = Search { limit, reach, filter, newer, nearly_all, mask: OnceLock::new() };
        if count <= 1 || control.threads <= 1 {
            return self.block(control, queries, &search);
        }
        let at_once = count.div_ceil(control.threads).min(QUERIES_AT_ONCE);
        let found: Vec<Vec<Vec<u32>>> = queries
            .par_chunks(at_once * self.dimension)
            .map(|queries| self.block(control, queries, &search))
            .collect::<Result<_, _>>()?;
        Ok(found.concat())
    }

    fn missing(&self, newer: &RoaringBitmap) -> Option<RoaringBitmap> {
        // An index without lists has none to put them to.
        (!self.is_empty()).then(|| self.delta.read().unwrap_or_else(PoisonError::into_inner).missing(newer))
    }

    fn extend(&self, rows: &[(u32, Vec<f32>)]) {
        for (_, row) in rows {
            assert!(row.len() == self.dimension + usize::from(self.biased), "a row of {} numbers", row.len());
        }
        let parts = if rows.len() > 1 { self.parts_for_several() } else { self.parts() };
        let code =
            |rows: &[(u32, Vec<f32>)]| ann_delta::code(&parts, rows.iter().map(|(_, row)| row.as_slice()));
        let coded: Vec<Coded> = match rows.len() {
            0..=ROWS_CODED_ALONE => code(rows),
            _ => rows.par_chunks(ROWS_CODED_ALONE).flat_map_iter(code).collect(),
        };
        let mut delta = self.delta.write().unwrap_or_else(PoisonError::into_inner);
        rows.iter().zip(&coded).for_each(|((slot, _), row)| delta.push(&parts, *slot, row));
    }

    fn describe(&self) -> Vec<(String, String)> {
        described((self.len(), self.order.get().len()), self.lists(), self.target, &self.reach)
    }
}

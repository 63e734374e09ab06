//! Words of a text column under a view: the index of its generation, and the newer texts in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use argtop_query::Value;
use argtop_storage::{GenerationKind, IndexRecord, Slot, TableRecord};
use roaring::RoaringBitmap;

use super::View;
use super::moment::{lock, unread};
use crate::context::Context;
use crate::error::Error;
use crate::index::text::{
    Admitted, Analysis, Bm25, Collection, NewerTexts, QueryWord, STEMMERS, Sought, Space, TextIndex,
    TextWriter,
};

/// Labels whose texts are read at a time.
const LABELS_AT_ONCE: usize = 65_536;
/// The constants of BM25 where the statement does not say, those of Lucene.
pub(crate) const K1: f64 = 1.2;
/// See [`K1`].
pub(crate) const B: f64 = 0.75;

/// How texts are made into words, and how they are ranked, as an index says.
#[derive(Clone)]
pub(crate) struct TextOptions {
    pub(crate) bm25: Bm25,
    pub(crate) analysis: Analysis,
}

impl TextOptions {
    /// The options of an index.
    pub(crate) fn of(index: &IndexRecord) -> Result<TextOptions, Error> {
        let text = |name: &str| index.options.get(name).map(String::as_str);
        let number = |name: &str| text(name).and_then(|text| text.parse::<f64>().ok());
        let stemmer = text("stemmer").unwrap_or(STEMMERS[0]);
        let analysis = Analysis::new(stemmer)
            .ok_or_else(|| Error::Internal(format!("index {} has the stemmer {stemmer}", index.name)))?;
        Ok(TextOptions {
            bm25: Bm25 { k1: number("k1").unwrap_or(K1), b: number("b").unwrap_or(B) },
            analysis,
        })
    }
}

/// What all views share of one index under one generation.
pub(super) struct Shared {
    generation: Option<u64>,
    packed: Option<TextIndex>,
    newer: RwLock<NewerTexts>,
    counted: Mutex<Option<Counted>>,
    /// Space of searches that ended.
    space: Mutex<Vec<Space>>,
}

/// What was counted last, and for which labels and how many newer ones.
struct Counted {
    live: Arc<RoaringBitmap>,
    newer: u64,
    collection: Arc<Collection>,
}

/// A text column under a view.
pub(crate) struct TextRows {
    shared: Arc<Shared>,
    options: TextOptions,
    live: Arc<RoaringBitmap>,
    slot_end: Slot,
}

/// What was found for one query.
pub(crate) struct Matched {
    /// The best scores and their labels, in no order.
    pub(crate) best: Vec<(f64, Slot)>,
    /// Different words of the query.
    pub(crate) words: usize,
}

impl TextRows {
    /// Opens the index; reads the texts that are missing.
    pub(super) fn open(view: &View, table: &TableRecord, index: &IndexRecord) -> Result<TextRows, Error> {
        let options = TextOptions::of(index)?;
        let shared = shared(view, index);
        let slot_end = shared.packed.as_ref().map_or(0, |packed| packed.slots().slot_end());
        let live = view.live(table)?;
        read_newer(view, table, index, &shared, &live, &options)?;
        Ok(TextRows { shared, options, live, slot_end })
    }

    /// Slots under this one stand in the generation.
    pub(crate) fn slot_end(&self) -> Slot {
        self.slot_end
    }

    /// What may be found, for any number of queries: some live labels, all where it is none.
    pub(crate) fn admit<'a>(&self, slots: Option<&'a RoaringBitmap>) -> Admitted<'a> {
        Admitted::new(self.shared.packed.as_ref(), slots)
    }

    /// The admitted labels that score best for a text.
    pub(crate) fn search(
        &self,
        context: &Context,
        text: &str,
        admitted: &Admitted<'_>,
        limit: u64,
        words_max: usize,
    ) -> Result<Matched, Error> {
        context.check()?;
        let words = self.words(text, words_max)?;
        let newer = self.shared.newer.read().unwrap_or_else(PoisonError::into_inner);
        let collection = self.collection(&newer);
        let packed = self.shared.packed.as_ref();
        let sought = Sought { packed, newer: &newer, live: &self.live, collection: &collection };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // What a search leaves behind that fails is not used again.
        let mut space = lock(&self.shared.space).pop().unwrap_or_default();
        let best = sought.best(self.options.bm25, &words, admitted, limit, &mut space)?;
        lock(&self.shared.space).push(space);
        Ok(Matched { best, words: words.len() })
    }

    /// The different words of a text, in their order.
    fn words(&self, text: &str, words_max: usize) -> Result<Vec<QueryWord>, Error> {
        let mut words: Vec<QueryWord> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut too_many = false;
        self.options.analysis.clone().each_word(text, |word| {
            if let Some(place) = places.get(word) {
                words[*place].count = words[*place].count.saturating_add(1);
            } else if words.len() < words_max {
                places.insert(word.to_string(), words.len());
                words.push(QueryWord { word: word.to_string(), count: 1 });
            } else {
                too_many = true;
            }
        });
        if too_many {
            return Err(Error::value(
                format!("the text of MATCH has more than {words_max} different words"),
                "give a shorter text",
            ));
        }
        Ok(words)
    }

    /// The live texts; counted once for all queries of a moment.
    fn collection(&self, newer: &NewerTexts) -> Arc<Collection> {
        let seen = newer.seen().len();
        let mut counted = lock(&self.shared.counted);
        if let Some(known) = &*counted
            && Arc::ptr_eq(&known.live, &self.live)
            && known.newer == seen
        {
            return known.collection.clone();
        }
        let collection = Arc::new(Collection::of(self.shared.packed.as_ref(), newer, &self.live));
        *counted = Some(Counted { live: self.live.clone(), newer: seen, collection: collection.clone() });
        collection
    }
}

fn shared(view: &View, index: &IndexRecord) -> Arc<Shared> {
    let generation = view.generation(index.id);
    let id = generation.as_ref().map(|generation| generation.id());
    if let Some(shared) = lock(&view.inner.caches.texts).get(&index.id)
        && shared.generation == id
    {
        return shared.clone();
    }
    let packed = generation.and_then(|generation| {
        if generation.kind().ok()? != GenerationKind::Text {
            return None;
        }
        TextIndex::open(generation.map(crate::build::TEXT_FILE).ok()?).ok()
    });
    let shared = Arc::new(Shared {
        generation: id,
        packed,
        newer: RwLock::default(),
        counted: Mutex::default(),
        space: Mutex::default(),
    });
    // Views of an older generation keep what they hold; the newest stays in the cache.
    lock(&view.inner.caches.texts).insert(index.id, shared.clone());
    shared
}

/// Reads the texts of live labels behind the generation that nobody has read.
fn read_newer(
    view: &View,
    table: &TableRecord,
    index: &IndexRecord,
    shared: &Shared,
    live: &RoaringBitmap,
    options: &TextOptions,
) -> Result<(), Error> {
    let from = shared.packed.as_ref().map_or(0, |packed| packed.slots().slot_end());
    let to = view.snapshot.slot_end(table.id);
    let missing = |newer: &NewerTexts| unread(live, newer.seen(), from, to);
    if missing(&shared.newer.read().unwrap_or_else(PoisonError::into_inner)).is_empty() {
        return Ok(());
    }
    let mut newer = shared.newer.write().unwrap_or_else(PoisonError::into_inner);
    // Another may have read them meanwhile.
    let missing = missing(&newer);
    let mut analysis = options.analysis.clone();
    each_text(view, table, index, &missing, &|| Ok(()), |slot, text| {
        newer.push(slot, text, &mut analysis);
        Ok(())
    })
}

/// Hands some live slots (rising) and the texts of their labels to `each`.
fn each_text(
    view: &View,
    table: &TableRecord,
    index: &IndexRecord,
    slots: &[Slot],
    between: &dyn Fn() -> Result<(), Error>,
    mut each: impl FnMut(Slot, Option<&str>) -> Result<(), Error>,
) -> Result<(), Error> {
    let column = table.columns.iter().position(|column| Some(column.id) == index.column);
    let column = column.ok_or_else(|| Error::Internal(format!("index {} has no column", index.name)))?;
    for slots in slots.chunks(LABELS_AT_ONCE) {
        view.each_label(table, slots, &[column], |slot, row| match &row[column] {
            Value::Text(text) => each(slot, Some(text)),
            _ => each(slot, None),
        })?;
        between()?;
    }
    Ok(())
}

/// The words of all live labels, to be written as a generation; with the end of their slots.
pub(crate) fn write_texts(
    context: &Context,
    view: &View,
    table: &TableRecord,
    index: &IndexRecord,
) -> Result<(TextWriter, Slot), Error> {
    let bytes_max = view.inner.limits.text_index_bytes;
    let mut writer = TextWriter::new(TextOptions::of(index)?.analysis, bytes_max)?;
    let live = view.live(table)?;
    let slots: Vec<Slot> = live.iter().collect();
    let mut done = 0;
    let progress = || {
        context.check()?;
        Ok(())
    };
    each_text(view, table, index, &slots, &progress, |slot, text| {
        if let Some(text) = text {
            writer.push(slot, text).map_err(Error::from)?;
        }
        done += 1;
        if done % 4_096 == 0 {
            context.progress("reading texts", done, Some(live.len()));
        }
        Ok::<(), Error>(())
    })?;
    Ok((writer, view.snapshot.slot_end(table.id)))
}

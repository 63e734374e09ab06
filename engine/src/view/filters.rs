//! Predicates over labels, remembered: which of the live slots pass.
//!
//! What a slot holds never changes, so that an answer holds for every moment at which its slot is live. After
//! an INSERT only new slots are looked at.

use std::sync::{Arc, Mutex};

use argtop_storage::ObjectId;
use lru::LruCache;
use roaring::RoaringBitmap;

use super::moment::lock;

/// A predicate over the labels of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FilterName {
    pub(crate) table: ObjectId,
    /// Of the catalog: columns keep their positions within one.
    pub(crate) version: u64,
    /// The predicate and the values of its parameters.
    pub(crate) text: String,
}

/// What is known of a predicate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The slots that were looked at: those live when it was asked for last.
    pub(crate) live: Arc<RoaringBitmap>,
    /// Those of them that pass.
    pub(crate) passing: Arc<RoaringBitmap>,
}

/// Answers of the predicates asked for most recently.
#[derive(Default)]
pub(crate) struct Filters {
    state: Mutex<State>,
}

struct State {
    known: LruCache<FilterName, Known>,
    bytes: usize,
}

impl Default for State {
    fn default() -> State {
        State { known: LruCache::unbounded(), bytes: 0 }
    }
}

/// Bytes that an entry takes. The live slots are those of a snapshot, and counted as if they were its own:
/// they are kept from being freed.
fn bytes(name: &FilterName, known: &Known) -> usize {
    size_of::<FilterName>() + name.text.len() + known.live.serialized_size() + known.passing.serialized_size()
}

impl Filters {
    /// What is known of a predicate.
    pub(crate) fn get(&self, name: &FilterName) -> Option<Known> {
        lock(&self.state).known.get(name).cloned()
    }

    /// Keeps what is known of a predicate, if all that is kept stays within `bytes_max`; what was asked for
    /// least recently goes first.
    pub(crate) fn put(&self, name: FilterName, known: Known, bytes_max: usize) {
        let added = bytes(&name, &known);
        if added > bytes_max {
            return;
        }
        let mut state = lock(&self.state);
        state.bytes += added;
        if let Some((name, old)) = state.known.push(name, known) {
            state.bytes -= bytes(&name, &old);
        }
        while state.bytes > bytes_max {
            let Some((name, old)) = state.known.pop_lru() else { break };
            state.bytes -= bytes(&name, &old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FilterName {
        FilterName { table: ObjectId(1), version: 1, text: text.to_string() }
    }

    #[test]
    fn what_was_asked_for_least_recently_goes_first_and_what_is_too_large_is_not_kept() {
        let filters = Filters::default();
        let known = Known { live: Arc::new((0..1000).collect()), passing: Arc::new((0..10).collect()) };
        let one = bytes(&name("a"), &known);
        for text in ["a", "b", "a", "c"] {
            filters.get(&name(text));
            filters.put(name(text), known.clone(), 2 * one);
        }
        assert!(filters.get(&name("a")).is_some() && filters.get(&name("c")).is_some());
        assert!(filters.get(&name("b")).is_none());
        assert_eq!(lock(&filters.state).bytes, 2 * one);
        filters.put(name("d"), known, one - 1);
        assert!(filters.get(&name("d")).is_none() && filters.get(&name("a")).is_some());
    }
}

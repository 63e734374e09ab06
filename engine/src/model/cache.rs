//! Embeddings of the texts encoded last.

use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

/// An embedding as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cached {
    pub(super) values: Arc<[f32]>,
    pub(super) tokens: usize,
}

/// A least-recently-used cache, bounded by entries and by bytes. One lock: it is held for a look-up, and a
/// look-up costs a thousandth of an encoding.
pub(super) struct TextCache {
    state: Mutex<State>,
    entries_max: usize,
    bytes_max: usize,
}

struct State {
    entries: LruCache<Box<str>, Cached>,
    bytes: usize,
}

fn bytes_of(text: &str, cached: &Cached) -> usize {
    // About a hundred bytes of links and counters an entry.
    text.len() + size_of_val(&*cached.values) + 100
}

impl TextCache {
    /// An empty cache; with no entries or no bytes allowed it stays empty.
    pub(super) fn new(entries_max: usize, bytes_max: usize) -> TextCache {
        let state = State { entries: LruCache::unbounded(), bytes: 0 };
        TextCache { state: Mutex::new(state), entries_max, bytes_max }
    }

    /// The embedding of a text, if it is kept; it is then the last to go.
    pub(super) fn get(&self, text: &str) -> Option<Cached> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.entries.get(text).cloned()
    }

    /// Keeps an embedding and drops the least recently used ones beyond the bounds.
    pub(super) fn put(&self, text: &str, cached: Cached) {
        let bytes = bytes_of(text, &cached);
        if self.entries_max == 0 || bytes > self.bytes_max {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = state.entries.put(text.into(), cached) {
            state.bytes -= bytes_of(text, &old);
        }
        state.bytes += bytes;
        while state.entries.len() > self.entries_max || state.bytes > self.bytes_max {
            let Some((text, old)) = state.entries.pop_lru() else { break };
            state.bytes -= bytes_of(&text, &old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cached(value: f32) -> Cached {
        Cached { values: Arc::from([value; 4]), tokens: 3 }
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = TextCache::new(2, 1 << 20);
        cache.put("a", cached(1.0));
        cache.put("b", cached(2.0));
        assert_eq!(cache.get("a"), Some(cached(1.0)));
        cache.put("c", cached(3.0));
        assert_eq!((cache.get("b"), cache.get("a")), (None, Some(cached(1.0))));
    }

    #[test]
    fn bytes_are_counted_through_replacement_and_eviction() {
        let cache = TextCache::new(100, 360);
        for round in 0..50 {
            cache.put("same", cached(round as f32));
            cache.put(&format!("text {round}"), cached(0.0));
        }
        let state = cache.state.lock().unwrap();
        let counted: usize = state.entries.iter().map(|(text, cached)| bytes_of(text, cached)).sum();
        assert_eq!((state.bytes, state.entries.len()), (counted, 2));
        drop(state);
        cache.put(&"x".repeat(400), cached(0.0));
        assert_eq!(cache.get(&"x".repeat(400)), None);
        let none = TextCache::new(0, 1000);
        none.put("a", cached(1.0));
        assert_eq!(none.get("a"), None);
    }
}

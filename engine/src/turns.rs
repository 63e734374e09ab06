//! INSERTs of many sessions write in turns that are taken for each other.
//!
//! To hand a lock from thread to thread costs more than an INSERT whose rows are prepared: the next thread
//! has to be woken first. So a thread whose turn it is also writes what others have brought meanwhile, waits
//! for the disk once for all of them, and then wakes them with their outcomes.
//!
//! ```text
//! thread 1:  write 1      | sync              | outcome 1
//! thread 2:  (brought 2)  | write 2 3 4       | sync            | outcomes 2 3 4
//! thread 3:  (brought 3)   ............................... wakes
//! ```
//!
//! Each statement has a writer, a sequence number and an outcome of its own, as if nobody had helped.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use argtop_storage::{Store, Submitted, Writer};

use crate::error::Error;

/// Statements that one thread writes before it waits for the disk.
const TURN_MAX: usize = 64;

/// Statements that wait for their turn.
#[derive(Default)]
pub(crate) struct Turns {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Entry>,
    /// Whether a thread is writing, or has been told to.
    taken: bool,
}

struct Entry {
    write: Write,
    told: Arc<dyn Told>,
}

/// Writes a statement, and gives what is left to do when the writer is free for the next one.
type Write = Box<dyn FnOnce(&Store) -> Settle + Send>;
/// Waits for the disk and tells the statement's thread of the outcome.
type Settle = Box<dyn FnOnce() + Send>;

/// A thread that waits.
trait Told: Send + Sync {
    /// Its turn has come.
    fn turn(&self);
}

/// What a thread waits for: the outcome of its work, or its turn.
struct Place<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

enum State<T> {
    Waiting,
    Turn,
    Done(std::thread::Result<Result<T, Error>>),
}

/// Nothing under these locks can be left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send> Told for Place<T> {
    fn turn(&self) {
        *lock(&self.state) = State::Turn;
        self.changed.notify_one();
    }
}

impl<T> Place<T> {
    fn done(&self, outcome: std::thread::Result<Result<T, Error>>) {
        *lock(&self.state) = State::Done(outcome);
        self.changed.notify_one();
    }

    /// The outcome, or None when the turn has come.
    fn wait(&self) -> Option<std::thread::Result<Result<T, Error>>> {
        let mut state = lock(&self.state);
        loop {
            match std::mem::replace(&mut *state, State::Waiting) {
                State::Waiting => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                State::Turn => return None,
                State::Done(outcome) => return Some(outcome),
            }
        }
    }
}

impl Turns {
    /// Does work with a writer, on this thread or on another that has its turn, and waits until what it
    /// submitted is on the disk.
    ///
    /// # Errors
    /// What the work or the disk fails with.
    ///
    /// # Panics
    /// If the work panics, on this thread.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        store: &Store,
        work: impl FnOnce(Writer<'_>) -> Result<(T, Option<Submitted>), Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::new(Place { state: Mutex::new(State::Waiting), changed: Condvar::new() });
        let entry = Entry { write: written(place.clone(), work), told: place.clone() };
        let first = {
            let mut queue = lock(&self.queue);
            queue.waiting.push_back(entry);
            !std::mem::replace(&mut queue.taken, true)
        };
        if first {
            self.turn(store);
        }
        let outcome = loop {
            match place.wait() {
                Some(outcome) => break outcome,
                None => self.turn(store),
            }
        };
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Writes what waits, up to a bound, lets the next thread have its turn, and waits for the disk.
    fn turn(&self, store: &Store) {
        let mut settle = Vec::new();
        loop {
            let entry = {
                let mut queue = lock(&self.queue);
                if settle.len() == TURN_MAX
                    && let Some(next) = queue.waiting.front()
                {
                    next.told.turn();
                    break;
                }
                match queue.waiting.pop_front() {
                    Some(entry) => entry,
                    None => {
                        queue.taken = false;
                        break;
                    }
                }
            };
            settle.push((entry.write)(store));
        }
        settle.into_iter().for_each(|settle| settle());
    }
}

/// Work whose outcome goes to a place, whatever becomes of it.
fn written<T: Send + 'static>(
    place: Arc<Place<T>>,
    work: impl FnOnce(Writer<'_>) -> Result<(T, Option<Submitted>), Error> + Send + 'static,
) -> Write {
    Box::new(move |store| {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(store.writer()?)));
        Box::new(move || {
            let settle = |(value, submitted): (T, Option<Submitted>)| {
                submitted.map(Submitted::wait).transpose()?;
                Ok(value)
            };
            place.done(
                outcome.and_then(|outcome| catch_unwind(AssertUnwindSafe(|| outcome.and_then(settle)))),
            );
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use argtop_storage::OpenOptions;

    use super::*;

    fn opened() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions { create: true, ..OpenOptions::default() };
        let store = Store::open(folder.path().join("db"), &options).unwrap();
        (folder, store)
    }

    #[test]
    fn every_thread_gets_its_own_outcome() {
        let (_folder, store) = opened();
        let (turns, done) = (Turns::default(), Arc::new(AtomicU64::new(0)));
        std::thread::scope(|scope| {
            for thread in 0..16u64 {
                let (turns, store, done) = (&turns, &store, &done);
                scope.spawn(move || {
                    for round in 0..50 {
                        let (number, done) = (thread * 50 + round, done.clone());
                        let outcome = turns.write(store, move |mut writer| {
                            done.fetch_add(1, Ordering::SeqCst);
                            if number % 7 == 3 {
                                return Err(Error::Interrupted);
                            }
                            writer.put_setting(&format!("s{number}"), Some("1"));
                            Ok((number, Some(writer.submit()?)))
                        });
                        match outcome {
                            Ok(found) => assert_eq!(found, number),
                            Err(error) => assert!(number % 7 == 3, "{number}: {error}"),
                        }
                        // What was acknowledged is there.
                        let there = store.snapshot().setting(&format!("s{number}")).is_some();
                        assert_eq!(there, number % 7 != 3);
                    }
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 16 * 50);
        assert!(!lock(&turns.queue).taken);
    }

    #[test]
    fn a_panic_meets_its_own_thread_alone() {
        let (_folder, store) = opened();
        let turns = Turns::default();
        let outcomes: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..12)
                .map(|number| {
                    let (turns, store) = (&turns, &store);
                    scope.spawn(move || {
                        turns.write(store, move |_| {
                            assert!(number % 4 != 1, "as the test wants it");
                            Ok((number, None))
                        })
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().is_ok_and(|outcome| outcome.is_ok())).collect()
        });
        let expected: Vec<bool> = (0..12).map(|number| number % 4 != 1).collect();
        assert_eq!(outcomes, expected);
    }
}

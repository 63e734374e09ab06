//! A line of work on threads of its own: one thread makes blocks, several work on them, the caller takes what
//! comes of them.
//!
//! ```text
//! next() --bounded channel--> work() on each worker --bounded channel--> Iterator (in order, or as done)
//! ```
//!
//! What is on its way is bounded: a block is only made when it has a ticket, and the ticket comes back when
//! the caller has taken the block's result. Dropping the line ends its threads and waits for them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded};

use crate::error::Error;

/// Blocks on their way for each worker: one in work, one waiting before and one behind it.
const TICKETS_PER_WORKER: usize = 3;

/// How a line is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineOptions {
    /// Threads that work on blocks.
    pub(crate) workers: usize,
    /// Results come in the order of their blocks, or else as they are done.
    pub(crate) in_order: bool,
}

type Numbered<T> = (u64, Result<T, Error>);

/// The results of a line of work.
pub(crate) struct Line<T> {
    /// None once the line has ended.
    results: Option<Receiver<Numbered<T>>>,
    tickets: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    in_order: bool,
    next: u64,
    waiting: BTreeMap<u64, Result<T, Error>>,
}

/// Starts a line. `next` makes the blocks one after the other until it gives None or fails; `work` is called
/// for each, on several threads at a time. An error takes the place of its block; the reader of the line
/// decides whether it goes on.
pub(crate) fn start<B, T>(
    options: LineOptions,
    next: impl FnMut() -> Result<Option<B>, Error> + Send + 'static,
    work: impl Fn(B) -> Result<T, Error> + Send + Sync + 'static,
) -> Result<Line<T>, Error>
where
    B: Send + 'static,
    T: Send + 'static,
{
    let workers = options.workers.max(1);
    let in_flight = workers * TICKETS_PER_WORKER;
    let (blocks_in, blocks) = bounded::<(u64, B)>(in_flight);
    let (results_in, results) = bounded::<Numbered<T>>(in_flight);
    let (tickets, granted) = bounded::<()>(in_flight);
    for _ in 0..in_flight {
        // The channel has room for all of them.
        let _ = tickets.try_send(());
    }
    let failures = results_in.clone();
    let mut threads = vec![spawn("reader", move || make(next, &granted, &blocks_in, &failures))?];
    let work = Arc::new(work);
    for number in 0..workers {
        let (blocks, results_in, work) = (blocks.clone(), results_in.clone(), work.clone());
        let name = format!("worker-{number}");
        threads.push(spawn(&name, move || {
            for (number, block) in blocks {
                let result = guarded(|| work(block));
                if results_in.send((number, result)).is_err() {
                    return;
                }
            }
        })?);
    }
    let (results, tickets) = (Some(results), Some(tickets));
    Ok(Line { results, tickets, threads, in_order: options.in_order, next: 0, waiting: BTreeMap::new() })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = std::thread::Builder::new().name(format!("argtop-{name}"));
    thread.spawn(work).map_err(|error| Error::Internal(format!("no thread: {error}")))
}

/// A panic must not leave the line waiting for a result for ever.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::Internal("a thread of the statement panicked".to_string())))
}

fn make<B, T>(
    mut next: impl FnMut() -> Result<Option<B>, Error>,
    granted: &Receiver<()>,
    blocks: &Sender<(u64, B)>,
    failures: &Sender<Numbered<T>>,
) {
    for number in 0.. {
        if granted.recv().is_err() {
            return;
        }
        match guarded(&mut next) {
            Ok(Some(block)) => {
                if blocks.send((number, block)).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                // Nobody listens any more where this fails.
                let _ = failures.send((number, Err(error)));
                return;
            }
        }
    }
}

impl<T> Iterator for Line<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = loop {
            if let Some(result) = self.waiting.remove(&self.next) {
                break result;
            }
            match self.results.as_ref()?.recv() {
                Ok((number, result)) if self.in_order => {
                    self.waiting.insert(number, result);
                }
                Ok((_, result)) => break result,
                // All threads have ended.
                Err(_) => break self.waiting.pop_first()?.1,
            }
        };
        self.next += 1;
        if let Some(tickets) = &self.tickets {
            let _ = tickets.try_send(());
        }
        Some(result)
    }
}

impl<T> Drop for Line<T> {
    fn drop(&mut self) {
        // Threads that wait to send or for a ticket end when there is nobody on the other side.
        self.results = None;
        self.tickets = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    fn numbers(end: u64) -> impl FnMut() -> Result<Option<u64>, Error> + Send + 'static {
        let mut numbers = 0..end;
        move || Ok(numbers.next())
    }

    #[test]
    fn results_come_in_order_or_as_done_but_all_of_them() {
        for (workers, in_order) in [(1, true), (1, false), (3, true), (3, false)] {
            let options = LineOptions { workers, in_order };
            let slow = |number: u64| {
                std::thread::sleep(Duration::from_micros(if number.is_multiple_of(5) { 900 } else { 10 }));
                Ok(number * 2)
            };
            let line = start(options, numbers(100), slow).unwrap();
            let mut found: Vec<u64> = line.map(Result::unwrap).collect();
            if !in_order {
                found.sort_unstable();
            }
            assert_eq!(found, (0..100).map(|number| number * 2).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn what_is_on_its_way_is_bounded_even_behind_a_slow_block() {
        let made = Arc::new(AtomicU64::new(0));
        let counter = made.clone();
        let next = move || Ok(Some(counter.fetch_add(1, Ordering::SeqCst)));
        let slow_first = |number: u64| {
            std::thread::sleep(Duration::from_millis(if number == 0 { 80 } else { 0 }));
            Ok(number)
        };
        let options = LineOptions { workers: 2, in_order: true };
        let mut line = start(options, next, slow_first).unwrap();
        assert_eq!(line.next().unwrap().unwrap(), 0);
        assert!(made.load(Ordering::SeqCst) <= 1 + 2 * TICKETS_PER_WORKER as u64);
        // Dropped while blocks are on their way: its threads end.
        drop(line);
    }

    #[test]
    fn errors_and_panics_take_the_place_of_their_block() {
        let work = |number: u64| match number {
            3 => Err(Error::Interrupted),
            4 => panic!("as the test wants it"),
            _ => Ok(number),
        };
        let line = start(LineOptions { workers: 2, in_order: true }, numbers(6), work).unwrap();
        let found: Vec<Result<u64, Error>> = line.collect();
        let shown: Vec<bool> = found.iter().map(Result::is_ok).collect();
        assert_eq!(shown, [true, true, true, false, false, true]);
        assert!(matches!(found[3], Err(Error::Interrupted)) && matches!(found[4], Err(Error::Internal(_))));
        let mut failing = 0;
        let next = move || {
            failing += 1;
            if failing == 3 { Err(Error::Interrupted) } else { Ok(Some(failing)) }
        };
        let line = start(LineOptions { workers: 1, in_order: true }, next, Ok).unwrap();
        let found: Vec<bool> = line.map(|result| result.is_ok()).collect();
        assert_eq!(found, [true, true, false]);
    }
}

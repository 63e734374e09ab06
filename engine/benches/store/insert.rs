//! Durable inserts: alone, in groups, and from many writers at once, beside the disk's own rate.

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::time::Instant;

use argtop::{Database, Options, Statement};

use crate::common::Fallible;
use crate::common::files::Probe;
use crate::data::{Labels, quantile};
use crate::{Place, answer, open_database, search};

/// Rounds of each way; a round takes turns with the probe, since the disk's rate drifts.
const ROUNDS: usize = 40;
/// Appends, and inserts alone, of a round.
const ALONE: usize = 100;
/// Rows of a statement, and writers at once.
const GROUP: usize = 64;
const GROUPS: usize = 10;
const EACH_WRITER: usize = 20;

/// Gives numbers that no label has yet.
struct Fresh(i64);

impl Fresh {
    fn take(&mut self, count: usize) -> std::ops::Range<i64> {
        let first = self.0;
        self.0 += count as i64;
        first..self.0
    }
}

/// The statement that inserts so many labels.
pub(crate) fn prepared(database: &Database, rows: usize) -> Fallible<Statement> {
    let row = |at: usize| format!("(${}, ${}, ${})", 3 * at + 1, 3 * at + 2, 3 * at + 3);
    let rows: Vec<String> = (0..rows).map(row).collect();
    Ok(database.prepare(&format!("INSERT INTO labels (id, title, z) VALUES {}", rows.join(", ")))?)
}

pub(crate) fn run(place: &Place, path: &Path, labels: &Labels) -> Fallible<()> {
    let mut fresh = Fresh(labels.len() as i64);
    let unsynced = Database::open(path, Options { sync: false, ..Options::default() })?;
    unsynced.execute("SET auto_pack = false")?;
    let rate = insert(&unsynced, labels, fresh.take(ALONE * ROUNDS), 1)?;
    println!("insert: alone, without waiting for the disk: {rate:.0} a second");
    unsynced.close()?;
    let database = open_database(path)?;
    // Packing is timed by itself, in `pause`.
    database.execute("SET auto_pack = false")?;
    let mut probe = Probe::new(&place.path("probe"))?;
    let alone = |fresh: &mut Fresh| insert(&database, labels, fresh.take(ALONE), 1);
    report("alone", ALONE, &mut probe, || alone(&mut fresh))?;
    let groups = |fresh: &mut Fresh| insert(&database, labels, fresh.take(GROUP * GROUPS), GROUP);
    report("64 rows a statement", GROUP * GROUPS, &mut probe, || groups(&mut fresh))?;
    let writers = |fresh: &mut Fresh| insert_at_once(&database, labels, fresh);
    report("64 writers, one row a statement", GROUP * EACH_WRITER, &mut probe, || writers(&mut fresh))?;
    fs::remove_file(place.path("probe"))?;
    // Everything acknowledged is there, also after opening again.
    let count = |database: &Database| -> Fallible<u64> {
        let mut rows = database.query("SELECT count(*) FROM labels")?;
        Ok(rows.next().ok_or("no row")??.get(0).and_then(|count| count.to_string().parse().ok()).unwrap_or(0))
    };
    let before = count(&database)?;
    database.close()?;
    let database = open_database(path)?;
    if (before, count(&database)?) != (fresh.0 as u64, fresh.0 as u64) {
        return Err(format!("{before} labels of {}", fresh.0).into());
    }
    Ok(())
}

/// Rates of inserts that take turns with the probe.
fn report(
    name: &str,
    rows: usize,
    probe: &mut Probe,
    mut work: impl FnMut() -> Fallible<f64>,
) -> Fallible<()> {
    let (mut rates, mut ratios, mut probes) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let synced = (ALONE / 2) as f64;
        let before = probe.seconds(ALONE / 2)?;
        let rate = work()?;
        let after = probe.seconds(ALONE / 2)?;
        let probed = 2.0 * synced / (before + after);
        probes.push(probed);
        rates.push(rate);
        ratios.push(rate / probed);
    }
    println!(
        "insert: {name}: {:.0} rows a second, best {:.0} of {rows}; {:.2} for one fdatasync of the probe, \
         which does {:.0} a second",
        quantile(&mut rates, 0.5),
        quantile(&mut rates, 1.0),
        quantile(&mut ratios, 0.5),
        quantile(&mut probes, 0.5),
    );
    Ok(())
}

/// Inserts numbers, so many a statement; rows a second. Some are searched for at once.
pub(crate) fn insert(
    database: &Database,
    labels: &Labels,
    numbers: std::ops::Range<i64>,
    rows: usize,
) -> Fallible<f64> {
    let statement = prepared(database, rows)?;
    let search = search(database)?;
    let count = numbers.clone().count();
    let numbers: Vec<i64> = numbers.collect();
    // Values are made before the clock runs: they are the caller's.
    let values: Vec<_> = numbers
        .chunks(rows)
        .map(|group| group.iter().flat_map(|number| labels.row(*number)).collect())
        .collect();
    let mut seconds = 0.0;
    for (at, (group, values)) in numbers.chunks(rows).zip(values).enumerate() {
        let started = Instant::now();
        statement.clone().bind(values)?.execute()?;
        seconds += started.elapsed().as_secs_f64();
        if at % 500 == 0 && answer(&search, &labels.vector(group[0]))?.first() != Some(&group[0]) {
            return Err(format!("label {} is not found after its insert", group[0]).into());
        }
    }
    Ok(count as f64 / seconds)
}

/// Writers with sessions of their own, one row a statement; rows a second over all.
fn insert_at_once(database: &Database, labels: &Labels, fresh: &mut Fresh) -> Fallible<f64> {
    let barrier = Barrier::new(GROUP + 1);
    let outcome: Result<f64, String> = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..GROUP {
            let (session, numbers, barrier) = (database.session(), fresh.take(EACH_WRITER), &barrier);
            threads.push(scope.spawn(move || -> Result<(), String> {
                let statement = prepared(&session, 1).map_err(|error| error.to_string())?;
                let values: Vec<_> = numbers.map(|number| labels.row(number)).collect();
                session.execute("SET auto_pack = false").map_err(|error| error.to_string())?;
                barrier.wait();
                for values in values {
                    let bound = statement.clone().bind(values).map_err(|error| error.to_string())?;
                    bound.execute().map_err(|error| error.to_string())?;
                }
                Ok(())
            }));
        }
        let started = Instant::now();
        barrier.wait();
        for thread in threads {
            thread.join().map_err(|_| "a writer panicked".to_string())??;
        }
        Ok((GROUP * EACH_WRITER) as f64 / started.elapsed().as_secs_f64())
    });
    Ok(outcome?)
}

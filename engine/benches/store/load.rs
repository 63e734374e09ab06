//! Bulk load of vectors and texts from files, and what they take on disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use argtop::Database;

use crate::common::files::bytes_of;
use crate::common::{Fallible, median};
use crate::data::Labels;
use crate::{Asked, Place, TABLE, answer, open_database, search};

/// Repetitions where the part is asked for.
const ROUNDS: usize = 3;

/// Loads the labels; where the part is asked for, in every way and several times. Gives the database that the
/// other parts use, closed.
pub(crate) fn run(asked: &Asked, place: &Place, labels: &Labels) -> Fallible<PathBuf> {
    let files = place.path("files");
    fs::create_dir(&files)?;
    labels.write_files(&files)?;
    let file = |name: &str| files.join(name).display().to_string();
    let ways = [
        (
            "titles.jsonl with vectors.npy",
            format!(
                "COPY labels (id, title, z) FROM '{}' (VECTORS '{}')",
                file("titles.jsonl"),
                file("vectors.npy")
            ),
        ),
        ("vectors.npy alone", format!("COPY labels (id, z) FROM '{}'", file("vectors.npy"))),
        ("both.jsonl", format!("COPY labels FROM '{}'", file("both.jsonl"))),
    ];
    let rounds = if asked.wants("load") { ROUNDS } else { 1 };
    let kept = place.path("database");
    for round in 0..rounds {
        let bytes = fs::metadata(files.join("vectors.npy"))?.len();
        if asked.wants("load") {
            println!(
                "load: probe, the vectors' bytes written and synced: {:.0} MB/s",
                written_rate(place, bytes)?
            );
        }
        for (number, (name, sql)) in ways.iter().enumerate() {
            let last = round + 1 == rounds && number == 0;
            if !asked.wants("load") && !last {
                continue;
            }
            let path = if last { kept.clone() } else { place.path("load") };
            let seconds = load(&path, sql, labels)?;
            let rate = labels.len() as f64 / seconds;
            println!("load: {name}: {seconds:.2} s until durable and searchable, {rate:.0} rows/s");
            if !last {
                fs::remove_dir_all(&path)?;
            }
        }
    }
    fs::remove_dir_all(&files)?;
    Ok(kept)
}

/// From the statement to the first answer that finds the last label.
fn load(path: &Path, sql: &str, labels: &Labels) -> Fallible<f64> {
    let database = open_database(path)?;
    database.execute(TABLE)?;
    let started = Instant::now();
    let count = database.execute(sql)?;
    let last = labels.len() as i64 - 1;
    let found = answer(&search(&database)?, &labels.vector(last))?;
    let seconds = started.elapsed().as_secs_f64();
    if count != labels.len() as u64 || found.first() != Some(&last) {
        return Err(format!("{count} labels were copied and {:?} was found", found.first()).into());
    }
    database.wait_for_maintenance()?;
    database.close()?;
    Ok(seconds)
}

fn written_rate(place: &Place, bytes: u64) -> Fallible<f64> {
    let path = place.path("probe");
    let block = vec![7_u8; 1 << 20];
    let mut times = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        let mut file = File::create(&path)?;
        for _ in 0..bytes >> 20 {
            file.write_all(&block)?;
        }
        file.sync_all()?;
        times.push(started.elapsed().as_secs_f64());
    }
    fs::remove_file(&path)?;
    Ok(bytes as f64 / 1e6 / median(&times))
}

/// Bytes a label after a clean close, by folder.
pub(crate) fn disk(path: &Path, labels: usize) -> Fallible<()> {
    // Opened and closed once more: what a generation replaced is gone, and the log is empty.
    let database: Database = open_database(path)?;
    database.wait_for_maintenance()?;
    database.close()?;
    let a_label = |bytes: u64| bytes as f64 / labels as f64;
    let (store, generations) = (bytes_of(&path.join("store"))?, bytes_of(&path.join("generations"))?);
    println!(
        "disk: {:.0} bytes a label: {:.0} in the store, {:.0} in generations",
        a_label(bytes_of(path)?),
        a_label(store),
        a_label(generations)
    );
    for entry in fs::read_dir(path.join("generations"))? {
        for file in fs::read_dir(entry?.path())? {
            let file = file?;
            println!("      {:>8.1} {}", a_label(file.metadata()?.len()), file.file_name().display());
        }
    }
    Ok(())
}

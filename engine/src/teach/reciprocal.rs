//! Pairs that are neither right nor wrong.
//!
//! Where texts are themselves labels, as in cross references, a training would teach that a text is not its
//! own label, and that the pair b -> a is wrong where a -> b is right. Nobody has looked at either; in the XC
//! repository they are filtered from training and evaluation alike (`filter_labels_*.txt`).

use std::collections::{BTreeSet, HashMap};

use argtop_storage::TableRecord;

use super::labels::each_label_text;
use super::lesson::{LabelNumbers, Lesson, Related};
use super::options::TrainOptions;
use crate::error::Error;
use crate::execute::Run;
use crate::labels::generated_part;
use crate::train::Csr;

/// What becomes of reciprocal pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reciprocal {
    /// They take part in nothing.
    Exclude,
    /// They are negatives as all others.
    Negative,
}

impl Reciprocal {
    /// The option `reciprocal`.
    pub(super) fn read(reader: &mut TrainOptions<'_>) -> Result<Reciprocal, Error> {
        match reader.word("reciprocal", &["exclude", "negative"], "exclude")? {
            "negative" => Ok(Reciprocal::Negative),
            _ => Ok(Reciprocal::Exclude),
        }
    }
}

/// Adds the reciprocal pairs of a lesson to those that its source excludes; gives how many there are.
///
/// With l a label whose text is that of point d, the pairs are (d, l), and (e, l) for every point e whose
/// text is that of a label of d. Pairs that the source has are right, whatever their way back.
pub(super) fn exclude(
    run: &Run,
    (table, labels): (&TableRecord, &LabelNumbers),
    lesson: &mut Lesson,
) -> Result<u64, Error> {
    let own = own_labels(run, table, labels, lesson)?;
    if own.iter().all(Vec::is_empty) {
        return Ok(0);
    }
    let targets = &lesson.pairs.targets;
    // For each label the labels whose own texts lead to it.
    let mut back = Related::new();
    for (point, own) in own.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
        for label in targets.row(point).0 {
            back.entry(*label).or_default().extend(own);
        }
    }
    // A label's own text, where it becomes a document, is related to what a point of that text is.
    let mut related = back.clone();
    for (point, own) in own.iter().enumerate() {
        for label in own {
            related.entry(*label).or_default().extend(targets.row(point).0);
        }
    }
    let mut found = 0;
    let mut excluded = Csr::new(labels.len());
    for (point, own) in own.iter().enumerate() {
        let ways_back = own.iter().filter_map(|label| back.get(label)).flatten();
        let mut row: BTreeSet<u32> = own.iter().chain(ways_back).copied().collect();
        targets.row(point).0.iter().for_each(|label| {
            row.remove(label);
        });
        found += row.len() as u64;
        row.extend(lesson.pairs.excluded(point as u32));
        excluded.push(&mut row.into_iter().map(|label| (label, 1.0)).collect());
        if point % 4_096 == 0 {
            run.context.check()?;
        }
    }
    lesson.pairs.excluded = Some(excluded);
    lesson.related = related;
    Ok(found)
}

/// The labels whose own text, as a generated column encodes it, is that of a point: numbers for each point.
fn own_labels(
    run: &Run,
    table: &TableRecord,
    labels: &LabelNumbers,
    lesson: &Lesson,
) -> Result<Vec<Vec<u32>>, Error> {
    let mut points: HashMap<&str, Vec<u32>> = HashMap::new();
    for point in 0..lesson.texts.len() {
        points.entry(lesson.texts.get(point)?).or_default().push(point as u32);
    }
    let mut own: Vec<Vec<u32>> = vec![Vec::new(); lesson.texts.len()];
    let mut expressions = BTreeSet::new();
    for column in &table.columns {
        let Some(generated) = &column.generated else { continue };
        if !expressions.insert(&generated.text) {
            continue;
        }
        let Some(part) = generated_part(run, table, column)? else { continue };
        each_label_text(run, table, &part, labels, &mut |label, text| {
            for point in points.get(text).into_iter().flatten() {
                own[*point as usize].push(label);
            }
            Ok(())
        })?;
    }
    for labels in &mut own {
        labels.sort_unstable();
        labels.dedup();
    }
    Ok(own)
}

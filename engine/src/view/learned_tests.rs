//! What TRAIN leaves in the catalog, as SCORE BY sees it: a fusion's model and label frequencies.

use argtop_storage::{Family, FrequencyRecord, FusionRecord, Object, TableRecord};

use crate::train::{BuildControl, FusionExamples, FusionMethod, FusionModel, FusionOptions};
use crate::{Database, Options, Value};

fn database() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("labels.db"), Options::default()).unwrap();
    for sql in [
        "CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2))",
        "INSERT INTO t VALUES (1, [1, 0]), (2, [2, 0]), (3, [3, 0])",
        "CREATE INDEX i ON t USING flat (z)",
        "CREATE FUSION f ON t USING linear (knn.score, inverse_propensity)",
    ] {
        database.execute(sql).unwrap();
    }
    (folder, database)
}

fn model() -> FusionModel {
    let rows: Vec<f32> = (0..64).flat_map(|i| [(i % 8) as f32, (i / 8) as f32]).collect();
    let targets: Vec<f32> = (0..64).map(|i| if (i % 8) + 2 * (i / 8) > 10 { 1.0 } else { 0.0 }).collect();
    let examples = FusionExamples { rows: &rows, features: 2, targets: &targets, weights: None };
    let (cancelled, progress) = (|| false, |_: u64, _: u64| {});
    let control = BuildControl { cancelled: &cancelled, progress: &progress, threads: 1 };
    FusionModel::fit(FusionMethod::Linear, examples, &FusionOptions::default(), &control).unwrap()
}

/// Stores what a TRAIN would: label 1 occurs 4 times in 20 points, label 2 once, label 3 never.
fn learn(database: &Database, model: &FusionModel) {
    let store = &database.inner.store;
    let snapshot = store.snapshot();
    let catalog = snapshot.catalog();
    let (table, fusion) = (catalog.table("t").unwrap(), catalog.fusion("f").unwrap());
    let slots: Vec<u32> = snapshot.live(table.id).iter().collect();
    let mut writer = store.writer().unwrap();
    let data = writer.allocate().unwrap();
    let frequencies = Some(FrequencyRecord { data, points: 20 });
    writer.put_object(Object::Table(TableRecord { frequencies, ..table.clone() })).unwrap();
    writer
        .put_object(Object::Fusion(FusionRecord { model: Some(model.to_json()), ..fusion.clone() }))
        .unwrap();
    for (slot, count) in slots.iter().zip([4_u32, 1]) {
        writer.put_row(Family::AuxiliaryClusters, data, *slot, &count.to_le_bytes()).unwrap();
    }
    writer.commit().unwrap();
}

fn scores(database: &Database, score_by: &str) -> Vec<(i64, f64)> {
    let sql = format!(
        "SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 9) AS knn SCORE BY {score_by}"
    );
    let rows = database.query(&sql).unwrap().map(|row| match row.unwrap().values() {
        [Value::BigInt(id), Value::Double(score)] => (*id, *score),
        other => panic!("{other:?}"),
    });
    rows.collect()
}

/// The formula of Jain, Prabhu and Varma, written out.
fn propensity(count: f64) -> f64 {
    1.0 + (20.0_f64.ln() - 1.0) * 2.5_f64.powf(0.55) * (count + 1.5).powf(-0.55)
}

#[test]
fn inverse_propensities_come_from_the_frequencies_of_the_last_training() {
    let (_folder, database) = database();
    assert!(
        database
            .query("SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i) AS k SCORE BY inverse_propensity")
            .is_err()
    );
    learn(&database, &model());
    database.execute("INSERT INTO t VALUES (4, [4, 0])").unwrap();
    let found = scores(&database, "inverse_propensity");
    let expected = [(3, propensity(0.0)), (4, propensity(0.0)), (2, propensity(1.0)), (1, propensity(4.0))];
    for ((id, score), (wanted_id, wanted)) in found.iter().zip(expected) {
        assert_eq!(*id, wanted_id, "{found:?}");
        assert!((score - wanted).abs() < 1e-12, "{id}: {score} is not {wanted}");
    }
    assert_eq!(found.len(), 4);
}

#[test]
fn a_trained_fusion_is_a_function_of_score_by() {
    let (_folder, database) = database();
    let model = model();
    learn(&database, &model);
    let found = scores(&database, "f(knn.score, inverse_propensity) - 1");
    assert_eq!(found.len(), 3);
    for (id, score) in found {
        let count = [4.0, 1.0, 0.0][usize::try_from(id).unwrap() - 1];
        let expected = model.score(&[id as f64, propensity(count)]) - 1.0;
        assert!((score - expected).abs() < 1e-9, "{id}: {score} is not {expected}");
    }
    let null = scores(&database, "coalesce(f(nullif(knn.score, 2), 1), -5)");
    assert_eq!(null.last(), Some(&(2, -5.0)), "a NULL argument gives NULL");
    database.execute("DROP TABLE t").unwrap();
    assert_eq!(database.inner.store.snapshot().catalog().len(), 0);
}

//! A fixed catalog, and scripts of statements with what they are expected to become.
//! Each test binary uses a part of it.

#![allow(unreachable_pub, dead_code)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use argtop_query::binder::bind;
use argtop_query::catalog::{
    AuxiliaryInfo, Catalog, ClassifierInfo, ColumnInfo, FusionInfo, GeneratedColumn, IndexInfo, IndexMethod,
    IndexTarget, ModelInfo, ModelNumbers, ObjectKind, PipelineInfo, ReadCall, ReadFunction, TableInfo,
};
use argtop_query::limits::Limits;
use argtop_query::parser::parse_statement;
use argtop_query::plan::LogicalPlan;
use argtop_query::value::{DataType, Value, VectorFormat};

/// Tables `products` (embedding, default pipeline), `notes` (text key, embedding), `points` (plain vector),
/// `pairs` (two plain vectors), `plain` (no vector), with models, indexes, classifiers and pipelines.
pub struct Fixed {
    tables: Vec<Arc<TableInfo>>,
}

fn column(name: &str, data_type: DataType) -> ColumnInfo {
    ColumnInfo {
        name: name.into(),
        data_type,
        not_null: false,
        unique: false,
        default: None,
        generated: None,
    }
}

fn key(name: &str, data_type: DataType) -> ColumnInfo {
    ColumnInfo { not_null: true, unique: true, ..column(name, data_type) }
}

fn vector(dimension: u32, format: VectorFormat) -> DataType {
    DataType::Vector { dimension: Some(dimension), format }
}

fn embedding(name: &str, sql: &str, dimension: u32) -> ColumnInfo {
    let generated = GeneratedColumn {
        sql: sql.into(),
        model: "minilm".into(),
        text: "title".into(),
        auxiliary: None,
        normalize: true,
    };
    ColumnInfo { generated: Some(generated), ..column(name, vector(dimension, VectorFormat::F16)) }
}

fn table(name: &str, columns: Vec<ColumnInfo>, default_pipeline: Option<&str>) -> Arc<TableInfo> {
    let default_pipeline = default_pipeline.map(str::to_owned);
    Arc::new(TableInfo { name: name.into(), columns, primary_key: 0, default_pipeline })
}

impl Fixed {
    pub fn new() -> Fixed {
        let products = vec![
            key("id", DataType::BigInt),
            ColumnInfo { not_null: true, ..column("title", DataType::Text) },
            column("category", DataType::Text),
            column("price", DataType::Double),
            ColumnInfo { default: Some("now()".into()), ..column("added", DataType::Timestamp) },
            column("tags", DataType::List(Box::new(DataType::Text))),
            embedding("z", "normalize(encode(minilm, title))", 4),
        ];
        let notes = vec![
            key("name", DataType::Text),
            column("title", DataType::Text),
            embedding("z", "normalize(encode(minilm, title))", 4),
        ];
        let points = vec![
            key("id", DataType::Integer),
            ColumnInfo { default: Some("0.5".into()), ..column("weight", DataType::Real) },
            column("v", vector(4, VectorFormat::F32)),
        ];
        let pairs = vec![
            key("id", DataType::BigInt),
            column("a", vector(2, VectorFormat::F32)),
            column("b", vector(2, VectorFormat::F32)),
        ];
        let plain = vec![key("id", DataType::BigInt), column("body", DataType::Json)];
        Fixed {
            tables: vec![
                table("products", products, Some("p20")),
                table("notes", notes, None),
                table("points", points, None),
                table("pairs", pairs, None),
                table("plain", plain, None),
            ],
        }
    }
}

impl Catalog for Fixed {
    fn table(&self, name: &str) -> Option<Arc<TableInfo>> {
        self.tables.iter().find(|table| table.name == name).cloned()
    }

    fn model(&self, name: &str) -> Option<ModelInfo> {
        let dimension = match name {
            "minilm" => 4,
            "e5" | "e5_int8" | "e5_f16" => 8,
            _ => return None,
        };
        let numbers = match name.rsplit_once('_') {
            Some((_, "int8")) => ModelNumbers::Int8,
            Some((_, "f16")) => ModelNumbers::F16,
            _ => ModelNumbers::F32,
        };
        Some(ModelInfo { name: name.into(), dimension, numbers })
    }

    fn auxiliary(&self, name: &str) -> Option<AuxiliaryInfo> {
        (name == "dexa").then(|| AuxiliaryInfo { name: name.into(), table: "products".into(), dimension: 4 })
    }

    fn index(&self, name: &str) -> Option<IndexInfo> {
        let (table, method, dimension, target) = match name {
            "products_elias" => ("products", IndexMethod::Elias, 4, IndexTarget::Column("z".into())),
            "products_ann" => ("products", IndexMethod::Faiss, 4, IndexTarget::Column("z".into())),
            "products_clf" => ("products", IndexMethod::Flat, 8, IndexTarget::Classifier("wide".into())),
            "notes_flat" => ("notes", IndexMethod::Flat, 4, IndexTarget::Column("z".into())),
            "products_fts" => ("products", IndexMethod::Fts, 0, IndexTarget::Column("title".into())),
            "points_flat" => ("points", IndexMethod::Flat, 4, IndexTarget::Column("v".into())),
            _ => return None,
        };
        Some(IndexInfo { name: name.into(), table: table.into(), method, target, dimension })
    }

    fn classifier(&self, name: &str) -> Option<ClassifierInfo> {
        let dimension = match name {
            "products_ova" => 4,
            "wide" => 8,
            _ => return None,
        };
        Some(ClassifierInfo { name: name.into(), table: "products".into(), dimension })
    }

    fn pipeline(&self, name: &str) -> Option<PipelineInfo> {
        let (table, sql) = match name {
            "p20" => (
                "products",
                "ENCODE(minilm) THEN PROBE(products_elias, beam => 20) THEN SHORTLIST(limit => 500) \
                 THEN RERANK(products_ova, limit => 100) \
                 SCORE BY probe.score * shortlist.score * sigmoid(rerank.score)",
            ),
            "hybrid" => (
                "products",
                "ENCODE(minilm) THEN FUSE RRF (SHORTLIST(products_ann, limit => 30) AS a WEIGHT 2, \
                 PROBE(products_elias) THEN SHORTLIST(limit => 4) AS b)",
            ),
            "bare" => ("products", "SHORTLIST(products_ann, limit => 50)"),
            "stale" => ("products", "ENCODE(gone) THEN SHORTLIST(products_ann)"),
            "nearest" => ("notes", "ENCODE(minilm) THEN SHORTLIST(notes_flat, limit => 30)"),
            _ => return None,
        };
        Some(PipelineInfo { name: name.into(), table: table.into(), sql: sql.into() })
    }

    fn fusion(&self, name: &str) -> Option<FusionInfo> {
        let (table, features) = match name {
            "blend" => ("products", vec!["clf.score".into(), "inverse_propensity".into()]),
            "other" => ("notes", vec!["knn.score".into()]),
            _ => return None,
        };
        Some(FusionInfo { name: name.into(), table: table.into(), features })
    }

    fn names(&self, kind: ObjectKind) -> Vec<String> {
        let names: &[&str] = match kind {
            ObjectKind::Table => &["notes", "pairs", "plain", "points", "products"],
            ObjectKind::Model => &["e5", "e5_int8", "minilm"],
            ObjectKind::Auxiliary => &["dexa"],
            ObjectKind::Index => &[
                "notes_flat",
                "points_flat",
                "products_ann",
                "products_clf",
                "products_elias",
                "products_fts",
            ],
            ObjectKind::Classifier => &["products_ova", "wide"],
            ObjectKind::Fusion => &["blend", "other"],
            ObjectKind::Pipeline => &["bare", "hybrid", "nearest", "p20", "stale"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn file_columns(&self, call: &ReadCall) -> Result<Vec<(String, DataType)>, String> {
        if call.path.starts_with("missing") {
            return Err(format!("cannot open `{}`: no such file; check the path", call.path));
        }
        let list = |element| DataType::List(Box::new(element));
        let columns = match call.function {
            ReadFunction::Xc => vec![
                ("qid", DataType::Text),
                ("text", DataType::Text),
                ("labels", list(DataType::BigInt)),
                ("relevance", list(DataType::Double)),
                ("exclude", list(DataType::BigInt)),
            ],
            ReadFunction::Npy => vec![("row", DataType::BigInt), ("vector", vector(4, VectorFormat::F32))],
            _ => vec![("text", DataType::Text), ("n", DataType::BigInt)],
        };
        Ok(columns.into_iter().map(|(name, data_type)| (name.to_owned(), data_type)).collect())
    }

    fn setting(&self, name: &str) -> Option<Value> {
        matches!(name, "threads" | "search.beam").then_some(Value::BigInt(4))
    }
    fn setting_names(&self) -> Vec<String> {
        vec!["search.beam".to_owned(), "threads".to_owned()]
    }
}

/// The bound plan of a statement, or its error as a person sees it.
pub fn bound(sql: &str) -> Result<LogicalPlan, String> {
    let limits = Limits::default();
    let found = parse_statement(sql, &limits).and_then(|statement| bind(&statement, &Fixed::new(), &limits));
    found.map(|bound| bound.plan).map_err(|error| error.render(sql))
}

/// Runs a script: lines that start with `> ` are statements, what stands below each is what `run` must make
/// of it, `#` starts a comment. With `UPDATE_SCRIPTS=1` the script is rewritten; read the difference.
pub fn check_script(name: &str, run: impl Fn(&str) -> String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scripts").join(name);
    let script = std::fs::read_to_string(&path).unwrap();
    let mut found = String::new();
    for line in script.lines() {
        if let Some(sql) = line.strip_prefix("> ") {
            let _ = write!(found, "{line}\n{}\n\n", run(sql).trim_end());
        } else if line.starts_with('#') {
            let _ = write!(found, "{line}\n\n");
        }
    }
    if std::env::var_os("UPDATE_SCRIPTS").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    for (i, (expected, found)) in script.lines().zip(found.lines()).enumerate() {
        assert_eq!(found, expected, "{name}, line {}", i + 1);
    }
    assert_eq!(found.lines().count(), script.lines().count(), "{name}");
}

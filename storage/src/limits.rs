//! Every bound of the store in one place, checked before anything of that size is allocated or written.

/// The bounds of a store.
///
/// They keep a wrong or hostile input from taking memory in proportion to a number it merely claims, and keep
/// one batch small enough for RocksDB's memtables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest encoded primary key, in bytes.
    pub key_bytes_max: usize,
    /// Largest encoded record (key and cells), in bytes.
    pub record_bytes_max: usize,
    /// Largest encoded row of a vector, classifier, auxiliary or adjacency, in bytes.
    pub row_bytes_max: usize,
    /// Largest blob (a model or a tokenizer), in bytes.
    pub blob_bytes_max: usize,
    /// Largest catalog record as JSON, in bytes.
    pub object_bytes_max: usize,
    /// Most objects (models, tables, indexes and so on) in the catalog.
    pub objects_max: usize,
    /// Largest manifest of a generation, in bytes.
    pub manifest_bytes_max: usize,
    /// Most files in one generation.
    pub generation_files_max: usize,
    /// Rows of one statement beyond this many bytes are staged: written under fresh slots before the commit.
    pub staged_bytes_max: usize,
    /// Slots that may change before the image of a table's live slots is written again.
    pub image_changes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            key_bytes_max: 16 << 10,
            record_bytes_max: 64 << 20,
            row_bytes_max: 64 << 20,
            blob_bytes_max: 4 << 30,
            object_bytes_max: 16 << 20,
            objects_max: 1 << 16,
            manifest_bytes_max: 4 << 20,
            generation_files_max: 4096,
            staged_bytes_max: 32 << 20,
            image_changes_max: 65_536,
        }
    }
}

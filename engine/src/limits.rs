//! Every bound of the engine in one place; each is checked before anything is allocated or recursed into.

/// Bounds on what a statement may ask of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest TEXT value in bytes.
    pub text_bytes_max: usize,
    /// Longest primary key in bytes.
    pub key_bytes_max: usize,
    /// Elements of one array value.
    pub list_length_max: usize,
    /// Bytes of memory that the words of all texts of one index may take while it is built, at most 3 GiB.
    pub text_index_bytes: usize,
    /// Words of one MATCH that are looked up; a longer text is refused.
    pub match_words_max: usize,
    /// Labels that one SEARCH may return or keep between stages.
    pub window_max: u64,
    /// Largest dimension of a vector column, model or classifier.
    pub dimension_max: u32,
    /// Largest model file in bytes.
    pub model_bytes_max: u64,
    /// Largest tokenizer file in bytes.
    pub tokenizer_bytes_max: u64,
    /// Rows that one statement may hold in memory: sorting, grouping, writing.
    pub statement_rows_max: usize,
    /// Columns of one table.
    pub columns_max: usize,
    /// Clusters of an index or auxiliary.
    pub clusters_max: u32,
    /// Queries that run through the stages of a search at a time.
    pub batch_queries: usize,
    /// Labels that these queries may keep between two stages, all together: fewer queries run where each
    /// keeps more.
    pub batch_labels: u64,
    /// Rows of a query log that are encoded together, sorted by length.
    pub batch_texts: usize,
    /// Bytes of slots that are kept of predicates that may be asked for again.
    pub filter_bytes: usize,
    /// Bytes of a predicate, printed with its parameters, whose slots are kept.
    pub filter_text_bytes: usize,
    /// Bytes of answers to a query log that are kept for texts that come again.
    pub batch_answers_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            text_bytes_max: 1 << 20,
            key_bytes_max: 1 << 10,
            list_length_max: 1 << 20,
            text_index_bytes: 2 << 30,
            match_words_max: 1 << 16,
            window_max: 10_000_000,
            dimension_max: 16_384,
            model_bytes_max: 4 << 30,
            tokenizer_bytes_max: 256 << 20,
            statement_rows_max: 100_000_000,
            columns_max: 1_000,
            clusters_max: 1 << 24,
            batch_queries: 512,
            batch_labels: 4 << 20,
            batch_texts: 2_048,
            filter_bytes: 32 << 20,
            filter_text_bytes: 16 << 10,
            batch_answers_bytes: 64 << 20,
        }
    }
}

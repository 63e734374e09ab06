//! How much of a file is believed before anything is allocated.

/// Limits of one import. A file beyond them is refused with the limit in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLimits {
    /// Longest line of a text file, record of a CSV file and row of a Parquet file.
    pub line_bytes_max: usize,
    /// Bytes of text that one batch is made of; a batch ends early when it has more.
    pub batch_bytes_max: usize,
    /// Columns of a file.
    pub columns_max: usize,
    /// Depth of nested JSON; at most 100, where the JSON parser itself stops.
    pub nesting_max: usize,
    /// Values (array elements and object members, nested ones included) in one line, and in
    /// one list of a Parquet file.
    pub list_length_max: usize,
    /// Header of a matrix file, and of a page of a Parquet file.
    pub header_bytes_max: usize,
    /// Elements of one vector.
    pub dimension_max: u32,
    /// Files that a pattern may match.
    pub files_max: usize,
    /// Lines from which column types are inferred.
    pub sample_lines: usize,
    /// Footer of a Parquet file, which is held in memory some times larger.
    pub parquet_footer_bytes_max: usize,
    /// Uncompressed bytes of a column in one row group of a Parquet file.
    pub parquet_chunk_bytes_max: u64,
    /// Uncompressed bytes of a page of a Parquet file.
    pub parquet_page_bytes_max: usize,
    /// Uncompressed pages of a Parquet file that are held at once, over all columns.
    pub parquet_held_bytes_max: usize,
    /// Pairs of a filter file, which is held in memory (16 bytes each).
    pub filter_pairs_max: usize,
}

impl Default for ImportLimits {
    fn default() -> Self {
        ImportLimits {
            line_bytes_max: 16 << 20,
            batch_bytes_max: 8 << 20,
            columns_max: 4096,
            nesting_max: 64,
            list_length_max: 1 << 18,
            header_bytes_max: 64 << 10,
            dimension_max: 65_536,
            files_max: 10_000,
            sample_lines: 1000,
            parquet_footer_bytes_max: 16 << 20,
            parquet_chunk_bytes_max: 4 << 30,
            parquet_page_bytes_max: 64 << 20,
            parquet_held_bytes_max: 256 << 20,
            filter_pairs_max: 50_000_000,
        }
    }
}

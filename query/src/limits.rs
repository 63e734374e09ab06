//! Limits of the language, checked before anything is allocated or recursed into.

/// Bytes of a text that an expression may compute; `replace` and `||` can otherwise multiply their arguments.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// The greatest statement that is accepted; every limit has an error of the Q05xx family that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one statement's text.
    pub statement_bytes_max: usize,
    /// Tokens of one statement.
    pub tokens_max: usize,
    /// Parentheses, subqueries, lists, CASE and calls within each other.
    pub nesting_depth_max: usize,
    /// Height of the tree, which also grows along `a + b + c`; it bounds the recursion of all who walk the
    /// tree.
    pub tree_height_max: usize,
    /// Elements of one list: of IN, of an array, of AND or OR, of a select list, of the rows of VALUES.
    pub list_length_max: usize,
    /// Columns of one table, and values of one row.
    pub columns_max: usize,
    /// Stages of one chain, those inside of FUSE included; so it bounds how deep one FUSE can stand in
    /// another.
    pub stages_max: usize,
    /// Bytes of one identifier.
    pub identifier_bytes_max: usize,
    /// Parameters of one statement.
    pub parameters_max: usize,
    /// Greatest dimension of a VECTOR.
    pub dimension_max: u32,
    /// Greatest k of a metric such as P@k.
    pub metric_cut_max: u32,
}

impl Default for Limits {
    /// Fits a 512 KiB stack in every build profile.
    fn default() -> Limits {
        Limits {
            statement_bytes_max: 4 << 20,
            tokens_max: 1 << 20,
            nesting_depth_max: 64,
            tree_height_max: 128,
            list_length_max: 1 << 18,
            columns_max: 1024,
            stages_max: 32,
            identifier_bytes_max: 128,
            parameters_max: 4096,
            dimension_max: 65_536,
            metric_cut_max: 100_000,
        }
    }
}

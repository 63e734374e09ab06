//! `read_parquet(path or pattern [, columns => ...])`.
//!
//! ```text
//! footer --check--> metadata --> shape of each column        footer.rs, schema.rs
//! pages of a column chunk, read and decompressed one by one  pages.rs, codec.rs
//!   --> levels and values, some rows ahead                   column.rs
//!     --> rows                                               source.rs
//! ```
//!
//! What a file says about itself is checked before memory is given to it. The parquet crate reads the footer
//! and decodes values; the headers of pages and their compression are handled here, because there the crate
//! believes the file.

mod codec;
mod column;
mod footer;
mod levels;
mod pages;
mod schema;
mod source;
mod thrift;

pub(super) use source::ParquetSource;

//! argtop: an embedded retrieval database with a query language, for extreme classification: given a text,
//! return the most relevant of 10^4 to 10^8 labels.
//!
//! ```no_run
//! use argtop::{Database, Options};
//!
//! # fn main() -> Result<(), argtop::Error> {
//! let database = Database::open("labels.db", Options::default())?;
//! for row in database.query("SELECT id, title, score FROM concepts SEARCH 'a domesticated feline' LIMIT 5")?
//! {
//!     println!("{:?}", row?.values());
//! }
//! database.close()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Life of a query
//!
//! 1. [`Database::prepare`] has the text parsed (`argtop_query::parse_statement`, bounded by its `Limits`)
//!    into a [`Statement`], and bound once to tell its parameters and errors.
//! 2. [`Statement::query`] takes a view of the database: one storage snapshot with its catalog, live bitmaps
//!    and generations (`View::new`). A statement that writes takes the writer's lock before that.
//! 3. `dispatch::bind` resolves names and types against the view (`ViewCatalog`) and gives a `LogicalPlan`.
//! 4. `argtop_query::optimize` applies its rules: constants are folded, filters and limits pushed down,
//!    columns pruned.
//! 5. `planner::Planner` binds the plan to objects, chooses the path of a search, and gives a tree of
//!    `Operator`s.
//! 6. `execute::open` makes a stream of rows of it. For SEARCH, `execute::search::Prepared`:
//!    1. `stages::allowed`: live labels, after WHERE, as a bitmap.
//!    2. `stages::encode`: texts to vectors (`model::Encoder`).
//!    3. `paths::probe` and `paths::shortlist` (cluster graph), `nearest::by_index` (ann, faiss) or
//!       `nearest::exact` nominate candidates from the generation and from the tail.
//!       `matching::by_words` (fts) takes no nominees: its scores are those of BM25 over the live labels.
//!    4. Every nominee is scored in f64 from its stored row (`view::Dense::score`); `candidates::rank` cuts.
//!    5. RERANK scores the candidates by a classifier or a vector column; FUSE joins the candidates of
//!       several chains (`fuse::fuse`).
//!    6. SCORE BY, the final order, and `View::read_labels` for the rows that are returned.
//! 7. [`Rows`] hands the rows out; dropping it ends the statement.

mod context;
pub mod evaluate;
pub mod export;
pub mod import;
pub mod index;
pub mod kernel;
pub mod model;
pub mod script;
pub mod train;

mod build;
mod catalog;
mod copy;
mod database;
mod ddl;
mod dispatch;
mod dml;
mod error;
mod execute;
mod explain;
mod jobs;
mod key_access;
mod labels;
mod limits;
mod packed;
mod physical;
mod planner;
mod search;
mod settings;
mod show;
mod statement;
mod teach;
mod turns;
mod view;

pub use argtop_query::{DataType, Value, VectorFormat};
pub use context::{InterruptHandle, Progress, ProgressFn};
pub use database::{Database, Options};
pub use error::Error;
pub use limits::Limits;
pub use search::{SearchBuilder, Via};
pub use statement::{Column, ParameterInfo, Row, Rows, Statement};

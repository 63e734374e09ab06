//! Runs golden scripts.
//!
//! Every script is run in several ways ([`Mode`]) that must all give the same rows: with what was built,
//! without generations, with every generation deleted again and again, with everything packed, and without
//! the optimiser. The output of the first is compared with the script; with `UPDATE_GOLDENFILES=1` it
//! replaces what the script holds, and the review is the diff.

mod environment;
mod files;
mod run;
mod script;
mod session;
mod text;

pub use environment::{Environment, environment};
pub use run::{run_group, run_script, scripts_folder};
pub use script::{Directives, Script, Step};
pub use session::{Mode, Outcome, Session};

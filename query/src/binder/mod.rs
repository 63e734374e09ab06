//! The binder: every name is looked up, every type checked, every rule of the language that needs the catalog
//! is applied. What comes out is a plan that the engine can run, or an error with its place and its fix.

mod aggregate;
mod chain;
mod columns;
mod context;
mod ddl;
mod dml;
mod evaluate;
mod expr;
mod from;
mod functions;
mod fuse;
mod generated;
mod lateral;
mod options;
mod quantize;
mod scope;
mod search;
mod select;
mod statement;
mod train;
mod types;

pub use context::{Bound, ParameterInfo, bind, bind_expression};

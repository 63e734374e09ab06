//! CREATE, QUANTIZE, ALTER, DROP, REINDEX: changes of the catalog, each one synced batch.

pub(crate) mod auxiliary;
pub(crate) mod classifier;
pub(crate) mod fusion;
pub(crate) mod index;
pub(crate) mod model;
pub(crate) mod options;
pub(crate) mod quantize;
pub(crate) mod table;

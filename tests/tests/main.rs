//! The suites that go through the public library, in one binary, since linking it takes a while.

#![forbid(unsafe_code)]

mod concurrency;
mod filters;
mod golden;
mod hostile;
mod kept;
mod key_ranges;
mod lateral;
mod model;
mod newer;
mod oracle;
mod prepared;
mod quantize;
mod readme;
mod tidy;
mod training;
mod words;

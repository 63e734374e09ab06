//! The argtop shell.
fn main() {}

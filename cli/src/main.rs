//! argtop: the shell and batch runner.
//!
//! ```text
//! args --> open --> session --+-- -c, -f, pipe --> script --+--> statements: session --> render --> output
//!                             +-- shell ---------> script --+--> dot commands: dot --> command
//! ```
//!
//! Only this crate prints and reads the environment. Rows go to standard output, everything else to
//! standard error. Exit code: 0; 1 at the first failing statement; 2 for wrong usage.

#![forbid(unsafe_code)]

mod args;
mod command;
mod complete;
mod dot;
mod environment;
mod interrupt;
mod names;
mod outcome;
mod output;
mod progress;
mod render;
mod script;
mod session;
mod shell;
mod start;
mod units;
mod variables;

use std::process::ExitCode;

fn main() -> ExitCode {
    match args::parse(std::env::args_os()) {
        Ok(arguments) => start::run(arguments),
        Err(error) => {
            // --help into a closed pipe is no failure.
            let _ = error.print();
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}

//! A state machine: random statements against the database and against a plain model of what it must hold, a
//! map of labels that is searched by brute force. Rows, their order and their scores must be equal, along
//! every path, whatever was written, built, packed, deleted or reopened before.
//!
//! `ARGTOP_MODEL_STEPS` sets the statements of each run, and `ARGTOP_MODEL_SEED` runs one seed alone; a
//! failure prints the command that repeats it.

mod checks;
mod labels;
mod machine;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

use labels::Kind;
use machine::Machine;

/// Runs several seeds; what fails is reported with the command that repeats it.
fn run(test: &str, kind: Kind, seeds: std::ops::Range<u64>, steps: usize) {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().expect("a whole number"));
    let steps = number("ARGTOP_MODEL_STEPS").map_or(steps, |steps| steps as usize);
    let seeds = number("ARGTOP_MODEL_SEED").map_or(seeds, |seed| seed..seed + 1);
    for seed in seeds {
        let mut machine = Machine::new(kind, seed);
        let result = catch_unwind(AssertUnwindSafe(|| machine.run(steps)));
        if let Err(reason) = result {
            let text = reason.downcast_ref::<String>().map(String::as_str);
            let reason = text.or(reason.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
            let repeat = format!(
                "ARGTOP_MODEL_SEED={seed} ARGTOP_MODEL_STEPS={steps} \
                 cargo test --release -p argtop-tests --test main model::{test}"
            );
            panic!("{reason}\n\nlast statements:\n{}\n\nrepeat with\n{repeat}", machine.history());
        }
    }
}

#[test]
fn given_vectors() {
    run("given_vectors", Kind::Given, 1..9, 90);
}

#[test]
fn generated_vectors() {
    run("generated_vectors", Kind::Generated, 1..4, 40);
}

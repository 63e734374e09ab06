#!/bin/sh
# Format, lints and documentation, all of them with warnings as errors and in the profile of the build.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

for component in rustfmt clippy; do
    case $component in rustfmt) tool=fmt ;; *) tool=clippy ;; esac
    if ! cargo "$tool" --version >/dev/null 2>&1; then
        say "adding $component to the toolchain"
        rustup component add "$component" ||
            die "cargo $tool is missing: run rustup component add $component, then make again"
    fi
done

say "lint: format"
cargo fmt --all -- --check
say "lint: clippy"
cargo clippy --release --workspace --all-targets --features argtop-benches/harness --locked -- -D warnings
say "lint: documentation"
RUSTDOCFLAGS='-D warnings' cargo doc --release --workspace --lib --no-deps --locked

#!/bin/sh
# Every test of the workspace, then the lints.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

[ -f "$ORT_DYLIB_PATH" ] ||
    die "the ONNX Runtime library $ORT_DYLIB_PATH is missing: run make setup, which fetches it, \
or set ORT_DYLIB_PATH"

say "tests"
cargo test --release --workspace --locked
sh .setup/lint.sh
say "all tests and lints passed"

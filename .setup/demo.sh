#!/bin/sh
# Runs the demonstration with the program that was built last.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

ARGTOP="$CARGO_TARGET_DIR/release/argtop" exec sh cli/demo/demo.sh

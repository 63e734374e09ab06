#!/bin/sh
# Counts instructions and compares them with benches/counts.txt; with --accept the counts of this run are kept.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

command -v valgrind >/dev/null 2>&1 || die "valgrind is missing: install it (apt-get install valgrind)"
cargo bench --workspace --locked --bench counts -- "$@"

#!/bin/sh
# Removes what was built from this repository's own crates. The target folder may be shared and the compiled
# RocksDB and faiss cost twenty minutes, so that they stay, and so do the fetched files.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

cargo clean --release --locked -p argtop -p argtop-query -p argtop-storage -p argtop-cli \
    -p argtop-tests -p argtop-benches
say "kept: the compiled dependencies in $CARGO_TARGET_DIR and the fetched files in $ARGTOP_CACHE"
say "to start from nothing, remove these folders"

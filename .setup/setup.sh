#!/bin/sh
# Everything between a bare system and a program: system packages, fetched files, the build. It may be run any
# number of times; when all is there it takes seconds.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

command -v cargo >/dev/null 2>&1 ||
    die "cargo is missing: install Rust with rustup (and rustup default stable), open a new shell, \
and run make again"

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | cut -d' ' -f2)
oldest=$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)
[ "$oldest" = "$wanted" ] ||
    die "rustc $found is older than $wanted, which argtop needs: run rustup update stable, then make again"

sh .setup/packages.sh
# The packages may have brought ccache.
. .setup/env.sh
sh .setup/fetch.sh

if [ ! -x "$CARGO_TARGET_DIR/release/argtop" ]; then
    say "building in $CARGO_TARGET_DIR"
    say "about 20 minutes the first time on two cores, because RocksDB and faiss are compiled from source;"
    say "with more cores it is quicker, and the next time it takes seconds"
fi
sh .setup/build.sh
say "ready: $CARGO_TARGET_DIR/release/argtop"

#!/bin/sh
# Builds the program with the one profile, in the one target folder.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

cargo build --release --workspace --locked

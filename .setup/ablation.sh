#!/bin/sh
# Runs the ablations with the program that was built last: over the sets in the folder ARGTOP_DATA, or with
# the argument `quick` over a cut of the set that comes with the demonstration.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

SETS=
if [ "${1:-}" = quick ]; then
    export QUICK=1
else
    [ -n "${ARGTOP_DATA:-}" ] || die "ARGTOP_DATA is not set: name the folder that has a folder for each set"
    for file in "$ARGTOP_DATA"/*/trn.json.gz; do
        [ -f "$file" ] || die "$ARGTOP_DATA has no set: a set is a folder with lbl, trn and tst.json.gz"
        SETS="$SETS $(dirname "$file")"
    done
fi
export SETS
results=${ARGTOP_RESULTS:-$ARGTOP_CACHE/ablation}
ARGTOP="$CARGO_TARGET_DIR/release/argtop" exec sh cli/ablation/ablation.sh "$results"

#!/bin/sh
# Every ablation, over one or more sets: `sh ablation.sh OUT`. Writes OUT/results.jsonl, results.md and
# results.svg. README.md in this folder says what is compared. Needs ARGTOP, the program, and ARGTOP_CACHE,
# where make setup has put the encoder. SETS has the folders of the sets, in the layout of the XC
# repository; without it, the WordNet set of cli/demo. QUICK=1 cuts the sets down and trains for fewer
# epochs. ONLY has the ablations to run, of "labels dexa lever elias losses fusion holdout growth"; later
# ones use what earlier ones trained. KEEP=1 keeps the databases.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quick=${QUICK:-}
only=${ONLY:-labels dexa lever elias losses fusion holdout growth}

fail() {
    printf 'argtop: %s\n' "$*" >&2
    exit 1
}

[ $# -eq 1 ] || fail "usage: sh ablation.sh OUT"
[ -x "${ARGTOP:-}" ] || fail "ARGTOP does not name the program: set it, or run make ablation"
[ -d "${ARGTOP_CACHE:-}/models" ] || fail "ARGTOP_CACHE has no folder models: run make setup"
mkdir -p "$1"
out=$(cd "$1" && pwd)
sets=${SETS:-$here/../demo/wordnet}
results=$out/results.jsonl
: >"$results"

. "$here/measure.sh"
. "$here/trained.sh"
. "$here/tables.sh"

for folder in $sets; do
    [ -f "$folder/trn.json.gz" ] || fail "$folder has no trn.json.gz: SETS takes folders of XC sets"
    set_up "$folder"
    for ablation in $only; do
        say "ablation: $ablation"
        "ablation_$ablation"
    done
    [ -n "${KEEP:-}" ] || rm -rf "$work"
done
report
say "results are in $out: results.md, results.svg, results.jsonl"

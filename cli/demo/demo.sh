#!/bin/sh
# The demonstration: WordNet's 117,137 concepts as labels, definitions and example sentences as queries.
# Needs ARGTOP, the program, and ARGTOP_CACHE, where make setup has put the encoder; run it by `make demo`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
database=${ARGTOP_DEMO:-$ARGTOP_CACHE/demo.db}

# The demonstration begins from nothing, and only ever removes a database of its own.
if [ -e "$database" ] && [ ! -f "$database/ARGTOP" ]; then
    echo "argtop: $database exists and is not an argtop database; set ARGTOP_DEMO to another folder" >&2
    exit 1
fi
rm -rf "$database"

step() {
    printf '\n== %s\n' "$1"
}

run() {
    "$ARGTOP" "$database" --mode table --set "models=$ARGTOP_CACHE/models" --set "data=$here/wordnet" "$@"
}

start=$(date +%s)
step "Create the database, encode 117,137 labels with MiniLM-L3, build the indexes (a few minutes)"
run -f "$here/load.sql"
step "Six queries, with the scores of each stage"
run -f "$here/queries.sql"
step "Why these rows: EXPLAIN ANALYZE"
run -f "$here/explain.sql"
step "A label that nobody has seen is found by the next statement"
run -f "$here/insert.sql"
step "Quality over the 24,767 test texts: exact, ann index, cluster graph with re-ranking, words, words and vectors"
run -f "$here/evaluate.sql"
step "Learning from a part of the training texts, and the same test texts before and after (minutes)"
run -f "$here/train.sql"
end=$(date +%s)
step "Done in $((end - start)) seconds"
echo "The database is left in $database. Open it in the shell with:"
echo "  $ARGTOP $database"

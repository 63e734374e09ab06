#!/bin/sh
# argtop and other systems on the same vectors, in one run (benches/peers). Takes the options of
# benches/peers/peers.py, such as --rows 10000, --systems argtop-flat,scann, --again and --report. The other
# systems, the vectors and the results go to the cache folder, never into the checkout; ARGTOP_DATA/NAME is
# measured instead of the demonstration's labels where ARGTOP_PEERS_SET names a set.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

# Nothing that Python compiles goes into the checkout either.
export PYTHONDONTWRITEBYTECODE=1
home="$ARGTOP_CACHE/peers"
python="$home/venv/bin/python"
requirements=benches/peers/requirements.txt
source=cli/demo/wordnet
document=engine/BENCHMARKS.md
if [ -n "${ARGTOP_PEERS_SET:-}" ]; then
    [ -n "${ARGTOP_DATA:-}" ] || die "ARGTOP_DATA is not set: name the folder that has the set $ARGTOP_PEERS_SET"
    source="$ARGTOP_DATA/$ARGTOP_PEERS_SET"
    # Its tables stay in the cache folder.
    document=
fi
[ -f "$source/lbl.json.gz" ] && [ -f "$source/tst.json.gz" ] || die "$source has no lbl.json.gz and tst.json.gz"

mkdir -p "$home"
if ! cmp -s "$requirements" "$home/installed.txt"; then
    say "peers: installing other systems in $home/venv"
    python3 -m venv "$home/venv" || die "python3 -m venv failed: install the package python3-venv"
    # One by one, so that one that cannot be had does not take the others with it; it is tried again next time.
    rm -f "$home/missing.txt"
    sed -e '/^#/d' "$requirements" | while read -r package; do
        # hnswlib is published as source only.
        "$python" -m pip install --disable-pip-version-check --quiet --constraint "$requirements" \
            --only-binary=:all: --no-binary=hnswlib "$package" </dev/null ||
            { say "peers: $package cannot be installed; the table will say so"; echo "$package" >>"$home/missing.txt"; }
    done
    "$python" -c 'import numpy' || die "numpy cannot be installed in $home/venv, and the peers need it"
    [ -s "$home/missing.txt" ] || cp "$requirements" "$home/installed.txt"
fi

build() {
    cargo bench --workspace --locked --bench peers --no-run "$@"
}
build
# The second time it only says where the program is.
program=$(build 2>&1 | sed -n 's/.*Executable .*(\(.*\))/\1/p')
[ -x "$program" ] || die "the bench peers was not built"
exec "$python" benches/peers/peers.py --home "$home" --program "$program" \
    --model "$ARGTOP_CACHE/models/minilm-l3" --onnxruntime "$ORT_DYLIB_PATH" --source "$source" \
    ${document:+--document "$document"} "$@"

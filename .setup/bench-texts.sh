#!/bin/sh
# From texts to labels: the bench `log` between two runs of the same work in Python
# (benches/peers/pipeline.py).
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

export PYTHONDONTWRITEBYTECODE=1
home="$ARGTOP_CACHE/peers"
requirements=benches/peers/pipeline.txt
mkdir -p "$home"
if ! cmp -s "$requirements" "$home/pipeline.txt"; then
    say "texts: installing ONNX Runtime, tokenizers and faiss for Python in $home/texts"
    python3 -m venv "$home/texts" || die "python3 -m venv failed: install the package python3-venv"
    "$home/texts/bin/python" -m pip install --disable-pip-version-check --quiet --only-binary=:all: \
        -r "$requirements" || die "the packages of $requirements cannot be installed"
    cp "$requirements" "$home/pipeline.txt"
fi
cargo bench --workspace --locked --bench log --no-run
python() {
    "$home/texts/bin/python" benches/peers/pipeline.py --home "$home" --source cli/demo/wordnet \
        --model "$ARGTOP_CACHE/models/minilm-l3" 2>/dev/null || die "benches/peers/pipeline.py failed"
}
python
cargo bench --workspace --locked --bench log
python

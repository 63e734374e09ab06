# The one environment of every target. Source it from the root of the repository: it sets variables and does
# nothing else. A different environment would make cargo rebuild RocksDB and faiss.
# shellcheck shell=sh

if [ -z "${HOME:-}" ] && { [ -z "${ARGTOP_CACHE:-}" ] || [ -z "${CARGO_TARGET_DIR:-}" ]; }; then
    echo "argtop: HOME is not set; set it, or set both ARGTOP_CACHE and CARGO_TARGET_DIR" >&2
    exit 1
fi

# Fetched files live here, and the build too unless the caller has a target folder of their own.
argtop_default_cache="${XDG_CACHE_HOME:-${HOME:-}/.cache}/argtop"
export ARGTOP_CACHE="${ARGTOP_CACHE:-$argtop_default_cache}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$argtop_default_cache/target}"

# Programs of the shell and of the tests change folder, so that no path may be relative.
case $ARGTOP_CACHE in /*) ;; *) ARGTOP_CACHE="$PWD/$ARGTOP_CACHE" ;; esac
case $CARGO_TARGET_DIR in /*) ;; *) CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR" ;; esac

argtop_fetched_ort="$ARGTOP_CACHE/lib/libonnxruntime.so.1.31.1"
export ORT_DYLIB_PATH="${ORT_DYLIB_PATH:-$argtop_fetched_ort}"

if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH"
fi
# With ccache in front a lost target folder costs a minute of C++ instead of twenty.
case ":$PATH:" in
    *:/usr/lib/ccache:*) ;;
    *) if [ -d /usr/lib/ccache ]; then PATH="/usr/lib/ccache:$PATH"; fi ;;
esac
export PATH

# The job server and the flags of an outer make are not for cargo and cmake.
unset MAKEFLAGS MFLAGS MAKELEVEL

# Prints one line of progress.
say() {
    printf '%s\n' "argtop: $*"
}

# Prints what is wrong and how to mend it, and ends the script.
die() {
    printf '%s\n' "argtop: $*" >&2
    exit 1
}

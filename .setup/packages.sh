#!/bin/sh
# Makes sure of the compilers and libraries that the build needs: installs what is missing where it may, and
# otherwise prints the one line to run.
set -eu
. .setup/env.sh

missing=
need() { # PACKAGE COMMAND...: the package is missing unless the command succeeds
    package=$1
    shift
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing $package"
    fi
}

any_file() { # true if one of the arguments is a file; patterns that match nothing stay as they are
    for path in "$@"; do
        if [ -e "$path" ]; then
            return 0
        fi
    done
    return 1
}

# bindgen loads libclang at build time, and libclang reads the headers of its own version.
libclang_works() {
    if [ -n "${LIBCLANG_PATH:-}" ]; then
        return 0
    fi
    any_file /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib64/libclang*.so* &&
        any_file /usr/lib/llvm-*/lib/clang/*/include/stddef.h /usr/lib/clang/*/include/stddef.h
}

# faiss links BLAS, LAPACK and OpenMP: a program that does the same shows that they are here.
blas_links() {
    object=$(mktemp) || return 1
    status=0
    echo 'int main() { return 0; }' | g++ -x c++ - -o "$object" -lblas -llapack -lgomp || status=1
    rm -f "$object"
    return $status
}

# Only the fetch of the files that are not in the cache yet needs pip.
pip_works_or_is_not_needed() {
    sh .setup/fetch.sh --check || python3 -m pip --version
}

compiles() {
    command -v g++ && command -v cc && command -v make
}

need build-essential compiles
need cmake command -v cmake
need libclang-dev libclang_works
need libopenblas-dev blas_links
need python3 command -v python3
need python3-pip pip_works_or_is_not_needed

if [ -z "$missing" ]; then
    exit 0
fi
# ccache only saves time, so that its absence alone is no reason to install anything.
if [ ! -d /usr/lib/ccache ]; then
    missing="$missing ccache"
fi
missing=${missing# }

if ! command -v apt-get >/dev/null 2>&1; then
    die "missing system packages; install what your system calls these, then run make again: $missing"
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root='sudo -n env'
else
    die "missing system packages; run this line, then make again:
sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
fi

say "installing system packages: $missing"
# The lock is waited for: a fresh machine often updates itself in the first minutes.
apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
# A stale list of one source must not stop an installation that does not need it; the next command tells.
$apt update </dev/null || say "the package lists could not all be updated; trying with what there is"
# shellcheck disable=SC2086 # one word per package
$apt install -y --no-install-recommends $missing </dev/null ||
    die "the packages could not be installed; run this line, then make again:
apt-get update && apt-get install -y --no-install-recommends $missing"

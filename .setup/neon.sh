#!/bin/sh
# The kernels on 64-bit ARM: compiled for it and their tests run, on another machine by an emulator. They are
# built as a crate of their own, since RocksDB and faiss would have to be built for ARM as well.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

target=aarch64-unknown-linux-gnu
home="$ARGTOP_CACHE/neon"
if [ "$(uname -m)" != aarch64 ]; then
    for command in aarch64-linux-gnu-gcc qemu-aarch64; do
        command -v "$command" >/dev/null 2>&1 ||
            die "$command is missing: apt-get install gcc-aarch64-linux-gnu qemu-user libc6-dev-arm64-cross"
    done
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
fi
[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || die "Rust for $target is missing: rustup target add $target"

mkdir -p "$home/src"
{
    printf '[package]\nname = "kernels"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n'
    # The versions are those of the workspace.
    for name in pulp gemm half bytemuck thiserror fastrand proptest; do
        grep "^$name = " Cargo.toml
    done
} >"$home/Cargo.toml"
cp Cargo.lock "$home/Cargo.lock"
printf '//! The kernels alone.\n\n#[path = "%s/engine/src/kernel/mod.rs"]\npub mod kernel;\n' "$PWD" >"$home/src/lib.rs"
say "tests of the kernels for $target"
CARGO_TARGET_DIR="$home/target" cargo test --release --target "$target" --manifest-path "$home/Cargo.toml"

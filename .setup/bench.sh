#!/bin/sh
# The benches, in the profile of the build.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

cargo bench --workspace --locked --bench encoder --bench flat --bench ann --bench elias --bench log --bench store --bench scale
# Only these need another harness than the program itself.
cargo bench --workspace --locked --features argtop-benches/harness --bench kernels --bench stages

#!/bin/sh
# The benches, in the profile of the build.
set -eu
cd "$(dirname "$0")/.."
. .setup/env.sh

cargo bench --workspace --locked --bench encoder --bench flat --bench log

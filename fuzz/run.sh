#!/usr/bin/env bash
# Runs one fuzz target with the stable toolchain: run.sh TARGET [libFuzzer options].
# New inputs go to a scratch folder, so that the corpus in the repository stays small.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: run.sh TARGET [libFuzzer options]}
shift
host=$(rustc -vV | sed -n 's/^host: //p')
out=${CARGO_TARGET_DIR:-$here/target}
scratch=$out/scratch/$target
mkdir -p "$scratch/corpus" "$scratch/found"

# The flags that cargo-fuzz gives, but for the sanitizer.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
cargo build --manifest-path "$here/Cargo.toml" --target-dir "$out" --release --target "$host" --bin "$target"

RAYON_NUM_THREADS=1 exec "$out/$host/release/$target" -rss_limit_mb=2048 -timeout=20 \
    -artifact_prefix="$scratch/found/" "$@" "$scratch/corpus" "$here/corpus/$target"

#!/usr/bin/env bash
# Builds the program that computes models on NVIDIA's graphics cards of one compute capability, beside the usual one.
# It needs the CUDA toolkit (nvcc, cuBLAS, cuRAND), and starts only where the libraries of CUDA and the driver are.
#
# usage: scripts/cuda.sh CAPABILITY     75 (T4), 80 (A100), 86 (RTX 30), 89 (RTX 40, L4), 90 (H100, H200) …
set -euo pipefail
cd "$(dirname "$0")/.."

capability=${1:?"usage: scripts/cuda.sh CAPABILITY, as 89 for 8.9 (nvidia-smi --query-gpu=compute_cap --format=csv)"}
if ! command -v "${NVCC:-nvcc}" >/dev/null; then
  echo "nvcc is not there: install the CUDA toolkit, or put it on the PATH" >&2
  exit 1
fi
target=${CARGO_TARGET_DIR:-target}
# A folder of its own: the usual program stays as it is.
CUDA_COMPUTE_CAP="$capability" CARGO_TARGET_DIR="$target/cuda-sm$capability" \
  cargo build --release --locked --features cuda
cp "$target/cuda-sm$capability/release/oncotwin" "$target/oncotwin-cuda-sm$capability"
echo "$target/oncotwin-cuda-sm$capability"

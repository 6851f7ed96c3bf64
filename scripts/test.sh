#!/usr/bin/env bash
# Installs what the tests need on Debian or Ubuntu and passes them. Arguments are handed to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

require_rust
# A C compiler for SQLite; a software Vulkan driver for the window's snapshots; unpacking of test data.
install_packages build-essential libvulkan1 mesa-vulkan-drivers zstd

export VK_ICD_FILENAMES=${VK_ICD_FILENAMES:-$(echo /usr/share/vulkan/icd.d/lvp_icd*.json)}
cargo test --locked "$@"

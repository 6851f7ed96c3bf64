#!/usr/bin/env bash
# Installs what the tests need on Debian or Ubuntu and passes them. Arguments are handed to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

require_rust
# A C compiler for SQLite; a software Vulkan driver for the window's snapshots; unpacking of test data.
install_packages build-essential cmake libvulkan1 mesa-vulkan-drivers zstd

export VK_ICD_FILENAMES=${VK_ICD_FILENAMES:-$(echo /usr/share/vulkan/icd.d/lvp_icd*.json)}
skipped=$(mktemp)
trap 'rm -f "$skipped"' EXIT
ONCOTWIN_SKIP_LOG=$skipped cargo test --locked "$@"
n=$(sort -u "$skipped" | wc -l)
if [ "$n" -gt 0 ]; then
    say "$n tests were skipped wholly or in part: their data are not in ${ONCOTWIN_SHARED:-../shared}, or weights not in ${ONCOTWIN_MODELS:-ONCOTWIN_MODELS}"
    sort -u "$skipped" | sed 's/^/    /' >&2
fi

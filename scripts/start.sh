#!/usr/bin/env bash
# Installs what OncoTwin needs on Debian or Ubuntu, builds it, makes the sample study and opens the
# window. Arguments are handed to the program (for example a folder to open).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

require_rust
# A C compiler for SQLite; Vulkan with a software driver (lavapipe) for machines without a GPU; the
# window system's client libraries; fonts for names in any script; a file dialog.
install_packages build-essential cmake libvulkan1 mesa-vulkan-drivers libgl1 libegl1 libgl1-mesa-dri libx11-6 libx11-xcb1 libxcursor1 libxi6 \
    libxkbcommon0 libxkbcommon-x11-0 libxrandr2 libwayland-client0 fontconfig fonts-noto-core fonts-noto-cjk zenity

say "Building OncoTwin (the first build takes some minutes)"
cargo build --release --locked
target=${CARGO_TARGET_DIR:-target}
if [ ! -f sample_data/phantom/truth.json ]; then
    "$target/release/oncotwin" phantom --out sample_data/phantom
fi
exec "$target/release/oncotwin" "$@"

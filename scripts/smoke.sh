#!/usr/bin/env bash
# Starts the real window on a virtual screen, clicks, waits for the patient to appear, and quits.
# Fails when the window does not open, the program dies, or it does not end cleanly.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

install_packages xvfb xdotool mesa-vulkan-drivers libvulkan1 libx11-6 libx11-xcb1 libxcursor1 libxi6 \
    libxkbcommon0 libxkbcommon-x11-0 libxrandr2
cargo build --locked
program=${CARGO_TARGET_DIR:-target}/debug/oncotwin

scratch=$(mktemp -d)
display=:$((90 + RANDOM % 900))
Xvfb "$display" -screen 0 1280x800x24 -nolisten tcp >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb 2>/dev/null || true; rm -rf "$scratch"' EXIT
mkdir -m 700 "$scratch/run"
sleep 2

DISPLAY=$display XDG_RUNTIME_DIR=$scratch/run WAYLAND_DISPLAY= \
    "$program" --case "$scratch/case" sample_data/sts_008/dicom/CT >"$scratch/log" 2>&1 &
oncotwin=$!

window=
for _ in $(seq 60); do
    kill -0 $oncotwin 2>/dev/null || { cat "$scratch/log"; say "The program ended before its window opened"; exit 1; }
    window=$(DISPLAY=$display xdotool search --onlyvisible --name OncoTwin 2>/dev/null | head -n1 || true)
    [ -n "$window" ] && break
    sleep 1
done
[ -n "$window" ] || { cat "$scratch/log"; say "No window within a minute"; exit 1; }
sleep 3
# There is no window manager that would give it the keyboard.
DISPLAY=$display xdotool windowfocus "$window"; sleep 0.5

press() {
    DISPLAY=$display xdotool mousemove "$1" "$2"; sleep 0.2
    DISPLAY=$display xdotool mousedown 1; sleep 0.2
    DISPLAY=$display xdotool mouseup 1; sleep 0.5
}
press 640 400
DISPLAY=$display xdotool key Down; sleep 0.5
kill -0 $oncotwin || { cat "$scratch/log"; say "The program died"; exit 1; }

# Ctrl-Q is the program's own way out: everything is flushed.
DISPLAY=$display xdotool key ctrl+q
for _ in $(seq 30); do
    kill -0 $oncotwin 2>/dev/null || break
    sleep 1
done
if kill -0 $oncotwin 2>/dev/null; then
    kill -9 $oncotwin; cat "$scratch/log"; say "The program did not quit on Ctrl-Q"; exit 1
fi
wait $oncotwin || { cat "$scratch/log"; say "The program ended with an error"; exit 1; }
"$program" audit verify --case "$scratch/case"
echo "smoke: the window opened, answered and quit"
